/* A file mapping: its tail is zero, stores reach the file (shared) or do not (private), offsets count. */
#include "guest.h"

int main(void) {
    int fd = file_of("f", "");
    char page[PAGE];
    for (int i = 0; i < 3; i++) { memset(page, 'a' + i, PAGE); (void)!write(fd, page, i == 2 ? 100 : PAGE); }
    char *s = mmap(NULL, 3 * PAGE, RW, MAP_SHARED, fd, 0), *p = mmap(NULL, 2 * PAGE, RW, MAP_PRIVATE, fd, PAGE);
    printf("%c%c%c %c%c\n", s[0], s[PAGE], s[2 * PAGE + 99], p[0], p[PAGE]);
    T(s[2 * PAGE + 100] == 0 && s[3 * PAGE - 1] == 0);
    s[1] = 'S'; p[1] = 'P';
    R(msync(s, 3 * PAGE, MS_SYNC)); R(msync(s, PAGE, MS_SYNC | MS_ASYNC)); R(msync(s + 1, PAGE, MS_SYNC));
    char got[4] = ""; R(pread(fd, got, 3, 0)); puts(got); R(pread(fd, got, 3, PAGE)); puts(got);
    R(pwrite(fd, "QQQ", 3, PAGE)); printf("%.3s %c%c\n", s + PAGE, p[0], p[1]);
    R(pwrite(fd, "RRR", 3, 2 * PAGE)); printf("%.3s %.3s\n", s + 2 * PAGE, p + PAGE);
    R(close(fd)); s[2] = 'x'; printf("%.3s\n", s);
    fd = open("f", O_RDONLY); R(pread(fd, got, 3, 0)); puts(got);
    R(munmap(s + PAGE, PAGE)); printf("%c %c\n", s[0], s[2 * PAGE]);
    struct stat st; R(fstat(fd, &st)); printf("%ld\n", (long)st.st_size);
    R(munmap(s, PAGE)); R(msync(s, PAGE, MS_SYNC)); R(unlink("f")); printf("%c\n", p[0]);
}
