/* A child that tells its parent nothing when it ends is not waited for without __WALL or __WCLONE. */
#include "guest.h"

int main(void) {
    int status = 0; pid_t k = (pid_t)syscall(SYS_clone, 0, 0, 0, 0, 0); if (k == 0) _exit(4);
    R(waitpid(k, &status, 0) == -1); T(waitpid(k, &status, 0x80000000) == k); R(WEXITSTATUS(status));
}
