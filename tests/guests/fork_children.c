/* Children that do little: what they are, how they end, and how their parent learns of it. */
#include "guest.h"
#include <linux/futex.h>

static volatile int caught, number;
static void handler(int signo) { caught++; number = signo; }
static void leave(int signo) { _exit(signo); }
static void on(int signo, void (*what)(int), int flags)
{
    struct sigaction act = {.sa_handler = what, .sa_flags = flags};
    sigaction(signo, &act, 0);
}
static void reaped(const char *what, pid_t pid)
{
    int status = -1;
    pid_t got = waitpid(pid, &status, 0);
    printf("%s: %s, status %x\n", what, got == pid ? "it" : got < 0 ? strerror(errno) : "another", status & 0xff7f);
}
static pid_t spinning(void)
{
    pid_t pid = fork();
    if (!pid)
        for (;;)
            caught += 0;
    return pid;
}
static long deep(long n)
{
    volatile char room[4096];
    room[0] = n;
    return n ? deep(n - 1) + room[0] : 0;
}
static void pause_ms(int ms) { usleep(ms * 1000); }

static void lives(void)
{
    pid_t me = getpid(), pid;
    if (!(pid = fork()))
        _exit(300);
    reaped("exit", pid);
    if (!(pid = fork()))
        _exit(getppid() == me && getpid() != me && syscall(SYS_gettid) == getpid());
    reaped("ids", pid);
    if (!(pid = syscall(SYS_fork)))
        syscall(SYS_exit, 4);
    reaped("the call itself", pid);
    if (!(pid = fork())) {
        pid_t child = fork();
        if (!child)
            _exit(getppid() == me ? 1 : 5);
        int status;
        _exit(waitpid(child, &status, 0) == child ? WEXITSTATUS(status) + 1 : 0);
    }
    reaped("a grandchild", pid);
    if (!(pid = fork()))
        *(volatile int *)8 = 1;
    reaped("a fault", pid);
    if (!(pid = fork()))
        _exit(deep(100) < 0);
    reaped("a deep stack", pid);
    int ends[2], status;
    char c = 0;
    if (pipe(ends)) return;
    if (!(pid = fork())) {
        status = write(ends[1], "x", 1);
        status = write(1, "", 0);
        _exit(9);
    }
    T(read(ends[0], &c, 1) == 1 && c == 'x');
    reaped("a writer", pid);
    for (int i = 0; i < 30; i++)
        if (!fork())
            _exit(i);
    int sum = 0, n = 0;
    while (wait(&status) > 0)
        sum += WEXITSTATUS(status), n++;
    printf("%d children, sum %d: %s\n", n, sum, strerror(errno));
}

static void words(void)
{
    char *page = mmap(0, 8192, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    unsigned *word = (unsigned *)page;
    pid_t pid;
    struct robust_list_head *head = (void *)(page + 1024), *mine = 0;
    size_t size = 0;
    if (!(pid = syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0)))
        _exit(syscall(SYS_get_robust_list, 0, &mine, &size) || mine || size != sizeof *head);
    reaped("no robust list", pid);
    if (!(pid = fork())) {
        head->list.next = (void *)(page + 2048);
        ((struct robust_list *)(page + 2048))->next = &head->list;
        head->futex_offset = -2048;
        syscall(SYS_set_robust_list, head, sizeof *head);
        word[0] = syscall(SYS_gettid) | FUTEX_WAITERS;
        _exit(0);
    }
    reaped("a robust futex", pid);
    T(word[0] == (FUTEX_OWNER_DIED | FUTEX_WAITERS));
    if (!(pid = syscall(SYS_clone, CLONE_CHILD_SETTID | SIGCHLD, 0, 0, word + 8, 0)))
        _exit(word[8] != getpid());
    reaped("set tid", pid);
    T(word[8] == pid);
    if (!(pid = syscall(SYS_clone, CLONE_CHILD_SETTID | SIGCHLD, 0, 0, 8, 0)))
        _exit(3);
    reaped("set tid nowhere", pid);
    madvise(page + 4096, 4096, MADV_DONTFORK);
    if (!(pid = fork()))
        _exit(page[4096]);
    reaped("not forked", pid);
}

