/* mremap: in place when there is room, elsewhere with MAYMOVE, content kept; its refusals. */
#include "guest.h"

static void stays(const char *what, int flags, int fd) {
    for (int fixed = 0; fixed < 2; fixed++) {
        char *old = mmap(NULL, 2 * PAGE, RW, flags, fd, 0), *place = pages(2); munmap(place, 2 * PAGE);
        old[0] = 'a'; old[PAGE] = 'z';
        char *new = mremap(old, 2 * PAGE, 2 * PAGE, MREMAP_MAYMOVE | MREMAP_DONTUNMAP | (fixed ? MREMAP_FIXED : 0), place);
        T(new != MAP_FAILED);
        if (new == MAP_FAILED) continue;
        printf("%s: %d %d, old %d %d\n", what, new[0], new[PAGE], old[0], old[PAGE]);
        new[0] = 'n'; printf("%d\n", old[0]); munmap(new, 2 * PAGE); munmap(old, 2 * PAGE);
    }
}

int main(void) {
    char *a = pages(4);
    strcpy(a, "head"); strcpy(a + PAGE, "next");
    T(mremap(a, 4 * PAGE, 2 * PAGE, 0) == a);
    T(mremap(a, 2 * PAGE, 4 * PAGE, 0) == a); printf("%s %s %d\n", a, a + PAGE, a[2 * PAGE]);
    char *wall = mmap(a + 2 * PAGE, PAGE, PROT_READ, ANON | MAP_FIXED, -1, 0);
    T(wall == a + 2 * PAGE);
    T(mremap(a, 2 * PAGE, 3 * PAGE, 0) == MAP_FAILED && errno == ENOMEM);
    char *b = mremap(a, 2 * PAGE, 64 * PAGE, MREMAP_MAYMOVE);
    T(b != MAP_FAILED && b != a); printf("%s %s %d\n", b, b + PAGE, b[63 * PAGE]);
    b[63 * PAGE] = 7;
    T(mremap(a, PAGE, 2 * PAGE, MREMAP_MAYMOVE) == MAP_FAILED && errno == EFAULT);
    char *place = pages(8);
    T(mremap(b, 2 * PAGE, 2 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, place + PAGE) == place + PAGE);
    printf("%s %s\n", place + PAGE, place + 2 * PAGE);
    char *apart = mmap(NULL, 9 * PAGE, PROT_NONE, ANON, -1, 0); munmap(apart + 3 * PAGE, 6 * PAGE);
    T(mremap(apart, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_DONTUNMAP, apart + 5 * PAGE) == apart + 5 * PAGE); /* a hint */
    T(mremap(apart, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_DONTUNMAP, apart + 2 * PAGE) != apart + 2 * PAGE);
    T(mremap(apart, PAGE, 2 * PAGE, MREMAP_MAYMOVE, apart + 7 * PAGE) != apart + 7 * PAGE);
    char *several = mmap(NULL, 16 * PAGE, PROT_NONE, ANON, -1, 0), *where = several + 8 * PAGE; munmap(several + 2 * PAGE, PAGE);
    mprotect(several + PAGE, PAGE, RW); memcpy(several + PAGE, "one", 4); mprotect(several + 3 * PAGE, PAGE, RW); memcpy(several + 3 * PAGE, "three", 6);
    mprotect(where, 6 * PAGE, RW); where[2 * PAGE] = 'k'; long r = (long)mremap(several, 5 * PAGE, 5 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, where);
    printf("several: %s\n", r == -1 ? strerror(errno) : r == (long)where ? "moved" : "elsewhere");
    if (r != -1) { printf("%s %c %s\n", where + PAGE, where[2 * PAGE], where + 3 * PAGE); R(mprotect(several + PAGE, PAGE, RW)); R(mprotect(where, 5 * PAGE, RW)); }
    T(mremap(where + PAGE, 2 * PAGE, 2 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, several) == several); T(mremap(several + 3 * PAGE, 3 * PAGE, 3 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, where + 3 * PAGE) == MAP_FAILED);
    R(mremap(place + 1, PAGE, PAGE, 0));
    R(mremap(place, PAGE, 0, 0));
    R(mremap(place, PAGE, PAGE, 8));
    R(mremap(place, PAGE, PAGE, MREMAP_FIXED, place));
    R(mremap(place, 2 * PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, place + PAGE));
    R(mremap(place + 5 * PAGE, 0, PAGE, MREMAP_MAYMOVE));
    int fd = file_of("f", "shared");
    char *s = mmap(NULL, PAGE, RW, MAP_SHARED, fd, 0), *twin = mremap(s, 0, PAGE, MREMAP_MAYMOVE);
    T(twin != MAP_FAILED && twin != s);
    if (twin != MAP_FAILED) { s[0] = 'S'; printf("%s\n", twin); }
    char *big = mremap(s, PAGE, 2 * PAGE, MREMAP_MAYMOVE);
    (void)!ftruncate(fd, 2 * PAGE); big[PAGE] = 'x';
    char c; R(pread(fd, &c, 1, PAGE)); printf("%c\n", c);
    stays("private", ANON, -1); stays("shared", MAP_SHARED | MAP_ANONYMOUS, -1); stays("file", MAP_SHARED, fd); stays("copy of a file", MAP_PRIVATE, fd);
}
