/* What has bitten the LX brand, each once: see the project's reference. */
#include "guest.h"
#include <setjmp.h>
#include <ucontext.h>

static sigjmp_buf back; static void *where; static int code;
static void fault(int s, siginfo_t *i, void *u) { where = i->si_addr; code = i->si_code; siglongjmp(back, 1); }
static void at(uintptr_t a) { if (!sigsetjmp(back, 1)) { *(volatile char *)a; puts("no fault"); }
    else printf("%lx: %lx %d\n", (long)a, (long)where, code); }
static volatile int hits; static void hit(int s) { hits++; volatile char fill[4096]; memset((char *)fill, 0xee, sizeof fill); }

/* Eight words below the stack pointer are kept while a signal comes and its handler runs. */
static long red_zone(void) {
    long sum = 0;
    __asm__ volatile("movq $1, -8(%%rsp); movq $2, -16(%%rsp); movq $4, -64(%%rsp); movq $8, -120(%%rsp); movq $16, -128(%%rsp);"
        "mov %1, %%edi; mov $10, %%esi; mov $62, %%eax; syscall;"
        "movq -8(%%rsp), %0; addq -16(%%rsp), %0; addq -64(%%rsp), %0; addq -120(%%rsp), %0; addq -128(%%rsp), %0"
        : "=&r"(sum) : "r"(getpid()) : "rax", "rcx", "rdi", "rsi", "r11", "memory");
    return sum;
}

int main(void) {
    /* brk answering 0. */
    long start = syscall(SYS_brk, 0); T(start != 0); T(syscall(SYS_brk, 1) == start); T(syscall(SYS_brk, -1L) == start);
    T(syscall(SYS_brk, start + 3 * PAGE) == start + 3 * PAGE); T(syscall(SYS_brk, start) == start);
    /* The bounds of the table, off by one. */
    for (long n = 460; n < 560; n += 33) R(syscall(n + 100)); R(syscall(1L << 32 | SYS_getppid) == getppid());
    /* tgkill with another tgid; signals to threads that are not. */
    pid_t me = getpid(); R(syscall(SYS_tgkill, 1, me, 0)); R(syscall(SYS_tgkill, me, 1, 0)); R(syscall(SYS_tgkill, me, me, 0));
    R(syscall(SYS_tgkill, 0, me, 0)); R(syscall(SYS_tgkill, me, me, 65)); R(syscall(SYS_tkill, -1, 0));
    /* A vfork child's sigaction changes the parent. */
    signal(SIGUSR2, SIG_IGN); pid_t child = vfork();
    if (child == 0) { struct sigaction a = {.sa_handler = SIG_DFL}; sigaction(SIGUSR2, &a, NULL); _exit(0); }
    ended("vfork", child); struct sigaction now; sigaction(SIGUSR2, NULL, &now); T(now.sa_handler == SIG_IGN);
    /* ENOSYS against EOPNOTSUPP against EINVAL. */
    int f = file_of("f", "x"), p[2]; pipe(p); R(fallocate(f, 0x4000, 0, 1)); R(fallocate(p[0], 0, 0, 1)); R(fallocate(p[1], 0, 0, 1));
    R(fallocate(f, 0, 0, 0)); R(fallocate(f, 0, -1, 1)); R(fallocate(1000, 0, 0, 1)); R(syscall(SYS_membarrier, 0x8000, 0, 0));
    R(prctl(0x7fff, 0, 0, 0, 0)); R(prctl(PR_SET_NAME, 8)); R(fcntl(f, 0x7fff, 0)); R(ioctl(f, 0x12345678, 0)); R(ioctl(p[0], 0x5401, 0));
    R(mmap(NULL, PAGE, PROT_READ, 0, f, 0) == MAP_FAILED); R(errno); R(mmap(NULL, PAGE, PROT_READ, MAP_SHARED | MAP_PRIVATE | 4, f, 0) == MAP_FAILED);
    R(errno); R(madvise(&start, 1, 8)); R(openat(AT_FDCWD, "f", O_TMPFILE | O_RDWR)); R(sync_file_range(p[0], 0, 0, 0));
    R(syscall(SYS_renameat2, AT_FDCWD, "f", AT_FDCWD, "g", 8)); R(syscall(SYS_preadv2, f, NULL, 0, 0, 0, 0x8000));
    /* The red zone under a signal frame. */
    signal(SIGUSR1, hit); R(red_zone()); R(hits);
    /* RLIM_INFINITY, and a limit above 32 bits. */
    struct rlimit r; getrlimit(RLIMIT_FSIZE, &r); T(r.rlim_cur == RLIM_INFINITY); r.rlim_cur = 1L << 40; R(setrlimit(RLIMIT_FSIZE, &r));
    getrlimit(RLIMIT_FSIZE, &r); R(r.rlim_cur); getrlimit(RLIMIT_AS, &r); T(r.rlim_cur == RLIM_INFINITY);
    struct rlimit half = {1, 0}; R(setrlimit(RLIMIT_CORE, &half)); R(getrlimit(99, &r));
    /* si_addr cut to 32 bits. */
    struct sigaction a = {.sa_sigaction = fault, .sa_flags = SA_SIGINFO | SA_NODEFER}; sigaction(SIGSEGV, &a, NULL); sigaction(SIGBUS, &a, NULL);
    at(0); at(8); at(0x1234567890); at(0x7ffffffff000 - 1); at(0x7ffffffff000); at(1L << 47); at(1L << 62); at(~0UL); at(0xffff800000000000);
    char *hole = pages(3); munmap(hole + PAGE, PAGE); if (!sigsetjmp(back, 1)) memset(hole, 1, 3 * PAGE); T(where == hole + PAGE);
    /* Poll and select with senseless arguments. */
    R(syscall(SYS_poll, NULL, 0, 0)); R(syscall(SYS_poll, NULL, 1, 0)); R(syscall(SYS_poll, NULL, -1, 0)); R(syscall(SYS_select, -1, NULL, NULL, NULL, NULL));
    R(syscall(SYS_select, 0x7fffffff, NULL, NULL, NULL, &(struct timeval){0, 0})); R(syscall(SYS_select, 1, 8L, NULL, NULL, NULL));
    R(syscall(SYS_select, 0, NULL, NULL, NULL, &(struct timeval){0, -1})); R(syscall(SYS_ppoll, NULL, 0, &(struct timespec){0, 0}, NULL, 3));
}
