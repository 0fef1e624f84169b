/* Memory that processes share: locked instructions, mutexes (also robust and with an owner's tid), condition variables, semaphores,
   barriers; over fork and through two mappings of one file; waits of one thread beside another that goes on. */
/* cflags: -pthread */
#include "guest.h"
#include <pthread.h>
#include <semaphore.h>
#include <linux/futex.h>

static struct shared { long n; pthread_mutex_t m, robust, pi; pthread_cond_t c; sem_t s; pthread_barrier_t b; unsigned w[8]; int turn; } *p, *q;
static void add(int k) { for (int i = 0; i < k; i++) { pthread_mutex_lock(&p->m); p->n++; pthread_mutex_unlock(&p->m); } }
static long fx(unsigned *at, long op, long val, const void *to, unsigned *at2, long val3) { long r = syscall(SYS_futex, at, op, val, to, at2, val3); return r == -1 ? -errno : r; }
/* Until so many wait there: to move who waits to where he is tells how many do. */
static void asleep(unsigned *at, long n) { while (fx(at, FUTEX_CMP_REQUEUE, 0, (void *)n, at, *at) < n) usleep(1000); }
static volatile int counted; static int one, two; static void *waits(void *a) { return (void *)fx(&p->w[one], FUTEX_WAIT, 0, NULL, NULL, 0); }
static void *locks(void *a) { long r = pthread_mutex_lock(&p->robust); counted++; pthread_mutex_unlock(&p->robust); return (void *)r; }
static void on(int s) { counted++; }
int main(void) {
    int fd = file_of("shared", ""); if (ftruncate(fd, 8192)) return 1; p = mmap(NULL, 8192, RW, MAP_SHARED, fd, 0); q = mmap(NULL, 8192, RW, MAP_SHARED, fd, 0); unlink("shared"); pid_t k; pthread_t t; void *r;
    for (k = fork(); ; ) { for (int i = 0; i < 300000; i++) __sync_fetch_and_add(&p->n, 1); for (int i = 0; i < 1000; i++) __sync_fetch_and_or(&p->n, 0L); break; }
    if (!k) _exit(0); waitpid(k, NULL, 0); R(p->n); p->n = 0;
    pthread_mutexattr_t ma; pthread_condattr_t ca; pthread_barrierattr_t ba; pthread_mutexattr_init(&ma); pthread_mutexattr_setpshared(&ma, PTHREAD_PROCESS_SHARED); pthread_mutex_init(&p->m, &ma); pthread_mutexattr_setrobust(&ma, PTHREAD_MUTEX_ROBUST); pthread_mutex_init(&p->robust, &ma); pthread_mutexattr_setprotocol(&ma, PTHREAD_PRIO_INHERIT); pthread_mutex_init(&p->pi, &ma);
    pthread_condattr_init(&ca); pthread_condattr_setpshared(&ca, PTHREAD_PROCESS_SHARED); pthread_cond_init(&p->c, &ca); sem_init(&p->s, 1, 0); pthread_barrierattr_init(&ba); pthread_barrierattr_setpshared(&ba, PTHREAD_PROCESS_SHARED); pthread_barrier_init(&p->b, &ba, 2);
    k = fork(); add(5000); if (!k) _exit(0); waitpid(k, NULL, 0); R(p->n);
    k = fork(); for (int i = 0; i < 100; i++) { pthread_mutex_lock(&p->m); while (p->turn != !k) pthread_cond_wait(&p->c, &p->m); p->turn = !p->turn; p->n++; pthread_cond_signal(&p->c); pthread_mutex_unlock(&p->m); } if (!k) _exit(0); waitpid(k, NULL, 0); R(p->n);
    k = fork(); if (!k) { for (int i = 0; i < 200; i++) sem_wait(&p->s); _exit(4); } for (int i = 0; i < 200; i++) sem_post(&p->s); ended("semaphore", k);
    k = fork(); int serial = 0; for (int i = 0; i < 20; i++) serial += pthread_barrier_wait(&p->b) == PTHREAD_BARRIER_SERIAL_THREAD; if (!k) _exit(serial); int st; waitpid(k, &st, 0); R(serial + WEXITSTATUS(st));
    CHILD("dies with the mutex", R(pthread_mutex_lock(&p->robust))); R(pthread_mutex_lock(&p->robust)); R(pthread_mutex_consistent(&p->robust)); R(pthread_mutex_unlock(&p->robust));
    k = fork(); if (!k) { pthread_mutex_lock(&p->robust); p->turn = 7; usleep(50000); *(volatile int *)8 = 1; } while (p->turn != 7) usleep(1000); R(pthread_mutex_lock(&p->robust)); R(pthread_mutex_consistent(&p->robust)); R(pthread_mutex_unlock(&p->robust)); ended("faults with it", k);
    CHILD("dies with the owner's mutex", R(pthread_mutex_lock(&p->pi))); R(pthread_mutex_lock(&p->pi)); R(pthread_mutex_consistent(&p->pi)); R(pthread_mutex_unlock(&p->pi));
    p->n = 0; k = fork(); for (int i = 0; i < 500; i++) { pthread_mutex_lock(&p->pi); p->n++; if (!(i % 50)) usleep(100); pthread_mutex_unlock(&p->pi); } if (!k) _exit(0); ended("owners", k); R(p->n);
    k = fork(); if (!k) { long x = fx(p->w, FUTEX_WAIT, 0, NULL, NULL, 0); _exit(-x); } asleep(q->w, 1); R(fx(q->w, FUTEX_WAKE, 1, 0, 0, 0)); ended("by the other mapping", k);
    k = fork(); if (!k) { long x = fx(p->w, FUTEX_WAIT_BITSET, 0, NULL, NULL, 2); _exit(-x); } asleep(q->w, 1); R(fx(q->w, FUTEX_WAKE_BITSET, 1, 0, 0, 1)); R(fx(q->w, FUTEX_CMP_REQUEUE, 0, (void *)1, q->w + 1, 0)); R(fx(q->w, FUTEX_WAKE, 1, 0, 0, 0)); R(fx(p->w + 1, FUTEX_WAKE, 1, 0, 0, 0)); ended("requeued", k);
    k = fork(); if (!k) { long x = fx(p->w, FUTEX_WAIT, 0, NULL, NULL, 0); _exit(-x); } asleep(q->w, 1); R(fx(p->w + 1, FUTEX_WAKE_OP, 1, (void *)1, p->w, FUTEX_OP(FUTEX_OP_ADD, 2, FUTEX_OP_CMP_EQ, 0))); R(p->w[0]); ended("woken by an operation", k); p->w[0] = 0;
    struct timespec soon = {0, 20000000}; R(fx(p->w, FUTEX_WAIT, 0, &soon, 0, 0)); R(fx(p->w, FUTEX_WAIT, 1, &soon, 0, 0)); R(fx(p->w, FUTEX_LOCK_PI, 0, 0, 0, 0)); R(fx(p->w, FUTEX_LOCK_PI, 0, 0, 0, 0)); T(p->w[0] == syscall(SYS_gettid)); CHILD("trylock", R(fx(p->w, FUTEX_TRYLOCK_PI, 0, 0, 0, 0)); R(fx(p->w, FUTEX_UNLOCK_PI, 0, 0, 0, 0)); struct timespec past = {1, 0}; R(fx(p->w, FUTEX_LOCK_PI, 0, &past, 0, 0))); R(fx(p->w, FUTEX_UNLOCK_PI, 0, 0, 0, 0)); R(p->w[0]);
    signal(SIGALRM, on); struct sigaction a = {.sa_handler = on}; sigaction(SIGALRM, &a, NULL); struct itimerval it = {{0, 50000}, {0, 50000}}, off = {{0}}; setitimer(ITIMER_REAL, &it, NULL); R(fx(p->w, FUTEX_WAIT, 0, 0, 0, 0)); setitimer(ITIMER_REAL, &off, NULL); T(counted > 0); counted = 0;
    pthread_create(&t, NULL, waits, NULL); asleep(p->w, 1); puts("the other thread goes on"); R(fx(q->w, FUTEX_WAKE, 5, 0, 0, 0)); pthread_join(t, &r); R((long)r);
    pthread_create(&t, NULL, waits, NULL); asleep(p->w, 1); sigset_t set; sigemptyset(&set); pthread_kill(t, SIGALRM); pthread_join(t, &r); R((long)r); R(counted); counted = 0;
    pthread_create(&t, NULL, waits, NULL); asleep(p->w, 1); k = fork(); if (!k) { pthread_mutex_lock(&p->robust); long x = fx(p->w, FUTEX_WAKE, 5, 0, 0, 0); usleep(100000); _exit(x); } pthread_join(t, &r); R((long)r); pthread_create(&t, NULL, locks, NULL); ended("holder", k); pthread_join(t, &r); R((long)r); R(counted);
}
