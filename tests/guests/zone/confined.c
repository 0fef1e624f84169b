/* Every way out of the root that we know. The root holds this program and "in"; "secret" and "out" lie beside the root. */
#include "../guest.h"
#include <sys/mount.h>
#include <linux/openat2.h>
#include <sys/statfs.h>
#include <sys/syscall.h>

static int found;
static void out(const char *how, const char *path, int dirfd) {
    int fd = openat(dirfd, path, O_RDONLY); struct stat st; char b[16] = "";
    if (fd >= 0) { if (read(fd, b, 6) == 6 && !memcmp(b, "secret", 6)) { found++; printf("OUT by %s: %s\n", how, path); } close(fd); }
    if (!fstatat(dirfd, path, &st, 0) && st.st_size == 7 && S_ISREG(st.st_mode)) { found++; printf("STAT by %s: %s\n", how, path); }
}
static void all(const char *how, int dirfd) {
    static const char *paths[] = {"../secret", "../../secret", "../../../../../../../../../secret", "/../secret", "/../../secret",
        "./../secret", "in/../../secret", "in/../../../secret", "up/secret", "in/up/secret", "up/../secret", "absolute/../secret",
        "/proc/self/root/../secret", "/proc/self/cwd/../secret", "/proc/self/cwd/../../secret", "/proc/self/exe/../secret",
        "/proc/self/fd/9/../secret", "/proc/self/fd/9/secret", "/proc/self/fd/8/secret", "/proc/self/fd/8/../secret", "/proc/self/fd/7/../secret",
        "/proc/1/root/secret", "/proc/1/cwd/secret", "/proc/thread-self/root/../secret", "/dev/../../secret", "/proc/../../secret",
        "/sys/../../secret", "/dev/shm/../../../secret", "/dev/pts/../../../secret", "magic/../secret", "/magic/../secret",
        "//../secret", "/..//..//secret", "in/up/../../secret"};
    for (unsigned i = 0; i < sizeof paths / sizeof *paths; i++) out(how, paths[i], dirfd);
    for (unsigned i = 0; i < sizeof paths / sizeof *paths; i++) for (int flags = 0; flags < 32; flags++) {
        struct open_how h = {.flags = O_RDONLY, .resolve = flags}; char b[16];
        int fd = syscall(SYS_openat2, dirfd, paths[i], &h, sizeof h);
        if (fd >= 0) { if (read(fd, b, 6) == 6 && !memcmp(b, "secret", 6)) { found++; printf("OUT by openat2 %d\n", flags); } close(fd); }
    }
}

int main(int argc, char **argv) {
    char parent[64];
    (void)!symlink("../../../../..", "/up"); (void)!symlink("/../..", "/in/up"); (void)!symlink("/", "/absolute");
    (void)!symlink("/proc/self/root", "/magic");
    chdir("/"); all("cwd /", AT_FDCWD); chdir("/in"); all("cwd /in", AT_FDCWD);
    int root = open("/", O_RDONLY | O_DIRECTORY), in = open("/in", O_PATH); dup2(root, 9); all("an fd of /", root); all("an O_PATH fd", in);
    snprintf(parent, sizeof parent, "/proc/%d/root/secret", getppid()); out("the parent", parent, AT_FDCWD);
    snprintf(parent, sizeof parent, "/proc/%d/cwd/../secret", getppid()); out("the parent's cwd", parent, AT_FDCWD);
    all("an inherited directory", 8); all("an inherited directory below", 7);
    if (!fchdir(8)) { all("fchdir to the inherited directory", AT_FDCWD); chdir("/"); }
    if (!fchdir(7)) { all("fchdir to the inherited directory below", AT_FDCWD); chdir("/"); }
    mkdir("/jail", 0755); int before = open("/", O_RDONLY);
    CHILD("a chroot and an fd from before", chroot("/jail"); all("jail", AT_FDCWD); fchdir(before); all("jail, fchdir", AT_FDCWD);
        for (int i = 0; i < 20; i++) chdir(".."); all("jail, climbing", AT_FDCWD); chroot("."); all("jail, chroot .", AT_FDCWD); _exit(found));
    mkdir("/deep", 0755); mkdir("/deep/er", 0755); chdir("/deep/er"); rename("/deep/er", "/er"); all("a moved cwd", AT_FDCWD);
    int moved = open("/er", O_RDONLY); rename("/er", "/in/er"); all("a moved directory", moved); chdir("/in/er"); rmdir("/in/er");
    all("a removed cwd", AT_FDCWD); chdir("/");
    T(link("../secret", "/in/linked") == -1); T(rename("../secret", "/in/taken") == -1); T(truncate("../secret", 0) == -1);
    T(unlink("../secret") == -1); T(chmod("../secret", 0) == -1); T(rmdir("../out") == -1); T(execl("../secret", "x", NULL) == -1);
    T(mount("..", "/in", NULL, MS_BIND, NULL) == -1); T(syscall(SYS_open_by_handle_at, root, "", O_RDONLY) == -1);
    T(syscall(SYS_unshare, 0x10000000) == -1); T(syscall(SYS_pivot_root, "/in", "/in") == -1); T(syscall(SYS_setns, root, 0) == -1);
    int fd = open("../made", O_CREAT | O_WRONLY, 0600); T(fd >= 0); close(fd); struct stat st; T(stat("/made", &st) == 0);
    /* A directory that becomes a link upwards while it is walked through, and one that is moved up while it is. */
    mkdir("/race", 0755); (void)!symlink("../../..", "/race/link"); mkdir("/race/d", 0755); mkdir("/race/d/e", 0755);
    mkdir("/race/d/e/f", 0755); pid_t child = fork();
    if (child == 0) while (1) { renameat2(AT_FDCWD, "/race/link", AT_FDCWD, "/race/d", RENAME_EXCHANGE);
        rename("/race/d/e/f", "/race/f"); rename("/race/f", "/race/d/e/f"); }
    int tries = argc > 1 ? atoi(argv[1]) : 3000;
    for (int i = 0; i < tries; i++) { out("a race", "/race/d/secret", AT_FDCWD); out("a race", "/race/d/../secret", AT_FDCWD);
        out("a race", "race/d/e/f/../../../../secret", AT_FDCWD); out("a race", "race/d/../../../secret", AT_FDCWD);
        fd = open("/race/d", O_RDONLY); if (fd >= 0) { out("a race, fd", "secret", fd); out("a race, fd", "../../secret", fd); close(fd); } }
    kill(child, SIGKILL); waitpid(child, NULL, 0);
    printf("found %d\n", found);
}
