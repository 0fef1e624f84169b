/* The memory of other processes: process_vm_readv and _writev of a child, a parent and a sibling, move_pages of a child. */
/* cflags: -pthread */
#include "guest.h"
#include <pthread.h>

static long in(pid_t p, void *l, size_t ln, void *r, size_t rn) {
    struct iovec a = {l, ln}, b = {r, rn}; return syscall(SYS_process_vm_readv, p, &a, 1L, &b, 1L, 0L);
}
static long out(pid_t p, void *l, size_t ln, void *r, size_t rn) {
    struct iovec a = {l, ln}, b = {r, rn}; return syscall(SYS_process_vm_writev, p, &a, 1L, &b, 1L, 0L);
}
static char text[64] = "the parent's", got[3 * 4096], *area;
static int go[2], done[2];
static pid_t *tid;
static void say(int *p) { (void)!write(p[1], "x", 1); }
static void hear(int *p) { char c; (void)!read(p[0], &c, 1); }
static void *sleeper(void *a) { *tid = gettid(); say(done); pause(); return a; }

/* A child that has written its own words everywhere, and waits. */
static pid_t child(const char *words) {
    pid_t k = fork();
    if (k) { hear(done); return k; }
    strcpy(text, words); memset(area, words[0], 4096); memset(area + 2 * 4096, 'z', 4096); munmap(area + 4096, 4096);
    say(done); hear(go); say(done); printf("%s %.8s\n", text, area); hear(go); _exit(7);
}

int main(void) {
    (void)!pipe(go); (void)!pipe(done); area = pages(3); memset(area, 'p', 3 * 4096);
    tid = mmap(NULL, 4096, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    pid_t k = child("the child's");
    R(in(k, got, 32, text, 32)); puts(got); R(in(k, got, 8192, area, 12288)); R(in(k, got, 10, area + 4096, 10)); R(in(k, got, 10, area + 4090, 10));
    R(in(k, got, 5000, area + 2 * 4096 - 100, 5000)); R(in(k, got, 5000, area + 2 * 4096, 4000)); R(got[0]); R(in(k, got, 4, (void *)8, 4)); R(in(k, (void *)8, 4, text, 4));
    struct iovec l[3] = {{got, 3}, {got + 10, 5}, {got + 20, 100}}, r[3] = {{text + 4, 5}, {area, 2}, {area + 4090, 50}};
    memset(got, 0, 200); R(syscall(SYS_process_vm_readv, k, l, 3L, r, 3L, 0L)); printf("%s %s %s\n", got, got + 10, got + 20);
    R(out(k, "WRITTEN ", 8, area, 8)); R(out(k, "no longer", 10, text, 10)); printf("%s %.8s\n", text, area); R(out(k, got, 8, area + 4096, 8)); R(out(k, text, 8, (void *)main, 8));
    R(in(k, got, 8, (void *)main, 8)); T(!memcmp(got, (void *)main, 8)); R(out(k, got, 4096, area + 2 * 4096 - 8, 4096)); R(out(k, got, 4096, area + 4088, 10));
    void *where[3] = {text, area + 4096, (void *)8}; int st[3] = {99, 99, 99}; R(syscall(SYS_move_pages, k, 3L, where, NULL, st, 0)); R(st[0]); R(st[1]); R(st[2]);
    CHILD("a sibling", R(in(k, got, 9, text, 9)); puts(got); R(in(getppid(), got, 12, text, 12)); puts(got); R(out(getppid(), "by the kid", 11, text, 11)));
    puts(text); say(go); hear(done); say(go);
    siginfo_t si; R(waitid(P_PID, k, &si, WEXITED | WNOWAIT)); R(in(k, got, 8, text, 8)); ended("child", k); R(in(k, got, 8, text, 8)); R(syscall(SYS_move_pages, k, 3L, where, NULL, st, 0));

    k = fork(); if (!k) { mprotect(area, 4096, PROT_READ); mprotect(area + 4096, 4096, PROT_NONE); say(done); hear(go); printf("%.8s\n", area); _exit(0); }
    hear(done); R(in(k, got, 8, area, 8)); R(out(k, got, 8, area, 8)); R(in(k, got, 8, area + 4096, 8)); R(in(k, got, 8192, area, 8192)); R(out(k, got, 8, area + 2 * 4096 - 4, 8)); say(go); ended("protected", k);

    int fd = file_of("f", "file content"); char *map = mmap(NULL, 8192, RW, MAP_SHARED, fd, 0);
    k = fork(); if (!k) { say(done); pause(); }
    hear(done); R(in(k, got, 4, map, 4)); R(in(k, got, 8192, map, 8192)); R(out(k, "FILE", 4, map, 4)); printf("%.12s\n", map); R(in(k, got, 8, map + 4096, 8));
    R(in(k, got, 8, NULL, 0)); R(in(k, NULL, 0, text, 8)); kill(k, SIGKILL); ended("killed", k);

    k = fork(); if (!k) { pthread_t h; strcpy(text, "threaded"); pthread_create(&h, NULL, sleeper, NULL); pthread_join(h, NULL); }
    hear(done); R(in(*tid, got, 9, text, 9)); puts(got); T(*tid != k); kill(k, SIGTERM); ended("threads", k); R(in(*tid, got, 9, text, 9));

    signal(SIGCHLD, SIG_IGN); k = child("ignoring"); R(in(k, got, 9, text, 9)); puts(got); say(go); hear(done); say(go); R(wait(NULL)); R(in(k, got, 9, text, 9)); signal(SIGCHLD, SIG_DFL);
    strcpy(text, "the parent's"); if (geteuid() == 0) CHILD("nobody", if (setgid(65534) || setuid(65534)) _exit(1); R(in(getppid(), got, 8, text, 8)); R(out(getppid(), got, 8, text, 8)));
    else puts("not root");
}
