/* UNIX sockets: names and their lengths, abstract names, pairs, messages, descriptors and credentials sent along. */
/* cflags: -pthread */
#include "guest.h"
#include <sys/socket.h>
#include <sys/un.h>

static struct sockaddr_un un(const char *p) { struct sockaddr_un a = {.sun_family = AF_UNIX}; strcpy(a.sun_path, p); return a; }
#define A(p) (struct sockaddr *)&(struct sockaddr_un[]){un(p)}[0]
#define SZ sizeof(struct sockaddr_un)
static void name(const char *what, int (*f)(int, struct sockaddr *, socklen_t *), int fd) {
    struct sockaddr_un a; socklen_t n = sizeof a; memset(&a, 'x', sizeof a);
    if (f(fd, (void *)&a, &n)) printf("%s: %s\n", what, strerror(errno));
    else { printf("%s: %d %d ", what, (int)n, a.sun_family); for (int i = 2; i < (int)n && i < (int)sizeof a; i++) { char c = ((char *)&a)[i]; putchar(c ? c : '@'); } puts(""); }
}
static ssize_t pass(int s, int *fds, int n, int creds) {
    char c[256] __attribute__((aligned(8))) = {0}, b = 'p'; struct iovec v = {&b, 1}; struct msghdr m = {.msg_iov = &v, .msg_iovlen = 1, .msg_control = c};
    struct cmsghdr *h = (void *)c; if (n) { h->cmsg_level = SOL_SOCKET; h->cmsg_type = SCM_RIGHTS; h->cmsg_len = CMSG_LEN(4 * n); memcpy(CMSG_DATA(h), fds, 4 * n); m.msg_controllen += CMSG_SPACE(4 * n); h = (void *)(c + CMSG_SPACE(4 * n)); }
    if (creds) { struct ucred u = {creds, getuid(), getgid()}; h->cmsg_level = SOL_SOCKET; h->cmsg_type = SCM_CREDENTIALS; h->cmsg_len = CMSG_LEN(sizeof u); memcpy(CMSG_DATA(h), &u, sizeof u); m.msg_controllen += CMSG_SPACE(sizeof u); }
    return sendmsg(s, &m, 0);
}
static int take(int s, int room, int flags) {
    char c[256] __attribute__((aligned(8))), b[8]; struct iovec v = {b, 8}; struct msghdr m = {.msg_iov = &v, .msg_iovlen = 1, .msg_control = c, .msg_controllen = room};
    int got = -1; ssize_t r = recvmsg(s, &m, flags); printf("recvmsg %zd flags %x control %zd:", r, m.msg_flags, m.msg_controllen);
    if (r >= 0) for (struct cmsghdr *h = CMSG_FIRSTHDR(&m); h; h = CMSG_NXTHDR(&m, h)) { printf(" %d/%d len %zd", h->cmsg_level, h->cmsg_type, h->cmsg_len);
        if (h->cmsg_type == SCM_RIGHTS && h->cmsg_len > 16) got = *(int *)CMSG_DATA(h);
        if (h->cmsg_type == SCM_CREDENTIALS) { struct ucred *u = (void *)CMSG_DATA(h); printf(" %s %d", u->pid == getpid() ? "me" : u->pid ? "other" : "nobody", u->uid == getuid()); } }
    puts(""); return got;
}

