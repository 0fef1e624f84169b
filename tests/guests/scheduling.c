/* Policies, priorities, affinity and I/O priorities as a process sees its own. */
#include "guest.h"

struct attr { unsigned size, policy; unsigned long flags; int nice; unsigned priority; unsigned long runtime, deadline, period; unsigned lo, hi, more[4]; };

int main(void) {
    struct sched_param p = {0}; struct timespec ts; struct attr a; char mask[128] = "";
    R(sched_yield()); R(sched_setscheduler(0, 99, &p)); R(sched_setscheduler(0, -1, &p)); R(sched_setscheduler(-1, 0, &p));
    R(sched_setscheduler(0, SCHED_BATCH, &p)); R(sched_getscheduler(0)); p.sched_priority = 5; R(sched_setscheduler(0, SCHED_BATCH, &p));
    R(sched_setscheduler(0, SCHED_RR, &p)); R(sched_getscheduler(0)); R(sched_getparam(0, &p)); R(p.sched_priority);
    R(sched_rr_get_interval(0, &ts)); R(ts.tv_sec); R(ts.tv_nsec); p.sched_priority = 9; R(sched_setparam(0, &p)); R(sched_getparam(0, &p));
    R(p.sched_priority); p.sched_priority = 0; R(sched_setparam(0, &p)); p.sched_priority = 100; R(sched_setparam(0, &p));
    R(sched_setparam(0, NULL)); R(syscall(SYS_sched_setparam, 0, 8L)); R(sched_setscheduler(0, SCHED_FIFO | SCHED_RESET_ON_FORK, &p));
    p.sched_priority = 3; R(sched_setscheduler(0, SCHED_FIFO | SCHED_RESET_ON_FORK, &p)); R(sched_getscheduler(0));
    R(sched_rr_get_interval(0, &ts)); R(ts.tv_nsec); CHILD("reset on fork", R(sched_getscheduler(0)));
    p.sched_priority = 0; R(sched_setscheduler(0, SCHED_OTHER, &p)); R(sched_getscheduler(0)); R(sched_rr_get_interval(-1, &ts));
    R(sched_rr_get_interval(0, (void *)8)); R(sched_getparam(0, NULL)); R(sched_getparam(99999999, &p)); R(sched_setparam(99999999, &p));
    for (int i = 0; i < 8; i++) { R(sched_get_priority_max(i)); R(sched_get_priority_min(i)); }
    memset(&a, 0, sizeof a); R(syscall(SYS_sched_getattr, 0, &a, sizeof a, 0)); R(a.size); R(a.policy); R(a.nice); R(a.priority);
    R(syscall(SYS_sched_getattr, 0, &a, 47, 0)); R(syscall(SYS_sched_getattr, 0, &a, 4097, 0)); R(syscall(SYS_sched_getattr, 0, &a, 48, 1));
    R(syscall(SYS_sched_getattr, -1, &a, 48, 0)); R(syscall(SYS_sched_getattr, 0, 8L, 48, 0)); R(syscall(SYS_sched_getattr, 0, NULL, 48, 0));
    memset(&a, 0, sizeof a); a.size = 48; a.nice = 4; R(syscall(SYS_sched_setattr, 0, &a, 0)); R(getpriority(PRIO_PROCESS, 0));
    a.size = 40; R(syscall(SYS_sched_setattr, 0, &a, 0)); R(a.size); a.size = sizeof a; R(syscall(SYS_sched_setattr, 0, &a, 0));
    a.more[0] = 1; R(syscall(SYS_sched_setattr, 0, &a, 0)); R(a.size); a.size = 48; R(syscall(SYS_sched_setattr, 0, &a, 1));
    R(syscall(SYS_sched_setattr, 0, 8L, 0)); R(syscall(SYS_sched_setattr, -1, &a, 0)); a.policy = 77; R(syscall(SYS_sched_setattr, 0, &a, 0));
    a.policy = 0; a.flags = 0x1000; R(syscall(SYS_sched_setattr, 0, &a, 0)); a.flags = 0; a.policy = SCHED_RR; R(syscall(SYS_sched_setattr, 0, &a, 0));
    a.priority = 2; R(syscall(SYS_sched_setattr, 0, &a, 0)); R(syscall(SYS_sched_getattr, 0, &a, 48, 0)); R(a.policy); R(a.priority);
    long n = syscall(SYS_sched_getaffinity, 0, sizeof mask, mask); T(n > 0 && n % 8 == 0); R(syscall(SYS_sched_getaffinity, 0, 12, mask));
    R(syscall(SYS_sched_getaffinity, 0, 0, mask)); R(syscall(SYS_sched_getaffinity, 0, sizeof mask, 8L)); R(syscall(SYS_sched_getaffinity, -1, sizeof mask, mask));
    T(syscall(SYS_sched_setaffinity, 0, n, mask) == 0); R(syscall(SYS_sched_setaffinity, 0, sizeof mask, 8L)); R(syscall(SYS_sched_setaffinity, 99999999, n, mask));
    memset(mask, 0, sizeof mask); R(syscall(SYS_sched_setaffinity, 0, n, mask)); mask[0] = 1; R(syscall(SYS_sched_setaffinity, 0, 1, mask));
    memset(mask, 9, sizeof mask); T(syscall(SYS_sched_getaffinity, 0, sizeof mask, mask) == n); R(mask[0]);
    R(syscall(SYS_ioprio_get, 1, 0)); R(syscall(SYS_ioprio_set, 1, 0, 2 << 13 | 3)); R(syscall(SYS_ioprio_get, 1, 0)); R(syscall(SYS_ioprio_get, 9, 0));
    R(syscall(SYS_ioprio_set, 1, 0, 7 << 13)); R(syscall(SYS_ioprio_set, 1, 0, 3)); R(syscall(SYS_ioprio_set, 1, 99999999, 2 << 13)); R(syscall(SYS_ioprio_get, 1, 99999999));
}
