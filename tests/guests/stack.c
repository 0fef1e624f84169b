/* The stack grows on touch up to its limit; below it there is SIGSEGV. The initial frame is the ABI's. */
#include "guest.h"

static __attribute__((noinline)) int deep(int n) {
    volatile char frame[1024];
    frame[0] = (char)n; frame[1023] = 1;
    return n == 0 ? 0 : deep(n - 1) + frame[1023];
}
static volatile long sink;
static __attribute__((noinline)) long endless(long n) { volatile char f[4096]; f[0] = (char)n;
return endless(n + 1) + f[0]; }

int main(int argc, char **argv, char **envp) {
    printf("%d\n", deep(6000));
    volatile char *jump = (char *)__builtin_frame_address(0) - 3 * 1024 * 1024;
    *jump = 1; T(*jump == 1);
    CHILD("endless recursion", sink = endless(0));
    CHILD("far below", *((volatile char *)__builtin_frame_address(0) - 64L * 1024 * 1024) = 1);
    struct rlimit r = {1 << 20, 1 << 23};
    CHILD("a smaller limit", setrlimit(RLIMIT_STACK, &r);
        *((volatile char *)__builtin_frame_address(0) - (6 << 20)) = 1);
    T(argv[argc] == NULL); T((void *)envp == (void *)(argv + argc + 1));
    char **e = envp; while (*e) e++;
    T((void *)getauxval(AT_RANDOM) > (void *)e);
    T(argv[0] > (char *)e); T(argc < 2 || argv[1] == argv[0] + strlen(argv[0]) + 1);
    T((char *)getauxval(AT_EXECFN) > argv[0]);
    T(((uintptr_t)argv & 7) == 0 && ((uintptr_t)(argv - 1) & 15) == 0);
}
