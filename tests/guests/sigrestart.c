/* A read interrupted by SIGALRM: restarted under SA_RESTART, EINTR without; waits that never restart. */
#include "guest.h"

static volatile int alarms, writer = -1;
static void on_alarm(int s) { (void)s; alarms++; if (writer >= 0) (void)!write(writer, "late", 4); }
static void in(long us) { struct itimerval t = {{0, 0}, {0, us}}; setitimer(ITIMER_REAL, &t, NULL); }
static void with(int flags) { struct sigaction a = {.sa_handler = on_alarm, .sa_flags = flags};
sigaction(SIGALRM, &a, NULL); }

int main(void) {
    int p[2]; char buf[8]; struct timespec ms = {0, 500000000}, rem;
    (void)!pipe(p);
    with(0); in(50000); R(read(p[0], buf, 4));
    with(SA_RESTART); writer = p[1]; in(50000); R(read(p[0], buf, 4)); writer = -1;
    with(SA_RESTART); in(50000);
    struct pollfd f = {p[0], POLLIN, 0}; R(poll(&f, 1, 2000));
    in(50000); fd_set s; FD_ZERO(&s); FD_SET(p[0], &s); struct timeval tv = {2, 0};
    R(select(p[0] + 1, &s, NULL, NULL, &tv));
    T(tv.tv_sec == 1);
    in(50000); R(nanosleep(&ms, &rem)); T(rem.tv_nsec > 100000000 && rem.tv_nsec < 500000000);
    in(50000); R(pause());
    in(50000); sigset_t none; sigemptyset(&none); R(sigsuspend(&none));
    in(50000); R(clock_nanosleep(CLOCK_MONOTONIC, 0, &ms, &rem));
    pid_t pid = fork();
    if (pid == 0) { usleep(250000); _exit(3); }
    in(50000); int status; T(waitpid(pid, &status, 0) == pid); R(WEXITSTATUS(status));
    with(0); pid = fork();
    if (pid == 0) { usleep(250000); _exit(4); }
    in(50000); R(wait(&status)); T(waitpid(pid, &status, 0) == pid); R(WEXITSTATUS(status));
    int locked = file_of("lock", ""), go[2]; char c; (void)!pipe(go);
    pid = fork();
    if (pid == 0) { int own = open("lock", O_RDWR); flock(own, LOCK_EX); (void)!write(go[1], "x", 1);
    usleep(250000); _exit(0); }
    (void)!read(go[0], &c, 1); in(50000); R(flock(locked, LOCK_EX));
    with(SA_RESTART); R(flock(locked, LOCK_EX)); ended("locker", pid);
    printf("%d alarms\n", alarms);
}
