/* Calls that only answer a number, many in a row: signals still come, errors are theirs, and a child's answers are its own. */
#include "guest.h"
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <sched.h>

static volatile sig_atomic_t ticks;
static int nice_value; /* whatever whoever runs this has given it */

static void tick(int number) { (void)number; ticks++; }

static int right(void)
{
    errno = 0;
    int bad = getpgid(-1) != -1 || errno != ESRCH;
    errno = 0;
    bad |= sched_get_priority_max(99) != -1 || errno != EINVAL;
    return !bad && getpgid(0) == getpgrp() && getsid(0) == getsid(getpid()) && getpriority(PRIO_PROCESS, 0) == nice_value;
}

static void until(int wanted)
{
    long wrong = 0;
    while (ticks < wanted) wrong += !right();
    printf("after %d ticks: %ld wrong\n", wanted, wrong);
}

int main(void)
{
    nice_value = getpriority(PRIO_PROCESS, 0);
    signal(SIGALRM, tick);
    struct itimerval every = {{0, 10000}, {0, 10000}};
    setitimer(ITIMER_REAL, &every, NULL);
    until(20);
    fflush(stdout);
    pid_t child = fork();
    if (!child) {
        ticks = 0;
        T(getpgrp() == getpgid(getppid()));
        T(setpgid(0, 0) == 0 && getpgrp() == getpid() && getpgid(0) == getpid());
        setitimer(ITIMER_REAL, &every, NULL);
        until(5);
        T(setsid() == -1);
        exit(0);
    }
    int status;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {}
    printf("%d\n", status);
    until(40);
}
