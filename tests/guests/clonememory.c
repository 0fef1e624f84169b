/* A process that shares its parent's memory without suspending it (CLONE_VM). */
#include "guest.h"

static volatile int word;
static int child(void *text) { word = 7; return 3; }

int main(void) {
    char *stack = pages(4); int status = 0;
    pid_t k = clone(child, stack + 4 * PAGE, CLONE_VM | SIGCHLD, "");
    R(k > 0); waitpid(k, &status, 0); R(WEXITSTATUS(status)); R(word);
}
