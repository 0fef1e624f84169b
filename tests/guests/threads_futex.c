/* Futex: waiting, waking, bitsets, requeueing, WAKE_OP, timeouts, ownership, several at once. One thread tells, the others wait. */
/* cflags: -pthread */
#include "guest.h"
#include <pthread.h>
#include <linux/futex.h>

static unsigned words[8]; static volatile int started, done; static pthread_t t[4];
struct job { long op; unsigned *at, val; struct timespec *to; unsigned *at2, val3; };
static long fx(unsigned *at, long op, long val, const void *to, unsigned *at2, long val3) { long r = syscall(SYS_futex, at, op, val, to, at2, val3); return r == -1 ? -errno : r; }
static void *waiter(void *a) { struct job *j = a; __atomic_add_fetch(&started, 1, __ATOMIC_SEQ_CST); long r = fx(j->at, j->op, j->val, j->to, j->at2, j->val3); __atomic_add_fetch(&done, 1, __ATOMIC_SEQ_CST); return (void *)r; }
static void start(int n, struct job *j) { started = done = 0; for (int i = 0; i < n; i++) pthread_create(&t[i], NULL, waiter, &j[i]); while (started < n) sched_yield(); usleep(30000); }
static void join(int n) { for (int i = 0; i < n; i++) { void *r; pthread_join(t[i], &r); printf("  waiter %d: %ld\n", i, (long)r); } }
#define P FUTEX_PRIVATE_FLAG
int main(void) {
    unsigned *w = words; struct timespec soon = {0, 20000000}, now;
    struct job wait2[2] = {{FUTEX_WAIT | P, w}, {FUTEX_WAIT | P, w}}; start(2, wait2); R(fx(w, FUTEX_WAKE, 9, 0, 0, 0)); R(fx(w, FUTEX_WAKE | P, 9, 0, 0, 0)); join(2);
    start(2, wait2); R(fx(w, FUTEX_WAKE | P, 0, 0, 0, 0)); R(fx(w, FUTEX_WAKE | P, -1, 0, 0, 0)); join(2);
    struct job bits[2] = {{FUTEX_WAIT_BITSET | P, w, 0, 0, 0, 1}, {FUTEX_WAIT_BITSET | P, w, 0, 0, 0, 2}}; start(2, bits); R(fx(w, FUTEX_WAKE_BITSET | P, 9, 0, 0, 4)); R(fx(w, FUTEX_WAKE_BITSET | P, 9, 0, 0, 2)); R(fx(w, FUTEX_WAKE_BITSET | P, 9, 0, 0, 0)); R(fx(w, FUTEX_WAKE | P, 9, 0, 0, 0)); join(2);
    struct job four[4] = {{FUTEX_WAIT | P, w}, {FUTEX_WAIT | P, w}, {FUTEX_WAIT | P, w}, {FUTEX_WAIT | P, w}}; start(4, four); R(fx(w, FUTEX_CMP_REQUEUE | P, 1, (void *)2, w + 1, 5)); R(fx(w, FUTEX_CMP_REQUEUE | P, 1, (void *)2, w + 1, 0)); R(fx(w + 1, FUTEX_WAKE | P, 9, 0, 0, 0)); R(fx(w, FUTEX_WAKE | P, 9, 0, 0, 0)); join(4);
    start(4, four); R(fx(w, FUTEX_REQUEUE | P, 0, (void *)9, w + 1, 0)); R(fx(w, FUTEX_REQUEUE | P, -1, (void *)9, w + 1, 0)); R(fx(w + 1, FUTEX_REQUEUE | P, 4, (void *)0, w + 1, 0)); join(4);
    struct job two[2] = {{FUTEX_WAIT | P, w}, {FUTEX_WAIT | P, w + 1}}; start(2, two); w[1] = 3; R(fx(w, FUTEX_WAKE_OP | P, 1, (void *)1, w + 1, FUTEX_OP(FUTEX_OP_ADD, 4, FUTEX_OP_CMP_EQ, 3))); R(w[1]); w[1] = 0; join(2);
    for (int op = 0; op < 6; op++) for (int cmp = 0; cmp < 7; cmp++) { w[1] = 6; printf("%d %d: %ld", op, cmp, fx(w, FUTEX_WAKE_OP | P, 1, (void *)1, w + 1, FUTEX_OP(op, -3, cmp, 6))); printf(" %x\n", w[1]); }
    w[1] = 0; R(fx(w, FUTEX_WAKE_OP | P, 1, (void *)1, w + 1, FUTEX_OP(FUTEX_OP_OR | 8, 5, 0, 0))); R(w[1]); w[1] = 0; R(fx(w, FUTEX_WAKE_OP | P, 1, (void *)1, (void *)8L, 0));
    clock_gettime(CLOCK_MONOTONIC, &now); now.tv_nsec += 1000000; if (now.tv_nsec > 999999999) now.tv_nsec -= 1000000000, now.tv_sec++;
    R(fx(w, FUTEX_WAIT | P, 0, &soon, 0, 0)); R(fx(w, FUTEX_WAIT_BITSET | P, 0, &now, 0, -1)); clock_gettime(CLOCK_REALTIME, &now); R(fx(w, FUTEX_WAIT_BITSET | P | FUTEX_CLOCK_REALTIME, 0, &now, 0, -1)); R(fx(w, FUTEX_WAIT | P | FUTEX_CLOCK_REALTIME, 0, &soon, 0, 0));
    pid_t me = syscall(SYS_gettid); w[2] = 0; R(fx(w + 2, FUTEX_LOCK_PI | P, 0, 0, 0, 0)); T(w[2] == me); R(fx(w + 2, FUTEX_LOCK_PI | P, 0, 0, 0, 0)); R(fx(w + 2, FUTEX_TRYLOCK_PI | P, 0, 0, 0, 0));
    struct job lock[2] = {{FUTEX_LOCK_PI | P, w + 2}, {FUTEX_TRYLOCK_PI | P, w + 2}}; start(2, lock); T(w[2] == (me | FUTEX_WAITERS)); R(fx(w + 2, FUTEX_UNLOCK_PI | P, 0, 0, 0, 0)); T((w[2] & FUTEX_WAITERS) && w[2] != (me | FUTEX_WAITERS)); R(fx(w + 2, FUTEX_UNLOCK_PI | P, 0, 0, 0, 0)); join(2);
    struct timespec past = {1, 0}; w[2] = me; struct job late = {FUTEX_LOCK_PI | P, w + 2, 0, &past}; start(1, &late); join(1); T(w[2] == (me | FUTEX_WAITERS)); struct job late2 = {FUTEX_LOCK_PI2 | P, w + 2, 0, &past}; start(1, &late2); join(1); R(fx(w + 2, FUTEX_UNLOCK_PI | P, 0, 0, 0, 0)); R(w[2]);
    w[2] = 0x12345; R(fx(w + 2, FUTEX_LOCK_PI | P, 0, 0, 0, 0)); R(fx(w + 2, FUTEX_UNLOCK_PI | P, 0, 0, 0, 0)); w[2] = FUTEX_OWNER_DIED; R(fx(w + 2, FUTEX_LOCK_PI | P, 0, 0, 0, 0)); T(w[2] == (me | FUTEX_OWNER_DIED)); R(fx(w + 2, FUTEX_UNLOCK_PI | P, 0, 0, 0, 0)); R(w[2]);
    w[0] = 0; w[2] = me; struct job rq[2] = {{FUTEX_WAIT_REQUEUE_PI | P, w, 0, 0, w + 2}, {FUTEX_WAIT_REQUEUE_PI | P, w, 0, 0, w + 2}}; start(2, rq); R(fx(w, FUTEX_WAKE | P, 1, 0, 0, 0)); R(fx(w, FUTEX_CMP_REQUEUE_PI | P, 1, (void *)9, w + 2, 7)); R(fx(w, FUTEX_CMP_REQUEUE_PI | P, 2, (void *)9, w + 2, 0)); R(fx(w, FUTEX_CMP_REQUEUE_PI | P, 1, (void *)9, w + 3, 0));
    R(fx(w, FUTEX_CMP_REQUEUE_PI | P, 1, (void *)9, w + 2, 0)); R(fx(w + 2, FUTEX_UNLOCK_PI | P, 0, 0, 0, 0)); while (done < 1) sched_yield(); T(w[2] & FUTEX_WAITERS);
    _exit(0);
}
