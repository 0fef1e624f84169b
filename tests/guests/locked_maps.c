/* MAP_LOCKED against RLIMIT_MEMLOCK, of who may not lock what he likes, before the kind of mapping is looked at. */
#include "guest.h"

static void map(int flags, long size) { void *at = mmap(NULL, size, RW, flags | MAP_ANONYMOUS | MAP_LOCKED, -1, 0); if (at == MAP_FAILED) R(-1); else R(munmap(at, size)); R(errno); }
static void limit(rlim_t bytes) { struct rlimit l = {bytes, bytes}; OK(setrlimit(RLIMIT_MEMLOCK, &l)); }

int main(void) {
    if (geteuid() == 0) { (void)!setgid(65534); (void)!setuid(65534); }
    static const int kinds[] = {MAP_PRIVATE, 0, MAP_SHARED, 4, MAP_PRIVATE | MAP_GROWSDOWN};
    for (rlim_t bytes = 5 * 65536; ; bytes = 0) {
        limit(bytes);
        for (unsigned i = 0; i < sizeof kinds / sizeof *kinds; i++) { map(kinds[i], 1 << 20); map(kinds[i], PAGE); }
        if (!bytes) break;
    }
}
