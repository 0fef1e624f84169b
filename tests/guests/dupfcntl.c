/* Descriptors: lowest number first, dup family, fcntl flags, limits, close_range. */
#include "guest.h"

int main(void) {
    int a = file_of("f", "abc");
    R(a); R(dup(a)); R(dup2(a, 10)); R(dup2(a, a)); R(dup2(a, -1)); R(dup2(99, 5)); R(dup2(99, 99));
    R(dup3(a, a, 0)); R(dup3(a, 11, O_CLOEXEC)); R(dup3(a, 12, O_APPEND));
    R(fcntl(11, F_GETFD)); R(fcntl(10, F_GETFD)); R(fcntl(10, F_SETFD, FD_CLOEXEC)); R(fcntl(10, F_GETFD));
    R(dup(10)); R(fcntl(5, F_GETFD)); R(fcntl(10, F_SETFD, 0xfe)); R(fcntl(10, F_GETFD));
    R(fcntl(a, F_DUPFD, 20)); R(fcntl(a, F_DUPFD, 20)); R(fcntl(a, F_DUPFD_CLOEXEC, 0)); R(fcntl(6, F_GETFD));
    R(fcntl(a, F_DUPFD, -1)); R(fcntl(a, F_DUPFD, 1 << 30));
    printf("%o\n", fcntl(a, F_GETFL)); R(fcntl(a, F_SETFL, O_APPEND | O_NONBLOCK | O_WRONLY));
    printf("%o %o\n", fcntl(a, F_GETFL), fcntl(10, F_GETFL));
    R(fcntl(a, 9999)); R(fcntl(99, F_GETFD)); R(fcntl(-1, F_GETFL)); R(close(99)); R(close(-1)); R(close(20));
    R(close(20)); R(close(1 << 20));
    lseek(a, 0, SEEK_SET); char c[4] = ""; R(read(10, c, 1)); R(lseek(a, 0, SEEK_CUR));
    int again = open("f", O_RDONLY); R(lseek(again, 0, SEEK_CUR)); R(again);
    struct rlimit l = {16, 32}; R(setrlimit(RLIMIT_NOFILE, &l)); R(dup2(a, 16)); R(dup2(a, 15));
    R(fcntl(a, F_DUPFD, 16)); R(fcntl(21, F_GETFD)); int n = 0; while (dup(a) >= 0) n++;
    R(n); R(dup(a)); R(open("f", O_RDONLY)); int p[2]; R(pipe(p)); R(close(7)); R(pipe(p)); R(dup(a));
    R(syscall(SYS_close_range, 8, 10, 4)); R(fcntl(8, F_GETFD)); R(fcntl(10, F_GETFD));
    R(syscall(SYS_close_range, 8, 9, 0)); R(fcntl(8, F_GETFD)); R(fcntl(10, F_GETFD));
    R(syscall(SYS_close_range, 9, 8, 0)); R(syscall(SYS_close_range, 3, 8, 64));
    R(syscall(SYS_close_range, 3, ~0U, 0));
    for (int i = 0; i < 33; i++) if (fcntl(i, F_GETFD) >= 0) printf("left %d\n", i);
    R(open("f", O_RDONLY)); R(fcntl(3, F_GETPIPE_SZ)); R(fcntl(3, F_GETOWN)); R(ioctl(3, FIOCLEX));
    R(fcntl(3, F_GETFD)); R(ioctl(3, FIONCLEX)); R(fcntl(3, F_GETFD));
}
