/* clone with exit signals other than SIGCHLD, none, and CLONE_PARENT: who is told how, and who finds whom by waiting. */
#include "guest.h"
#include <linux/sched.h>

static int told[65], code, status, mine;
static pid_t of;
static void handler(int signo, siginfo_t *info, void *context) {
    told[signo]++; code = info->si_code; status = info->si_status; mine = info->si_pid == of && info->si_uid == getuid() && info->si_signo == signo;
}
static pid_t made(long flags) { return syscall(SYS_clone, flags, 0, 0, 0, 0); }
static void on(int signo, int flags) { struct sigaction a = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO | SA_RESTART | flags}; sigaction(signo, &a, 0); }
static void news(const char *what, int signo) {
    printf("%s: signal %d times, SIGCHLD %d times, code %d status %d its %d\n", what, told[signo], told[SIGCHLD], code, status, mine);
    memset(told, 0, sizeof told); code = status = mine = 0;
}
/* A child of this exit signal that ends with a code, or by a signal; block: the signal comes when its pid is known. */
static pid_t child(long flags, int end) {
    sigset_t all, old; sigfillset(&all); sigprocmask(SIG_BLOCK, &all, &old);
    of = made(flags);
    if (!of) { if (end >= 0) _exit(end); kill(getpid(), SIGKILL); }
    sigprocmask(SIG_SETMASK, &old, 0);
    return of;
}
static void found(const char *what, pid_t pid, int options) {
    int word = 0; pid_t got = waitpid(pid, &word, options);
    printf("%s: %s, status %x\n", what, got < 0 ? strerror(errno) : got == 0 ? "nobody" : got == of ? "it" : "another", word & 0xff7f);
}
static void informed(const char *what, int which, pid_t pid, int options) {
    siginfo_t i = {0}; long r = waitid(which, pid, &i, options);
    printf("%s: %s, signo %d code %d status %d its %d\n", what, r ? strerror(errno) : "ok", i.si_signo, i.si_code, i.si_status, i.si_pid == of);
}

/* What /proc says of it. */
static int listed(pid_t pid) {
    char path[32], text[1024] = ""; snprintf(path, sizeof path, "/proc/%d/stat", pid);
    int fd = open(path, O_RDONLY), signo = -1; (void)!read(fd, text, sizeof text - 1); close(fd);
    char *p = strrchr(text, ')'); for (int i = 0; p && i < 36; i++) p = strchr(p + 1, ' ');
    return p ? sscanf(p, "%d", &signo), signo : -2;
}

static void kinds(void) {
    int signos[] = {SIGUSR1, SIGSEGV, SIGBUS, SIGTTIN, SIGURG, SIGWINCH, SIGRTMIN, SIGRTMAX, SIGCHLD, 0, 65, 255};
    for (int i = 0; i < 12; i++) {
        int s = signos[i]; char what[32]; snprintf(what, sizeof what, "exit signal %d", s);
        if (s && s < 65) on(s, 0);
        on(SIGCHLD, 0);
        child(s, 7); R(listed(of)); found(what, of, __WALL); news(what, s < 65 ? s : 0);
        child(s, -1); found("killed", of, 0); found("killed, __WCLONE", of, __WCLONE); news(what, s < 65 ? s : 0);
    }
    signal(SIGUSR1, SIG_DFL); signal(SIGURG, SIG_DFL);
    CHILD("SIGKILL", made(SIGKILL) || (_exit(0), 0); pause());
    CHILD("SIGUSR1", made(SIGUSR1) || (_exit(0), 0); pause());
    CHILD("SIGABRT", made(SIGABRT) || (_exit(0), 0); pause());
    CHILD("SIGURG", child(SIGURG, 3); found("ignored", -1, __WALL));
    pid_t p = fork(); if (!p) { if (!made(SIGSTOP)) _exit(0); pause(); _exit(0); }
    int word; T(waitpid(p, &word, WUNTRACED) == p && WIFSTOPPED(word)); R(WSTOPSIG(word)); kill(p, SIGKILL); waitpid(p, &word, 0);
}

