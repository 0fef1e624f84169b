/* MAP_SHARED memory is one for parent and child; private memory is copied on write, both ways. */
#include "guest.h"

int main(void) {
    int fd = file_of("f", "0123456789");
    char *anon = mmap(NULL, PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0), *priv = pages(1);
    char *file = mmap(NULL, PAGE, RW, MAP_SHARED, fd, 0), *copy = mmap(NULL, PAGE, RW, MAP_PRIVATE, fd, 0);
    static int global = 1;
    int local = 1, go[2];
    (void)!pipe(go);
    strcpy(anon, "parent"); strcpy(priv, "parent"); copy[1] = 'p';
    pid_t pid = fork();
    if (pid == 0) {
        char c;
        (void)!read(go[0], &c, 1);
        printf("child sees %s %s %.4s\n", anon, priv, copy);
        strcpy(anon, "child"); strcpy(priv, "child"); file[0] = 'C'; copy[2] = 'c'; global = local = 2;
        _exit(0);
    }
    strcpy(anon, "later"); strcpy(priv, "later");
    (void)!write(go[1], "x", 1);
    ended("child", pid);
    printf("%s %s %.10s %.10s %d %d\n", anon, priv, file, copy, global, local);
    char back[11] = ""; R(pread(fd, back, 10, 0)); puts(back);
    R(pwrite(fd, "Z", 1, 9)); T(file[9] == 'Z');
    munmap(file, PAGE);
    int *count = (int *)anon; *count = 0;
    for (int i = 0; i < 4; i++) if (fork() == 0) { __atomic_add_fetch(count, 10, __ATOMIC_SEQ_CST); _exit(0); }
    while (wait(NULL) > 0) {}
    printf("%d\n", *count);
}
