/* Threads: birth, ids, thread-local storage, names, what a thread has of its own and what it shares, death, the process's end. */
/* cflags: -pthread */
#include "guest.h"
#include <pthread.h>

static __thread int mine = 5; static int shared; static pid_t leader;
static void *body(void *a) {
    char name[16]; pid_t tid = syscall(SYS_gettid); sigset_t set, old;
    T(getpid() == leader); T(tid != leader); T(mine == 5); mine = 6; shared++;
    R(pthread_getname_np(pthread_self(), name, 16)); puts(name); R(prctl(PR_SET_NAME, "a thread of mine, long")); R(prctl(PR_GET_NAME, name)); puts(name);
    char path[64], text[64]; sprintf(path, "/proc/self/task/%d/comm", tid); int fd = open(path, O_RDWR); ssize_t n = read(fd, text, 64); printf("%.*s", (int)n, text);
    R(write(fd, "other", 5)); close(fd); fd = open("/proc/thread-self/comm", O_RDONLY); n = read(fd, text, 64); printf("%.*s", (int)n, text); close(fd);
    fd = open("/proc/self/comm", O_RDONLY); n = read(fd, text, 64); printf("%.*s", (int)n, text); close(fd);
    sigemptyset(&set); sigaddset(&set, SIGUSR2); pthread_sigmask(SIG_BLOCK, &set, &old); T(sigismember(&old, SIGUSR1)); stack_t ss; R(sigaltstack(NULL, &ss)); R(ss.ss_flags);
    R(chdir("/tmp")); R(syscall(SYS_tgkill, leader, tid, 0)); R(syscall(SYS_tgkill, tid, tid, 0)); R(syscall(SYS_tkill, tid, 0)); R(kill(tid, 0)); R(syscall(SYS_tgkill, leader, 9999999, 0));
    R(syscall(SYS_getpgid, tid) == getpgrp()); R(syscall(SYS_sched_getscheduler, tid)); void *head; size_t size; R(syscall(SYS_get_robust_list, tid, &head, &size)); R(size);
    struct sched_param p; int policy; R(pthread_getschedparam(pthread_self(), &policy, &p)); cpu_set_t cpus; R(pthread_getaffinity_np(pthread_self(), sizeof cpus, &cpus)); clockid_t clock; R(pthread_getcpuclockid(pthread_self(), &clock));
    struct timespec ts; R(clock_gettime(clock, &ts)); return a;
}
static int lines(const char *path, const char *start) { FILE *f = fopen(path, "r"); char line[256]; int n = -1; while (fgets(line, 256, f)) if (!strncmp(line, start, strlen(start))) n = atoi(line + strlen(start)); fclose(f); return n; }
static void *quiet(void *a) { pause(); return a; }
static void *last(void *a) { usleep(20000); puts("the last one"); pthread_exit(a); }
static void *group(void *a) { exit(11); }
static void *killer(void *a) { raise(SIGKILL); return a; }
static void *thrower(void *a) { *(volatile int *)8 = 1; return a; }
static void *execer(void *a) { char *argv[] = {"sh", "-c", "echo exec from a thread; exit 4", NULL}; execv("/bin/sh", argv); return a; }
int main(void) {
    leader = getpid(); pthread_t t; void *result; sigset_t set; char text[64]; char stack[MINSIGSTKSZ * 2]; stack_t ss = {stack, 0, sizeof stack};
    sigemptyset(&set); sigaddset(&set, SIGUSR1); sigprocmask(SIG_BLOCK, &set, NULL); sigaltstack(&ss, NULL);
    pthread_create(&t, NULL, body, &shared); R(pthread_join(t, &result)); T(result == &shared); R(shared); R(mine); puts(getcwd(text, 64));
    pthread_sigmask(SIG_BLOCK, NULL, &set); R(sigismember(&set, SIGUSR2)); R(lines("/proc/self/status", "Threads:"));
    pthread_create(&t, NULL, quiet, NULL); R(lines("/proc/self/status", "Threads:")); R(access("/proc/self/task", F_OK)); struct stat st; stat("/proc/self/task", &st); R(st.st_nlink); pthread_cancel(t); R(pthread_join(t, &result)); T(result == PTHREAD_CANCELED);
    CHILD("leader exits first", pthread_create(&t, NULL, last, NULL); pthread_exit(NULL));
    CHILD("exit_group from a thread", pthread_create(&t, NULL, group, NULL); pause());
    CHILD("a thread is killed", pthread_create(&t, NULL, killer, NULL); pause());
    CHILD("a thread faults", pthread_create(&t, NULL, thrower, NULL); pause());
    CHILD("exec from a thread", pthread_create(&t, NULL, execer, NULL); pause());
    CHILD("raw exit of the leader", pthread_create(&t, NULL, last, NULL); syscall(SYS_exit, 7));
    CHILD("fork in a thread", pthread_create(&t, NULL, quiet, NULL); CHILD("inner", printf("%d\n", lines("/proc/self/status", "Threads:")); _exit(3)); _exit(2));
    R(syscall(SYS_clone, CLONE_THREAD, 0, 0, 0, 0)); R(syscall(SYS_clone, CLONE_THREAD | CLONE_SIGHAND, 0, 0, 0, 0)); R(syscall(SYS_clone, CLONE_SIGHAND, 0, 0, 0, 0)); R(syscall(SYS_clone, CLONE_FS | CLONE_NEWNS, 0, 0, 0, 0));
    struct { uint64_t flags, pidfd, child, parent, signal, stack, size, tls; } a = {CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD, 0, 0, 0, SIGCHLD, (uint64_t)stack, sizeof stack, 0};
    R(syscall(SYS_clone3, &a, sizeof a)); a.signal = 0; a.stack = 0; R(syscall(SYS_clone3, &a, sizeof a)); a.size = 0; a.flags |= CLONE_SETTLS; a.tls = -1; R(syscall(SYS_clone3, &a, sizeof a));
}
