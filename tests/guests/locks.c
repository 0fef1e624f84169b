/* Record locks, open-file-description locks and flock, seen from another process. */
#include "guest.h"

static const char *kind(short t) { return t == F_UNLCK ? "free" : t == F_RDLCK ? "read" : "write"; }
static void ask(int fd, int cmd, short type, long start, long len, pid_t owner) {
struct flock l = {.l_type = type, .l_whence = SEEK_SET, .l_start = start, .l_len = len}; int r = fcntl(fd, cmd, &l);
if (r) printf("%s\n", strerror(errno));
else printf("%s %ld %ld owner %d\n", kind(l.l_type), l.l_type == F_UNLCK ? 0 : (long)l.l_start,
    l.l_type == F_UNLCK ? 0 : (long)l.l_len, l.l_type == F_UNLCK ? 0 : owner ? l.l_pid == owner : (int)l.l_pid); }
static int lock(int fd, int cmd, short type, long start, long len) {
struct flock l = {.l_type = type, .l_whence = SEEK_SET, .l_start = start, .l_len = len}; return fcntl(fd, cmd, &l);
}

int main(void) {
    int fd = file_of("f", "0123456789"), ro = open("f", O_RDONLY), wo = open("f", O_WRONLY); pid_t me = getpid();
    R(lock(fd, F_SETLK, F_WRLCK, 0, 10)); R(lock(fd, F_SETLK, F_RDLCK, 20, 5)); R(lock(fd, F_SETLK, F_UNLCK, 4, 2));
    R(lock(ro, F_SETLK, F_WRLCK, 50, 1)); R(lock(wo, F_SETLK, F_RDLCK, 50, 1)); R(lock(fd, F_SETLK, 9, 0, 1));
    R(lock(fd, F_SETLK, F_RDLCK, -1, 1)); R(lock(-1, F_SETLK, F_RDLCK, 0, 1)); R(fcntl(fd, F_SETLK, (void *)8));
    ask(fd, F_GETLK, F_WRLCK, 0, 0, me);
    CHILD("child", int c = open("f", O_RDWR); ask(c, F_GETLK, F_WRLCK, 0, 1, me); ask(c, F_GETLK, F_WRLCK, 4, 2,
        me); ask(c, F_GETLK, F_WRLCK, 5, 10, me); ask(c, F_GETLK, F_RDLCK, 20, 1, me); ask(c, F_GETLK, F_WRLCK, 15,
        0, me); R(lock(c, F_SETLK, F_WRLCK, 0, 1)); R(lock(c, F_SETLK, F_RDLCK, 22, 1)); R(lock(c, F_SETLK, F_WRLCK,
        4, 2)); R(lock(fd, F_SETLK, F_WRLCK, 0, 1)));
    int other = open("f", O_RDONLY); close(other);
    CHILD("closing any descriptor drops them", ask(fd, F_GETLK, F_WRLCK, 0, 0, me));
    int a = open("f", O_RDWR), b = open("f", O_RDWR); R(lock(a, F_OFD_SETLK, F_WRLCK, 0, 5));
    R(lock(b, F_OFD_SETLK, F_WRLCK, 0, 5)); R(lock(b, F_OFD_SETLK, F_WRLCK, 5, 5));
    ask(b, F_OFD_GETLK, F_WRLCK, 0, 0, 0); int twin = dup(a); R(lock(twin, F_OFD_SETLK, F_RDLCK, 0, 5)); close(twin);
    R(lock(b, F_OFD_SETLK, F_RDLCK, 0, 5)); close(a); close(b);
    a = open("f", O_RDWR), b = open("f", O_RDWR); R(flock(a, LOCK_EX)); R(flock(b, LOCK_EX | LOCK_NB));
    R(flock(b, LOCK_SH | LOCK_NB)); R(flock(a, LOCK_SH)); R(flock(b, LOCK_SH | LOCK_NB)); R(flock(a, LOCK_UN));
    R(flock(b, LOCK_EX | LOCK_NB)); R(flock(a, 0)); R(flock(-1, LOCK_EX)); R(flock(dup(b), LOCK_UN));
    R(flock(a, LOCK_EX | LOCK_NB));
    int go[2]; char c; (void)!pipe(go); pid_t k = fork(); if (k == 0) { int own = open("f", O_RDWR);
    lock(own, F_SETLK, F_WRLCK, 0, 0); (void)!write(go[1], "x", 1); usleep(400000); _exit(0); }
    (void)!read(go[0], &c, 1); R(lock(fd, F_SETLK, F_WRLCK, 0, 0)); R(lock(fd, F_SETLKW, F_WRLCK, 0, 0));
    ended("holder", k); R(lockf(fd, F_TLOCK, 10)); R(lockf(fd, F_TEST, 10));
}
