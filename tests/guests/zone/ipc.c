/* One step on System V objects, named by the arguments, for a test of what a zone sees: make KEY, see KEY, id N, list. */
#include "../guest.h"
#include <mqueue.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>

int main(int argc, char **argv) {
    int n = argc > 2 ? strtol(argv[2], NULL, 0) : 0; struct shmid_ds d; char buf[4096]; int lines = 0;
    if (!strcmp(argv[1], "make")) printf("%d %d %d\n", shmget(n, 4096, IPC_CREAT | 0666), semget(n, 1, IPC_CREAT | 0666), msgget(n, IPC_CREAT | 0666));
    if (!strcmp(argv[1], "see")) { R(shmget(n, 0, 0) >= 0); R(semget(n, 0, 0) >= 0); R(msgget(n, 0) >= 0); }
    if (!strcmp(argv[1], "id")) { R(shmctl(n, IPC_STAT, &d)); R((long)shmat(n, NULL, 0)); R(shmctl(n, IPC_RMID, NULL)); }
    if (!strcmp(argv[1], "list")) for (FILE *f = fopen("/proc/sysvipc/shm", "r"); fgets(buf, sizeof buf, f);) puts(lines++ ? strtok(buf + 11, " ") : "ids:");
    if (!strcmp(argv[1], "queue")) { R(mq_open(argv[2], O_RDWR) >= 0); OK(mq_open(argv[2], O_RDWR | O_CREAT, 0666, NULL)); }
    fflush(stdout);
    if (argc > 3) pause();
}
