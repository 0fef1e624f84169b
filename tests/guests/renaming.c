/* rename and renameat2: what may replace what, the flags, links and their refusals. */
#include "guest.h"

#define RN(a, b, f) R(syscall(SYS_renameat2, AT_FDCWD, a, AT_FDCWD, b, f))
static void make(const char *n) { close(file_of(n, n)); }
static void show(const char *n) { char b[64]; int fd = open(n, O_RDONLY); ssize_t r = fd < 0 ? -1 : read(fd, b, 63);
if (fd >= 0) close(fd); if (r < 0) printf("%s: %s\n", n, strerror(errno)); else { b[r] = 0;
printf("%s holds %s\n", n, b); } }

int main(void) {
    char b[64] = ""; struct stat st; make("a"); make("b"); mkdir("d", 0755); mkdir("full", 0755); make("full/x");
    mkdir("empty", 0755);
    R(rename("a", "c")); show("a"); show("c"); R(rename("c", "b")); show("b"); R(rename("missing", "x"));
    R(rename("b", "d")); R(rename("d", "b")); R(rename("d", "full")); R(rename("d", "empty"));
    R(rename("empty", "full/sub")); R(rename("full", "full/sub/in")); R(rename("full/sub", "full"));
    R(rename("b", "b")); R(rename("b", "")); R(rename(".", "q")); R(rename("full", "..")); R(rename("b", "new/"));
    R(rename("full", "new/")); R(rename("new", "full")); R(rename("b/", "c"));
    make("x"); make("y"); RN("x", "y", 1); show("y"); RN("x", "z", 1); show("z"); RN("z", "y", 2); show("y");
    show("z"); RN("z", "none", 2); RN("z", "y", 3); RN("z", "y", 8); RN("full", "z", 2); show("full/x");
    show("z/x"); RN("z", "full", 2); RN("missing", "y", 1);
    int d = open("full", O_RDONLY); R(renameat(AT_FDCWD, "y", d, "moved")); show("full/moved");
    R(renameat(d, "moved", -1, "y")); R(renameat(d, "moved", AT_FDCWD, "y"));
    R(link("y", "hard")); stat("y", &st); R(st.st_nlink); R(rename("y", "hard")); stat("y", &st); R(st.st_nlink);
    R(link("y", "hard")); R(link("full", "dlink")); R(link("missing", "m")); R(link("y", "full/nodir/x"));
    R(link("y/", "s")); R(link("y", "")); R(link("y", "slash/"));
    R(symlink("y", "sym")); R(symlink("y", "sym")); R(symlink("", "e")); R(symlink("x", ""));
    R(symlink("x", "q/r")); R(readlink("sym", b, 60)); puts(b); R(readlink("sym", b, 0)); R(readlink("y", b, 60));
    R(readlink("missing", b, 60)); R(readlink("", b, 60)); R(readlink("full", b, 60));
    (void)!symlink("abcdefgh", "eight"); memset(b, 0, 64); R(readlink("eight", b, 3)); puts(b);
    R(readlink("eight", (char *)8, 3)); R(readlink("eight", b, -1));
    R(link("sym", "lsym")); lstat("lsym", &st); T(S_ISLNK(st.st_mode));
    R(linkat(AT_FDCWD, "sym", AT_FDCWD, "fsym", AT_SYMLINK_FOLLOW)); lstat("fsym", &st); T(S_ISREG(st.st_mode));
    R(linkat(AT_FDCWD, "y", AT_FDCWD, "z9", 1)); R(rename("sym", "sym2")); show("sym2"); R(rename("y", "sym2"));
    lstat("sym2", &st); T(S_ISREG(st.st_mode));
    R(symlink("l2", "l1")); R(symlink("l1", "l2")); R(open("l1", O_RDONLY)); R(stat("l1", &st));
    R(lstat("l1", &st)); R(open("l1/x", O_RDONLY)); R(unlink("l1")); char name[16], to[16] = "z";
    for (int i = 0; i < 42; i++) { sprintf(name, "c%d", i); (void)!symlink(to, name); strcpy(to, name); } make("z");
    R(access("c39", F_OK)); R(access("c40", F_OK)); R(rename("c41", "last")); show("last");
    int fd = open("z", O_RDWR); R(unlink("z")); show("z"); R(write(fd, "still", 5)); R(pread(fd, b, 5, 0));
    fstat(fd, &st); R(st.st_nlink); R(unlink("z")); R(unlink("")); R(unlink("/")); R(unlink(".")); R(unlink("z/y"));
}
