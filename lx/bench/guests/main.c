/* micro NAME PARAMETER LOOPS VALUES NANOSECONDS: measure one operation; LOOPS 0 finds how many fill NANOSECONDS.
   micro count NAME=PARAMETER=LOOPS ...: run each operation LOOPS and 2*LOOPS times between calls of umask, for a profiler that counts.
   micro nothing: end at once (what fork_exec_wait runs); micro again N: execute this program N times more (exec_again).
   Prints "warmup LOOPS NS" and "value LOOPS NS" lines, NS of all loops. */
#include "bench.h"

static const struct op *const FAMILIES[] = {CALLS, FILES, MEMORY, PROCESSES, THREADS, CHANNELS};
char *self_path;
char buffer[1 << 16];

void fail(const char *what, long result)
{
    int number = errno;
    if (result == -1)
        fprintf(stdout, "%s: %s: %s\n", number == ENOSYS ? "unsupported" : "failed", what, strerror(number));
    else
        fprintf(stdout, "failed: %s: result %ld\n", what, result);
    fflush(stdout);
    _exit(result == -1 && number == ENOSYS ? 77 : 1);
}

void none(long parameter) { (void)parameter; }

static long now(void)
{
    struct timespec ts;
    ZERO(syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &ts));
    return ts.tv_sec * 1000000000L + ts.tv_nsec;
}

static const struct op *find(const char *name)
{
    for (unsigned f = 0; f < sizeof FAMILIES / sizeof *FAMILIES; f++)
        for (const struct op *op = FAMILIES[f]; op->name; op++)
            if (!strcmp(op->name, name))
                return op;
    fprintf(stderr, "micro: no operation %s\n", name);
    exit(2);
}

static long timed(const struct op *op, long loops)
{
    long start = now();
    op->run(loops);
    return now() - start;
}

static long calibrate(const struct op *op, long wanted)
{
    for (long loops = 1;;) {
        long taken = timed(op, loops);
        printf("warmup %ld %ld\n", loops, taken);
        if (taken >= wanted / 2 || loops >= 1L << 40)
            return taken > 0 ? (long)((double)loops * wanted / taken) + 1 : loops;
        loops = taken < wanted / 100 ? loops * 10 : (long)((double)loops * wanted / taken) + 1;
    }
}

static void count(const char *spec)
{
    char name[64];
    long parameter, loops;
    if (sscanf(spec, "%63[^=]=%ld=%ld", name, &parameter, &loops) != 3)
        exit(2);
    const struct op *op = find(name);
    op->setup(parameter);
    op->run(loops);
    umask(022);
    op->run(loops);
    umask(022);
    op->run(2 * loops);
    umask(022);
}

int main(int argc, char **argv)
{
    if (argc == 2 && !strcmp(argv[1], "nothing"))
        return 0;
    if (argc == 3 && !strcmp(argv[1], "again"))
        execute_again(argv[0], atol(argv[2]));
    self_path = argv[0];
    if (argc > 2 && !strcmp(argv[1], "count")) {
        for (int i = 2; i < argc; i++)
            count(argv[i]);
        return 0;
    }
    if (argc != 6)
        return 2;
    const struct op *op = find(argv[1]);
    long loops = atol(argv[3]), values = atol(argv[4]), wanted = atol(argv[5]);
    op->setup(atol(argv[2]));
    op->run(1); /* what only the first one does */
    if (loops)
        printf("warmup %ld %ld\n", loops, timed(op, loops));
    else
        loops = calibrate(op, wanted);
    for (; values > 0; values--)
        printf("value %ld %ld\n", loops, timed(op, loops));
    fflush(stdout);
    _exit(0);
}
