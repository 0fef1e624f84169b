/* A process that shares its parent's descriptors (CLONE_FILES), and a thread that does not. */
#include "guest.h"

static volatile int word, at;
static int closes(void *text) { at = close(9); word = 1; syscall(SYS_exit, 0); return 0; }

int main(void) {
    R(dup2(0, 9)); R(dup2(0, 8));
    pid_t k = syscall(SYS_clone, CLONE_FILES | SIGCHLD, 0, 0, 0, 0);
    if (!k) _exit(close(8));
    if (k > 0) waitpid(k, NULL, 0);
    R(k > 0); R(fcntl(8, F_GETFD));
    R(clone(closes, pages(4) + 4 * PAGE, CLONE_VM | CLONE_SIGHAND | CLONE_THREAD | CLONE_FS, NULL) > 0);
    for (int i = 0; i < 500 && !word; i++) usleep(1000);
    R(word); R(at); R(fcntl(9, F_GETFD));
}
