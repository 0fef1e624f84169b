/* What single flags of clone and clone3 do to a new process, and what is wrong with their arguments. */
#include "guest.h"
#include <linux/sched.h>
#include <sys/sem.h>

static int parent_word, child_word;
static pid_t made(uint64_t flags, void *parent, void *child, unsigned long tls) { return syscall(SYS_clone, flags, 0, parent, child, tls); }
static long made3(struct clone_args a, size_t size) { pid_t k = syscall(435, &a, size); if (!k) _exit(6); if (k > 0) waitpid(k, NULL, __WALL); return k < 0 ? -1 : 1; }
static int fine(pid_t k) { if (!k) _exit(0); int status = 1; return k < 0 ? -1 : waitpid(k, &status, __WALL) == k && status == 0; }
#define C3(...) do { long r_ = made3((struct clone_args){.exit_signal = SIGCHLD, __VA_ARGS__}, 88); printf("%s: %s\n", #__VA_ARGS__, r_ < 0 ? strerror(errno) : "ok"); } while (0)
static int priority(int who) { return syscall(SYS_ioprio_get, 1, who); }

int main(void) {
    unsigned long base = (unsigned long)__builtin_thread_pointer(), top = 0x7ffffffff000;
    pid_t k = made(CLONE_SETTLS | SIGCHLD, 0, 0, base); if (!k) _exit((unsigned long)__builtin_thread_pointer() == base ? 0 : 1); ended("SETTLS", k);
    R(fine(made(CLONE_SETTLS | SIGCHLD, 0, 0, top))); R(fine(made(CLONE_SETTLS | SIGCHLD, 0, 0, -1))); C3(.flags = CLONE_SETTLS, .tls = top); C3(.flags = CLONE_SETTLS | CLONE_NEWPID | CLONE_THREAD, .tls = top);
    R(fine(made(SIGCHLD, 0, 0, -1)));
    k = made(CLONE_PARENT_SETTID | CLONE_CHILD_SETTID | SIGCHLD, &parent_word, &child_word, 0); if (!k) _exit(!(child_word == getpid() && (parent_word == 0))); T(parent_word == k && child_word == 0); ended("SETTID", k);
    R(fine(made(CLONE_PARENT_SETTID | CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID | SIGCHLD, (void *)8, (void *)-8, 0)));
    char *both = mmap(NULL, PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0); int *shared = (int *)both;
    k = made(CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID | SIGCHLD, 0, shared, 0); if (!k) _exit(0); waitpid(k, NULL, 0); T(*shared == k);
    R(fine(made(1ull << 32 | 1ull << 33 | 1ull << 60 | SIGCHLD, 0, 0, 0))); signal(SIGUSR1, SIG_IGN);
    R(fine(made(CLONE_PTRACE | CLONE_UNTRACED | CLONE_DETACHED | SIGCHLD, 0, 0, 0)));
    C3(.flags = CLONE_PTRACE | CLONE_UNTRACED | CLONE_IO | CLONE_SYSVSEM | CLONE_FS);
    /* The structure, and its members. */
    struct clone_args a = {.exit_signal = SIGCHLD}; char big[5000] = ""; memcpy(big, &a, sizeof a);
    R(made3(a, 63)); R(made3(a, 64)); R(made3(a, 80)); R(syscall(435, big, 4097)); R(syscall(435, NULL, 64)); R(syscall(435, NULL, 63)); R(syscall(435, NULL, 4097)); R(fine(syscall(435, big, 4096))); big[100] = 1; R(syscall(435, big, 4096)); R(syscall(435, big, 4097));
    C3(.stack = 4096, .stack_size = -4096ull); C3(.stack = top, .stack_size = 4096); C3(.stack = top - 4096, .stack_size = 8192); C3(.stack = 1ull << 60, .stack_size = 16); C3(.stack_size = 1); C3(.stack = 1);
    C3(.flags = CLONE_INTO_CGROUP, .cgroup = 1ull << 31); C3(.flags = CLONE_INTO_CGROUP, .cgroup = 999); C3(.flags = CLONE_INTO_CGROUP, .cgroup = 1); a.flags = CLONE_INTO_CGROUP; R(made3(a, 80)); C3(.cgroup = -1ull);
    C3(.flags = CLONE_INTO_CGROUP | CLONE_THREAD, .cgroup = 999); C3(.flags = CLONE_INTO_CGROUP | CLONE_PIDFD, .cgroup = 999, .pidfd = 8); C3(.flags = CLONE_INTO_CGROUP | CLONE_SETTLS, .cgroup = 999, .tls = top);
    C3(.flags = CLONE_PIDFD | CLONE_SETTLS, .tls = top, .pidfd = 8);
    signal(64, SIG_IGN); C3(.exit_signal = 0); C3(.exit_signal = 64); C3(.exit_signal = 65); C3(.exit_signal = 256); C3(.flags = CLONE_PARENT, .exit_signal = SIGUSR1);
    /* Handlers cleared are the default, what was ignored stays so. */
    signal(SIGUSR2, (void (*)(int))main); a = (struct clone_args){.flags = CLONE_CLEAR_SIGHAND, .exit_signal = SIGCHLD}; k = syscall(435, &a, sizeof a); if (!k) { T(signal(SIGUSR2, SIG_DFL) == SIG_DFL); T(signal(SIGUSR1, SIG_DFL) == SIG_IGN); _exit(0); } ended("CLEAR_SIGHAND", k);
    /* What semaphores undo, and the I/O priority, is one for both. */
    int set = semget(IPC_PRIVATE, 1, 0600); struct sembuf up = {0, 1, SEM_UNDO};
    k = made(SIGCHLD, 0, 0, 0); if (!k) _exit(semop(set, &up, 1) != 0); ended("undone", k); R(semctl(set, 0, GETVAL));
    k = made(CLONE_SYSVSEM | SIGCHLD, 0, 0, 0); if (!k) _exit(semop(set, &up, 1) != 0); ended("SYSVSEM", k); R(semctl(set, 0, GETVAL)); semctl(set, 0, IPC_RMID);
    R(syscall(SYS_ioprio_set, 1, 0, 2 << 13 | 5)); k = made(SIGCHLD, 0, 0, 0); if (!k) _exit(syscall(SYS_ioprio_set, 1, 0, 2 << 13 | 7) != 0); ended("its own", k); T(priority(0) == (2 << 13 | 5));
    k = made(CLONE_IO | SIGCHLD, 0, 0, 0); if (!k) _exit(syscall(SYS_ioprio_set, 1, 0, 2 << 13 | 7) != 0); ended("IO", k); T(priority(0) == (2 << 13 | 7));
}
