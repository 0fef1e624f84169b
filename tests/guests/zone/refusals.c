/* What belongs to the host is refused whoever asks: even the zone's root gets EPERM. Never to be run natively. */
#include <sys/klog.h>
#include <sys/swap.h>
#include <sys/timex.h>
#include "../guest.h"

int main(void) {
    struct timeval tv = {1, 0}; struct timespec ts = {1, 0}; struct timex x = {.modes = ADJ_TICK, .tick = 10000}; char b[64];
    R(klogctl(3, b, 64)); R(syscall(SYS_syslog, 10, NULL, 0)); R(syscall(SYS_vhangup)); R(acct("f")); R(swapon("f", 0)); R(swapon("f", 1 << 30)); R(swapoff("f"));
    R(settimeofday(&tv, NULL)); R(clock_settime(CLOCK_REALTIME, &ts)); R(adjtimex(&x)); R(ioctl(0, TIOCSTI, "x"));
    R(sethostname("inside", 6)); R(setdomainname("zone", 4)); R(gethostname(b, 64)); puts(b); R(getdomainname(b, 64)); puts(b);
}
