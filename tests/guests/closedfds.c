/* With descriptors 0, 1, 2 closed in turn: the next open takes their place, writes answer EBADF. */
#include "guest.h"

int main(void) {
    int keep = dup(1); char b[8]; R(read(0, b, 8)); R(close(0)); R(read(0, b, 1)); R(write(0, b, 1)); R(isatty(0));
    R(open("/dev/null", O_RDONLY)); R(read(0, b, 1));
    R(close(2)); R(write(2, "x", 1)); int r = dup(1); R(r); close(1); ssize_t n = write(1, "lost", 4);
    int e = errno; dup2(keep, 1); R(n); puts(strerror(e)); close(0); close(1); close(2);
    int a = open("/dev/null", O_RDWR), c = open("/dev/null", O_RDWR), d = open("/dev/null", O_RDWR); dup2(keep, 1);
    printf("%d %d %d\n", a, c, d); R(fcntl(keep, F_GETFD));
    CHILD("child without stdout", close(1); _exit(printf("x") < 0 ? 5 : 6));
    CHILD("exec without stdin and stderr", close(0); close(2); execl("/bin/sh", "sh", "-c",
        "echo still; echo x >&2; echo $?", (char *)NULL));
    close(keep); R(open("/dev/null", O_RDONLY)); for (int i = 3; i < 300; i++) close(i);
    for (int i = 3; i < 300; i++) if (fcntl(i, F_GETFD) >= 0) printf("open %d\n", i);
    R(open("/proc/self/exe", O_RDONLY));
}
