/* Memory policies on one node: what is remembered and told again, errors and their order. */
#include "guest.h"

static unsigned long m; static int mode;
static void told(void *a, int flags) { mode = 77; m = 0; errno = 0; long r = syscall(SYS_get_mempolicy, &mode, &m, 65L, a, (long)flags); if (r) printf("told: %s\n", strerror(errno)); else printf("told: %#x %lx\n", mode, m); }
static long set(int policy, unsigned long nodes) { return syscall(SYS_set_mempolicy, policy, &nodes, 65L); }
static long bind_(void *a, long n, int policy, unsigned long nodes, int flags) { return syscall(SYS_mbind, a, n, policy, &nodes, 65L, flags); }

int main(void) {
    char *p = pages(4); unsigned long big[64] = {0}; int st[4], nodes[4] = {0}; void *at[4] = {p, p + PAGE, p + 3 * PAGE, (void *)PAGE}; unsigned long one = 1, two = 2, none = 0;
    told(NULL, 0); told(p, 2); told(p, 0); told(NULL, 4); told(NULL, 5); told(NULL, 8); told(NULL, 1); told((void *)8, 2); told(p, 3); R(syscall(SYS_get_mempolicy, NULL, NULL, 0L, NULL, 0L)); R(syscall(SYS_get_mempolicy, NULL, &m, 0L, NULL, 0L)); R(syscall(SYS_get_mempolicy, 8L, NULL, 0L, NULL, 0L)); R(syscall(SYS_get_mempolicy, NULL, 8L, 64L, NULL, 0L));
    memset(big, 255, sizeof big); R(syscall(SYS_get_mempolicy, NULL, big, 200L, NULL, 4L)); printf("%lx %lx %lx %lx %lx\n", big[0], big[1], big[2], big[3], big[4]); R(syscall(SYS_get_mempolicy, NULL, big, 40000L, NULL, 4L));
    for (int i = 0; i < 9; i++) { R(set(i, 1)); told(NULL, 0); R(set(i, 0)); told(NULL, 0); R(set(i, 2)); told(NULL, 0); R(set(i, 3)); told(NULL, 0); told(NULL, 1); }
    R(set(-1, 1)); for (int f = 13; f < 16; f++) for (int i = 0; i < 6; i++) { printf("%d %d ", f, i); R(set(i | 1 << f, 1)); told(NULL, 0); R(set(i | 1 << f, 3)); told(NULL, 0); R(set(i | 1 << f, 0)); } R(set(2 | 3 << 14, 1)); R(set(2 | 1 << 12, 1));
    R(syscall(SYS_set_mempolicy, 2, NULL, 65L)); R(syscall(SYS_set_mempolicy, 2, 8L, 65L)); R(syscall(SYS_set_mempolicy, 2, &one, 0L)); R(syscall(SYS_set_mempolicy, 2, &one, 1L)); R(syscall(SYS_set_mempolicy, 2, &one, 2L)); R(syscall(SYS_set_mempolicy, 2, &one, 40000L)); memset(big, 0, sizeof big); big[20] = 1; R(syscall(SYS_set_mempolicy, 2, big, 2000L)); R(set(0, 0));
    p[0] = 1; R(bind_(p, 2 * PAGE, 2, 1, 0)); told(p, 2); told(p + PAGE, 2); told(p + 2 * PAGE, 2); told(p, 3); CHILD("child", told(p, 2)); R(bind_(p, PAGE, 0, 0, 0)); told(p, 2); told(p + PAGE, 2); R(bind_(p, 0, 2, 1, 0)); R(bind_(p, 0, 9, 1, 0)); R(bind_(p + 1, PAGE, 2, 1, 0)); R(bind_(p, PAGE, 2, 1, 8)); R(bind_(p, PAGE, 2, 0, 0)); R(bind_(p, PAGE, 3, 1, 7)); told(p, 2); R(bind_(p, -1, 2, 1, 0)); R(bind_(p, -PAGE, 2, 1, 0));
    R(bind_((void *)PAGE, PAGE, 2, 1, 0)); munmap(p + 2 * PAGE, PAGE); R(bind_(p, 4 * PAGE, 2, 1, 0)); told(p + 3 * PAGE, 2); R(syscall(SYS_mbind, p, PAGE, 2, 8L, 65L, 0));
    R(syscall(SYS_set_mempolicy_home_node, p, PAGE, 0L, 0L)); R(bind_(p, PAGE, 2, 1, 0)); R(syscall(SYS_set_mempolicy_home_node, p, PAGE, 0L, 0L)); R(syscall(SYS_set_mempolicy_home_node, p, PAGE, 5L, 0L)); R(syscall(SYS_set_mempolicy_home_node, p, PAGE, 0L, 1L)); R(syscall(SYS_set_mempolicy_home_node, p + 1, PAGE, 0L, 0L)); R(syscall(SYS_set_mempolicy_home_node, PAGE, PAGE, 0L, 0L)); R(syscall(SYS_set_mempolicy_home_node, p, 0L, 0L, 0L));
    R(syscall(SYS_migrate_pages, 0, 64L, &one, &one)); R(syscall(SYS_migrate_pages, 0, 64L, &one, &two)); R(syscall(SYS_migrate_pages, 0, 64L, &one, &none)); R(syscall(SYS_migrate_pages, 99999999, 64L, &one, &one)); R(syscall(SYS_migrate_pages, 0, 64L, 8L, &one)); R(syscall(SYS_migrate_pages, 99999999, 40000L, &one, &one));
    at[2] = p + 2 * PAGE; p[3 * PAGE] = 1; memset(st, 0x55, sizeof st); R(syscall(SYS_move_pages, 0, 4L, at, NULL, st, 0)); for (int i = 0; i < 4; i++) printf("%d ", st[i]); puts(""); R(syscall(SYS_move_pages, 0, 0L, NULL, NULL, NULL, 0)); R(syscall(SYS_move_pages, 0, 1L, 8L, NULL, st, 0)); R(syscall(SYS_move_pages, 0, 1L, at, NULL, 8L, 0)); R(syscall(SYS_move_pages, 0, 1L, at, NULL, st, 1)); R(syscall(SYS_move_pages, 99999999, 1L, at, NULL, st, 0));
    st[0] = 9; R(syscall(SYS_move_pages, 0, 1L, at, nodes, st, 2)); R(st[0]); nodes[0] = 5; R(syscall(SYS_move_pages, 0, 1L, at, nodes, st, 2)); nodes[0] = -1; R(syscall(SYS_move_pages, 0, 1L, at, nodes, st, 2)); R(syscall(SYS_move_pages, 0, 1L, at, 8L, st, 2));
}