static void waits(void) {
    int modes[] = {0, __WCLONE, __WALL, __WALL | __WCLONE, __WNOTHREAD, __WNOTHREAD | __WALL}, word;
    for (int odd = 0; odd < 2; odd++) for (int i = 0; i < 6; i++) {
        char what[32]; snprintf(what, sizeof what, "%s, mode %d", odd ? "odd" : "plain", i);
        child(odd ? 0 : SIGCHLD, 5); waitid(P_PID, of, &(siginfo_t){0}, WEXITED | WNOWAIT | __WALL);
        informed(what, P_ALL, 0, WEXITED | WNOHANG | WNOWAIT | modes[i]); informed(what, P_PGID, 0, WEXITED | WNOWAIT | modes[i]);
        found(what, 0, modes[i] | WNOHANG); found("rest", -1, __WALL); found("none", -1, modes[i]);
    }
    pid_t plain = fork(); if (!plain) _exit(1);
    pid_t odd = made(SIGURG); if (!odd) pause();
    of = odd; found("running, not for plain waits", odd, WNOHANG); found("running", odd, WNOHANG | __WALL);
    T(waitpid(-1, &word, 0) == plain); found("no plain child is left", -1, 0);
    kill(odd, SIGSTOP); found("stopped", -1, WUNTRACED | __WCLONE); informed("stopped", P_PID, odd, WSTOPPED | __WCLONE | WNOHANG);
    kill(odd, SIGCONT); found("continued", odd, WCONTINUED | __WALL); kill(odd, SIGTERM); found("ended", odd, __WCLONE);
    int fd = syscall(SYS_pidfd_open, child(0, 9), 0); informed("pidfd", P_PIDFD, fd, WEXITED); informed("pidfd", P_PIDFD, fd, WEXITED | __WALL); informed("pidfd", P_PIDFD, fd, WEXITED | __WALL); close(fd);
    /* Waiting begins before the end. */
    of = made(0); if (!of) { usleep(30000); _exit(4); } found("slow", of, __WALL);
    of = made(SIGURG); if (!of) { usleep(30000); _exit(4); } found("slow", -1, __WCLONE);
    /* Nobody reaps these while SIGCHLD is ignored, but plain ones. */
    signal(SIGCHLD, SIG_IGN);
    child(0, 6); usleep(20000); found("kept", -1, 0); found("kept", -1, __WALL);
    child(SIGCHLD, 6); found("reaped", -1, __WALL);
    of = made(0); if (!of) { usleep(20000); _exit(2); } plain = fork(); if (!plain) _exit(1);
    found("only plain ones end", -1, 0); found("the odd one", -1, __WALL);
    signal(SIGCHLD, SIG_DFL);
}

static void pending(void) {
    sigset_t set, is; sigemptyset(&set); sigaddset(&set, SIGUSR2); sigaddset(&set, SIGRTMIN); sigaddset(&set, SIGCHLD); sigprocmask(SIG_BLOCK, &set, 0);
    for (int i = 0; i < 3; i++) { if (!made(SIGUSR2)) _exit(1); if (!made(SIGRTMIN)) _exit(2); }
    while (waitpid(-1, 0, __WALL) > 0) {}
    sigpending(&is); T(sigismember(&is, SIGUSR2)); T(sigismember(&is, SIGRTMIN)); T(sigismember(&is, SIGCHLD));
    siginfo_t i; struct timespec none = {0}; int n = 0;
    while (sigtimedwait(&set, &i, &none) > 0) printf("signal %d code %d status %d\n", i.si_signo, i.si_code, i.si_status), n++;
    R(n); child(SIGUSR2, 8); R(sigwaitinfo(&set, &i)); R(i.si_status); found("after it", of, __WALL);
    sigprocmask(SIG_UNBLOCK, &set, 0);
}

