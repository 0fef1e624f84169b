/* poll, ppoll, select, pselect: readiness, hang-up, bad descriptors, timeouts, masks. */
#include "guest.h"

static long ms(struct timespec *a) { struct timespec b; clock_gettime(CLOCK_MONOTONIC, &b);
return (b.tv_sec - a->tv_sec) * 1000 + (b.tv_nsec - a->tv_nsec) / 1000000; }
static void nothing(int s) { (void)s; }

int main(void) {
    int p[2], q[2], fd = file_of("f", "x"), n; (void)!pipe(p); (void)!pipe(q);
    struct timespec t0, half = {0, 50000000}, bad = {0, -1}, zero = {0, 0};
    struct pollfd f[5] = {{p[0], POLLIN, 0}, {p[1], POLLOUT, 0}, {fd, POLLIN | POLLOUT, 0}, {99, POLLIN, 0}, {-1,
        POLLIN, 7}};
    R(poll(f, 5, 0)); for (int i = 0; i < 5; i++) printf("%x ", f[i].revents);
    puts(""); R(poll(f, 1, 0)); clock_gettime(CLOCK_MONOTONIC, &t0); R(poll(f, 1, 50)); n = (int)ms(&t0);
    T(n >= 50 && n < 2000); R(poll(NULL, 0, 1)); (void)!write(p[1], "x", 1); R(poll(f, 1, -1)); R(f[0].revents);
    close(p[1]); R(poll(f, 1, -1)); R(f[0].revents); char c; (void)!read(p[0], &c, 1); R(poll(f, 1, -1));
    R(f[0].revents);
    close(q[0]); f[0] = (struct pollfd){q[1], POLLOUT, 0}; R(poll(f, 1, 0)); R(f[0].revents); f[0].events = 0;
    R(poll(f, 1, 0)); R(f[0].revents); R(poll((void *)8, 1, 0)); R(poll(f, 1 << 24, 0)); R(ppoll(f, 1, &bad, NULL));
    (void)!pipe(p); f[0] = (struct pollfd){p[0], POLLIN, 0}; R(ppoll(f, 1, &half, NULL));
    R(ppoll(f, 1, &zero, NULL));
    sigset_t block, none; sigemptyset(&none); sigemptyset(&block); sigaddset(&block, SIGUSR1);
    signal(SIGUSR1, nothing); sigprocmask(SIG_BLOCK, &block, NULL); raise(SIGUSR1); R(ppoll(f, 1, &zero, NULL));
    R(ppoll(f, 1, NULL, &none)); sigprocmask(0, NULL, &none); T(sigismember(&none, SIGUSR1)); sigemptyset(&none);
    raise(SIGUSR1); fd_set r, w, e; FD_ZERO(&r); FD_SET(p[0], &r); R(pselect(p[0] + 1, &r, NULL, NULL, NULL, &none));
    FD_ZERO(&r); FD_ZERO(&w); FD_ZERO(&e); FD_SET(p[0], &r); FD_SET(fd, &r); FD_SET(p[1], &w); FD_SET(fd, &e);
    struct timeval tv = {0, 50000}; R(select(20, &r, &w, &e, &tv)); R(FD_ISSET(p[0], &r)); R(FD_ISSET(fd, &r) != 0);
    R(FD_ISSET(p[1], &w) != 0); R(FD_ISSET(fd, &e));
    FD_ZERO(&r); FD_SET(p[0], &r); clock_gettime(CLOCK_MONOTONIC, &t0); tv.tv_usec = 50000;
    R(select(p[0] + 1, &r, NULL, NULL, &tv)); T(ms(&t0) >= 50); R(tv.tv_sec); R(tv.tv_usec); R(FD_ISSET(p[0], &r));
    tv.tv_usec = 1000; R(select(0, NULL, NULL, NULL, &tv)); FD_ZERO(&r); FD_SET(40, &r);
    tv = (struct timeval){0, 0}; R(select(41, &r, NULL, NULL, &tv)); R(select(40, &r, NULL, NULL, &tv));
    R(select(-1, NULL, NULL, NULL, &tv)); tv.tv_sec = -1; R(select(0, NULL, NULL, NULL, &tv));
    tv = (struct timeval){0, 1500000}; FD_ZERO(&w); FD_SET(p[1], &w); R(select(p[1] + 1, NULL, &w, NULL, &tv));
    R(pselect(0, NULL, NULL, NULL, &bad, NULL)); R(pselect(0, NULL, NULL, NULL, &half, NULL)); R(half.tv_nsec);
    pid_t k = fork(); if (k == 0) { usleep(30000); (void)!write(p[1], "later", 5); _exit(0); }
    f[0] = (struct pollfd){p[0], POLLIN, 0}; R(poll(f, 1, 5000)); ended("writer", k); R(read(p[0], &c, 1));
}
