/* Processes and signals. The parameter of the process rows is a number of other children alive. */
#include "bench.h"

extern char **environ;

static void children(long parameter)
{
    int ends[2];
    ZERO(pipe(ends));
    for (long i = 0; i < parameter; i++) {
        long pid = fork();
        MUST(pid);
        if (pid == 0) { /* lives as long as its parent has the pipe open */
            char end;
            close(ends[1]);
            _exit(read(ends[0], &end, 1) != 0);
        }
    }
    close(ends[0]);
}

static void reap(long pid)
{
    int status;
    MUST(pid);
    EQUAL(waitpid(pid, &status, 0), pid);
    if (!WIFEXITED(status) || WEXITSTATUS(status))
        fail("the child's status", status);
}

static void fork_wait(long n)
{
    LOOP {
        long pid = fork();
        if (pid == 0)
            _exit(0);
        reap(pid);
    }
}

static void execute(void)
{
    char *words[] = {self_path, "nothing", 0};
    execve(self_path, words, environ);
    _exit(127);
}

void execute_again(const char *path, long left)
{
    char number[24], *words[] = {(char *)path, "again", number, 0};
    if (left == 0)
        _exit(0);
    snprintf(number, sizeof number, "%ld", left - 1);
    execve(path, words, environ);
    _exit(127);
}

/* A child that executes this program 200 times over: exec by itself, but for one fork. */
static void exec_again(long n)
{
    LOOP {
        long pid = fork();
        if (pid == 0)
            execute_again(self_path, 200);
        reap(pid);
    }
}

static void fork_exec_wait(long n)
{
    LOOP {
        long pid = fork();
        if (pid == 0)
            execute();
        reap(pid);
    }
}

static void vfork_exec_wait(long loops)
{
    volatile long n = loops; /* the child runs on our stack */
    LOOP {
        long pid = vfork();
        if (pid == 0)
            execute();
        reap(pid);
    }
}

static volatile int caught;
static void handler(int number) { caught += number != 0; }

static void install(long parameter)
{
    (void)parameter;
    signal(SIGUSR1, handler);
}

static void sig_install(long n)
{
    struct sigaction act = {.sa_handler = handler};
    LOOP ZERO(sigaction(SIGUSR2, &act, 0));
}

static void sig_mask(long n)
{
    sigset_t set;
    sigemptyset(&set);
    LOOP ZERO(sigprocmask(SIG_BLOCK, &set, 0));
}

/* Raise, handler, return: lmbench's signal overhead. */
static void sig_raise(long n)
{
    long pid = getpid();
    LOOP {
        int before = caught;
        ZERO(syscall(SYS_kill, pid, SIGUSR1));
        EQUAL(caught, before + 1);
    }
}

static volatile char *readonly;
static void protected_(long parameter)
{
    (void)parameter;
    readonly = mmap(0, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

/* A protection fault, its handler, and the store made good: lmbench's prot fault. */
static void repair(int number)
{
    caught += number != 0;
    ZERO(mprotect((void *)readonly, 4096, PROT_READ | PROT_WRITE));
}

static void sig_fault(long n)
{
    signal(SIGSEGV, repair);
    LOOP {
        int before = caught;
        ZERO(mprotect((void *)readonly, 4096, PROT_READ));
        *readonly = 1;
        EQUAL(caught, before + 1);
    }
}

const struct op PROCESSES[] = {
    {"fork_wait", children, fork_wait},
    {"exec_again", children, exec_again},
    {"fork_exec_wait", children, fork_exec_wait},
    {"vfork_exec_wait", children, vfork_exec_wait},
    {"sig_install", install, sig_install},
    {"sig_mask", install, sig_mask},
    {"sig_raise", install, sig_raise},
    {"sig_fault", protected_, sig_fault},
    {0, 0, 0},
};
