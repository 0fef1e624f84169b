/* pidfd: of a parent, of oneself after a fork, in an epoll set, fdinfo, sockets and pipes that are fetched, a whole group, kill and reap. */
#include "guest.h"
#include <sys/epoll.h>
#include <sys/socket.h>

static int open_(pid_t p, unsigned f) { return syscall(SYS_pidfd_open, p, f); }
static int send_(int fd, int sig, void *info, unsigned f) { return syscall(SYS_pidfd_send_signal, fd, sig, info, f); }
static int get_(int fd, int t) { return syscall(SYS_pidfd_getfd, fd, t, 0); }
static int pid_of(int fd) { char n[40], line[200]; int pid = -9; sprintf(n, "/proc/self/fdinfo/%d", fd); FILE *f = fopen(n, "r"); while (f && fgets(line, 200, f)) sscanf(line, "Pid: %d", &pid); if (f) fclose(f); return pid; }
static int ready(int fd, int ms) { struct pollfd p = {fd, POLLIN | POLLOUT, 0}; poll(&p, 1, ms); return p.revents; }
static int back[2]; static void on(int s) { (void)s; (void)!write(back[1], "u", 1); }

int main(void) {
    int go[2], s[2]; char c, b[8] = ""; (void)!pipe(go); (void)!pipe(back); int me = open_(getpid(), 0); T(pid_of(me) == getpid()); R(ready(me, 0)); R(send_(me, 0, NULL, 2)); R(send_(me, 0, NULL, 1));
    pid_t k = fork(); if (!k) { pid_t p = getpid(); if (fork()) { (void)!read(go[0], b, 1); _exit(4); } /* its child watches it, and the first process */
        int f = open_(p, 0), g = open_(getppid(), 0); R(ready(f, 0)); R(ready(me, 0)); T(pid_of(me) != getpid()); (void)!write(back[1], "x", 1); int r = ready(f, 5000); (void)!read(go[0], b, 1); R(r); T(ready(g, 0) & POLLIN); siginfo_t i; R(waitid(3, f, &i, WEXITED)); R(waitid(3, me, &i, WEXITED)); (void)!write(back[1], "y", 1); _exit(0); }
    int f = open_(k, 0), ep = epoll_create1(0); struct epoll_event e = {EPOLLIN | EPOLLET, {.u32 = 7}}, got; (void)!read(back[0], &c, 1); R(epoll_ctl(ep, EPOLL_CTL_ADD, f, &e)); R(epoll_wait(ep, &got, 1, 0)); T(pid_of(f) == k);
    (void)!write(go[1], "x", 1); R(epoll_wait(ep, &got, 1, 5000)); R(got.events); R(epoll_wait(ep, &got, 1, 0)); (void)!write(go[1], "y", 1); (void)!read(back[0], &c, 1); int twice = dup(f); close(f); R(ready(twice, 0) & POLLIN); T(pid_of(twice) == k); ended("watched", k); R(send_(twice, 0, NULL, 0)); R(pid_of(twice)); R(ready(twice, 0) & POLLIN);
    socketpair(AF_UNIX, SOCK_STREAM, 0, s); k = fork(); if (!k) { int q[2]; (void)!pipe(q); int n[3] = {q[0], dup2(s[1], 40), open("/dev/null", O_RDONLY)}; (void)!write(q[1], "pipe", 4); close(s[0]); (void)!write(back[1], n, sizeof n); (void)!read(go[0], b, 1); _exit(2); }
    close(s[1]); int n[3], g; (void)!read(back[0], n, sizeof n); f = open_(k, 0); R(g = get_(f, n[0])); R(read(g, b, 8)); R(fcntl(g, F_GETFD)); R(read(g, b, 0)); close(g); R(g = get_(f, 40)); R(write(g, "sock", 4)); R(read(s[0], b, 8)); struct stat st; R(fstat(g, &st)); T(S_ISSOCK(st.st_mode));
    R(get_(f, 41)); R(get_(f, -1)); R(get_(f, 1 << 30)); R(get_(me, s[1])); OK(get_(me, s[0])); (void)!write(go[1], "x", 1); R(ready(f, 5000) & POLLIN); R(get_(f, n[0])); ended("owner", k); R(get_(f, n[0]));
    k = fork(); if (!k) { setpgid(0, 0); signal(SIGUSR1, on); (void)!write(back[1], "x", 1); for (;;) pause(); } setpgid(k, k); (void)!read(back[0], &c, 1); f = open_(k, 0); R(send_(f, SIGSTOP, NULL, 0)); R(waitpid(k, NULL, WUNTRACED) == k); R(ready(f, 0)); R(send_(f, SIGCONT, NULL, 4)); R(send_(f, SIGUSR1, NULL, 2)); R(read(back[0], &c, 1)); R(c);
    R(send_(f, SIGKILL, NULL, 4)); R(ready(f, 5000)); siginfo_t i; R(waitid(3, f, &i, WEXITED)); R(i.si_status); R(waitid(3, f, &i, WEXITED)); R(send_(f, 0, NULL, 4)); signal(SIGCHLD, SIG_IGN); k = fork(); if (!k) { usleep(30000); _exit(0); } f = open_(k, 0); R(ready(f, 5000) & POLLIN); for (int n = 0; n < 200 && !send_(f, 0, NULL, 0); n++) usleep(10000); /* it is reaped after it is ready */ R(send_(f, 0, NULL, 0));
}
