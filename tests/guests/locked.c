/* Locked instructions on memory that two processes share: no form of any width loses an update, aligned or not; and they fault as
   others do, at the exact address. */
#include "guest.h"
#define TURNS 50000
#define A(...) __asm__ volatile(__VA_ARGS__)

/* ---- each form, by two processes at once: `at` is the operand, `own` a bit of each process, `lost` what one of them saw go */

static struct { volatile int stage[2], lost; volatile long held[2]; char room[3 * PAGE]; } *shared;
static char *at; static long own; static int second; static pid_t child;
#define FORM(name, ...) static void name(void) { int lost = 0; for (int i = 0; i < TURNS; i++) { __VA_ARGS__; } if (lost) shared->lost = 1; }
#define OP(what, ...) A(what : : "r"(at), ##__VA_ARGS__ : "memory", "cc")
#define SEEN(t) ((*(volatile t *)at & own) != 0)
#define FORMS(w, s, t) \
    FORM(add_##w, OP("lock add" s " %1, (%0)", "q"((t)1))) \
    FORM(addi_##w, OP("lock add" s " $1, (%0)")) \
    FORM(sub_##w, OP("lock sub" s " %1, (%0)", "q"((t)-1))) \
    FORM(adc_##w, OP("stc; lock adc" s " $0, (%0)")) \
    FORM(sbb_##w, OP("stc; lock sbb" s " $-2, (%0)")) \
    FORM(inc_##w, OP("lock inc" s " (%0)")) \
    FORM(dec_##w, OP("lock dec" s " (%0)")) \
    FORM(neg_##w, OP("lock neg" s " (%0)")) \
    FORM(not_##w, OP("lock not" s " (%0)")) \
    FORM(xadd_##w, t one = 1; A("lock xadd" s " %0, (%1)" : "+q"(one) : "r"(at) : "memory", "cc")) \
    FORM(cmpxchg_##w, t old, was; do { old = was = *(volatile t *)at; A("lock cmpxchg" s " %2, (%1)" : "+a"(was) : "r"(at), "q"((t)(old + 1)) : "memory", "cc"); } while (was != old)) \
    FORM(or_##w, OP("lock or" s " %1, (%0)", "q"((t)own)); lost |= !SEEN(t); OP("lock and" s " %1, (%0)", "q"((t)~own)); lost |= SEEN(t)) \
    FORM(xor_##w, OP("lock xor" s " %1, (%0)", "q"((t)own)); lost |= SEEN(t) == i % 2) \
    FORM(xchg_##w, t token = shared->held[second]; A("xchg" s " %0, (%1)" : "+q"(token) : "r"(at) : "memory"); shared->held[second] = token)
#define BITS(w, s, t) \
    FORM(bts_##w, OP("lock bts" s " %1, (%0)", "r"((t)(second ? 5 : 3))); lost |= !SEEN(t); OP("lock btr" s " %1, (%0)", "r"((t)(second ? 5 : 3))); lost |= SEEN(t)) \
    FORM(btc_##w, OP("lock btc" s " %1, (%0)", "r"((t)(second ? 5 : 3))); lost |= SEEN(t) == i % 2)
FORMS(b, "b", unsigned char) FORMS(w, "w", unsigned short) FORMS(l, "l", unsigned) FORMS(q, "q", unsigned long)
BITS(w, "w", unsigned short) BITS(l, "l", unsigned) BITS(q, "q", unsigned long)
FORM(cmpxchg8b, unsigned char same; do { unsigned long old = *(volatile unsigned long *)at; unsigned low = old, high = old >> 32;
    A("lock cmpxchg8b (%3); setz %2" : "+a"(low), "+d"(high), "=q"(same) : "r"(at), "b"((unsigned)(old + 1)), "c"((unsigned)((old + 1) >> 32)) : "memory", "cc"); } while (!same))
FORM(cmpxchg16b, unsigned char same; do { unsigned long low = ((volatile unsigned long *)at)[0], high = ((volatile unsigned long *)at)[1];
    A("lock cmpxchg16b (%3); setz %2" : "+a"(low), "+d"(high), "=q"(same) : "r"(at), "b"(low + 1), "c"(high + 1) : "memory", "cc"); } while (!same))

enum { COUNTS = 2 * TURNS, NOTHING = 0, ONE = 1, TOKENS = 7 };
static const struct form { const char *name; void (*does)(void); long first, leaves; int width; } forms[] = {
#define ROWS(w, n) {"add " #w, add_##w, 0, COUNTS, n}, {"add $1 " #w, addi_##w, 0, COUNTS, n}, {"sub " #w, sub_##w, 0, COUNTS, n}, {"adc " #w, adc_##w, 0, COUNTS, n}, {"sbb " #w, sbb_##w, 0, COUNTS, n}, \
    {"inc " #w, inc_##w, 0, COUNTS, n}, {"dec " #w, dec_##w, 0, -(long)COUNTS, n}, {"neg " #w, neg_##w, ONE, ONE, n}, {"not " #w, not_##w, NOTHING, NOTHING, n}, {"xadd " #w, xadd_##w, 0, COUNTS, n}, \
    {"cmpxchg " #w, cmpxchg_##w, 0, COUNTS, n}, {"or, and " #w, or_##w, 0, NOTHING, n}, {"xor " #w, xor_##w, 0, NOTHING, n}, {"xchg " #w, xchg_##w, 4, TOKENS, n},
#define BIT_ROWS(w, n) {"bts, btr " #w, bts_##w, 0, NOTHING, n}, {"btc " #w, btc_##w, 0, NOTHING, n},
    ROWS(b, 1) ROWS(w, 2) ROWS(l, 4) ROWS(q, 8) BIT_ROWS(w, 2) BIT_ROWS(l, 4) BIT_ROWS(q, 8)
    {"cmpxchg8b", cmpxchg8b, 0, COUNTS, 8}, {"cmpxchg16b", cmpxchg16b, 0, COUNTS, 16},
};

/* Each waits for the other: words of their own need no locked instruction. */
static void meet(void) { shared->stage[second]++; while (shared->stage[!second] < shared->stage[second]) sched_yield(); }
static void by_two(const struct form *f, int offset) {
    at = shared->room + PAGE - (long)shared->room % PAGE + 256 + offset;
    if (!second) { memset(at - offset, 0, 32); memcpy(at, &f->first, 1); shared->lost = 0; shared->held[0] = 1; shared->held[1] = 2; }
    meet(); f->does(); meet(); if (second) return;
    long n = 0, all = f->leaves; memcpy(&n, at, f->width < 8 ? f->width : 8);
    if (f->leaves == TOKENS) n |= shared->held[0] | shared->held[1];
    if (f->width < 8) all &= (1L << 8 * f->width) - 1;
    printf("%s at %d: %s\n", f->name, offset, n == all && !shared->lost ? "whole" : "lost");
}

/* ---- faults: `base` is two pages, a hole, and a page that is read-only */

static sigjmp_buf back; static char *base; static siginfo_t info;
static void on(int number, siginfo_t *i, void *c) { info = *i; siglongjmp(back, number); }
static void incs(char *p) { A("lock incq (%0)" : : "r"(p) : "memory", "cc"); }
static void swaps(char *p) { long v = 5; A("xchgl %k0, (%1)" : "+r"(v) : "r"(p) : "memory"); }
static void compares(char *p) { A("lock cmpxchgq %1, (%0)" : : "r"(p), "r"(9L) : "rax", "memory", "cc"); }
static void eight(char *p) { A("lock cmpxchg8b (%0)" : : "r"(p) : "rax", "rbx", "rcx", "rdx", "memory", "cc"); }
static void sixteen(char *p) { A("lock cmpxchg16b (%0)" : : "r"(p) : "rax", "rbx", "rcx", "rdx", "memory", "cc"); }
static void faults(const char *name, void (*does)(char *), char *p, const char *where) {
    int number = sigsetjmp(back, 1); if (!number) { does(p); printf("%s %s: done\n", name, where); return; }
    printf("%s %s: signal %d, code %d, ", name, where, number, info.si_code);
    if (info.si_code == SI_KERNEL || (unsigned long)p < PAGE || p > base + 4 * PAGE) printf("%ld\n", (long)info.si_addr); else printf("base + %ld\n", (char *)info.si_addr - base);
}

int main(int argc, char **argv) {
    shared = mmap(NULL, sizeof *shared, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    child = fork(); second = !child; own = second ? 1 << 5 : 1 << 3;
    for (unsigned i = 0; i < sizeof forms / sizeof *forms; i++) by_two(&forms[i], 0);
    for (unsigned i = 0; i < sizeof forms / sizeof *forms; i++) if (forms[i].width > 1 && forms[i].width < 16) by_two(&forms[i], 1);
    if (second) _exit(0); else ended("the other", child);
    base = mmap(NULL, 4 * PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0); munmap(base + 2 * PAGE, PAGE); mprotect(base + 3 * PAGE, PAGE, PROT_READ);
    struct sigaction a = {.sa_sigaction = on, .sa_flags = SA_SIGINFO}; sigaction(SIGSEGV, &a, NULL); sigaction(SIGBUS, &a, NULL);
    static const struct { const char *name; void (*does)(char *); } some[] = {{"inc", incs}, {"xchg", swaps}, {"cmpxchg", compares}, {"cmpxchg8b", eight}, {"cmpxchg16b", sixteen}};
    for (int i = 0; i < 5; i++) {
#define AT(p, where) faults(some[i].name, some[i].does, p, where)
        AT(base + 64, "aligned"); AT(base + 65, "not aligned"); AT(base + PAGE - 2, "on two pages"); AT(base + 2 * PAGE - 2, "half in a hole"); AT(base + 2 * PAGE, "in a hole");
        AT(base + 3 * PAGE, "read-only"); AT(base + 3 * PAGE + 1, "read-only, not aligned"); AT(NULL, "at 0"); AT((char *)8, "at 8"); AT((char *)(1UL << 63), "beyond all addresses"); AT((char *)-PAGE, "in the kernel");
    }
    for (int i = 0; i < 3; i++) incs(base + PAGE - 3);
    long n; memcpy(&n, base + PAGE - 3, 8); R(n & 255);
    if (argc == 1) execl("/proc/self/exe", "locked", "after exec", NULL);
}
