/* sendfile, splice, tee, copy_file_range, memfd and its seals. */
#include "guest.h"
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

static void show(int fd) { char b[128]; ssize_t r = pread(fd, b, 127, 0); b[r < 0 ? 0 : r] = 0; printf("[%s]\n", b); }

int main(void) {
    int in = file_of("in", "the quick brown fox"), out = file_of("out", ""), p[2], q[2]; off_t off = 4;
    loff_t i = 4, o = 0; char b[64] = ""; (void)!pipe(p); (void)!pipe(q); lseek(in, 0, SEEK_SET);
    R(sendfile(out, in, &off, 5)); R(off); R(lseek(in, 0, SEEK_CUR)); show(out); R(sendfile(out, in, NULL, 3));
    R(lseek(in, 0, SEEK_CUR)); show(out); off = 100; R(sendfile(out, in, &off, 5));
    R(sendfile(p[1], in, NULL, 100)); R(read(p[0], b, 64)); R(sendfile(in, p[0], NULL, 1));
    int deaf[] = {epoll_create1(0), eventfd(0, 0)}, s[2]; eventfd_write(deaf[1], -2); for (int k = 0; k < 2; k++) R(sendfile(deaf[k], in, &off, 1));
    socketpair(AF_UNIX, SOCK_STREAM, 0, s); fcntl(s[0], F_SETFL, O_NONBLOCK); while (write(s[0], b, 64) > 0) {} fcntl(s[0], F_SETFL, 0);
    R(sendfile(s[0], p[0], NULL, 1)); R(sendfile(s[0], s[1], NULL, 1)); R(sendfile(s[0], open(".", O_RDONLY), NULL, 1));
    R(sendfile(-1, in, NULL, 1)); R(sendfile(out, in, (off_t *)8, 1)); off = -1; R(sendfile(out, in, &off, 1));
    R(sendfile(p[1], open("/dev/zero", O_RDONLY), NULL, 7)); R(read(p[0], b, 64)); R(sendfile(p[1], q[0], NULL, 7));
    R(splice(in, &i, p[1], NULL, 5, 0)); R(i); R(tee(p[0], q[1], 100, 0)); R(read(p[0], b, 64));
    R(splice(q[0], NULL, out, &o, 100, 0)); R(o); show(out); R(splice(in, NULL, out, NULL, 5, 0));
    R(splice(p[0], &i, out, NULL, 1, 0)); R(splice(p[0], NULL, out, NULL, 1, SPLICE_F_NONBLOCK));
    R(splice(in, &i, p[1], NULL, 5, 0x100)); R(tee(in, p[1], 1, 0)); R(tee(p[0], p[1], 1, 0));
    R(splice(p[0], NULL, -1, NULL, 1, 0)); struct iovec v = {"vmspliced", 9}; R(vmsplice(p[1], &v, 1, 0));
    R(read(p[0], b, 64));
    i = 0; o = 2; (void)!ftruncate(out, 0); R(copy_file_range(in, &i, out, &o, 9, 0)); R(i); R(o);
    R(pread(out, b, 64, 0)); R(b[0]); puts(b + 2); R(copy_file_range(in, NULL, out, NULL, 100, 1));
    R(copy_file_range(in, &i, in, &i, 3, 0)); i = 0; o = 5; R(copy_file_range(in, &i, in, &o, 9, 0)); i = 500;
    R(copy_file_range(in, &i, out, &o, 9, 0));
    int ro = open("out", O_RDONLY), dir = open(".", O_RDONLY), ap = open("out", O_WRONLY | O_APPEND); i = 0;
    R(copy_file_range(in, &i, ro, NULL, 1, 0)); R(copy_file_range(in, &i, dir, NULL, 1, 0));
    R(copy_file_range(in, &i, p[1], NULL, 1, 0)); R(copy_file_range(in, &i, ap, NULL, 1, 0));
    R(copy_file_range(-1, NULL, out, NULL, 1, 0));
    int m = memfd_create("name", MFD_ALLOW_SEALING | MFD_CLOEXEC); R(fcntl(m, F_GETFD)); R(write(m, "sealed", 6));
    R(ftruncate(m, 100)); R(fcntl(m, F_GET_SEALS)); R(fcntl(m, F_ADD_SEALS, F_SEAL_GROW | F_SEAL_SHRINK));
    R(ftruncate(m, 200)); R(ftruncate(m, 10)); R(pwrite(m, "x", 1, 100)); R(pwrite(m, "x", 1, 99));
    R(fcntl(m, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SEAL)); R(write(m, "x", 1)); R(fcntl(m, F_ADD_SEALS, 0));
    R(mmap(NULL, PAGE, RW, MAP_SHARED, m, 0) == MAP_FAILED); sprintf(b, "/proc/self/fd/%d", m); char to[64] = "";
    R(readlink(b, to, 63)); puts(to); m = memfd_create("", 0); R(fcntl(m, F_GET_SEALS));
    R(fcntl(m, F_ADD_SEALS, F_SEAL_WRITE)); R(memfd_create("x", 0x80)); R(fcntl(in, F_GET_SEALS));
    int exe = open("/proc/self/exe", O_RDONLY), f = memfd_create("prog", 0); (void)exe;
    (void)!write(f, "#!/bin/sh\necho from a memfd\n", 29); char *av[] = {"x", NULL};
    CHILD("fexecve", fexecve(f, av, av + 1));
}
