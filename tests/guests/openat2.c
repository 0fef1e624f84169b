/* openat2: the resolve flags, the extensible structure, the strict flags. */
#include <linux/openat2.h>
#include "guest.h"
#include <sys/socket.h>

static int dir;
static long o2(const char *path, long flags, long mode, long resolve) { struct open_how h = {flags, mode, resolve};
long r = syscall(SYS_openat2, dir, path, &h, sizeof h); if (r >= 0) { close((int)r); return 0; } return -1; }

int main(void) {
    mkdir("d", 0755); mkdir("d/sub", 0755); close(file_of("d/file", "x")); close(file_of("outside", "y"));
    (void)!symlink("../outside", "d/out"); (void)!symlink("/etc/passwd", "d/abs"); (void)!symlink("file", "d/link");
    (void)!symlink("sub", "d/sublink"); (void)!symlink("/file", "d/rootfile"); dir = open("d", O_PATH);
    struct { const char *name; long r; }
    how[] = {{"none", 0}, {"beneath", RESOLVE_BENEATH}, {"in_root", RESOLVE_IN_ROOT}, {"no_symlinks",
        RESOLVE_NO_SYMLINKS}, {"no_magiclinks", RESOLVE_NO_MAGICLINKS}, {"no_xdev", RESOLVE_NO_XDEV}};
    const char *paths[] = {"file", "link", "out", "abs", "rootfile", "../outside", "sub/../file",
        "sub/../../outside", "/file", "missing", "sublink/../file", ".", "file/"};
    for (unsigned i = 0; i < 6; i++) for (unsigned p = 0; p < sizeof paths / sizeof *paths; p++) { errno = 0;
    long r = o2(paths[p], O_RDONLY, 0, how[i].r);
    printf("%s %s: %s\n", how[i].name, paths[p], r < 0 ? strerror(errno) : "ok"); }
    R(o2("/proc/self/fd/0", O_RDONLY, 0, RESOLVE_NO_MAGICLINKS));
    R(o2("/proc/self/exe", O_RDONLY, 0, RESOLVE_NO_SYMLINKS)); R(o2("/proc/version", O_RDONLY, 0, RESOLVE_NO_XDEV));
    R(o2("new", O_CREAT | O_RDWR, 0600, RESOLVE_BENEATH)); R(access("d/new", F_OK));
    R(o2("new", O_CREAT | O_EXCL | O_RDWR, 0600, 0)); R(o2("out", O_CREAT | O_RDWR, 0600, RESOLVE_BENEATH));
    R(o2("out", O_NOFOLLOW, 0, 0)); R(o2("file", 0, 0600, 0)); R(o2("n2", O_CREAT, 010000, 0));
    R(o2("file", 1L << 40, 0, 0)); R(o2("file", 0x40000000, 0, 0)); R(o2("file", 0, 0, 1L << 30));
    R(o2("file", 0, 0, RESOLVE_BENEATH | RESOLVE_IN_ROOT)); R(o2("file", O_PATH | O_RDWR | O_CREAT, 0, 0));
    R(o2("file", O_PATH | O_CLOEXEC, 0, 0)); R(o2("", 0, 0, 0));
    struct open_how beneath = {.resolve = 8}, in_root = {.resolve = 16}; int p[2]; (void)!pipe(p);
    for (int at = 0; at < 3; at++) {
        int fd = at == 0 ? p[0] : at == 1 ? -1 : dir;
        R(syscall(SYS_openat2, fd, "/", &beneath, 24)); R(syscall(SYS_openat2, fd, "/", &in_root, 24) >= 0); R(syscall(SYS_openat2, fd, "file", &beneath, 24) >= 0);
    }
    struct sockaddr a_path = {0}; int on_path = open("/", O_PATH); R(connect(on_path, &a_path, -1)); R(connect(on_path, NULL, 4)); R(connect(dir, NULL, -1)); R(connect(on_path, &a_path, 4));
    char big[64] = {0}; R(syscall(SYS_openat2, dir, "file", big, 64) >= 0); big[40] = 1;
    R(syscall(SYS_openat2, dir, "file", big, 64)); R(syscall(SYS_openat2, dir, "file", big, 8));
    R(syscall(SYS_openat2, dir, "file", 8L, 24)); R(syscall(SYS_openat2, dir, "file", big, 5000));
    R(syscall(SYS_openat2, -1, "file", big, 24)); R(syscall(SYS_openat2, dir, 8L, big, 24));
}
