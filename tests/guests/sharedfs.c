/* CLONE_FS for processes: root, working directory and umask are one; exec keeps that, fork and unshare do not. */
#include "guest.h"
#include <linux/sched.h>

static int to[2], from[2];
static const char *self;
static char where[PATH_MAX];
static const char *cwd(void) {
    if (!getcwd(where, sizeof where)) return strerror(errno);
    char *last = strrchr(where, '/'); return strncmp(where, "/proc", 5) && last[1] ? last + 1 : where;
}
static void here(const char *who) { mode_t m = umask(0); umask(m); struct stat st; printf("%s: %s umask %o, there %d\n", who, cwd(), m, stat("there", &st) == 0); }
static pid_t made(long flags) { return syscall(SYS_clone, flags, 0, 0, 0, 0); }
static void tell(char c) { (void)!write(to[1], &c, 1); }
static char hear(int fd) { char c = '-'; (void)!read(fd, &c, 1); return c; }
static void done(void) { (void)!write(from[1], "x", 1); }

/* What the other one does, by letters. */
static void other(void) {
    for (;;) {
        switch (hear(to[0])) {
        case 'a': R(chdir("a")); break;
        case 'u': R(chdir("..")); break;
        case 'p': R(chdir("/proc/sys/kernel")); break;
        case 'P': R(chdir("/proc/self")); T(access("stat", F_OK) == 0); break;
        case 'm': R(umask(0177)); break;
        case 'r': R(chroot("b")); break;

        case 'f': { int fd = open("/", O_RDONLY | O_DIRECTORY); T(fchdir(fd) == 0); close(fd); break; }
        case 'U': R(unshare(CLONE_FS)); R(chdir("a")); R(umask(011)); here("for itself"); break;
        case 'k': CHILD("its child", R(chdir("a")); R(umask(0)); here("its child")); here("not its child's"); break;
        case 't': close(open("new", O_CREAT | O_WRONLY, 0777)); break;
        case 'E': execl(self, self, "again", NULL); break;
        case 'l': here("other"); break;
        default: _exit(5);
        }
        done();
    }
}
static void ask(char c) { tell(c); hear(from[0]); }

static void both(long flags) {
    pid_t k = made(flags | CLONE_FS | SIGCHLD); struct stat st; char top[PATH_MAX]; (void)!getcwd(top, sizeof top);
    if (!k) other();
    here("one"); ask('l'); ask('a'); here("moved"); ask('u'); here("back"); R(chdir("b")); ask('l'); R(chdir("..")); ask('l');
    ask('m'); here("masked"); close(open("mine", O_CREAT | O_WRONLY, 0777)); stat("mine", &st); R(st.st_mode & 0777); unlink("mine");
    R(umask(027)); ask('t'); stat("new", &st); R(st.st_mode & 0777); unlink("new");
    ask('p'); here("in /proc"); R(access("ostype", F_OK)); ask('l'); R(chdir("/")); ask('l'); R(chdir("/proc")); ask('l'); R(chdir(top)); ask('l');
    ask('P'); T(access("stat", F_OK) == 0); T(strcmp(cwd(), "/proc") > 0); ask('f'); here("root"); R(chdir(top));
    ask('k'); here("not the child's"); CHILD("mine", R(chdir("a")); umask(0)); ask('l');
    mkdir("gone", 0700); R(chdir("gone")); R(rmdir("../gone")); here("gone"); ask('l'); R(chdir(top)); ask('l');
    ask('E'); here("after exec"); ask('a'); here("moved after exec"); R(chdir("..")); ask('l');
    ask('U'); here("not the other's"); ask('u'); ask('l'); R(umask(022)); here("alone");
    tell('q'); ended("other", k);
}

int main(int argc, char **argv) {
    self = argv[0];
    if (argc > 1) { to[0] = 100; to[1] = 101; from[0] = 102; from[1] = 103; done(); other(); }
    int a[2], b[2]; (void)!pipe(a); (void)!pipe(b);
    to[0] = dup2(a[0], 100); to[1] = dup2(a[1], 101); from[0] = dup2(b[0], 102); from[1] = dup2(b[1], 103);
    close(a[0]); close(a[1]); close(b[0]); close(b[1]);
    umask(022); mkdir("a", 0755); mkdir("b", 0755); mkdir("a/there", 0755); mkdir("b/there", 0700);
    both(0);
    /* The parent of a vfork sees it afterwards. */
    pid_t k = made(CLONE_FS | CLONE_VFORK | SIGCHLD); if (!k) { chdir("a"); umask(070); _exit(0); } here("after vfork"); ended("vfork", k); R(chdir("..")); umask(022);
    k = made(CLONE_FS | SIGCHLD); if (!k) { if (!made(CLONE_FS | SIGCHLD)) { chdir("b"); _exit(0); } R(wait(NULL) > 0); here("child"); _exit(0); } ended("three", k); here("three"); R(chdir(".."));
    struct clone_args args = {.flags = CLONE_FS, .exit_signal = SIGCHLD}; k = syscall(435, &args, sizeof args); if (!k) { chdir("a"); _exit(0); } ended("clone3", k); here("clone3"); R(chdir(".."));
    R(made(CLONE_FS | CLONE_NEWNS | SIGCHLD)); R(made(CLONE_FS | CLONE_NEWUSER | SIGCHLD));
    if (!geteuid()) {
        k = made(CLONE_FS | SIGCHLD); if (!k) other();
        ask('r'); here("in the other's root"); R(access("/there", F_OK)); R(access("/proc", F_OK)); R(chdir("/")); ask('l'); CHILD("as its child", R(access("/there", F_OK)); R(chroot("there")); here("deeper")); R(access("/there", F_OK));
        tell('q'); ended("other", k);
    }
}
