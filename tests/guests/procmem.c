/* /proc/PID/mem and pagemap: one's own, a child's, a parent's over fork; what can be forced, and where there is nothing. */
#include "guest.h"
#include <stdint.h>
#include <sys/wait.h>

static volatile int word = 41;
__attribute__((noinline)) static int answer(void) { __asm__ volatile(""); return 1; }
static int (*volatile call)(void) = answer;
static const unsigned char TWO[] = {0xb8, 2, 0, 0, 0, 0xc3}; /* mov $2, %eax; ret */

static long from(int fd, const void *at, void *to, size_t n) { return pread(fd, to, n, (off_t)(uintptr_t)at); }
static long into(int fd, const volatile void *at, const void *value, size_t n) { return pwrite(fd, value, n, (off_t)(uintptr_t)at); }

static void own(int fd)
{
    char text[8] = "", *p = pages(4);
    int value = 0;
    R(from(fd, (void *)&word, &value, 4)); R(value);
    value = 42; R(into(fd, &word, &value, 4)); R(word);
    munmap(p + 3 * PAGE, PAGE);
    memcpy(p + 3 * PAGE - 4, "tail", 4);
    R(from(fd, p + 3 * PAGE - 4, text, 8)); puts(text);
    R(from(fd, p + 3 * PAGE, text, 1)); R(into(fd, p + 3 * PAGE, text, 1)); R(from(fd, p, text, 0)); R(from(fd, NULL, text, 1));
    R(into(fd, p + 3 * PAGE - 2, "xxxx", 4)); puts(p + 3 * PAGE - 4 == NULL ? "" : "end"); R(p[3 * PAGE - 1]);
    mprotect(p, PAGE, PROT_NONE); R(from(fd, p, text, 4)); R(into(fd, p, "none", 4)); mprotect(p, PAGE, PROT_READ); R(p[0]);
    R(into(fd, p, "read", 4)); R(p[0]);
    int file = file_of("f", "content");
    close(file); file = open("f", O_RDONLY);
    char *shared = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, file, 0), *private = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, file, 0);
    R(into(fd, shared, "C", 1)); R(into(fd, private, "P", 1)); R(shared[0]); R(private[0]); R(from(fd, shared, text, 7)); puts(text);
    R(from(fd, p, (void *)8, 4)); R(into(fd, p, (void *)8, 4)); R(from(fd, p, p, 4)); R(pread(fd, text, 4, -4)); R(pread(fd, text, 1, INT64_MAX));
    R(lseek(fd, (off_t)(uintptr_t)p, SEEK_SET) == (off_t)(uintptr_t)p); R(read(fd, text, 2)); R(read(fd, text + 2, 2)); puts(text); T(lseek(fd, 0, SEEK_CUR) == (off_t)(uintptr_t)p + 4); T(lseek(fd, 8, SEEK_CUR) == (off_t)(uintptr_t)p + 12);
    R(lseek(fd, 0, SEEK_END)); R(lseek(fd, 0, SEEK_DATA)); R(lseek(fd, -PAGE, SEEK_SET) == -PAGE); R(read(fd, text, 1)); R(lseek(fd, 0, SEEK_SET)); R(read(fd, text, 1));
    R(ftruncate(fd, 0)); R(fallocate(fd, 0, 0, 1)); struct stat st; fstat(fd, &st); R(st.st_size); R(st.st_mode); T(mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0) == MAP_FAILED);
    for (volatile int i = 0; i < 1000; i++) call();
    R(call()); R(into(fd, answer, TWO, sizeof TWO)); R(call());
}

static void others(void)
{
    int ends[2], back[2], value = 0;
    if (pipe(ends) || pipe(back)) exit(1);
    pid_t child = fork();
    if (!child) {
        char c;
        word = 100;
        if (write(back[1], "r", 1) != 1 || read(ends[0], &c, 1) != 1) exit(1);
        R(word); R(call());
        exit(0);
    }
    char path[64], c;
    if (read(back[0], &c, 1) != 1) exit(1);
    snprintf(path, sizeof path, "/proc/%d/mem", child);
    int fd = open(path, O_RDWR);
    T(fd >= 0);
    R(from(fd, (void *)&word, &value, 4)); R(value); R(word);
    value = 101; R(into(fd, &word, &value, 4)); R(word);
    unsigned char three[] = {0xb8, 3, 0, 0, 0, 0xc3};
    R(into(fd, answer, three, sizeof three)); R(call());
    fflush(stdout);
    if (write(ends[1], "g", 1) != 1) exit(1);
    waitpid(child, NULL, 0);
    R(from(fd, (void *)&word, &value, 4)); R(open(path, O_RDONLY));
    close(fd);
}

