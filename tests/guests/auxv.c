/* args: one two three */
/* What the loader tells a program: arguments, environment, auxiliary vector. */
#include <elf.h>
#include "guest.h"

extern char **environ;
extern const Elf64_Ehdr __ehdr_start;

int main(int argc, char **argv) {
    for (int i = 1; i < argc; i++) printf("argv %s\n", argv[i]);
    for (char **e = environ; *e; e++) if (strncmp(*e, "PWD", 3) && strncmp(*e, "HOME", 4)) printf("env %s\n", *e);
    R(getauxval(AT_PAGESZ)); R(getauxval(AT_CLKTCK)); R(getauxval(AT_FLAGS)); R(getauxval(AT_SECURE));
    R(getauxval(AT_UID)); R(getauxval(AT_EUID)); R(getauxval(AT_GID)); R(getauxval(AT_EGID));
    R(getauxval(AT_PHENT)); R(getauxval(AT_PHNUM)); T(getauxval(AT_BASE) == 0);
    T(getauxval(AT_PHDR) == (uintptr_t)&__ehdr_start + __ehdr_start.e_phoff);
    T(getauxval(AT_PHNUM) == __ehdr_start.e_phnum);
    T(getauxval(AT_ENTRY) % (1UL << 32) != 0);
    T(getauxval(AT_HWCAP) != 0);
    puts((char *)getauxval(AT_PLATFORM));
    T(strcmp((char *)getauxval(AT_EXECFN), argv[0]) == 0);
    unsigned char *random = (void *)getauxval(AT_RANDOM), any = 0;
    for (int i = 0; i < 16; i++) any |= random[i];
    T(any != 0);
    int fd = open("/proc/self/auxv", O_RDONLY);
    Elf64_auxv_t v = {0}; int n = 0, same = 1;
    while (read(fd, &v, sizeof v) == sizeof v && v.a_type != AT_NULL) { n++;
    same &= v.a_type == AT_HWCAP || getauxval(v.a_type) == v.a_un.a_val; }
    T(n >= 18); T(same);
    char cmd[4096], *last; long k = read(open("/proc/self/cmdline", O_RDONLY), cmd, sizeof cmd);
    last = cmd + k - 6; printf("%s\n", last);
    T((size_t)k == strlen(argv[0]) + 1 + 14);
}
