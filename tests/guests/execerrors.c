/* Why exec refuses: each errno in its order, and the limits on arguments. */
#include "guest.h"

static char *none[] = {"x", NULL}, *empty[] = {NULL};
static void try(const char *name) { errno = 0; execve(name, none, empty);
printf("%.40s: %s\n", name, strerror(errno)); }
static void make(const char *name, const char *content, int mode) { close(file_of(name, content));
chmod(name, mode); }

int main(void) {
    try(""); try("missing"); try("."); try("/"); try("/dev/null"); try("/etc/passwd/x"); mkdir("dir", 0755);
    try("dir"); try("dir/");
    make("plain", "hello\n", 0644); try("plain"); try("plain/"); try("./plain/x");
    make("text", "hello\n", 0755); try("text"); make("nothing", "", 0755); try("nothing");
    make("short", "\x7f" "ELF", 0755); try("short");
    make("garbage", "\x7f" "ELF\x02\x01\x01zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz",
        0755); try("garbage");
    make("nointerp", "#!/no/such/interpreter\n", 0755); try("nointerp"); make("nonl", "#!", 0755); try("nonl");
    make("blank", "#!  \n", 0755); try("blank");
    make("loop", "#!./loop\n", 0755); try("loop"); make("dirint", "#!/\n", 0755); try("dirint");
    make("plainint", "#!./plain\n", 0755); try("plainint");
    make("textint", "#!./text\n", 0755); try("textint");
    (void)!symlink("circle", "circle"); try("circle"); (void)!symlink("plain", "link"); try("link");
    mkfifo("fifo", 0755); try("fifo");
    char *longname = malloc(5001); memset(longname, 'n', 5000); longname[5000] = 0; try(longname);
    longname[300] = 0; try(longname);
    int busy = open("text", O_WRONLY); try("text"); close(busy);
    R(execve(NULL, none, empty)); R(execve("/bin/true", (char **)8, empty)); R(execve("/bin/true", none, (char **)8));
    char *bad[] = {"x", (char *)8, NULL}; R(execve("/bin/true", bad, empty));
    char *big = malloc(131073); memset(big, 'a', 131072); big[131072] = 0; char *over[] = {"x", big, NULL};
    R(execve("/bin/true", over, empty)); R(execve("/bin/true", none, over));
    big[131071] = 0; CHILD("one byte under 128 kB", execve("/bin/true", over, empty); _exit(9));
    char **many = calloc(40, sizeof *many); for (int i = 0; i < 30; i++) many[i] = big;
    R(execve("/bin/true", many, empty)); many[10] = NULL;
    CHILD("ten of 128 kB", execve("/bin/true", many, empty); _exit(9));
    char **tiny = calloc(300001, sizeof *tiny); for (int i = 0; i < 300000; i++) tiny[i] = "x";
    R(execve("/bin/true", tiny, empty)); tiny[20000] = NULL;
    CHILD("20,000 arguments", execve("/bin/true", tiny, empty); _exit(9));
    R(syscall(SYS_execveat, -1, "x", none, empty, 0));
    R(syscall(SYS_execveat, AT_FDCWD, "plain", none, empty, 0x8000));
    R(syscall(SYS_execveat, AT_FDCWD, "link", none, empty, AT_SYMLINK_NOFOLLOW)); int f = open("plain", O_RDONLY);
    R(syscall(SYS_execveat, f, "x", none, empty, 0));
    R(syscall(SYS_execveat, f, "", none, empty, 0)); R(syscall(SYS_execveat, f, "", none, empty, AT_EMPTY_PATH));
}
