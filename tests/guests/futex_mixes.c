/* Futexes of two kinds in one call: WAKE_OP, REQUEUE and futex_waitv between shared and private memory; requeueing to an owner over processes. */
/* cflags: -pthread */
#include "guest.h"
#include <pthread.h>
#include <linux/futex.h>
#ifndef SYS_futex_waitv
#define SYS_futex_waitv 449
#endif

struct waitv { uint64_t val, addr; uint32_t flags, reserved; };
static uint32_t *s, own[8];
static long fx(uint32_t *at, long op, long val, long to, uint32_t *at2, long val3) { long r = syscall(SYS_futex, at, op, val, to, at2, val3); return r == -1 ? -errno : r; }
static void here(void) { __sync_fetch_and_add(&s[12], 1); }
static void *waits(void *at) { here(); return (void *)fx(at, FUTEX_WAIT, 0, 0, NULL, 0); }
static long waitv(int n, uint32_t **w, int private, struct timespec *t) {
    struct waitv v[8]; for (int i = 0; i < n; i++) v[i] = (struct waitv){*w[i], (uintptr_t)w[i], 2 | (private >> i & 1 ? 128 : 0), 0};
    long r = syscall(SYS_futex_waitv, v, n, 0, t, CLOCK_MONOTONIC); return r == -1 ? -errno : r;
}
static void *both(void *x) { uint32_t *w[4] = {own + 4, s + 4, own + 5, s + 5}; here(); return (void *)waitv(4, w, 1, NULL); }
static void on(int n) {}
static void after(struct timespec *t, long ms) { clock_gettime(CLOCK_MONOTONIC, t); t->tv_nsec += ms * 1000000; t->tv_sec += t->tv_nsec / 1000000000; t->tv_nsec %= 1000000000; }
/* So many of them are there, and have had the time to fall asleep. */
static void settle(int n) { while (*(volatile uint32_t *)&s[12] != n) usleep(1000); s[12] = 0; usleep(100000); }

/* A lock and a condition in shared memory: s[8] the condition, s[9] the lock, s[10] what happens. */
static long lock(void) { return __sync_bool_compare_and_swap(&s[9], 0, syscall(SYS_gettid)) ? 0 : fx(&s[9], FUTEX_LOCK_PI, 0, 0, NULL, 0); }
static long unlock(void) { return __sync_bool_compare_and_swap(&s[9], (uint32_t)syscall(SYS_gettid), 0) ? 0 : fx(&s[9], FUTEX_UNLOCK_PI, 0, 0, NULL, 0); }
static pid_t waiter(int order) {
    pid_t k = fork(); if (k) { settle(1); return k; }
    here(); long r = fx(&s[8], FUTEX_WAIT_REQUEUE_PI, s[8], 0, &s[9], 0); int mine = (s[9] & 0x3fffffff) == syscall(SYS_gettid);
    s[10]++; usleep(5000); long u = unlock(); _exit(r ? 100 - r : mine ? 10 + u : 1);
}
static void *locked_waiter(void *x) { here(); long r = fx(&s[8], FUTEX_WAIT_REQUEUE_PI, s[8], 0, &s[9], 0); int mine = (s[9] & 0x3fffffff) == syscall(SYS_gettid); s[10]++; unlock(); return (void *)(r ? r : 10 + mine); }

static void one_of_them(void) { int st; wait(&st); printf("one of them: exit %d\n", WEXITSTATUS(st)); }