static void names(void) {
    char big[109]; memset(big, 'a', 108); big[108] = 0; struct sockaddr_un a = un("s"); int s = socket(AF_UNIX, SOCK_STREAM, 0), t = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    R(fcntl(t, F_GETFD)); R(fcntl(t, F_GETFL)); name("unbound", getsockname, s); name("unconnected", getpeername, s); R(bind(s, A("s"), SZ)); name("bound", getsockname, s);
    R(bind(s, A("s2"), SZ)); R(bind(t, A("s"), SZ)); R(bind(t, A("d/s"), SZ)); R(bind(t, A("s/x"), SZ)); R(bind(t, A(""), 2)); mkdir("d", 0755);
    struct sockaddr_un auto_; socklen_t n = SZ; R(getsockname(t, (void *)&auto_, &n)); R(n); R(auto_.sun_path[0]); R(strspn(auto_.sun_path + 1, "0123456789abcdef"));
    close(t); t = socket(AF_UNIX, SOCK_STREAM, 0); R(bind(t, (void *)&a, 1)); R(bind(t, (void *)&a, 0)); R(bind(t, (void *)&a, SZ + 1)); R(bind(t, (void *)&a, 129)); R(bind(t, (void *)&a, -1)); R(bind(t, (void *)8, SZ)); R(bind(99, (void *)8, SZ));
    R(bind(0, A("s"), SZ)); a.sun_family = AF_INET; R(bind(t, (void *)&a, SZ)); a.sun_family = AF_UNIX; memcpy(a.sun_path, big, 108); R(bind(t, (void *)&a, SZ)); name("108", getsockname, t); close(t); unlink(big);
    t = socket(AF_UNIX, SOCK_STREAM, 0); R(bind(t, A("d/t"), 2 + 3)); name("short length", getsockname, t); struct stat st; R(stat("d/t", &st)); R(S_ISSOCK(st.st_mode)); R(open("d/t", O_RDWR));
    for (int i = 0; i < 4; i++) { struct sockaddr_un b; n = (int[]){1, 2, 4, 200}[i]; memset(&b, 'z', SZ); R(getsockname(t, (void *)&b, &n)); R(n); R(b.sun_path[0]); }
    n = -1; R(getsockname(t, (void *)&a, &n)); R(getsockname(t, (void *)&a, (void *)8)); n = 10; R(getsockname(t, (void *)8, &n)); R(getsockname(0, (void *)&a, &n)); R(getsockname(99, (void *)8, (void *)8));
    R(listen(s, 5)); int c = socket(AF_UNIX, SOCK_STREAM, 0); R(connect(c, A("missing"), SZ)); R(connect(c, A("d/t"), SZ)); close(creat("file", 0600)); R(connect(c, A("file"), SZ)); symlink("s", "l"); R(connect(c, A("l"), SZ));
    R(connect(c, A("l"), SZ)); name("peer of client", getpeername, c); name("client", getsockname, c); struct sockaddr_un from; n = SZ; memset(&from, 'z', SZ); int x = accept(s, (void *)&from, &n); R(n); R(from.sun_family); R(from.sun_path[0]);
    name("accepted", getsockname, x); name("its peer", getpeername, x); R(bind(c, A("client"), SZ)); name("its peer", getpeername, x); R(write(c, "hi", 2)); char b[4]; R(read(x, b, 4)); close(c); R(read(x, b, 4)); R(send(x, b, 1, MSG_NOSIGNAL));
    signal(SIGPIPE, SIG_IGN); R(write(x, b, 1)); R(bind(socket(AF_UNIX, SOCK_STREAM, 0), A("l"), SZ)); R(bind(socket(AF_UNIX, SOCK_STREAM, 0), A("n/"), SZ)); c = socket(AF_UNIX, SOCK_DGRAM, 0); R(connect(c, A("s"), SZ));
    R(bind(c, A("/proc/x"), SZ)); R(bind(c, A("."), SZ)); char cwd[64]; if (chdir("d")) return; R(bind(c, A("../up"), SZ)); name("relative", getsockname, c); if (chdir("..")) return; R(access("up", F_OK)); (void)cwd;
}

static void abstract(void) {
    struct sockaddr_un a = {.sun_family = AF_UNIX}; strcpy(a.sun_path + 1, "lx-test-name"); int s = socket(AF_UNIX, SOCK_STREAM, 0), t = socket(AF_UNIX, SOCK_STREAM, 0);
    R(bind(s, (void *)&a, 15)); name("abstract", getsockname, s); R(bind(t, (void *)&a, 15)); R(bind(t, (void *)&a, SZ)); name("full length", getsockname, t); R(listen(s, 1)); R(listen(t, 1));
    int c = socket(AF_UNIX, SOCK_STREAM, 0); R(connect(c, (void *)&a, 14)); R(connect(c, (void *)&a, 15)); name("peer", getpeername, c); c = socket(AF_UNIX, SOCK_STREAM, 0); R(connect(c, (void *)&a, SZ)); name("peer", getpeername, c);
    R(bind(socket(AF_UNIX, SOCK_DGRAM, 0), (void *)&a, 15)); R(bind(socket(AF_UNIX, SOCK_STREAM, 0), (void *)&a, 3)); R(bind(socket(AF_UNIX, SOCK_STREAM, 0), (void *)&a, 3));
}

