/* Blocked signals wait: pending, sigsuspend, sigtimedwait; standard ones merge, real-time ones queue in order. */
#include "guest.h"

static int order[16], n;
static void note(int s, siginfo_t *i, void *u) { (void)u;
if (n < 16) order[n++] = s * 100 + (s >= 34 ? i->si_value.sival_int : 0); }
static void show(void) { for (int i = 0; i < n; i++) printf("%d ", order[i]); printf("(%d)\n", n); n = 0; }

int main(void) {
    struct sigaction a = {.sa_sigaction = note, .sa_flags = SA_SIGINFO};
    int all[] = {SIGUSR1, SIGUSR2, SIGHUP, 35, 36};
    sigset_t set, pending, none;
    sigemptyset(&set); sigemptyset(&none);
    for (int i = 0; i < 5; i++) { sigaction(all[i], &a, NULL); sigaddset(&set, all[i]); }
    R(sigprocmask(SIG_BLOCK, &set, NULL));
    raise(SIGUSR2); raise(SIGUSR1); raise(SIGUSR1);
    for (int i = 3; i > 0; i--) { union sigval v = {.sival_int = i}; sigqueue(getpid(), 36, v);
    sigqueue(getpid(), 35, v); }
    show();
    R(sigpending(&pending));
    for (int s = 1; s < 65; s++) if (sigismember(&pending, s) == 1) printf("pending %d\n", s);
    sigset_t one; sigemptyset(&one); sigaddset(&one, 35);
    siginfo_t info; struct timespec none_left = {0, 0}, short_time = {0, 20000000};
    R(sigtimedwait(&one, &info, &none_left)); printf("%d %d\n", info.si_code == SI_QUEUE, info.si_value.sival_int);
    R(sigwaitinfo(&one, &info)); printf("%d\n", info.si_value.sival_int);
    sigaddset(&one, SIGUSR2); R(sigtimedwait(&one, &info, &none_left));
    R(sigprocmask(SIG_UNBLOCK, &set, NULL)); T(n == 5); T(order[0] / 100 + order[1] / 100 > 0);
    int sum = 0; for (int i = 0; i < n; i++) sum += order[i]; printf("%d\n", sum); n = 0;
    R(sigprocmask(SIG_BLOCK, &set, NULL));
    R(sigtimedwait(&set, &info, &none_left)); R(sigtimedwait(&set, &info, &short_time));
    struct timespec before, after, fifth = {0, 200000000}; R(sigtimedwait(&set, &info, &none_left));
    clock_gettime(CLOCK_MONOTONIC, &before); R(sigtimedwait(&set, &info, &fifth)); clock_gettime(CLOCK_MONOTONIC, &after);
    T((after.tv_sec - before.tv_sec) * 1000 + (after.tv_nsec - before.tv_nsec) / 1000000 >= 190);
    struct timespec bad = {0, 1000000000}; R(sigtimedwait(&set, &info, &bad));
    raise(SIGHUP); R(sigsuspend(&none)); show();
    R(sigprocmask(SIG_BLOCK, NULL, &one)); T(sigismember(&one, SIGHUP));
    raise(SIGHUP);
    CHILD("child", sigpending(&pending); T(!sigismember(&pending, SIGHUP)); sigprocmask(0, NULL, &one);
        T(sigismember(&one, SIGHUP)));
    signal(SIGHUP, SIG_IGN); sigpending(&pending); T(!sigismember(&pending, SIGHUP));
    sigset_t full; sigfillset(&full); R(sigprocmask(SIG_SETMASK, &full, NULL)); sigprocmask(0, NULL, &one);
    T(!sigismember(&one, SIGKILL) && !sigismember(&one, SIGSTOP) && sigismember(&one, SIGTERM));
    CHILD("SIGSEGV cannot be held back", *(volatile char *)8 = 1);
}
