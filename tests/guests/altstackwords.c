/* The words of the alternate stack that a frame keeps, and requests that change nothing. */
#include "guest.h"
#include <ucontext.h>

static int flags; static long size;
static void handler(int s, siginfo_t *i, void *u) { ucontext_t *c = u; flags = c->uc_stack.ss_flags;
    size = c->uc_stack.ss_size; }
static void show(void) { raise(SIGUSR1); printf("frame: %x %ld\n", flags, size); stack_t now;
    sigaltstack(NULL, &now); printf("now: %x %ld\n", now.ss_flags, (long)now.ss_size); }

int main(void) {
    struct sigaction a = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO}; sigaction(SIGUSR1, &a, NULL);
    struct sigaction on = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    static char area[65536]; stack_t none = {0}, plain = {area, 0, sizeof area}, odd = {area, SS_ONSTACK, sizeof area};
    stack_t off = {area, SS_DISABLE, sizeof area}, disarm = {area, 1u << 31, sizeof area}; show();
    R(syscall(SYS_sigaltstack, &none, NULL)); show(); R(sigaltstack(&plain, NULL)); show();
    R(sigaltstack(&odd, NULL)); show(); sigaction(SIGUSR1, &on, NULL); show();
    R(sigaltstack(&off, NULL)); show(); R(syscall(SYS_sigaltstack, &none, NULL)); show();
    R(sigaltstack(&disarm, NULL)); show(); R(syscall(SYS_sigaltstack, &none, NULL));
}
