/* A timer that is far behind: overruns are counted to the largest int and no further, however often they are asked for. */
/* cflags: -lrt */
#include "guest.h"
#include <limits.h>
#include <time.h>

int main(void) {
    sigset_t set;
    timer_t timer;
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGRTMIN};
    struct itimerspec late = {.it_value = {.tv_nsec = 1}, .it_interval = {.tv_nsec = 1}}, off = {0};
    struct timespec moment = {.tv_nsec = 20000000}, none = {0};
    sigemptyset(&set); sigaddset(&set, SIGRTMIN); sigprocmask(SIG_BLOCK, &set, NULL);
    R(timer_create(CLOCK_REALTIME, &event, &timer));
    R(timer_settime(timer, TIMER_ABSTIME, &late, NULL));
    for (int i = 0; i < 3; i++) {
        siginfo_t info;
        nanosleep(&moment, NULL);
        T(sigtimedwait(&set, &info, &moment) == SIGRTMIN);
        printf("%d %d\n", info.si_overrun == INT_MAX || i, timer_getoverrun(timer) == INT_MAX || i);
    }
    R(timer_settime(timer, 0, &off, NULL));
    R(timer_delete(timer));
    OK(sigtimedwait(&set, NULL, &none) == -1);
}
