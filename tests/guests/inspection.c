/* process_vm_readv and _writev on oneself, kcmp, membarrier, cachestat, unshare: answers, errors and their order. */
#include "guest.h"
#include <pthread.h>
#ifndef SYS_cachestat
#define SYS_cachestat 451
#endif

static long mb(int c, int f) { return syscall(SYS_membarrier, c, f, 0); }
static long readv_(struct iovec *l, long nl, struct iovec *r, long nr, long flags) { return syscall(SYS_process_vm_readv, getpid(), l, nl, r, nr, flags); }
static long writev_(struct iovec *l, long nl, struct iovec *r, long nr) { return syscall(SYS_process_vm_writev, getpid(), l, nl, r, nr, 0L); }

int main(int argc, char **argv) {
    if (argc > 1) { R(mb(512, 0)); R(mb(8, 0)); return 0; }
    char a[32] = "0123456789abcdef", b[32] = "", *p = pages(3); struct iovec l[2] = {{b, 3}, {b + 8, 5}}, r[2] = {{a + 10, 4}, {a, 6}}, bad = {(void *)8, 4}, neg = {a, -1}, none = {a, 0}, edge;
    R(readv_(l, 2, r, 2, 0)); printf("%s %s\n", b, b + 8); R(readv_(l, 1, r, 2, 0)); R(readv_(l, 2, r, 1, 0)); R(readv_(l, 2, r, 2, 1)); R(readv_(l, 1025, r, 2, 0)); R(readv_(l, 2, r, 1025, 0)); R(readv_(l, 0, r, 2, 0)); R(readv_(l, 2, r, 0, 0)); R(readv_(&none, 1, r, 2, 0)); R(readv_(l, 2, &none, 1, 0));
    R(readv_((void *)8, 1, r, 2, 0)); R(readv_(l, 1, (void *)8, 1, 0)); R(readv_(&neg, 1, r, 1, 0)); R(readv_(l, 1, &neg, 1, 0)); R(readv_(&bad, 1, r, 1, 0)); R(readv_(l, 1, &bad, 1, 0)); struct iovec mix[2] = {{a, 2}, bad}; R(readv_(l, 2, mix, 2, 0));
    munmap(p + PAGE, PAGE); edge = (struct iovec){p + PAGE - 3, 8}; memset(p, 'e', PAGE); R(readv_(&l[1], 1, &edge, 1, 0)); struct iovec big = {p, PAGE}, big2 = {p, 2 * PAGE}; R(readv_(&big, 1, &big2, 1, 0)); R(writev_(l, 2, r, 2)); printf("%s\n", a); mprotect(p, PAGE, PROT_READ); R(writev_(l, 1, &big, 1)); mprotect(p, PAGE, PROT_NONE); R(readv_(l, 1, &big, 1, 0));
    R(syscall(SYS_process_vm_readv, 99999999, l, 1L, r, 1L, 0L)); R(syscall(SYS_process_vm_readv, 0, l, 1L, r, 1L, 0L)); R(syscall(SYS_process_vm_readv, -1, l, 1L, r, 1L, 0L)); R(syscall(SYS_process_vm_readv, 99999999, l, 1L, r, 0L, 0L));
    int fd = file_of("f", "content"), d = dup(fd), other = open("f", O_RDONLY), me = getpid(); for (int k = -1; k < 9; k++) if (k != 7) R(syscall(SYS_kcmp, me, me, k, 0, 0)); R(syscall(SYS_kcmp, me, me, 0, fd, d)); T(syscall(SYS_kcmp, me, me, 0, fd, other) > 0); T(syscall(SYS_kcmp, me, me, 0, other, fd) > 0 && syscall(SYS_kcmp, me, me, 0, other, fd) != syscall(SYS_kcmp, me, me, 0, fd, other));
    R(syscall(SYS_kcmp, me, me, 0, 99, 0)); R(syscall(SYS_kcmp, me, 99999999, 0, 0, 0)); R(syscall(SYS_kcmp, 0, me, 0, 0, 0)); R(syscall(SYS_kcmp, me, 99999999, 77, 0, 0)); CHILD("child", int up = getppid(); R(syscall(SYS_kcmp, up, getpid(), 0, fd, fd)); for (int k = 1; k < 5; k++) T(syscall(SYS_kcmp, up, getpid(), k, 0, 0) > 0));
    T(mb(0, 0) & 1); R(mb(0, 0) & ~0x180); R(mb(0, 1)); R(mb(1, 0)); R(mb(2, 0)); R(mb(8, 0)); R(mb(32, 0)); R(mb(512, 0)); R(mb(4, 0)); R(mb(512, 0)); R(mb(64, 0)); R(mb(512, 0)); R(mb(8, 0)); R(mb(32, 0)); R(mb(16, 0)); R(mb(8, 0)); R(mb(512, 0)); R(mb(3, 0)); R(mb(1024, 0)); R(mb(-1, 0)); R(mb(8, 1)); R(mb(16, 1));
    CHILD("inherits", R(mb(512, 0)); R(mb(8, 0))); CHILD("not over exec", execl("/proc/self/exe", "x", "y", NULL));
    unsigned long range[2] = {0, 0}, cs[5] = {9, 9, 9, 9, 9}; R(syscall(SYS_cachestat, fd, range, cs, 0)); R(cs[0]); R(syscall(SYS_cachestat, 99, range, cs, 0)); R(syscall(SYS_cachestat, fd, 8L, cs, 0)); R(syscall(SYS_cachestat, fd, range, 8L, 0)); R(syscall(SYS_cachestat, fd, range, cs, 1)); R(syscall(SYS_cachestat, 99, 8L, cs, 1)); int pp[2]; if (pipe(pp)) return 1; R(syscall(SYS_cachestat, pp[0], range, cs, 0));
    R(unshare(0)); R(unshare(CLONE_FILES)); R(unshare(CLONE_FS)); R(unshare(CLONE_SYSVSEM)); R(unshare(CLONE_THREAD)); R(unshare(CLONE_SIGHAND)); R(unshare(CLONE_VM)); R(unshare(1)); R(unshare(CLONE_VFORK)); R(syscall(SYS_setns, -1, 0)); R(syscall(SYS_setns, fd, 0)); R(syscall(SYS_restart_syscall));
}
