/* epoll: levels, edges, one-shots, exclusive, nested, what is refused, waits with masks and timeouts. */
/* cflags: -pthread */
#include "guest.h"
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/eventfd.h>

static int ep;
static struct epoll_event out[8];
static long ctl(int op, int fd, unsigned events, uint64_t data) {
    struct epoll_event e = {.events = events, .data.u64 = data}; return epoll_ctl(ep, op, fd, &e); }
static int by(const void *a, const void *b) { const struct epoll_event *x = a, *y = b;
    return (x->data.u64 > y->data.u64) - (x->data.u64 < y->data.u64); }
static void see(int most, int timeout) {
    int n = epoll_wait(ep, out, most, timeout); if (n < 0) { perror("wait"); return; }
    qsort(out, n, sizeof *out, by); printf("%d:", n);
    for (int i = 0; i < n; i++) printf(" %x/%lx", out[i].events, (long)out[i].data.u64);
    puts("");
}
static void on(int s) { (void)s; }
static int wake; static void *late(void *a) { usleep(20000); (void)!write(wake, a, 8); return NULL; }
static long ms(struct timespec *a) { struct timespec b; clock_gettime(CLOCK_MONOTONIC, &b);
return (b.tv_sec - a->tv_sec) * 1000 + (b.tv_nsec - a->tv_nsec) / 1000000; }

