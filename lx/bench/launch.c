/* launch REPORT PROGRAM ARGUMENTS...: run a program and write to REPORT its wait status, wall ns, CPU ns and peak memory (kB).
   A process of its own, because Linux counts what its parent had resident before the exec as the program's own. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static long long now(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return ts.tv_sec * 1000000000ll + ts.tv_nsec;
}

static long long ns(struct timeval tv) { return tv.tv_sec * 1000000000ll + tv.tv_usec * 1000ll; }

int main(int argc, char **argv)
{
    int status;
    struct rusage usage;
    if (argc < 3)
        return 2;
    long long start = now();
    pid_t pid = fork();
    if (pid == 0) {
        execv(argv[2], argv + 2);
        perror(argv[2]);
        _exit(127);
    }
    if (pid < 0 || wait4(pid, &status, 0, &usage) != pid)
        return 1;
    long long wall = now() - start;
    FILE *report = fopen(argv[1], "w");
    if (!report)
        return 1;
    fprintf(report, "%d %lld %lld %ld\n", status, wall, ns(usage.ru_utime) + ns(usage.ru_stime), usage.ru_maxrss);
    return fclose(report) != 0;
}
