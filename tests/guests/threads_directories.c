/* Threads that do not share root, working directory and umask with the others: clone without CLONE_FS, unshare(CLONE_FS). */
/* cflags: -pthread */
#include "guest.h"
#include <pthread.h>

static pthread_barrier_t b; static int go[2], start[2]; static char top[4096];
static void meet(void) { pthread_barrier_wait(&b); }
static int mask(void) { int m = umask(0); umask(m); return m; }
static void where(const char *who) { char at[4096]; getcwd(at, sizeof at); char *base = strrchr(at, '/'); printf("%s: %s %03o, file %d, %s\n", who, !strcmp(at, top) ? "top" : base && strcmp(at, "/") ? base + 1 : at, mask(), access("file", F_OK), access("d", F_OK) ? "no d" : "d"); }

static void *other(void *x) {
    meet(); R(unshare(CLONE_FS)); R(chdir("d")); umask(077); where("other"); meet(); meet(); where("other again"); R(creat("made", 0666)); struct stat st; R(stat("made", &st)); R(st.st_mode & 0777);
    R(chdir("/proc/self")); R(access("status", F_OK)); meet(); meet(); R(access("status", F_OK)); R(access("stat", F_OK)); R(unshare(CLONE_FS)); meet(); return x;
}
static void *busy(void *x) { R(chdir("e")); umask(011); meet(); for (int i = 0; i < 300; i++) { if (access("file", F_OK) || mask() != 011) { puts("mixed up"); break; } sched_yield(); } meet(); return x; }
static void *apart(void *x) { unshare(CLONE_FS); return busy(x); }
static void *execs(void *x) { unshare(CLONE_FS); chdir("d"); umask(07); meet(); execl("/proc/self/exe", "x", "again", NULL); return x; }
static void *forks(void *x) { unshare(CLONE_FS); chdir("e"); meet(); meet(); CHILD("a fork", where("child")); meet(); return x; }

static int cloned(void *x) { char c; (void)!read(start[0], &c, 1); where("cloned"); chdir("d"); umask(0); where("cloned in d"); (void)!write(go[1], "x", 1); syscall(SYS_exit, 0); return 0; }

int main(int argc, char **argv) {
    if (argc > 1) { where("a new program"); return 0; }
    (void)!getcwd(top, sizeof top); mkdir("d", 0777); mkdir("e", 0777); close(creat("e/file", 0644)); pthread_t t, u; umask(022); pthread_barrier_init(&b, NULL, 2);
    pthread_create(&t, NULL, other, NULL); meet(); meet(); where("main"); umask(002); R(chdir("e")); where("main moved"); meet(); meet(); where("main"); R(chdir("..")); meet(); meet(); pthread_join(t, NULL); where("main after"); umask(022);
    R(access("d/made", F_OK)); pthread_create(&t, NULL, apart, NULL); meet(); for (int i = 0; i < 300; i++) { if (!access("file", F_OK) || mask() != 022) { puts("mixed up"); break; } sched_yield(); } meet(); pthread_join(t, NULL); where("main");
    pthread_create(&t, NULL, forks, NULL); meet(); where("main beside"); CHILD("main's fork", where("child")); meet(); meet(); pthread_join(t, NULL);
    (void)!pipe(go); (void)!pipe(start); char *stack = pages(16), c; R(clone(cloned, stack + 16 * PAGE, CLONE_VM | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM, NULL) > 0); (void)!write(start[1], "x", 1); (void)!read(go[0], &c, 1); usleep(20000); where("main");
    pthread_create(&t, NULL, execs, NULL); meet(); pause();
}
