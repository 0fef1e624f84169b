/* Where exec lets the mmap area end, by the stack's limit and without randomisation; and which personality it ends. */
/* cflags: -pie -fPIE */
#include "guest.h"
#include <sys/personality.h>

static int show(void) {
    char line[512]; FILE *maps = fopen("/proc/self/maps", "r"); unsigned long top = 0, start, end; int writable = 0;
    while (fgets(line, sizeof line, maps)) {
        if (strstr(line, "[stack]") || strstr(line, "[v")) continue;
        sscanf(line, "%lx-%lx", &start, &end); if (end > top) top = end;
        writable += strstr(line, "rwxp") != NULL;
    }
    printf("the area ends at %lx, %d writable and executable, personality %x\n", top, writable, personality(-1)); return 0;
}

int main(int n, char **v) {
    if (n > 1) return show();
    long limits[] = {1 << 20, 8 << 20, 200L << 20, 1L << 40, 1L << 46, -1};
    for (int i = 0; i < 6; i++) {
        struct rlimit limit = {limits[i], RLIM_INFINITY}; int status; pid_t k = fork();
        if (!k) { personality(ADDR_NO_RANDOMIZE | READ_IMPLIES_EXEC); setrlimit(RLIMIT_STACK, &limit); execl("/proc/self/exe", "x", "show", NULL); _exit(1); }
        waitpid(k, &status, 0); printf("limit %ld: %x\n", limits[i], status);
    }
}
