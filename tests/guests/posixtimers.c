/* POSIX timers: what is refused, ids, what a signal carries, overruns, single threads, fork and exec. */
/* cflags: -pthread */
#include "guest.h"
#include <pthread.h>

static volatile sig_atomic_t n, code, value, ident, by, over;
static void told(int s, siginfo_t *i, void *u) { (void)s; (void)u; n++; code = i->si_code; value = i->si_value.sival_int; ident = i->si_timerid; if (i->si_overrun > over) over = i->si_overrun; by = gettid() == getpid(); }
static int create(int clock, int notify, int signo, int v, int tid, int *id) {
    struct sigevent e; memset(&e, 0, sizeof e); e.sigev_notify = notify; e.sigev_signo = signo; e.sigev_value.sival_int = v; e._sigev_un._tid = tid;
    return syscall(SYS_timer_create, clock, &e, id);
}
static int set(int id, int flags, long ns, long every) {
    struct itimerspec t = {{every / 1000000000, every % 1000000000}, {ns / 1000000000, ns % 1000000000}};
    return syscall(SYS_timer_settime, id, flags, &t, NULL);
}
static long left(int id) { struct itimerspec t; return syscall(SYS_timer_gettime, id, &t) ? -1 : t.it_value.tv_sec * 1000000000L + t.it_value.tv_nsec; }
static void *thread(void *p) { *(int *)p = gettid(); while (n < 1) usleep(1000); return NULL; }
static void notified(union sigval v) { value = v.sival_int; n = 77; }

