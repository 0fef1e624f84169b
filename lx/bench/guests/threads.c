/* Threads. The parameter is a number of other threads, which sleep on a futex. */
#include "bench.h"
#include <linux/futex.h>
#include <pthread.h>

static long futex(int *word, int op, int value) { return syscall(SYS_futex, word, op | FUTEX_PRIVATE_FLAG, value, 0, 0, 0); }

static void start(pthread_t *thread, void *(*run)(void *), void *argument)
{
    pthread_attr_t attributes;
    int error;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, 65536);
    if ((error = pthread_create(thread, &attributes, run, argument))) {
        errno = error;
        fail("pthread_create", -1);
    }
}

static int sleeping, never;
static void *sleep_for_ever(void *argument)
{
    __atomic_add_fetch(&sleeping, 1, __ATOMIC_SEQ_CST);
    for (;;)
        futex(&never, FUTEX_WAIT, 0);
    return argument;
}

static void sleepers(long parameter)
{
    pthread_t thread;
    for (long i = 0; i < parameter; i++)
        start(&thread, sleep_for_ever, 0);
    while (__atomic_load_n(&sleeping, __ATOMIC_SEQ_CST) < parameter)
        syscall(SYS_sched_yield);
}

static void *end_at_once(void *argument) { return argument; }

static void create_join(long n)
{
    LOOP {
        pthread_t thread;
        start(&thread, end_at_once, 0);
        ZERO(pthread_join(thread, 0));
    }
}

/* Two threads hand a word back and forth: one round trip. */
static int turn;
static void hand(int mine, int next)
{
    while (__atomic_load_n(&turn, __ATOMIC_SEQ_CST) != mine)
        futex(&turn, FUTEX_WAIT, next);
    __atomic_store_n(&turn, next, __ATOMIC_SEQ_CST);
    MUST(futex(&turn, FUTEX_WAKE, 1));
}

static void *other_side(void *argument)
{
    for (long n = (long)argument; n > 0; n--)
        hand(1, 0);
    return 0;
}

static void futex_ping_pong(long n)
{
    pthread_t thread;
    turn = 0;
    start(&thread, other_side, (void *)n);
    LOOP hand(0, 1);
    ZERO(pthread_join(thread, 0));
}

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static void mutex(long n)
{
    LOOP {
        pthread_mutex_lock(&lock);
        pthread_mutex_unlock(&lock);
    }
}

/* N threads add under one lock. */
static long workers, share;
static void set_workers(long parameter) { workers = parameter; }

static void *work(void *argument)
{
    for (long i = 0; i < share; i++) {
        pthread_mutex_lock(&lock);
        ++*(volatile long *)argument;
        pthread_mutex_unlock(&lock);
    }
    return 0;
}

static void contended(long n)
{
    pthread_t *all = calloc(workers, sizeof *all);
    long sum = 0;
    share = n / workers + 1;
    for (long i = 0; i < workers; i++)
        start(&all[i], work, &sum);
    for (long i = 0; i < workers; i++)
        ZERO(pthread_join(all[i], 0));
    EQUAL(sum, share * workers);
    free(all);
}

const struct op THREADS[] = {
    {"thread_create_join", sleepers, create_join},
    {"futex_ping_pong", sleepers, futex_ping_pong},
    {"mutex", none, mutex},
    {"mutex_contended", set_workers, contended},
    {0, 0, 0},
};
