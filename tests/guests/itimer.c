/* Interval timers and alarm: they repeat, tell what is left, and survive exec but not fork. */
#include "guest.h"

static volatile int n;
static void tick(int s) { (void)s; n++; }

int main(void) {
    signal(SIGALRM, tick); signal(SIGVTALRM, tick);
    struct itimerval t = {{0, 5000}, {0, 5000}}, old, off = {{0, 0}, {0, 0}};
    R(setitimer(ITIMER_REAL, &t, NULL)); while (n < 5) pause();
    R(getitimer(ITIMER_REAL, &old)); T(old.it_interval.tv_usec == 5000); T(old.it_value.tv_usec <= 5000);
    CHILD("child has none", getitimer(ITIMER_REAL, &old);
        T(old.it_value.tv_usec == 0 && old.it_interval.tv_usec == 0));
    R(setitimer(ITIMER_REAL, &off, &old)); T(old.it_interval.tv_usec == 5000);
    R(alarm(100)); R(alarm(50)); R(alarm(0)); R(alarm(0));
    n = 0; struct itimerval v = {{0, 0}, {0, 10000}};
    R(setitimer(ITIMER_VIRTUAL, &v, NULL)); while (!n) {} R(n);
    t.it_value.tv_usec = 1000000; R(setitimer(ITIMER_REAL, &t, NULL)); R(setitimer(9, &off, NULL));
    R(getitimer(9, &old));
    R(setitimer(ITIMER_REAL, (void *)8, NULL)); R(getitimer(ITIMER_REAL, (void *)8));
    CHILD("alarm kills", signal(SIGALRM, SIG_DFL); struct itimerval s = {{0, 0}, {0, 10000}}; setitimer(ITIMER_REAL,
        &s, NULL); pause());
}
