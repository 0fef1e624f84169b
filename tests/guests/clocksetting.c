/* Setting clocks with arguments that are wrong whoever asks; reading the clock's discipline. */
#include <sys/timex.h>
#include "guest.h"

int main(void) {
    struct timex x = {0}; struct timeval bad = {0, 1000000}; struct timespec worse = {0, -1};
    int state = adjtimex(&x); T(state >= 0 && state <= 5); T(x.tick >= 9000 && x.tick <= 11000); T(clock_adjtime(CLOCK_REALTIME, &x) >= 0); R(clock_adjtime(99, &x));
    R(syscall(SYS_adjtimex, 8L)); R(settimeofday(&bad, NULL)); R(syscall(SYS_settimeofday, 8L, 0)); R(clock_settime(CLOCK_REALTIME, &worse));
    R(clock_settime(CLOCK_MONOTONIC, &worse)); R(clock_settime(99, &worse)); R(syscall(SYS_clock_settime, 0, 8L));
}
