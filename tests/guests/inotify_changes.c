/* inotify: moves within, into and out of what is watched, replaced and linked files, files that are open when they go, times, sizes, other processes. */
#include "guest.h"
#include <sys/inotify.h>
#include <sys/xattr.h>

static int in;
static void see(const char *what) {
    char b[8192] __attribute__((aligned(8))); long n = read(in, b, sizeof b); printf("%s:", what); unsigned cookie = 0;
    if (n < 0) printf(" %s", strerror(errno));
    for (char *p = b; p < b + n;) { struct inotify_event *e = (void *)p;
        printf(" %d/%x%s/%s", e->wd, e->mask, e->cookie ? e->cookie == cookie ? "=" : "+" : "", e->len ? e->name : ""); cookie = e->cookie; p += sizeof *e + e->len; }
    puts("");
}
static void wait_(void) { struct pollfd p = {in, POLLIN, 0}; R(poll(&p, 1, 5000)); }

int main(void) {
    in = inotify_init1(IN_NONBLOCK); mkdir("a", 0755); mkdir("b", 0755); close(file_of("a/old", "old")); R(inotify_add_watch(in, "a", IN_ALL_EVENTS)); R(inotify_add_watch(in, "a/old", IN_ALL_EVENTS)); see("nothing");
    int fd = open("a/old", O_RDONLY); char c[8]; (void)!read(fd, c, 8); (void)!read(fd, c, 8); see("read"); close(fd); see("close"); fd = open("a/old", O_WRONLY | O_TRUNC); see("truncating open"); R(pwrite(fd, "12", 2, 4)); see("written"); fsync(fd); R(ftruncate(fd, 1)); see("cut"); close(fd); see("closed");
    R(chmod("a/old", 0600)); see("chmod"); struct timespec t[2] = {{5, 0}, {6, 0}}; R(utimensat(AT_FDCWD, "a/old", t, 0)); see("times"); R(truncate("a/old", 100)); see("grown"); R(rename("a/old", "a/new")); see("within"); R(rename("a/new", "b/new")); see("out"); R(chmod("b/new", 0644)); see("outside");
    R(rename("b/new", "a/back")); see("in"); close(file_of("a/x", "x")); see("made"); R(rename("a/x", "a/back")); see("replaced"); R(link("a/back", "a/two")); see("linked"); R(unlink("a/two")); see("unlinked"); R(link("a/back", "b/three")); see("linked outside"); R(mkdir("a/sub", 0755)); R(rename("a/sub", "a/bus")); see("directories");
    fd = open("a", O_RDONLY | O_DIRECTORY); char d[512]; R(syscall(SYS_getdents64, fd, d, sizeof d) > 0); R(syscall(SYS_getdents64, fd, d, sizeof d)); close(fd); see("listed"); R(chmod("a", 0700)); see("the directory's mode"); R(chmod("a/bus", 0700)); see("a subdirectory's");
    R(inotify_add_watch(in, "a/back", IN_ATTRIB | IN_DELETE_SELF | IN_MODIFY)); R(unlink("b/three")); see("unlinked elsewhere"); R(inotify_add_watch(in, "a", IN_CREATE | IN_DELETE | IN_MOVE | IN_OPEN | IN_CLOSE_NOWRITE)); fd = open("a/back", O_RDWR); see("opened"); R(unlink("a/back")); see("unlinked, open"); (void)!write(fd, "z", 1); see("written to"); close(fd); see("and closed"); close(file_of("a/u", "u")); R(inotify_add_watch(in, "a/u", IN_ALL_EVENTS)); unlink("a/u"); see("unlinked, closed");
    R(inotify_add_watch(in, "b", IN_CREATE | IN_DELETE | IN_MOVE | IN_MOVE_SELF | IN_DELETE_SELF)); close(file_of("a/m", "")); see("for b");  R(rename("a/m", "b/n")); see("between"); R(rename("b", "e")); see("moved itself"); close(file_of("e/o", "")); see("in its new place"); R(symlink("x", "e/s")); R(unlink("e/s")); R(mkfifo("e/f", 0600)); see("others");
    R(inotify_rm_watch(in, 1)); R(inotify_rm_watch(in, 30)); see("removed"); pid_t k = fork(); if (!k) { mkdir("e/of a child", 0755); _exit(0); } wait_(); ended("child", k); see("made by a child"); k = fork(); if (!k) { rename("e/of a child", "e/moved by a child"); _exit(0); } wait_(); ended("child", k); see("moved by it");
    R(inotify_add_watch(in, "e/n", IN_MODIFY | IN_ATTRIB)); k = fork(); if (!k) { int f = open("e/n", O_WRONLY); (void)!write(f, "12345", 5); _exit(0); } wait_(); ended("child", k); see("written by it"); k = fork(); if (!k) { chmod("e/n", 0600); _exit(0); } wait_(); ended("child", k); see("changed by it");
    k = fork(); if (!k) { unlink("e/n"); _exit(0); } wait_(); ended("child", k); see("removed by it"); R(inotify_add_watch(in, "e", IN_CREATE | IN_MASK_ADD | IN_ONLYDIR)); unlink("e/o"); unlink("e/f"); rmdir("e/moved by a child"); see("emptied"); R(rmdir("e")); see("gone");
    R(close(-1)); R(syscall(SYS_close, 1UL << 31)); R(read(-1, NULL, 0)); int two = dup(in); close(in); in = two; mkdir("g", 0755); R(inotify_add_watch(in, "g", IN_CREATE)); char n[40]; for (int i = 0; i < 3; i++) { sprintf(n, "g/%.*s", 5 + 15 * i, "0123456789012345678901234567890123456789"); close(file_of(n, "")); } int size; R(ioctl(in, FIONREAD, &size)); R(size); char small[70]; R(read(in, small, sizeof small)); see("the rest");
    for (int i = 0; i < 2; i++) { close(file_of("g/again", "")); unlink("g/again"); } see("the same twice"); R(fcntl(in, F_GETFL)); R(pwrite(in, "x", 1, 0)); R(fcntl(in, F_GETPIPE_SZ)); R(lseek(in, 0, 9)); struct pollfd p = {in, POLLIN | POLLOUT, 0}; R(poll(&p, 1, 0)); R(inotify_add_watch(in, "/proc/self/status", IN_OPEN) > 0 || errno == EACCES);
}
