/* A wait in shared memory is one wait, however long: who was moved to another word waits there, and no wake is missed. A signal that
   comes as a process begins to wait for a futex or a lock has its handler run, and ends the wait. */
#include "guest.h"
#include <linux/futex.h>

static struct { unsigned w[4]; volatile int turn, handled, done, missed; } *p;
static long fx(unsigned *at, long op, long val, long val2, unsigned *at2, long val3) { long r = syscall(SYS_futex, at, op, val, val2, at2, val3); return r == -1 ? -errno : r; }
static void asleep(unsigned *at, long n) { while (fx(at, FUTEX_CMP_REQUEUE, 0, n, at, *at) < n) usleep(1000); }
static void on(int s) { p->handled++; }
static long waits_futex(int fd) { return fx(p->w, FUTEX_WAIT, 0, 0, NULL, 0); }
static long waits_lock(int fd) { struct flock l = {.l_type = F_WRLCK}; return fcntl(fd, F_SETLKW, &l) == -1 ? -errno : 0; }
static long waits_flock(int fd) { return flock(open("lock", O_RDWR), LOCK_EX) == -1 ? -errno : 0; }

/* The signal comes after 0 to 100 microseconds or so; one that came too early for the wait comes again, but its handler has run. */
static void signals(const char *name, long (*waits)(int), int fd) {
    p->turn = p->handled = p->done = p->missed = 0; pid_t k = fork(); int turns = 150;
    if (!k) { for (int i = 0; i < turns; i++) { p->turn++; long r = waits(fd); if (r != -EINTR) p->missed++; p->done++; } _exit(0); }
    for (int i = 1; i <= turns; i++) {
        while (p->turn < i) sched_yield();
        for (int n = 0; n < i % 50 * 200; n++) __asm__ volatile("pause");
        for (int tries = 0; p->done < i; tries++) { int before = p->handled; kill(k, SIGUSR1); for (int ms = 0; ms < 2000 && p->handled == before && p->done < i; ms++) usleep(500); if (p->handled == before) p->missed++; for (int ms = 0; ms < 20 && p->done < i; ms++) usleep(100); }
    }
    ended(name, k); R(p->missed);
}
int main(void) {
    p = mmap(NULL, PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0); pid_t k = fork(); if (!k) _exit(fx(p->w, FUTEX_WAIT, 0, 0, NULL, 0));
    asleep(p->w, 1); R(fx(p->w, FUTEX_CMP_REQUEUE, 0, 1, p->w + 1, 0)); usleep(130000); R(fx(p->w, FUTEX_WAKE, 1, 0, 0, 0)); R(fx(p->w + 1, FUTEX_WAKE, 1, 0, 0, 0)); if (kill(k, 0) || usleep(20000)) return 1; kill(k, SIGKILL); ended("moved", k);
    struct sigaction a = {.sa_handler = on}; sigaction(SIGUSR1, &a, NULL); int fd = file_of("lock", ""); struct flock l = {.l_type = F_WRLCK}; R(fcntl(fd, F_SETLK, &l)); R(flock(fd, LOCK_EX));
    signals("futex", waits_futex, fd); signals("lock", waits_lock, fd); signals("flock", waits_flock, fd);
}
