/* What SIGSYS says of a call that lx does not support, under --strict. */
#include "../guest.h"
#include <ucontext.h>

static void handler(int number, siginfo_t *info, void *context) {
    greg_t *r = ((ucontext_t *)context)->uc_mcontext.gregs;
    printf("signal %d code %d errno %d call %d arch %x, after the call %d\n", number, info->si_code, info->si_errno, info->si_syscall,
           info->si_arch, info->si_call_addr == (void *)r[REG_RIP]);
    _exit(0);
}

int main(void) {
    struct sigaction act = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO};
    sigaction(SIGSYS, &act, NULL); syscall(SYS_quotactl, 0, NULL, 0, NULL); puts("no signal");
}
