/* A child that ends while its parent begins to wait for it: by waitid, which leaves it, then by wait4. None is missed. */
#include "guest.h"

int main(void) {
    int seen = 0, status;
    for (int i = 0; i < 300; i++) {
        pid_t pid = fork();
        siginfo_t info;
        if (!pid) { for (volatile int n = 0; n < i % 30 * 40; n++) {} _exit(i & 63); }
        if (waitid(P_PID, pid, &info, WEXITED | WNOWAIT) == 0 && info.si_pid == pid && info.si_status == (i & 63)) seen++;
        if (waitpid(pid, &status, 0) == pid && WEXITSTATUS(status) == (i & 63)) seen++;
    }
    R(seen);
}
