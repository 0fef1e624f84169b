/* A page beyond the end of a mapped file: SIGBUS to the guest, EFAULT to a system call. */
#include "guest.h"

static char *m;
static sigjmp_buf out;
static void handler(int s, siginfo_t *i, void *u) {
    (void)u; printf("signal %d code %d offset %ld\n", s, i->si_code, (long)((char *)i->si_addr - m));
    siglongjmp(out, 1);
}
#define TRY(e) do { printf("%s: ", #e); if (!sigsetjmp(out, 1)) { e; puts("no fault"); } } while (0)

int main(void) {
    struct sigaction a = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO};
    sigaction(SIGBUS, &a, NULL); sigaction(SIGSEGV, &a, NULL);
    int fd = file_of("f", "some bytes"), null = open("/dev/null", O_WRONLY), p[2];
    (void)!pipe(p);
    m = mmap(NULL, 3 * PAGE, RW, MAP_SHARED, fd, 0);
    volatile char *v = m;
    TRY((void)v[20]); TRY((void)v[PAGE + 3]); TRY(v[2 * PAGE + 7] = 1);
    R(write(p[1], m + PAGE, 10)); R(write(p[1], m, 10)); R(read(p[0], m + PAGE, 10)); R(read(p[0], m, 10));
    R(ftruncate(fd, 2 * PAGE)); TRY((void)v[PAGE + 3]); TRY(v[PAGE] = 'x'); TRY((void)v[2 * PAGE]);
    R(ftruncate(fd, 0)); TRY((void)v[0]); TRY(v[PAGE] = 'x');
    R(write(null, m, 1)); R(stat("f", (struct stat *)m)); R(open(m, O_RDONLY));
    R(ftruncate(fd, PAGE)); TRY((void)v[0]); R(v[0]);
    CHILD("in a child", signal(SIGBUS, SIG_DFL); v[PAGE] = 1);
    char *priv = mmap(NULL, 2 * PAGE, RW, MAP_PRIVATE, fd, 0); m = priv;
    TRY(((volatile char *)priv)[PAGE] = 1); TRY(((volatile char *)priv)[PAGE - 1] = 1);
}
