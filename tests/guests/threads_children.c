/* Whose a child is among threads: __WNOTHREAD, the child of a thread that has ended, CLONE_PARENT and exit signals by a thread. */
/* cflags: -pthread */
#include "guest.h"
#include <pthread.h>

static pthread_barrier_t step;
static pid_t mine, theirs, odd;
static void with(void) { pthread_barrier_wait(&step); }
static void look(const char *who, pid_t pid, int options) {
    int status = 0; pid_t got = waitpid(pid, &status, options | WNOHANG);
    printf("%s: %s, status %x\n", who, got < 0 ? strerror(errno) : got == 0 ? "nobody" : got == mine ? "the first's" : got == theirs ? "the other's" : got == odd ? "the odd" : "another", status);
}
static void ends(pid_t pid) { siginfo_t i; kill(pid, SIGTERM); waitid(P_PID, pid, &i, WEXITED | WNOWAIT | __WALL); }

static void *other(void *start) {
    pid_t parent = getpid();
    theirs = fork(); if (!theirs) for (;;) pause();
    odd = syscall(SYS_clone, 0, 0, 0, 0, 0); if (!odd) for (;;) pause();
    look("other, any", -1, __WNOTHREAD); look("other, the first's", mine, __WNOTHREAD); look("other, its own", theirs, __WNOTHREAD); look("other, the first's by either", mine, 0);
    look("other, its odd", odd, __WNOTHREAD); look("other, its odd", odd, __WNOTHREAD | __WALL); look("other, group", 0, __WNOTHREAD | __WCLONE);
    with(); with();
    siginfo_t i = {0}; R(waitid(P_PID, mine, &i, WEXITED | __WNOTHREAD)); R(waitid(P_ALL, 0, &i, WEXITED | WNOHANG | __WNOTHREAD));
    ends(theirs); look("other, any", -1, __WNOTHREAD);
    pid_t k = fork(); if (!k) { pid_t s = syscall(SYS_clone, CLONE_PARENT | SIGUSR1, 0, 0, 0, 0); _exit(s ? 0 : getppid() == parent ? 3 : 4); }
    int status; T(waitpid(k, &status, __WNOTHREAD) == k); T(waitpid(-1, &status, 0) > 0); R(WEXITSTATUS(status));
    k = syscall(SYS_clone, 0, 0, 0, 0, 0); if (!k) { usleep(20000); _exit(9); }
    T(waitpid(k, &status, __WCLONE) == k); R(WEXITSTATUS(status));
    return start;
}

int main(void) {
    pthread_t t; pthread_barrier_init(&step, NULL, 2);
    mine = fork(); if (!mine) for (;;) pause();
    pthread_create(&t, NULL, other, NULL);
    with();
    look("first, any", -1, __WNOTHREAD); look("first, the other's", theirs, __WNOTHREAD); look("first, all odd", -1, __WNOTHREAD | __WCLONE);
    with(); pthread_join(t, NULL);
    look("first, left by the other", odd, __WNOTHREAD | __WALL); ends(odd); look("first, left by the other", odd, __WNOTHREAD | __WALL);
    ends(mine); look("first", -1, __WNOTHREAD); look("none", -1, __WNOTHREAD);
}
