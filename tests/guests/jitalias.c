/* Code that changes under a shared executable mapping through the file or through another mapping of it. */
#include "guest.h"

typedef int (*fn)(void);
static void put(unsigned char *p, int n) { unsigned char code[] = {0xb8, 0, 0, 0, 0, 0xc3}; memcpy(code + 1, &n, 4); memcpy(p, code, 6); }

int main(void) {
    unsigned char c[6]; int fd = file_of("code", ""); put(c, 77); (void)!write(fd, c, 6);
    unsigned char *m = mmap(NULL, PAGE, PROT_READ | PROT_EXEC, MAP_SHARED, fd, 0); R(((fn)m)()); put(c, 80); R(pwrite(fd, c, 6, 0)); R(((fn)m)());
    int mf = memfd_create("jit", 0); (void)!ftruncate(mf, PAGE); unsigned char *w = mmap(NULL, PAGE, RW, MAP_SHARED, mf, 0);
    unsigned char *x = mmap(NULL, PAGE, PROT_READ | PROT_EXEC, MAP_SHARED, mf, 0); put(w, 90); R(((fn)x)()); put(w, 91); R(((fn)x)());
}
