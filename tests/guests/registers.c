/* After `syscall`: rcx is the return address, r11 the flags, every other register is as it was. */
#include "guest.h"

int main(void) {
    unsigned long rax = SYS_getppid, rcx = 0, r11 = 0, here = 0, flags = 0, kept = 0;
    __asm__ volatile(
        "mov $0x1111, %%rdi\n mov $0x2222, %%rsi\n mov $0x3333, %%rdx\n mov $0x4444, %%r10\n mov $0x5555, %%r8\n"
        "mov $0x6666, %%r9\n mov $0x7777, %%r12\n mov $0x8888, %%r13\n mov $0x9999, %%r14\n mov $0xaaaa, %%r15\n"
        "stc\n pushf\n pop %3\n syscall\n 1: lea 1b(%%rip), %2\n mov %%rcx, %0\n mov %%r11, %1\n"
        "xor $0x1111, %%rdi\n xor $0x2222, %%rsi\n xor $0x3333, %%rdx\n xor $0x4444, %%r10\n xor $0x5555, %%r8\n"
        "xor $0x6666, %%r9\n xor $0x7777, %%r12\n xor $0x8888, %%r13\n xor $0x9999, %%r14\n xor $0xaaaa, %%r15\n"
        "or %%rsi, %%rdi\n or %%rdx, %%rdi\n or %%r10, %%rdi\n or %%r8, %%rdi\n or %%r9, %%rdi\n or %%r12, %%rdi\n"
        "or %%r13, %%rdi\n or %%r14, %%rdi\n or %%r15, %%rdi\n mov %%rdi, %4\n"
        : "=m"(rcx), "=m"(r11), "=&r"(here), "=&b"(flags), "=m"(kept), "+a"(rax)
        :: "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15", "memory", "cc");
    T(rax == (unsigned long)getppid());
    T(rcx == here);
    T(r11 == flags); T(r11 & 1);
    T(kept == 0);
    double x = 1.0 / 3, y = 0;
    __asm__ volatile("movsd %1, %%xmm15\n mov $39, %%eax\n syscall\n movsd %%xmm15, %0"
                     : "=m"(y) : "m"(x) : "rax", "rcx", "r11", "xmm15", "memory");
    T(x == y);
}
