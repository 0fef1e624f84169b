/* Vectors: the 1024 limit, impossible lengths, partial transfers at bad pages, scattering. */
#include "guest.h"
#include <sys/socket.h>

/* A stream takes and gives what its kind does of buffers that end in a bad address, at `edge`. */
static void streams(char *edge, char *big) {
    int p[2], q[2], s[2], d[2], t; char b[128]; struct iovec v[3]; (void)!pipe(p); (void)!pipe2(q, O_DIRECT | O_NONBLOCK);
    socketpair(AF_UNIX, SOCK_STREAM, 0, s); socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, d);
    v[0] = (struct iovec){edge - 8, 8}; v[1] = (struct iovec){edge, 8}; v[2] = (struct iovec){b, 8};
    R(write(p[1], big, 64)); R(readv(p[0], v, 3)); R(read(p[0], edge - 8, 16)); R(readv(p[0], v, 1)); R(ioctl(p[0], FIONREAD, &t)); R(t);
    R(syscall(SYS_preadv2, p[0], v, 3, -1, -1, 8 /* NOWAIT */)); R(syscall(SYS_pwritev2, p[1], v, 3, -1, -1, 8)); R(ioctl(p[0], FIONREAD, &t)); R(t);
    R(write(q[1], "abcd", 4)); R(write(q[1], "efghijklmnop", 12)); R(read(q[0], edge - 8, 16)); R(readv(q[0], v, 3)); R(readv(q[0], v, 1)); R(read(q[0], b, 9));
    R(write(p[1], big, 8192)); R(read(p[0], b, 56)); R(read(p[0], edge - 5000, 6000)); R(read(p[0], edge - 3000, 6000)); R(ioctl(p[0], FIONREAD, &t)); R(t);
    R(write(p[1], edge - 5000, 6000)); R(write(p[1], edge - 4096, 6000)); R(write(p[1], edge - 100, 6000)); R(ioctl(p[0], FIONREAD, &t)); R(t);
    R(write(s[1], big, 64)); R(readv(s[0], v, 3)); R(read(s[0], edge - 8, 16)); R(writev(s[1], v, 3)); R(write(s[1], edge - 8, 16)); R(recv(s[0], b, 128, MSG_DONTWAIT));
    R(write(d[1], big, 64)); R(readv(d[0], v, 3)); R(read(d[0], b, 64)); R(writev(d[1], v, 3)); R(write(d[1], big, 12)); R(read(d[0], edge - 8, 16)); R(read(d[0], b, 64));
}

