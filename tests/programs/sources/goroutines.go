// Go: goroutines, channels, select, timers, mutexes, signals, os/exec, files, the collector, preemption of a tight loop.
package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"sort"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

func check(err error) {
	if err != nil {
		panic(err)
	}
}

func pipeline() {
	numbers, squares := make(chan int), make(chan int, 4)
	var workers sync.WaitGroup
	for i := 0; i < 8; i++ {
		workers.Add(1)
		go func() {
			defer workers.Done()
			for n := range numbers {
				squares <- n * n
			}
		}()
	}
	go func() {
		for n := 0; n < 500; n++ {
			numbers <- n
		}
		close(numbers)
		workers.Wait()
		close(squares)
	}()
	sum := 0
	for n := range squares {
		sum += n
	}
	fmt.Println("squares", sum)
}

func selecting() {
	never, closed := make(chan int), make(chan int)
	close(closed)
	select {
	case <-never:
		fmt.Println("never")
	case _, open := <-closed:
		fmt.Println("closed", open)
	}
	select {
	case <-never:
	case <-time.After(5 * time.Millisecond):
		fmt.Println("timeout")
	}
	select {
	case <-never:
	default:
		fmt.Println("default")
	}
	ticker := time.NewTicker(time.Millisecond)
	for i := 0; i < 3; i++ {
		<-ticker.C
	}
	ticker.Stop()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Millisecond)
	defer cancel()
	<-ctx.Done()
	fmt.Println(ctx.Err())
}

func locking() {
	var mutex sync.Mutex
	var once sync.Once
	var all sync.WaitGroup
	var atoms int64
	counts := map[int]int{}
	for i := 0; i < 200; i++ {
		i := i
		all.Add(1)
		go func() {
			defer all.Done()
			once.Do(func() { fmt.Println("once") })
			for k := 0; k < 20; k++ {
				atomic.AddInt64(&atoms, 1)
				mutex.Lock()
				counts[i%3]++
				mutex.Unlock()
				runtime.Gosched()
			}
		}()
	}
	all.Wait()
	fmt.Println(atoms, counts)
}

func preempted() {
	runtime.GOMAXPROCS(1)
	var stop int32
	go func() { atomic.StoreInt32(&stop, 1) }()
	for atomic.LoadInt32(&stop) == 0 {
	}
	runtime.GOMAXPROCS(4)
	fmt.Println("preempted")
}

func collected() {
	finalized := make(chan bool, 1)
	func() {
		big := &[1 << 16]byte{}
		runtime.SetFinalizer(big, func(*[1 << 16]byte) { finalized <- true })
	}()
	var kept [][]byte
	for i := 0; i < 200; i++ {
		kept = append(kept[:i%10], make([]byte, 1<<16))
	}
	runtime.GC()
	fmt.Println("finalized", <-finalized, len(kept))
}

func signalled() {
	got := make(chan os.Signal, 1)
	signal.Notify(got, syscall.SIGUSR1)
	check(syscall.Kill(os.Getpid(), syscall.SIGUSR1))
	fmt.Println(<-got)
	defer func() { fmt.Println("recovered:", recover()) }()
	var nowhere *int
	*nowhere = 1
}

func executing() {
	upper := exec.Command("tr", "a-z", "A-Z")
	upper.Stdin = strings.NewReader("through a pipe\n")
	out, err := upper.Output()
	check(err)
	fmt.Print(string(out))
	var failed *exec.ExitError
	if errors.As(exec.Command("sh", "-c", "echo no >&2; exit 3").Run(), &failed) {
		fmt.Println(failed)
	}
	_, err = exec.LookPath("no-such-program")
	fmt.Println(err)
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	fmt.Println(exec.CommandContext(ctx, "sleep", "60").Run())
	results := make(chan string)
	for i := 0; i < 4; i++ {
		go func(i int) {
			said, err := exec.Command("sh", "-c", fmt.Sprintf("echo child %d", i)).Output()
			check(err)
			results <- string(said)
		}(i)
	}
	var lines []string
	for i := 0; i < 4; i++ {
		lines = append(lines, <-results)
	}
	sort.Strings(lines)
	fmt.Print(strings.Join(lines, ""))
}

func filing() {
	check(os.WriteFile("f", bytes.Repeat([]byte("line\n"), 1000), 0o644))
	f, err := os.Open("f")
	check(err)
	_, err = f.Seek(-5, io.SeekEnd)
	check(err)
	last, err := io.ReadAll(f)
	check(err)
	fmt.Printf("%q\n", last)
	check(os.Remove("f"))
	_, err = os.Stat("f")
	fmt.Println(err)
	r, w := io.Pipe()
	go func() { fmt.Fprint(w, "in memory"); w.Close() }()
	text, _ := io.ReadAll(r)
	fmt.Println(string(text))
}

func main() {
	pipeline()
	selecting()
	locking()
	preempted()
	collected()
	signalled()
	executing()
	filing()
	os.Exit(5)
}
