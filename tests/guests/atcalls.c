/* The calls that name a file relative to a descriptor, with their flags: mkdirat, mknodat, symlinkat, faccessat2, fchmodat2. */
#include "guest.h"
#ifndef SYS_fchmodat2
#define SYS_fchmodat2 452
#endif

int main(void) {
    struct stat s; int d, fd = file_of("f", "x"), p = open("f", O_PATH); umask(022);
    R(mkdirat(AT_FDCWD, "d", 0777)); d = open("d", O_RDONLY | O_DIRECTORY); R(mkdirat(d, "e", 0750)); R(mkdirat(d, "e", 0700));
    R(mkdirat(fd, "x", 0700)); R(mkdirat(-1, "x", 0700)); R(mkdirat(d, "", 0700)); R(mkdirat(d, "a/b", 0700));
    R(fstatat(d, "e", &s, 0)); printf("%o\n", s.st_mode);
    R(mknodat(d, "fifo", S_IFIFO | 0666, 0)); R(mknodat(d, "plain", S_IFREG | 0644, 0)); R(mknodat(d, "zero", 0600, 0));
    R(mknodat(d, "dir", S_IFDIR | 0700, 0)); R(mknodat(d, "odd", 0170000, 0)); R(fstatat(d, "fifo", &s, 0));
    printf("%o\n", s.st_mode); R(symlinkat("../f", d, "up")); R(symlinkat("nowhere", d, "dangling")); R(symlinkat("", d, "empty"));
    R(symlinkat("x", d, "up")); R(fstatat(d, "up", &s, 0)); T(S_ISREG(s.st_mode)); R(fstatat(d, "up", &s, AT_SYMLINK_NOFOLLOW));
    T(S_ISLNK(s.st_mode)); char b[16] = ""; R(readlinkat(d, "up", b, 16)); puts(b);
    R(syscall(SYS_faccessat2, d, "up", R_OK, 0)); R(syscall(SYS_faccessat2, d, "dangling", F_OK, 0));
    R(syscall(SYS_faccessat2, d, "dangling", F_OK, AT_SYMLINK_NOFOLLOW)); R(syscall(SYS_faccessat2, fd, "", R_OK, AT_EMPTY_PATH));
    R(syscall(SYS_faccessat2, fd, "", R_OK, 0)); R(syscall(SYS_faccessat2, d, "e", 8, 0)); R(syscall(SYS_faccessat2, d, "e", X_OK, AT_EACCESS));
    R(syscall(SYS_faccessat2, d, "e", X_OK, 0x8000)); R(syscall(SYS_faccessat2, p, "", W_OK, AT_EMPTY_PATH));
    R(syscall(SYS_fchmodat2, d, "plain", 0604, 0)); R(fstatat(d, "plain", &s, 0)); printf("%o\n", s.st_mode);
    R(syscall(SYS_fchmodat2, p, "", 0640, AT_EMPTY_PATH)); R(fstat(fd, &s)); printf("%o\n", s.st_mode);
    R(syscall(SYS_fchmodat2, d, "up", 0600, AT_SYMLINK_NOFOLLOW)); R(syscall(SYS_fchmodat2, d, "plain", 0600, 0x8000));
    R(syscall(SYS_fchmodat2, d, "", 0600, 0)); struct timeval tv[2] = {{5, 6}, {7, 8}}, bad[2] = {{1, 1000000}, {0, 0}};
    R(syscall(SYS_futimesat, d, "plain", tv)); R(fstatat(d, "plain", &s, 0)); R(s.st_atim.tv_sec); R(s.st_mtim.tv_nsec);
    R(syscall(SYS_futimesat, fd, NULL, tv)); R(fstat(fd, &s)); R(s.st_mtim.tv_sec); R(syscall(SYS_futimesat, fd, NULL, bad));
    R(syscall(SYS_futimesat, -1, "f", tv)); R(syscall(SYS_futimesat, d, "none", tv)); R(syscall(SYS_futimesat, fd, NULL, 8L));
}
