/* Calls that do next to nothing: the price of a trap. */
#include "bench.h"
#include <linux/futex.h>
#include <sys/time.h>

static void null_getpid(long n) { LOOP MUST(syscall(SYS_getpid)); }
static void null_getppid(long n) { LOOP MUST(syscall(SYS_getppid)); }
static void null_getpgid(long n)
{
    long group = syscall(SYS_getpgrp);
    LOOP EQUAL(syscall(SYS_getpgid, 0), group);
}
static void null_getpriority(long n) { LOOP MUST(syscall(SYS_getpriority, 0, 0)); }
static void null_gettid(long n) { LOOP MUST(syscall(SYS_gettid)); }
static void null_getuid(long n) { LOOP MUST(syscall(SYS_getuid)); }
static void null_umask(long n) { LOOP MUST(syscall(SYS_umask, 022)); }
static void null_unknown(long n) { LOOP EQUAL(syscall(SYS_lookup_dcookie, 0, 0, 0) == -1, 1); }
static void yield(long n) { LOOP ZERO(syscall(SYS_sched_yield)); }

static void clock_vdso(long n)
{
    struct timespec ts;
    LOOP ZERO(clock_gettime(CLOCK_MONOTONIC, &ts));
}

static void clock_trap(long n)
{
    struct timespec ts;
    LOOP ZERO(syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &ts));
}

static void gettimeofday_vdso(long n)
{
    struct timeval tv;
    LOOP ZERO(gettimeofday(&tv, 0));
}

static void time_vdso(long n) { LOOP MUST(time(0)); }

static int word;
static void futex_wake(long n) { LOOP ZERO(syscall(SYS_futex, &word, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, 1, 0, 0, 0)); }

/* A loop without a call: what is to be taken off. */
static void empty_loop(long n)
{
    LOOP __asm__ volatile("" ::: "memory");
}

const struct op CALLS[] = {
    {"empty_loop", none, empty_loop},
    {"null_getpid", none, null_getpid},
    {"null_getppid", none, null_getppid},
    {"null_getpgid", none, null_getpgid},
    {"null_getpriority", none, null_getpriority},
    {"null_gettid", none, null_gettid},
    {"null_getuid", none, null_getuid},
    {"null_umask", none, null_umask},
    {"null_unknown", none, null_unknown},
    {"sched_yield", none, yield},
    {"clock_vdso", none, clock_vdso},
    {"clock_trap", none, clock_trap},
    {"gettimeofday_vdso", none, gettimeofday_vdso},
    {"time_vdso", none, time_vdso},
    {"futex_wake", none, futex_wake},
    {0, 0, 0},
};
