/* Job control on a pty: sessions, foreground groups, SIGTTIN, SIGTTOU, SIGTSTP, orphans, SIGWINCH, hang-up, losing the terminal. */
#include "guest.h"
#include <termios.h>

static int m, s, p[2], q[2];
static volatile int winch, hup, cont;
static void count(int n) { if (n == SIGWINCH) winch++; else if (n == SIGHUP) hup++; else cont++; }

static void seen(const char *what, pid_t k, int options) {
    int st; if (waitpid(k, &st, options) != k) { printf("%s: %s\n", what, strerror(errno)); return; }
    if (WIFSTOPPED(st)) printf("%s: stopped by %d\n", what, WSTOPSIG(st)); else if (WIFCONTINUED(st)) printf("%s: continued\n", what);
    else if (WIFSIGNALED(st)) printf("%s: killed by %d\n", what, WTERMSIG(st)); else printf("%s: exit %d\n", what, WEXITSTATUS(st));
}
static void state(const char *what, pid_t k) { seen(what, k, WUNTRACED); }
static void bell(void) { (void)!write(p[1], "r", 1); }
static void wait_bell(void) { char c; (void)!read(p[0], &c, 1); }
static pid_t job(void) { pid_t k = fork(); if (k == 0) setpgid(0, 0); else setpgid(k, k); return k; }

static void shell(void) {
    char b[64]; struct termios t; pid_t k; struct sigaction act = {.sa_handler = count}; setsid(); R(ioctl(s, TIOCSCTTY, 0)); T(tcgetpgrp(s) == getpid());
    R(ioctl(s, TIOCSCTTY, 0)); signal(SIGTTOU, SIG_IGN); dup2(s, 0);
    k = job(); if (k == 0) { R(read(s, b, 64)); _exit(b[0]); } state("a background reader", k); (void)!write(m, "A\n", 2); R(tcsetpgrp(s, k)); kill(-k, SIGCONT);
    state("in the foreground it", k); R(tcsetpgrp(s, getpid()));
    k = job(); if (k == 0) { signal(SIGTTIN, SIG_IGN); R(read(s, b, 64)); _exit(0); } state("a reader that ignores it", k);
    k = job(); if (k == 0) { signal(SIGTTOU, SIG_DFL); (void)!write(s, "free\n", 5); _exit(1); } state("a background writer", k); R(read(m, b, 64) > 0);
    tcgetattr(s, &t); t.c_lflag |= TOSTOP; R(tcsetattr(s, TCSANOW, &t)); k = job(); if (k == 0) { signal(SIGTTOU, SIG_DFL); (void)!write(s, "held\n", 5); _exit(2); }
    state("with tostop a writer", k); R(tcsetpgrp(s, k)); kill(-k, SIGCONT); state("it", k); R(tcsetpgrp(s, getpid()));
    k = job(); if (k == 0) { R(write(s, "ignored\n", 8)); signal(SIGTTOU, SIG_DFL); R(tcsetattr(s, TCSANOW, &t)); _exit(3); } state("one that ignores it and sets modes", k); kill(k, SIGKILL); state("it", k);
    k = job(); if (k == 0) { signal(SIGTTOU, SIG_DFL); tcsetpgrp(s, getpid()); _exit(4); } state("a thief of the foreground", k); kill(-k, SIGKILL); state("it", k);
    k = job(); if (k == 0) { bell(); for (;;) pause(); } wait_bell(); R(tcsetpgrp(s, k)); (void)!write(m, "\032", 1); state("^Z", k); kill(-k, SIGCONT); seen("it", k, WCONTINUED); (void)!write(m, "\034", 1); state("^\\", k);
    k = job(); if (k == 0) { sigaction(SIGWINCH, &act, NULL); bell(); while (!winch) usleep(1000); struct winsize w; ioctl(s, TIOCGWINSZ, &w); printf("%d x %d\n", w.ws_row, w.ws_col); _exit(5); }
    wait_bell(); R(tcsetpgrp(s, k)); struct winsize w = {33, 77, 0, 0}; (void)!ioctl(m, TIOCSWINSZ, &w); state("a window change", k); R(tcsetpgrp(s, getpid()));
    R(tcsetpgrp(s, 1)); R(tcsetpgrp(s, -1)); R(tcsetpgrp(p[0], getpid())); T(tcgetsid(s) == getpid()); T(tcgetpgrp(m) == getpid()); R(setsid());
    k = fork(); if (k == 0) { setpgid(0, 0); pid_t o = fork(); if (o == 0) { while (getppid() == getpgrp()) usleep(1000); usleep(20000); R(read(s, b, 64)); (void)!write(q[1], "o", 1); _exit(6); } _exit(0); } state("a parent that leaves an orphan", k); (void)!read(q[0], b, 1);
    k = fork(); if (k == 0) { R(ioctl(s, TIOCNOTTY)); T(open("/dev/tty", O_RDWR) == -1 && errno == ENXIO); _exit(7); } state("one that gave the terminal up", k);
    k = fork(); if (k == 0) { setsid(); R(open("/dev/tty", O_RDWR)); R(tcgetpgrp(s)); R(ioctl(s, TIOCSCTTY, 0)); _exit(8); } state("another session", k);
    k = job(); if (k == 0) { sigaction(SIGHUP, &act, NULL); sigaction(SIGCONT, &act, NULL); close(m); bell(); usleep(50000); wait_bell(); R(hup); R(read(s, b, 1)); R(write(s, b, 1)); R(tcgetpgrp(s)); _exit(9); }
    wait_bell(); R(tcsetpgrp(s, k)); sigaction(SIGHUP, &act, NULL); sigaction(SIGCONT, &act, NULL); close(m); while (!hup || !cont) usleep(1000);
    puts("the leader hears of it"); bell(); state("a job without terminal", k);
    struct pollfd f = {s, POLLIN, 0}; R(poll(&f, 1, 0)); R(f.revents);
}

int main(void) {
    (void)!pipe(p); (void)!pipe(q); m = posix_openpt(O_RDWR | O_NOCTTY); grantpt(m); unlockpt(m); s = open(ptsname(m), O_RDWR | O_NOCTTY);
    pid_t k = fork(); if (k == 0) { shell(); _exit(0); } close(m); close(s); ended("the shell", k);
}
