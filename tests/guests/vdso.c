/* The vDSO: there, a shared object of Linux's names and version, in agreement with the calls; and what shows it in /proc/self/maps. */
#include <elf.h>
#include <link.h>
#include "guest.h"

static const char *base, *strings;
static const Elf64_Sym *symbols;
static const Elf64_Word *hash;
static const Elf64_Half *version_of;
static const Elf64_Verdef *versions;

static void *find(const char *name) {
    for (unsigned i = 0; i < hash[1]; i++)
        if (!strcmp(strings + symbols[i].st_name, name) && symbols[i].st_shndx) {
            const Elf64_Verdef *d = versions;
            while ((d->vd_flags & VER_FLG_BASE) || d->vd_ndx != version_of[i]) d = (void *)((char *)d + d->vd_next);
            const Elf64_Verdaux *a = (void *)((char *)d + d->vd_aux);
            printf("%s %s type %d\n", name, strings + a->vda_name, ELF64_ST_TYPE(symbols[i].st_info));
            return (void *)(base + symbols[i].st_value);
        }
    printf("%s is missing\n", name);
    return NULL;
}
static long long ns(struct timespec t) { return t.tv_sec * 1000000000LL + t.tv_nsec; }

int main(void) {
    base = (void *)getauxval(AT_SYSINFO_EHDR);
    const Elf64_Ehdr *e = (void *)base;
    T(base != NULL); T(!memcmp(e->e_ident, ELFMAG, 4)); R(e->e_type); R(e->e_machine);
    const Elf64_Phdr *p = (void *)(base + e->e_phoff);
    for (int i = 0; i < e->e_phnum; i++)
        if (p[i].p_type == PT_DYNAMIC)
            for (const Elf64_Dyn *d = (void *)(base + p[i].p_vaddr); d->d_tag; d++) {
                const void *at = base + d->d_un.d_ptr;
                if (d->d_tag == DT_STRTAB) strings = at;
                if (d->d_tag == DT_SYMTAB) symbols = at;
                if (d->d_tag == DT_HASH) hash = at;
                if (d->d_tag == DT_VERSYM) version_of = at;
                if (d->d_tag == DT_VERDEF) versions = at;
            }
    const char *names[] = {"clock_gettime", "gettimeofday", "time", "clock_getres", "getcpu"};
    for (int i = 0; i < 5; i++) {
        char full[64]; sprintf(full, "__vdso_%s", names[i]);
        T(find(names[i]) == find(full)); }
    int (*gettime)(int, struct timespec *) = find("__vdso_clock_gettime");
    int (*getres)(int, struct timespec *) = find("__vdso_clock_getres");
    int (*timeofday)(struct timeval *, struct timezone *) = find("__vdso_gettimeofday");
    long (*seconds)(long *) = find("__vdso_time");
    int (*cpu)(unsigned *, unsigned *, void *) = find("__vdso_getcpu");
    struct timespec a, b, c, r; struct timeval v; struct timezone z = {7, 7}; unsigned n = 9999, node = 9999; long s = 7;
    int clocks[] = {0, 1, 2, 3, 4, 5, 6, 7, 11};
    for (int i = 0; i < 9; i++) {
        long bad = 0;
        for (int k = 0; k < 2000; k++) {
            syscall(SYS_clock_gettime, clocks[i], &a); gettime(clocks[i], &b); syscall(SYS_clock_gettime, clocks[i], &c);
            bad += ns(a) > ns(b) || ns(b) > ns(c); }
        syscall(SYS_clock_getres, clocks[i], &a);
        printf("clock %d: out of order %ld, ", clocks[i], bad);
        R(getres(clocks[i], &r)); T(ns(a) == ns(r)); }
    long bad = 0;
    for (int k = 0; k < 20000; k++) {
        syscall(SYS_gettimeofday, &v, 0); long long x = v.tv_sec * 1000000LL + v.tv_usec;
        timeofday(&v, k % 2 ? &z : 0); long long y = v.tv_sec * 1000000LL + v.tv_usec;
        long t = syscall(SYS_time, 0), u = seconds(&s);
        bad += x > y || t > u || u != s; }
    R(bad); R(z.tz_minuteswest); R(gettime(99, &a)); R(gettime(-99, &a)); R(getres(1, 0)); R(timeofday(0, 0));
    R(cpu(&n, &node, 0)); T(n < 4096); T(node < 4096);
    CHILD("in a child", syscall(SYS_clock_gettime, 1, &a); gettime(1, &b); _exit(ns(a) > ns(b)));
    CHILD("bad pointer", gettime(1, (void *)8));
    CHILD("writing clock data", char *at = 0; char line[256]; FILE *f = fopen("/proc/self/maps", "r");
        while (fgets(line, 256, f)) if (strstr(line, "[vvar]")) at = (char *)strtoul(line, 0, 16);
        R(mprotect(at, PAGE, RW)); R(mprotect(at, PAGE, PROT_READ | PROT_EXEC)); T(*(volatile int *)at | 1); *at = 1);
    char line[256]; FILE *f = fopen("/proc/self/maps", "r"); unsigned long lo, hi; char prot[8];
    int vvar = 0, vdso = 0, vsyscall = 0;
    while (fgets(line, 256, f)) {
        sscanf(line, "%lx-%lx %7s", &lo, &hi, prot);
        if (strstr(line, " [vvar]\n")) vvar += !strcmp(prot, "r--p");
        if (strstr(line, " [vdso]\n")) vdso += lo == (unsigned long)base && !strcmp(prot, "r-xp");
        if (strstr(line, " [vsyscall]\n")) { vsyscall++; printf("%s", line); } }
    printf("vvar %d vdso %d vsyscall %d\n", vvar, vdso, vsyscall);
    long (*old)(long *) = (void *)0xffffffffff600400UL;
    s = 7; T(labs(old(&s) - time(0)) <= 1); T(labs(s - time(0)) <= 1);
    pid_t pid = fork(); if (!pid) { a.tv_nsec = 0; munmap((void *)((unsigned long)base & -PAGE), PAGE); syscall(SYS_clock_gettime, 1, &a); _exit(a.tv_nsec == 0 && !a.tv_sec); }
    ended("without it", pid);
}
