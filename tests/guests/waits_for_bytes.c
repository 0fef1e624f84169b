/* Pipes, sockets and epoll sets that a lone thread waits for: what signals, timeouts, ends and O_NONBLOCK make of the wait. */
#include "guest.h"
#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/time.h>

static char big[1 << 20];
static int caught;
static void on_signal(int signo) { caught += signo == SIGALRM || signo == SIGUSR1; }
static void handle(int flags) { struct sigaction a = {.sa_handler = on_signal, .sa_flags = flags}; sigaction(SIGALRM, &a, NULL); sigaction(SIGUSR1, &a, NULL); }
static void soon(void) { struct itimerval v = {.it_value = {0, 30000}}; setitimer(ITIMER_REAL, &v, NULL); }
static long drain(int fd, long most) { static char into[1 << 16]; long sum = 0, n; while (sum < most && (n = read(fd, into, sizeof into)) > 0) sum += n; return sum; }
static void writer(int fd, const char *what) { usleep(60000); (void)!write(fd, what, strlen(what)); _exit(0); }

static void interrupted(const char *what, int reading, int writing) {
    char b[8];
    printf("%s\n", what);
    handle(0); soon(); R(read(reading, b, 8)); R(caught);
    handle(SA_RESTART); soon(); pid_t k = fork(); if (k == 0) writer(writing, "late"); R(read(reading, b, 8)); R(caught); ended("writer", k);
    handle(0); soon(); long n = write(writing, big, sizeof big); T(n > 0 && n < (long)sizeof big); R(caught); T(drain(reading, n) == n);
    k = fork(); if (k == 0) { _exit(drain(reading, sizeof big) != sizeof big); }
    R(write(writing, big, sizeof big)); ended("reader", k);
    k = fork(); if (k == 0) { pid_t parent = getppid(); for (int i = 0; i < 4; i++) { usleep(20000); kill(parent, SIGUSR1); } _exit(drain(reading, sizeof big) != sizeof big); }
    handle(SA_RESTART); n = write(writing, big, sizeof big); T(n > 0 && n < (long)sizeof big); for (long m; n < (long)sizeof big; n += m) if ((m = write(writing, big + n, sizeof big - n)) < 0) break; R(n); ended("signaller", k);
}

