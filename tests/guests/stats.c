/* stat, fstatat, statx, access, chmod, chown, times: fields, flags and refusals. */
#include "guest.h"

static void show(const char *n) {
    struct stat s;
    if (lstat(n, &s)) { printf("%s: %s\n", n, strerror(errno)); return; }
    printf("%s mode %o nlink %ld uid %d gid %d", n, s.st_mode, (long)s.st_nlink, s.st_uid, s.st_gid);
    if (!S_ISDIR(s.st_mode)) printf(" size %ld", (long)s.st_size);
    if (!S_ISLNK(s.st_mode)) printf(" atime %ld.%ld", s.st_atime, s.st_atim.tv_nsec);
    printf(" mtime %ld.%ld\n", s.st_mtime, s.st_mtim.tv_nsec);
}

int main(void) {
    struct timespec fixed[2] = {{1000000000, 123456789}, {1500000000, 5}}, omit[2] = {{0, UTIME_OMIT}, {7, 0}},
        bad[2] = {{0, 1000000000}, {0, 0}}, before[2] = {{-5, 0}, {-5, 1}}, nows[2] = {{0, UTIME_NOW}, {0,
        UTIME_NOW}}; struct stat st; struct statx x;
    int fd = file_of("f", "twelve bytes"); mkdir("d", 0755); (void)!symlink("f", "l");
    R(utimensat(AT_FDCWD, "f", fixed, 0)); R(utimensat(AT_FDCWD, "d", fixed, 0));
    R(utimensat(AT_FDCWD, "l", fixed, AT_SYMLINK_NOFOLLOW)); show("f"); show("d"); show("l");
    R(utimensat(AT_FDCWD, "f", omit, 0)); show("f"); R(utimensat(AT_FDCWD, "f", bad, 0)); R(futimens(fd, before));
    show("f"); R(utimensat(AT_FDCWD, "missing", fixed, 0)); R(utimensat(fd, NULL, fixed, 0));
    R(utimensat(AT_FDCWD, NULL, fixed, 0)); R(utimensat(AT_FDCWD, "f", fixed, 1));
    R(utimensat(AT_FDCWD, "f", nows, 0)); stat("f", &st);
    T(time(NULL) - st.st_mtime < 5 && time(NULL) >= st.st_mtime); R(utimensat(AT_FDCWD, "f", NULL, 0));
    struct timeval tv[2] = {{5, 6}, {7, 8}}; R(utimes("f", tv)); show("f"); tv[0].tv_usec = 1000000;
    R(utimes("f", tv));
    R(chmod("f", 04711)); show("f"); R(fchmod(fd, 0)); R(chmod("l", 0640)); show("f"); show("l");
    R(chmod("missing", 0)); R(fchmod(-1, 0)); R(fchmodat(AT_FDCWD, "f", 0600, 0)); R(chmod("f", 0177777));
    show("f"); R(chmod("f", 0644));
    R(chown("f", -1, -1)); R(chown("f", 12, 34)); show("f"); R(lchown("l", 56, -1)); show("l");
    R(fchownat(AT_FDCWD, "l", 1, 2, AT_SYMLINK_NOFOLLOW)); show("l"); R(fchownat(fd, "", 9, 9, AT_EMPTY_PATH));
    show("f"); R(fchownat(fd, "", 9, 9, 0)); R(fchownat(AT_FDCWD, "f", 1, 1, 1)); R(chmod("f", 06755));
    R(chown("f", 3, 3)); show("f");
    R(stat("", &st)); R(stat("f/x", &st)); R(stat("missing", &st)); R(stat("f", (void *)8)); R(fstat(-1, &st));
    R(fstatat(fd, "", &st, AT_EMPTY_PATH)); R(st.st_size); R(fstatat(fd, "", &st, 0));
    R(fstatat(AT_FDCWD, "l", &st, AT_SYMLINK_NOFOLLOW)); R(S_ISLNK(st.st_mode)); R(fstatat(AT_FDCWD, "f", &st, 2));
    R(fstatat(AT_FDCWD, "", &st, AT_EMPTY_PATH)); T(S_ISDIR(st.st_mode)); R(fstatat(fd, "x", &st, 0));
    R(fstatat(-1, "f", &st, 0)); R(lstat("l/", &st)); R(lstat("d/", &st)); R(lstat("d/.", &st)); stat("f", &st);
    R(statx(AT_FDCWD, "f", 0, STATX_BASIC_STATS, &x)); R((x.stx_mask & STATX_BASIC_STATS) == STATX_BASIC_STATS);
    T(x.stx_mode == st.st_mode && x.stx_size == (unsigned long)st.st_size && x.stx_ino == st.st_ino && x.stx_nlink == st.st_nlink && x.stx_uid == st.st_uid);
    T(makedev(x.stx_dev_major, x.stx_dev_minor) == st.st_dev);
    T(x.stx_mtime.tv_sec == st.st_mtime && x.stx_mtime.tv_nsec == st.st_mtim.tv_nsec);
    T(x.stx_blksize == st.st_blksize && x.stx_blocks == (unsigned long)st.st_blocks);
    R(statx(AT_FDCWD, "f", AT_STATX_FORCE_SYNC | AT_STATX_DONT_SYNC, 0, &x));
    R(statx(AT_FDCWD, "f", 0, 0x80000000, &x)); R(statx(fd, "", AT_EMPTY_PATH, 0, &x));
    R(statx(AT_FDCWD, "f", 0, 0, (void *)8)); R(statx(AT_FDCWD, "missing", 0, 0, &x));
    for (int k = 0; k < 4; k++) R(syscall(SYS_statx, (int[]){fd, 99, -1, AT_FDCWD}[k], NULL, AT_EMPTY_PATH | AT_REMOVEDIR, 0, &x));
    R(syscall(SYS_statx, fd, "", AT_EMPTY_PATH | 1, 0, &x)); R(syscall(SYS_statx, fd, "f", AT_EMPTY_PATH | 1, 0, &x)); R(syscall(SYS_statx, fd, 8L, AT_EMPTY_PATH | 1, 0, &x));
    R(statx(AT_FDCWD, "f", 1, 0, &x));
    R(access("f", F_OK)); R(access("f", R_OK | W_OK)); chmod("f", 0644); R(access("f", X_OK)); chmod("f", 0711);
    R(access("f", X_OK)); R(access("missing", F_OK)); R(access("f", 8)); R(access("f/x", F_OK));
    R(access("", F_OK)); R(access("d", X_OK)); R(access((char *)8, F_OK));
    R(syscall(439, AT_FDCWD, "l", F_OK, AT_SYMLINK_NOFOLLOW)); R(syscall(439, fd, "", F_OK, AT_EMPTY_PATH));
    R(syscall(439, AT_FDCWD, "f", F_OK, 1)); R(syscall(439, AT_FDCWD, "f", R_OK, AT_EACCESS));
    R(faccessat(-1, "f", F_OK, 0)); R(faccessat(-1, "/dev/null", F_OK, 0));
    struct statfs a, b; R(statfs(".", &a)); R(fstatfs(fd, &b));
    T(a.f_type == b.f_type && a.f_bsize == b.f_bsize && a.f_blocks == b.f_blocks && a.f_namelen == b.f_namelen);
    R(statfs("missing", &a)); R(fstatfs(-1, &a)); R(statfs("/proc", &a)); T(a.f_type == 0x9fa0); R(umask(0777));
    R(umask(01777)); R(umask(0));
}
