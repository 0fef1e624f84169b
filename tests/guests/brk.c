/* brk: new pages are zero, shrinking gives them back, an impossible break answers the present one. */
#include "guest.h"

static char *brk_to(void *p) { return (char *)syscall(SYS_brk, p); }

int main(void) {
    char *start = brk_to(NULL);
    T(start != NULL);
    T(brk_to(start + 3 * PAGE + 5) == start + 3 * PAGE + 5);
    int zero = 1;
    for (int i = 0; i < 3 * PAGE; i++) zero &= start[i] == 0;
    T(zero);
    memset(start, 'x', 3 * PAGE);
    T(brk_to(start + PAGE) == start + PAGE);
    T(brk_to(start + 3 * PAGE) == start + 3 * PAGE);
    T(start[0] == 'x'); T(start[2 * PAGE] == 0);
    T(brk_to((void *)1) == start + 3 * PAGE);
    T(brk_to((void *)-1) == start + 3 * PAGE);
    T(brk_to((void *)(1L << 46)) == start + 3 * PAGE);
    T(brk_to(start) == start);
    T(sbrk(16) == start); T(sbrk(0) == start + 16); T(sbrk(-16) == start + 16);
    char *top = (char *)(((uintptr_t)start + 16 * PAGE) & -PAGE);
    T(mmap(top, PAGE, RW, ANON | MAP_FIXED_NOREPLACE, -1, 0) == top);
    T(brk_to(top + 4 * PAGE) == start);
    T(brk_to(top - PAGE) == top - PAGE);
    struct rlimit r; getrlimit(RLIMIT_DATA, &r); r.rlim_cur = PAGE; R(setrlimit(RLIMIT_DATA, &r));
    munmap(top, PAGE); T(brk_to(top + 400 * PAGE) == top - PAGE);
    CHILD("child", T(brk_to(NULL) == top - PAGE); T(brk_to(start) == start));
    T(brk_to(NULL) == top - PAGE);
}
