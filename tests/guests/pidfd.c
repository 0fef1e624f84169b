/* pidfd_open, pidfd_send_signal, pidfd_getfd, waitid(P_PIDFD). */
/* cflags: -pthread */
#include "guest.h"
#include <pthread.h>
#define pidfd_open(p, f) syscall(SYS_pidfd_open, p, f)
#define pidfd_send_signal(p, s, i, f) syscall(SYS_pidfd_send_signal, p, s, i, f)
#define pidfd_getfd(p, n, f) syscall(SYS_pidfd_getfd, p, n, f)
#ifndef P_PIDFD
#define P_PIDFD 3
#endif
static volatile int seen, value; static void on(int s, siginfo_t *i, void *u) { (void)s; (void)u; seen = i->si_code; value = i->si_int; }

static void *thread(void *a) { *(pid_t *)a = gettid(); R(pidfd_open(gettid(), 0)); return NULL; }

int main(void) {
    int go[2]; (void)!pipe(go); char c;
    pid_t k = fork(); if (!k) { (void)!read(go[0], &c, 1); _exit(5); }
    int f = pidfd_open(k, 0); struct pollfd p = {f, POLLIN, 0}; R(poll(&p, 1, 0)); R(fcntl(f, F_GETFD)); siginfo_t i; memset(&i, 0, sizeof i);
    R(waitid(P_PIDFD, f, &i, WEXITED | WNOHANG)); R(i.si_pid); (void)!write(go[1], "x", 1); R(poll(&p, 1, 5000)); R(p.revents);
    R(pidfd_send_signal(f, 0, NULL, 0)); R(waitid(P_PIDFD, f, &i, WEXITED)); T(i.si_pid == k); R(i.si_status); R(i.si_code);
    R(waitid(P_PIDFD, f, &i, WEXITED)); R(pidfd_send_signal(f, 0, NULL, 0)); R(pidfd_open(k, 0)); R(read(f, &c, 1)); R(write(f, &c, 1));
    k = fork(); if (!k) { pause(); _exit(0); }
    f = pidfd_open(k, O_NONBLOCK); R(waitid(P_PIDFD, f, &i, WEXITED)); R(pidfd_send_signal(f, SIGTERM, NULL, 0)); p.fd = f; R(poll(&p, 1, 5000));
    R(waitid(P_PIDFD, f, &i, WEXITED)); R(i.si_status); R(i.si_code);
    R(pidfd_open(0, 0)); R(pidfd_open(-1, 0)); R(pidfd_open(getpid(), 1)); R(pidfd_open(99999999, 0)); R(waitid(P_PIDFD, 0, &i, WEXITED));
    R(waitid(P_PIDFD, 99, &i, WEXITED)); R(waitid(P_PIDFD, -1, &i, WEXITED)); R(pidfd_send_signal(0, 0, NULL, 0)); R(pidfd_send_signal(99, 0, NULL, 0));
    R(pidfd_open(99999999, 128)); R(pidfd_open(getpid(), 128) > 0); pthread_t th; pid_t gone; pthread_create(&th, NULL, thread, &gone);
    pthread_join(th, NULL); while (!syscall(SYS_tgkill, getpid(), gone, 0)) sched_yield(); /* joined before the kernel is done with it */
    R(pidfd_open(gone, 0)); R(pidfd_send_signal(99, 1, (void *)8, 0)); R(pidfd_send_signal(99, 1, (void *)8, 64));
    int me = pidfd_open(getpid(), 0); R(pidfd_send_signal(me, 65, NULL, 0)); R(pidfd_send_signal(me, -1, NULL, 0)); R(pidfd_send_signal(me, 0, NULL, 64));
    struct sigaction a = {.sa_sigaction = on, .sa_flags = SA_SIGINFO}; sigaction(SIGUSR1, &a, NULL); R(pidfd_send_signal(me, SIGUSR1, NULL, 0)); R(seen);
    memset(&i, 0, sizeof i); i.si_signo = SIGUSR1; i.si_code = SI_QUEUE; i.si_int = 17; R(pidfd_send_signal(me, SIGUSR1, &i, 0)); R(seen); R(value);
    R(pidfd_send_signal(me, SIGUSR2, &i, 0)); R(pidfd_send_signal(me, SIGUSR1, (void *)8, 0)); int fd = file_of("f", "hello");
    k = fork(); if (!k) { lseek(fd, 1, SEEK_SET); (void)!write(go[1], "x", 1); pause(); _exit(0); }
    close(fd); (void)!read(go[0], &c, 1); f = pidfd_open(k, 0); int got = pidfd_getfd(f, fd, 0); T(got >= 0); R(read(got, &c, 1)); R(c); R(fcntl(got, F_GETFD));
    R(pidfd_getfd(f, 99, 0)); R(pidfd_getfd(f, fd, 1)); R(pidfd_getfd(99, fd, 0)); R(pidfd_getfd(0, fd, 0)); kill(k, SIGKILL); ended("holder", k);
}
