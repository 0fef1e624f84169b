/* clone and clone3 with every flag and every pair of flags, alone and beside those of a thread and of a vfork: Linux's errors.
 * Nothing is made, because an unprivileged user who may have no process is refused after the flags have been looked at.
 */
#include "guest.h"
#include <linux/sched.h>

static int words[4];
static uint64_t flags[] = {CLONE_NEWTIME, CLONE_VM, CLONE_FS, CLONE_FILES, CLONE_SIGHAND, CLONE_PIDFD, CLONE_PTRACE, CLONE_VFORK, CLONE_PARENT, CLONE_THREAD,
    CLONE_NEWNS, CLONE_SYSVSEM, CLONE_SETTLS, CLONE_PARENT_SETTID, CLONE_CHILD_CLEARTID, CLONE_DETACHED, CLONE_UNTRACED, CLONE_CHILD_SETTID, CLONE_NEWCGROUP,
    CLONE_NEWUTS, CLONE_NEWIPC, CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNET, CLONE_IO, CLONE_CLEAR_SIGHAND, CLONE_INTO_CGROUP, 1ull << 40, 0};
enum {MANY = sizeof flags / sizeof *flags};
static const uint64_t namespaces = CLONE_NEWTIME | CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET;

/* EINVAL before Linux 6.9. */
static const uint64_t a_threads_pidfd = CLONE_THREAD | CLONE_PIDFD;

/* A child has no stack of its own, so it must end at once. */
static long call(long number, long a, long b, long c, long d, long e) {
    register long r10 __asm__("r10") = d, r8 __asm__("r8") = e; long r;
    __asm__ volatile("syscall\n\ttest %%rax, %%rax\n\tjnz 1f\n\tmov $60, %%eax\n\txor %%edi, %%edi\n\tsyscall\n1:"
                     : "=a"(r) : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8) : "rcx", "r11", "memory");
    return r;
}
static long old(uint64_t f) { return call(SYS_clone, f, 0, (long)words, (long)(words + 1), (long)__builtin_thread_pointer()); }
static long new(uint64_t f) {
    static struct clone_args a;
    a = (struct clone_args){.flags = f, .pidfd = (long)words, .parent_tid = (long)(words + 2), .child_tid = (long)(words + 1), .tls = (long)__builtin_thread_pointer(), .cgroup = 999,
        .exit_signal = f & (CLONE_THREAD | CLONE_PARENT) ? 0 : SIGCHLD};
    return call(435, (long)&a, sizeof a, 0, 0, 0);
}
/* i: EINVAL, p: EPERM, '.': there was nothing wrong with the flags, be it that who would make it cannot (ENOSYS). New namespaces may be
 * had or not, so only EINVAL is told of them. */
static char kind(long r, uint64_t f) {
    if (r == -EINVAL) return 'i';
    if (f & namespaces || r >= 0 || r == -EAGAIN || r == -ENOSYS || (r == -EBADF && f & CLONE_INTO_CGROUP)) return '.';
    return r == -EPERM ? 'p' : '?';
}
static void walk(const char *what, long (*make)(uint64_t), uint64_t base) {
    printf("%s\n", what);
    for (int i = 0; i < MANY; i++) {
        char line[MANY + 1] = "";
        for (int j = 0; j <= i; j++) {
            uint64_t f = base | flags[i] | flags[j];
            int told = (make != old || !(f & ~0xffffff7full)) && (f & a_threads_pidfd) != a_threads_pidfd;
            line[j] = told ? kind(make(f), f) : ' ';
        }
        printf("%11llx %s\n", (unsigned long long)flags[i], line);
    }
}

int main(void) {
    struct rlimit none = {0, 0};
    if (geteuid() == 0 && (setgid(65534) || setuid(65534))) return 1;
    setrlimit(RLIMIT_NPROC, &none);
    walk("clone", old, SIGCHLD); walk("clone, without a signal", old, 0); walk("clone of a vfork", old, CLONE_VM | CLONE_VFORK | SIGCHLD);
    walk("clone with handlers", old, CLONE_VM | CLONE_SIGHAND | SIGCHLD); walk("clone of a thread", old, CLONE_VM | CLONE_SIGHAND | CLONE_THREAD);
    walk("clone3", new, 0); walk("clone3 of a vfork", new, CLONE_VM | CLONE_VFORK); walk("clone3 with handlers", new, CLONE_VM | CLONE_SIGHAND); walk("clone3 of a thread", new, CLONE_VM | CLONE_SIGHAND | CLONE_THREAD);
}
