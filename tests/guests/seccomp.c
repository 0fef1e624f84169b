/* seccomp: which programs are filters, what each verdict does, who inherits, strict mode, errors and their order. */
/* cflags: -pthread */
#include "guest.h"
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#ifndef SECCOMP_FILTER_FLAG_TSYNC_ESRCH
#define SECCOMP_FILTER_FLAG_TSYNC_ESRCH 16
#endif

#define NR BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0)
#define ARG(n) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 16 + 8 * (n))
#define IF(k, t, f) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, k, t, f)
#define SAY(v) BPF_STMT(BPF_RET | BPF_K, v)
#define ALLOW SAY(SECCOMP_RET_ALLOW)
#define FILTER(flags, ...) ({ struct sock_filter f_[] = {__VA_ARGS__}; struct sock_fprog p_ = {sizeof f_ / sizeof *f_, f_}; syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &p_); })
#define ON(call, v) NR, IF(call, 0, 1), SAY(v), ALLOW
static void trapped(int s, siginfo_t *i, void *u) { ucontext_t *c = u; printf("trap %d code %d errno %d nr %d arch %x addr %d rax %lld\n", s, i->si_code, i->si_errno, i->si_syscall, i->si_arch, (long)i->si_call_addr == c->uc_mcontext.gregs[REG_RIP], c->uc_mcontext.gregs[REG_RAX]); c->uc_mcontext.gregs[REG_RAX] = 1234; }
static volatile int go; static void *waits(void *p) { while (!go) sched_yield(); errno = 0; long r = getppid(); printf("thread: %ld %d\n", r == -1 ? -1L : 0L, errno); return NULL; }
static void *dies(void *p) { getppid(); puts("not reached"); return NULL; }
static void status(void) { char b[4096]; FILE *f = fopen("/proc/self/status", "r"); while (fgets(b, sizeof b, f)) if (!strncmp(b, "Seccomp", 7)) fputs(b, stdout); fclose(f); }

