/* Mappings. The parameter is a number of other mappings: of alternating protection, so that no two are merged. */
#include "bench.h"

#define SPAN 65536
#define PAGE 4096
static char *area;

static void *map(long length)
{
    void *p = mmap(0, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED)
        fail("mmap", -1);
    return p;
}

static void others(long parameter)
{
    for (long i = 0; i < parameter; i++)
        if (mmap(0, PAGE, i % 2 ? PROT_READ : PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED)
            fail("mmap", -1);
    area = map(SPAN);
    memset(area, 1, SPAN);
}

static void mmap_munmap(long n) { LOOP ZERO(munmap(map(SPAN), SPAN)); }

static void mmap_touch_munmap(long n)
{
    LOOP {
        char *p = map(SPAN);
        for (int i = 0; i < SPAN; i += PAGE)
            p[i] = 1;
        ZERO(munmap(p, SPAN));
    }
}

static void mprotect_(long n)
{
    LOOP {
        ZERO(mprotect(area, PAGE, PROT_READ));
        ZERO(mprotect(area, PAGE, PROT_READ | PROT_WRITE));
    }
}

/* One page: the first touch after the kernel has taken it back. */
static void page_touch(long n)
{
    for (; n > 0; n -= SPAN / PAGE) {
        ZERO(madvise(area, SPAN, MADV_DONTNEED));
        for (int i = 0; i < SPAN; i += PAGE)
            area[i] = 1;
    }
}

static void brk_(long n)
{
    char *end = (char *)syscall(SYS_brk, 0);
    LOOP {
        EQUAL(syscall(SYS_brk, end + SPAN), end + SPAN);
        EQUAL(syscall(SYS_brk, end), end);
    }
}

static void mremap_(long n)
{
    char *p = map(SPAN);
    LOOP {
        if ((p = mremap(p, SPAN, 2 * SPAN, MREMAP_MAYMOVE)) == MAP_FAILED)
            fail("mremap", -1);
        if ((p = mremap(p, 2 * SPAN, SPAN, 0)) == MAP_FAILED)
            fail("mremap", -1);
    }
    ZERO(munmap(p, SPAN));
}

/* The soft MMU itself: a store to each of N pages in turn. */
static long pages;
static void many_pages(long parameter)
{
    pages = parameter;
    area = map(pages * PAGE);
    memset(area, 1, pages * PAGE);
}

static void store_pages(long n)
{
    long page = 0;
    LOOP {
        ((volatile char *)area)[page * PAGE] = 1;
        page = page + 1 == pages ? 0 : page + 1;
    }
}

const struct op MEMORY[] = {
    {"mmap_munmap", others, mmap_munmap},
    {"mmap_touch_munmap", others, mmap_touch_munmap},
    {"mprotect", others, mprotect_},
    {"page_touch", others, page_touch},
    {"brk", others, brk_},
    {"mremap", others, mremap_},
    {"store_pages", many_pages, store_pages},
    {0, 0, 0},
};