int main(void) {
    s = mmap(NULL, PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0); pthread_t h, g; void *r; struct timespec t;
    for (int i = 0; i < 2; i++) {
        uint32_t *a = i ? s : own, *b = i ? own : s;
        pthread_create(&h, NULL, waits, a); pthread_create(&g, NULL, waits, b); settle(2);
        R(fx(a, FUTEX_WAKE_OP, 1, 1, b, FUTEX_OP(FUTEX_OP_ADD, 3, FUTEX_OP_CMP_EQ, 0))); R(*b); pthread_join(h, &r); R((long)r); pthread_join(g, &r); R((long)r);
        R(fx(a, FUTEX_WAKE_OP, 1, 1, b, FUTEX_OP(FUTEX_OP_XOR, 1, FUTEX_OP_CMP_LT, -1))); R(*b); R(fx(a, FUTEX_WAKE_OP, 1, 1, b, FUTEX_OP(7, 1, 0, 0))); *b = 0;
        pthread_create(&h, NULL, waits, a); pthread_create(&g, NULL, waits, a); settle(2);
        R(fx(a, FUTEX_CMP_REQUEUE, 1, 1, b, 1)); long n = fx(a, FUTEX_CMP_REQUEUE, 1, 5, b, 0); T(n == 2); usleep(50000); fx(b, FUTEX_WAKE, 5, 0, 0, 0); pthread_join(h, &r); R((long)r); pthread_join(g, &r); R((long)r);
        R(fx((uint32_t *)8, FUTEX_WAKE_OP, 1, 1, b, 0)); R(fx(a, FUTEX_WAKE_OP, 1, 1, (uint32_t *)8, 0)); R(fx(a, FUTEX_WAKE_OP, 1, 1, b + 9999, 0));
    }
    pthread_create(&h, NULL, both, NULL); settle(1); R(fx(own + 4, FUTEX_WAKE_PRIVATE, 1, 0, 0, 0)); pthread_join(h, &r); R((long)r); R(fx(s + 4, FUTEX_WAKE, 1, 0, 0, 0));
    pthread_create(&h, NULL, both, NULL); settle(1); R(fx(s + 4, FUTEX_WAKE, 1, 0, 0, 0)); pthread_join(h, &r); R((long)r); R(fx(own + 4, FUTEX_WAKE_PRIVATE, 1, 0, 0, 0));
    pthread_create(&h, NULL, both, NULL); settle(1); R(fx(own + 5, FUTEX_WAKE, 1, 0, 0, 0)); pthread_join(h, &r); R((long)r); R(fx(s + 5, FUTEX_WAKE, 1, 0, 0, 0));
    pthread_create(&h, NULL, both, NULL); settle(1); CHILD("another process", R(fx(s + 5, FUTEX_WAKE, 1, 0, 0, 0)); R(fx(own + 5, FUTEX_WAKE, 1, 0, 0, 0))); pthread_join(h, &r); R((long)r);
    signal(SIGUSR1, on); struct sigaction act = {.sa_handler = on}; sigaction(SIGUSR1, &act, NULL); pthread_create(&h, NULL, both, NULL); settle(1); pthread_kill(h, SIGUSR1); pthread_join(h, &r); R((long)r); R(fx(own + 4, FUTEX_WAKE_PRIVATE, 1, 0, 0, 0));
    uint32_t *w[3] = {own, s, own + 1}; after(&t, 30); R(waitv(3, w, 0, &t)); pthread_create(&h, NULL, waits, own + 6); settle(1); after(&t, 30); R(waitv(3, w, 0, &t)); R(fx(own + 6, FUTEX_WAKE, 1, 0, 0, 0)); pthread_join(h, NULL);
    struct waitv v[2] = {{1, (uintptr_t)own, 2, 0}, {0, (uintptr_t)s, 2, 0}}; R(syscall(SYS_futex_waitv, v, 2, 0, NULL, 0)); v[0].val = 0; v[1].val = 1; R(syscall(SYS_futex_waitv, v, 2, 0, NULL, 0));

    for (int n = 1; n <= 3; n++) {
        pid_t k[3]; s[10] = 0; R(lock()); for (int i = 0; i < n; i++) k[i] = waiter(i); R(fx(&s[8], FUTEX_CMP_REQUEUE_PI, 1, 5, &s[9], s[8] + 1)); R(fx(&s[8], FUTEX_CMP_REQUEUE_PI, 1, n, &s[9], s[8]));
        T((s[9] & 0x3fffffff) == syscall(SYS_gettid)); T(s[9] >> 31); R(s[10]); s[8]++; R(unlock()); for (int i = 0; i < n; i++) ended("waiter", k[i]); R(s[10]); R(s[9] & 0x7fffffff);
    }
    s[10] = 0; pid_t a, b; for (int i = 0; i < 3; i++) waiter(i); R(fx(&s[8], FUTEX_CMP_REQUEUE_PI, 1, 0, &s[9], s[8])); one_of_them(); R(fx(&s[8], FUTEX_CMP_REQUEUE_PI, 1, 7, &s[9], s[8])); s[8]++; one_of_them(); one_of_them(); R(s[10]);
    R(fx(&s[8], FUTEX_CMP_REQUEUE_PI, 1, 7, &s[9], s[8])); R(s[9] & 0x7fffffff); R(fx(&s[8], FUTEX_CMP_REQUEUE_PI, 2, 7, &s[9], s[8])); R(fx(&s[8], FUTEX_CMP_REQUEUE_PI, 1, -1, &s[9], s[8])); R(fx(&s[8], FUTEX_CMP_REQUEUE_PI, 1, 1, &s[8], s[8])); R(fx(&s[8], FUTEX_WAIT_REQUEUE_PI, 0, 0, &s[8], 0)); R(fx(&s[8], FUTEX_WAIT_REQUEUE_PI, s[8] + 1, 0, &s[9], 0));
    after(&t, 30); R(fx(&s[8], FUTEX_WAIT_REQUEUE_PI, s[8], (long)&t, &s[9], 0)); R(s[9]);
    R(lock()); s[10] = 0; a = fork(); if (!a) { after(&t, 400); here(); long x = fx(&s[8], FUTEX_WAIT_REQUEUE_PI, s[8], (long)&t, &s[9], 0); _exit(-x); } settle(1); R(fx(&s[8], FUTEX_CMP_REQUEUE_PI, 1, 1, &s[9], s[8])); ended("too late", a); R(unlock()); R(s[9] & 0x7fffffff);
    R(lock()); s[10] = 0; pthread_create(&h, NULL, locked_waiter, NULL); settle(1); b = waiter(0); R(fx(&s[8], FUTEX_CMP_REQUEUE_PI, 1, 5, &s[9], s[8])); s[8]++; R(unlock()); ended("waiter", b); pthread_join(h, &r); R((long)r); R(s[10]);
}
