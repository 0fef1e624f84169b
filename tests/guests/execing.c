/* Over exec: close-on-exec, signal dispositions and mask, pending signals, pid, environment, empty argument. */
#include "guest.h"

extern char **environ;

static void handled(int s) { (void)s; }

static int second(int argc, char **argv) {
    printf("argc %d\n", argc); for (int i = 1; i < argc; i++) puts(i == 1 && atoi(argv[1]) ? "[pid]" : argv[i]);
    for (char **e = environ; *e; e++) puts(*e);
    for (int fd = 3; fd < 12; fd++) if (fcntl(fd, F_GETFD) >= 0) printf("open %d\n", fd);
    struct sigaction a; sigset_t s;
    for (int i = 1; i < 32; i++) { sigaction(i, NULL, &a);
    if (a.sa_handler != SIG_DFL) printf("%d %s\n", i, a.sa_handler == SIG_IGN ? "ignored" : "handled"); }
    sigprocmask(0, NULL, &s); for (int i = 1; i < 65; i++) if (sigismember(&s, i) == 1) printf("blocked %d\n", i);
    sigpending(&s); for (int i = 1; i < 65; i++) if (sigismember(&s, i) == 1) printf("pending %d\n", i);
    stack_t st; sigaltstack(NULL, &st); R(st.ss_flags); R(umask(0)); R(alarm(0) > 50);
    char comm[17] = ""; prctl(PR_GET_NAME, comm); if (atoi(argv[1])) puts(comm); R(prctl(PR_GET_DUMPABLE));
    R(prctl(PR_GET_PDEATHSIG, &st.ss_flags));
    T(atoi(argv[1]) == getpid() || !strcmp(argv[1], "fd")); return 23;
}

int main(int argc, char **argv) {
    if (argc > 1) return second(argc, argv);
    char pid[16], self[4096], *env[] = {"A=1", "EMPTY=", "B=two words", NULL}; sprintf(pid, "%d", getpid());
    int a = open("/dev/null", O_RDONLY), b = open("/dev/null", O_RDONLY | O_CLOEXEC), c = dup(b), d = fcntl(a,
        F_DUPFD_CLOEXEC, 0), e = dup3(a, 9, O_CLOEXEC);
    printf("%d %d %d %d %d\n", a, b, c, d, e); static char area[65536];
    stack_t st = {.ss_sp = area, .ss_size = sizeof area};
    sigaltstack(&st, NULL); umask(031); alarm(100); prctl(PR_SET_NAME, "a new name");
    signal(SIGUSR1, SIG_IGN); signal(SIGUSR2, handled); signal(SIGCHLD, SIG_IGN); signal(SIGCHLD, SIG_DFL);
    sigset_t s; sigemptyset(&s); sigaddset(&s, SIGTERM); sigaddset(&s, SIGHUP); sigprocmask(SIG_BLOCK, &s, NULL);
    raise(SIGHUP);
    self[readlink("/proc/self/exe", self, sizeof self - 1)] = 0;
    fflush(stdout);
    pid_t k = fork();
    if (k == 0) { int fd = open(self, O_RDONLY | O_CLOEXEC); char *args[] = {"named", "fd", "", "last", NULL};
    syscall(SYS_execveat, fd, "", args, env, AT_EMPTY_PATH); perror("execveat"); _exit(1); }
    ended("execveat", k); char *args[] = {"anything at all", pid, "", "tail", NULL}; execve(self, args, env);
    perror("execve");
}
