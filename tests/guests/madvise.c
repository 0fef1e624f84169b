/* madvise and mincore: DONTNEED forgets, holes are told, unknown advice is refused. */
#include "guest.h"

int main(void) {
    int fd = file_of("f", "file content");
    char *a = pages(4), *p = mmap(NULL, PAGE, RW, MAP_PRIVATE, fd, 0), *s = mmap(NULL, PAGE, RW, MAP_SHARED, fd, 0);
    memset(a, 'x', 4 * PAGE); p[0] = 'P'; s[5] = 'C';
    R(madvise(a, 2 * PAGE, MADV_DONTNEED)); printf("%d %d %d\n", a[0], a[PAGE], a[2 * PAGE]);
    R(madvise(p, PAGE, MADV_DONTNEED)); puts(p);
    R(madvise(s, PAGE, MADV_DONTNEED)); puts(s);
    R(madvise(a, 4 * PAGE, MADV_NORMAL)); R(madvise(a, 4 * PAGE, MADV_RANDOM)); R(madvise(a, PAGE, MADV_SEQUENTIAL));
    R(madvise(a, 4 * PAGE, MADV_WILLNEED)); R(madvise(a, PAGE, MADV_DONTFORK)); R(madvise(a, PAGE, MADV_DOFORK));
    R(madvise(a, PAGE, 999)); R(madvise(a + 1, PAGE, MADV_NORMAL)); R(madvise(a, 0, MADV_NORMAL));
    R(madvise(a, 0, 999)); R(madvise(a, -1, MADV_NORMAL));
    munmap(a + PAGE, PAGE);
    R(madvise(a, 4 * PAGE, MADV_DONTNEED)); printf("%d\n", a[3 * PAGE]);
    unsigned char v[4] = {9, 9, 9, 9};
    a[0] = 1;
    R(mincore(a, PAGE, v)); T(v[0] & 1);
    R(mincore(a, 2 * PAGE, v)); R(mincore(a + 1, PAGE, v)); R(mincore(a, 0, v)); R(mincore(a, PAGE, (void *)8));
    R(mlock(a, PAGE)); R(munlock(a, PAGE)); R(mlock(a + PAGE, PAGE)); R(munlockall()); R(mlockall(0));
}
