/* What every guest shares: print what the kernel answered, never an address, a pid or a time.
 *
 * R(call)  the call as written, its result, or the error
 * OK(call) only whether it worked (for results that differ between runs: descriptors, addresses, pids)
 * T(test)  a truth
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/time.h>
#include <sys/times.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PAGE 4096L
#define RW (PROT_READ | PROT_WRITE)
#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)

#define R(e) do { errno = 0; long r_ = (long)(e); \
    if (r_ == -1 && errno) printf("%s = %s\n", #e, strerror(errno)); else printf("%s = %ld\n", #e, r_); } while (0)
#define OK(e) do { errno = 0; long r_ = (long)(e); \
    printf("%s: %s\n", #e, r_ == -1 ? strerror(errno) : "ok"); } while (0)
#define T(e) printf("%s: %s\n", #e, (e) ? "yes" : "no")

__attribute__((constructor)) static void unbuffered(void) { setvbuf(stdout, NULL, _IONBF, 0); }

/* Anonymous pages, read-write. */
static inline char *pages(int n) { return mmap(NULL, n * PAGE, RW, ANON, -1, 0); }

/* A new file of this content, open for reading and writing. */
static inline int file_of(const char *name, const char *content) {
    int fd = open(name, O_RDWR | O_CREAT | O_TRUNC, 0644);
    if (fd >= 0 && write(fd, content, strlen(content)) < 0) perror(name);
    return fd;
}

/* How a child ended, without the core bit (that is the operator's ulimit). */
static inline void ended(const char *what, pid_t pid) {
    int status = 0;
    if (waitpid(pid, &status, 0) != pid) printf("%s: %s\n", what, strerror(errno));
    else if (WIFSIGNALED(status)) printf("%s: killed by %d\n", what, WTERMSIG(status));
    else printf("%s: exit %d\n", what, WEXITSTATUS(status));
}

/* Wait until a handler has set it, wherever the signal comes. */
#define AWAIT(n) do { sigset_t all_, old_; sigfillset(&all_); sigprocmask(SIG_BLOCK, &all_, &old_); \
    while (!(n)) sigsuspend(&old_); sigprocmask(SIG_SETMASK, &old_, NULL); } while (0)

/* Run the body in a child and say how it ended. */
#define CHILD(what, ...) do { pid_t p_ = fork(); if (p_ == 0) { __VA_ARGS__; _exit(0); } ended(what, p_); } while (0)