static void pairs(void) {
    int p[2], q[2]; char b[64]; R(socketpair(AF_UNIX, SOCK_STREAM, 0, p)); R(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, q)); name("pair", getsockname, p[0]); name("pair", getpeername, p[0]);
    R(socketpair(AF_UNIX, SOCK_STREAM, 7, p)); R(socketpair(AF_UNIX, 77, 0, p)); R(socketpair(AF_INET, SOCK_STREAM, 0, p)); R(socketpair(77, SOCK_STREAM, 0, p)); R(socketpair(AF_UNIX, SOCK_STREAM, 0, (void *)8)); R(socketpair(AF_UNIX, SOCK_STREAM | 16, 0, p));
    R(socket(AF_UNIX, SOCK_RDM, 0)); R(socket(AF_UNIX, SOCK_STREAM, 2)); R(socket(46, 1, 0)); R(socket(-1, 1, 0)); R(socket(AF_UNIX, 11, 0)); R(socket(AF_UNIX, 0, 0)); R(socket(AF_INET, SOCK_STREAM, 17)); R(socket(AF_INET, SOCK_STREAM, 300)); R(socket(AF_INET, SOCK_SEQPACKET, 0));
    socketpair(AF_UNIX, SOCK_STREAM, 0, p); R(send(p[0], "abcdef", 6, 0)); R(recv(p[1], b, 2, MSG_PEEK)); R(recv(p[1], b, 2, 0)); R(recv(p[1], b, 64, MSG_TRUNC)); R(recv(p[1], b, 64, MSG_DONTWAIT)); R(send(p[0], b, 1, MSG_OOB)); R(recv(p[1], b, 1, MSG_OOB));
    R(send(q[0], "12345", 5, 0)); R(send(q[0], "", 0, 0)); R(send(q[0], "678", 3, MSG_EOR)); R(recv(q[1], b, 2, MSG_TRUNC)); R(recv(q[1], b, 9, 0)); struct iovec v[2] = {{b, 1}, {b + 1, 1}}; struct msghdr m = {.msg_iov = v, .msg_iovlen = 2}; R(recvmsg(q[1], &m, 0)); R(m.msg_flags); R(recv(q[1], b, 9, 0));
    R(send(p[0], (void *)8, 4, 0)); R(send(p[0], (void *)-4096, 4, 0)); R(recv(p[1], (void *)-4096, 4, 0)); R(send(99, (void *)8, 4, 0)); R(send(0, b, 4, 0)); write(p[0], "xyz", 3); R(recv(p[1], (void *)8, 4, MSG_DONTWAIT)); R(recv(p[1], b, 4, MSG_DONTWAIT));
    R(sendto(p[0], b, 1, 0, A("s"), SZ)); R(sendto(p[0], b, 1, 0, NULL, 99)); R(sendto(p[0], b, 1, 0, (void *)8, 9)); R(sendto(99, b, 1, 0, (void *)8, 9)); R(sendto(p[0], b, 1, 0, A("s"), -1)); recv(p[1], b, 9, MSG_DONTWAIT);
    R(sendmsg(p[0], (void *)8, 0)); R(sendmsg(99, (void *)8, 0)); m.msg_iovlen = 1025; R(sendmsg(p[0], &m, 0)); m.msg_iovlen = 2; v[1].iov_len = -1; R(sendmsg(p[0], &m, 0)); v[1].iov_len = 1; v[1].iov_base = (void *)8; R(sendmsg(p[0], &m, 0)); R(recv(p[1], b, 9, MSG_DONTWAIT)); R(sendmsg(p[0], &m, 0x80000000));
    struct timeval tv = {0, 30000}; R(setsockopt(p[1], SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof tv)); R(recv(p[1], b, 1, 0)); R(read(p[1], b, 1)); write(p[0], "ab", 2); R(recv(p[1], b, 9, MSG_WAITALL));
    pid_t k = fork(); if (!k) { for (int i = 0; i < 4; i++) { usleep(5000); (void)!write(p[0], "part", 4); } _exit(0); } tv.tv_usec = 0; setsockopt(p[1], SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof tv); R(recv(p[1], b, 16, MSG_WAITALL)); ended("parts", k);
    k = fork(); if (!k) { usleep(20000); (void)!write(p[0], "xx", 2); usleep(200000); (void)!write(p[0], "y", 1); _exit(0); } R(recv(p[1], b, 3, MSG_WAITALL | MSG_PEEK)); R(recv(p[1], b, 9, 0)); ended("peeked", k);
    static char mega[1 << 20]; k = fork(); if (!k) { close(p[0]); long n = 0, r; while ((r = read(p[1], mega, 40000)) > 0) n += r; _exit(n == 2 * sizeof mega ? 0 : 1); } R(send(p[0], mega, sizeof mega, 0)); R(write(p[0], mega, sizeof mega)); R(shutdown(p[0], SHUT_WR)); ended("mega", k);
    R(shutdown(p[0], 3)); R(shutdown(p[0], -1)); R(shutdown(99, 0)); R(shutdown(0, 0)); R(send(p[0], b, 1, MSG_NOSIGNAL)); close(p[1]); R(shutdown(p[0], SHUT_RDWR)); R(recv(p[0], b, 1, 0));
    socketpair(AF_UNIX, SOCK_STREAM, 0, p); tv.tv_usec = 30000; setsockopt(p[0], SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof tv); T(send(p[0], mega, sizeof mega, 0) > 0); R(send(p[0], mega, 9, 0)); socketpair(AF_UNIX, SOCK_DGRAM, 0, q); int n = 0; while (send(q[0], b, 9, MSG_DONTWAIT) == 9) n++; T(n > 1); R(errno == EAGAIN);
    k = fork(); if (!k) { usleep(20000); while (recv(q[1], b, 9, MSG_DONTWAIT) == 9) ; _exit(0); } R(send(q[0], b, 9, 0)); ended("drain", k);
}

