/* What the measured operations share. An operation runs its body `n` times and checks every result: a call that is not there, or
   that answers what no kernel would, ends the program with a word about it instead of a figure. */
#ifndef BENCH_H
#define BENCH_H
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

struct op {
    const char *name;
    void (*setup)(long parameter);
    void (*run)(long n);
};

extern const struct op CALLS[], FILES[], MEMORY[], PROCESSES[], THREADS[], CHANNELS[];
extern char *self_path;
extern char buffer[1 << 16];

/* Print why there is no figure and end: status 77 if the call is not there, 1 for any other failure. */
void fail(const char *what, long result) __attribute__((noreturn));
void none(long parameter);
/* Execute the program at `path` with the words "again" and one less than `left`; end with status 0 when none is left. */
void execute_again(const char *path, long left) __attribute__((noreturn));

#define CHECK(call, test)                    \
    do {                                     \
        long r = (long)(call);               \
        if (__builtin_expect(!(test), 0))    \
            fail(#call, r);                  \
    } while (0)
#define MUST(call) CHECK(call, r >= 0)
#define ZERO(call) CHECK(call, r == 0)
#define EQUAL(call, value) CHECK(call, r == (long)(value))
#define LOOP for (; n > 0; n--)
#endif
