/* Native asynchronous I/O: reading, writing, vectors, polling, cancelling, waiting, errors and their order. */
#include "guest.h"
#include <linux/aio_abi.h>
#include <sys/eventfd.h>

static unsigned long ctx; static struct iocb cb[8]; static struct io_event ev[8];
static struct iocb *prep(int i, int op, int fd, void *buf, long n, long off) { memset(&cb[i], 0, sizeof cb[i]); cb[i].aio_data = 100 + i; cb[i].aio_lio_opcode = op; cb[i].aio_fildes = fd; cb[i].aio_buf = (long)buf; cb[i].aio_nbytes = n; cb[i].aio_offset = off; return &cb[i]; }
static long submit(struct iocb *p) { return syscall(SYS_io_submit, ctx, 1L, &p); }
static long events(long min, long nr, long ns) { struct timespec t = {ns / 1000000000, ns % 1000000000}; return syscall(SYS_io_getevents, ctx, min, nr, ev, ns < 0 ? NULL : &t); }
static void show(int n) { for (int i = 0; i < n; i++) printf("data %lld obj %d res %lld\n", ev[i].data, (int)((struct iocb *)(long)ev[i].obj - cb), ev[i].res); }
static void nothing(int s) { (void)s; }

int main(void) {
    char buf[64] = "", *two = pages(2); int fd = file_of("f", "hello, world"), p[2]; if (pipe(p)) return 1;
    R(syscall(SYS_io_setup, 4, 8L)); R(syscall(SYS_io_setup, 0, &ctx)); ctx = 5; R(syscall(SYS_io_setup, 4, &ctx)); ctx = 0; R(syscall(SYS_io_setup, 4, &ctx)); T(ctx != 0 && ctx % PAGE == 0); R(syscall(SYS_io_setup, -1, &(unsigned long){0}));
    R(submit(prep(0, IOCB_CMD_PREAD, fd, buf, 5, 7))); R(events(1, 8, -1)); show(1); printf("%s\n", buf); R(events(0, 8, 0)); R(events(1, 8, 10000000));
    R(submit(prep(1, IOCB_CMD_PWRITE, fd, "HELLO", 5, 0))); R(events(1, 1, -1)); show(1); R(pread(fd, buf, 12, 0)); printf("%.12s\n", buf);
    struct iovec v[2] = {{buf, 3}, {buf + 10, 4}}; memset(buf, '.', 20); R(submit(prep(2, IOCB_CMD_PREADV, fd, v, 2, 0))); R(events(1, 1, -1)); show(1); printf("%.20s\n", buf); R(submit(prep(2, IOCB_CMD_PWRITEV, fd, v, 2, 20))); R(events(1, 1, -1)); show(1);
    R(submit(prep(3, IOCB_CMD_FSYNC, fd, 0, 0, 0))); R(events(1, 1, -1)); show(1); R(submit(prep(3, IOCB_CMD_FDSYNC, fd, 0, 0, 0))); R(events(1, 1, -1)); show(1); R(submit(prep(3, IOCB_CMD_FSYNC, fd, (void *)1, 0, 0)));
    R(submit(prep(0, IOCB_CMD_PREAD, fd, (void *)8, 5, 0))); R(events(1, 1, -1)); show(1); mprotect(two + PAGE, PAGE, PROT_NONE); R(submit(prep(0, IOCB_CMD_PREAD, fd, two + PAGE, 5, 0))); R(events(1, 1, -1)); show(1); R(submit(prep(0, IOCB_CMD_PREAD, fd, (void *)-4096L, 5, 0)));
    mprotect(two, PAGE, PROT_READ); R(submit(prep(0, IOCB_CMD_PREAD, fd, two, 5, 0))); R(events(1, 1, -1)); show(1); R(two[0]); R(submit(prep(0, IOCB_CMD_PREAD, fd, buf, 5, 1000))); R(events(1, 1, -1)); show(1);
    R(submit(prep(0, IOCB_CMD_PREAD, 99, buf, 5, 0))); R(submit(prep(0, 77, fd, buf, 5, 0))); R(submit(prep(0, IOCB_CMD_NOOP, fd, buf, 5, 0))); R(submit(prep(0, IOCB_CMD_PREAD, fd, buf, -1, 0))); prep(0, IOCB_CMD_PREAD, fd, buf, 5, 0)->aio_reserved2 = 1; R(submit(cb)); R(submit((void *)8)); R(submit(prep(0, IOCB_CMD_PREADV, fd, v, 2000, 0))); R(submit(prep(0, IOCB_CMD_PREADV, fd, (void *)8, 1, 0)));
    int ro = open("f", O_RDONLY); R(submit(prep(0, IOCB_CMD_PWRITE, ro, buf, 5, 0))); R(submit(prep(0, IOCB_CMD_PREAD, open("f", O_WRONLY), buf, 5, 0))); R(submit(prep(0, IOCB_CMD_PREAD, fd, buf, 5, -5)));
    struct iocb *list[3] = {prep(0, IOCB_CMD_PREAD, fd, buf, 5, 0), prep(1, IOCB_CMD_PREAD, 99, buf, 5, 0), prep(2, IOCB_CMD_PREAD, fd, buf, 5, 0)}; R(syscall(SYS_io_submit, ctx, 3L, list)); R(events(0, 8, 0)); show(1);
    R(syscall(SYS_io_submit, ctx, -1L, list)); R(syscall(SYS_io_submit, ctx, 0L, list)); R(syscall(SYS_io_submit, ctx, 1L, 8L)); R(syscall(SYS_io_submit, 4096L, 1L, list)); R(events(2, 1, 0)); R(events(-1, 1, 0)); R(events(0, -1, 0)); R(syscall(SYS_io_getevents, 4096L, 0L, 1L, ev, NULL)); R(syscall(SYS_io_getevents, 4096L, 0L, 1L, ev, 8L)); R(syscall(SYS_io_getevents, ctx, 0L, 1L, 8L, NULL));
    R(submit(prep(4, IOCB_CMD_POLL, p[0], (void *)POLLIN, 0, 0))); R(events(0, 8, 0)); R(write(p[1], "x", 1)); R(events(1, 8, -1)); show(1);
    R(submit(prep(5, IOCB_CMD_PREAD, p[0], buf, 5, 0))); R(events(1, 1, -1)); show(1); R(submit(prep(5, IOCB_CMD_PWRITE, p[1], "piped", 5, 0))); R(events(1, 1, -1)); show(1); R(read(p[0], buf, 9));
    R(submit(prep(4, IOCB_CMD_POLL, p[0], (void *)POLLIN, 0, 0))); pid_t c = fork(); if (!c) { R(events(0, 1, 0)); usleep(20000); if (write(p[1], "y", 1) < 0) _exit(1); _exit(0); } R(events(1, 8, -1)); show(1); ended("writer", c); R(read(p[0], buf, 1));
    R(submit(prep(4, IOCB_CMD_POLL, p[0], (void *)POLLIN, 0, 0))); signal(SIGALRM, nothing); struct itimerval it = {{0, 0}, {0, 20000}}; setitimer(ITIMER_REAL, &it, NULL); R(events(1, 8, -1)); R(events(1, 8, 10000000));
    R(syscall(SYS_io_cancel, ctx, &cb[4], ev)); R(events(1, 8, -1)); show(1); R(syscall(SYS_io_cancel, ctx, &cb[4], ev)); R(syscall(SYS_io_cancel, ctx, 8L, ev)); R(syscall(SYS_io_cancel, 4096L, &cb[4], ev)); cb[4].aio_key = 3; R(syscall(SYS_io_cancel, ctx, &cb[4], ev));
    int e = eventfd(0, EFD_NONBLOCK); unsigned long n = 0; prep(6, IOCB_CMD_PREAD, fd, buf, 5, 0); cb[6].aio_flags = IOCB_FLAG_RESFD; cb[6].aio_resfd = e; R(submit(&cb[6])); R(events(1, 8, -1)); show(1); R(read(e, &n, 8)); R(n); cb[6].aio_resfd = fd; R(submit(&cb[6])); cb[6].aio_resfd = 99; R(submit(&cb[6]));
    sigset_t block, none; sigemptyset(&none); sigemptyset(&block); sigaddset(&block, SIGALRM); sigprocmask(SIG_BLOCK, &block, NULL); struct { void *set; size_t size; } us = {&none, 8}; R(submit(prep(4, IOCB_CMD_POLL, p[0], (void *)POLLIN, 0, 0))); setitimer(ITIMER_REAL, &it, NULL);
    R(syscall(SYS_io_pgetevents, ctx, 1L, 1L, ev, NULL, &us)); us.size = 4; R(syscall(SYS_io_pgetevents, ctx, 1L, 1L, ev, NULL, &us)); R(syscall(SYS_io_pgetevents, ctx, 0L, 1L, ev, NULL, 8L)); us.set = NULL; R(syscall(SYS_io_pgetevents, ctx, 0L, 1L, ev, NULL, &us));
    R(syscall(SYS_io_destroy, ctx)); R(syscall(SYS_io_destroy, ctx)); R(submit(&cb[0])); R(close(p[0])); unlink("f");
}
