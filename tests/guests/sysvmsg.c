/* System V message queues: types, truncation, waiting for room and for messages, removal, errors and their order. */
#include "guest.h"
#include <sys/ipc.h>
#include <sys/msg.h>

static struct { long type; char text[9000]; } m;
static int id;
static int put(long type, const char *s, int flags) { m.type = type; strcpy(m.text, s); return msgsnd(id, &m, strlen(s), flags); }
static void get(int size, long type, int flags) {
    memset(&m, 0, 64); errno = 0; int n = msgrcv(id, &m, size, type, flags);
    if (n < 0) printf("get %d %ld: %s\n", size, type, strerror(errno)); else printf("get %d %ld: %d %ld %s\n", size, type, n, m.type, m.text);
}
static void nothing(int s) { (void)s; }

int main(void) {
    int key = 0x1b000000 | getpid(); struct msqid_ds d;
    R(msgget(key, 0)); id = msgget(key, IPC_CREAT | IPC_EXCL | 0620); T(id >= 0); T(msgget(key, 0) == id && msgget(key, IPC_CREAT) == id); R(msgget(key, IPC_CREAT | IPC_EXCL));
    R(msgctl(id, IPC_STAT, &d)); T(d.msg_perm.__key == key); R(d.msg_perm.mode); R(d.msg_qnum); R(d.msg_stime); R(d.msg_lspid); R(d.msg_qbytes);
    R(put(3, "three", 0)); R(put(1, "one", 0)); R(put(2, "two", 0)); R(put(3, "more three", IPC_NOWAIT)); R(put(5, "", 0));
    msgctl(id, IPC_STAT, &d); R(d.msg_qnum); R(d.__msg_cbytes); T(d.msg_lspid == getpid() && d.msg_stime > 0); R(d.msg_lrpid);
    get(100, 2, 0); get(100, 7, IPC_NOWAIT); get(100, -2, 0); get(3, 3, 0); get(3, 3, MSG_NOERROR); get(100, 3, MSG_EXCEPT | IPC_NOWAIT); get(100, 3, MSG_EXCEPT | IPC_NOWAIT); get(100, 0, 0); get(100, 0, IPC_NOWAIT);
    R(put(0, "x", 0)); R(put(-1, "x", 0)); R(msgsnd(id, (void *)8, 1, 0)); R(msgsnd(id, &m, -1, 0)); m.type = 1; R(msgsnd(id, &m, 9000, 0)); R(msgsnd(-1, &m, 1, 0)); R(msgsnd(0x7ffffff0, &m, 1, 0)); R(msgsnd(0x7ffffff0, (void *)8, 1, 0));
    R(msgrcv(id, &m, -1, 0, IPC_NOWAIT)); R(msgrcv(-1, &m, 1, 0, 0)); R(msgrcv(0x7ffffff0, &m, 1, 0, 0)); R(put(1, "lost", 0)); R(msgrcv(id, (void *)8, 100, 0, IPC_NOWAIT)); R(msgrcv(id, (void *)8, 100, 0, IPC_NOWAIT));
    R(put(1, "a", 0)); R(put(2, "b", 0)); get(100, 1, MSG_COPY | IPC_NOWAIT); get(100, 5, MSG_COPY | IPC_NOWAIT); get(100, 0, MSG_COPY); get(100, 0, MSG_COPY | MSG_EXCEPT | IPC_NOWAIT); get(100, 0, 0); get(100, 0, 0);
    pid_t p = fork(); if (!p) _exit(msgrcv(id, &m, 100, 4, 0) == 7 && msgrcv(id, &m, 100, 9, 0) == 8 ? 0 : 1); R(put(3, "other", 0)); R(put(4, "for you", 0)); R(put(9, "and this", 0)); ended("receiver", p); get(100, 0, 0);
    m.type = 1; int n = 0; while (msgsnd(id, &m, 1000, IPC_NOWAIT) == 0) n++; R(n); R(errno == EAGAIN);
    p = fork(); if (!p) { m.type = 8; _exit(msgsnd(id, &m, 1000, 0) ? errno : 0); } usleep(30000); R(msgrcv(id, &m, 1000, 0, 0)); ended("sender", p); R(msgrcv(id, &m, 1000, 8, IPC_NOWAIT)); while (msgrcv(id, &m, 1000, 0, IPC_NOWAIT) >= 0) ;
    struct sigaction sa = {.sa_handler = nothing, .sa_flags = SA_RESTART}; sigaction(SIGALRM, &sa, NULL); struct itimerval t = {{0, 0}, {0, 20000}}; setitimer(ITIMER_REAL, &t, NULL); get(100, 0, 0);
    msgctl(id, IPC_STAT, &d); d.msg_qbytes = 10; d.msg_perm.mode = 0666; R(msgctl(id, IPC_SET, &d)); R(put(1, "12345678901", IPC_NOWAIT)); R(put(1, "1234567890", IPC_NOWAIT)); R(put(1, "", IPC_NOWAIT)); R(msgctl(id, IPC_STAT, &d)); R(d.msg_perm.mode); R(d.msg_qbytes);
    R(msgctl(id, IPC_STAT, (void *)8)); R(msgctl(id, IPC_SET, (void *)8)); R(msgctl(0x7ffffff0, IPC_SET, (void *)8)); R(msgctl(id, 99, &d)); R(msgctl(id, -1, &d)); R(msgctl(-1, IPC_STAT, &d));
    struct msginfo i; T(msgctl(0, MSG_INFO, (void *)&i) >= 0); T(i.msgpool >= 1 && i.msgmap >= 2 && i.msgtql >= 10); T(msgctl(0, IPC_INFO, (void *)&i) >= 0); R(i.msgmax); R(i.msgmnb);
    int found = 0, top = msgctl(0, MSG_INFO, (void *)&i); for (int k = 0; k <= top; k++) found += msgctl(k, MSG_STAT, &d) == id && d.msg_qnum == 2; R(found);
    while (msgrcv(id, &m, 1000, 0, IPC_NOWAIT) >= 0) ;
    p = fork(); if (!p) { int r = msgrcv(id, &m, 10, 0, 0); _exit(r < 0 && errno == EIDRM); } usleep(30000); R(msgctl(id, IPC_RMID, NULL)); ended("removed", p); R(msgctl(id, IPC_RMID, NULL)); R(msgget(key, 0)); R(put(1, "x", 0));
}
