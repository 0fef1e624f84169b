/* clone and clone3: CLONE_PIDFD, set_tid and other arguments that are refused, in Linux's order. */
#include "guest.h"

struct args { uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls, set_tid, set_tid_size, cgroup; };
static int made(long r) { if (r == 0) _exit(6); if (r > 0) ended("child", r); return r < 0 ? -errno : 1; }
#define C3(...) R(made((errno = 0, syscall(435, &(struct args){.exit_signal = SIGCHLD, __VA_ARGS__}, sizeof(struct args)))) == 1 ? 1 : errno)
#define C(flags, ...) R(made((errno = 0, syscall(SYS_clone, (flags), 0, __VA_ARGS__))) == 1 ? 1 : errno)
#define AT(x) ((uintptr_t)(x))
static long waited(int f) { siginfo_t i; memset(&i, 0, sizeof i); long r = waitid(3, f, &i, WEXITED); printf("status %d\n", i.si_status); return r; }

int main(void) {
    pid_t tid[3] = {0}; int f = -1; pid_t p = -1;
    C3(); C3(.set_tid_size = 1); C3(.set_tid = AT(tid)); C3(.set_tid = AT(tid), .set_tid_size = 33); C3(.set_tid = 8, .set_tid_size = 1); C3(.set_tid = AT(tid), .set_tid_size = 1);
    tid[0] = -1; C3(.set_tid = AT(tid), .set_tid_size = 1); tid[0] = 1 << 30; C3(.set_tid = AT(tid), .set_tid_size = 1); C3(.flags = CLONE_DETACHED, .set_tid = AT(tid), .set_tid_size = 1); C3(.flags = CLONE_SIGHAND, .set_tid = AT(tid), .set_tid_size = 1);
    C3(.exit_signal = 65); C3(.exit_signal = 1ull << 32); C3(.flags = 1ull << 40); C3(.flags = 0x100000000ull | CLONE_SIGHAND | CLONE_VM); C3(.stack = AT(tid)); C3(.stack_size = 64); C3(.flags = CLONE_THREAD);
    C3(.flags = CLONE_PIDFD, .pidfd = 8); C3(.flags = CLONE_PIDFD); C3(.flags = CLONE_PIDFD | CLONE_PARENT_SETTID, .pidfd = AT(&f), .parent_tid = AT(&f));
    C(CLONE_PIDFD | CLONE_PARENT_SETTID | SIGCHLD, &f, 0, 0); C(CLONE_PIDFD | CLONE_DETACHED | SIGCHLD, &f, 0, 0); C(CLONE_PIDFD | SIGCHLD, 8L, 0, 0); R(f);

    struct args a = {.exit_signal = SIGCHLD, .flags = CLONE_PIDFD | CLONE_PARENT_SETTID, .pidfd = AT(&f), .parent_tid = AT(&p)};
    pid_t k = syscall(435, &a, sizeof a); if (!k) pause(); T(k > 0 && p == k); T(f > 2); R(fcntl(f, F_GETFD)); struct pollfd w = {f, POLLIN, 0}; R(poll(&w, 1, 0)); R(syscall(SYS_pidfd_send_signal, f, SIGTERM, NULL, 0)); R(poll(&w, 1, 5000)); R(waited(f)); R(waited(f)); close(f);
    k = syscall(SYS_clone, CLONE_PIDFD | SIGCHLD, 0, &f, 0, 0); if (!k) _exit(9); T(k > 0 && f > 2); R(waited(f)); close(f); f = -1;
    k = syscall(SYS_clone, CLONE_PIDFD | CLONE_VFORK | SIGCHLD, 0, &f, 0, 0); if (!k) _exit(11); T(k > 0 && f > 2); R(waited(f)); close(f); f = -1;
    struct rlimit l, none; getrlimit(RLIMIT_NOFILE, &l); none = l; none.rlim_cur = 3; setrlimit(RLIMIT_NOFILE, &none); C(CLONE_PIDFD | SIGCHLD, &f, 0, 0); R(wait(NULL)); R(f); setrlimit(RLIMIT_NOFILE, &l);
    if (geteuid() == 0 && (setgid(65534) || setuid(65534))) return 1;
    tid[0] = 30001; C3(.set_tid = AT(tid), .set_tid_size = 1); tid[0] = getpid(); C3(.set_tid = AT(tid), .set_tid_size = 1); tid[0] = 0; C3(.set_tid = AT(tid), .set_tid_size = 1); C3(.flags = CLONE_PIDFD, .pidfd = 8, .set_tid = AT(&p), .set_tid_size = 1);
}
