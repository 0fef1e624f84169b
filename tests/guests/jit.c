/* Code made while running: rewritten in place, protected back and forth, read in by a system call, shared. */
#include "guest.h"

typedef int (*fn)(void);
static void put(unsigned char *p, int n) { unsigned char code[] = {0xb8, 0, 0, 0, 0, 0xc3}; memcpy(code + 1, &n, 4);
memcpy(p, code, 6); }

int main(void) {
    unsigned char *rwx = mmap(NULL, 2 * PAGE, RW | PROT_EXEC, ANON, -1, 0), *w = mmap(NULL, PAGE, RW, ANON, -1, 0);
    long sum = 0;
    for (int i = 0; i < 300; i++) { put(rwx + (i % 3) * 16, i); sum += ((fn)(rwx + (i % 3) * 16))(); } R(sum);
    sum = 0; for (int i = 0; i < 50; i++) { mprotect(w, PAGE, RW); put(w, i);
    mprotect(w, PAGE, PROT_READ | PROT_EXEC); sum += ((fn)w)(); } R(sum);
    put(w = mmap(NULL, PAGE, RW | PROT_EXEC, ANON, -1, 0), 1); R(((fn)w)()); int fd = file_of("code", "");
    unsigned char c[6]; put(c, 77); (void)!write(fd, c, 6); R(pread(fd, w, 6, 0)); R(((fn)w)());
    int p[2]; (void)!pipe(p); put(c, 78); (void)!write(p[1], c, 6); R(read(p[0], w, 6)); R(((fn)w)());
    struct iovec v[2] = {{w, 3}, {w + 3, 3}}; put(c, 79); (void)!write(p[1], c, 6); R(readv(p[0], v, 2));
    R(((fn)w)());
    unsigned char *m = mmap(NULL, PAGE, PROT_READ | PROT_EXEC, MAP_SHARED, fd, 0); R(((fn)m)());
    unsigned char *again = mmap(m, PAGE, RW | PROT_EXEC, ANON | MAP_FIXED, -1, 0); put(again, 81); R(((fn)m)());
    munmap(m, PAGE); m = mmap(m, PAGE, RW | PROT_EXEC, ANON | MAP_FIXED, -1, 0); put(m, 82); R(((fn)m)());
    unsigned char *a = mmap(NULL, PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0), *x; char path[64];
    int mf = memfd_create("jit", 0); (void)a; (void)!ftruncate(mf, PAGE); sprintf(path, "/proc/self/fd/%d", mf);
    unsigned char *wr = mmap(NULL, PAGE, RW, MAP_SHARED, mf, 0);
    x = mmap(NULL, PAGE, PROT_READ | PROT_EXEC, MAP_SHARED, mf, 0); put(wr, 90); R(((fn)x)());
    put(rwx, 5); CHILD("child", put(rwx, 6); R(((fn)rwx)())); R(((fn)rwx)());
    unsigned char *moved = mremap(rwx, 2 * PAGE, 20 * PAGE, MREMAP_MAYMOVE); R(((fn)moved)());
    unsigned char *self = moved + 64; unsigned char mod[] = {0xc6, 0x05, 1, 0, 0, 0, 42, 0xb8, 1, 0, 0, 0, 0xc3};
    memcpy(self, mod, sizeof mod); R(((fn)self)()); put(moved + PAGE - 3, 7); R(((fn)(moved + PAGE - 3))());
    put(moved + PAGE - 3, 300); R(((fn)(moved + PAGE - 3))());
}
