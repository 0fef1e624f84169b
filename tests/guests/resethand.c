/* SA_RESETHAND takes the handler away and nothing else. */
#include "guest.h"

static void handler(int number) { R(number); }

int main(void) {
    for (int i = 0; i < 3; i++) {
        struct sigaction act = {.sa_handler = handler, .sa_flags = SA_RESETHAND | (int[]){0, SA_NODEFER | SA_RESTART, SA_SIGINFO}[i]}, now;
        sigaddset(&act.sa_mask, SIGUSR2); sigaction(SIGUSR1, &act, NULL); raise(SIGUSR1); sigaction(SIGUSR1, NULL, &now);
        T(now.sa_handler == SIG_DFL); R(now.sa_flags & ~0x04000000); R(sigismember(&now.sa_mask, SIGUSR2)); R(sigismember(&now.sa_mask, SIGHUP));
    }
}
