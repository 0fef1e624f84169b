/* signalfd: in an epoll set, for threads, ignored and stopped signals, timers, waits that other signals end, what is unblocked later. */
/* cflags: -pthread */
#include "guest.h"
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>

static struct signalfd_siginfo s[4];
static sigset_t set, rest;
static int f, caught;
static void on(int n) { caught = n; }
static void see(void) { ssize_t n = read(f, s, sizeof s); if (n < 0) { printf("%s\n", strerror(errno)); return; }
    for (int i = 0; i < n / (int)sizeof *s; i++) printf("%d/%d/%d/%d ", (int)s[i].ssi_signo, s[i].ssi_code, s[i].ssi_int, s[i].ssi_status); puts(""); }
static void *one(void *a) { (void)a; R(pthread_kill(pthread_self(), SIGUSR1)); see(); see(); return NULL; }
static void *reads(void *a) { (void)a; fcntl(f, F_SETFL, 0); see(); fcntl(f, F_SETFL, O_NONBLOCK); return NULL; }

int main(void) {
    sigemptyset(&set); sigaddset(&set, SIGUSR1); sigaddset(&set, SIGUSR2); sigaddset(&set, SIGALRM); sigaddset(&set, SIGCHLD); sigaddset(&set, SIGURG); sigaddset(&set, SIGRTMIN); sigprocmask(SIG_BLOCK, &set, NULL);
    f = signalfd(-1, &set, SFD_NONBLOCK); int ep = epoll_create1(0); struct epoll_event v = {EPOLLIN, {.u32 = 5}}, got[2]; R(epoll_ctl(ep, EPOLL_CTL_ADD, f, &v)); R(epoll_wait(ep, got, 2, 0));
    raise(SIGUSR1); R(epoll_wait(ep, got, 2, 0)); R(got[0].events); see(); R(epoll_wait(ep, got, 2, 0)); pid_t k = fork(); if (!k) { usleep(20000); kill(getppid(), SIGUSR2); usleep(100000); _exit(3); }
    R(epoll_wait(ep, got, 2, 5000)); see(); R(epoll_wait(ep, got, 2, 5000)); see(); ended("sender", k); struct epoll_event edge = {EPOLLIN | EPOLLET, {.u32 = 6}}; R(epoll_ctl(ep, EPOLL_CTL_MOD, f, &edge));
    raise(SIGUSR1); R(epoll_wait(ep, got, 2, 0)); R(epoll_wait(ep, got, 2, 0)); raise(SIGUSR2); R(epoll_wait(ep, got, 2, 0)); see(); R(epoll_wait(ep, got, 2, 0));
    pthread_t t; pthread_create(&t, NULL, one, NULL); pthread_join(t, NULL); pthread_create(&t, NULL, reads, NULL); usleep(20000); kill(getpid(), SIGUSR2); pthread_join(t, NULL); see();
    raise(SIGURG); see(); signal(SIGUSR1, SIG_IGN); raise(SIGUSR1); see(); signal(SIGUSR1, SIG_DFL); for (int i = 2; i >= 0; i--) sigqueue(getpid(), SIGRTMIN, (union sigval){.sival_int = i}); raise(SIGUSR2); see();
    k = fork(); if (!k) { raise(SIGSTOP); _exit(0); } struct pollfd p = {f, POLLIN | POLLOUT, 0}; R(poll(&p, 1, 5000)); R(p.revents); see(); kill(k, SIGCONT); waitpid(k, NULL, WCONTINUED); p.revents = 0; R(poll(&p, 1, 5000)); usleep(50000); R(read(f, s, sizeof s) > 0); waitpid(k, NULL, 0); while (read(f, s, sizeof s) > 0) {}
    ualarm(20000, 0); fcntl(f, F_SETFL, 0); see(); struct sigevent e = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1, .sigev_value.sival_int = 44}; timer_t id; R(timer_create(CLOCK_MONOTONIC, &e, &id));
    struct itimerspec i = {{0, 0}, {0, 20000000}}; R(timer_settime(id, 0, &i, NULL)); see(); R(s[0].ssi_overrun); T(s[0].ssi_tid == 0); timer_delete(id); signal(SIGHUP, on); siginterrupt(SIGHUP, 1); k = fork(); if (!k) { usleep(30000); kill(getppid(), SIGHUP); usleep(30000); _exit(0); }
    R(read(f, s, sizeof s)); R(caught); see(); ended("caller", k); fcntl(f, F_SETFL, O_NONBLOCK); raise(SIGUSR1); sigpending(&rest); R(sigismember(&rest, SIGUSR1)); struct timespec zero = {0, 0}; R(sigtimedwait(&set, NULL, &zero)); see(); raise(SIGUSR1);
    CHILD("nothing is pending in a child", see(); raise(SIGUSR2); see()); see(); signal(SIGUSR2, on); raise(SIGUSR2); sigprocmask(SIG_UNBLOCK, &set, NULL); R(caught); see(); CHILD("the default action", signal(SIGUSR1, SIG_DFL); raise(SIGUSR1)); signal(SIGUSR1, SIG_IGN); raise(SIGUSR1); see();
    sigprocmask(SIG_BLOCK, &set, NULL); fd_set r; FD_ZERO(&r); FD_SET(f, &r); struct timeval tv = {0, 0}; R(select(f + 1, &r, NULL, NULL, &tv)); raise(SIGUSR1); FD_SET(f, &r); R(select(f + 1, &r, NULL, NULL, NULL)); see(); raise(SIGUSR2);
}
