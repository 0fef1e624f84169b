/* Bad pointers of calls that make a child or wait for one: what has been done before EFAULT stays done. */
#include "guest.h"
#include <sched.h>
#include <sys/resource.h>
#include <linux/sched.h>

static char *none, *readonly;

static pid_t child(int status) {
    pid_t pid = fork();
    if (!pid) _exit(status);
    return pid;
}

static void waits(void *bad) {
    struct rusage used;
    int status = 0;
    pid_t pid = child(3);
    siginfo_t info;
    R(waitid(P_PID, pid, &info, WEXITED | WNOWAIT));
    R(syscall(SYS_waitid, P_PID, pid, bad, WEXITED | WNOWAIT, NULL));
    R(syscall(SYS_waitid, P_PID, pid, &info, WEXITED | WNOWAIT, bad));
    R(syscall(SYS_wait4, pid, bad, 0, NULL));
    R(syscall(SYS_wait4, pid, &status, 0, NULL)); /* it has been reaped */
    pid = child(4);
    R(syscall(SYS_wait4, pid, &status, 0, bad)); printf("status %x\n", status);
    R(syscall(SYS_wait4, pid, &status, 0, &used));
    R(syscall(SYS_wait4, -1, bad, WNOHANG, bad));
    R(syscall(SYS_waitid, P_ALL, 0, bad, WEXITED | WNOHANG, bad));
    pid = child(5);
    R(syscall(SYS_waitid, P_PID, pid, bad, WEXITED, bad));
    R(syscall(SYS_waitid, P_PID, pid, NULL, WEXITED, NULL));
}

static void clones(void *bad) {
    int status;
    struct clone_args args = {.flags = CLONE_PARENT_SETTID | CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID, .exit_signal = SIGCHLD};
    args.parent_tid = args.child_tid = (unsigned long)bad;
    R(syscall(SYS_clone3, bad, sizeof args)); R(syscall(SYS_clone3, bad, 8)); R(syscall(SYS_clone3, NULL, 5000));
    pid_t pid = syscall(SYS_clone3, &args, sizeof args);
    if (!pid) _exit(6);
    T(pid > 0); OK(waitpid(pid, &status, 0)); printf("status %x\n", status);
    pid = syscall(SYS_clone, SIGCHLD | args.flags, NULL, bad, bad, 0);
    if (!pid) _exit(7);
    T(pid > 0); OK(waitpid(pid, &status, 0)); printf("status %x\n", status);
}

int main(void) {
    none = mmap(NULL, 2 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    readonly = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    void *bad[] = {(void *)8, none, readonly, none + PAGE - 1, (void *)(1ul << 47), (void *)-8ul};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        printf("%zu\n", i);
        waits(bad[i]);
        if (bad[i] != readonly) clones(bad[i]);
    }
}