int main(void) {
    int p[2], fd = file_of("f", "x"), e = eventfd(0, EFD_NONBLOCK); uint64_t one = 1; char c[4]; (void)!pipe(p);
    ep = epoll_create1(EPOLL_CLOEXEC); R(fcntl(ep, F_GETFD)); see(8, 0);
    R(ctl(EPOLL_CTL_ADD, p[0], EPOLLIN, 0x1122334455667788)); R(ctl(EPOLL_CTL_ADD, p[0], EPOLLIN, 1)); R(ctl(EPOLL_CTL_ADD, e, EPOLLIN | EPOLLOUT, 2));
    R(ctl(EPOLL_CTL_ADD, fd, EPOLLIN, 3)); R(ctl(EPOLL_CTL_ADD, ep, EPOLLIN, 3)); R(ctl(EPOLL_CTL_ADD, 99, EPOLLIN, 3));
    R(ctl(EPOLL_CTL_MOD, p[1], EPOLLIN, 3)); R(ctl(EPOLL_CTL_DEL, p[1], 0, 3)); R(ctl(9, p[1], 0, 3)); R(epoll_ctl(99, 1, p[1], out));
    R(epoll_ctl(0, 1, p[1], out)); R(epoll_ctl(ep, EPOLL_CTL_ADD, p[1], NULL)); R(epoll_ctl(99, EPOLL_CTL_ADD, p[1], (void *)8));
    R(epoll_ctl(ep, 9, p[1], (void *)8)); R(ctl(EPOLL_CTL_ADD, open("/dev/null", O_RDWR), EPOLLIN, 3));
    see(8, 0); (void)!write(p[1], "abcd", 4); see(8, 0); see(1, 0); see(8, -1); R(read(p[0], c, 1)); see(8, 0);
    R(ctl(EPOLL_CTL_MOD, p[0], EPOLLIN | EPOLLET, 5)); see(8, 0); see(8, 0); (void)!write(p[1], "e", 1); see(8, 0);
    R(read(p[0], c, 4)); see(8, 0); R(ctl(EPOLL_CTL_MOD, p[0], EPOLLIN | EPOLLONESHOT, 6)); see(8, 0); see(8, 0);
    (void)!write(p[1], "e", 1); see(8, 0); R(ctl(EPOLL_CTL_MOD, p[0], EPOLLIN | EPOLLONESHOT, 7)); see(8, 0);
    R(ctl(EPOLL_CTL_DEL, e, 0, 0)); see(8, 0); R(ctl(EPOLL_CTL_ADD, e, EPOLLIN | EPOLLEXCLUSIVE, 8)); (void)!write(e, &one, 8); see(8, 0);
    R(ctl(EPOLL_CTL_MOD, e, EPOLLIN, 8)); R(ctl(EPOLL_CTL_DEL, e, 0, 0)); R(ctl(EPOLL_CTL_ADD, e, EPOLLIN | EPOLLEXCLUSIVE | EPOLLONESHOT, 8));
    R(epoll_wait(ep, out, 0, 0)); R(epoll_wait(ep, out, -1, 0)); R(epoll_wait(ep, (void *)8, 8, 0)); R(epoll_wait(ep, out, 1 << 30, 0));
    R(epoll_wait(99, out, 8, 0)); R(epoll_wait(99, out, 0, 0)); R(epoll_wait(0, out, 0, 0)); R(epoll_wait(0, (void *)(1UL << 47), 8, 0)); R(epoll_wait(0, out, 8, 0)); R(epoll_wait(ep, (void *)(1UL << 47), 8, 0));
    R(ctl(EPOLL_CTL_ADD, e, EPOLLIN, 9)); R(epoll_wait(ep, (void *)8, 8, 0)); R(ctl(EPOLL_CTL_MOD, e, 0, 9)); see(8, 0);
    int outer = epoll_create(1), inner = ep; R(epoll_create(0)); R(epoll_create(-1)); R(epoll_create1(1));
    ep = outer; R(ctl(EPOLL_CTL_ADD, inner, EPOLLIN, 10)); see(8, 0); ep = inner; R(ctl(EPOLL_CTL_MOD, e, EPOLLIN, 9)); ep = outer; see(8, 0);
    ep = inner; R(ctl(EPOLL_CTL_ADD, outer, EPOLLIN, 11)); see(8, 0); struct pollfd q = {outer, POLLIN, 0}; R(poll(&q, 1, 0)); R(q.revents);
    int chain[8]; for (int i = 0; i < 8; i++) { chain[i] = epoll_create1(0); if (i) { ep = chain[i]; R(ctl(EPOLL_CTL_ADD, chain[i - 1], EPOLLIN, i)); } }
    ep = epoll_create1(0); (void)!read(e, &one, 8); R(ctl(EPOLL_CTL_ADD, e, EPOLLIN, 12)); int d = dup(e); close(e); one = 2;
    (void)!write(d, &one, 8); see(8, 0); close(d); see(8, 0);
    (void)!pipe(p); R(ctl(EPOLL_CTL_ADD, p[0], 0, 13)); R(ctl(EPOLL_CTL_ADD, p[1], EPOLLOUT | EPOLLET, 14)); see(8, 0);
    struct timespec t0, ns = {0, 30000000}, bad = {0, -1}; clock_gettime(CLOCK_MONOTONIC, &t0); see(8, 30); T(ms(&t0) >= 30);
    clock_gettime(CLOCK_MONOTONIC, &t0); R(epoll_pwait2(ep, out, 8, &ns, NULL)); T(ms(&t0) >= 30); R(epoll_pwait2(ep, out, 8, &bad, NULL));
    R(syscall(SYS_epoll_pwait2, ep, out, 8, 8, NULL, 8)); close(p[1]); see(8, -1); close(p[0]); see(8, 0);
    wake = eventfd(0, 0); R(ctl(EPOLL_CTL_ADD, wake, EPOLLIN, 15)); pthread_t th; pthread_create(&th, NULL, late, &one); see(8, -1);
    pthread_join(th, NULL); (void)!read(wake, &one, 8); CHILD("of the child", one = 3; usleep(10000); (void)!write(wake, &one, 8)); see(8, -1);
    (void)!read(wake, &one, 8); sigset_t block, none; sigemptyset(&none); sigemptyset(&block); sigaddset(&block, SIGUSR1);
    struct sigaction sa = {.sa_handler = on, .sa_flags = SA_RESTART}; sigaction(SIGUSR1, &sa, NULL); sigaction(SIGALRM, &sa, NULL);
    sigprocmask(SIG_BLOCK, &block, NULL); raise(SIGUSR1); R(epoll_pwait(ep, out, 8, 1, NULL)); R(epoll_pwait(ep, out, 8, -1, &none));
    sigprocmask(0, NULL, &none); T(sigismember(&none, SIGUSR1)); R(syscall(SYS_epoll_pwait, ep, out, 8, 0, &none, 4));
    R(syscall(SYS_epoll_pwait, ep, out, 8, 0, 8, 8)); ualarm(200000, 0); R(epoll_wait(ep, out, 8, -1)); R(write(ep, "x", 1)); R(read(ep, c, 1));
    char params[8] = {1}; R(ioctl(ep, 0, 0)); R(ioctl(ep, 0x5401, params)); R(ioctl(ep, 0x80088A02, params)); R(params[0]); R(ioctl(ep, 0x40088A01, params)); R(ioctl(ep, 0x80088A02, 8L)); R(ioctl(ep, 0x40088A01, 8L));
    params[0] = 5; params[7] = 1; R(ioctl(ep, 0x40088A01, params)); params[7] = 0; R(ioctl(ep, 0x40088A01, params)); params[0] = 0; R(ioctl(ep, 0x80088A02, params)); R(params[0]); R(ioctl(wake, 0x80088A02, params));
    R(ioctl(ep, TIOCSETD, 0)); R(ioctl(ep, TIOCSTI, "x")); R(ioctl(ep, 0x8912 /* SIOCGIFCONF */, params)); R(ioctl(ep, FIONREAD, params)); R(ioctl(wake, TIOCSETD, 0));
}
