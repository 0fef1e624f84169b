/* #! lines: the optional argument is one word, tails are cut, interpreters nest, argv is the kernel's. */
#include "guest.h"

static const char *tail(const char *s) { const char *t = strrchr(s, '/'); return t ? t + 1 : s; }
static void script(const char *name, const char *first, const char *rest) {
    char line[8192]; snprintf(line, sizeof line, "#!%s%s", first, rest); close(file_of(name, line));
    chmod(name, 0755);
}
static void run(const char *name) { char *a[] = {"argv0 is lost", "one", "", NULL}; char *e[] = {NULL};
char what[64]; snprintf(what, 64, "%s", name);
    CHILD(what, execve(name, a, e); puts(strerror(errno)); _exit(99)); }

int main(int argc, char **argv) {
    if (argc > 1) { for (int i = 0; i < argc; i++) printf("%d [%s]\n", i, tail(argv[i]));
    if (!strncmp((char *)getauxval(AT_EXECFN), "/dev/fd", 7)) return 12; puts(tail((char *)getauxval(AT_EXECFN)));
    char c[17] = ""; prctl(PR_GET_NAME, c); puts(c); return 11; }
    char self[4096]; self[readlink("/proc/self/exe", self, 4095)] = 0; (void)!symlink(self, "me");
    script("plain", "./me", "\n"); run("./plain"); script("arg", "./me", " -a b  c \t \nmore\n"); run("./arg");
    run("arg");
    script("spaces", "  \t./me", "\t-x\n"); run("./spaces"); script("nonl", "./me", " end"); run("./nonl");
    script("nul", "./me", " x"); run("./nul");
    script("n1", "./plain", " first\n"); run("./n1"); script("n2", "./n1", " second\n"); run("./n2");
    script("n3", "./n2", "\n"); run("./n3");
    script("n4", "./n3", "\n"); run("./n4"); script("n5", "./n4", "\n"); run("./n5"); script("n6", "./n5", "\n");
    run("./n6");
    char pad[400]; memset(pad, 'p', 399); pad[399] = 0; pad[0] = ' '; script("long", "./me", pad); run("./long");
    char name[300]; memset(name, 'n', 299); name[299] = 0; script("longname", name, "\n"); run("./longname");
    mkdir("sub", 0755); script("sub/rel", "me", " relative\n"); run("sub/rel"); int fd = open("sub", O_RDONLY);
    (void)fd;
    char *a[] = {"x", "via-fd", NULL}, *e[] = {NULL}; int s = open("plain", O_RDONLY);
    CHILD("execveat of a script", syscall(SYS_execveat, s, "", a, e, AT_EMPTY_PATH); puts(strerror(errno)));
    fcntl(s, F_SETFD, FD_CLOEXEC);
    CHILD("close-on-exec script", syscall(SYS_execveat, s, "", a, e, AT_EMPTY_PATH); puts(strerror(errno)));
    script("sh", "/bin/sh", "\necho \"$0\" \"$#\" \"$1\"\n"); run("./sh");
}
