/* What a C library tells the kernel of its thread: futex words without contention, robust lists, rseq, membarrier. */
#include "guest.h"

#define F(op, val, to, v3) syscall(SYS_futex, &word, op, val, to, &other, v3)
int main(void) {
    unsigned word = 1, other = 2; struct timespec soon = {0, 1000000}, bad = {0, -1}, past = {0, 0}; void *head; size_t size;
    R(F(0, 2, NULL, 0)); R(F(0, 1, &soon, 0)); R(F(128, 1, &soon, 0)); R(F(0, 1, &bad, 0)); R(F(1, 1, NULL, 0)); R(F(129, 5, NULL, 0));
    R(F(9, 1, &past, 1)); R(F(9, 1, &past, 0)); R(F(9 | 256, 1, &past, -1)); R(F(10, 1, NULL, 0)); R(F(10, 1, NULL, 1)); R(F(3, 1, (void *)1, 0));
    R(F(4, 1, (void *)1, 1)); R(F(4, 1, (void *)1, 9)); R(syscall(SYS_futex, (char *)&word + 1, 0, 1, &soon)); R(syscall(SYS_futex, 8L, 0, 1, &soon));
    R(syscall(SYS_futex, 8L, 1, 1)); R(syscall(SYS_futex, (char *)&word + 2, 1, 1)); R(F(99, 1, NULL, 0));
    T(syscall(SYS_get_robust_list, 0, &head, &size) == 0 && size == 24); long list[3]; R(syscall(SYS_set_robust_list, list, 24));
    R(syscall(SYS_get_robust_list, 0, &head, &size)); T(head == list); R(syscall(SYS_set_robust_list, list, 23)); R(syscall(SYS_get_robust_list, 99999999, &head, &size));
    R(syscall(SYS_get_robust_list, 0, 8L, &size)); R(syscall(SYS_rseq, NULL, 0, 0, 0) == 0); R(syscall(SYS_membarrier, -5, 0, 0)); R(syscall(SYS_membarrier, 1, 9, 0));
    T(syscall(SYS_membarrier, 0, 0, 0) >= 0);
}
