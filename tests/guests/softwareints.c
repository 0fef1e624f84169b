/* `int n` of numbers that the kernel lets nobody use, and of int3's and into's. */
#include "guest.h"
#include <ucontext.h>

static sigjmp_buf back;
static void caught(int number, siginfo_t *info, void *context) {
    greg_t *r = ((ucontext_t *)context)->uc_mcontext.gregs; unsigned char *pc = (void *)r[REG_RIP];
    printf("signal %d code %d, trap %lld err %llx, at the instruction %d\n", number, info->si_code, r[REG_TRAPNO], r[REG_ERR], *pc == 0xcd); siglongjmp(back, 1);
}

int main(void) {
    unsigned char *code = mmap(NULL, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC, ANON, -1, 0); struct sigaction act = {.sa_sigaction = caught, .sa_flags = SA_SIGINFO};
    sigaction(SIGSEGV, &act, NULL); sigaction(SIGTRAP, &act, NULL); memset(code, 0x90, 64);
    for (int n = 2; n < 256; n++) {
        if (n == 6 || n == 8 || n == 13 || (n > 15 && n < 20) || n == 128) continue; /* those the emulated CPU raises itself; 32-bit calls */
        memcpy(code + 8, (unsigned char[]){0xcd, n, 0xc3}, 3); printf("int %d: ", n);
        if (!sigsetjmp(back, 1)) ((void (*)(void))code)();
    }
}
