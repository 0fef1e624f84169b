/* What a child shares and what it has of its own: offsets, cwd, umask, descriptors, memory, pids, sessions. */
#include "guest.h"

int main(void) {
    int fd = file_of("f", "abcdefgh"), status; pid_t me = getpid(); char c;
    lseek(fd, 0, SEEK_SET); mkdir("d", 0755); umask(022);
    CHILD("child", T(getppid() == me); T(getpid() != me); (void)!read(fd, &c, 1); printf("%c\n", c);
        (void)!chdir("d"); umask(077); close(fd));
    (void)!read(fd, &c, 1); printf("%c\n", c); R(umask(022)); T(access("d", F_OK) == 0);
    T(getpgrp() == getpgid(0)); T(getsid(0) > 0);
    CHILD("group", T(setpgid(0, 0) == 0); T(getpgrp() == getpid()); R(setpgid(0, 99999999)); R(setpgid(-1, 0));
        R(setpgid(99999999, 0)));
    CHILD("session", T(setsid() == getpid()); T(getsid(0) == getpid()); R(setsid()); R(setpgid(0, 0)));
    R(getpgid(99999999)); R(getsid(99999999)); R(getpgid(-1));
    pid_t deep = fork();
    if (deep == 0) { for (int i = 0; i < 12; i++) { pid_t p = fork(); if (p) { waitpid(p, &status, 0);
    _exit(WEXITSTATUS(status) + 1); } } _exit(1); }
    ended("thirteen generations", deep);
    int p[2], total = 0; (void)!pipe(p);
    for (int i = 0; i < 10; i++) if (fork() == 0) { char b = (char)i; (void)!write(p[1], &b, 1); _exit(0); }
    close(p[1]); while (read(p[0], &c, 1) == 1) total += c;
    R(total); while (wait(NULL) > 0) {}
    long tid = 0; pid_t k = (pid_t)syscall(SYS_clone, SIGCHLD | 0x01000000 /* CLONE_CHILD_SETTID */, 0, 0, &tid, 0);
    if (k == 0) { T((int)tid == getpid()); _exit(0); }
    ended("clone, CHILD_SETTID", k); R(tid);
    int ptid = 0; k = (pid_t)syscall(SYS_clone, SIGCHLD | 0x00100000 /* CLONE_PARENT_SETTID */, 0, &ptid, 0, 0);
    if (k == 0) _exit(0);
    T(ptid == k); ended("clone, PARENT_SETTID", k);
    R(syscall(SYS_clone, 0x10000 /* CLONE_THREAD alone */, 0, 0, 0, 0));
    R(syscall(SYS_clone, 0x800 /* SIGHAND alone */ | SIGCHLD, 0, 0, 0, 0));
}
