/* Where mmap puts what it is given a hint for: the hint's page, if it is free and not below what everybody may map. */
#include "guest.h"
#include <sys/shm.h>

static void at(unsigned long hint, unsigned long size)
{
    char *p = mmap((void *)hint, size, RW, ANON, -1, 0);
    if ((unsigned long)p >> 32) printf("%#lx: elsewhere\n", hint);
    else printf("%#lx: %p\n", hint, (void *)p);
    munmap(p, size);
}

int main(void)
{
    static const unsigned long hints[] = {0, 1, 4095, 4096, 0x8001, 0xffff, 0x10000, 0x10001, 0x10100000, 0x10100001, 0x101007ff, 0x10100fff, 0x10101000};
    for (unsigned i = 0; i < sizeof hints / sizeof *hints; i++) { at(hints[i], 1); at(hints[i], 3 * PAGE); }
    T(mmap((void *)0x10101000, PAGE, RW, ANON, -1, 0) == (void *)0x10101000);
    at(0x10100001, PAGE);
    at(0x10100001, PAGE + 1);
    char *old = mmap(NULL, PAGE, RW, ANON, -1, 0);
    printf("%p\n", mremap(old, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_DONTUNMAP, (void *)0x10200801));
    int id = shmget(IPC_PRIVATE, PAGE, 0600);
    T(shmat(id, (void *)0x10300801, 0) == MAP_FAILED);
    printf("%p\n", shmat(id, (void *)0x10300801, SHM_RND));
    shmctl(id, IPC_RMID, NULL);
}
