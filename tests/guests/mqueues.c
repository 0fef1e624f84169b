/* POSIX message queues: names, attributes, priorities, waiting, poll, notification, errors and their order. */
#include "guest.h"
#include <mqueue.h>

static volatile sig_atomic_t n, code, value, sender;
static void told(int s, siginfo_t *i, void *u) { (void)s; (void)u; n++; code = i->si_code; value = i->si_value.sival_int; sender = i->si_pid; }
static void nothing(int s) { (void)s; }
static struct mq_attr a;
static char name[64], buf[9000];
static void get(int q) { unsigned p = 9; memset(buf, 0, 99); errno = 0; int r = mq_receive(q, buf, 8192, &p); if (r < 0) printf("get: %s\n", strerror(errno)); else printf("get: %d %u %s\n", r, p, buf); }
static long open_raw(const char *s, int flags) { return syscall(SYS_mq_open, s, flags, 0600, NULL); }

int main(void) {
    sprintf(name, "/lx-test-%d", getpid()); struct mq_attr small = {0, 3, 16, 0}, bad = {0, 0, 16, 0}; struct timespec t;
    R(mq_open(name, O_RDWR)); R(open_raw("", O_CREAT | O_RDWR)); R(open_raw("a/b", O_CREAT | O_RDWR)); R(open_raw(".", O_CREAT | O_RDWR)); R(open_raw("..", O_RDWR)); R(open_raw((void *)8, O_RDWR)); R(open_raw("/x", O_RDWR));
    char longname[400]; memset(longname, 'n', 399); longname[399] = 0; R(open_raw(longname, O_RDWR)); R(mq_open(name, O_CREAT | O_RDWR, 0600, &bad)); R(mq_open(name, O_CREAT | O_RDWR, 0600, (void *)8)); R(mq_unlink(name));
    int q = mq_open(name, O_CREAT | O_EXCL | O_RDWR, 0640, NULL); T(q >= 0); R(mq_open(name, O_CREAT | O_EXCL | O_RDWR, 0600, NULL)); R(mq_getattr(q, &a)); R(a.mq_flags); R(a.mq_maxmsg); R(a.mq_msgsize); R(a.mq_curmsgs); R(fcntl(q, F_GETFD)); R(fcntl(q, F_GETFL) & O_ACCMODE);
    struct stat st; R(fstat(q, &st)); printf("%o\n", st.st_mode); R(lseek(q, 0, SEEK_SET)); R(write(q, "x", 1));
    R(mq_send(q, "low", 4, 1)); R(mq_send(q, "high", 5, 7)); R(mq_send(q, "low too", 8, 1)); R(mq_send(q, "", 0, 0)); R(mq_getattr(q, &a)); R(a.mq_curmsgs); R(read(q, buf, 11)); printf("%.11s\n", buf);
    struct pollfd p = {q, POLLIN | POLLOUT, 0}; R(poll(&p, 1, 0)); R(p.revents); get(q); get(q); get(q); get(q); p.revents = 0; R(poll(&p, 1, 0)); R(p.revents);
    int r = mq_open(name, O_RDONLY | O_NONBLOCK), w = mq_open(name, O_WRONLY); T(r >= 0 && w >= 0); get(r); get(w); R(mq_send(r, "x", 1, 0)); R(mq_send(w, (void *)8, 1, 0)); R(mq_send(r, (void *)8, 1, 0)); R(mq_send(w, buf, 8193, 0)); R(mq_send(w, buf, 1, 32768)); R(mq_send(1, buf, 1, 0)); R(mq_send(99, buf, 1, 0)); R(mq_send(99, buf, 1, 40000));
    R(mq_receive(r, buf, 8191, NULL)); R(mq_receive(w, buf, 8191, NULL)); R(mq_receive(99, buf, 1, NULL)); R(mq_send(w, "lost", 4, 0)); R(mq_receive(r, (void *)8, 8192, NULL)); R(mq_receive(r, buf, 8192, NULL)); R(mq_send(w, "k", 1, 32767)); R(mq_receive(r, buf, 8192, (void *)8)); R(mq_receive(r, buf, 8192, NULL));
    t.tv_sec = 1; t.tv_nsec = 0; R(mq_timedreceive(q, buf, 8192, NULL, &t)); t.tv_nsec = -1; R(mq_timedreceive(q, buf, 8192, NULL, &t)); R(mq_timedreceive(r, buf, 8192, NULL, &t)); R(mq_timedsend(q, "x", 1, 0, &t)); R(mq_timedreceive(99, buf, 1, NULL, (void *)8));
    clock_gettime(CLOCK_REALTIME, &t); t.tv_nsec += 20000000; if (t.tv_nsec > 999999999) t.tv_sec++, t.tv_nsec -= 1000000000; R(mq_timedreceive(q, buf, 8192, NULL, &t)); struct timespec now; clock_gettime(CLOCK_REALTIME, &now); T(now.tv_sec > t.tv_sec || now.tv_nsec >= t.tv_nsec);
    pid_t c = fork(); if (!c) { usleep(20000); mq_send(q, "from child", 11, 3); _exit(0); } get(q); ended("child", c);
    R(mq_close(r)); R(mq_close(w)); R(mq_unlink(name)); R(mq_unlink(name)); get(mq_open(name, O_RDWR)); R(mq_send(q, "nameless", 9, 0)); get(q); R(mq_close(q));
    q = mq_open(name, O_CREAT | O_RDWR, 0600, &small); R(mq_getattr(q, &a)); R(a.mq_maxmsg); R(a.mq_msgsize); R(mq_send(q, buf, 17, 0)); for (int i = 0; i < 3; i++) R(mq_send(q, "full", 5, i)); a.mq_flags = O_NONBLOCK; R(mq_setattr(q, &a, NULL)); R(mq_send(q, "x", 1, 0)); R(mq_getattr(q, &a)); R(a.mq_flags);
    a.mq_flags = 1; R(mq_setattr(q, &a, NULL)); a.mq_flags = 0; R(mq_setattr(q, &a, &small)); R(small.mq_flags); R(mq_setattr(q, (void *)8, NULL)); R(syscall(SYS_mq_getsetattr, q, NULL, NULL)); R(mq_getattr(q, (void *)8)); R(mq_getattr(99, &a)); R(mq_getattr(1, &a)); a.mq_flags = 1; R(mq_setattr(99, &a, NULL));
    t.tv_sec = 1; t.tv_nsec = 0; R(mq_timedsend(q, "x", 1, 0, &t)); c = fork(); if (!c) { usleep(20000); mq_receive(q, buf, 16, NULL); _exit(0); } R(mq_send(q, "waited", 7, 9)); ended("reader", c); get(q); get(q); get(q);
    signal(SIGALRM, nothing); struct itimerval it = {{0, 20000}, {0, 20000}}, off = {0}; siginterrupt(SIGALRM, 1); setitimer(ITIMER_REAL, &it, NULL); get(q);
    siginterrupt(SIGALRM, 0); setitimer(ITIMER_REAL, &it, NULL); c = fork(); if (!c) { usleep(60000); mq_send(q, "restarted", 10, 0); _exit(0); } get(q); setitimer(ITIMER_REAL, &off, NULL); ended("sender", c);
    struct sigaction sa = {.sa_sigaction = told, .sa_flags = SA_SIGINFO}; sigaction(SIGUSR1, &sa, NULL); struct sigevent e; memset(&e, 0, sizeof e); e.sigev_notify = SIGEV_SIGNAL; e.sigev_signo = SIGUSR1; e.sigev_value.sival_int = 42;
    R(mq_notify(q, &e)); R(mq_notify(q, &e)); CHILD("busy", R(mq_notify(q, &e))); c = fork(); if (!c) { mq_send(q, "hey", 4, 0); _exit(0); } AWAIT(n); ended("notifier", c); R(code == SI_MESGQ); R(value); T(sender == c); get(q); R(mq_send(q, "again", 6, 0)); R(n);
    R(mq_notify(q, &e)); get(q); R(mq_notify(q, NULL)); R(mq_send(q, "quiet", 6, 0)); R(n); get(q); e.sigev_signo = 65; R(mq_notify(q, &e)); e.sigev_notify = 9; R(mq_notify(q, &e)); e.sigev_notify = SIGEV_NONE; R(mq_notify(q, &e)); R(mq_notify(q, NULL)); R(mq_notify(99, &e)); R(mq_notify(1, NULL)); R(syscall(SYS_mq_notify, 99, 8L)); e.sigev_notify = 9; R(mq_notify(99, &e));
    R(mq_unlink(name));
}
