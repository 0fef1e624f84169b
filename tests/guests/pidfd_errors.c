/* pidfd: open, poll, signals with and without siginfo, descriptors of another process, waitid, errors. */
#include "guest.h"

static volatile int code, value;
static void got(int s, siginfo_t *i, void *c) { (void)s; (void)c; code = i->si_code; value = i->si_value.sival_int; }
static int open_(pid_t p, unsigned f) { return syscall(SYS_pidfd_open, p, f); }
static int send_(int fd, int sig, void *info, unsigned f) { return syscall(SYS_pidfd_send_signal, fd, sig, info, f); }
static int get_(int fd, int t, unsigned f) { return syscall(SYS_pidfd_getfd, fd, t, f); }

int main(void) {
    int p[2], q[2]; (void)!pipe(p); (void)!pipe(q); char c = 0; struct sigaction act = {.sa_sigaction = got, .sa_flags = SA_SIGINFO}; sigaction(SIGUSR1, &act, NULL);
    pid_t k = fork(); if (k == 0) { int f = file_of("secret", "content"); lseek(f, 0, SEEK_SET); (void)!write(p[1], &f, sizeof f); (void)!read(q[0], &c, 1); _exit(7); }
    int far, d = open_(k, 0), self = open_(getpid(), O_NONBLOCK); (void)!read(p[0], &far, sizeof far); T(d >= 0); R(fcntl(d, F_GETFD)); R(fcntl(self, F_GETFL)); R(fcntl(d, F_GETFL));
    R(open_(0, 0)); R(open_(-1, 0)); R(open_(k, 1)); R(open_(0, 1)); R(open_(999999999, 0)); struct pollfd w = {d, POLLIN, 0}; R(poll(&w, 1, 0));
    int mine = get_(d, far, 0); T(mine >= 0); R(fcntl(mine, F_GETFD)); char text[9] = ""; R(read(mine, text, 8)); puts(text); R(get_(d, 99, 0)); R(get_(d, far, 1)); R(get_(0, 0, 0)); R(get_(99, 0, 0)); R(get_(d, -1, 0));
    R(send_(self, SIGUSR1, NULL, 0)); R(code); siginfo_t i = {.si_signo = SIGUSR1, .si_code = SI_QUEUE}; i.si_value.sival_int = 55; R(send_(self, SIGUSR1, &i, 0)); R(code); R(value);
    R(send_(self, SIGUSR2, &i, 0)); i.si_code = SI_USER; R(send_(d, SIGUSR1, &i, 0)); R(send_(self, 0, NULL, 0)); R(send_(self, 65, NULL, 0)); R(send_(self, -1, NULL, 0)); R(send_(self, 0, NULL, 8)); R(send_(self, 0, NULL, 3));
    R(send_(0, 0, NULL, 0)); R(send_(99, 0, NULL, 0)); R(send_(d, 0, (void *)8, 0)); R(read(d, text, 1)); (void)!write(q[1], &c, 1); R(poll(&w, 1, 5000)); R(w.revents); R(send_(d, 0, NULL, 0));
    siginfo_t s = {0}; R(waitid(3, d, &s, WEXITED)); R(s.si_status); R(send_(d, 0, NULL, 0)); R(poll(&w, 1, 0)); R(get_(d, 0, 0)); R(open_(k, 0)); R(waitid(3, self, &s, WEXITED)); R(waitid(3, 0, &s, WEXITED));
    k = fork(); if (k == 0) { pause(); _exit(0); } d = open_(k, O_NONBLOCK); R(waitid(3, d, &s, WEXITED)); R(send_(d, SIGTERM, NULL, 0)); w.fd = d; R(poll(&w, 1, 5000)); ended("terminated", k);
}
