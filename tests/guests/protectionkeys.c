/* Protection keys of a CPU without them, mlock2, and clone3. */
#include "guest.h"

struct args { unsigned long flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls, set_tid, set_tid_size, cgroup, more; };

int main(void) {
    char *m = pages(4); struct args a = {.exit_signal = SIGCHLD};
    R(syscall(SYS_pkey_mprotect, m, PAGE, PROT_READ, -1)); R(syscall(SYS_pkey_mprotect, m, PAGE, PROT_READ, 16)); R(syscall(SYS_pkey_mprotect, m + 1, PAGE, PROT_READ, -1));
    R(syscall(SYS_pkey_free, 99)); R(syscall(SYS_pkey_alloc, 1, 0)); R(syscall(SYS_pkey_alloc, 0, 9));
    R(syscall(SYS_mlock2, m, PAGE, 0)); R(syscall(SYS_mlock2, m, PAGE, 1)); R(syscall(SYS_mlock2, m, PAGE, 2)); R(syscall(SYS_mlock2, 4096L, PAGE, 0));
    pid_t k = syscall(SYS_clone3, &a, 64); if (k == 0) _exit(5); ended("clone3", k); R(syscall(SYS_clone3, &a, 63)); R(syscall(SYS_clone3, &a, 4097));
    k = syscall(SYS_clone3, &a, sizeof a); if (k == 0) _exit(6); ended("a longer clone3", k); a.more = 1; R(syscall(SYS_clone3, &a, sizeof a)); a.more = 0;
    a.stack = (long)m; R(syscall(SYS_clone3, &a, 64)); a.stack = 0; a.exit_signal = 65; R(syscall(SYS_clone3, &a, 64)); a.exit_signal = SIGCHLD; R(syscall(SYS_clone3, 8L, 64));
    int tid = 0; a.parent_tid = (long)&tid; a.flags = 0x00100000; k = syscall(SYS_clone3, &a, 88); if (k == 0) _exit(7); T(tid == k); ended("with PARENT_SETTID", k);
    R(a.flags);
}
