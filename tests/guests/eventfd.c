/* eventfd, timerfd, signalfd: counts, semaphores, expiries, queued signals, and what is wrong with their arguments. */
/* cflags: -pthread */
#include "guest.h"
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>

static uint64_t v;
static long add(int fd, uint64_t n) { return write(fd, &n, 8); }
static long take(int fd) { v = 77; return read(fd, &v, 8); }
static int ready(int fd) { struct pollfd p = {fd, POLLIN | POLLOUT, 0}; poll(&p, 1, 0); return p.revents; }
static long ms(struct timespec *a) { struct timespec b; clock_gettime(CLOCK_MONOTONIC, &b);
return (b.tv_sec - a->tv_sec) * 1000 + (b.tv_nsec - a->tv_nsec) / 1000000; }
static void on(int s) { (void)s; }
static int shared;
static void *reader(void *a) { *(long *)a = take(shared); return NULL; }

static void counters(void) {
    int e = eventfd(3, EFD_NONBLOCK), s = eventfd(2, EFD_SEMAPHORE | EFD_NONBLOCK | EFD_CLOEXEC);
    R(ready(e)); R(take(e)); R(v); R(take(e)); R(ready(e)); R(add(e, 5)); R(add(e, 6)); R(take(e)); R(v);
    R(take(s)); R(v); R(take(s)); R(v); R(take(s)); R(add(s, 0)); R(ready(s));
    R(add(e, UINT64_MAX)); R(add(e, UINT64_MAX - 1)); R(ready(e)); R(add(e, 1)); R(take(e)); R(v == UINT64_MAX - 1);
    R(write(e, "abc", 3)); R(read(e, &v, 7)); R(read(e, (void *)8, 8)); R(write(e, (void *)8, 8)); R(lseek(e, 0, SEEK_CUR));
    R(pread(e, &v, 8, 0)); R(syscall(SYS_eventfd2, 0, 2)); R(fcntl(s, F_GETFD)); R(fcntl(e, F_GETFL));
    OK(syscall(SYS_eventfd, 1)); R(ftruncate(e, 0)); struct stat st; R(fstat(e, &st)); R(st.st_size);
    int b = eventfd(0, 0), d = dup(b); R(add(d, 9)); R(take(b)); R(v);
    CHILD("child adds", usleep(20000); add(b, 4)); R(take(d)); R(v);
    pid_t k = fork(); if (!k) { usleep(20000); add(b, 8); _exit(0); }
    R(take(b)); R(v); ended("late writer", k); R(add(b, UINT64_MAX - 1));
    k = fork(); if (!k) { usleep(20000); take(b); _exit(v == UINT64_MAX - 1); }
    R(add(b, 1000)); ended("late reader", k); R(take(b)); R(v);
    pthread_t th; shared = b; long got; pthread_create(&th, NULL, reader, &got);
    usleep(10000); R(add(b, 21)); pthread_join(th, NULL); R(got); R(v);
    add(b, 5); k = fork(); if (!k) { usleep(20000); take(b); _exit(v); }
    R(add(b, UINT64_MAX - 3)); ended("reader who makes room", k); R(take(b)); R(v == UINT64_MAX - 3);
    signal(SIGALRM, on); siginterrupt(SIGALRM, 1); ualarm(200000, 0); R(take(b));
}

