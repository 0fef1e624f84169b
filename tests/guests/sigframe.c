/* The signal frame: red zone kept, SSE and x87 state and flags restored, registers changed in the context take hold. */
#include <ucontext.h>
#include "guest.h"

static void spoil(int s) {
    (void)s; double d = 9; __asm__ volatile("movsd %0, %%xmm7\n fninit\n std\n cld" :: "m"(d) : "xmm7");
    unsigned m = 0x1fc0; __asm__ volatile("ldmxcsr %0" :: "m"(m));
}
static void skip(int s, siginfo_t *i, void *u) {
    (void)s; (void)i; greg_t *g = ((ucontext_t *)u)->uc_mcontext.gregs;
    g[REG_RIP] += 2; g[REG_R12] = 4242;
}
static volatile int ticks;
static void tick(int s) { (void)s; ticks++; }

int main(void) {
    signal(SIGUSR1, spoil);
    long kept = 0; double x = 1.25, y = 0; unsigned mxcsr = 0; unsigned short cw = 0x27f, cw2 = 0;
    __asm__ volatile("fldcw %0" :: "m"(cw));
    __asm__ volatile(
        "movsd %3, %%xmm7\n mov $0x1234567890abcdef, %%r12\n mov %%r12, -8(%%rsp)\n mov %%r12, -120(%%rsp)\n"
        "mov $39, %%eax\n syscall\n mov %%eax, %%edi\n mov $10, %%esi\n mov $62, %%eax\n stc\n syscall\n setc %%bl\n"
        "mov -8(%%rsp), %%rax\n sub %%r12, %%rax\n mov -120(%%rsp), %%rcx\n sub %%r12, %%rcx\n or %%rcx, %%rax\n"
        "mov %%rax, %0\n"
        "movsd %%xmm7, %1\n stmxcsr %2\n"
        : "=m"(kept), "=m"(y), "=m"(mxcsr) : "m"(x) : "rax", "rbx", "rcx", "rdi", "rsi", "r11", "r12", "xmm7",
            "memory", "cc");
    __asm__ volatile("fnstcw %0" : "=m"(cw2));
    T(kept == 0); T(y == 1.25); T((mxcsr & 0xffc0) == 0x1f80); T(cw2 == 0x27f);
    struct sigaction a = {.sa_sigaction = skip, .sa_flags = SA_SIGINFO};
    sigaction(SIGILL, &a, NULL);
    long r12 = 0; __asm__ volatile("xor %%r12d, %%r12d\n ud2\n mov %%r12, %0" : "=r"(r12) :: "r12"); R(r12);
    signal(SIGALRM, tick);
    struct itimerval t = {{0, 2000}, {0, 2000}}; setitimer(ITIMER_REAL, &t, NULL);
    double sum = 0; unsigned long long h = 1469598103934665603ULL; long double l = 0;
    for (long i = 0; ticks < 8; i++) { volatile long j = i; (void)j; }
    for (int i = 1; i < 60000; i++) { sum += 1.0 / i; h = (h ^ (unsigned)i) * 1099511628211ULL; l += 1.0L / i; }
    printf("%.12f %llx %.12Lf\n", sum, h, l);
}