int main(int argc, char **argv) {
    int id = -7, b; struct itimerspec t; sigset_t set1; siginfo_t i; struct timespec wait = {5, 0};
    if (argc > 1) { R(left(atoi(argv[1]))); return 0; }
    struct sigaction sa = {.sa_sigaction = told, .sa_flags = SA_SIGINFO}; sigaction(SIGUSR1, &sa, NULL); sigaction(SIGALRM, &sa, NULL); sigaction(SIGRTMIN, &sa, NULL);
    for (int c = 0; c < 13; c++) if (c != 8 && c != 9) R(syscall(SYS_timer_create, c, NULL, &id));
    R(id); R(syscall(SYS_timer_create, -6, NULL, &id)); R(syscall(SYS_timer_create, -1, NULL, &id)); R(syscall(SYS_timer_create, -5, NULL, &id)); R(syscall(SYS_timer_create, ~99999999 << 3 | 2, NULL, &id));
    R(syscall(SYS_timer_create, 99, 8L, &id)); R(syscall(SYS_timer_create, 1, 8L, &id)); R(syscall(SYS_timer_create, 1, NULL, 8L));
    R(create(1, 0, 0, 0, 0, &id)); R(create(1, 0, 65, 0, 0, &id)); R(create(1, 1, 99, 0, 0, &id)); R(create(1, 2, 99, 0, 0, &id)); R(create(1, 2, 10, 0, 0, &id)); R(create(1, 3, 10, 0, 0, &id));
    R(create(1, 4, 10, 0, 0, &id)); R(create(1, 4, 10, 0, 1, &id)); R(create(1, 4, 10, 0, getpid(), &id)); R(create(1, 5, 10, 0, getpid(), &id)); R(create(1, 6, 10, 0, getpid(), &id)); R(create(1, -1, 10, 0, 0, &id)); R(create(99, 4, 10, 0, 1, &id));
    R(syscall(SYS_timer_delete, 999)); R(syscall(SYS_timer_gettime, 999, 8L)); R(syscall(SYS_timer_gettime, 0, 8L)); R(syscall(SYS_timer_settime, 999, 0, NULL, NULL)); R(syscall(SYS_timer_settime, 999, 0, 8L, NULL));
    R(set(999, 0, 5, 0)); t = (struct itimerspec){{0, 0}, {0, 1000000000}}; R(syscall(SYS_timer_settime, 999, 0, &t, NULL)); t = (struct itimerspec){{-1, 0}, {0, 0}}; R(syscall(SYS_timer_settime, 0, 0, &t, NULL)); R(syscall(SYS_timer_getoverrun, 999));
    R(create(CLOCK_MONOTONIC, SIGEV_SIGNAL, SIGUSR1, 4711, 0, &id)); R(left(id)); R(syscall(SYS_timer_getoverrun, id)); R(set(id, 0, 200000000, 0)); long l = left(id); T(l > 0 && l <= 200000000);
    AWAIT(n); R(n); R(code == SI_TIMER); R(value); R(ident == id); R(over); R(left(id)); T(by);
    R(syscall(SYS_timer_create, CLOCK_REALTIME, NULL, &b)); R(set(b, 0, 1000000, 0)); while (n < 2) pause(); R(value == b); R(ident == b);
    n = 0; R(set(id, 0, 3000000, 3000000)); while (n < 4) pause(); R(syscall(SYS_timer_gettime, id, &t)); R(t.it_interval.tv_nsec); R(set(id, 0, 0, 0)); R(left(id));
    struct itimerspec old, new = {{7, 0}, {100, 5}}; R(syscall(SYS_timer_settime, id, 0, &new, &old)); R(old.it_value.tv_nsec); R(syscall(SYS_timer_settime, id, 0, &new, &old)); T(old.it_value.tv_sec == 100 || old.it_value.tv_sec == 99); R(old.it_interval.tv_sec);
    struct timespec now; clock_gettime(CLOCK_MONOTONIC, &now); new = (struct itimerspec){{0, 0}, {now.tv_sec, now.tv_nsec}}; n = 0; R(syscall(SYS_timer_settime, id, TIMER_ABSTIME, &new, NULL)); AWAIT(n); R(n);
    /* Overruns: the signal is blocked while it comes again and again. */
    sigemptyset(&set1); sigaddset(&set1, SIGUSR1); sigprocmask(SIG_BLOCK, &set1, NULL); R(set(id, 0, 1000000, 1000000)); usleep(50000); R(set(id, 0, 1000000, 1000000)); usleep(50000);
    T(sigtimedwait(&set1, &i, &wait) == SIGUSR1); T(i.si_overrun >= 20); T(syscall(SYS_timer_getoverrun, id) >= 20); R(i.si_code); R(i.si_value.sival_int); R(set(id, 0, 0, 0)); R(syscall(SYS_timer_getoverrun, id));
    n = 0; R(set(id, 0, 1000000, 1000000)); usleep(30000); n = 0; sigprocmask(SIG_UNBLOCK, &set1, NULL); R(n >= 1); T(over >= 5); set(id, 0, 0, 0);
    /* Not told at all, and told when ignored. */
    int quiet; R(create(CLOCK_MONOTONIC, SIGEV_NONE, 0, 0, 0, &quiet)); R(set(quiet, 0, 2000000, 0)); T(left(quiet) > 0); usleep(5000); R(left(quiet)); R(syscall(SYS_timer_getoverrun, quiet));
    /* A real-time signal, one thread, and a thread made for it. */
    int rt; n = 0; R(create(CLOCK_MONOTONIC, SIGEV_SIGNAL, SIGRTMIN, -5, 0, &rt)); R(set(rt, 0, 1000000, 0)); AWAIT(n); R(value);
    pthread_t th; volatile int tid = 0; n = 0; pthread_create(&th, NULL, thread, (void *)&tid); while (!tid) sched_yield(); int one;
    R(create(CLOCK_MONOTONIC, SIGEV_THREAD_ID, SIGUSR1, 9, tid, &one)); R(set(one, 0, 2000000, 0)); pthread_join(th, NULL); R(n); R(value); R(by); R(create(CLOCK_MONOTONIC, SIGEV_THREAD_ID, SIGUSR1, 9, tid, &one));
    timer_t made; struct sigevent e; memset(&e, 0, sizeof e); e.sigev_notify = SIGEV_THREAD; e.sigev_notify_function = notified; e.sigev_value.sival_int = 31; n = 0;
    R(timer_create(CLOCK_MONOTONIC, &e, &made)); new = (struct itimerspec){{0, 0}, {0, 2000000}}; R(timer_settime(made, 0, &new, NULL)); while (n != 77) usleep(1000); R(value); R(timer_delete(made));
    /* CPU time. */
    int cpu; n = 0; R(create(CLOCK_PROCESS_CPUTIME_ID, SIGEV_SIGNAL, SIGUSR1, 3, 0, &cpu)); R(set(cpu, 0, 5000000, 0)); while (!n) {} R(value);
    /* A deadly one, fork, deletion, exec. */
    CHILD("child has none", R(left(id)); R(syscall(SYS_timer_create, CLOCK_MONOTONIC, NULL, &b)); R(left(b)));
    CHILD("deadly", int k; create(CLOCK_MONOTONIC, SIGEV_SIGNAL, SIGTERM, 0, 0, &k); set(k, 0, 1000000, 0); pause());
    R(syscall(SYS_timer_delete, id)); R(syscall(SYS_timer_delete, id)); R(left(id)); fflush(stdout);
    char text[16]; sprintf(text, "%d", quiet); pid_t p = fork(); if (!p) { int k; create(1, 1, 0, 0, 0, &k); sprintf(text, "%d", k); execl("/proc/self/exe", "x", text, NULL); } ended("exec", p);
}
