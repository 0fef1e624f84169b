/* Signals and threads: for one thread and for the process, masks, queues, values, order, waits that they end. */
/* cflags: -pthread */
#include "guest.h"
#include <pthread.h>
#include <sys/eventfd.h>

static pthread_t main_thread, t; static volatile int got[65], code, value, from_self, ready; static volatile pthread_t who; static char order[256], note[512];
#define NOTE(...) sprintf(note + strlen(note), __VA_ARGS__)
static void on(int s, siginfo_t *i, void *c) { got[s]++; code = i->si_code; value = i->si_value.sival_int; from_self = i->si_pid == getpid(); who = pthread_self(); int n = strlen(order); sprintf(order + n, " %d:%d", s, i->si_code == SI_QUEUE ? value : 0); }
static void handle(int s, int flags) { struct sigaction a = {.sa_sigaction = on, .sa_flags = SA_SIGINFO | flags}; sigaction(s, &a, NULL); }
static void mask(int how, int s) { sigset_t set; sigemptyset(&set); sigaddset(&set, s); pthread_sigmask(how, &set, NULL); }
static void *in_pause(void *a) { mask(SIG_UNBLOCK, SIGUSR1); ready = 1; errno = 0; int r = pause(); NOTE("pause %d %s\n", r, strerror(errno)); return NULL; }
static int fds[2];
static void *in_read(void *a) { char b; ready = 1; errno = 0; ssize_t r = read(fds[0], &b, 1); NOTE("read %zd %s\n", r, strerror(errno)); return NULL; }
static void *in_sleep(void *a) { struct timespec ts = {5, 0}; ready = 1; errno = 0; int r = nanosleep(&ts, &ts); NOTE("sleep %d %s, rest %s\n", r, strerror(errno), ts.tv_sec == 4 ? "about 5" : "?"); return NULL; }
static void *in_wait(void *a) { sigset_t set; siginfo_t i; sigemptyset(&set); sigaddset(&set, SIGUSR1); sigaddset(&set, SIGRTMIN + 3); ready = 1; for (int k = 0; k < 3; k++) { int r = sigwaitinfo(&set, &i); NOTE("waited: %d code %d value %d\n", r == SIGRTMIN + 3 ? 1000 : r, i.si_code, i.si_code == SI_QUEUE ? i.si_value.sival_int : 0); } return NULL; }
static void *in_suspend(void *a) { sigset_t set; sigfillset(&set); sigdelset(&set, SIGUSR2); ready = 1; errno = 0; int r = sigsuspend(&set); NOTE("suspend %d %s\n", r, strerror(errno)); pthread_sigmask(0, NULL, &set); NOTE("%s\n", (sigismember(&set, SIGUSR2)) ? "yes" : "no"); return NULL; }
static void *blocks(void *a) { mask(SIG_BLOCK, SIGUSR1); ready = 1; while (ready == 1) usleep(1000); sigset_t p; sigpending(&p); NOTE("%s\n", (sigismember(&p, SIGUSR1)) ? "yes" : "no"); NOTE("%s\n", (sigismember(&p, SIGUSR2)) ? "yes" : "no"); order[0] = 0; mask(SIG_UNBLOCK, SIGUSR1); NOTE("%s\n", (got[SIGUSR1] == 1 && who == pthread_self()) ? "yes" : "no"); return NULL; }
static void *spin(void *a) { mask(SIG_UNBLOCK, SIGUSR1); ready = 1; while (!got[SIGUSR1]) ; NOTE("%s\n", (who == pthread_self()) ? "yes" : "no"); return NULL; }
static void begin(void *(*f)(void *)) { ready = 0; memset((void *)got, 0, sizeof got); order[0] = note[0] = 0; pthread_create(&t, NULL, f, NULL); while (!ready) usleep(1000); usleep(20000); }
static void end(void) { pthread_join(t, NULL); printf("%sgot%s\n", note, order); }
static void segv(int s, siginfo_t *i, void *c) { T(s == SIGSEGV && i->si_addr == (void *)8 && pthread_self() == t); pthread_exit(NULL); }
static void *fault(void *a) { usleep(1000); *(volatile int *)8 = 1; return NULL; }
int main(void) {
    main_thread = pthread_self(); union sigval v = {.sival_int = 77}; handle(SIGUSR1, 0); handle(SIGUSR2, 0); handle(SIGRTMIN + 3, 0); pipe(fds);
    begin(in_pause); R(pthread_kill(t, SIGUSR1)); end(); T(code == SI_TKILL && from_self && who != main_thread);
    begin(in_pause); R(pthread_sigqueue(t, SIGUSR1, v)); end(); R(code); R(value);
    begin(in_read); pthread_kill(t, SIGUSR1); end(); handle(SIGUSR1, SA_RESTART); begin(in_read); pthread_kill(t, SIGUSR1); usleep(10000); write(fds[1], "x", 1); end(); handle(SIGUSR1, 0);
    begin(in_sleep); pthread_kill(t, SIGUSR1); end(); begin(in_suspend); pthread_kill(t, SIGUSR2); end();
    mask(SIG_BLOCK, SIGUSR1); mask(SIG_BLOCK, SIGRTMIN + 3); begin(in_wait); sigqueue(getpid(), SIGRTMIN + 3, v); usleep(5000); kill(getpid(), SIGUSR1); usleep(5000); pthread_kill(t, SIGUSR1); end(); mask(SIG_UNBLOCK, SIGRTMIN + 3);
    begin(spin); kill(getpid(), SIGUSR1); end(); begin(in_pause); kill(getpid(), SIGUSR1); end(); T(who != main_thread); mask(SIG_UNBLOCK, SIGUSR1);
    begin(blocks); pthread_kill(t, SIGUSR1); pthread_kill(t, SIGUSR1); T(!got[SIGUSR1]); sigset_t p; sigpending(&p); T(sigismember(&p, SIGUSR1)); ready = 2; end();
    got[SIGUSR1] = 0; who = 0; order[0] = 0; mask(SIG_BLOCK, SIGUSR1); mask(SIG_BLOCK, SIGRTMIN + 3); mask(SIG_BLOCK, SIGUSR2); for (int i = 0; i < 3; i++) { v.sival_int = i; pthread_sigqueue(main_thread, SIGRTMIN + 3, v); sigqueue(getpid(), SIGRTMIN + 3, v); kill(getpid(), SIGUSR1); raise(SIGUSR2); raise(SIGUSR2); }
    sigset_t none; sigemptyset(&none); sigset_t all; pthread_sigmask(SIG_SETMASK, &none, &all); printf("order%s\n", order);
    struct sigaction s = {.sa_sigaction = segv, .sa_flags = SA_SIGINFO}; sigaction(SIGSEGV, &s, NULL); pthread_create(&t, NULL, fault, NULL); pthread_join(t, NULL); puts("on");
    begin(in_read); signal(SIGUSR1, SIG_IGN); pthread_kill(t, SIGUSR1); usleep(5000); write(fds[1], "x", 1); end(); signal(SIGUSR1, SIG_DFL);
    CHILD("deadly to a thread", begin(in_read); pthread_kill(t, SIGUSR1); pause()); CHILD("deadly by a thread", begin(spin); pthread_kill(t, SIGTERM); pause());
    R(pthread_kill(main_thread, 65)); R(syscall(SYS_tgkill, getpid(), getpid(), 65)); R(pthread_kill(main_thread, 0)); handle(SIGUSR1, SA_RESETHAND | SA_NODEFER); begin(in_pause); pthread_kill(t, SIGUSR1); end(); struct sigaction now; sigaction(SIGUSR1, NULL, &now); T(now.sa_handler == SIG_DFL);
    CHILD("stop and continue", begin(in_read); pid_t me = getpid(); pid_t k = fork(); if (!k) { usleep(20000); kill(me, SIGCONT); _exit(0); } pthread_kill(t, SIGSTOP); int st; R(waitpid(k, &st, 0) == k); write(fds[1], "y", 1); end());
}
