/* System V semaphores: values, several operations at once, waiting, undoing, removal, errors and their order. */
#include "guest.h"
#include <sys/ipc.h>
#include <sys/sem.h>

union semun { int val; struct semid_ds *buf; unsigned short *array; struct seminfo *info; };
#define S(...) ((struct sembuf[]){__VA_ARGS__})
static int id;
static void until(int cmd, int n, int want) { while (semctl(id, n, cmd) != want) usleep(1000); }
static void nothing(int s) { (void)s; }

int main(void) {
    int key = 0x1b000000 | getpid(); struct semid_ds d; unsigned short v[3] = {4, 5, 6}; union semun u = {.buf = &d}, all = {.array = v}, val = {.val = 2};
    R(semget(key, 3, 0)); R(semget(key, 0, IPC_CREAT | 0600)); R(semget(key, 40000, IPC_CREAT | 0600)); R(semget(key, -1, IPC_CREAT | 0600));
    id = semget(key, 3, IPC_CREAT | IPC_EXCL | 0600); T(id >= 0); T(semget(key, 0, 0) == id && semget(key, 2, IPC_CREAT) == id); R(semget(key, 4, 0)); R(semget(key, 3, IPC_CREAT | IPC_EXCL));
    R(semctl(id, 0, IPC_STAT, u)); R(d.sem_nsems); T(d.sem_perm.__key == key); R(d.sem_perm.mode); R(d.sem_otime);
    R(semctl(id, 0, SETALL, all)); memset(v, 0, sizeof v); R(semctl(id, 0, GETALL, all)); printf("%d %d %d\n", v[0], v[1], v[2]);
    R(semctl(id, 1, GETVAL)); R(semctl(id, 1, SETVAL, val)); R(semctl(id, 1, GETVAL)); T(semctl(id, 1, GETPID) == getpid()); R(semctl(id, 3, GETVAL)); R(semctl(id, -1, GETVAL));
    val.val = 32768; R(semctl(id, 1, SETVAL, val)); val.val = -1; R(semctl(id, 1, SETVAL, val)); R(semctl(id, 3, SETVAL, val)); R(semctl(id, 0, 99)); R(semctl(-1, 0, GETVAL)); R(semctl(0x7ffffff0, 0, GETVAL));
    v[0] = 40000; R(semctl(id, 0, SETALL, all)); all.array = (void *)8; R(semctl(id, 0, SETALL, all)); R(semctl(id, 0, GETALL, all)); all.array = v; u.buf = (void *)8; R(semctl(id, 0, IPC_STAT, u)); R(semctl(0x7ffffff0, 0, IPC_SET, u)); u.buf = &d;
    R(semop(id, S({0, -1, 0}, {1, 3, 0}, {2, -6, IPC_NOWAIT}), 3)); semctl(id, 0, GETALL, all); printf("%d %d %d\n", v[0], v[1], v[2]);
    R(semop(id, S({0, -1, 0}, {2, -1, IPC_NOWAIT}), 2)); R(semctl(id, 0, GETVAL)); R(semop(id, S({0, 0, IPC_NOWAIT}), 1)); R(semop(id, S({2, 0, IPC_NOWAIT}), 1));
    R(semop(id, S({3, 1, 0}), 1)); R(semop(id, S({0, 32767, 0}), 1)); R(semop(id, S({0, 1, 0}), 0)); R(semop(id, (void *)8, 1)); R(semop(0x7ffffff0, S({0, 1, 0}), 1)); R(semop(-1, S({0, 1, 0}), 1));
    R(semop(id, (void *)8, 501)); R(semop(id, (void *)8, 0));
    struct timespec t = {0, 20000000}, bad = {0, 1000000000}, zero = {0, 0}, a, b; clock_gettime(CLOCK_MONOTONIC, &a);
    R(semtimedop(id, S({2, -1, 0}), 1, &t)); clock_gettime(CLOCK_MONOTONIC, &b); T((b.tv_sec - a.tv_sec) * 1000000000L + b.tv_nsec - a.tv_nsec >= 20000000);
    R(semtimedop(id, S({2, -1, 0}), 1, &zero)); R(semtimedop(id, S({2, -1, 0}), 1, &bad)); R(semtimedop(id, S({2, 1, 0}), 1, &bad)); R(semtimedop(id, S({2, 0, 0}), 1, &t)); R(semtimedop(id, S({2, 0, 0}), 1, (void *)8));
    pid_t p = fork(); if (!p) { int r = semop(id, S({0, -2, 0}, {2, -1, 0}), 2); _exit(r ? errno : semctl(id, 2, GETVAL)); }
    until(GETNCNT, 2, 1); R(semctl(id, 0, GETNCNT)); R(semctl(id, 2, GETZCNT)); R(semop(id, S({2, 3, 0}), 1)); ended("waited", p); R(semctl(id, 2, GETVAL)); T(semctl(id, 2, GETPID) == p); R(semctl(id, 2, GETNCNT));
    p = fork(); if (!p) _exit(semop(id, S({2, 0, 0}), 1) ? errno : 0); until(GETZCNT, 2, 1); val.val = 0; R(semctl(id, 2, SETVAL, val)); ended("zero", p); R(semctl(id, 2, GETZCNT));
    CHILD("undo", R(semop(id, S({1, -2, SEM_UNDO}, {2, 5, SEM_UNDO}), 2)); R(semctl(id, 2, GETVAL))); R(semctl(id, 1, GETVAL)); R(semctl(id, 2, GETVAL));
    int up[2]; if (pipe(up)) return 1; char c;
    p = fork(); if (!p) { semop(id, S({1, -5, SEM_UNDO}), 1); if (write(up[1], "x", 1) < 0) _exit(1); pause(); } R(read(up[0], &c, 1)); R(semctl(id, 1, GETVAL));
    pid_t w = fork(); if (!w) _exit(semop(id, S({1, -3, 0}), 1) ? errno : 0); until(GETNCNT, 1, 1); kill(p, SIGKILL); ended("holder", p); ended("heir", w); R(semctl(id, 1, GETVAL));
    struct sigaction sa = {.sa_handler = nothing, .sa_flags = SA_RESTART}; sigaction(SIGUSR1, &sa, NULL);
    p = fork(); if (!p) _exit(semop(id, S({2, -1, 0}), 1) ? errno : 0); until(GETNCNT, 2, 1); kill(p, SIGUSR1); ended("interrupted", p); R(semctl(id, 2, GETNCNT));
    p = fork(); if (!p) { semop(id, S({2, -1, 0}), 1); _exit(0); } until(GETNCNT, 2, 1); kill(p, SIGKILL); ended("killed", p); R(semctl(id, 2, GETNCNT));
    d.sem_perm.mode = 0644; R(semctl(id, 0, IPC_SET, u)); R(semctl(id, 0, IPC_STAT, u)); R(d.sem_perm.mode); T(d.sem_otime > 0);
    struct seminfo i; u.info = &i; T(semctl(0, 0, SEM_INFO, u) >= 0); T(i.semusz >= 1 && i.semaem >= 3); T(semctl(0, 0, IPC_INFO, u) >= 0); R(i.semvmx); R(i.semopm);
    u.buf = &d; int found = 0; u.info = &i; int top = semctl(0, 0, SEM_INFO, u); u.buf = &d; for (int n = 0; n <= top; n++) found += semctl(n, 0, SEM_STAT, u) == id && d.sem_nsems == 3; R(found); R(semctl(40000, 0, SEM_STAT, u));
    p = fork(); if (!p) _exit(semop(id, S({2, -1, 0}), 1) ? errno == EIDRM : 77); until(GETNCNT, 2, 1); R(semctl(id, 0, IPC_RMID)); ended("removed", p);
    R(semctl(id, 0, GETVAL)); R(semop(id, S({2, 1, 0}), 1)); R(semctl(id, 0, IPC_RMID)); R(semget(key, 1, 0));
    id = semget(IPC_PRIVATE, 1, 0600); val.val = 1; semctl(id, 0, SETVAL, val);
    /* A counter under a semaphore, by four processes. */
    int *n = mmap(NULL, PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0); pid_t k[4];
    for (int j = 0; j < 4; j++) if (!(k[j] = fork())) { for (int m = 0; m < 50; m++) { semop(id, S({0, -1, SEM_UNDO}), 1); int x = *n; sched_yield(); *n = x + 1; semop(id, S({0, 1, SEM_UNDO}), 1); } _exit(0); }
    for (int j = 0; j < 4; j++) ended("counter", k[j]); R(*n); R(semctl(id, 0, GETVAL)); R(semctl(id, 0, IPC_RMID));
}
