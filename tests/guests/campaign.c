/* What campaigns have found, a line each: the order of checks where more than one thing is wrong. */
#include "guest.h"
#include <sys/epoll.h>

/* As a program starts, whatever who has started it had done with the C library's own signals. */
static void plain(int s) { long none[4] = {0}; syscall(SYS_rt_sigaction, s, none, 0L, 8L); syscall(SYS_rt_sigprocmask, SIG_SETMASK, none, 0L, 8L); }

int main(void) {
    struct stat st; int ends[2]; char *two = pages(2), *edge = two + PAGE; munmap(edge, PAGE);
    R(syscall(SYS_newfstatat, 0, 1L, &st, 0x1400)); R(syscall(SYS_newfstatat, 0, 1L, &st, 0x1000)); R(syscall(SYS_newfstatat, -100, 1L, &st, 0x400)); R(syscall(SYS_newfstatat, -100, 1L, &st, 0));
    mkdir("d", 0755); R(syscall(SYS_linkat, AT_FDCWD, "d/../a", AT_FDCWD, 0L, 0)); R(syscall(SYS_linkat, AT_FDCWD, "d", AT_FDCWD, 0L, 0)); R(syscall(SYS_linkat, AT_FDCWD, "d/../a", 99, "x", 0));
    int e = epoll_create1(0); R(syscall(SYS_epoll_wait, e, edge - 3, 1, 0)); (void)!pipe2(ends, O_NONBLOCK); struct epoll_event v = {.events = EPOLLOUT}; epoll_ctl(e, EPOLL_CTL_ADD, ends[1], &v); R(syscall(SYS_epoll_wait, e, edge - 3, 1, 0)); R(syscall(SYS_epoll_wait, e, edge - 12, 5, 0));
    struct iovec bad = {(void *)8, 1}; R(preadv2(ends[0], &bad, 1, -1, RWF_HIPRI)); (void)!write(ends[1], "x", 1); R(preadv2(ends[0], &bad, 1, -1, RWF_HIPRI)); R(pwritev2(ends[1], &bad, 1, -1, RWF_HIPRI));
    int fd = file_of("f", "\377\377"); char *shared = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0); R(syscall(SYS_sched_setattr, 0, shared, 0));
    char *none = mmap(NULL, PAGE, 0, ANON, -1, 0); R(syscall(SYS_get_mempolicy, 0L, 1L, 1L << 31, none, 3)); R(syscall(SYS_get_mempolicy, 0L, 0L, 0L, two, 3)); R(syscall(SYS_get_mempolicy, 0L, 0L, 0L, none, 3)); R(syscall(SYS_get_mempolicy, 0L, 0L, 0L, shared, 3));
    R(mmap(NULL, 1, 0, MAP_ANONYMOUS | MAP_HUGETLB, -1, 1L << 63)); R(mmap(NULL, 1, 0, MAP_ANONYMOUS | MAP_HUGETLB | MAP_SHARED, -1, PAGE)); R(mmap(NULL, 1, 0, MAP_ANONYMOUS | MAP_HUGETLB, -1, 0)); R(mmap((char *)((uintptr_t)two | PAGE), 1, 0, ANON | MAP_HUGETLB | MAP_FIXED, -1, 0)); /* at no huge page */
    for (int s = 32; s <= 64; s += s == 33 ? 31 : 1) { pid_t k = fork(); if (k == 0) { plain(s); flock(fd, LOCK_EX); kill(getpid(), s); _exit(0); } int status; waitpid(k, &status, 0); printf("%d: %d\n", s, status); }
    pid_t k = fork(); if (k == 0) { plain(33); int p = syscall(SYS_pidfd_open, getpid(), 0); syscall(SYS_pidfd_send_signal, p, 33, 0L, 1); _exit(0); } int status; waitpid(k, &status, 0); printf("%d\n", status);
}
