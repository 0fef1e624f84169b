/* A page beyond the end of a mapped file: SIGBUS to the guest, EFAULT to a system call. */
#include "guest.h"

static char *m;
static sigjmp_buf out;
static void handler(int s, siginfo_t *i, void *u) {
    (void)u; printf("signal %d code %d offset %ld\n", s, i->si_code, i->si_code > 0 ? (long)((char *)i->si_addr - m) : -1);
    siglongjmp(out, 1);
}
#define TRY(e) do { printf("%s: ", #e); if (!sigsetjmp(out, 1)) { e; puts("no fault"); } } while (0)

int main(void) {
    struct sigaction a = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO};
    sigaction(SIGBUS, &a, NULL); sigaction(SIGSEGV, &a, NULL);
    int fd = file_of("f", "some bytes"), null = open("/dev/null", O_WRONLY), p[2];
    (void)!pipe(p);
    m = mmap(NULL, 3 * PAGE, RW, MAP_SHARED, fd, 0);
    volatile char *v = m;
    TRY((void)v[20]); TRY((void)v[PAGE + 3]); TRY(v[2 * PAGE + 7] = 1);
    R(write(p[1], m + PAGE, 10)); R(write(p[1], m, 10)); R(read(p[0], m + PAGE, 10)); R(read(p[0], m, 10));
    R(ftruncate(fd, 2 * PAGE)); TRY((void)v[PAGE + 3]); TRY(v[PAGE] = 'x'); TRY((void)v[2 * PAGE]);
    R(ftruncate(fd, 0)); TRY((void)v[0]); TRY(v[PAGE] = 'x');
    R(write(null, m, 1)); R(stat("f", (struct stat *)m)); R(open(m, O_RDONLY));
    R(ftruncate(fd, PAGE)); TRY((void)v[0]); R(v[0]);
    sigset_t bus, old; sigemptyset(&bus); sigaddset(&bus, SIGBUS); char *path = m + 2 * PAGE - 4, *gone = m + PAGE; struct stat st;
    for (int how = 0; how < 3; how++) { /* blocked, ignored, both: a call that reads a path there says EFAULT */
        R(ftruncate(fd, 2 * PAGE)); R(stat(path, &st)); memcpy(path, "fff", 4); R(ftruncate(fd, PAGE));
        sigprocmask(SIG_BLOCK, &bus, &old); if (how) signal(SIGBUS, SIG_IGN); if (how == 1) sigprocmask(SIG_SETMASK, &old, NULL);
        R(open(path, O_RDONLY)); R(stat(gone, &st)); R(access(path, F_OK)); R(write(p[1], path, 3)); R(kill(getpid(), SIGBUS)); R(kill(getpid(), SIGBUS));
        sigset_t got; sigpending(&got); R(sigismember(&got, SIGBUS)); struct timespec now = {0, 0}; siginfo_t i;
        if (how != 1) { R(sigtimedwait(&bus, &i, &now)); R(i.si_code); R(sigtimedwait(&bus, &i, &now)); R(kill(getpid(), SIGBUS)); }
        sigaction(SIGBUS, &a, NULL); if (!sigsetjmp(out, 1)) { sigprocmask(SIG_SETMASK, &old, NULL); puts("none"); }
        sigprocmask(SIG_SETMASK, &old, NULL);
    }
    CHILD("blocked", sigprocmask(SIG_BLOCK, &bus, NULL); v[PAGE] = 1); CHILD("ignored", signal(SIGBUS, SIG_IGN); v[PAGE] = 1);
    CHILD("killed", sigprocmask(SIG_BLOCK, &bus, &old); signal(SIGBUS, SIG_DFL); kill(getpid(), SIGBUS); puts("blocked"); sigprocmask(SIG_SETMASK, &old, NULL));
    CHILD("in a child", signal(SIGBUS, SIG_DFL); v[PAGE] = 1);
    char *priv = mmap(NULL, 2 * PAGE, RW, MAP_PRIVATE, fd, 0); m = priv;
    TRY(((volatile char *)priv)[PAGE] = 1); TRY(((volatile char *)priv)[PAGE - 1] = 1);
}
