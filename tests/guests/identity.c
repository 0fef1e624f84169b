/* Ids, groups, prctl, limits, priorities, affinity, uname, sysinfo: answers that do not depend on the machine. */
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include "guest.h"

int main(void) {
    uid_t r, e, s; T(getuid() == geteuid()); R(getresuid(&r, &e, &s)); T(r == getuid() && e == r && s == r);
    T(getresgid(&r, &e, &s) == 0 && r == getgid()); R(setuid(getuid())); R(setreuid(-1, -1));
    R(setresgid(-1, -1, -1)); T(getgroups(0, NULL) >= 0); R(getgroups(-1, &r)); R(setgroups(1 << 20, &r));
    T(syscall(SYS_gettid) == getpid()); T(getppid() >= 0);
    CHILD("dropped", if (getuid() == 0) { T(setgroups(0, NULL) == 0); T(setresgid(99, 99, 99) == 0); T(setresuid(99,
        99, 99) == 0); R(setuid(0)); R(getuid()); R(getegid()); R(open("/etc/shadow", O_RDONLY));
        R(chown("/etc/passwd", 99, 99)); R(setpriority(PRIO_PROCESS, 0, -5)); R(chroot("."));
        R(setfsuid(0)); R(prctl(PR_GET_DUMPABLE)); });
    char n[17] = ""; R(prctl(PR_SET_NAME, "a-name-of-more-than-fifteen")); R(prctl(PR_GET_NAME, n)); puts(n);
    R(prctl(PR_SET_PDEATHSIG, 9)); int sig = -1; R(prctl(PR_GET_PDEATHSIG, &sig)); R(sig);
    R(prctl(PR_SET_PDEATHSIG, 99)); R(prctl(PR_SET_PDEATHSIG, 0)); R(prctl(PR_SET_DUMPABLE, 0));
    R(prctl(PR_GET_DUMPABLE)); R(prctl(PR_SET_DUMPABLE, 2)); R(prctl(PR_SET_DUMPABLE, 1)); R(prctl(99999));
    R(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0)); R(prctl(PR_SET_NO_NEW_PRIVS, 0, 0, 0, 0));
    R(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)); R(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0)); R(prctl(PR_GET_KEEPCAPS));
    R(prctl(PR_SET_CHILD_SUBREAPER, 1)); R(prctl(PR_GET_CHILD_SUBREAPER, &sig)); R(sig);
    R(prctl(PR_CAPBSET_READ, 999)); R(prctl(PR_GET_TIMERSLACK) > 0);
    unsigned long fs = 0; R(syscall(SYS_arch_prctl, 0x1003, &fs)); T(fs != 0);
    R(syscall(SYS_arch_prctl, 0x1001, 0x12345678)); R(syscall(SYS_arch_prctl, 0x1004, &fs)); printf("%lx\n", fs);
    R(syscall(SYS_arch_prctl, 0x1001, 1UL << 63)); R(syscall(SYS_arch_prctl, 0x1002, 1UL << 63));
    R(syscall(SYS_arch_prctl, 0x9999, 0)); R(syscall(SYS_arch_prctl, 0x1003, 8L));
    struct rlimit l, old; R(getrlimit(99, &l)); R(prlimit(0, RLIMIT_NOFILE, NULL, &old));
    l = (struct rlimit){100, 50}; R(setrlimit(RLIMIT_NOFILE, &l));
    l = (struct rlimit){old.rlim_cur / 2, old.rlim_max}; R(prlimit(0, RLIMIT_NOFILE, &l, &old));
    R(getrlimit(RLIMIT_NOFILE, &l)); T(l.rlim_cur == old.rlim_cur / 2);
    T(sysconf(_SC_OPEN_MAX) == (long)l.rlim_cur); R(prlimit(99999999, RLIMIT_CPU, NULL, &old));
    CHILD("inherits", getrlimit(RLIMIT_NOFILE, &old); T(old.rlim_cur == l.rlim_cur));
    CHILD("file size limit", l = (struct rlimit){10, 10}; setrlimit(RLIMIT_FSIZE, &l); int f = open("big",
        O_CREAT | O_RDWR, 0600); signal(SIGXFSZ, SIG_IGN); R(write(f, "0123456789abc", 13)); R(write(f, "x", 1));
        R(ftruncate(f, 11)); signal(SIGXFSZ, SIG_DFL); (void)!write(f, "x", 1));
    CHILD("no core", l = (struct rlimit){0, 0}; R(setrlimit(RLIMIT_CORE, &l)); R(getrlimit(RLIMIT_CORE, &l));
        R(l.rlim_max));
    CHILD("address space limit", l = (struct rlimit){1 << 28, 1 << 28}; R(setrlimit(RLIMIT_AS, &l)); R(mmap(NULL,
        1 << 29, RW, ANON, -1, 0) == MAP_FAILED); T(errno == ENOMEM); T(mmap(NULL, 1 << 20, RW, ANON, -1,
        0) != MAP_FAILED));
    errno = 0; R(getpriority(PRIO_PROCESS, 0)); R(setpriority(PRIO_PROCESS, 0, 5)); R(getpriority(PRIO_PROCESS, 0));
    R(nice(3)); R(getpriority(9, 0)); R(getpriority(PRIO_PROCESS, 99999999)); R(sched_yield()); cpu_set_t c;
    T(sched_getaffinity(0, sizeof c, &c) == 0 && CPU_COUNT(&c) > 0); R(sched_getaffinity(0, 1, &c));
    R(sched_getaffinity(99999999, sizeof c, &c)); R(sched_getscheduler(0)); R(sched_get_priority_max(SCHED_FIFO));
    R(sched_get_priority_min(SCHED_RR)); R(sched_get_priority_max(99)); struct sched_param sp;
    R(sched_getparam(0, &sp)); R(sp.sched_priority);
    struct utsname u; R(uname(&u)); puts(u.sysname); puts(u.machine);
    T(strlen(u.release) > 2 && strlen(u.version) > 2); char h[65] = ""; R(gethostname(h, 65));
    T(!strcmp(h, u.nodename)); struct sysinfo si; R(sysinfo(&si));
    T(si.uptime > 0 && si.totalram > 0 && si.freeram <= si.totalram && si.mem_unit >= 1);
    R(personality(0xffffffff)); R(syscall(SYS_getrandom, h, 16, 0)); R(syscall(SYS_getrandom, h, 16, 1));
    R(syscall(SYS_getrandom, h, 16, 8)); R(syscall(SYS_getrandom, h, 0, 0)); R(syscall(SYS_getrandom, h, 16, 6));
    R(syscall(SYS_set_tid_address, &sig) == getpid()); R(syscall(SYS_set_robust_list, h, 7)); R(sethostname(h, -1));
    R(syscall(SYS_getpgid, 0) == getpgrp());
}
