/* Robust mutexes in shared memory whose owner dies of a signal: who waits in another process, and who comes later, is told. */
/* cflags: -pthread */
#include "guest.h"
#include <pthread.h>

static struct shared { pthread_mutex_t m[4]; volatile int ready; } *s;
static int to[2];
static void say(void) { (void)!write(to[1], "x", 1); }
static void hear(void) { char c; (void)!read(to[0], &c, 1); }
static void make(pthread_mutex_t *m, int protocol) {
    pthread_mutexattr_t a; pthread_mutexattr_init(&a); pthread_mutexattr_setpshared(&a, PTHREAD_PROCESS_SHARED);
    pthread_mutexattr_setrobust(&a, PTHREAD_MUTEX_ROBUST); pthread_mutexattr_setprotocol(&a, protocol); memset(m, 0, sizeof *m); pthread_mutex_init(m, &a);
}
static void *holder(void *m) { pthread_mutex_lock(m); say(); pause(); return m; }

/* A child that holds the mutexes, in its leader or in another thread, and then waits or does something. */
static pid_t holds(int protocol, int thread, void (*then)(void)) {
    for (int i = 0; i < 4; i++) make(&s->m[i], protocol);
    pid_t k = fork(); if (k) { hear(); return k; }
    if (thread) { pthread_t h; pthread_create(&h, NULL, holder, &s->m[0]); pthread_join(h, NULL); }
    for (int i = 0; i < 4; i++) pthread_mutex_lock(&s->m[i]);
    if (!then) { say(); while (1) pause(); }
    say(); usleep(60000); then(); _exit(0);
}
static void after(const char *what, pid_t k) {
    ended(what, k); R(pthread_mutex_trylock(&s->m[0])); R(pthread_mutex_consistent(&s->m[0])); R(pthread_mutex_unlock(&s->m[0]));
}
/* Somebody who waits for the mutex while its owner dies. */
static pid_t waits(void) {
    s->ready = 0; pid_t w = fork(); if (!w) { s->ready = 1; int e = pthread_mutex_lock(&s->m[1]); if (e == EOWNERDEAD) pthread_mutex_consistent(&s->m[1]); pthread_mutex_unlock(&s->m[1]); _exit(e); }
    while (!s->ready) usleep(1000); usleep(40000); return w;
}
static void fault(void) { *(volatile int *)8 = 1; }
static void aborts(void) { abort(); }
static void leaves(void) { _exit(3); }
static void kills(void) { kill(getpid(), SIGKILL); }
static void alarms(void) { alarm(1); pause(); }
static void terminates(void) { raise(SIGTERM); }
static void pipes(void) { int p[2]; (void)!pipe(p); close(p[0]); (void)!write(p[1], "x", 1); }

int main(void) {
    (void)!pipe(to); s = mmap(NULL, PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0); pid_t k, w;
    static int signals[] = {SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGKILL, 35};
    for (int i = 0; i < 6; i++) { k = holds(i & 1 ? PTHREAD_PRIO_INHERIT : PTHREAD_PRIO_NONE, 0, NULL); w = waits(); R(kill(k, signals[i])); ended("waiter", w); after("killed", k); R(pthread_mutex_lock(&s->m[3])); }
    for (int i = 0; i < 2; i++) { k = holds(i ? PTHREAD_PRIO_INHERIT : PTHREAD_PRIO_NONE, 1, NULL); R(kill(k, i ? SIGTERM : SIGKILL)); after("its thread held it", k); }
    static struct { const char *name; void (*f)(void); } own[] = {{"faults", fault}, {"aborts", aborts}, {"leaves", leaves}, {"kills itself", kills}, {"an alarm", alarms}, {"terminates itself", terminates}, {"a pipe", pipes}};
    for (int i = 0; i < 7; i++) { k = holds(PTHREAD_PRIO_NONE, 0, own[i].f); w = waits(); after(own[i].name, k); ended("waiter", w); }
    k = holds(PTHREAD_PRIO_NONE, 0, NULL); int f = syscall(SYS_pidfd_open, k, 0); w = waits(); R(syscall(SYS_pidfd_send_signal, f, SIGKILL, NULL, 0)); ended("waiter", w); after("by pidfd", k);
    k = holds(PTHREAD_PRIO_NONE, 0, NULL); w = waits(); CHILD("a sibling", R(syscall(SYS_tgkill, k, k, SIGKILL))); ended("waiter", w); after("by a sibling", k);
    k = holds(PTHREAD_PRIO_NONE, 0, NULL); kill(k, SIGSTOP); int st; waitpid(k, &st, WUNTRACED); w = waits(); R(kill(k, SIGKILL)); ended("waiter", w); ended("stopped", k);
    k = fork(); if (!k) { setpgid(0, 0); pid_t h = holds(PTHREAD_PRIO_NONE, 0, NULL); w = waits(); if (!fork()) { kill(0, SIGKILL); } pause(); }
    ended("a group", k); R(pthread_mutex_lock(&s->m[2]));

    /* Killed by the kernel itself, which nobody of us sees. */
    for (int i = 0; i < 2; i++) {
        for (int j = 0; j < 4; j++) make(&s->m[j], i ? PTHREAD_PRIO_INHERIT : PTHREAD_PRIO_NONE);
        s->ready = 0; k = fork(); if (!k) { if (!fork()) { prctl(PR_SET_PDEATHSIG, SIGKILL); for (int j = 0; j < 4; j++) pthread_mutex_lock(&s->m[j]); s->ready = 1; while (1) pause(); } while (!s->ready) usleep(1000); usleep(100000); _exit(0); }
        while (!s->ready) usleep(1000); R(pthread_mutex_lock(&s->m[0])); R(pthread_mutex_consistent(&s->m[0])); R(pthread_mutex_unlock(&s->m[0])); ended("parent", k); R(pthread_mutex_lock(&s->m[1]));
    }
    signal(SIGTERM, SIG_IGN); k = holds(PTHREAD_PRIO_NONE, 0, NULL); kill(k, SIGTERM); R(pthread_mutex_trylock(&s->m[0])); kill(k, SIGQUIT); after("ignored one", k);
}