int main(void) {
    static struct iovec v[1025]; char b[64] = "", *a = pages(3);
    int fd = file_of("f", "abcdefghijklmnopqrstuvwxyz"), p[2]; (void)!pipe(p); munmap(a + 2 * PAGE, PAGE);
    char *edge = a + 2 * PAGE; memset(a, 'e', 2 * PAGE);
    for (int i = 0; i < 1025; i++) v[i] = (struct iovec){b, 0};
    R(readv(fd, v, 0)); R(readv(fd, v, 1024)); R(readv(fd, v, 1025)); R(readv(fd, v, -1)); R(writev(fd, v, 1025));
    R(readv(fd, (void *)8, 1)); R(readv(-1, (void *)8, 1)); R(readv(-1, v, 1)); R(readv(fd, NULL, 0));
    R(writev(fd, NULL, 0));
    lseek(fd, 0, SEEK_SET); for (int i = 0; i < 26; i++) v[i] = (struct iovec){b + 25 - i, 1}; R(readv(fd, v, 26));
    puts(b); v[0] = (struct iovec){b, -1}; R(readv(fd, v, 1)); 
    v[0] = (struct iovec){b, 5}; v[1] = (struct iovec){b, -1}; R(writev(fd, v, 2)); v[1] = (struct iovec){NULL, 0};
    v[2] = (struct iovec){b, 3}; R(writev(p[1], v, 3)); R(read(p[0], b, 60));
    v[0] = (struct iovec){edge - 4, 4}; v[1] = (struct iovec){edge, 4}; v[2] = (struct iovec){b, 4};
    R(writev(p[1], v, 3)); R(writev(p[1], v + 1, 2)); lseek(fd, 0, SEEK_SET); R(readv(fd, v, 3));
    printf("%.4s\n", edge - 4); R(lseek(fd, 0, SEEK_CUR)); v[0] = (struct iovec){edge - 4, 8}; R(readv(fd, v, 1));
    R(lseek(fd, 0, SEEK_CUR));
    R(write(fd, edge - 5, 10)); R(lseek(fd, 0, SEEK_CUR)); R(read(fd, edge - 3, 10)); R(read(fd, edge, 1));
    R(write(fd, edge, 1)); R(write(fd, edge, 0)); R(read(fd, (void *)8, 0)); R(write(1, NULL, 1));
    R(write(fd, (void *)(1L << 60), 1)); R(write(fd, a, 1)); R(read(fd, (void *)-1, 1));
    R(pread(fd, edge - 2, 6, 0)); R(pwrite(fd, edge - 2, 6, 0)); R(write(-1, edge, 1)); R(read(99, edge, 0));
    mprotect(a, PAGE, PROT_READ); R(read(fd, a, 4)); lseek(fd, 0, SEEK_SET); R(read(fd, a + PAGE - 2, 4));
    R(read(fd, a + PAGE, 4)); mprotect(a, PAGE, PROT_NONE); R(write(fd, a, 4)); R(write(fd, a + PAGE - 2, 4));
    mprotect(a, PAGE, RW);
    memcpy(edge - 2, "f", 2); R(access(edge - 2, F_OK)); memcpy(edge - 1, "f", 1); R(access(edge - 1, F_OK));
    R(access(edge, F_OK)); R(stat("f", (struct stat *)(edge - 8))); R(pipe((int *)(edge - 4)));
    R(clock_gettime(99, (void *)edge)); R(syscall(SYS_clock_gettime, 0, edge - 8));
    R(syscall(SYS_gettimeofday, edge - 8, NULL)); R(syscall(SYS_uname, edge - 100));
    R(syscall(SYS_getrlimit, 0, edge - 8)); R(syscall(SYS_sysinfo, edge - 8)); R(getgroups(-1, NULL));
    R(syscall(SYS_times, edge - 8)); R(nanosleep((void *)edge, NULL));
    R(syscall(SYS_rt_sigprocmask, 0, edge, NULL, 8)); R(syscall(SYS_poll, edge, 1, 0));
    R(syscall(SYS_select, 1, edge, NULL, NULL, NULL)); R(syscall(SYS_getcwd, edge - 1, 100));
    R(syscall(SYS_readlink, "/proc/self/exe", edge, 10)); R(fcntl(fd, F_GETLK, edge));
    R(syscall(SYS_getrandom, edge, 1, 0)); R(syscall(SYS_getrandom, edge - 4, 8, 0));
    R(ioctl(p[0], FIONREAD, edge)); R(syscall(SYS_prctl, PR_SET_NAME, edge)); R(syscall(SYS_getrusage, 0, edge));
    R(syscall(SYS_sched_getaffinity, 0, 128, edge)); R(syscall(SYS_statfs, ".", edge));
    R(syscall(SYS_getresuid, edge, edge, edge));
    char *big = mmap(NULL, 1 << 20, RW, ANON, -1, 0); for (int i = 0; i < 1 << 20; i++) big[i] = (char)(i * 7);
    for (int i = 0; i < 1024; i++) v[i] = (struct iovec){big + i * 1024, 1024}; int g = file_of("g", "");
    R(writev(g, v, 1024)); char *back = mmap(NULL, 1 << 20, PROT_READ, MAP_PRIVATE, g, 0);
    T(memcmp(big, back, 1 << 20) == 0); streams(edge, big);
}
