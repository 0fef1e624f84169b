/* Handlers on an alternate stack, and what may be done to it meanwhile. */
#include "guest.h"

static char area[65536] __attribute__((aligned(16)));
static void handler(int s) {
    char here; stack_t now, other = {.ss_sp = area, .ss_size = sizeof area};
    (void)s;
    T(&here > area && &here < area + sizeof area);
    R(sigaltstack(NULL, &now)); T(now.ss_flags == SS_ONSTACK); T(now.ss_sp == area);
    R(sigaltstack(&other, NULL));
}
static void plain(int s) { char here; (void)s; T(&here < area || &here > area + sizeof area); }
static sigjmp_buf out;
static void overflow(int s) { siglongjmp(out, s); }
static __attribute__((noinline)) long endless(long n) { volatile char f[4096]; f[0] = (char)n;
return endless(n + 1) + f[0]; }

int main(void) {
    stack_t st = {.ss_sp = area, .ss_size = sizeof area}, got;
    R(sigaltstack(NULL, &got)); R(got.ss_flags); R(got.ss_size);
    R(sigaltstack(&st, NULL)); R(sigaltstack(NULL, &got)); R(got.ss_flags); R(got.ss_size);
    struct sigaction a = {.sa_handler = handler, .sa_flags = SA_ONSTACK};
    sigaction(SIGUSR1, &a, NULL); raise(SIGUSR1);
    a.sa_handler = plain; a.sa_flags = 0; sigaction(SIGUSR2, &a, NULL); raise(SIGUSR2);
    CHILD("in the child", sigaltstack(NULL, &got); T(got.ss_sp == area); raise(SIGUSR1));
    a.sa_handler = overflow; a.sa_flags = SA_ONSTACK; sigaction(SIGSEGV, &a, NULL);
    if (!sigsetjmp(out, 1)) R(endless(0)); else puts("stack overflow was caught");
    stack_t tiny = {.ss_sp = area, .ss_size = 1024}, off = {.ss_flags = SS_DISABLE}, odd = {.ss_sp = area,
        .ss_flags = 99, .ss_size = 8192};
    R(sigaltstack(&tiny, NULL)); R(sigaltstack(&odd, NULL)); R(syscall(SYS_sigaltstack, 8L, NULL));
    R(sigaltstack(&off, &got)); T(got.ss_sp == area); R(sigaltstack(NULL, &got)); R(got.ss_flags);
}
