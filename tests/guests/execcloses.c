/* Which descriptors exec closes, however they came to be marked; twice, with few open and with a high one among them. */
#include "guest.h"
#include <sys/epoll.h>
#include <sys/socket.h>

static void list(const char *when) {
    printf("%s:", when);
    for (int fd = 3; fd < 4200; fd++) { int flags = fcntl(fd, F_GETFD); if (flags >= 0) printf(" %d%s", fd, flags ? "x" : ""); }
    puts("");
}

static void more(int high) {
    int p[2]; R(open("/dev/null", O_RDONLY | O_CLOEXEC)); R(open("/dev/null", O_RDONLY)); R(open("/proc/self/status", O_RDONLY | O_CLOEXEC)); R(pipe2(p, O_CLOEXEC));
    R(fcntl(p[0], F_SETFD, 0)); R(dup3(1, high, O_CLOEXEC)); R(dup2(1, high + 1)); R(fcntl(1, F_DUPFD_CLOEXEC, 20)); R(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)); R(epoll_create1(EPOLL_CLOEXEC));
    int late = dup(1); R(fcntl(late, F_SETFD, FD_CLOEXEC)); R(close(high + 1)); list("before");
}

int main(int n, char **v) {
    char next[8]; int turn = n > 1 ? atoi(v[1]) : 0; struct rlimit most = {5000, 5000}; getrlimit(RLIMIT_NOFILE, &most); most.rlim_cur = 5000; setrlimit(RLIMIT_NOFILE, &most);
    close_range(3, ~0U, turn ? 1 << 30 : 0); list("after"); if (turn == 5) return 0;
    more((int[]){30, 40, 200, 50, 4150}[turn]); snprintf(next, sizeof next, "%d", turn + 1); execl("/proc/self/exe", "x", next, NULL); perror("exec");
}
