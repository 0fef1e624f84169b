/* timerfd: clocks, relative, absolute, intervals, overruns, what is left, errors; CANCEL_ON_SET is taken. */
#include "guest.h"
#include <sys/timerfd.h>

static void nothing(int s) { (void)s; }

int main(void) {
    uint64_t v = 0; struct itimerspec i = {{0, 0}, {0, 30000000}}, old, zero = {0}; struct pollfd p; struct timespec now;
    R(timerfd_create(99, 0) == -1); R(timerfd_create(CLOCK_PROCESS_CPUTIME_ID, 0)); R(timerfd_create(CLOCK_MONOTONIC, 2));
    int t = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC), n = timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK);
    OK(timerfd_create(CLOCK_BOOTTIME, 0)); R(fcntl(t, F_GETFD)); R(fcntl(n, F_GETFL));
    R(timerfd_gettime(t, &old)); R(old.it_value.tv_sec); R(old.it_value.tv_nsec);
    R(timerfd_settime(t, 0, &i, &old)); R(read(t, &v, 8)); R(v); R(timerfd_gettime(t, &old)); R(old.it_value.tv_nsec);
    i.it_interval.tv_nsec = 10000000; i.it_value.tv_nsec = 1; R(timerfd_settime(n, 0, &i, NULL)); usleep(65000);
    R(read(n, &v, 8)); T(v >= 6 && v < 200); R(timerfd_gettime(n, &old)); R(old.it_interval.tv_nsec);
    T(old.it_value.tv_nsec <= 10000000); R(timerfd_settime(n, 0, &zero, &old)); R(old.it_interval.tv_nsec); R(read(n, &v, 8));
    clock_gettime(CLOCK_MONOTONIC, &now); i = (struct itimerspec){{0, 0}, now}; i.it_value.tv_nsec += 150000000;
    if (i.it_value.tv_nsec >= 1000000000) { i.it_value.tv_nsec -= 1000000000; i.it_value.tv_sec++; }
    R(timerfd_settime(t, TFD_TIMER_ABSTIME, &i, NULL)); p = (struct pollfd){t, POLLIN, 0}; R(poll(&p, 1, 0)); R(poll(&p, 1, 5000));
    R(read(t, &v, 8)); R(v); R(timerfd_settime(n, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &i, NULL));
    R(timerfd_settime(n, 4, &i, NULL)); R(timerfd_settime(99, 4, &i, NULL)); R(timerfd_settime(99, 0, &i, NULL));
    R(timerfd_settime(0, 0, &i, NULL)); R(timerfd_settime(n, 0, (void *)8, NULL)); R(timerfd_settime(n, 0, &zero, (void *)8));
    R(timerfd_gettime(n, (void *)8)); R(timerfd_gettime(1, &old)); R(timerfd_gettime(77, &old));
    i.it_value = (struct timespec){0, 1000000000}; R(timerfd_settime(n, 0, &i, NULL)); i.it_value.tv_sec = -1;
    R(timerfd_settime(n, 0, &i, NULL)); R(read(n, &v, 4)); R(write(n, &v, 8));
    i = (struct itimerspec){{0, 0}, {0, 20000000}}; struct sigaction act = {.sa_handler = nothing};
    sigaction(SIGALRM, &act, NULL); R(timerfd_settime(t, 0, &zero, NULL)); ualarm(20000, 0); R(read(t, &v, 8));
    R(timerfd_settime(t, 0, &i, NULL)); CHILD("a child shares it", R(read(t, &v, 8)); R(v)); R(fcntl(t, F_SETFL, O_NONBLOCK));
    R(read(t, &v, 8));
}