int main(void) {
    int p[2], s[2]; char b[64]; struct timeval limit = {0, 40000};
    OK(pipe(p)); interrupted("pipe", p[0], p[1]);
    OK(socketpair(AF_UNIX, SOCK_STREAM, 0, s)); caught = 0; interrupted("socket", s[0], s[1]);
    OK(setsockopt(s[0], SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit)); R(read(s[0], b, 8)); R(recv(s[0], b, 8, 0));
    OK(setsockopt(s[1], SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit)); long n = write(s[1], big, sizeof big); T(n > 0 && n < (long)sizeof big); R(send(s[1], big, 4096, 0)); T(drain(s[0], n) == n);
    R(recv(s[0], b, 8, MSG_DONTWAIT)); R(send(s[1], "abc", 3, MSG_NOSIGNAL)); R(recv(s[0], b, 2, MSG_PEEK)); R(recv(s[0], b, 8, 0));
    fcntl(s[1], F_SETFL, O_NONBLOCK); n = send(s[1], big, sizeof big, 0); T(n > 0 && n < (long)sizeof big); R(send(s[1], big, 4096, 0)); T(drain(s[0], n) == n); fcntl(s[1], F_SETFL, 0);
    fcntl(p[0], F_SETFL, O_NONBLOCK); R(read(p[0], b, 8)); fcntl(p[0], F_SETFL, 0);
    pid_t k = fork(); if (k == 0) { close(s[1]); close(p[1]); R(recv(s[0], b, 8, 0)); R(read(p[0], b, 8)); fflush(stdout); _exit(0); }
    usleep(30000); close(s[1]); close(p[1]); ended("two ends", k);
    signal(SIGPIPE, SIG_IGN); OK(socketpair(AF_UNIX, SOCK_STREAM, 0, s)); close(s[1]); R(write(s[0], b, 1)); R(send(s[0], b, 1, 0)); close(s[0]);
    signal(SIGPIPE, SIG_DFL); k = fork(); if (k == 0) { socketpair(AF_UNIX, SOCK_STREAM, 0, s); close(s[1]); R(send(s[0], b, 1, MSG_NOSIGNAL)); fflush(stdout); send(s[0], b, 1, 0); _exit(0); } ended("SIGPIPE", k);
    OK(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, s)); R(write(s[1], "message", 7)); R(read(s[0], b, 3)); R(recv(s[0], b, 8, MSG_DONTWAIT)); R(send(s[1], big, sizeof big, 0)); close(s[0]); close(s[1]);
    OK(socketpair(AF_UNIX, SOCK_DGRAM, 0, s)); k = fork(); if (k == 0) { usleep(30000); for (int i = 0; i < 300; i++) if (read(s[0], b, 64) != 64) _exit(1); _exit(0); }
    for (int i = 0; i < 300; i++) if (send(s[1], big, 64, 0) != 64) printf("datagram %d\n", i);
    ended("datagrams", k);
    int e = epoll_create1(0), twice = dup(e); struct epoll_event v = {.events = EPOLLIN, .data.u64 = 0x1122334455667788}, got[4]; OK(epoll_ctl(e, EPOLL_CTL_ADD, s[0], &v));
    R(epoll_wait(e, got, 4, 0)); R(epoll_wait(e, got, 4, 20)); handle(0); caught = 0; soon(); R(epoll_wait(e, got, 4, -1)); R(caught); handle(SA_RESTART); soon(); R(epoll_wait(e, got, 4, -1)); R(caught);
    k = fork(); if (k == 0) writer(s[1], "x"); R(epoll_wait(twice, got, 4, -1)); T(got[0].data.u64 == v.data.u64 && got[0].events == EPOLLIN); R(epoll_pwait(e, got, 1, -1, NULL)); ended("writer", k);
    R(epoll_wait(e, got, 0, 0)); R(epoll_wait(e, (void *)8, 4, 0)); R(epoll_wait(s[0], got, 4, 0)); close(e); R(epoll_wait(e, got, 4, 0)); R(epoll_wait(twice, got, 4, 0)); close(twice); int plain = open("/dev/null", O_RDWR); R(epoll_wait(plain, got, 4, 0));
    struct pollfd f[3] = {{s[0], POLLIN, 9}, {-1, POLLIN, 9}, {p[0], POLLIN, 9}}; int q[2]; OK(pipe(q)); f[2].fd = q[0]; while (recv(s[0], b, 64, MSG_DONTWAIT) > 0) {}
    R(poll(f, 3, 0)); R(poll(f, 3, 20)); handle(0); caught = 0; soon(); R(poll(f, 3, -1)); R(caught); handle(SA_RESTART); soon(); R(poll(f, 3, -1)); R(caught); R(f[0].revents); R(f[1].revents);
    k = fork(); if (k == 0) writer(q[1], "x"); R(poll(f, 3, -1)); R(f[2].revents); ended("writer", k); k = fork(); if (k == 0) writer(s[1], "y"); R(read(q[0], b, 8)); R(poll(f, 3, -1)); R(f[0].revents); ended("writer", k);
    close(q[1]); R(poll(f, 3, -1)); R(f[2].revents); close(q[0]); R(poll(f, 3, -1)); R(f[2].revents); R(poll((void *)8, 1, 0));
    big[0] = 1; R(send(s[1], (void *)8, 4, 0)); R(recv(s[0], (void *)8, 4, MSG_DONTWAIT)); R(send(plain, b, 1, 0)); R(recv(plain, b, 1, 0)); R(send(99, b, 1, 0));
}
