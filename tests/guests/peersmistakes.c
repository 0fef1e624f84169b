/* What other emulators of Linux's calls get wrong, each once: see the list of peers in the project's reference. */
#include "guest.h"
#include <sys/ptrace.h>

int main(void) {
    /* An unknown call leaves the result register alone. */
    R(syscall(9999)); R(syscall(-1)); R(syscall(1L << 31)); R(syscall(0x40000000 + SYS_getpid)); R(syscall(400));
    /* rt_sigprocmask writes the old mask through the new mask's pointer. */
    sigset_t new, old, keep; sigemptyset(&new); sigaddset(&new, SIGUSR1); keep = new; memset(&old, 0xff, sizeof old);
    R(sigprocmask(SIG_BLOCK, &new, &old)); T(!memcmp(&new, &keep, sizeof new)); T(!sigismember(&old, SIGUSR1));
    R(sigprocmask(SIG_BLOCK, NULL, &old)); T(sigismember(&old, SIGUSR1)); R(sigprocmask(SIG_SETMASK, &new, &new));
    T(sigismember(&new, SIGUSR1)); sigemptyset(&new); R(sigprocmask(SIG_SETMASK, &new, NULL));
    /* A forked child's status is always 0. */
    for (int s = 0; s < 256; s += 51) CHILD("child", _exit(s));
    CHILD("killed child", raise(SIGKILL)); CHILD("aborted child", abort());
    /* mprotect over a hole ends the emulator; munmap across two mappings frees one. */
    char *p = pages(5); R(munmap(p + PAGE, PAGE)); R(mprotect(p, 3 * PAGE, PROT_READ)); CHILD("store before the hole", *p = 1);
    R(mprotect(p, PAGE, RW)); char *q = mmap(p + PAGE, PAGE, PROT_READ, ANON | MAP_FIXED, -1, 0); T(q == p + PAGE);
    R(munmap(p, 5 * PAGE)); unsigned char v; for (int i = 0; i < 5; i++) R(mincore(p + i * PAGE, PAGE, &v));
    /* mmap of a file moves its offset. MADV_DONTNEED zeroes a private mapping of a file. */
    int f = file_of("f", "0123456789"); R(lseek(f, 3, SEEK_SET)); p = mmap(NULL, PAGE, RW, MAP_PRIVATE, f, 0); R(lseek(f, 0, SEEK_CUR));
    p[0] = 'X'; R(madvise(p, PAGE, MADV_DONTNEED)); printf("%.10s\n", p); char *a = pages(1); *a = 1;
    R(madvise(a, PAGE, MADV_DONTNEED)); T(*a == 0);
    /* rt_sigaction(SIGKILL) answers EPERM. */
    struct sigaction act = {.sa_handler = SIG_IGN}; R(sigaction(SIGKILL, &act, NULL)); R(sigaction(SIGSTOP, &act, NULL));
    R(sigaction(SIGKILL, NULL, &act)); R(sigaction(65, NULL, &act)); R(sigaction(0, NULL, &act));
    /* getpid is a constant. */
    pid_t me = getpid(); CHILD("pids", _exit(getpid() != me && getppid() == me && getpid() == gettid()));
    /* alarm and setresuid answer 0 and do nothing. */
    R(alarm(100)); T(alarm(0) >= 99); CHILD("alarm", signal(SIGALRM, SIG_DFL); struct itimerval t = {{0, 0}, {0, 20000}};
        setitimer(ITIMER_REAL, &t, NULL); pause());
    if (geteuid() == 0) CHILD("setresuid", setresuid(12345, 12345, 12345); _exit(getuid() == 12345 && geteuid() == 12345
        && setresuid(0, 0, 0) == -1 && errno == EPERM && access("/root", R_OK) == -1));
    else CHILD("setresuid", _exit(setresuid(0, 0, 0) == -1));
    /* Writes to /dev/full, lseek on a pipe, reads from a directory. */
    int full = open("/dev/full", O_RDWR), pipes[2], dir = open(".", O_RDONLY); pipe(pipes); char b[8];
    R(write(full, "x", 1)); R(write(full, "x", 0)); R(read(full, b, 8)); R(b[0]); R(lseek(pipes[0], 0, SEEK_SET));
    R(lseek(pipes[1], 0, SEEK_CUR)); R(lseek(dir, -1, SEEK_SET)); R(lseek(f, 0, 99)); R(read(dir, b, 8)); R(write(dir, b, 8));
    R(read(pipes[1], b, 1)); R(write(pipes[0], b, 1)); R(pread(pipes[0], b, 1, 0)); R(ftruncate(pipes[0], 0)); R(fsync(pipes[0]));
}
