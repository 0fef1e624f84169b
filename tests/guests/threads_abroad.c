/* Signals for single threads of another process: tgkill, tkill, rt_tgsigqueueinfo, kill of a thread's id; who gets them, and when. */
/* cflags: -pthread */
#include "guest.h"
#include <pthread.h>

static int up[2], down[2];
static struct shared { pid_t leader, a, b, gone; volatile int stop, leave, finish; } *s;
static __thread char *name = "leader";
static void say(int *p) { (void)!write(p[1], "x", 1); }
static void hear(int *p) { char c; while (read(p[0], &c, 1) < 0) ; }
static void on(int n, siginfo_t *i, void *u) {
    printf("%s: signal %d code %d from parent %d value %d, by %d\n", i->si_code ? name : "somebody", n, i->si_code, i->si_pid == getppid(), i->si_code == SI_QUEUE ? i->si_int : 0, getpid() == s->leader);
    say(up);
}
static void *ended_at_once(void *x) { s->gone = gettid(); return x; }
static void *a(void *x) { name = "a"; s->a = gettid(); say(down); while (!s->leave) usleep(1000); return x; }
static void *b(void *x) {
    sigset_t m; sigemptyset(&m); sigaddset(&m, SIGUSR2); sigaddset(&m, SIGTERM); sigaddset(&m, SIGRTMIN); pthread_sigmask(SIG_BLOCK, &m, NULL);
    name = "b"; s->b = gettid(); say(down); siginfo_t i;
    int w; do w = sigwaitinfo(&m, &i); while (w < 0); printf("b waits: %d\n", w); printf("b has code %d\n", i.si_code); say(up); while (!s->finish) usleep(1000);
    sigset_t p; sigpending(&p); printf("b pends: USR2 %d TERM %d RT %d\n", sigismember(&p, SIGUSR2), sigismember(&p, SIGTERM), sigismember(&p, SIGRTMIN));
    while (1) { struct timespec none = {0}; int n = sigtimedwait(&m, &i, &none); if (n < 0) break; printf("b takes %d: %d\n", n, n == SIGRTMIN ? i.si_int : 0); }
    return x;
}

/* A call that is answered by a signal's receiver. */
#define S(e) do { long r_ = (long)(e); hear(up); printf("%s = %ld\n", #e, r_); } while (0)

static int queue(pid_t g, pid_t t, int n, int value) {
    siginfo_t i; memset(&i, 0, sizeof i); i.si_code = SI_QUEUE; i.si_pid = getpid(); i.si_uid = getuid(); i.si_int = value;
    return syscall(SYS_rt_tgsigqueueinfo, g, t, n, &i);
}
static int kill_code(pid_t g, pid_t t) { siginfo_t i; memset(&i, 0, sizeof i); i.si_code = SI_TKILL; return syscall(SYS_rt_tgsigqueueinfo, g, t, SIGUSR1, &i); }

static pid_t threaded(void) {
    pid_t k = fork();
    if (!k) {
        s->leader = getpid(); s->stop = s->leave = s->finish = 0; struct sigaction act = {.sa_sigaction = on, .sa_flags = SA_SIGINFO | SA_RESTART}; sigaction(SIGUSR1, &act, NULL); sigaction(SIGRTMIN + 1, &act, NULL);
        pthread_t h[3]; pthread_create(&h[0], NULL, ended_at_once, NULL); pthread_join(h[0], NULL); pthread_create(&h[1], NULL, a, NULL); hear(down); pthread_create(&h[2], NULL, b, NULL); hear(down);
        say(up); while (!s->stop) usleep(1000);
        pthread_kill(h[1], SIGUSR1); s->leave = 1; pthread_join(h[1], NULL); s->finish = 1; pthread_join(h[2], NULL); _exit(0);
    }
    hear(up); return k;
}

int main(void) {
    (void)!pipe(up); (void)!pipe(down); s = mmap(NULL, PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    pid_t k = threaded(); T(s->a != s->b && s->a != k && k == s->leader);
    R(syscall(SYS_tgkill, k, s->a, 0)); S(syscall(SYS_tgkill, k, s->a, SIGUSR1)); S(syscall(SYS_tkill, s->b, SIGUSR1)); S(syscall(SYS_tgkill, k, k, SIGUSR1));
    S(queue(k, s->a, SIGRTMIN + 1, 41)); S(queue(k, s->b, SIGRTMIN + 1, 42)); R(kill_code(k, s->a));
    R(syscall(SYS_tgkill, getpid(), s->a, SIGUSR1)); R(syscall(SYS_tgkill, s->a, s->a, SIGUSR1)); R(syscall(SYS_tgkill, k, s->gone, SIGUSR1)); R(syscall(SYS_tkill, s->gone, 0)); R(syscall(SYS_tgkill, k, getpid(), 0));
    R(syscall(SYS_tgkill, k, s->a, 65)); R(syscall(SYS_tgkill, k, s->a, -1)); R(syscall(SYS_tgkill, k, 0, 1)); R(syscall(SYS_tgkill, 0, s->a, 1)); R(syscall(SYS_tgkill, k, s->gone, 65));
    R(kill(s->a, 0)); R(kill(s->gone, 0)); S(kill(s->a, SIGUSR1));
    S(syscall(SYS_tgkill, k, s->b, SIGUSR2)); R(syscall(SYS_tgkill, k, s->b, SIGTERM)); R(syscall(SYS_tgkill, k, s->b, SIGUSR2)); for (int i = 0; i < 3; i++) queue(k, s->b, SIGRTMIN, i);
    R(syscall(SYS_tgkill, k, s->a, SIGCHLD)); R(syscall(SYS_tgkill, k, s->a, SIGURG)); s->stop = 1; hear(up); ended("all its threads", k);
    R(syscall(SYS_tgkill, k, s->a, 0)); R(kill(s->a, 0));
    k = threaded(); R(syscall(SYS_tgkill, k, s->a, SIGTERM)); ended("a killed it", k); k = threaded(); R(syscall(SYS_tgkill, k, s->b, SIGKILL)); ended("b killed it", k); k = threaded(); R(kill(s->b, SIGINT)); ended("b's process", k);
    k = threaded(); int st; R(syscall(SYS_tgkill, k, s->a, SIGSTOP)); T(waitpid(k, &st, WUNTRACED) == k && WIFSTOPPED(st)); R(syscall(SYS_tgkill, k, s->a, SIGUSR1));
    S(syscall(SYS_tgkill, k, s->b, SIGCONT)); R(syscall(SYS_tgkill, k, s->a, SIGTERM)); ended("stopped and gone on", k);
    k = threaded(); sigset_t block; sigemptyset(&block); CHILD("a sibling", S(syscall(SYS_tgkill, k, s->a, SIGUSR1)); R(syscall(SYS_tkill, s->a, SIGTERM))); ended("by a sibling", k);
}
