/* A process that has given up its privileges, and its child, can still be looked at in /proc by themselves. */
#include "guest.h"
#include <fcntl.h>
static void look(const char *path)
{
    char buffer[4096];
    int fd = open(path, O_RDONLY);
    printf("%s: %d %d\n", path, fd >= 0, fd >= 0 && read(fd, buffer, sizeof buffer) > 0);
    if (fd >= 0) close(fd);
}
static void look_at_all(void)
{
    static const char *const paths[] = {"maps", "status", "stat", "statm", "cmdline", "limits", "mounts", "mountinfo", "cgroup"};
    for (unsigned i = 0; i < sizeof paths / sizeof *paths; i++) {
        char path[64];
        snprintf(path, sizeof path, "/proc/self/%s", paths[i]);
        look(path);
    }
    look("/proc/meminfo");
    look("/proc/cpuinfo");
    look("/proc/net/dev");
    look("/proc/sys/kernel/osrelease");
}
int main(void)
{
    if (geteuid() == 0) {
        setgid(65534);
        setuid(65534);
    }
    CHILD("child", look_at_all(););
    look_at_all();
    return 0;
}
