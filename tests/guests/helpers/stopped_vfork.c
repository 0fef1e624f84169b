/* ^Z comes for a shell's job whose parent waits in vfork with signals blocked, as dash does: does the job stop as a whole?
   Natively it does not. */
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

static pid_t job;
static void give_up(int signo) { kill(-job, SIGKILL); }

int main(int argc, char **argv)
{
    int status = 0;
    if (argc > 1) return write(1, "its own program\n", 16) != 16;
    signal(SIGALRM, give_up);
    job = fork();
    if (!job) {
        setpgid(0, 0);
        sigset_t all, none;
        sigfillset(&all);
        sigprocmask(SIG_SETMASK, &all, &none);
        pid_t child = vfork();
        if (!child) { kill(0, SIGTSTP); sigprocmask(SIG_SETMASK, &none, 0); execl("/proc/self/exe", "x", "y", (char *)0); _exit(9); }
        sigprocmask(SIG_SETMASK, &none, 0);
        return waitpid(child, &status, 0) != child || status;
    }
    alarm(10);
    waitpid(job, &status, WUNTRACED);
    printf("stopped: %d\n", WIFSTOPPED(status)); fflush(stdout);
    kill(-job, SIGCONT);
    waitpid(job, &status, 0);
    printf("ended: %d\n", status);
    return 0;
}
