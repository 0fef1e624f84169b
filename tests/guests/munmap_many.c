/* munmap goes over several mappings and over holes; it splits what it takes the middle of. */
#include "guest.h"

static sigjmp_buf out;
static void caught(int s) { siglongjmp(out, s); }
static int there(volatile char *p) { if (sigsetjmp(out, 1)) return 0; (void)*p; return 1; }

int main(void) {
    signal(SIGSEGV, caught);
    char *a = pages(6);
    mmap(a + 2 * PAGE, 2 * PAGE, PROT_READ, ANON | MAP_FIXED, -1, 0);
    for (int i = 0; i < 6; i++) printf("%d", there(a + i * PAGE));
    puts("");
    R(munmap(a + PAGE, 2 * PAGE));
    for (int i = 0; i < 6; i++) printf("%d", there(a + i * PAGE));
    puts("");
    R(munmap(a, 6 * PAGE));
    for (int i = 0; i < 6; i++) printf("%d", there(a + i * PAGE));
    puts("");
    R(munmap(a, 6 * PAGE));
    R(munmap(a + 1, PAGE));
    R(munmap(a, 0));
    R(munmap(a, -1));
    R(munmap((void *)(1L << 47), PAGE));
    a = pages(3); strcpy(a + 2 * PAGE, "kept");
    R(munmap(a + PAGE, 1)); puts(a + 2 * PAGE);
    char *b = mmap(a + PAGE, PAGE, RW, ANON | MAP_FIXED, -1, 0);
    T(b == a + PAGE); T(b[0] == 0 && b[PAGE - 1] == 0); puts(b + PAGE);
    for (int i = 0; i < 3000; i++) { char *c = pages(1); *c = 1; if (i % 2) munmap(c, PAGE); }
    puts("three thousand");
}
