/* mprotect applies what it reached before a hole, then answers ENOMEM. */
#include "guest.h"

static sigjmp_buf out;
static void caught(int s) { siglongjmp(out, s); }
static int writes(volatile char *p) { if (sigsetjmp(out, 1)) return 0; *p = 1; return 1; }

int main(void) {
    signal(SIGSEGV, caught);
    char *a = pages(5);
    T(munmap(a + 2 * PAGE, PAGE) == 0);
    T(mprotect(a, 5 * PAGE, PROT_READ) == -1 && errno == ENOMEM);
    T(writes(a)); T(writes(a + PAGE)); T(writes(a + 3 * PAGE)); T(writes(a + 4 * PAGE));
    R(mprotect(a, 2 * PAGE, RW));
    T(writes(a)); T(writes(a + PAGE));
    R(mprotect(a + 1, PAGE, RW));
    R(mprotect(a, 0, PROT_READ)); T(writes(a));
    R(mprotect(a, 1, PROT_READ)); T(writes(a + PAGE - 1)); T(writes(a + PAGE));
    R(mprotect(a, PAGE, 0x40));
    R(mprotect(a + 2 * PAGE, PAGE, PROT_READ));
    R(mprotect(a, -PAGE, PROT_READ));
    R(mprotect(a, PAGE, PROT_NONE));
    R(write(open("/dev/null", O_WRONLY), a, 1));
    int fd = file_of("f", "text"); close(fd); fd = open("f", O_RDONLY);
    char *m = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0);
    R(mprotect(m, PAGE, RW));
    char *p = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, 0);
    R(mprotect(p, PAGE, RW)); T(writes(p)); T(m[0] == 't' && p[0] == 1);
}
