/* futex_waitv, and futex_wait, futex_wake, futex_requeue of Linux 6.7. */
/* cflags: -pthread */
#include "guest.h"
#include <pthread.h>
#ifndef SYS_futex_waitv
#define SYS_futex_waitv 449
#endif
#ifndef SYS_futex_wake
#define SYS_futex_wake 454
#define SYS_futex_wait 455
#define SYS_futex_requeue 456
#endif
struct waitv { uint64_t val, uaddr; uint32_t flags, reserved; };
static unsigned w[4]; static volatile int started; static long kind;
static struct waitv v[2]; static pthread_t t;
static void *body(void *a) {
    started = 1; long r = kind == 0 ? syscall(SYS_futex_waitv, v, 2, 0, NULL, 0) : syscall(SYS_futex_wait, w, 0L, 5L, 0x82, NULL, 0); return (void *)r;
}
static void start(long k) { started = 0; kind = k; pthread_create(&t, NULL, body, NULL); while (!started) sched_yield(); usleep(30000); }
static void join(void) { void *r; pthread_join(t, &r); printf("  waiter: %ld\n", (long)r); }
int main(void) {
    struct timespec past = {1, 0}, bad = {0, -1}; struct waitv *V = v;
    for (int i = 0; i < 2; i++) v[i] = (struct waitv){0, (uint64_t)(w + i), 0x82, 0};
    start(0); R(syscall(SYS_futex, w + 1, 129, 9)); join(); start(0); R(syscall(SYS_futex_wake, w, -1L & 0xffffffff, 9, 0x82)); join();
    start(1); R(syscall(SYS_futex_wake, w, 2L, 9, 0x82)); R(syscall(SYS_futex_wake, w, 4L, 0, 0x82)); R(syscall(SYS_futex_wake, w, 4L, 1, 0x82)); join();
    start(1); R(syscall(SYS_futex_requeue, v, 0, 0, 5)); R(syscall(SYS_futex_wake, w, 5L, 1, 0x82)); R(syscall(SYS_futex_wake, w + 1, 5L, 1, 0x82)); join();
    R(syscall(SYS_futex_waitv, V, 0, 0, NULL, 0)); R(syscall(SYS_futex_waitv, V, 129, 0, NULL, 0)); R(syscall(SYS_futex_waitv, V, 2, 1, NULL, 0)); R(syscall(SYS_futex_waitv, NULL, 2, 0, NULL, 0)); R(syscall(SYS_futex_waitv, 8L, 2, 0, NULL, 0));
    R(syscall(SYS_futex_waitv, V, 2, 0, &past, 1)); R(syscall(SYS_futex_waitv, V, 2, 0, &past, 0)); R(syscall(SYS_futex_waitv, V, 2, 0, &past, 7)); R(syscall(SYS_futex_waitv, V, 2, 0, &bad, 1)); R(syscall(SYS_futex_waitv, V, 2, 0, 8L, 1));
    v[1].val = 1; R(syscall(SYS_futex_waitv, V, 2, 0, NULL, 0)); v[1].val = 1L << 32; R(syscall(SYS_futex_waitv, V, 2, 0, NULL, 0)); v[1].val = 0; v[1].reserved = 1; R(syscall(SYS_futex_waitv, V, 2, 0, NULL, 0)); v[1].reserved = 0; v[1].flags = 0x83; R(syscall(SYS_futex_waitv, V, 2, 0, NULL, 0)); v[1].flags = 0x92; R(syscall(SYS_futex_waitv, V, 2, 0, NULL, 0)); v[1].flags = 0x82; v[1].uaddr++; R(syscall(SYS_futex_waitv, V, 2, 0, NULL, 0));
    R(syscall(SYS_futex_wait, w, 1L, 5L, 0x82, NULL, 0)); R(syscall(SYS_futex_wait, w, 0L, 0L, 0x82, NULL, 0)); R(syscall(SYS_futex_wait, w, 0L, 5L, 0x82, &past, 0)); R(syscall(SYS_futex_wake, w, 0L, 1, 0x82)); R(syscall(SYS_futex_wake, w, 1L, 1, 0x80)); R(syscall(SYS_futex_requeue, V, 1, 0, 5)); R(syscall(SYS_futex_requeue, V, 0, -1, 5));
}