static void waits(void)
{
    int status = 0;
    pid_t pid = spinning();
    R(waitpid(pid, &status, WNOHANG));
    T(kill(pid, SIGSTOP) == 0 && waitpid(pid, &status, WUNTRACED) == pid && WIFSTOPPED(status));
    R(waitpid(pid, &status, WNOHANG | WUNTRACED));
    T(kill(pid, SIGCONT) == 0 && waitpid(pid, &status, WCONTINUED) == pid && WIFCONTINUED(status));
    kill(pid, SIGTERM);
    reaped("killed", pid);
    if (!(pid = fork())) _exit(1);
    T(wait4(-1, (int *)8, 0, 0) == -1 && errno == EFAULT);
    R(waitpid(pid, &status, 0));
    if (!(pid = fork())) _exit(2);
    T(wait4(0, 0, 0, 0) == pid);
    if (!(pid = fork())) _exit(2);
    T(waitpid(-getpgrp(), &status, 0) == pid);
    R(wait4(-1, &status, 77, 0));
    R(wait4(1 << 31, &status, 0, 0));
}

static void signals(void)
{
    pid_t pid;
    on(SIGUSR1, leave, 0);
    pid = spinning();
    pause_ms(20);
    kill(pid, SIGUSR1);
    reaped("an inherited handler", pid);
    on(SIGALRM, handler, 0);
    struct itimerval soon = {{0, 0}, {0, 50000}};
    pid = spinning();
    setitimer(ITIMER_REAL, &soon, 0);
    int status;
    R(waitpid(pid, &status, 0));
    printf("signal %d\n", number);
    on(SIGALRM, handler, SA_RESTART);
    setitimer(ITIMER_REAL, &soon, 0);
    while (caught < 2)
        T(waitpid(pid, &status, WNOHANG) == 0), pause_ms(100);
    kill(pid, SIGKILL);
    reaped("after a restart", pid);
    caught = 0;
    on(SIGCHLD, handler, SA_RESTART);
    if (!(pid = fork())) _exit(6);
    reaped("with a handler", pid);
    printf("caught %d\n", caught);
    sigset_t set, pending;
    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    signal(SIGCHLD, SIG_DFL);
    sigprocmask(SIG_BLOCK, &set, 0);
    if (!(pid = fork())) _exit(7);
    reaped("blocked", pid);
    sigpending(&pending);
    T(sigismember(&pending, SIGCHLD));
    siginfo_t info;
    T(sigwaitinfo(&set, &info) == SIGCHLD && info.si_pid == pid && info.si_status == 7);
    sigprocmask(SIG_UNBLOCK, &set, 0);
    signal(SIGCHLD, SIG_IGN);
    if (!(pid = fork())) _exit(8);
    reaped("ignored", pid);
    signal(SIGCHLD, SIG_DFL);
    if (!(pid = fork())) _exit(9);
    reaped("default again", pid);
}

/* Code that only children run: 40 small blocks, each answering by its own number; then others in their place, or nothing. */
static int run(char *page, int i) { return ((int (*)(void))(page + 100 * i))(); }
static void fill(char *page, int more)
{
    for (int i = 0; i < 40; i++) {
        char block[] = {0xb8, i + more, 0, 0, 0, 0xeb, 0, 0xc3}; /* mov eax, n; jmp +0; ret */
        memcpy(page + 100 * i, block, sizeof block);
    }
}
static int children(char *page)
{
    int sum = 0, status;
    for (int n = 0; n < 12; n++) {
        pid_t pid = fork();
        if (!pid) {
            int own = 0;
            for (int i = 0; i < 40; i++)
                own += run(page, i) == run(page, 0) + i;
            _exit(own + run(page, 0));
        }
        waitpid(pid, &status, 0);
        sum += WIFEXITED(status) ? WEXITSTATUS(status) : 1000;
    }
    return sum;
}
static void code(void)
{
    int fd = open("code", O_RDWR | O_CREAT | O_TRUNC, 0600);
    if (ftruncate(fd, 8192)) return;
    char *shared = mmap(0, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    fill(shared, 1);
    char *page = mmap(0, 8192, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);
    R(children(page));
    mprotect(page, 4096, PROT_READ | PROT_WRITE);
    fill(page, 5);
    mprotect(page, 4096, PROT_READ | PROT_EXEC);
    R(children(page));
    mprotect(page, 4096, PROT_READ | PROT_WRITE | PROT_EXEC);
    fill(page, 7);
    R(children(page));
    page = mmap(page, 8192, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_FIXED, fd, 0);
    R(children(page));
    R(ftruncate(fd, 0));
    R(children(page));
    munmap(page, 4096);
    R(children(page) > 1000);
}

int main(void)
{
    waits();
    signals();
    lives();
    words();
    code();
}
