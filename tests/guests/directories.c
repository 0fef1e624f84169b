/* getdents64, directory positions, getcwd, and the errors of mkdir, rmdir, chdir. */
#include <dirent.h>
#include "guest.h"

static int by_name(const struct dirent **a, const struct dirent **b) { return strcmp((*a)->d_name, (*b)->d_name); }
static void list(const char *d) { struct dirent **e; int n = scandir(d, &e, NULL, by_name);
printf("%s: %d\n", d, n); for (int i = 0; i < n; i++) printf("  %s type %d\n", e[i]->d_name, e[i]->d_type); }

int main(void) {
    char cwd[4096], small[8]; R(mkdir("d", 0755)); R(mkdir("d", 0755)); R(mkdir("d/e/f", 0755));
    R(mkdir("d/e/", 0700)); R(mkdir("", 0)); R(mkdir(".", 0)); R(mkdir("..", 0)); R(mkdir("/", 0));
    close(file_of("d/file", "x")); (void)!symlink("file", "d/link"); mkfifo("d/fifo", 0600);
    (void)!symlink("nowhere", "d/dangling"); (void)!link("d/file", "d/hard"); list("d"); list("d/e");
    R(mkdir("d/file", 0)); R(mkdir("d/file/x", 0)); R(mkdir("d/dangling", 0)); R(rmdir("d")); R(rmdir("d/file"));
    R(rmdir("d/.")); R(rmdir("d/..")); R(rmdir("missing")); R(rmdir("/")); R(unlink("d/e")); R(unlink("d/file/"));
    int d = open("d", O_RDONLY | O_DIRECTORY), f = open("d/file", O_RDONLY); char buf[2048];
    int first = 0, again = 0, n;
    R(syscall(SYS_getdents64, d, buf, 8)); R(syscall(SYS_getdents64, f, buf, sizeof buf));
    R(syscall(SYS_getdents64, -1, buf, 100)); while ((n = syscall(SYS_getdents64, d, buf, 64)) > 0) first += n;
    R(syscall(SYS_getdents64, d, buf, sizeof buf)); R(lseek(d, 0, SEEK_SET));
    while ((n = syscall(SYS_getdents64, d, buf, sizeof buf)) > 0) again += n; R(first); T(first == again);
    lseek(d, 0, SEEK_SET); R(syscall(SYS_getdents, d, buf, sizeof buf) > 0);
    R(read(d, buf, 1)); R(write(d, buf, 1)); R(openat(d, "file", O_RDONLY) > 0); R(openat(f, "file", O_RDONLY));
    R(openat(-1, "file", O_RDONLY)); R(openat(-1, "/dev/null", O_RDONLY) > 0); R(open("d", O_RDWR));
    R(open("d", O_CREAT)); R(open("new", O_CREAT | O_DIRECTORY | O_RDONLY, 0600) == -1);
    R(open("d/file", O_DIRECTORY));
    T(getcwd(cwd, sizeof cwd) != NULL); size_t len = strlen(cwd);
    R(syscall(SYS_getcwd, cwd, sizeof cwd) == (long)len + 1); R(syscall(SYS_getcwd, small, 8));
    R(syscall(SYS_getcwd, 8L, 4096)); R(chdir("d/e"));
    T(getcwd(buf, sizeof buf) && !strncmp(buf, cwd, len) && !strcmp(buf + len, "/d/e"));
    R(chdir("../file")); R(chdir("missing")); R(chdir("")); R(fchdir(f)); R(fchdir(d)); R(access("file", F_OK));
    R(chdir("e")); R(rmdir("../e")); R(syscall(SYS_getcwd, buf, sizeof buf)); R(open("x", O_CREAT, 0600));
    R(mkdir("x", 0700)); R(open("..", O_RDONLY) > 0); R(open(".", O_RDONLY) > 0); list("."); R(chdir(".."));
    R(unlinkat(d, "hard", 0)); R(unlinkat(d, "hard", 0)); R(unlinkat(d, "file", AT_REMOVEDIR));
    R(unlinkat(d, "file", 1)); mkdir("sub", 0700); R(unlinkat(d, "sub", 0)); R(unlinkat(d, "sub", AT_REMOVEDIR));
    list(".");
    for (int i = 0; i < 300; i++) { char name[64]; sprintf(name, "a-rather-longer-name-%03d", i);
    close(open(name, O_CREAT, 0600)); } DIR *dir = opendir("."); n = 0; while (readdir(dir)) n++; R(n);
    rewinddir(dir); n = 0; while (readdir(dir)) n++; R(n);
    long where = 0; rewinddir(dir); for (int i = 0; i < 100; i++) readdir(dir); where = telldir(dir);
    struct dirent *e = readdir(dir); char name[256]; strcpy(name, e->d_name); readdir(dir); seekdir(dir, where);
    T(!strcmp(readdir(dir)->d_name, name)); umask(027); mkdir("masked", 0777); struct stat st; stat("masked", &st);
    printf("%o %ld\n", st.st_mode, (long)st.st_nlink);
}
