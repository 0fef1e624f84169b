/* /proc of children that have not become another program: running, stopped, dead, named anew, orphaned. */
#include "guest.h"
#include <sys/prctl.h>

static void about(const char *which, pid_t pid) {
    char path[64], text[256] = "", state = 0;
    snprintf(path, sizeof path, "/proc/%d/comm", pid);
    int fd = open(path, O_RDONLY);
    ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
    printf("%s: comm %.*s", which, n > 0 ? (int)n : 0, text);
    close(fd);
    snprintf(path, sizeof path, "/proc/%d/cmdline", pid);
    fd = open(path, O_RDONLY);
    n = fd < 0 ? -1 : read(fd, text, sizeof text);
    char *base = n > 0 ? strrchr(text, '/') : NULL;
    printf("%s: cmdline %s\n", which, n > 0 ? base ? base + 1 : text : "empty");
    close(fd);
    snprintf(path, sizeof path, "/proc/%d/stat", pid);
    FILE *file = fopen(path, "r");
    T(file && fscanf(file, "%*d (%*[^)]) %c", &state) == 1);
    if (file) fclose(file);
    printf("%s: %s\n", which, state == 'Z' ? "zombie" : state == 'T' ? "stopped" : "alive");
}

static pid_t child(int named, int ready) {
    pid_t pid = fork();
    if (pid) return pid;
    if (named) prctl(PR_SET_NAME, "another");
    (void)!write(ready, "x", 1);
    for (;;) pause();
}

int main(int argc, char **argv) {
    int ready[2], status, told[2];
    char c;
    pid_t orphan;
    OK(pipe(ready)); OK(pipe(told));
    pid_t running = child(0, ready[1]), named = child(1, ready[1]), stopped = child(0, ready[1]), dead = fork();
    if (!dead) _exit(3);
    for (int i = 0; i < 3; i++) (void)!read(ready[0], &c, 1);
    kill(stopped, SIGSTOP); waitpid(stopped, &status, WUNTRACED);
    siginfo_t info; waitid(P_PID, dead, &info, WEXITED | WNOWAIT);
    if (!fork()) { orphan = child(0, ready[1]); (void)!write(told[1], &orphan, sizeof orphan); _exit(0); }
    (void)!read(told[0], &orphan, sizeof orphan); (void)!read(ready[0], &c, 1); usleep(20000);
    about("running", running); about("named", named); about("stopped", stopped); about("dead", dead); about("orphan", orphan);
    pid_t all[] = {running, named, stopped, orphan};
    for (int i = 0; i < 4; i++) kill(all[i], SIGKILL);
    while (wait(&status) > 0) {}
    char path[64]; snprintf(path, sizeof path, "/proc/%d", dead);
    R(access(path, F_OK));
}
