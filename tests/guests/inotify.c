/* inotify: events of files and directories, links, masks, and what is refused. */
#include "guest.h"
#include <sys/inotify.h>

static int in;
static void see(void) {
    char b[4096] __attribute__((aligned(8))); long n = read(in, b, sizeof b); if (n < 0) { printf("%s\n", strerror(errno)); return; }
    unsigned cookie = 0;
    for (char *p = b; p < b + n;) { struct inotify_event *e = (void *)p;
        printf("wd%d %x%s %s%s\n", e->wd, e->mask, e->cookie ? e->cookie == cookie ? " same" : " cookie" : "", e->len ? e->name : "-", e->len % 16 ? "!" : "");
        cookie = e->cookie; p += sizeof *e + e->len; }
}
int main(void) {
    in = inotify_init1(IN_NONBLOCK | IN_CLOEXEC); R(fcntl(in, F_GETFD)); see(); mkdir("d", 0755); int fd = file_of("f", "abc"); close(fd);
    symlink("f", "l"); R(inotify_add_watch(in, "d", IN_ALL_EVENTS)); R(inotify_add_watch(in, "f", IN_ALL_EVENTS)); R(inotify_add_watch(in, "l", IN_MODIFY));
    fd = open("d/x", O_CREAT | O_RDWR, 0600); (void)!write(fd, "1", 1); close(fd); see(); chmod("d/x", 0644); rename("d/x", "d/y"); see();
    link("d/y", "d/z"); symlink("y", "d/s"); mkdir("d/e", 0700); rmdir("d/e"); unlink("d/y"); see(); fd = open("f", O_RDWR | O_APPEND); char c;
    (void)!write(fd, "x", 1); (void)!read(fd, &c, 1); ftruncate(fd, 0); close(fd); see(); R(inotify_add_watch(in, "f", IN_OPEN | IN_MASK_ADD));
    fd = open("f", O_WRONLY); (void)!write(fd, "x", 1); see(); close(fd); R(inotify_add_watch(in, "l", IN_DONT_FOLLOW | IN_ATTRIB | IN_DELETE_SELF));
    unlink("l"); see(); R(inotify_add_watch(in, "f", IN_MASK_CREATE | IN_OPEN)); R(inotify_add_watch(in, "f", IN_MASK_CREATE | IN_MASK_ADD | IN_OPEN));
    R(inotify_add_watch(in, "f", IN_ONLYDIR | IN_OPEN)); R(inotify_add_watch(in, "missing", IN_OPEN)); R(inotify_add_watch(in, "", IN_OPEN));
    R(inotify_add_watch(in, "f", 0)); R(inotify_add_watch(in, "f/x", IN_OPEN)); R(inotify_add_watch(99, "f", IN_OPEN)); R(inotify_add_watch(99, "f", 0));
    R(inotify_add_watch(0, "f", IN_OPEN)); R(inotify_add_watch(in, (void *)8, IN_OPEN)); R(inotify_add_watch(99, (void *)8, IN_OPEN));
    R(inotify_add_watch(in, "d/", IN_CREATE | IN_ONESHOT)); close(creat("d/q", 0600)); see(); close(creat("d/r", 0600)); see();
    R(inotify_rm_watch(in, 2)); see(); R(inotify_rm_watch(in, 2)); R(inotify_rm_watch(99, 2)); R(inotify_rm_watch(0, 2)); R(inotify_init1(1));
    R(inotify_add_watch(in, "f", IN_DELETE_SELF | IN_ATTRIB)); unlink("f"); see(); int n; R(ioctl(in, FIONREAD, &n)); R(n);
    R(inotify_add_watch(in, ".", IN_CREATE | IN_ONLYDIR)); close(creat("new", 0600)); R(ioctl(in, FIONREAD, &n)); R(n); char b[20]; R(read(in, b, 20)); see();
    int in2 = inotify_init(); R(inotify_add_watch(in2, ".", IN_DELETE)); pid_t k = fork(); if (!k) { usleep(20000); unlink("new"); _exit(0); }
    in = in2; see(); ended("deleter", k); R(write(in, "x", 1)); R(lseek(in, 0, SEEK_SET));
}
