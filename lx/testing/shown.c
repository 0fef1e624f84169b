/*@says*/
/* Run it in an empty directory: cc -o shown shown.c && ./shown */
#define _GNU_SOURCE
#include <errno.h>
#include <grp.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { IN = 250, OUT = 251, NOBODY = 65534 };
static const unsigned long limits[][2] = {/*@limits*/};
/*@data*/

static void say(const char *name, long result)
{
    if (result == -1)
        dprintf(OUT, "%s = -1 %d %s\n", name, errno, strerror(errno));
    else
        dprintf(OUT, "%s = %ld\n", name, result);
}

static char *map(unsigned long address, unsigned long size, int protection)
{
    char *at = mmap((void *)address, size, protection, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    if (at == MAP_FAILED)
        _exit(99);
    return at;
}

static void calls(void)
{
/*@calls*/
}

int main(void)
{
    int status;
    dup2(0, IN);
    dup2(1, OUT);
    close(0);
    close(1);
    close(2);
    umask(022);
    while (syscall(SYS_pkey_alloc, 0, 0) > 0) /* the guest's CPU has no protection keys */
        ;
    for (unsigned i = 0; i < sizeof limits / sizeof *limits; i++) {
        struct rlimit both = {limits[i][1], limits[i][1]};
        setrlimit(limits[i][0], &both);
    }
    if (getuid() == 0 && (setgroups(0, 0) || setresgid(NOBODY, NOBODY, NOBODY) || setresuid(NOBODY, NOBODY, NOBODY)))
        return 99;
    if (fork()) { /* what follows is in a session of its own, as a side is */
        wait(0);
        return 0;
    }
    setsid();
    pid_t child = fork();
    if (child == 0) {
        calls();
        _exit(0);
    }
    waitpid(child, &status, 0);
    if (WIFSIGNALED(status))
        dprintf(OUT, "killed by %d\n", WTERMSIG(status));
    else
        dprintf(OUT, "exit %d\n", WEXITSTATUS(status));
    return 0;
}
