/* vfork: the child runs first in the parent's memory; posix_spawn tells the parent that the program is missing. */
#include <spawn.h>
#include "guest.h"

extern char **environ;

int main(void) {
    static volatile int shared; int status; pid_t pid;
    volatile pid_t p = vfork();
    if (p == 0) { shared = 41; _exit(3); }
    printf("%d\n", shared); ended("vfork", p);
    p = vfork();
    if (p == 0) { execl("/nonexistent/program", "x", (char *)NULL); shared = errno; _exit(4); }
    printf("%s\n", strerror(shared)); ended("vfork, failed exec", p);
    p = vfork();
    if (p == 0) { execl("/bin/sh", "sh", "-c", "exit 7", (char *)NULL); _exit(9); }
    ended("vfork, exec", p);
    p = vfork();
    if (p == 0) { shared = 0; for (volatile int i = 0; i < 200000; i++) {} shared = 43; _exit(0); }
    printf("%d\n", shared); ended("the parent waited", p);
    char *missing[] = {"missing", NULL}, *sh[] = {"sh", "-c", "exit 5", NULL}, *say[] = {"sh", "-c", "echo from sh",
        NULL}, *text[] = {"text", NULL};
    R(posix_spawn(&pid, "/no/such/file", NULL, NULL, missing, environ));
    R(posix_spawnp(&pid, "no-such-program", NULL, NULL, missing, environ));
    close(file_of("text", "not a program\n")); R(posix_spawn(&pid, "./text", NULL, NULL, text, environ));
    chmod("text", 0755); R(posix_spawn(&pid, "./text", NULL, NULL, text, environ));
    R(posix_spawn(&pid, "/bin/sh", NULL, NULL, sh, environ)); T(waitpid(pid, &status, 0) == pid);
    R(WEXITSTATUS(status));
    posix_spawn_file_actions_t fa; posix_spawn_file_actions_init(&fa);
    posix_spawn_file_actions_addopen(&fa, 1, "out", O_WRONLY | O_CREAT, 0600);
    R(posix_spawn(&pid, "/bin/sh", &fa, NULL, say, environ)); T(waitpid(pid, &status, 0) == pid);
    char buf[64] = ""; R(read(open("out", O_RDONLY), buf, 63)); printf("%s", buf);
    posix_spawn_file_actions_addopen(&fa, 5, "/no/dir/file", O_RDONLY, 0);
    R(posix_spawn(&pid, "/bin/sh", &fa, NULL, sh, environ));
    R(system("exit 6") >> 8); FILE *f = popen("tr a-z A-Z > up", "w"); fputs("popen\n", f); R(pclose(f));
    (void)!system("cat up");
    signal(SIGUSR1, SIG_IGN); p = vfork(); if (p == 0) { struct sigaction a = {.sa_handler = SIG_DFL};
    sigaction(SIGUSR1, &a, NULL); _exit(0); }
    ended("handler set in the child", p); R(raise(SIGUSR1));
}
