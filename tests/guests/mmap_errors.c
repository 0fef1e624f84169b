/* mmap's order of checks. */
#include "guest.h"

#define M(...) OK(mmap(__VA_ARGS__))

int main(void) {
    int rw = file_of("f", "hello"), ro = open("f", O_RDONLY), wo = open("f", O_WRONLY), dir = open(".", O_RDONLY);
    int pipes[2]; (void)!pipe(pipes);
    M(NULL, 0, RW, ANON, -1, 0);
    M(NULL, PAGE, RW, MAP_ANONYMOUS, -1, 0);
    M(NULL, PAGE, RW, MAP_PRIVATE, -1, 0);
    M(NULL, PAGE, RW, MAP_PRIVATE, 999, 0);
    M(NULL, PAGE, RW, MAP_PRIVATE, rw, 1);
    M(NULL, PAGE, PROT_READ, MAP_SHARED, wo, 0);
    M(NULL, PAGE, PROT_WRITE, MAP_PRIVATE, wo, 0);
    M(NULL, PAGE, RW, MAP_SHARED, ro, 0);
    M(NULL, PAGE, RW, MAP_PRIVATE, ro, 0);
    M(NULL, PAGE, PROT_READ, MAP_PRIVATE, dir, 0);
    M(NULL, PAGE, PROT_READ, MAP_PRIVATE, pipes[0], 0);
    M((void *)4097, PAGE, RW, ANON | MAP_FIXED, -1, 0);
    M((void *)0x7ffffffff000, PAGE, RW, ANON | MAP_FIXED, -1, 0);
    M((void *)(1L << 50), PAGE, RW, ANON | MAP_FIXED, -1, 0);
    M(NULL, 1L << 47, RW, ANON, -1, 0);
    M(NULL, -1, RW, ANON, -1, 0);
    M(NULL, PAGE, RW, MAP_PRIVATE, rw, -PAGE);
    M(NULL, PAGE, RW, MAP_SHARED_VALIDATE | 0x800000, rw, 0); M(NULL, PAGE, RW, MAP_SHARED_VALIDATE | 1 << 27, rw, 0);
    M(NULL, 1L << 36, PROT_NONE, ANON | MAP_NORESERVE, -1, 0);
    char *a = pages(2);
    T(mmap(a, PAGE, RW, ANON | MAP_FIXED_NOREPLACE, -1, 0) == MAP_FAILED && errno == EEXIST);
    munmap(a, PAGE);
    T(mmap(a, PAGE, RW, ANON | MAP_FIXED_NOREPLACE, -1, 0) == a);
    munmap(a, PAGE);
    T(mmap(a, PAGE, RW, ANON, -1, 0) == a);
    T(mmap(a + 1, PAGE, RW, ANON, -1, 0) != a);
    char *low = mmap(NULL, PAGE, RW, ANON | MAP_32BIT, -1, 0);
    T((uintptr_t)low >= 1UL << 30 && (uintptr_t)low < 1UL << 31);
    R(mmap((void *)0x10000000, PAGE, RW, ANON | MAP_32BIT, -1, 0));
    R(mmap((void *)0x7ffff000, PAGE, RW, ANON | MAP_32BIT, -1, 0));
    T((uintptr_t)mmap((void *)0x80000000, PAGE, RW, ANON | MAP_32BIT, -1, 0) < 1UL << 31);
    R(mmap((void *)0x520000, 0x7f000000, 0, ANON | MAP_32BIT, -1, 0));
    R(mmap((void *)0x520000, 0x80000000, 0, MAP_32BIT, rw, 0));
    R(mmap(NULL, 0x41000000, 0, ANON | MAP_32BIT, -1, 0));
    T(mmap(NULL, 0x38000000, 0, ANON | MAP_32BIT, -1, 0) != MAP_FAILED);
    R(mmap(NULL, 0x20000000, 0, ANON | MAP_32BIT, -1, 0));
    T(mmap(NULL, PAGE, RW, ANON | MAP_GROWSDOWN, -1, 0) != MAP_FAILED);
    T(mmap(NULL, PAGE, RW, ANON | MAP_POPULATE | MAP_STACK, -1, 0) != MAP_FAILED);
}
