// Java: executors, queues, locks, sockets, child processes, files, the collector, what a null pointer throws.
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintWriter;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;

public class Threads {
    private static int counted;

    private static synchronized void count() {
        counted++;
    }

    private static void pool() throws Exception {
        ExecutorService pool = Executors.newFixedThreadPool(4);
        List<Future<Integer>> squares = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            int n = i;
            squares.add(pool.submit(() -> n * n));
        }
        int sum = 0;
        for (Future<Integer> square : squares) sum += square.get();
        System.out.println("squares " + sum);
        try {
            pool.submit(() -> { Thread.sleep(60_000); return 0; }).get(20, TimeUnit.MILLISECONDS);
        } catch (TimeoutException e) {
            System.out.println("timeout");
        }
        pool.shutdownNow();
        System.out.println(pool.awaitTermination(60, TimeUnit.SECONDS));
        System.out.println(CompletableFuture.supplyAsync(() -> 6).thenCombine(CompletableFuture.supplyAsync(() -> 7), (a, b) -> a * b).get());
    }

    private static void locks() throws Exception {
        CyclicBarrier barrier = new CyclicBarrier(8, () -> System.out.println("all here"));
        AtomicInteger atom = new AtomicInteger();
        Thread[] threads = new Thread[8];
        for (int i = 0; i < threads.length; i++) {
            threads[i] = new Thread(() -> {
                for (int k = 0; k < 200; k++) { count(); atom.incrementAndGet(); }
                try { barrier.await(); } catch (Exception e) { throw new IllegalStateException(e); }
            });
            threads[i].start();
        }
        for (Thread thread : threads) thread.join();
        System.out.println(counted + " " + atom);
        ArrayBlockingQueue<String> queue = new ArrayBlockingQueue<>(1);
        Thread producer = new Thread(() -> { try { for (String s : "a b c".split(" ")) queue.put(s); } catch (InterruptedException e) { } });
        producer.start();
        System.out.println(queue.take() + queue.take() + queue.take() + queue.poll(5, TimeUnit.MILLISECONDS));
    }

    private static void sockets() throws Exception {
        try (ServerSocket server = new ServerSocket(0, 5, InetAddress.getLoopbackAddress())) {
            Thread echo = new Thread(() -> {
                try (Socket s = server.accept()) {
                    BufferedReader in = new BufferedReader(new InputStreamReader(s.getInputStream()));
                    new PrintWriter(s.getOutputStream(), true).println(in.readLine().toUpperCase());
                } catch (Exception e) { System.out.println(e); }
            });
            echo.start();
            try (Socket s = new Socket(server.getInetAddress(), server.getLocalPort())) {
                new PrintWriter(s.getOutputStream(), true).println("hello java");
                System.out.println(new BufferedReader(new InputStreamReader(s.getInputStream())).readLine());
            }
            echo.join();
        }
    }

    private static void others() throws Exception {
        Process sort = new ProcessBuilder("sort").start();
        try (PrintWriter in = new PrintWriter(sort.getOutputStream())) { in.print("b\na\n"); }
        System.out.print(new String(sort.getInputStream().readAllBytes()));
        System.out.println(new ProcessBuilder("sh", "-c", "exit 3").start().waitFor());
        Path file = Path.of("f");
        Files.writeString(file, "line\n".repeat(1000));
        System.out.println(Files.lines(file).count() + " " + Files.size(file));
        Files.delete(file);
        try {
            Object nothing = counted < 0 ? "" : null;
            System.out.println(nothing.hashCode());
        } catch (NullPointerException e) {
            System.out.println("null pointer");
        }
        long kept = 0;
        for (int i = 0; i < 300; i++) kept += new byte[100_000].length;
        System.gc();
        System.out.println("allocated " + kept);
    }

    public static void main(String[] arguments) throws Exception {
        pool();
        locks();
        sockets();
        others();
        Runtime.getRuntime().addShutdownHook(new Thread(() -> System.out.println("hook")));
        System.exit(6);
    }
}
