/* signalfd: blocked signals are read, in order, with who sent them; SIGCHLD; raise; a changed set; fork; errors. */
#include "guest.h"
#include <sys/signalfd.h>

static struct signalfd_siginfo s[4];
static sigset_t set, other;

int main(void) {
    struct pollfd p; union sigval v = {.sival_int = 77};
    sigemptyset(&set); sigaddset(&set, SIGUSR1); sigaddset(&set, SIGCHLD); sigaddset(&set, SIGRTMIN + 2); sigaddset(&set, SIGKILL);
    kill(getpid(), SIGCHLD); sigprocmask(SIG_BLOCK, &set, NULL); raise(SIGUSR1);
    int f = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC), g; p = (struct pollfd){f, POLLIN, 0};
    R(fcntl(f, F_GETFL)); R(fcntl(f, F_GETFD)); R(poll(&p, 1, 0)); R(read(f, s, sizeof s)); R(s[0].ssi_signo); R(s[0].ssi_code);
    T(s[0].ssi_pid == (unsigned)getpid()); R(read(f, s, sizeof s)); R(read(f, s, 100)); R(poll(&p, 1, 0));
    sigqueue(getpid(), SIGRTMIN + 2, v); v.sival_int = 78; sigqueue(getpid(), SIGRTMIN + 2, v); kill(getpid(), SIGUSR1);
    kill(getpid(), SIGUSR1); R(poll(&p, 1, 0)); R(read(f, s, sizeof s) / (int)sizeof *s);
    for (int i = 0; i < 3; i++) printf("%u %d %d\n", s[i].ssi_signo - (s[i].ssi_signo > 31 ? SIGRTMIN : 0), s[i].ssi_code, s[i].ssi_int);
    pid_t k = fork(); if (k == 0) _exit(5); R(poll(&p, 1, 5000)); R(read(f, s, sizeof s) / (int)sizeof *s);
    R(s[0].ssi_signo); R(s[0].ssi_code); R(s[0].ssi_status); T(s[0].ssi_pid == (unsigned)k); ended("child", k);
    sigpending(&other); T(sigismember(&other, SIGCHLD)); k = fork(); if (k == 0) { usleep(20000); _exit(6); }
    ended("waited for without the descriptor", k); R(poll(&p, 1, 1000)); R(read(f, s, sizeof s) / (int)sizeof *s);
    g = signalfd(-1, &set, 0); k = fork(); if (k == 0) { usleep(20000); kill(getppid(), SIGUSR1); _exit(0); }
    R(read(g, s, sizeof *s)); R(s->ssi_signo); R(s->ssi_code); T(s->ssi_pid == (unsigned)k); ended("sender", k);
    CHILD("a child reads its own", raise(SIGUSR1); R(read(f, s, sizeof *s)); R(s->ssi_signo)); R(read(f, s, sizeof *s)); R(s->ssi_signo);
    sigemptyset(&other); sigaddset(&other, SIGUSR2); sigaddset(&other, SIGCHLD); sigprocmask(SIG_BLOCK, &other, NULL);
    raise(SIGUSR2); R(read(f, s, sizeof *s)); R(signalfd(f, &other, 0) == f); R(read(f, s, sizeof *s)); R(s->ssi_signo);
    raise(SIGUSR1); sigpending(&other); T(sigismember(&other, SIGUSR1)); R(sigwaitinfo(&set, NULL)); raise(SIGUSR1); raise(SIGUSR2);
    R(syscall(SYS_signalfd4, -1, &set, 4, 0)); R(syscall(SYS_signalfd4, -1, &set, 8, 1)); R(syscall(SYS_signalfd4, -1, 8, 8, 0));
    R(signalfd(0, &set, 0)); R(signalfd(99, &set, 0)); R(signalfd(-2, &set, 0)); OK(syscall(SYS_signalfd, -1, &set, 8));
    R(write(f, s, 128)); R(read(f, (void *)8, 128)); R(read(g, s, sizeof s) / (int)sizeof *s); R(s->ssi_signo);
    struct sigaction act = {.sa_handler = SIG_IGN}; raise(SIGUSR1); sigaction(SIGUSR1, &act, NULL); p.fd = g; R(poll(&p, 1, 0));
}
