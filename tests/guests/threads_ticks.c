/* A thread that loses the CPU at any moment loses nothing else: what an instruction has stored is stored once. */
/* cflags: -pthread */
#include "guest.h"
#include <pthread.h>

static long n, x, calls; static volatile int stop; static unsigned char bytes[256];
static void *spin(void *a) { while (!stop) ; return NULL; }
static void *yields(void *a) { while (!stop) { sched_yield(); calls++; } return NULL; }
static void *count(void *a) {
    for (long i = 0; i < 6000000; i++) __asm__ volatile("incq %0\n xchgq %1, %2" : "+m"(n), "+m"(x), "+r"(i));
    long i = 0, k = 0; for (; i < 1000000; i++) { long old = i; __asm__ volatile("xchgq %0, %1" : "+m"(x), "+r"(old)); k += old; } x = k; stop = 1; return NULL;
}
static void *strings(void *a) { for (int i = 0; i < 30000; i++) { void *d = bytes, *s = bytes + 1; long c = 255; __asm__ volatile("rep movsb" : "+D"(d), "+S"(s), "+c"(c) : : "memory"); bytes[255] = i; } return NULL; }
static void *floats(void *a) { double s = 0; for (int i = 1; i < 3000000; i++) s += 1.0 / i; long double l = 0; for (int i = 1; i < 300000; i++) l += 1.0L / i; *(double *)a = s + (double)l; return NULL; }
int main(void) {
    pthread_t t[7]; double d[2]; pthread_create(&t[0], NULL, spin, NULL); pthread_create(&t[1], NULL, yields, NULL); pthread_create(&t[2], NULL, strings, NULL); pthread_create(&t[3], NULL, floats, &d[0]); pthread_create(&t[4], NULL, floats, &d[1]); pthread_create(&t[5], NULL, count, NULL);
    for (int i = 0; i < 6; i++) pthread_join(t[i], NULL); R(n); R(x); T(calls > 0); T(d[0] == d[1]); printf("%.12f\n", d[0]); unsigned sum = 0; for (int i = 0; i < 256; i++) sum = sum * 31 + bytes[i]; R(sum);
}