static void timers(void) {
    int t = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC), r = timerfd_create(CLOCK_REALTIME, 0);
    struct itimerspec i = {{0, 0}, {0, 200000000}}, o, n; struct timespec t0; memset(&o, 1, sizeof o);
    R(take(t)); R(timerfd_gettime(t, &o)); R(o.it_value.tv_sec); R(o.it_value.tv_nsec); R(ready(t));
    clock_gettime(CLOCK_MONOTONIC, &t0); R(timerfd_settime(t, 0, &i, &o)); R(o.it_value.tv_nsec); R(take(t));
    R(timerfd_gettime(t, &o)); T(o.it_value.tv_nsec > 0 && o.it_value.tv_nsec <= 200000000);
    struct pollfd p = {t, POLLIN, 0}; R(poll(&p, 1, 5000)); T(ms(&t0) >= 200); R(take(t)); R(v); R(take(t));
    i.it_interval.tv_nsec = 5000000; i.it_value.tv_nsec = 1; R(timerfd_settime(r, 0, &i, NULL)); usleep(22000); R(take(r));
    T(v >= 4); R(take(r)); T(v >= 1); i.it_value.tv_nsec = 0; R(timerfd_settime(r, 0, &i, &n)); R(n.it_interval.tv_nsec);
    clock_gettime(CLOCK_REALTIME, &i.it_value); i.it_interval.tv_nsec = 0; i.it_value.tv_sec -= 1;
    R(timerfd_settime(r, TFD_TIMER_ABSTIME, &i, NULL)); R(take(r)); R(v);
    clock_gettime(CLOCK_REALTIME, &i.it_value); i.it_value.tv_sec += 1000;
    R(timerfd_settime(r, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &i, NULL)); R(timerfd_gettime(r, &o));
    T(o.it_value.tv_sec >= 998 && o.it_value.tv_sec < 1001); R(timerfd_settime(r, 4, &i, NULL)); i.it_value.tv_nsec = 1000000000;
    R(timerfd_settime(r, 0, &i, NULL)); R(timerfd_settime(99, 0, &i, NULL)); i.it_value.tv_nsec = 1;
    R(timerfd_settime(99, 0, &i, NULL)); R(timerfd_settime(0, 0, &i, NULL)); R(syscall(SYS_timerfd_settime, 99, 0, 8, 0));
    R(syscall(SYS_timerfd_settime, r, 0, &i, 8)); R(timerfd_gettime(0, &o)); R(syscall(SYS_timerfd_gettime, 99, 8));
    R(syscall(SYS_timerfd_gettime, r, 8)); R(timerfd_create(CLOCK_PROCESS_CPUTIME_ID, 0)); R(timerfd_create(77, 0));
    R(timerfd_create(CLOCK_BOOTTIME, 1)); OK(timerfd_create(CLOCK_BOOTTIME, 0)); R(write(t, &v, 8)); R(read(t, &v, 4));
    i = (struct itimerspec){{0, 0}, {10, 0}}; timerfd_settime(r, 0, &i, NULL); ualarm(200000, 0); R(take(r));
}

static void signals(void) {
    sigset_t m; sigemptyset(&m); sigaddset(&m, SIGUSR1); sigaddset(&m, SIGRTMIN); sigaddset(&m, SIGCHLD); sigaddset(&m, SIGKILL);
    sigprocmask(SIG_BLOCK, &m, NULL); raise(SIGUSR1);
    struct signalfd_siginfo s[3]; int f = signalfd(-1, &m, SFD_NONBLOCK | SFD_CLOEXEC);
    R(ready(f)); R(read(f, s, sizeof s)); R(s[0].ssi_signo); T(s[0].ssi_pid == (unsigned)getpid()); R(s[0].ssi_code);
    R(read(f, s, sizeof s)); R(ready(f)); kill(getpid(), SIGUSR1); raise(SIGUSR1); R(ready(f)); R(read(f, s, sizeof s));
    for (int i = 0; i < 2; i++) sigqueue(getpid(), SIGRTMIN, (union sigval){.sival_int = 41 + i});
    R(read(f, s, sizeof s)); R(s[0].ssi_int); R(s[1].ssi_int); R(s[0].ssi_code); R(s[1].ssi_signo - SIGRTMIN);
    pid_t k = fork(); if (!k) { R(read(f, s, sizeof s)); _exit(7); }
    struct pollfd p = {f, POLLIN, 0}; R(poll(&p, 1, 5000)); R(read(f, s, sizeof s)); R(s[0].ssi_signo);
    T(s[0].ssi_pid == (unsigned)k); R(s[0].ssi_status); R(s[0].ssi_code); ended("child", k);
    k = fork(); if (!k) { usleep(20000); _exit(3); }
    ended("waited for while its signal is read elsewhere", k); R(read(f, s, sizeof s)); R(s[0].ssi_status);
    k = fork(); if (!k) { usleep(20000); kill(getppid(), SIGUSR1); _exit(0); }
    fcntl(f, F_SETFL, 0); R(read(f, s, sizeof s[0])); R(s[0].ssi_signo); T(s[0].ssi_pid == (unsigned)k); ended("sender", k);
    R(read(f, s, 10)); sigemptyset(&m); sigaddset(&m, SIGUSR2); R(signalfd(f, &m, 0) == f); raise(SIGUSR1); fcntl(f, F_SETFL, O_NONBLOCK);
    R(read(f, s, sizeof s)); sigset_t pend; sigpending(&pend); R(sigismember(&pend, SIGUSR1)); signal(SIGUSR1, on);
    sigemptyset(&m); sigaddset(&m, SIGUSR1); R(sigprocmask(SIG_UNBLOCK, &m, NULL)); sigpending(&pend);
    R(sigismember(&pend, SIGUSR1)); R(signalfd(0, &m, 0)); R(signalfd(99, &m, 0)); R(signalfd(-2, &m, 0));
    R(signalfd(-1, &m, 5)); R(syscall(SYS_signalfd4, -1, &m, 4, 0)); R(syscall(SYS_signalfd4, -1, 8, 8, 0));
    OK(syscall(SYS_signalfd, -1, &m, 8)); R(write(f, s, 128));
}

int main(void) { counters(); timers(); signals(); }