static void rights(void) {
    int p[2], fd = file_of("passed", "hello"), fds[3] = {fd, 0, 1}; char b[9]; socketpair(AF_UNIX, SOCK_STREAM, 0, p); R(pass(p[0], fds, 1, 0)); int got = take(p[1], 256, 0); T(got >= 0 && got != fd); R(lseek(got, 2, SEEK_SET)); R(read(fd, b, 9)); R(fcntl(got, F_GETFD));
    R(pass(p[0], fds, 3, 0)); got = take(p[1], 256, MSG_CMSG_CLOEXEC); R(fcntl(got, F_GETFD)); R(pass(p[0], fds, 3, 0)); take(p[1], 24, 0); R(pass(p[0], fds, 3, 0)); take(p[1], 8, 0); R(pass(p[0], fds, 1, 0)); take(p[1], 0, 0); fds[1] = 99; R(pass(p[0], fds, 2, 0)); fds[1] = -1; R(pass(p[0], fds, 2, 0));
    R(pass(p[0], fds, 0, getpid())); take(p[1], 256, 0); int on = 1; R(setsockopt(p[1], SOL_SOCKET, SO_PASSCRED, &on, 4)); R(pass(p[0], fds, 0, getpid())); take(p[1], 256, 0); R(write(p[0], "x", 1)); take(p[1], 256, 0); R(pass(p[0], fds, 1, getpid())); take(p[1], 256, 0); R(pass(p[0], fds, 0, 99999999));
    CHILD("credentials of a child", write(p[0], "c", 1)); take(p[1], 256, 0); struct ucred u; socklen_t n = sizeof u; R(getsockopt(p[0], SOL_SOCKET, SO_PEERCRED, &u, &n)); T(u.pid == getpid() && u.uid == getuid());
    char c[32] = {0}; struct cmsghdr *h = (void *)c; h->cmsg_level = SOL_SOCKET; h->cmsg_type = 99; h->cmsg_len = CMSG_LEN(4); struct iovec v = {b, 1}; struct msghdr m = {.msg_iov = &v, .msg_iovlen = 1, .msg_control = c, .msg_controllen = 24}; R(sendmsg(p[0], &m, 0)); h->cmsg_len = 3; R(sendmsg(p[0], &m, 0));
    h->cmsg_len = 99; R(sendmsg(p[0], &m, 0)); m.msg_control = (void *)8; R(sendmsg(p[0], &m, 0)); m.msg_control = NULL; R(sendmsg(p[0], &m, 0)); m.msg_controllen = 1UL << 31; R(sendmsg(p[0], &m, 0)); m.msg_controllen = 7; m.msg_control = c; R(sendmsg(p[0], &m, 0)); close(p[0]); close(p[1]);
}

