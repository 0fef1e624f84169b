/* One program for every way of linking: libc start-up, TLS, constructors, malloc, float printing, exit handlers. */
#include <locale.h>
#include "guest.h"

static __thread int tls = 5; static int built;
__attribute__((constructor)) static void first(void) { built = 1; }
__attribute__((destructor)) static void last(void) { puts("destructor"); }
static void bye(void) { puts("atexit"); }
static int up(const void *a, const void *b) { return *(const int *)a - *(const int *)b; }

int main(int argc, char **argv) {
    atexit(bye); printf("%d %d %s %d\n", tls, built, argc > 1 ? argv[1] : "none", ++tls); char *p[200]; long sum = 0;
    for (int i = 0; i < 200; i++) { p[i] = malloc((size_t)i * 997 + 1); memset(p[i], i, (size_t)i * 997 + 1); }
    for (int i = 0; i < 200; i += 2) free(p[i]); for (int i = 1; i < 200; i += 2) { p[i] = realloc(p[i], 300000);
    sum += p[i][0]; } printf("%ld\n", sum);
    printf("%.17g %a %Lf %s\n", 2.0 / 3, 0.1, 1.0L / 3, setlocale(LC_ALL, "C")); int v[1000]; srand(7);
    unsigned x = 1; for (int i = 0; i < 1000; i++) v[i] = (int)((x = x * 1103515245 + 12345) >> 8);
    qsort(v, 1000, sizeof *v, up); printf("%d %d\n", v[0], v[999]);
    FILE *f = fopen("out.txt", "w"); for (int i = 0; i < 1000; i++) fprintf(f, "%d line\n", i); fclose(f);
    f = fopen("out.txt", "r"); char line[64]; int n = 0; while (fgets(line, 64, f)) n++; printf("%d %s", n, line);
    setenv("K", "v", 1); puts(getenv("K")); struct tm t; time_t z = 86400 * 365; gmtime_r(&z, &t);
    strftime(line, 64, "%Y-%m-%d", &t); puts(line); CHILD("child", tls = 9; exit(4)); printf("%d\n", tls);
    return 42;
}
