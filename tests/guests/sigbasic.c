/* A handler's arguments and mask: siginfo, own signal and sa_mask blocked, NODEFER, RESETHAND. */
#include "guest.h"

static void masks(const char *w) {
    sigset_t now; sigprocmask(SIG_BLOCK, NULL, &now);
    printf("%s:", w);
    for (int s = 1; s < 65; s++) if (sigismember(&now, s) == 1) printf(" %d", s);
    puts("");
}
static volatile int depth;
static void handler(int s, siginfo_t *i, void *u) {
    printf("signal %d %d code %d pid %d uid %d context %d\n", s, i->si_signo, i->si_code, i->si_pid == getpid(),
           i->si_uid == getuid(), u != NULL);
    masks("inside");
    if (depth++ == 0) { raise(s); puts("after raise inside"); }
}
static void install(int s, int flags) {
    struct sigaction a = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO | flags};
    sigaddset(&a.sa_mask, SIGHUP); sigaddset(&a.sa_mask, 40);
    printf("sigaction %d flags %x: %d\n", s, flags, sigaction(s, &a, NULL)); depth = 0;
}

int main(void) {
    install(SIGUSR1, 0); R(kill(getpid(), SIGUSR1)); masks("outside");
    install(SIGUSR2, SA_NODEFER); R(raise(SIGUSR2)); masks("outside");
    install(SIGTERM, SA_RESETHAND); depth = 1; R(raise(SIGTERM));
    struct sigaction old; R(sigaction(SIGTERM, NULL, &old)); T(old.sa_handler == SIG_DFL);
    R(sigaction(SIGUSR1, NULL, &old)); T(old.sa_sigaction == handler); T(sigismember(&old.sa_mask, 40));
    depth = 1; union sigval v = {.sival_int = 77}; R(sigqueue(getpid(), SIGUSR1, v));
    R(kill(getpid(), 0)); R(kill(getpid(), 65)); R(kill(getpid(), -1)); R(kill(99999999, 0));
    struct sigaction a = {.sa_handler = SIG_IGN};
    R(sigaction(SIGKILL, &a, NULL)); R(sigaction(SIGSTOP, &a, NULL)); R(sigaction(0, &a, NULL));
    R(sigaction(65, &a, NULL));
    R(sigaction(SIGKILL, NULL, &old));
    R(sigaction(SIGUSR1, &a, NULL)); R(raise(SIGUSR1));
    CHILD("SIGUSR1 ignored in the child", raise(SIGUSR1));
    CHILD("SIGTERM default in the child", raise(SIGTERM));
    R(syscall(SYS_rt_sigaction, SIGHUP, NULL, NULL, 4)); R(syscall(SYS_rt_sigaction, SIGHUP, 8L, NULL, 8));
    R(syscall(SYS_rt_sigprocmask, 9, &a.sa_mask, NULL, 8)); R(syscall(SYS_rt_sigprocmask, 9, NULL, NULL, 8));
}