static void becomes(const char *self) {
    char *argv[] = {(char *)self, "another", 0};
    on(SIGCHLD, 0); on(SIGUSR1, 0); memset(told, 0, sizeof told);
    for (int s = 0; s <= SIGUSR1; s += SIGUSR1) {
        sigset_t all, old; sigfillset(&all); sigprocmask(SIG_BLOCK, &all, &old);
        of = made(s); if (!of) { sigprocmask(SIG_SETMASK, &old, 0); execv(self, argv); _exit(1); }
        sigprocmask(SIG_SETMASK, &old, 0);
        waitid(P_PID, of, &(siginfo_t){0}, WEXITED | WNOWAIT | __WALL);
        found("another program, __WCLONE", of, __WCLONE); found("another program", of, 0); news("another program", SIGUSR1);
    }
    int go[2]; char c; (void)!pipe(go);
    sigset_t set, old; sigfillset(&set); sigprocmask(SIG_BLOCK, &set, &old);
    of = made(CLONE_VFORK); if (!of) { execv(self, argv); _exit(1); } sigprocmask(SIG_SETMASK, &old, 0); found("vfork", of, 0); news("vfork", SIGUSR1);
    /* The parent becomes another program: it hears SIGCHLD, but the child is the same for waits. */
    pid_t p = fork();
    if (!p) { of = made(SIGUSR1); if (!of) { close(go[1]); (void)!read(go[0], &c, 1); _exit(8); } char fd[9], pid[9]; snprintf(fd, 9, "%d", go[1]); snprintf(pid, 9, "%d", of); execv(self, (char *[]){(char *)self, "parent", fd, pid, 0}); }
    close(go[0]); close(go[1]); ended("parent", p);
}
static void parent(int fd, pid_t pid) {
    of = pid; on(SIGCHLD, 0); on(SIGUSR1, 0);
    sigset_t all, old; sigfillset(&all); sigprocmask(SIG_BLOCK, &all, &old); close(fd);
    waitid(P_PID, of, &(siginfo_t){0}, WEXITED | WNOWAIT | __WALL); sigprocmask(SIG_SETMASK, &old, 0); news("told", SIGUSR1);
    found("a plain wait", of, 0); found("__WCLONE", of, __WCLONE);
}

static void siblings(void) {
    int p[2], q[2]; pid_t me = getpid(); char c; (void)!pipe(p); (void)!pipe(q); on(SIGCHLD, 0); on(SIGUSR1, 0);
    memset(told, 0, sizeof told);
    for (int s = SIGCHLD; s; s = s == SIGCHLD ? SIGUSR1 : 0) {
        pid_t k = made(s);
        if (!k) {
            pid_t was = getpid(), sibling = made(CLONE_PARENT | SIGUSR2);
            if (!sibling) { (void)!read(q[0], &c, 1); T(getppid() == me); T(getppid() != was); _exit(3); }
            found("not its child", sibling, __WALL); (void)!write(p[1], &sibling, sizeof sibling); _exit(1);
        }
        pid_t sibling; sigset_t all, old; sigfillset(&all); (void)!read(p[0], &sibling, sizeof sibling); found("maker", of = k, __WALL);
        sigprocmask(SIG_BLOCK, &all, &old); mine = 0; news("maker", SIGUSR1); of = sibling; (void)!write(q[1], "x", 1);
        waitid(P_PID, of, &(siginfo_t){0}, WEXITED | WNOWAIT | __WALL); sigprocmask(SIG_SETMASK, &old, 0);
        news("sibling", SIGUSR1); found("sibling, plain", sibling, 0); found("sibling", sibling, __WALL);
    }
    struct clone_args a = {.flags = CLONE_PARENT, .exit_signal = SIGCHLD}; R(syscall(435, &a, sizeof a));
    /* A child that is adopted is a plain one. */
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    pid_t k = fork(); if (!k) { of = made(SIGUSR1); if (!of) { char d; while (getppid() != me) usleep(1000); (void)!read(q[0], &d, 1); _exit(5); } (void)!write(p[1], &of, sizeof of); _exit(0); }
    (void)!read(p[0], &of, sizeof of); ended("its parent", k); (void)!write(q[1], "x", 1); memset(told, 0, sizeof told);
    waitid(P_PID, of, &(siginfo_t){0}, WEXITED | WNOWAIT | __WALL); found("adopted", of, 0); printf("SIGUSR1 %d\n", told[SIGUSR1]);
}

int main(int argc, char **argv) {
    if (argc > 3) { parent(atoi(argv[2]), atoi(argv[3])); return 0; }
    if (argc > 1) return 6;
    kinds(); waits(); pending(); becomes(argv[0]); siblings();
}
