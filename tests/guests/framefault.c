/* What a frame says of the last fault (error, trap number, cr2), which Linux keeps for each thread and shows in every frame. */
#include "guest.h"
#include <pthread.h>
#include <ucontext.h>

static sigjmp_buf back;
static void show(int number, siginfo_t *info, void *context) {
    greg_t *r = ((ucontext_t *)context)->uc_mcontext.gregs;
    printf("signal %d code %d: err %llx trap %lld cr2 %llx\n", number, info->si_code, r[REG_ERR], r[REG_TRAPNO], r[REG_CR2]);
    if (number != SIGUSR1 && number != SIGTRAP) siglongjmp(back, 1);
}

static void *thread(void *unused) { raise(SIGUSR1); return unused; }
static void touch(volatile char *at, int write) { if (!sigsetjmp(back, 1)) { if (write) *at = 1; else (void)*at; } raise(SIGUSR1); }

int main(void) {
    struct sigaction act = {.sa_sigaction = show, .sa_flags = SA_SIGINFO}; pthread_t other;
    for (int i = 0; i < 6; i++) sigaction((int[]){SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGUSR1, SIGTRAP}[i], &act, NULL);
    char *none = mmap((char *)0x10000000, PAGE, PROT_NONE, ANON | MAP_FIXED, -1, 0);
    char *read_only = mmap((char *)0x10001000, PAGE, PROT_READ, ANON | MAP_FIXED, -1, 0);
    raise(SIGUSR1); touch((char *)8, 0); touch((char *)8, 1); touch(none, 0); touch(none, 1); touch(read_only, 1);
    touch((char *)0x7ffffffff000, 0); touch((char *)0xffff888000000010, 0); touch((char *)0xffff888000000010, 1); touch((char *)0x1000000000000000, 0);
    if (!sigsetjmp(back, 1)) ((void (*)(void))0xffff888000000010)();
    if (!sigsetjmp(back, 1)) asm volatile("ud2");
    if (!sigsetjmp(back, 1)) asm volatile("div %0" : : "r"(0) : "rax", "rdx");
    if (!sigsetjmp(back, 1)) asm volatile("hlt");
    asm volatile("int3"); pthread_create(&other, NULL, thread, NULL); pthread_join(other, NULL);
    if (!fork()) { raise(SIGUSR1); _exit(0); }
    wait(NULL); raise(SIGUSR1);
}
