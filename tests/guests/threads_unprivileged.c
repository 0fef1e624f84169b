/* Who was root and is somebody else makes threads and children as before. */
/* cflags: -pthread */
#include "guest.h"
#include <pthread.h>

static void *other(void *answer) { return getuid() == 0 ? NULL : answer; }
static void threads(void) {
    pthread_t t; void *answer = NULL;
    R(pthread_create(&t, NULL, other, (void *)7)); pthread_join(t, &answer); R((long)answer);
}
int main(void) {
    if (geteuid() == 0 && (setgid(65534) || setuid(65534))) return 1;
    threads(); CHILD("a child", threads()); threads();
    pid_t k = syscall(SYS_clone, CLONE_FS | SIGCHLD, 0, 0, 0, 0); if (!k) { R(chdir("/proc")); threads(); _exit(0); }
    ended("sharing", k); T(access("self", F_OK) == 0);
    k = syscall(SYS_clone, CLONE_PARENT | SIGCHLD, 0, 0, 0, 0); if (!k) _exit(0);
    T(k > 0); k = syscall(SYS_clone, 0, 0, 0, 0, 0); if (!k) _exit(0);
    R(wait(NULL)); T(waitpid(k, NULL, __WALL) == k);
}
