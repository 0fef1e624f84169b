/* Calls that wait keep their own thread and no other: the main thread goes on and ends each wait, or a signal does. */
/* cflags: -pthread */
#include "guest.h"
#include <pthread.h>

static int p[2], fd, fd2; static volatile int about, over; static pthread_t t; static char big[300000]; static pid_t child; static long (*what)(void); static int problem;
static void *body(void *a) { about = 1; errno = 0; long r = what(); problem = r == -1 ? errno : 0; over = 1; return (void *)r; }
static void begin(long (*f)(void)) { what = f; about = over = 0; pthread_create(&t, NULL, body, NULL); while (!about) usleep(500); usleep(30000); T(!over); }
static void done(const char *name) { void *r; pthread_join(t, &r); printf("%s: %ld %s\n", name, (long)r, strerror(problem)); }
static void on(int s) { }
static void hit(void) { pthread_kill(t, SIGUSR1); }
static long reads(void) { return read(p[0], big, 10); }
static long writes(void) { return write(p[1], big, sizeof big); }
static long polls(void) { struct pollfd f = {p[0], POLLIN, 0}; return poll(&f, 1, -1); }
static long selects(void) { fd_set s; FD_ZERO(&s); FD_SET(p[0], &s); return select(p[0] + 1, &s, NULL, NULL, NULL); }
static long waits(void) { int st; return waitpid(child, &st, 0) == child ? st : -1; }
static long flocks(void) { return flock(fd2, LOCK_EX); }
static long record(int cmd) { struct flock l = {.l_type = F_WRLCK, .l_len = 1}; return fcntl(fd2, cmd, &l); }
static long setlkw(void) { return record(F_SETLKW); }
static long ofd(void) { return record(F_OFD_SETLKW); }
static long opens(void) { int f = open("fifo", O_RDONLY); if (f < 0) return -1; char c = 0; long n = read(f, &c, 1); close(f); return n * 100 + c; }
static long opens_to_write(void) { int f = open("fifo", O_WRONLY); if (f < 0) return -1; close(f); return 5; }
static long vforks(void) { pid_t k = vfork(); if (!k) { usleep(60000); _exit(9); } int st; waitpid(k, &st, 0); return WEXITSTATUS(st); }
static long sleeps(void) { usleep(60000); return 1; }
static void hold(int seconds_ms, void (*take)(void)) { int q[2]; if (pipe(q)) exit(1); child = fork(); if (!child) { take(); if (write(q[1], "x", 1) < 0) _exit(1); usleep(seconds_ms * 1000); _exit(6); } char c; if (read(q[0], &c, 1) < 0) exit(1); close(q[0]); close(q[1]); }
static void none(void) { } static void flocked(void) { int f = open("lock", O_RDWR); flock(f, LOCK_EX); } static void recorded(void) { record(F_SETLK); }
int main(void) {
    struct sigaction a = {.sa_handler = on}; sigaction(SIGUSR1, &a, NULL); if (pipe(p)) return 1; fd = file_of("lock", "x"); fd2 = open("lock", O_RDWR); mkfifo("fifo", 0600); struct flock l = {.l_type = F_WRLCK, .l_len = 1};
    begin(reads); R(write(p[1], "abc", 3)); done("read"); begin(reads); hit(); done("read, hit");
    begin(polls); R(write(p[1], "abc", 3)); done("poll"); begin(reads == NULL ? reads : sleeps); done("sleep"); R(read(p[0], big, 10)); begin(polls); hit(); done("poll, hit"); begin(selects); R(write(p[1], "abc", 3)); done("select"); R(read(p[0], big, 10));
    begin(writes); long n = 0; while (n < sizeof big) n += read(p[0], big, 5000); done("write"); R(n); begin(writes); hit(); usleep(1000); done("write, hit"); n = 0; struct pollfd f = {p[0], POLLIN, 0}; while (poll(&f, 1, 0) == 1) n += read(p[0], big, 5000); R(n);
    hold(100, none); begin(waits); done("wait"); hold(100, none); begin(waits); hit(); done("wait, hit"); ended("child", child);
    R(flock(fd, LOCK_EX)); begin(flocks); R(flock(fd, LOCK_UN)); done("flock"); R(flock(fd, LOCK_EX | LOCK_NB)); R(flock(fd2, LOCK_UN)); R(flock(fd, LOCK_EX)); begin(flocks); hit(); done("flock, hit"); R(flock(fd, LOCK_UN));
    R(fcntl(fd, F_OFD_SETLK, &l)); begin(ofd); l.l_type = F_UNLCK; R(fcntl(fd, F_OFD_SETLK, &l)); done("OFD lock"); l.l_type = F_WRLCK; R(fcntl(fd, F_OFD_SETLK, &l)); l.l_type = F_UNLCK; fcntl(fd2, F_OFD_SETLK, &l);
    hold(100, recorded); begin(setlkw); done("record lock"); ended("holder", child); hold(100, recorded); begin(setlkw); hit(); done("record lock, hit"); ended("holder", child); hold(100, flocked); begin(flocks); done("flock of a child"); ended("holder", child);
    begin(opens); int w = open("fifo", O_WRONLY); R(write(w, "!", 1)); done("open a FIFO"); close(w); begin(opens); hit(); done("open a FIFO, hit"); begin(opens_to_write); w = open("fifo", O_RDONLY); done("open a FIFO to write"); close(w); begin(vforks); puts("beside vfork"); done("vfork"); unlink("fifo"); unlink("lock");
    a.sa_flags = SA_RESTART; sigaction(SIGUSR1, &a, NULL); begin(reads); hit(); usleep(5000); R(write(p[1], "abc", 3)); done("read, restarted"); fd = file_of("l2", "x"); fd2 = open("l2", O_RDWR); flock(fd, LOCK_EX); begin(flocks); hit(); usleep(5000); T(!over); R(flock(fd, LOCK_UN)); done("flock, restarted"); unlink("l2"); begin(polls); hit(); done("poll is not restarted");
}
