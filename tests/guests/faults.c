/* CPU faults as signals: divide error, undefined instruction, breakpoint, trap flag; where rip stands in each. */
#include <ucontext.h>
#include "guest.h"

static sigjmp_buf out;
static void handler(int s, siginfo_t *i, void *u) {
    greg_t *g = ((ucontext_t *)u)->uc_mcontext.gregs;
    const unsigned char *rip = (void *)g[REG_RIP];
    printf("signal %d code %d trap %lld address-is-rip %d address-zero %d bytes %02x %02x\n", s, i->si_code,
        g[REG_TRAPNO],
           i->si_addr == (void *)rip, i->si_addr == NULL, rip[-1] == 0xcc ? 0xcc : 0, rip[0] == 0x0f ? 0x0f : 0);
    siglongjmp(out, 1);
}
#define TRY(...) do { printf("%s: ", #__VA_ARGS__); \
    if (!sigsetjmp(out, 1)) { __VA_ARGS__; puts("no fault"); } } while (0)

int main(void) {
    struct sigaction a = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO};
    int all[] = {SIGFPE, SIGILL, SIGTRAP, SIGSEGV, SIGBUS};
    for (int i = 0; i < 5; i++) sigaction(all[i], &a, NULL);
    volatile int zero = 0, seven = 7, min = INT_MIN, one = -1;
    volatile int r;
    TRY(r = seven / zero); TRY(r = min / one); TRY(r = min % one);
    TRY(__asm__ volatile("ud2")); TRY(__asm__ volatile("int3")); TRY(__asm__ volatile(".byte 0x06"));
    TRY(__asm__ volatile("ud2" ::: "memory"));
    TRY(__asm__ volatile("divq %0" :: "m"(*(long *)&(long){0}), "a"(1), "d"(5) : "cc"));
    (void)r;
    CHILD("ud2", signal(SIGILL, SIG_DFL); __asm__ volatile("ud2"));
    CHILD("int3", signal(SIGTRAP, SIG_DFL); __asm__ volatile("int3"));
    CHILD("div", signal(SIGFPE, SIG_DFL); r = seven / zero);
    CHILD("div, ignored", signal(SIGFPE, SIG_IGN); r = seven / zero);
    sigset_t s; sigfillset(&s);
    CHILD("div, blocked", sigprocmask(SIG_BLOCK, &s, NULL); r = seven / zero);
    CHILD("raise(SIGFPE), ignored", signal(SIGFPE, SIG_IGN); raise(SIGFPE));
    CHILD("abort", abort());
}
