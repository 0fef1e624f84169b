/* What exec makes of RLIMIT_STACK: the strings must fit, and the new stack begins with their pages and 128 KiB, or less. */
#include "guest.h"

static char text[1 << 16];

static int show(void) {
    int fd = open("/proc/self/maps", O_RDONLY), n = 0, k; unsigned long start, end;
    while ((k = read(fd, text + n, sizeof text - 1 - n)) > 0) n += k;
    char *line = strstr(text, "[stack]");
    while (line > text && line[-1] != '\n') line--;
    sscanf(line, "%lx-%lx", &start, &end); printf("%ld pages\n", (long)(end - start) / PAGE); return 0;
}

static void run(long limit, int strings) {
    char *big = malloc(strings + 1), *words[] = {"x", "show", NULL}, *environment[] = {big, NULL};
    struct rlimit to = {limit, RLIM_INFINITY}; int status; memset(big, 'a', strings); big[strings] = 0;
    pid_t k = fork();
    if (!k) { getrlimit(RLIMIT_STACK, &to); to.rlim_cur = limit; setrlimit(RLIMIT_STACK, &to); execve("/proc/self/exe", words, environment); _exit(errno); }
    waitpid(k, &status, 0); printf("limit %ld, strings %d: %x\n", limit, strings, status); free(big);
}

int main(int n, char **v) {
    if (n == 2) return show();
    if (n == 3) { run(atol(v[1]), atoi(v[2])); return 0; }
    for (int i = 0; i < 4; i++) { run((long[]){0, 1, PAGE, 2 * PAGE - 1}[i], 5000); run((long[]){0, 1, PAGE, 2 * PAGE - 1}[i], 120000); }
    run(2 * PAGE, 8300); run(64 << 10, 65600); run(100000, 100000);
    for (int i = 0; i < 6; i++) for (int k = 0; k < 4; k++) run((long[]){100000, 131072, 140000, 200000, 262144, 8 << 20}[i], (int[]){0, 5000, 40000, 60000}[k]);
}
