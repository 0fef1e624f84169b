/* epoll: edges of pipes, sockets, listeners and counters; room; what is read between two waits; sets changed and looked at elsewhere. */
/* cflags: -pthread */
#include "guest.h"
#include <netinet/in.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

static struct epoll_event e[8];
static int ep, c[2], p[2];
static void ctl(int op, int fd, uint32_t events, int data) { struct epoll_event v = {events, {.u64 = data}}; if (epoll_ctl(ep, op, fd, &v)) perror("ctl"); }
static void see(int most, int timeout) { int n = epoll_wait(ep, e, most, timeout); printf("%d:", n); for (int i = 0; i < n; i++) printf(" %x/%d", e[i].events, (int)e[i].data.u64); puts(""); }
static void *later(void *a) { usleep(20000); ctl(EPOLL_CTL_ADD, *(int *)a, EPOLLIN | EPOLLET, 20); return NULL; }
static void *wakes(void *a) { usleep(20000); eventfd_write(*(int *)a, 1); return NULL; }
static void *echoes(void *a) { char b[8]; (void)a; for (int i = 0; i < 200; i++) { if (recv(c[1], b, 8, MSG_WAITALL) != 8) break; (void)!write(c[1], b, 8); } return NULL; }
static ssize_t drain(int fd) { static char b[4096]; ssize_t n, all = 0; while ((n = read(fd, b, sizeof b)) > 0) all += n; return all; }

int main(void) {
    char b[64]; pthread_t th; (void)!pipe2(p, O_NONBLOCK); ep = epoll_create1(0);
    ctl(EPOLL_CTL_ADD, p[0], EPOLLIN | EPOLLET, 1); see(8, 0); (void)!write(p[1], "abc", 3); see(8, 0); see(8, 0); (void)!write(p[1], "d", 1); see(8, 0); see(8, 0);
    R(drain(p[0])); see(8, 0); (void)!write(p[1], "efgh", 4); see(8, 0); see(8, 0); R(drain(p[0])); (void)!write(p[1], "i", 1); see(8, 0); R(drain(p[0]));
    ctl(EPOLL_CTL_ADD, p[1], EPOLLOUT | EPOLLET, 2); see(8, 0); see(8, 0); static char full[1 << 16]; R(write(p[1], full, sizeof full)); R(write(p[1], full, 1)); see(8, 0); R(drain(p[0])); see(8, 0); see(8, 0);
    ctl(EPOLL_CTL_MOD, p[1], EPOLLOUT | EPOLLET, 3); see(8, 0); close(p[0]); see(8, 0); see(8, 0); close(p[1]); see(8, 0);
    socketpair(AF_UNIX, SOCK_STREAM, 0, c); fcntl(c[0], F_SETFL, O_NONBLOCK); ctl(EPOLL_CTL_ADD, c[0], EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, 4); see(8, 0); see(8, 0);
    (void)!write(c[1], "12345678", 8); see(8, 0); see(8, 0); pthread_create(&th, NULL, echoes, NULL); R(drain(c[0]));
    long turns = 0, got = 0; (void)!write(c[0], "12345678", 8); /* messages of one size: each must be an edge */
    while (turns < 199) { int n = epoll_wait(ep, e, 8, 5000); if (n != 1) break; ssize_t r = drain(c[0]); got += r; if (r >= 8) { turns++; (void)!write(c[0], "12345678", 8); } }
    T(turns == 199 && got == 199 * 8); pthread_join(th, NULL); while (epoll_wait(ep, e, 8, 0) == 1) drain(c[0]); see(8, 0);
    shutdown(c[1], SHUT_WR); see(8, 0); see(8, 0); R(read(c[0], b, 8)); see(8, 0); close(c[1]); see(8, 0); close(c[0]); see(8, 0);
    int w = eventfd(0, EFD_NONBLOCK); ctl(EPOLL_CTL_ADD, w, EPOLLIN | EPOLLET, 5); /* a waker that nobody reads */
    for (int i = 0; i < 3; i++) { pthread_create(&th, NULL, wakes, &w); see(8, -1); pthread_join(th, NULL); see(8, 0); }
    eventfd_t sum; R(eventfd_read(w, &sum)); R(sum); see(8, 0); eventfd_write(w, 7); see(8, 0); ctl(EPOLL_CTL_DEL, w, 0, 0);
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)}; socklen_t size = sizeof a; int s = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    bind(s, (void *)&a, size); listen(s, 5); getsockname(s, (void *)&a, &size); ctl(EPOLL_CTL_ADD, s, EPOLLIN | EPOLLET, 6); see(8, 0);
    for (int i = 0; i < 2; i++) { int k = socket(AF_INET, SOCK_STREAM, 0); R(connect(k, (void *)&a, size)); see(8, 1000); see(8, 0); int n = accept(s, NULL, NULL); T(n >= 0); R(accept(s, NULL, NULL)); close(n); close(k); }
    see(8, 0); close(s); int u[2]; socketpair(AF_UNIX, SOCK_DGRAM, 0, u); ctl(EPOLL_CTL_ADD, u[0], EPOLLIN | EPOLLET, 7); R(send(u[1], "ab", 2, 0)); see(8, 0); see(8, 0);
    R(recv(u[0], b, 8, MSG_DONTWAIT)); R(recv(u[0], b, 8, MSG_DONTWAIT)); R(send(u[1], "cd", 2, 0)); see(8, 0); R(recv(u[0], b, 8, 0)); R(recv(u[0], b, 8, MSG_DONTWAIT)); see(8, 0); ctl(EPOLL_CTL_DEL, u[0], 0, 0);
    pthread_create(&th, NULL, later, &w); see(8, -1); pthread_join(th, NULL); see(8, 0); /* added while somebody waits */
    int out = epoll_create1(0), in = ep, q[3][2]; ep = out; ctl(EPOLL_CTL_ADD, in, EPOLLIN, 8); see(8, 0); eventfd_write(w, 1); see(8, 0); see(8, 0); ctl(EPOLL_CTL_MOD, in, EPOLLIN | EPOLLET, 9); see(8, 0);
    see(8, 0); ep = in; see(8, 0); ep = out; see(8, 0); eventfd_write(w, 1); see(8, 0); struct pollfd f = {out, POLLIN | POLLOUT, 0}; ctl(EPOLL_CTL_MOD, in, EPOLLIN, 10); R(poll(&f, 1, 0)); R(f.revents);
    fd_set set; FD_ZERO(&set); FD_SET(in, &set); struct timeval tv = {0, 0}; R(select(in + 1, &set, NULL, NULL, &tv)); ep = in; see(8, 0); FD_SET(in, &set); R(select(in + 1, &set, NULL, NULL, &tv));
    f.revents = 0; pthread_create(&th, NULL, wakes, &w); R(poll(&f, 1, 5000)); R(f.revents); pthread_join(th, NULL); see(8, 0); R(poll(&f, 1, 30)); ctl(EPOLL_CTL_DEL, w, 0, 0);
    for (int i = 0; i < 3; i++) { (void)!pipe(q[i]); ctl(EPOLL_CTL_ADD, q[i][0], EPOLLIN, 11 + i); } for (int i = 2; i >= 0; i--) { (void)!write(q[i][1], "x", 1); see(i, 0); }
    for (int i = 0; i < 4; i++) see(2, 0); R(read(q[1][0], b, 1)); for (int i = 0; i < 3; i++) see(1, 0); ctl(EPOLL_CTL_MOD, q[0][0], EPOLLIN | EPOLLONESHOT, 11); see(1, 0); see(8, 0); see(8, 0);
}
