/* A Linux program for `make demo`: it asks the kernel a few things and forks a child. */
#include <stdio.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv) {
    struct utsname u;
    uname(&u);
    printf("hello, %s: this is %s %s on %s\n", argc > 1 ? argv[1] : "world", u.sysname, u.release, u.machine);
    fflush(stdout);
    if (fork() == 0) {
        printf("a child: its own process, the same files\n");
        return 3;
    }
    int status;
    wait(&status);
    printf("the child left with %d\n", WEXITSTATUS(status));
    return 0;
}