int main(int argc, char **argv) {
    if (argc > 1) { errno = 0; R(getppid()); R(prctl(PR_GET_SECCOMP)); return 0; }
    struct sock_fprog none = {0, NULL}, far = {1, (void *)8}, many = {4097, (void *)8}; unsigned act = SECCOMP_RET_ERRNO; struct seccomp_notif_sizes sz = {0};
    R(prctl(PR_GET_SECCOMP)); R(prctl(PR_SET_SECCOMP, 0)); R(prctl(PR_SET_SECCOMP, 3)); R(syscall(SYS_seccomp, 9, 0, NULL)); R(syscall(SYS_seccomp, 0, 1, NULL)); R(syscall(SYS_seccomp, 0, 0, &none)); R(syscall(SYS_seccomp, 1, 64, &none)); R(syscall(SYS_seccomp, 1, 9, NULL)); R(syscall(SYS_seccomp, 1, 32, NULL)); R(syscall(SYS_seccomp, 1, 0, NULL)); R(syscall(SYS_seccomp, 1, 0, &none)); R(syscall(SYS_seccomp, 1, 0, &many));
    R(syscall(SYS_seccomp, 2, 0, &act)); act = 0x12340000; R(syscall(SYS_seccomp, 2, 0, &act)); R(syscall(SYS_seccomp, 2, 1, &act)); R(syscall(SYS_seccomp, 2, 0, 8L)); R(syscall(SYS_seccomp, 3, 0, &sz)); printf("%d %d %d\n", sz.seccomp_notif, sz.seccomp_notif_resp, sz.seccomp_data); R(syscall(SYS_seccomp, 3, 0, 8L));
    CHILD("no privileges", if (getuid() == 0 && setuid(1000)) _exit(9); R(FILTER(0, ALLOW)); R(syscall(SYS_seccomp, 1, 0, &far)); R(syscall(SYS_seccomp, 1, 0, &none)); prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); R(FILTER(0, ALLOW)); R(prctl(PR_GET_SECCOMP)));
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); R(syscall(SYS_seccomp, 1, 0, &far));
    R(FILTER(0, NR)); R(FILTER(0, BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 2), ALLOW)); R(FILTER(0, BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 64), ALLOW)); R(FILTER(0, BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 0), ALLOW)); R(FILTER(0, BPF_STMT(BPF_LD | BPF_W | BPF_IND, 0), ALLOW)); R(FILTER(0, IF(1, 1, 0), ALLOW)); R(FILTER(0, BPF_STMT(BPF_JMP | BPF_JA, 1), ALLOW)); R(FILTER(0, BPF_STMT(BPF_LD | BPF_MEM, 3), ALLOW)); R(FILTER(0, BPF_STMT(BPF_ST, 16), ALLOW)); R(FILTER(0, BPF_STMT(BPF_ALU | BPF_DIV | BPF_K, 0), ALLOW)); R(FILTER(0, BPF_STMT(BPF_ALU | BPF_LSH | BPF_K, 32), ALLOW)); R(FILTER(0, BPF_STMT(BPF_ALU | BPF_MOD | BPF_K, 3), ALLOW)); R(FILTER(0, BPF_STMT(0xff, 0), ALLOW)); R(FILTER(0, BPF_STMT(0x1000, 0), ALLOW)); R(FILTER(0, BPF_STMT(BPF_RET | BPF_X, 0))); R(FILTER(0, IF(1, 0, 1), BPF_STMT(BPF_ST, 1), BPF_STMT(BPF_LD | BPF_MEM, 1), ALLOW)); R(prctl(PR_GET_SECCOMP));
    CHILD("errno", R(FILTER(0, ON(SYS_getppid, SECCOMP_RET_ERRNO | 77))); R(getppid()); R(syscall(SYS_getpgid, 0) > 0); R(prctl(PR_GET_SECCOMP)); status(); R(FILTER(0, ON(SYS_getpid, SECCOMP_RET_ERRNO | 5000))); R(syscall(SYS_getpid)); R(FILTER(0, ON(SYS_getppid, SECCOMP_RET_ERRNO | 78))); R(getppid()); status(); CHILD("inherits", R(getppid()));
        CHILD("exec too", execl("/proc/self/exe", "x", "y", NULL)); R(prctl(PR_SET_SECCOMP, 1)); R(FILTER(0, ON(SYS_getppid, SECCOMP_RET_ERRNO))); R(getppid()); R(FILTER(0, ON(99999, SECCOMP_RET_ERRNO | 3))); R(syscall(99999)); R(FILTER(0, ON(SYS_getppid, SECCOMP_RET_KILL_PROCESS))); getppid());
    CHILD("by argument", R(FILTER(0, NR, IF(SYS_lseek, 0, 3), ARG(2), IF(77, 0, 1), SAY(SECCOMP_RET_ERRNO | 9), ALLOW)); R(syscall(SYS_lseek, 99, 0, 77)); R(syscall(SYS_lseek, 1, 0, 78) == -1 && errno != 9));
    CHILD("arithmetic", R(FILTER(0, NR, BPF_STMT(BPF_MISC | BPF_TAX, 0), BPF_STMT(BPF_ALU | BPF_SUB | BPF_K, SYS_getppid), BPF_STMT(BPF_ST, 2), BPF_STMT(BPF_ALU | BPF_MUL | BPF_K, 3), BPF_STMT(BPF_ALU | BPF_ADD | BPF_X, 0), BPF_STMT(BPF_ALU | BPF_XOR | BPF_K, SYS_getppid), BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, 0, 2, 0), BPF_STMT(BPF_LD | BPF_MEM, 2), BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, -1, 0, 1), ALLOW, BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 4), IF(AUDIT_ARCH_X86_64, 0, 1), SAY(SECCOMP_RET_ERRNO | 11), SAY(SECCOMP_RET_ERRNO | 12))); R(getppid()); R(syscall(SYS_getpgid, 0) > 0));
    CHILD("trap", struct sigaction sa = {.sa_sigaction = trapped, .sa_flags = SA_SIGINFO}; sigaction(SIGSYS, &sa, NULL); R(FILTER(0, ON(SYS_getppid, SECCOMP_RET_TRAP | 55))); R(getppid())); CHILD("trap kills", FILTER(0, ON(SYS_getppid, SECCOMP_RET_TRAP)); getppid()); CHILD("blocked trap kills", sigset_t s; sigfillset(&s); sigprocmask(SIG_BLOCK, &s, NULL); signal(SIGSYS, SIG_IGN); FILTER(0, ON(SYS_getppid, SECCOMP_RET_TRAP)); getppid());
    CHILD("kill", signal(SIGSYS, SIG_IGN); FILTER(0, ON(SYS_getppid, SECCOMP_RET_KILL_THREAD)); getppid()); CHILD("trace", FILTER(0, ON(SYS_getppid, SECCOMP_RET_TRACE)); R(getppid())); CHILD("notify", FILTER(0, ON(SYS_getppid, SECCOMP_RET_USER_NOTIF)); R(getppid())); CHILD("log", FILTER(0, ON(SYS_getppid, SECCOMP_RET_LOG)); R(getppid() > 0)); CHILD("unknown", FILTER(0, ON(SYS_getppid, 0x12340000)); R(getppid()));
    CHILD("threads", pthread_t th; pthread_create(&th, NULL, waits, NULL); R(FILTER(SECCOMP_FILTER_FLAG_TSYNC, ON(SYS_getppid, SECCOMP_RET_ERRNO | 21))); R(getppid()); go = 1; pthread_join(th, NULL));
    CHILD("one thread dies", pthread_t th; FILTER(0, ON(SYS_getppid, SECCOMP_RET_KILL_THREAD)); pthread_create(&th, NULL, dies, NULL); pthread_join(th, NULL); puts("the other lives"));
    CHILD("strict", R(syscall(SYS_seccomp, 0, 0, NULL)); if (write(1, "allowed\n", 8) == 8) syscall(SYS_exit, 3)); CHILD("strict kills", prctl(PR_SET_SECCOMP, 1); syscall(SYS_getpid)); CHILD("strict, exit_group", prctl(PR_SET_SECCOMP, 1); _exit(0));
}
