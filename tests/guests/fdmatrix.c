/* Every kind of descriptor given to every call on descriptors: which error, in the kernel's order. */
#include "guest.h"
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/sendfile.h>
#include <sys/statfs.h>
#include <sys/uio.h>
#include <sys/vfs.h>
#include <sys/xattr.h>

static int kinds[32]; static const char *names[32]; static int n;
static void kind(const char *name, int fd) { kinds[n] = fd; names[n++] = name; }
#define S(call) do { errno = 0; long r_ = (long)(call); if (r_ == -1 && errno) printf(" %s", strerrorname_np(errno)); \
    else printf(" %ld", r_); } while (0)
#define ROW(what, call) do { printf("%s:", what); for (int i = 0; i < n; i++) { int fd = kinds[i]; S(call); } puts(""); } while (0)

int main(void) { alarm(30);
    char b[64] = "abc"; struct stat st; struct statfs sf; struct flock l; struct iovec v = {b, 2}; struct winsize w; off_t o;
    int p[2], q[2], out; close(file_of("f", "0123456789")); mkdir("d", 0755); (void)!symlink("f", "l"); mkfifo("p", 0600);
    pipe2(p, O_NONBLOCK); pipe2(q, O_NONBLOCK); (void)!write(p[1], "pipe bytes", 10); out = open("out", O_RDWR | O_CREAT, 0600);
    kind("read", open("f", O_RDONLY)); kind("write", open("f", O_WRONLY)); kind("both", open("f", O_RDWR)); kind("append", open("f", O_RDWR | O_APPEND));
    kind("directory", open("d", O_RDONLY)); kind("path", open("f", O_PATH)); kind("directory path", open("d", O_PATH));
    kind("link path", open("l", O_PATH | O_NOFOLLOW)); kind("pipe out", p[0]); kind("pipe in", p[1]); kind("fifo", open("p", O_RDWR | O_NONBLOCK));
    kind("memfd", memfd_create("m", 0)); kind("sealed", memfd_create("s", MFD_ALLOW_SEALING));
    kind("unlinked", open("gone", O_RDWR | O_CREAT, 0600)); unlink("gone");
    kind("closed", 500); kind("negative", -1); kind("large", 1 << 30);
    ROW("fchmod", fchmod(fd, 0600)); ROW("fchown", fchown(fd, -1, -1)); ROW("futimens", futimens(fd, NULL));
    /* What belongs to a zone's devices is not changed from inside: they come after these calls. */
    kind("null", open("/dev/null", O_RDWR)); kind("zero", open("/dev/zero", O_RDONLY)); kind("full", open("/dev/full", O_RDWR));
    for (int i = 0; i < n; i++) printf("%s ", names[i]); puts("");
    ROW("read 0", read(fd, b, 0)); ROW("write 0", write(fd, b, 0)); ROW("pread 0", pread(fd, b, 0, 0)); ROW("pread -1", pread(fd, b, 1, -1));
    ROW("pwrite", pwrite(fd, "x", 1, 0)); ROW("pwrite -1", pwrite(fd, "x", 1, -1)); ROW("readv", readv(fd, &v, 0)); ROW("readv -1", readv(fd, &v, -1));
    ROW("writev 1025", writev(fd, &v, 1025)); ROW("preadv2 flag", preadv2(fd, &v, 1, 0, 0x1000)); ROW("pwritev -5", pwritev(fd, &v, 1, -5));
    ROW("lseek", lseek(fd, 0, SEEK_CUR)); ROW("lseek -1", lseek(fd, -1, SEEK_SET)); ROW("lseek 9", lseek(fd, 0, 9)); ROW("lseek hole", lseek(fd, 0, SEEK_HOLE));
    ROW("lseek data 99", lseek(fd, 99, SEEK_DATA)); ROW("ftruncate", ftruncate(fd, 10)); ROW("ftruncate -1", ftruncate(fd, -1));
    ROW("ftruncate 2^62", ftruncate(fd, 1L << 62)); ROW("fallocate", fallocate(fd, 0, 0, 10)); ROW("fallocate punch", fallocate(fd, 2, 0, 10));
    ROW("fallocate keep punch", fallocate(fd, 3, 0, 4)); ROW("fallocate 0", fallocate(fd, 0, 0, 0)); ROW("fallocate 99", fallocate(fd, 0x99, 0, 1));
    ROW("fallocate big", fallocate(fd, 0, 1L << 62, 1L << 62)); ROW("fsync", fsync(fd)); ROW("fdatasync", fdatasync(fd)); ROW("syncfs", syncfs(fd) * 0);
    ROW("utimensat empty", utimensat(fd, "", NULL, 0));
    ROW("fstat", fstat(fd, &st)); ROW("fstatat empty", fstatat(fd, "", &st, AT_EMPTY_PATH)); ROW("fstatat", fstatat(fd, "x", &st, 0)); ROW("fstatfs", fstatfs(fd, &sf));
    ROW("fgetxattr", fgetxattr(fd, "user.x", b, 9)); ROW("fsetxattr", fsetxattr(fd, "user.x", "v", 1, 0)); ROW("flistxattr", flistxattr(fd, b, 0) * 0);
    ROW("fremovexattr", fremovexattr(fd, "user.x")); ROW("fsetxattr 3", fsetxattr(fd, "user.x", "v", 1, 3)); ROW("fgetxattr bad", fgetxattr(fd, "bad", b, 9));
    ROW("flock", flock(fd, LOCK_SH | LOCK_NB)); ROW("flock un", flock(fd, LOCK_UN)); ROW("flock 0", flock(fd, 0)); ROW("flock 64", flock(fd, 64));
    ROW("getfd", fcntl(fd, F_GETFD)); ROW("setfd", fcntl(fd, F_SETFD, 1)); ROW("getfl", fcntl(fd, F_GETFL)); ROW("setfl", fcntl(fd, F_SETFL, O_NONBLOCK));
    ROW("setfl back", fcntl(fd, F_SETFL, O_NONBLOCK)); ROW("dupfd", (out = fcntl(fd, F_DUPFD, 100)) > 0 ? close(out) : -1); ROW("dupfd -1", fcntl(fd, F_DUPFD, -1));
    l = (struct flock){F_RDLCK}; ROW("getlk", fcntl(fd, F_GETLK, &l)); l = (struct flock){F_RDLCK}; ROW("setlk read", fcntl(fd, F_SETLK, &l));
    l = (struct flock){F_WRLCK}; ROW("setlk write", fcntl(fd, F_SETLK, &l)); l = (struct flock){F_UNLCK}; ROW("setlk un", fcntl(fd, F_SETLK, &l));
    l = (struct flock){9}; ROW("setlk 9", fcntl(fd, F_SETLK, &l)); l = (struct flock){F_RDLCK, 9}; ROW("setlk whence", fcntl(fd, F_SETLK, &l));
    l = (struct flock){F_RDLCK, 0, -5, 3}; ROW("setlk before", fcntl(fd, F_SETLK, &l)); l = (struct flock){F_RDLCK, 0, 0, 0, 7}; ROW("ofd pid", fcntl(fd, 37, &l));
    ROW("pipe size", fcntl(fd, F_GETPIPE_SZ)); ROW("set pipe size", fcntl(fd, F_SETPIPE_SZ, 65536)); ROW("seals", fcntl(fd, F_GET_SEALS));
    ROW("add seal", fcntl(fd, F_ADD_SEALS, F_SEAL_GROW)); ROW("add seal 99", fcntl(fd, F_ADD_SEALS, 0x9900)); ROW("getlease", fcntl(fd, F_GETLEASE));
    ROW("getown", fcntl(fd, F_GETOWN)); ROW("getsig", fcntl(fd, F_GETSIG)); ROW("setsig 99", fcntl(fd, F_SETSIG, 99)); ROW("hint", fcntl(fd, 1035, b));
    ROW("FIONREAD", ioctl(fd, 0x541B, b)); ROW("TCGETS", ioctl(fd, 0x5401, b)); ROW("TIOCGWINSZ", ioctl(fd, 0x5413, &w)); ROW("FIONBIO", ioctl(fd, 0x5421, &(int){0}));
    ROW("FIOCLEX", ioctl(fd, 0x5451)); ROW("FIOQSIZE", ioctl(fd, 0x5460, b));
    ROW("mmap shared", mmap(NULL, 1, PROT_READ, MAP_SHARED, fd, 0) == MAP_FAILED ? -1 : 0); ROW("mmap write", mmap(NULL, 1, PROT_WRITE, MAP_SHARED, fd, 0) == MAP_FAILED ? -1 : 0);
    ROW("mmap private", mmap(NULL, 1, RW, MAP_PRIVATE, fd, 0) == MAP_FAILED ? -1 : 0); ROW("mmap odd", mmap(NULL, 1, RW, MAP_PRIVATE, fd, 1) == MAP_FAILED ? -1 : 0);
    ROW("mmap 0", mmap(NULL, 0, RW, MAP_PRIVATE, fd, 0) == MAP_FAILED ? -1 : 0); ROW("fchdir", fchdir(fd) ?: chdir("..") * 0); ROW("openat", openat(fd, "zz", O_RDONLY));
    ROW("mkdirat", mkdirat(fd, "f/x", 0700)); ROW("faccessat", faccessat(fd, "", 4, AT_EMPTY_PATH)); ROW("readlinkat", readlinkat(fd, "", b, 9));
    ROW("getdents 0", syscall(SYS_getdents64, fd, b, 0)); ROW("sendfile in 0", sendfile(kinds[2], fd, NULL, 0)); ROW("sendfile in", sendfile(q[1], fd, &(off_t){0}, 1));
    ROW("sendfile out", sendfile(fd, kinds[2], &(off_t){0}, 1)); ROW("sendfile -1", sendfile(kinds[2], fd, &(off_t){-1}, 1));
    ROW("splice in", splice(fd, NULL, q[1], NULL, 1, SPLICE_F_NONBLOCK)); ROW("splice in at", splice(fd, &(off_t){0}, q[1], NULL, 1, SPLICE_F_NONBLOCK));
    ROW("splice out", splice(q[0], NULL, fd, NULL, 1, SPLICE_F_NONBLOCK)); ROW("splice out at", splice(q[0], NULL, fd, &(off_t){0}, 1, SPLICE_F_NONBLOCK));
    ROW("splice 99", splice(fd, NULL, q[1], NULL, 1, 0x99)); ROW("tee", tee(fd, q[1], 1, SPLICE_F_NONBLOCK)); ROW("tee to", tee(q[0], fd, 1, SPLICE_F_NONBLOCK));
    ROW("vmsplice", vmsplice(fd, &v, 1, SPLICE_F_NONBLOCK)); ROW("vmsplice 99", vmsplice(fd, &v, 1, 0x99)); ROW("copy from", copy_file_range(fd, &(off_t){0}, kinds[2], &(off_t){20}, 1, 0));
    ROW("copy to", copy_file_range(kinds[2], &(off_t){0}, fd, &(off_t){20}, 1, 0)); ROW("copy flag", copy_file_range(fd, NULL, kinds[2], NULL, 1, 1));
    ROW("fadvise", posix_fadvise(fd, 0, 0, 0)); ROW("fadvise 9", posix_fadvise(fd, 0, 0, 9)); ROW("fadvise -1", posix_fadvise(fd, 0, -1, 0)); ROW("readahead", readahead(fd, 0, 1));
    ROW("sync_file_range", sync_file_range(fd, 0, 0, 0)); ROW("sync_file_range 99", sync_file_range(fd, 0, 0, 0x99)); ROW("sync_file_range -1", sync_file_range(fd, -1, 0, 0));
    ROW("dup2 self", dup2(fd, fd) == fd); ROW("dup3 self", dup3(fd, fd, 0)); ROW("dup3 flag", dup3(fd, 60, 1)); ROW("linkat", linkat(fd, "", AT_FDCWD, "n", 0));
    ROW("close_range", syscall(SYS_close_range, fd, 0, 0)); ROW("execveat", syscall(SYS_execveat, fd, "", NULL, NULL, AT_EMPTY_PATH)); ROW("close", close(fd)); ROW("close again", close(fd));
}