static uint64_t entry(int fd, const volatile void *at)
{
    uint64_t e = 0;
    if (pread(fd, &e, 8, (off_t)((uintptr_t)at / PAGE * 8)) != 8) return 99;
    return e >> 61 & 5;
}

static void pagemap(void)
{
    int fd = open("/proc/self/pagemap", O_RDONLY);
    char *p = pages(4);
    uint64_t e[8];
    munmap(p + 3 * PAGE, PAGE);
    p[0] = 1;
    R(entry(fd, p)); R(entry(fd, p + PAGE)); R(entry(fd, p + 3 * PAGE)); R(entry(fd, &word)); R(entry(fd, NULL));
    R(pread(fd, e, 32, (off_t)((uintptr_t)p / PAGE * 8))); R(e[0] >> 63); R(e[1] >> 63); R(e[3] >> 63);
    R(pread(fd, e, 7, 0)); R(pread(fd, e, 8, 4)); R(pread(fd, e, 0, 4)); R(pread(fd, e, 0, 0)); R(pread(fd, e, 64, 0x7fffffffffff / PAGE * 8)); R(pread(fd, e, 64, 0x7ffffffff000 / PAGE * 8)); R(pread(fd, e, 8, INT64_MAX & -8));
    R(write(fd, e, 8)); R(lseek(fd, 0, SEEK_END)); R(open("/proc/self/pagemap", O_RDWR) >= 0);
    close(fd);
}

static void namespaces(void)
{
    static const char *names[] = {"cgroup", "ipc", "mnt", "net", "pid", "pid_for_children", "user", "uts"};
    char path[64], text[64], again[64], own_text[64];
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        snprintf(path, sizeof path, "/proc/self/ns/%s", names[i]);
        long n = readlink(path, text, sizeof text - 1);
        text[n > 0 ? n : 0] = 0;
        *strchr(text, '[') = 0;
        puts(text);
        snprintf(path, sizeof path, "/proc/%d/ns/%s", getppid(), names[i]);
        n = readlink(path, again, sizeof again - 1);
        snprintf(own_text, sizeof own_text, "/proc/thread-self/ns/%s", names[i]);
        long m = readlink(own_text, own_text, sizeof own_text - 1);
        T(n == m && !memcmp(again, own_text, n));
        struct stat st, direct;
        int fd = open(path, O_RDONLY);
        T(fd >= 0 && !fstat(fd, &st) && !stat(path, &direct) && st.st_ino == direct.st_ino && S_ISREG(st.st_mode));
        close(fd);
    }
    int net = open("/proc/self/ns/net", O_RDONLY), user = ioctl(net, 0xb701), uid = 77;
    T(user >= 0); R(fcntl(user, F_GETFD)); R(ioctl(net, 0xb703)); R(ioctl(user, 0xb703)); R(ioctl(net, 0xb702)); R(ioctl(user, 0xb704, &uid)); R(uid); R(ioctl(net, 0xb704, &uid)); R(ioctl(user, 0xb704, 8)); R(ioctl(0, 0xb703));
    R(open("/proc/self/ns/none", O_RDONLY)); struct stat st; lstat("/proc/self/ns/uts", &st); R(st.st_mode); stat("/proc/self/ns", &st); R(st.st_mode);
}

int main(void)
{
    int fd = open("/proc/self/mem", O_RDWR);
    T(fd >= 0);
    own(fd);
    fflush(stdout);
    CHILD("a parent's, over fork", word = 7; int value = 0; R(from(fd, (void *)&word, &value, 4)); R(value));
    others();
    pagemap();
    CHILD("names", namespaces());
    return 0;
}