static void datagrams(void) {
    int s = socket(AF_UNIX, SOCK_DGRAM, 0), c = socket(AF_UNIX, SOCK_DGRAM, 0); char b[32]; bind(s, A("ds"), SZ); R(sendto(c, "anon", 4, 0, A("ds"), SZ)); struct sockaddr_un f; socklen_t n = SZ; R(recvfrom(s, b, 32, 0, (void *)&f, &n)); R(n); bind(c, A("dc"), SZ);
    R(sendto(c, "named", 5, 0, A("ds"), SZ)); n = SZ; R(recvfrom(s, b, 3, MSG_TRUNC, (void *)&f, &n)); R(n); printf("%s\n", f.sun_path); R(sendto(s, "back", 4, 0, (void *)&f, n)); R(recv(c, b, 32, 0)); R(sendto(c, "x", 1, 0, A("gone"), SZ)); R(send(c, "x", 1, 0)); R(connect(c, A("ds"), SZ)); R(send(c, "x", 1, 0));
    struct sockaddr_un z = {.sun_family = AF_UNSPEC}; R(connect(c, (void *)&z, 2)); R(send(c, "x", 1, 0)); R(listen(c, 1)); R(accept(c, NULL, NULL)); struct mmsghdr mm[3]; struct iovec v[3]; char mb[3][8]; connect(c, A("ds"), SZ); recv(s, b, 9, 0);
    for (int i = 0; i < 3; i++) { v[i] = (struct iovec){"msgs" + i, 4 - i}; mm[i] = (struct mmsghdr){.msg_hdr = {.msg_iov = &v[i], .msg_iovlen = 1}}; } R(sendmmsg(c, mm, 3, 0)); R(mm[1].msg_len); for (int i = 0; i < 3; i++) v[i] = (struct iovec){mb[i], 8}; R(recvmmsg(s, mm, 2, 0, NULL)); R(mm[0].msg_len); R(mm[1].msg_len);
    R(recvmmsg(s, mm, 3, MSG_WAITFORONE, NULL)); R(recvmmsg(s, mm, 3, MSG_DONTWAIT, NULL)); struct timespec ts = {0, -1}; R(recvmmsg(s, mm, 3, 0, &ts)); ts.tv_nsec = 1; sendmmsg(c, mm, 2, 0); R(recvmmsg(s, mm, 3, 0, &ts)); R(ts.tv_nsec); R(sendmmsg(99, mm, 1, 0)); R(sendmmsg(c, (void *)8, 1, 0)); R(sendmmsg(c, mm, 0, 0)); R(recvmmsg(0, mm, 1, 0, NULL));
    recv(s, b, 9, MSG_DONTWAIT); pid_t k = fork(); if (!k) { for (int i = 0; i < 3; i++) { usleep(10000); send(c, "late", 4, 0); } _exit(0); }
    R(recvmmsg(s, mm, 3, 0, NULL)); ended("late", k);
}
int main(void) { names(); abstract(); pairs(); rights(); datagrams(); }
