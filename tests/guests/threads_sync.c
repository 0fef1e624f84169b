/* What a C library builds of futexes: mutexes of all kinds, condition variables, rwlocks, barriers, semaphores, once, cancellation,
   destructors of thread-specific data, robust mutexes, priority inheritance, two hundred threads. */
/* cflags: -pthread */
#include "guest.h"
#include <pthread.h>
#include <semaphore.h>

static pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER; static pthread_cond_t c = PTHREAD_COND_INITIALIZER; static pthread_rwlock_t rw = PTHREAD_RWLOCK_INITIALIZER;
static pthread_barrier_t bar; static pthread_once_t once = PTHREAD_ONCE_INIT; static pthread_key_t key; static sem_t sem; static long n, turns, firsts; static volatile int at;
static void *add(void *a) { for (int i = 0; i < 2000; i++) { pthread_mutex_lock(&m); n++; pthread_mutex_unlock(&m); } return a; }
static void *ping(void *a) { long me = (long)a; for (int i = 0; i < 500; i++) { pthread_mutex_lock(&m); while (at != me) pthread_cond_wait(&c, &m); at = !me; turns++; pthread_cond_broadcast(&c); pthread_mutex_unlock(&m); } return NULL; }
static void *reader(void *a) { long seen = 0; for (int i = 0; i < 300; i++) { pthread_rwlock_rdlock(&rw); seen |= n & 1; pthread_rwlock_unlock(&rw); } return (void *)seen; }
static void *writer(void *a) { for (int i = 0; i < 300; i++) { pthread_rwlock_wrlock(&rw); n++; sched_yield(); n++; pthread_rwlock_unlock(&rw); } return NULL; }
static void first(void) { firsts++; }
static void *meet(void *a) { int serial = 0; for (int i = 0; i < 50; i++) serial += pthread_barrier_wait(&bar) == PTHREAD_BARRIER_SERIAL_THREAD; pthread_once(&once, first); __atomic_add_fetch(&n, serial, __ATOMIC_SEQ_CST); return NULL; }
static void destroy(void *p) { __atomic_add_fetch(&n, (long)p, __ATOMIC_SEQ_CST); }
static void *keyed(void *a) { pthread_setspecific(key, a); return pthread_getspecific(key); }
static void clean(void *p) { n += (long)p; }
static void *cancelled(void *a) { pthread_cleanup_push(clean, (void *)3L); pthread_cleanup_push(clean, (void *)4L); if (a) pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, NULL); at = 1; if (a) for (;;); else pause(); pthread_cleanup_pop(0); pthread_cleanup_pop(0); return NULL; }
static void *uncancelled(void *a) { int old; pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &old); at = 1; usleep(20000); pthread_testcancel(); at = 2; pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, NULL); pthread_testcancel(); return NULL; }
static void *taker(void *a) { for (int i = 0; i < 100; i++) sem_wait(&sem); return NULL; }
static void *holder(void *a) { R(pthread_mutex_lock(a)); return NULL; }
static void *tiny(void *a) { return (char *)a + 1; }
static void each(int k, void *(*f)(void *)) { pthread_t t[k]; for (long i = 0; i < k; i++) pthread_create(&t[i], NULL, f, (void *)i); for (int i = 0; i < k; i++) pthread_join(t[i], NULL); }
int main(void) {
    pthread_t t; void *r; pthread_mutexattr_t ma; pthread_mutex_t x; struct timespec ts;
    each(8, add); R(n); each(2, ping); R(turns); n = 0; pthread_t w; pthread_create(&w, NULL, writer, NULL); pthread_create(&t, NULL, reader, NULL); pthread_join(t, &r); pthread_join(w, NULL); T(r == NULL); R(n);
    n = 0; pthread_barrier_init(&bar, NULL, 5); each(5, meet); R(n); R(firsts); n = 0; pthread_key_create(&key, destroy); each(4, keyed); R(n);
    for (long async = 0; async < 2; async++) { n = at = 0; pthread_create(&t, NULL, cancelled, (void *)async); while (!at) sched_yield(); usleep(5000); R(pthread_cancel(t)); pthread_join(t, &r); T(r == PTHREAD_CANCELED); R(n); }
    at = 0; pthread_create(&t, NULL, uncancelled, NULL); while (!at) sched_yield(); pthread_cancel(t); pthread_join(t, &r); T(r == PTHREAD_CANCELED); R(at);
    sem_init(&sem, 0, 0); pthread_create(&t, NULL, taker, NULL); for (int i = 0; i < 100; i++) sem_post(&sem); pthread_join(t, NULL); int v; sem_getvalue(&sem, &v); R(v); clock_gettime(CLOCK_REALTIME, &ts); ts.tv_nsec = (ts.tv_nsec + 1000000) % 1000000000; R(sem_timedwait(&sem, &ts));
    pthread_mutexattr_init(&ma); pthread_mutexattr_settype(&ma, PTHREAD_MUTEX_ERRORCHECK); pthread_mutex_init(&x, &ma); R(pthread_mutex_lock(&x)); R(pthread_mutex_lock(&x)); R(pthread_mutex_unlock(&x)); R(pthread_mutex_unlock(&x));
    pthread_mutexattr_settype(&ma, PTHREAD_MUTEX_RECURSIVE); pthread_mutex_init(&x, &ma); R(pthread_mutex_lock(&x)); R(pthread_mutex_lock(&x)); R(pthread_mutex_unlock(&x)); R(pthread_mutex_unlock(&x));
    pthread_mutexattr_settype(&ma, PTHREAD_MUTEX_NORMAL); pthread_mutexattr_setrobust(&ma, PTHREAD_MUTEX_ROBUST); pthread_mutex_init(&x, &ma); pthread_create(&t, NULL, holder, &x); pthread_join(t, NULL); R(pthread_mutex_lock(&x)); R(pthread_mutex_consistent(&x)); R(pthread_mutex_unlock(&x)); R(pthread_mutex_lock(&x)); R(pthread_mutex_unlock(&x));
    pthread_create(&t, NULL, holder, &x); pthread_join(t, NULL); R(pthread_mutex_trylock(&x)); R(pthread_mutex_unlock(&x)); R(pthread_mutex_lock(&x));
    pthread_mutexattr_setprotocol(&ma, PTHREAD_PRIO_INHERIT); pthread_mutex_init(&x, &ma); pthread_create(&t, NULL, holder, &x); pthread_join(t, NULL); R(pthread_mutex_lock(&x)); R(pthread_mutex_consistent(&x)); R(pthread_mutex_unlock(&x));
    pthread_mutexattr_setrobust(&ma, PTHREAD_MUTEX_STALLED); pthread_mutex_init(&m, &ma); n = 0; each(8, add); R(n); clock_gettime(CLOCK_REALTIME, &ts); pthread_mutex_lock(&m); R(pthread_mutex_timedlock(&m, &ts)); R(pthread_mutex_unlock(&m));
    for (int round = 0; round < 5; round++) each(200, tiny); pthread_attr_t attr; pthread_attr_init(&attr); pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED); for (int i = 0; i < 20; i++) pthread_create(&t, &attr, tiny, NULL); puts("end");
}
