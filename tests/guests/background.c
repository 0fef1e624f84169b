/* A process in a terminal's background that catches SIGTTIN or SIGTTOU: its handler runs, and the call is made again or ends, as
   SA_RESTART says; one that blocks them is told otherwise. The same in a thread. */
/* cflags: -pthread */
#include "guest.h"
#include <pthread.h>
#include <termios.h>

static volatile int caught[64]; static siginfo_t info; static int s; static struct termios t;
static void on(int n, siginfo_t *i, void *c) { caught[n]++; info = *i; if (caught[n] >= 3) signal(n, SIG_IGN); }
static void catches(int n, int flags) { struct sigaction a = {.sa_sigaction = on, .sa_flags = SA_SIGINFO | flags}; sigaction(n, &a, NULL); memset((void *)caught, 0, sizeof caught); memset(&info, 0, sizeof info); }
static long reads(void) { char b[8]; return read(s, b, 8); }
static long writes(void) { return write(s, "held\n", 5); }
static long sets(void) { return tcsetattr(s, TCSANOW, &t); }
static void block(int how) { sigset_t set; sigemptyset(&set); sigaddset(&set, SIGTTIN); sigaddset(&set, SIGTTOU); pthread_sigmask(how, &set, NULL); }
static void *reading(void *a) { block(SIG_UNBLOCK); R(reads()); R(caught[SIGTTIN]); return NULL; }
static void job(const char *name, void (*f)(void)) { pid_t k = fork(); if (!k) { setpgid(0, 0); f(); _exit(0); } setpgid(k, k); ended(name, k); }
#define ONCE(n, call) do { catches(n, 0); R(call); R(caught[n]); R(info.si_signo); R(info.si_code); R(info.si_pid); } while (0)
#define AGAIN(n, call) do { catches(n, SA_RESTART); R(call); R(caught[n]); } while (0)
static void once(void) { ONCE(SIGTTIN, reads()); ONCE(SIGTTOU, writes()); ONCE(SIGTTOU, sets()); ONCE(SIGTTOU, tcsetpgrp(s, getpid())); ONCE(SIGTTOU, tcdrain(s)); ONCE(SIGTTOU, tcflush(s, TCIOFLUSH)); }
static void again(void) { AGAIN(SIGTTIN, reads()); AGAIN(SIGTTOU, writes()); AGAIN(SIGTTOU, sets()); }
static void without_waiting(void) { fcntl(s, F_SETFL, O_NONBLOCK); ONCE(SIGTTIN, reads()); ONCE(SIGTTOU, writes()); fcntl(s, F_SETFL, 0); }
static void blocked(void) { block(SIG_BLOCK); ONCE(SIGTTIN, reads()); ONCE(SIGTTOU, sets()); }
static void ignored(void) { signal(SIGTTIN, SIG_IGN); signal(SIGTTOU, SIG_IGN); R(reads()); R(writes()); R(sets()); }
static void in_a_thread(void) { catches(SIGTTIN, 0); block(SIG_BLOCK); pthread_t a; pthread_create(&a, NULL, reading, NULL); pthread_join(a, NULL); }
static void after(void) { ONCE(SIGTTIN, reads()); block(SIG_BLOCK); kill(getpid(), SIGTTIN); R(caught[SIGTTIN]); block(SIG_UNBLOCK); R(caught[SIGTTIN]); R(info.si_code); }
int main(void) {
    int m = posix_openpt(O_RDWR | O_NOCTTY); grantpt(m); unlockpt(m); pid_t k = fork(); if (k) { ended("session", k); return 0; }
    setsid(); s = open(ptsname(m), O_RDWR); signal(SIGTTOU, SIG_IGN); tcgetattr(s, &t); t.c_lflag |= TOSTOP; R(sets()); signal(SIGTTOU, SIG_DFL); signal(SIGHUP, SIG_IGN);
    job("once", once); job("again", again); job("without waiting", without_waiting); job("blocked", blocked); job("ignored", ignored); job("in a thread", in_a_thread); job("after it", after);
}
