/* What each signal does by default, to a process that leaves it alone and to one that ignores it. */
#include "guest.h"

int main(void) {
    for (int s = 1; s < 65; s++) {
        if (s == SIGSTOP || s == SIGTSTP || s == SIGTTIN || s == SIGTTOU || s == 32 || s == 33) continue;
        char what[32]; sprintf(what, "signal %d", s);
        CHILD(what, kill(getpid(), s); usleep(1000); _exit(50));
    }
    for (int s = 1; s < 65; s += 7) {
        char what[32]; sprintf(what, "ignored %d", s);
        CHILD(what, signal(s, SIG_IGN); kill(getpid(), s); _exit(51));
    }
    CHILD("nested", CHILD("inner", abort()); _exit(3));
    CHILD("tgkill", syscall(SYS_tgkill, getpid(), getpid(), SIGTERM); _exit(1));
    R(syscall(SYS_tgkill, 0, getpid(), 0)); R(syscall(SYS_tgkill, getpid(), -1, 0));
    R(syscall(SYS_tgkill, 1, getpid(), SIGTERM));
    R(syscall(SYS_tkill, 0, 0)); R(syscall(SYS_tkill, getpid(), 0)); R(syscall(SYS_tkill, getpid(), 65));
    kill(getpid(), SIGKILL);
}
