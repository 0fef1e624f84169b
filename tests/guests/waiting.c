/* Exit statuses as wait4 and waitid tell them; stop and continue; options, also of who is waited for; nothing to wait for. */
#include "guest.h"

static void how(int status) {
    printf("exited %d (%d) signaled %d (%d) stopped %d (%d) continued %d\n", WIFEXITED(status), WEXITSTATUS(status),
           WIFSIGNALED(status), WTERMSIG(status), WIFSTOPPED(status), WSTOPSIG(status) & 0x7f, WIFCONTINUED(status));
}

int main(void) {
    int status = -1, codes[] = {0, 1, 127, 255, 256, 511, -1};
    R(wait(&status)); R(waitpid(-1, &status, WNOHANG)); R(waitpid(getpid(), &status, 0)); R(waitpid(1, NULL, 0x1000));
    for (int i = 0; i < 7; i++) {
        pid_t p = fork(); if (p == 0) _exit(codes[i]);
        T(waitpid(p, &status, 0) == p); how(status);
    }
    pid_t pid = fork(); if (pid == 0) { for (;;) pause(); }
    R(waitpid(pid, &status, WNOHANG));
    kill(pid, SIGSTOP); T(waitpid(pid, &status, WUNTRACED) == pid); how(status);
    kill(pid, SIGCONT); T(waitpid(pid, &status, WCONTINUED) == pid); how(status);
    siginfo_t i; kill(pid, SIGUSR1);
    T(waitid(P_PID, pid, &i, WEXITED | WNOWAIT) == 0); T(waitid(P_PID, pid, &i, WEXITED) == 0);
    printf("signo %d code %d status %d pid %d\n", i.si_signo, i.si_code, i.si_status, i.si_pid == pid);
    R(waitid(P_PID, pid, &i, WEXITED)); R(waitid(P_ALL, 0, &i, 0)); R(waitid(9, 0, &i, WEXITED));
    pid = fork(); if (pid == 0) { usleep(100000); _exit(5); }
    i.si_pid = 77; R(waitid(P_ALL, 0, &i, WEXITED | WNOHANG)); R(i.si_pid);
    T(wait(&status) == pid); how(status);
    pid_t kids[3]; for (int k = 0; k < 3; k++) if ((kids[k] = fork()) == 0) _exit(k + 10);
    int sum = 0; while (wait(&status) > 0) sum += WEXITSTATUS(status);
    R(sum);
    pid = fork(); if (pid == 0) { setpgid(0, 0); usleep(20000); _exit(6); }
    setpgid(pid, pid); R(waitpid(0, &status, WNOHANG)); T(waitpid(-pid, &status, 0) == pid); how(status);
    struct rusage ru; pid = fork(); if (pid == 0) { for (volatile long n = 0; n < 3000000; n++) {} _exit(0); }
    T(wait4(pid, &status, 0, &ru) == pid); T(ru.ru_utime.tv_sec * 1000000 + ru.ru_utime.tv_usec >= 0);
    T(ru.ru_maxrss > 0);
    int up[2]; pid_t me = getpid(); (void)!pipe(up);
    pid = fork();
    if (pid == 0) {
        pid_t was = getpid();
        if (fork() == 0) { char c; (void)!read(up[0], &c, 1);
        while (getppid() == was) usleep(1000);
            T(getppid() != me); _exit(0); }
        _exit(0);
    }
    ended("middle", pid); (void)!write(up[1], "x", 1); close(up[0]); close(up[1]); usleep(200000);
    R(wait4(-1, (int *)8, 0, NULL));
    for (int i = 0; i < 4; i++) {
        static const int kinds[] = {__WCLONE, __WALL, __WCLONE | __WALL, __WNOTHREAD};
        siginfo_t info = {0}; pid_t k = fork(); if (k == 0) _exit(3);
        R(waitid(P_ALL, 0, &info, WEXITED | kinds[i])); R(info.si_status); waitpid(k, NULL, 0);
    }
}
