/* inotify: events of files and directories, moves, masks, links, removal, errors, paths; a wait for an event. */
#include "guest.h"
#include <sys/inotify.h>

static char buf[4096];
static void events(int f) {
    long n = read(f, buf, sizeof buf); if (n < 0) { printf("no events: %s\n", strerror(errno)); return; }
    for (long i = 0; i < n;) { struct inotify_event *e = (void *)(buf + i); printf("wd %d mask %x %s%s\n", e->wd, e->mask, e->len ? e->name : "-", e->cookie ? " moved" : ""); i += sizeof *e + e->len; }
}

int main(void) {
    int f = inotify_init1(IN_NONBLOCK | IN_CLOEXEC), g = inotify_init(), n; R(fcntl(f, F_GETFL)); R(fcntl(f, F_GETFD)); R(fcntl(g, F_GETFL)); R(inotify_init1(1));
    mkdir("d", 0755); close(file_of("d/f", "x")); (void)!symlink("d", "l"); events(f);
    R(inotify_add_watch(f, "d", IN_ALL_EVENTS)); R(inotify_add_watch(f, "d/f", IN_MODIFY | IN_ATTRIB)); R(inotify_add_watch(f, "l", IN_CREATE | IN_MASK_ADD));
    R(inotify_add_watch(f, "l", IN_DELETE_SELF | IN_DONT_FOLLOW)); R(inotify_add_watch(f, "d/f", IN_MODIFY | IN_ONLYDIR)); R(inotify_add_watch(f, "none", IN_MODIFY));
    R(inotify_add_watch(f, "d", 0)); R(inotify_add_watch(f, "d", 0x40000000)); R(inotify_add_watch(f, (void *)8, IN_MODIFY)); R(inotify_add_watch(99, (void *)8, IN_MODIFY)); R(inotify_add_watch(0, "d", IN_MODIFY));
    R(inotify_add_watch(99, "d", 0)); R(inotify_add_watch(f, "", IN_MODIFY)); R(inotify_add_watch(f, "d", IN_MODIFY | IN_MASK_CREATE)); R(inotify_add_watch(f, "d", IN_MODIFY | IN_MASK_CREATE | IN_MASK_ADD));
    n = open("d/f", O_RDWR); (void)!write(n, "y", 1); chmod("d/f", 0600); close(n); events(f); close(file_of("d/new", "n")); rename("d/new", "d/newer"); events(f);
    R(ioctl(f, FIONREAD, &n)); R(n); mkdir("d/sub", 0755); rename("d/newer", "out"); unlink("d/f"); R(ioctl(f, FIONREAD, &n)); T(n > 64); R(read(f, buf, 10)); events(f);
    R(inotify_rm_watch(f, 1)); R(inotify_rm_watch(f, 1)); R(inotify_rm_watch(f, 44)); R(inotify_rm_watch(0, 1)); R(inotify_rm_watch(99, 1)); events(f);
    unlink("l"); events(f); R(inotify_add_watch(g, ".", IN_CREATE | IN_ONESHOT)); pid_t k = fork(); if (k == 0) { usleep(20000); close(file_of("made", "")); close(file_of("made2", "")); _exit(0); }
    events(g); ended("maker", k); struct pollfd p = {g, POLLIN, 0}; R(poll(&p, 1, 0)); R(write(g, buf, 4)); chdir("d"); R(inotify_add_watch(g, "../d/sub/..", IN_DELETE)); rmdir("sub"); events(g);
}
