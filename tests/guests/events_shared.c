/* Event descriptors and other processes: what a forked child, a sent descriptor and a duplicate do to them. */
#include "guest.h"
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/socket.h>

static int ep, in;
static void add(int fd, unsigned events) { struct epoll_event e = {events, {.fd = fd}}; epoll_ctl(ep, EPOLL_CTL_ADD, fd, &e); }
static int ready(void) { struct epoll_event e[8]; return epoll_wait(ep, e, 8, 0); }
static void told(const char *what) {
    char b[4096] __attribute__((aligned(8))); usleep(60000); long n = read(in, b, sizeof b); printf("%s:", what);
    for (char *p = b; p < b + n;) { struct inotify_event *e = (void *)p; printf(" %x", e->mask); p += sizeof *e + e->len; }
    puts("");
}
#define DOES(...) do { pid_t k_ = fork(); if (!k_) { __VA_ARGS__; _exit(0); } waitpid(k_, NULL, 0); } while (0)

int main(void) {
    int p[2], q[2], one = eventfd(1, 0); char c[8]; (void)!pipe(p); (void)!pipe(q); ep = epoll_create1(0);
    add(p[0], EPOLLIN); DOES(epoll_ctl(ep, EPOLL_CTL_DEL, p[0], NULL); close(p[0])); (void)!write(p[1], "x", 1); printf("a child has removed from the set: %d\n", ready());
    ep = epoll_create1(0); DOES(add(one, EPOLLIN)); printf("a child has added to the set: %d\n", ready()); ep = epoll_create1(0); add(one, EPOLLIN); DOES(eventfd_t v; eventfd_read(one, &v)); printf("a child has read the counter: %d\n", ready());
    ep = epoll_create1(0); add(q[0], EPOLLIN | EPOLLET); (void)!write(q[1], "abc", 3); printf("an edge: %d\n", ready()); DOES((void)!read(q[0], c, 3)); (void)!write(q[1], "def", 3); printf("as much again as a child has read: %d\n", ready()); (void)!write(q[1], "g", 1); printf("and more: %d\n", ready());
    in = inotify_init1(IN_NONBLOCK); mkdir("d", 0755); close(file_of("d/f", "x")); close(file_of("d/g", "")); inotify_add_watch(in, "d", IN_ALL_EVENTS & ~IN_ACCESS); DOES(close(open("d/f", O_RDONLY))); told("a child has opened and closed");
    DOES(chmod("d/f", 0600)); told("a child has changed a mode"); DOES(rename("d/f", "d/h")); told("a child has renamed"); DOES(rename("d/g", "out")); told("a child has moved away"); DOES(rename("out", "d/back")); told("a child has moved in");
    int fd = open("d/h", O_RDONLY), copy = dup(fd); close(fd); told("one of two duplicates has been closed"); close(copy); told("the other has");
    int s[2]; socketpair(AF_UNIX, SOCK_STREAM, 0, s); char space[CMSG_SPACE(sizeof(int))] = {0}; struct iovec v = {"x", 1}; struct msghdr m = {.msg_iov = &v, .msg_iovlen = 1, .msg_control = space, .msg_controllen = sizeof space};
    struct cmsghdr *h = CMSG_FIRSTHDR(&m); *h = (struct cmsghdr){CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS}; memcpy(CMSG_DATA(h), &one, sizeof(int)); sendmsg(s[0], &m, 0); char got[8]; v.iov_base = got; m.msg_controllen = sizeof space; recvmsg(s[1], &m, 0); int sent; memcpy(&sent, CMSG_DATA(CMSG_FIRSTHDR(&m)), sizeof sent);
    printf("a counter that was sent takes three bytes: %d\n", (int)write(sent, "abc", 3));
}
