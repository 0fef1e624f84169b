/* Clocks: vDSO and system call agree, they do not go back; sleeping, relative, absolute and interrupted. */
#include "guest.h"

static long long ns(struct timespec t) { return t.tv_sec * 1000000000LL + t.tv_nsec; }
static long long now(clockid_t c) { struct timespec t; clock_gettime(c, &t); return ns(t); }
static long long trap(clockid_t c) { struct timespec t; syscall(SYS_clock_gettime, c, &t); return ns(t); }
static void nothing(int s) { (void)s; }

int main(void) {
    clockid_t all[] = {CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_MONOTONIC_RAW, CLOCK_BOOTTIME, CLOCK_REALTIME_COARSE,
        CLOCK_MONOTONIC_COARSE, CLOCK_TAI, CLOCK_PROCESS_CPUTIME_ID, CLOCK_THREAD_CPUTIME_ID};
    for (unsigned i = 0; i < sizeof all / sizeof *all; i++) { int ok = 1; struct timespec r;
    for (int k = 0; k < 50; k++) { long long a = now(all[i]), b = trap(all[i]), c = now(all[i]);
    ok &= a <= b && b <= c && c - a < 1000000000LL; }
    printf("clock %d ordered %d resolution %d\n", all[i], ok, clock_getres(all[i], &r)); }
    struct timespec t, rem = {9, 9}; struct timeval tv; time_t when; unsigned cpu = 99;
    R(clock_gettime(99, &t)); R(clock_gettime(-99, &t)); R(clock_getres(99, &t)); R(clock_getres(0, NULL));
    R(gettimeofday(&tv, NULL)); long long real = now(CLOCK_REALTIME);
    T(llabs(real / 1000 - (tv.tv_sec * 1000000LL + tv.tv_usec)) < 1000000); when = time(NULL);
    T(llabs(when - real / 1000000000) <= 2); T(syscall(SYS_time, NULL) - when <= 2);
    T(sched_getcpu() >= 0 && sched_getcpu() < 1024); R(syscall(SYS_getcpu, &cpu, NULL, NULL));
    long long a = now(CLOCK_MONOTONIC); t = (struct timespec){0, 20000000}; R(nanosleep(&t, NULL));
    T(now(CLOCK_MONOTONIC) - a >= 20000000); t.tv_nsec = 1000000000; R(nanosleep(&t, NULL));
    t = (struct timespec){-1, 0}; R(nanosleep(&t, NULL)); t = (struct timespec){0, 0}; R(nanosleep(&t, &rem));
    R(rem.tv_sec);
    a = now(CLOCK_MONOTONIC); t = (struct timespec){(a + 20000000) / 1000000000, (a + 20000000) % 1000000000};
    R(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL)); T(now(CLOCK_MONOTONIC) - a >= 20000000);
    R(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL));
    R(clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &t, NULL)); R(clock_nanosleep(99, 0, &t, NULL));
    R(clock_nanosleep(CLOCK_THREAD_CPUTIME_ID, 0, &t, NULL)); t = (struct timespec){0, 5000000};
    R(clock_nanosleep(CLOCK_BOOTTIME, 0, &t, NULL));
    signal(SIGALRM, nothing); struct itimerval it = {{0, 0}, {0, 50000}}; setitimer(ITIMER_REAL, &it, NULL);
    t = (struct timespec){1, 0}; R(nanosleep(&t, &rem)); T(ns(rem) > 500000000 && ns(rem) < 1000000000);
    setitimer(ITIMER_REAL, &it, NULL); R(clock_nanosleep(CLOCK_MONOTONIC, 0, &t, &rem));
    T(ns(rem) > 500000000 && ns(rem) < 1000000000); a = now(CLOCK_MONOTONIC) + 1000000000;
    setitimer(ITIMER_REAL, &it, NULL); rem = (struct timespec){7, 7};
    t = (struct timespec){a / 1000000000, a % 1000000000};
    R(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, &rem)); R(rem.tv_sec);
    struct tms b; T(times(&b) != -1); T(b.tms_utime >= 0 && b.tms_cutime >= 0); struct rusage ru;
    R(getrusage(RUSAGE_SELF, &ru)); R(getrusage(RUSAGE_CHILDREN, &ru)); R(getrusage(9, &ru));
    long long c0 = now(CLOCK_PROCESS_CPUTIME_ID); for (volatile int i = 0; i < 3000000; i++) {}
    T(now(CLOCK_PROCESS_CPUTIME_ID) > c0);
}
