/* ioctls: not a terminal, FIONBIO, a pseudo-terminal pair with its size, modes and line discipline. */
#include <termios.h>
#include "guest.h"

int main(void) {
    struct termios t; struct winsize w = {0}; int p[2], fd = file_of("f", "abc"), n = 1; char b[64] = "";
    (void)!pipe(p);
    R(isatty(fd)); R(ioctl(fd, TCGETS, &t)); R(ioctl(p[0], TCGETS, &t)); R(ioctl(fd, TIOCGWINSZ, &w));
    R(ioctl(-1, TCGETS, &t)); R(ioctl(fd, 0x12345, 0)); lseek(fd, 1, SEEK_SET); R(ioctl(fd, FIONREAD, &n)); R(n);
    n = 1; R(ioctl(p[0], FIONBIO, &n)); R(read(p[0], b, 1)); n = 0; R(ioctl(p[0], FIONBIO, &n));
    printf("%o\n", fcntl(p[0], F_GETFL)); R(ioctl(p[0], FIOCLEX)); R(fcntl(p[0], F_GETFD));
    R(ioctl(fd, FIOASYNC, (void *)8)); R(ioctl(fd, 2 /* FIGETBSZ */, &n)); R(tcgetpgrp(fd));
    int m = posix_openpt(O_RDWR | O_NOCTTY); T(m >= 0); R(grantpt(m)); R(unlockpt(m)); char *name = ptsname(m);
    T(name && !strncmp(name, "/dev/pts/", 9)); int s = open(name, O_RDWR | O_NOCTTY); T(s >= 0); R(isatty(m));
    R(isatty(s)); T(!strcmp(ttyname(s), name)); struct stat st; fstat(s, &st);
    printf("%o %d\n", st.st_mode & S_IFMT, major(st.st_rdev));
    w.ws_row = 30; w.ws_col = 100; R(ioctl(m, TIOCSWINSZ, &w)); w.ws_row = 0; R(ioctl(s, TIOCGWINSZ, &w));
    R(w.ws_row); R(w.ws_col); R(tcgetattr(s, &t));
    printf("%x %x %x %x\n", t.c_iflag, t.c_oflag, t.c_cflag, t.c_lflag);
    for (int i = 0; i < 17; i++) printf("%d ", t.c_cc[i]);
    puts(""); R(write(m, "line\n", 5)); R(read(s, b, 64)); R(read(m, b, 64)); b[6] = 0;
    printf("%d %d\n", b[4], b[5]); R(write(m, "typo\177\177s\n", 8)); R(read(s, b, 64)); printf("%.4s", b);
    R(read(m, b, 64)); R(write(s, "out\n", 4)); R(read(m, b, 64)); cfmakeraw(&t); t.c_cc[VMIN] = 1;
    R(tcsetattr(s, TCSANOW, &t)); R(write(m, "ab", 2)); R(read(s, b, 1)); R(ioctl(s, FIONREAD, &n)); R(n);
    R(tcgetattr(s, &t)); printf("%x\n", t.c_lflag); R(tcflush(s, TCIOFLUSH)); R(ioctl(s, FIONREAD, &n)); R(n);
    R(tcdrain(s)); R(tcsendbreak(s, 0)); R(cfgetospeed(&t));
    CHILD("session", setsid(); R(tcgetpgrp(s)); R(ioctl(s, TIOCSCTTY, 0)); T(tcgetpgrp(s) == getpid());
        T(tcgetsid(s) == getsid(0)); T(open("/dev/tty", O_RDWR) >= 0); signal(SIGHUP, SIG_IGN));
    struct termios cooked; tcgetattr(s, &cooked); cooked.c_lflag |= ISIG | ICANON; tcsetattr(s, TCSANOW, &cooked);
    pid_t k = fork(); if (k == 0) { setsid(); ioctl(s, TIOCSCTTY, 0); (void)!write(p[1], "r", 1); pause(); _exit(0);
    } (void)!read(p[0], b, 1); R(write(m, "\003", 1)); ended("interrupted by ^C", k); close(s); R(read(m, b, 1));
    R(close(m));
}
