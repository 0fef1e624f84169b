/* Numbers that are no call: -ENOSYS, whatever their shape. */
#include "guest.h"

static long raw(long n) {
    long r;
    __asm__ volatile("syscall" : "=a"(r) : "a"(n), "D"(-1L), "S"(-1L), "d"(-1L) : "rcx", "r11", "memory");
    return r;
}

int main(void) {
    long odd[] = {337, 350, 386, 387, 400, 423, 548, 600, 999, 1024, 4096, 65535, 1L << 30, (1L << 30) + 39,
        0x7fffffff,
                  1L << 31, 0xffffffff, -1, -2, -39};
    for (unsigned i = 0; i < sizeof odd / sizeof *odd; i++) printf("%ld: %ld\n", odd[i], raw(odd[i]));
    int obsolete[] = {134, 156, 174, 177, 178, 180, 181, 182, 183, 184, 185, 205, 211, 214, 215, 236};
    for (unsigned i = 0; i < sizeof obsolete / sizeof *obsolete; i++)
        printf("%d: %ld\n", obsolete[i], raw(obsolete[i]));
    T(raw((1L << 32) + SYS_getppid) == getppid());
}
