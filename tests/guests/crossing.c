/* An instruction whose last bytes lie on a page that may not be executed: what comes before it runs, and the fault is its own. */
#include "guest.h"
#include <ucontext.h>

static char *code; static int ran, faults;
static void fault(int number, siginfo_t *info, void *context) {
    greg_t *r = ((ucontext_t *)context)->uc_mcontext.gregs; faults++;
    printf("signal %d code %d at %lx, pc %llx, ran %d, err %llx, flags %llx\n", number, info->si_code, (char *)info->si_addr - code, r[REG_RIP] - (long)code, ran, r[REG_ERR], r[REG_EFL] & 0x100);
    mprotect(code + PAGE, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC);
}

static void run(int before, int protection) {
    static const unsigned char bytes[] = {0xff, 0x07, 0xff, 0x07, 0xff, 0x07, 0xff, 0x07, 0xb8, 1, 2, 3, 4, 0xc3}; /* incl (rdi) four times; mov eax, n; ret */
    mprotect(code + PAGE, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC); ran = 0;
    memcpy(code + PAGE - before, bytes, sizeof bytes); mprotect(code + PAGE, PAGE, protection);
    R(((int (*)(int *))(code + PAGE - before))(&ran)); R(ran); R(faults);
}

int main(void) {
    struct sigaction act = {.sa_sigaction = fault, .sa_flags = SA_SIGINFO}; sigaction(SIGSEGV, &act, NULL);
    code = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE | PROT_EXEC, ANON, -1, 0);
    for (int before = 1; before < 14; before++) { run(before, PROT_NONE); run(before, PROT_READ); }
}
