/* Leaving handlers by siglongjmp, signals nested three deep, SIGCHLD and SIGPIPE as they come. */
#include "guest.h"

static sigjmp_buf out;
static void jump(int s) { siglongjmp(out, s); }
static void nest(int s) { printf("in %d\n", s); if (s == SIGUSR1) raise(SIGUSR2); if (s == SIGUSR2) raise(SIGHUP);
printf("out %d\n", s); }
static volatile int chld; static siginfo_t seen;
static void child_done(int s, siginfo_t *i, void *u) { (void)s; (void)u; seen = *i; chld++; }

int main(void) {
    signal(SIGTERM, jump);
    for (volatile int i = 0; i < 500; i++) { if (!sigsetjmp(out, 1)) { raise(SIGTERM); puts("not reached"); } }
    puts("500 jumps");
    signal(SIGUSR1, nest); signal(SIGUSR2, nest); signal(SIGHUP, nest); raise(SIGUSR1);
    struct sigaction a = {.sa_sigaction = child_done, .sa_flags = SA_SIGINFO | SA_RESTART};
    sigaction(SIGCHLD, &a, NULL);
    pid_t pid = fork(); if (pid == 0) _exit(9);
    while (!chld) usleep(1000);
    printf("code %d status %d pid %d uid %d\n", seen.si_code, seen.si_status, seen.si_pid == pid,
        seen.si_uid == getuid());
    ended("child", pid);
    signal(SIGTERM, SIG_DFL);
    chld = 0; pid = fork(); if (pid == 0) { pause(); _exit(0); }
    pid_t second = fork(); if (second == 0) { raise(SIGTERM); _exit(0); }
    ended("default", second); T(chld >= 1); T(seen.si_code == CLD_KILLED && seen.si_status == SIGTERM);
    kill(pid, SIGKILL); ended("killed", pid);
    a.sa_flags = SA_NOCLDWAIT; a.sa_handler = SIG_IGN; sigaction(SIGCHLD, &a, NULL);
    if (fork() == 0) _exit(1);
    R(wait(NULL)); signal(SIGCHLD, SIG_DFL);
    int p[2]; (void)!pipe(p); close(p[0]);
    CHILD("write to a broken pipe", (void)!write(p[1], "x", 1));
    signal(SIGPIPE, nest); R(write(p[1], "x", 1)); signal(SIGPIPE, SIG_IGN); R(write(p[1], "x", 1));
}
