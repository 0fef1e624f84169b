/* getppid, asked again and again, while parents end and grandchildren go to a subreaper; through fork, threads and vfork. */
/* cflags: -pthread */
#include "guest.h"
#include <pthread.h>

static void *asks(void *parent) { return (void *)(long)(getppid() == (pid_t)(long)parent); }

int main(void) {
    pid_t me = getpid(), before = getppid(), self; int p[2], q[2], status; char c; (void)!pipe(p); (void)!pipe(q);
    T(before == getppid()); prctl(PR_SET_CHILD_SUBREAPER, 1);
    for (int i = 0; i < 3; i++) CHILD("a child", _exit((getppid() == me) + (getppid() == me)));
    pid_t k = fork();
    if (!k) {
        pid_t middle = getpid();
        if (!fork()) {
            int right = 0; for (int i = 0; i < 3; i++) right += getppid() == middle;
            printf("grandchild: %d right\n", right); (void)!write(p[1], "x", 1);
            while (getppid() == middle) usleep(1000);
            (void)!read(q[0], &c, 1);
            printf("adopted: %d %d\n", getppid() == me, getppid() == me); self = getpid();
            CHILD("its child", _exit((getppid() == self) + (getppid() == self)));
            pthread_t t; void *is; pthread_create(&t, NULL, asks, (void *)(long)me); pthread_join(t, &is); printf("a thread: %ld\n", (long)is);
            _exit(7);
        }
        (void)!read(p[0], &c, 1); _exit(3);
    }
    T(waitpid(k, &status, 0) == k); R(WEXITSTATUS(status)); (void)!write(q[1], "x", 1); T(wait(&status) > 0); R(WEXITSTATUS(status));
    k = vfork(); if (!k) _exit(getppid() == me);
    waitpid(k, &status, 0); R(WEXITSTATUS(status)); T(before == getppid());
    R(umask(0123)); R(umask(~0)); CHILD("masked", R(umask(022))); R(umask(0)); R(syscall(SYS_umask, 1L << 32 | 07)); R(umask(022));
}
