/* /proc/self tells the guest's truth: exe, cwd, fd, cmdline, comm, maps, status, environ. */
#include <dirent.h>
#include "guest.h"

static long slurp(const char *n, char *b, long size) { int fd = open(n, O_RDONLY); long r, all = 0; if (fd < 0) {
printf("%s: %s\n", n, strerror(errno)); return -1; } while ((r = read(fd, b + all, size - 1 - all)) > 0) all += r;
b[all] = 0; close(fd); return all; }

int main(int argc, char **argv) {
    static char b[1 << 18], w[4096], cwd[4096]; (void)argc; char real[4096]; T(realpath(argv[0], real) != NULL);
    w[readlink("/proc/self/exe", w, 4095)] = 0; T(!strcmp(w, real)); T(getcwd(cwd, 4096) != NULL);
    w[readlink("/proc/self/cwd", w, 4095)] = 0; T(!strcmp(w, cwd)); w[readlink("/proc/self/root", w, 4095)] = 0;
    puts(w); R(readlink("/proc/self/exe", w, 3)); w[readlink("/proc/self", w, 4095)] = 0; T(atoi(w) == getpid());
    int fd = file_of("some file", "x"), p[2]; (void)!pipe(p); sprintf(b, "/proc/self/fd/%d", fd);
    w[readlink(b, w, 4095)] = 0; T(!strncmp(w, cwd, strlen(cwd)) && !strcmp(w + strlen(cwd), "/some file"));
    unlink("some file"); w[readlink(b, w, 4095)] = 0; puts(w + strlen(cwd)); sprintf(b, "/proc/self/fd/%d", p[0]);
    w[readlink(b, w, 4095)] = 0; w[6] = 0; puts(w); R(readlink("/proc/self/fd/99", w, 9));
    R(open("/proc/self/fd/99", O_RDONLY)); R(readlink("/proc/self/fd/x", w, 9));
    DIR *d = opendir("/proc/self/fd"); int seen[64] = {0}, extra = 0; struct dirent *e;
    while ((e = readdir(d))) if (e->d_name[0] != '.') { int k = atoi(e->d_name); if (k < 64) seen[k] = 1;
    else extra++; } for (int i = 0; i < 64; i++) if (seen[i]) printf("fd %d\n", i); R(extra); closedir(d);
    T(slurp("/proc/self/cmdline", b, sizeof b) == (long)strlen(argv[0]) + 1); T(!strcmp(b, argv[0]));
    R(slurp("/proc/self/comm", b, sizeof b)); printf("%s", b); prctl(PR_SET_NAME, "other-name-is-cut");
    slurp("/proc/self/comm", b, sizeof b); printf("%s", b); int c = open("/proc/self/comm", O_WRONLY);
    R(write(c, "written", 7)); prctl(PR_GET_NAME, w); puts(w);
    slurp("/proc/self/environ", b, sizeof b); T(strstr(b, "=") != NULL); char *anon = pages(3);
    mprotect(anon + PAGE, PAGE, PROT_READ | PROT_EXEC); slurp("/proc/self/maps", b, sizeof b);
    T(strstr(b, real) != NULL); T(strstr(b, "[stack]") != NULL);
    T(strstr(b, "unicorn") == NULL && strstr(b, "python") == NULL);
    sprintf(w, "%lx-%lx r-xp 00000000 00:00 0", (long)anon + PAGE, (long)anon + 2 * PAGE); T(strstr(b, w) != NULL);
    sbrk(8192); slurp("/proc/self/maps", b, sizeof b); T(strstr(b, "[heap]") != NULL);
    unsigned long last = 0, lo, hi, ok = 1; for (char *l = strtok(b, "\n"); l; l = strtok(NULL, "\n")) {
    if (sscanf(l, "%lx-%lx", &lo, &hi) != 2 || lo >= hi || lo < last) ok = 0; last = hi; } T(ok);
    slurp("/proc/self/status", b, sizeof b);
    char *keys[] = {"Name:", "State:", "Pid:", "PPid:", "Uid:", "Threads:", "VmSize:", "SigBlk:", "SigCgt:"};
    int pid = -1, ppid = -1; for (int i = 0; i < 9; i++) printf("%s %d\n", keys[i], strstr(b, keys[i]) != NULL);
    sscanf(strstr(b, "\nPid:"), "\nPid: %d", &pid); sscanf(strstr(b, "\nPPid:"), "\nPPid: %d", &ppid);
    T(pid == getpid() && ppid == getppid()); slurp("/proc/self/stat", b, sizeof b); T(atoi(b) == getpid());
    T(strstr(b, "(written) R ") != NULL); long pages_ = 0; slurp("/proc/self/statm", b, sizeof b);
    T(sscanf(b, "%ld", &pages_) == 1 && pages_ > 0);
    R(open("/proc/self/nothing", O_RDONLY));
    R(open("/proc/99999999/stat", O_RDONLY)); R(mkdir("/proc/x", 0755)); R(unlink("/proc/version"));
    R(open("/proc/newfile", O_CREAT | O_RDWR, 0600)); R(rmdir("/proc/self")); struct stat s;
    R(stat("/proc/self/exe", &s)); T(S_ISREG(s.st_mode)); R(lstat("/proc/self/exe", &s)); T(S_ISLNK(s.st_mode));
    R(stat("/proc/self", &s)); printf("%o\n", s.st_mode); R(stat("/proc/self/stat", &s));
    printf("%o %ld\n", s.st_mode, (long)s.st_size); R(access("/proc/self/maps", R_OK)); R(chdir("/proc/self"));
    T(getcwd(w, 4096) != NULL); T(atoi(w + 6) == getpid()); R(slurp("stat", b, sizeof b) > 0);
    slurp("/proc/sys/kernel/ostype", b, 99); printf("%s", b); T(slurp("/proc/sys/kernel/pid_max", b, 99) > 1);
    T(slurp("/proc/meminfo", b, 9999) > 1 && strstr(b, "MemTotal:"));
    T(slurp("/proc/cpuinfo", b, sizeof b) > 1 && strstr(b, "processor\t: 0"));
    T(slurp("/proc/uptime", b, 99) > 4 && atof(b) > 0); T(slurp("/proc/loadavg", b, 99) > 9);
    T(slurp("/proc/stat", b, sizeof b) > 9 && !strncmp(b, "cpu ", 4));
    T(slurp("/proc/version", b, 999) > 9 && !strncmp(b, "Linux version ", 14));
    T(slurp("/proc/mounts", b, sizeof b) > 9 && strstr(b, " / ")); T(slurp("/proc/filesystems", b, sizeof b) > 9);
    CHILD("child", sprintf(w, "/proc/%d/stat", getppid()); T(slurp(w, b, 999) > 9); sprintf(w, "/proc/%d/exe",
        getppid()); T(readlink(w, b, 999) == (long)strlen(real)); w[readlink("/proc/self", w, 99)] = 0;
        T(atoi(w) == getpid()));
}
