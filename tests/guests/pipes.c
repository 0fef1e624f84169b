/* Pipes: end of file, broken pipe, capacity, non-blocking, packets, what cannot be done with them. */
#include "guest.h"

int main(void) {
    int p[2]; char buf[70000] = ""; signal(SIGPIPE, SIG_IGN);
    R(pipe(p)); R(write(p[1], "hello", 5)); R(read(p[0], buf, 2)); R(read(p[0], buf, 100));
    R(lseek(p[0], 0, SEEK_SET)); R(pread(p[0], buf, 1, 0)); R(pwrite(p[1], buf, 1, 0));
    R(read(p[1], buf, 1)); R(write(p[0], buf, 1)); R(ftruncate(p[1], 0)); R(fsync(p[1])); R(fchdir(p[0]));
    R(fcntl(p[1], F_GETPIPE_SZ)); R(fcntl(p[1], F_SETPIPE_SZ, 5000)); R(fcntl(p[0], F_GETPIPE_SZ));
    R(fcntl(p[1], F_SETPIPE_SZ, 65536));
    R(fcntl(p[1], F_SETFL, O_NONBLOCK)); R(write(p[1], buf, 70000)); R(write(p[1], buf, 1)); int n;
    R(ioctl(p[0], FIONREAD, &n)); R(n); R(read(p[0], buf, 70000)); R(fcntl(p[0], F_SETFL, O_NONBLOCK));
    R(read(p[0], buf, 1)); R(read(p[0], buf, 0));
    R(write(p[1], buf, 0)); R(write(p[1], "last", 4)); R(close(p[1])); R(read(p[0], buf, 10));
    R(read(p[0], buf, 10)); R(close(p[0]));
    R(pipe(p)); R(close(p[0])); R(write(p[1], "x", 1)); R(write(p[1], "x", 0)); close(p[1]);
    R(pipe2(p, O_CLOEXEC | O_NONBLOCK)); R(fcntl(p[0], F_GETFD));
    printf("%o %o\n", fcntl(p[0], F_GETFL), fcntl(p[1], F_GETFL)); R(pipe2(p, 0x1)); R(syscall(SYS_pipe, 8L));
    int q[2]; R(pipe2(q, O_DIRECT)); R(write(q[1], "one", 3)); R(write(q[1], "second", 6)); R(read(q[0], buf, 100));
    R(read(q[0], buf, 2)); R(fcntl(q[0], F_SETFL, O_NONBLOCK)); R(read(q[0], buf, 100));
    struct stat st; R(fstat(p[0], &st)); printf("%o\n", st.st_mode); T(st.st_blksize == 4096);
    int big[2], status; (void)!pipe(big); pid_t k = fork();
    if (k == 0) { close(big[0]); for (int i = 0; i < 40; i++) { memset(buf, 'a' + i % 26, 10000);
    if (write(big[1], buf, 10000) != 10000) _exit(1); } _exit(0); }
    close(big[1]); long total = 0, r, sum = 0; while ((r = read(big[0], buf, 7777)) > 0) { total += r;
    for (long i = 0; i < r; i++) sum += buf[i]; }
    R(total); R(sum); waitpid(k, &status, 0); R(WEXITSTATUS(status));
    R(mkfifo("fifo", 0600)); R(open("fifo", O_WRONLY | O_NONBLOCK)); int rd = open("fifo", O_RDONLY | O_NONBLOCK);
    R(read(rd, buf, 1)); int wr = open("fifo", O_WRONLY); R(read(rd, buf, 1)); R(write(wr, "abc", 3));
    R(read(rd, buf, 5)); R(mkfifo("fifo", 0600));
    k = fork(); if (k == 0) { int f = open("fifo2", O_WRONLY); while (f < 0) { usleep(1000);
    f = open("fifo2", O_WRONLY); } _exit(write(f, "through", 7) != 7); }
    mkfifo("fifo2", 0600); int f = open("fifo2", O_RDONLY); R(read(f, buf, 100)); ended("fifo writer", k);
}
