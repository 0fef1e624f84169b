/* open's flags and refusals: EXCL, NOFOLLOW, DIRECTORY, PATH, TMPFILE, TRUNC; O_PATH descriptors; /dev/full. */
#include "guest.h"

int main(void) {
    char b[64] = "", name[300]; struct stat st; int fd = file_of("f", "content"); (void)!symlink("f", "link");
    (void)!symlink("target", "dangling"); (void)!symlink("missing/x", "far"); mkdir("d", 0755);
    R(open("f", O_CREAT | O_EXCL, 0600)); R(open("link", O_CREAT | O_EXCL, 0600));
    R(open("dangling", O_CREAT | O_EXCL, 0600)); R(open("link", O_NOFOLLOW));
    R(open("link", O_NOFOLLOW | O_DIRECTORY)); R(open("dangling", O_RDONLY));
    R(open("dangling", O_CREAT | O_RDWR, 0640) > 0); R(access("target", F_OK));
    R(open("far", O_CREAT | O_RDWR, 0600)); R(open("d", O_WRONLY)); R(open("d", O_RDONLY | O_TRUNC));
    R(open("f/", O_RDONLY)); R(open("f/x", O_RDONLY)); R(open("new/", O_CREAT | O_RDWR, 0600));
    R(open("", O_RDONLY)); R(open("missing", O_RDONLY)); R(open("f", 3) > 0); R(open((char *)8, O_RDONLY));
    R(open(NULL, O_RDONLY));
    memset(name, 'n', 299); name[256] = 0; R(open(name, O_CREAT, 0600)); name[255] = 0;
    R(open(name, O_CREAT, 0600) > 0); char *longp = malloc(5000);
    for (int i = 0; i < 4999; i += 2) memcpy(longp + i, "./", 2); longp[4095] = 0; R(open(longp, O_RDONLY) > 0);
    longp[4095] = '.'; longp[4096] = 0; R(open(longp, O_RDONLY));
    R(open("f", O_RDONLY | O_TRUNC) > 0); fstat(fd, &st); R(st.st_size); umask(027);
    int m = open("mode", O_CREAT | O_RDWR, 06777); fstat(m, &st); printf("%o\n", st.st_mode);
    m = open("nomode", O_CREAT | O_RDWR, 0); R(write(m, "x", 1)); fstat(m, &st); printf("%o\n", st.st_mode);
    R(creat("cr", 0644) > 0);
    int p = open("f", O_PATH), dp = open("d", O_PATH | O_DIRECTORY), lp = open("link", O_PATH | O_NOFOLLOW);
    R(read(p, b, 1)); R(write(p, b, 1)); R(fchmod(p, 0600)); R(fchown(p, -1, -1)); R(ioctl(p, FIONREAD, b));
    R(fstat(p, &st)); R(fcntl(p, F_GETFL) & ~0100000); R(fstatat(lp, "", &st, AT_EMPTY_PATH));
    T(S_ISLNK(st.st_mode)); R(readlinkat(lp, "", b, 60)); puts(b); R(openat(dp, "x", O_CREAT, 0600) > 0);
    R(openat(p, "x", O_RDONLY)); R(fchdir(dp)); R(access("x", F_OK)); R(chdir("..")); R(dup(p) > 0); R(fsync(p));
    R(ftruncate(p, 0)); R(lseek(p, 0, SEEK_SET)); R(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, p, 0) == MAP_FAILED);
    R(errno); sprintf(b, "/proc/self/fd/%d", p); R(open(b, O_RDWR) > 0);
    int t = open(".", O_TMPFILE | O_RDWR, 0600); R(t > 0); if (t > 0) { R(write(t, "temporary", 9)); fstat(t, &st);
    R(st.st_nlink); char path[64]; sprintf(path, "/proc/self/fd/%d", t);
    R(linkat(AT_FDCWD, path, AT_FDCWD, "named", AT_SYMLINK_FOLLOW)); R(access("named", F_OK)); }
    R(open(".", O_TMPFILE | O_RDONLY, 0600)); R(open("f", O_TMPFILE | O_RDWR, 0600));
    int full = open("/dev/full", O_RDWR), zero = open("/dev/zero", O_RDWR), null = open("/dev/null", O_RDWR),
        rnd = open("/dev/urandom", O_RDONLY); R(write(full, "x", 1)); R(write(full, "x", 0)); R(read(full, b, 4));
    R(b[0] | b[3]); R(write(zero, "x", 1)); b[0] = 'q'; R(read(zero, b, 4)); R(b[0]); R(write(null, "xyz", 3));
    R(read(null, b, 4)); R(read(rnd, b, 16)); R(lseek(null, 5, SEEK_SET));
    const char *devs[] = {"/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", "/dev/tty"};
    for (int i = 0; i < 6; i++) { R(stat(devs[i], &st));
    printf("%s %d:%d %o\n", devs[i], major(st.st_rdev), minor(st.st_rdev), st.st_mode & S_IFMT); }
    R(open("/dev/tty", O_RDWR)); int self = open("/dev/fd/3", O_RDONLY); T(self > 0); R(readlink("/dev/fd", b, 63));
    b[13] = 0; puts(b); FILE *f = fopen("/dev/full", "w"); fputs("lost", f); R(fflush(f));
    R(mknod("node", S_IFIFO | 0600, 0)); R(mknod("node", S_IFREG | 0600, 0)); R(mknod("reg", S_IFREG | 0600, 0));
    R(mknod("dir", S_IFDIR | 0600, 0)); R(mknod("bad", 0170000, 0));
}
