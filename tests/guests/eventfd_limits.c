/* eventfd: counter and semaphore, overflow, flags, reads and writes of the wrong size, poll, fork, a wait that a signal ends. */
#include "guest.h"
#include <sys/eventfd.h>

static void nothing(int s) { (void)s; }

int main(void) {
    uint64_t v = 0, max = ~0ULL - 1; struct pollfd p; struct sigaction act = {.sa_handler = nothing};
    int a = eventfd(5, EFD_NONBLOCK | EFD_CLOEXEC), s = eventfd(2, EFD_SEMAPHORE | EFD_NONBLOCK), b;
    R(fcntl(a, F_GETFL)); R(fcntl(a, F_GETFD)); R(fcntl(s, F_GETFD)); R(eventfd(0, 2)); R(eventfd(0, 1 << 20));
    R(read(a, &v, 8)); R(v); R(read(a, &v, 8)); v = 7; R(write(a, &v, 8)); v = 3; R(write(a, &v, 8)); R(read(a, &v, 7));
    char big[16]; R(read(a, big, 16)); R(big[0]); R(read(s, &v, 8)); R(v); R(read(s, &v, 8)); R(v); R(read(s, &v, 8));
    v = ~0ULL; R(write(a, &v, 8)); R(write(a, &max, 8)); v = 1; R(write(a, &v, 8)); R(write(a, &v, 4));
    p = (struct pollfd){a, POLLIN | POLLOUT, 0}; R(poll(&p, 1, 0)); R(p.revents); R(read(a, &v, 8)); T(v == max);
    R(poll(&p, 1, 0)); R(p.revents); R(lseek(a, 0, SEEK_CUR)); R(pread(a, &v, 8, 0)); R(ftruncate(a, 0));
    R(write(a, (void *)8, 8)); R(read(a, (void *)8, 8)); v = 1; (void)!write(a, &v, 8); R(read(a, (void *)8, 8));
    b = syscall(SYS_eventfd, 0); R(fcntl(b, F_GETFL));
    CHILD("a child adds", v = 41; usleep(20000); (void)!write(b, &v, 8)); R(read(b, &v, 8)); R(v);
    pid_t k = fork(); if (k == 0) { usleep(30000); v = 9; (void)!write(b, &v, 8); _exit(0); }
    R(read(b, &v, 8)); R(v); ended("writer", k);
    sigaction(SIGALRM, &act, NULL); ualarm(20000, 0); R(read(b, &v, 8));
    v = max; R(write(b, &v, 8)); k = fork(); if (k == 0) { usleep(30000); (void)!read(b, &v, 8); _exit(0); }
    v = 5; R(write(b, &v, 8)); ended("reader", k); R(read(b, &v, 8)); R(v);
    v = max - 2; R(write(b, &v, 8)); v = 3; k = fork(); if (k == 0) { usleep(30000); (void)!read(b, &v, 8); _exit(0); }
    R(write(b, &v, 8)); ended("reader", k); R(read(b, &v, 8)); R(v);
    v = max - 2; R(write(b, &v, 8)); v = 5; ualarm(20000, 0); R(write(b, &v, 8));
    struct iovec io[2] = {{&v, 4}, {(char *)&v + 4, 4}}; R(readv(b, io, 2)); T(v == max - 2);
}
