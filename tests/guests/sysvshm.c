/* System V shared memory: keys, attaching, what is counted over fork, exec and death, removal, errors and their order. */
#include "guest.h"
#include <sys/ipc.h>
#include <sys/shm.h>

static struct shmid_ds d;
static long attached(int id) { return shmctl(id, IPC_STAT, &d) ? -1 : (long)d.shm_nattch; }

int main(int argc, char **argv) {
    if (argc > 1) { int id = atoi(argv[1]); R(attached(atoi(argv[1]))); char *p = shmat(id, NULL, 0); printf("%s\n", p); return 0; }
    int key = 0x1b000000 | getpid();
    R(shmget(key, 5000, 0)); R(shmget(key, 0, IPC_CREAT | 0600)); R(shmget(key, -1, IPC_CREAT | 0600));
    int id = shmget(key, 5000, IPC_CREAT | IPC_EXCL | 0640); T(id >= 0); T(shmget(key, 0, 0) == id); T(shmget(key, 4000, IPC_CREAT) == id);
    R(shmget(key, 5001, 0)); R(shmget(key, 100, IPC_CREAT | IPC_EXCL));
    R(shmctl(id, IPC_STAT, &d)); T(d.shm_perm.__key == key); R(d.shm_segsz); R(d.shm_nattch); R(d.shm_perm.mode); T(d.shm_cpid == getpid());
    R(d.shm_lpid); R(d.shm_atime); T(d.shm_ctime > 0); T(d.shm_perm.uid == getuid() && d.shm_perm.cgid == getgid());
    char *p = shmat(id, NULL, 0), *q = shmat(id, NULL, SHM_RDONLY); T(p != (void *)-1 && q != (void *)-1 && p != q);
    strcpy(p, "hello"); printf("%s\n", q); T(p[4999] == 0 && p[8191] == 0); R(attached(id)); T(d.shm_lpid == getpid() && d.shm_atime > 0);
    CHILD("write to read-only", q[0] = 'x'); R(mprotect(q, PAGE, RW)); R(mprotect(q, 2 * PAGE, PROT_READ | PROT_EXEC));
    CHILD("child", strcpy(p + 10, "child"); R(attached(id)); R(shmdt(p)); R(attached(id)));
    printf("%s\n", q + 10); R(attached(id));
    int go[2], back[2]; char c; if (pipe(go) || pipe(back)) return 1;
    pid_t pid = fork(); if (!pid) { if (write(back[1], "x", 1) < 0) _exit(1); pause(); }
    R(read(back[0], &c, 1)); R(attached(id)); kill(pid, SIGKILL); ended("killed", pid); R(attached(id));
    char text[16]; sprintf(text, "%d", id); fflush(stdout);
    if (!(pid = fork())) { execl("/proc/self/exe", "x", text, NULL); _exit(9); } ended("exec", pid); R(attached(id));
    R(munmap(p, PAGE)); R(attached(id)); p[PAGE] = 7; R(q[PAGE]); R(shmdt(p + PAGE)); R(shmdt(p)); R(attached(id)); R(shmdt(p)); R(shmdt(p + 1)); T(d.shm_dtime > 0);
    char *r = pages(8); munmap(r, 8 * PAGE);
    T(shmat(id, r + 4, SHM_RND) == r); R(shmdt(r)); R((long)shmat(id, r + 4, 0)); T(shmat(id, r, 0) == r); R((long)shmat(id, r, 0)); R((long)shmat(id, r + PAGE, 0));
    r[0] = 'Z'; T(shmat(id, r + PAGE, SHM_REMAP) == r + PAGE); T(r[PAGE] == 'Z'); R(attached(id)); R(shmdt(r + PAGE)); R(attached(id)); R(shmdt(r)); R(attached(id));
    R((long)shmat(id, NULL, SHM_REMAP)); R((long)shmat(-1, NULL, 0)); R((long)shmat(0x7ffffff0, NULL, 0)); R((long)shmat(id, (void *)(1L << 47), 0));
    d.shm_perm.mode = 0604; R(shmctl(id, IPC_SET, &d)); R(attached(id)); R(d.shm_perm.mode); R(shmctl(id, IPC_SET, (void *)8)); R(shmctl(id, IPC_STAT, (void *)8));
    R(shmctl(-1, IPC_STAT, &d)); R(shmctl(0x7ffffff0, IPC_STAT, &d)); R(shmctl(0x7ffffff0, IPC_SET, (void *)8)); R(shmctl(id, 99, &d)); R(shmctl(id, -1, &d));
    R(shmctl(0x7ffffff0, IPC_RMID, NULL)); R(shmctl(id, SHM_LOCK, NULL)); R(attached(id)); R(d.shm_perm.mode & 02000); R(shmctl(id, SHM_UNLOCK, NULL));
    R(shmctl(id, IPC_RMID, NULL)); R(attached(id)); R(d.shm_perm.mode & 01000); R(d.shm_perm.__key); R(shmget(key, 0, 0)); printf("%s\n", q);
    p = shmat(id, NULL, 0); T(p != (void *)-1); R(attached(id)); R(shmdt(p)); R(attached(id)); R(shmdt(q)); R(attached(id)); R(shmctl(id, IPC_RMID, NULL));
    id = shmget(IPC_PRIVATE, 2 * PAGE, 0600); int id2 = shmget(IPC_PRIVATE, 1, IPC_CREAT | IPC_EXCL | 0600); T(id >= 0 && id2 >= 0 && id != id2);
    p = shmat(id, NULL, 0); memset(p, 'a', 2 * PAGE); char *moved = mremap(p, 2 * PAGE, PAGE, MREMAP_MAYMOVE); T(moved == p && p[5] == 'a'); R(attached(id)); R(shmdt(p)); R(attached(id));
    struct shm_info info; struct shminfo limits; T(shmctl(0, SHM_INFO, (void *)&info) >= 0); T(info.used_ids >= 2); T(shmctl(0, IPC_INFO, (void *)&limits) >= 0); R(limits.shmmin); R(limits.shmmni > 0);
    int found = 0; for (int i = 0, top = shmctl(0, SHM_INFO, (void *)&info); i <= top; i++) found += shmctl(i, SHM_STAT, &d) == id || shmctl(i, SHM_STAT_ANY, &d) == id2; R(found);
    R(shmctl(40000, SHM_STAT, &d));
    if (!getuid()) { R(shmctl(id, IPC_STAT, &d)); CHILD("others", if (setuid(1000)) _exit(9);  R((long)shmat(id, NULL, 0)); R(shmctl(id, IPC_STAT, &d));
        R(shmctl(id, IPC_RMID, NULL)); R(shmctl(id, IPC_SET, &d)); R(shmctl(id, SHM_LOCK, NULL))); }
    R(shmctl(id, IPC_RMID, NULL)); R(shmctl(id2, IPC_RMID, NULL)); R(attached(id));
}
