/* Event descriptors of a process that has given up its user id: those it had, new ones, and what a child does with them. */
#include "guest.h"
#include <grp.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>

int main(void) {
    if (getuid()) { puts("needs root"); return 0; }
    int old = eventfd(0, EFD_NONBLOCK); umask(077); setgroups(0, NULL); R(setresgid(65534, 65534, 65534)); R(setresuid(65534, 65534, 65534)); eventfd_t v; R(eventfd_write(old, 3)); R(eventfd_read(old, &v)); R(v);
    int ep = epoll_create1(0), e = eventfd(1, 0), t = timerfd_create(CLOCK_MONOTONIC, 0), i = inotify_init1(IN_NONBLOCK); T(ep > 2 && e > 2 && t > 2 && i > 2); struct epoll_event ev = {EPOLLIN, {.u32 = 7}}; R(epoll_ctl(ep, EPOLL_CTL_ADD, e, &ev)); R(epoll_wait(ep, &ev, 1, 0));
    sigset_t m; sigemptyset(&m); sigaddset(&m, SIGUSR1); sigprocmask(SIG_BLOCK, &m, NULL); int s = signalfd(-1, &m, 0); raise(SIGUSR1); struct signalfd_siginfo g; R(read(s, &g, sizeof g)); R(g.ssi_signo);
    struct itimerspec when = {{0, 0}, {0, 10000000}}; R(timerfd_settime(t, 0, &when, NULL)); R(read(t, &v, 8)); R(v); R(eventfd_read(e, &v)); pid_t k = fork(); if (!k) { eventfd_write(e, 5); _exit(0); } int p = syscall(SYS_pidfd_open, k, 0); R(eventfd_read(e, &v)); R(v);
    struct pollfd w = {p, POLLIN, 0}; R(poll(&w, 1, 5000)); ended("writer", k); R(inotify_add_watch(i, "/proc/self", IN_OPEN) > 0 || errno == EACCES);
}
