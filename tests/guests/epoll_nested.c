/* epoll: level, edge, oneshot, exclusive, nested, loops, data, full buffers, masks, timeouts, errors, fork, closing. */
#include "guest.h"
#include <sys/epoll.h>
#include <sys/eventfd.h>

static struct epoll_event e[8];
static void nothing(int s) { (void)s; }
static void show(int n) { printf("%d:", n); for (int i = 0; i < n; i++) printf(" %x/%llx", e[i].events, (unsigned long long)e[i].data.u64); puts(""); }
static int ctl(int ep, int op, int fd, uint32_t events, uint64_t data) { struct epoll_event v = {events, {.u64 = data}}; return epoll_ctl(ep, op, fd, &v); }

int main(void) {
    int p[2], q[2], fd = file_of("f", "x"), ep = epoll_create1(EPOLL_CLOEXEC), in, deep[7], one = eventfd(0, 0); (void)!pipe(p); (void)!pipe(q);
    R(epoll_create1(1)); R(epoll_create(0)); R(epoll_create(-1)); OK(epoll_create(1)); R(fcntl(ep, F_GETFD)); R(fcntl(ep, F_GETFL));
    R(ctl(ep, EPOLL_CTL_ADD, p[0], EPOLLIN, 0x1122334455667788)); R(ctl(ep, EPOLL_CTL_ADD, p[0], EPOLLIN, 1));
    R(ctl(ep, EPOLL_CTL_MOD, q[0], EPOLLIN, 1)); R(ctl(ep, EPOLL_CTL_DEL, q[0], 0, 0)); R(ctl(ep, EPOLL_CTL_ADD, fd, EPOLLIN, 1));
    R(ctl(ep, EPOLL_CTL_ADD, ep, EPOLLIN, 1)); R(ctl(ep, EPOLL_CTL_ADD, 99, EPOLLIN, 1)); R(ctl(99, EPOLL_CTL_ADD, p[0], EPOLLIN, 1));
    R(ctl(p[0], EPOLL_CTL_ADD, p[1], EPOLLIN, 1)); R(ctl(ep, 7, p[0], EPOLLIN, 1)); R(epoll_ctl(ep, EPOLL_CTL_ADD, q[0], (void *)8));
    R(epoll_ctl(99, 7, 98, (void *)8)); R(epoll_ctl(ep, EPOLL_CTL_DEL, q[0], NULL)); R(ctl(ep, EPOLL_CTL_ADD, open(".", O_RDONLY), EPOLLIN, 1));
    R(ctl(ep, EPOLL_CTL_ADD, open("/proc/self/status", O_RDONLY), EPOLLIN, 1)); R(ctl(ep, EPOLL_CTL_ADD, open("/dev/null", O_RDONLY), EPOLLIN, 1));
    show(epoll_wait(ep, e, 8, 0)); (void)!write(p[1], "ab", 2); show(epoll_wait(ep, e, 8, 0)); show(epoll_wait(ep, e, 8, -1));
    R(ctl(ep, EPOLL_CTL_MOD, p[0], EPOLLIN | EPOLLET, 2)); show(epoll_wait(ep, e, 8, 0)); show(epoll_wait(ep, e, 8, 10));
    (void)!write(p[1], "c", 1); show(epoll_wait(ep, e, 8, 50)); show(epoll_wait(ep, e, 8, 0));
    R(ctl(ep, EPOLL_CTL_MOD, p[0], EPOLLIN | EPOLLONESHOT, 3)); show(epoll_wait(ep, e, 8, 0)); show(epoll_wait(ep, e, 8, 0));
    R(ctl(ep, EPOLL_CTL_MOD, p[0], EPOLLIN | EPOLLONESHOT, 4)); show(epoll_wait(ep, e, 8, 0)); R(ctl(ep, EPOLL_CTL_DEL, p[0], 0, 0));
    R(ctl(ep, EPOLL_CTL_ADD, p[0], EPOLLIN | EPOLLEXCLUSIVE, 5)); R(ctl(ep, EPOLL_CTL_MOD, p[0], EPOLLIN, 5)); show(epoll_wait(ep, e, 8, 0));
    R(ctl(ep, EPOLL_CTL_ADD, q[1], EPOLLOUT | EPOLLEXCLUSIVE | EPOLLONESHOT, 5)); R(ctl(ep, EPOLL_CTL_ADD, q[1], EPOLLOUT, 6));
    show(epoll_wait(ep, e, 1, 0)); show(epoll_wait(ep, e, 1, 0)); show(epoll_wait(ep, e, 8, 0)); R(epoll_wait(ep, e, 0, 0)); R(epoll_wait(ep, e, -1, 0));
    R(epoll_wait(ep, e, 200000000, 0)); R(epoll_wait(ep, (void *)8, 1, 0)); R(epoll_wait(ep, (void *)-8, 1, 0)); R(epoll_wait(99, e, 1, 0)); R(epoll_wait(p[0], e, 1, 0));
    show(epoll_wait(ep, e, 8, 0)); in = epoll_create1(0); R(ctl(in, EPOLL_CTL_ADD, ep, EPOLLIN, 7)); show(epoll_wait(in, e, 8, 0));
    R(ctl(ep, EPOLL_CTL_ADD, in, EPOLLIN, 8)); deep[0] = epoll_create1(0); R(ctl(deep[0], EPOLL_CTL_ADD, one, EPOLLIN, 9));
    for (int i = 1; i < 7; i++) { deep[i] = epoll_create1(0); printf("%d ", i); R(ctl(deep[i], EPOLL_CTL_ADD, deep[i - 1], EPOLLIN, i)); }
    struct pollfd w = {deep[4], POLLIN, 0}; R(poll(&w, 1, 0)); pid_t k = fork(); if (k == 0) { usleep(20000); eventfd_write(one, 1); _exit(0); }
    R(poll(&w, 1, 5000)); show(epoll_wait(deep[4], e, 8, 0)); ended("writer", k); close(q[1]); close(p[1]); show(epoll_wait(ep, e, 8, 0));
    char c[9]; R(read(p[0], c, 9)); show(epoll_wait(ep, e, 8, 0)); close(p[0]); show(epoll_wait(ep, e, 8, 0));
    struct sigaction act = {.sa_handler = nothing, .sa_flags = SA_RESTART}; sigset_t block, none; sigemptyset(&none); sigemptyset(&block); sigaddset(&block, SIGALRM);
    sigaction(SIGALRM, &act, NULL); ualarm(20000, 0); R(epoll_wait(ep, e, 8, -1)); sigprocmask(SIG_BLOCK, &block, NULL); raise(SIGALRM);
    R(epoll_pwait(ep, e, 8, 20, NULL)); R(epoll_pwait(ep, e, 8, -1, &none)); R(syscall(SYS_epoll_pwait, ep, e, 8, 0, &none, 4)); R(syscall(SYS_epoll_pwait, ep, e, 8, 0, 8, 8));
    struct timespec ts = {0, 15000000}, bad = {0, -1}, t0, t1; clock_gettime(CLOCK_MONOTONIC, &t0); R(syscall(SYS_epoll_pwait2, ep, e, 8, &ts, NULL, 8)); clock_gettime(CLOCK_MONOTONIC, &t1);
    T((t1.tv_sec - t0.tv_sec) * 1000000000L + t1.tv_nsec - t0.tv_nsec >= 15000000); R(syscall(SYS_epoll_pwait2, ep, e, 8, &bad, NULL, 8)); R(syscall(SYS_epoll_pwait2, ep, e, 8, 8, NULL, 8));
    R(read(ep, c, 9)); R(write(ep, c, 9)); R(ctl(ep, EPOLL_CTL_ADD, one, EPOLLIN, 10)); CHILD("a child sees the set", show(epoll_wait(ep, e, 8, 0)));
    int copy = dup(one); close(one); show(epoll_wait(ep, e, 8, 0)); R(ctl(ep, EPOLL_CTL_MOD, copy, EPOLLIN, 11)); close(copy); show(epoll_wait(ep, e, 8, 0));
}
