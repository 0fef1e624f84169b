/* SIGSEGV: where (si_addr), why (si_code), and the context's registers that say the same. */
#include <ucontext.h>
#include "guest.h"

static char *base;
static sigjmp_buf out;
static void handler(int s, siginfo_t *i, void *u) {
    greg_t *g = ((ucontext_t *)u)->uc_mcontext.gregs;
    long at = (char *)i->si_addr - base;
    printf("signal %d code %d ", s, i->si_code);
    if (i->si_code == SI_KERNEL || (uintptr_t)i->si_addr < PAGE) printf("address %ld ", (long)i->si_addr);
    else if ((long)i->si_addr < 0) printf("upper half ");
    else printf("offset %ld ", at);
    printf("trap %lld error %lld cr2 %d rip-is-address %d\n", g[REG_TRAPNO], g[REG_ERR] & 0x16,
           i->si_code == SI_KERNEL || g[REG_CR2] == (greg_t)i->si_addr, g[REG_RIP] == (greg_t)i->si_addr);
    siglongjmp(out, 1);
}
#define TRY(e) do { printf("%s: ", #e); if (!sigsetjmp(out, 1)) { e; puts("no fault"); } } while (0)

int main(void) {
    struct sigaction a = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO};
    sigaction(SIGSEGV, &a, NULL); sigaction(SIGBUS, &a, NULL);
    base = mmap(NULL, 4 * PAGE, RW, ANON, -1, 0);
    volatile char *p = base; volatile long *q;
    mprotect(base + PAGE, PAGE, PROT_READ); mprotect(base + 2 * PAGE, PAGE, PROT_NONE); munmap(base + 3 * PAGE, PAGE);
    base[0] = (char)0xc3;
    TRY(*(volatile char *)16); TRY(*(volatile char *)16 = 1);
    TRY(p[PAGE] = 1); TRY((void)p[PAGE]); TRY(p[PAGE + 77] |= 1);
    TRY((void)p[2 * PAGE + 5]); TRY(p[2 * PAGE + 5] = 1); TRY((void)p[3 * PAGE + 9]);
    TRY(q = (long *)(base + 2 * PAGE - 4); (void)*q);
    TRY(q = (long *)(base + PAGE - 4); *q = 1);
    TRY(((void (*)(void))base)()); TRY(((void (*)(void))(base + 2 * PAGE))()); TRY(((void (*)(void))0)());
    TRY((void)*(volatile char *)0x8000000000000000); TRY(*(volatile char *)0xffff800000000000 = 1);
    TRY(__asm__ volatile("hlt")); TRY(__asm__ volatile("cli")); TRY(__asm__ volatile("mov %cr0, %rax"));
    TRY(__asm__ volatile("int $0x45"));
    mprotect(base, PAGE, PROT_READ | PROT_EXEC); TRY(((void (*)(void))base)());
    TRY(p[0] = 1);
}
