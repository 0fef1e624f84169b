/* Group ids, file-system ids and capabilities of a process, with and without privilege. */
#include <linux/capability.h>
#include <sys/fsuid.h>
#include "guest.h"

static void ids(void) { gid_t r, e, s; getresgid(&r, &e, &s); printf("%d %d %d\n", r, e, s); }

int main(void) {
    struct __user_cap_header_struct h = {_LINUX_CAPABILITY_VERSION_3, 0}; struct __user_cap_data_struct d[2], none[2] = {{0}};
    R(syscall(SYS_capget, &h, d)); h.version = 1; R(syscall(SYS_capget, &h, d)); printf("%x\n", h.version); R(syscall(SYS_capget, &h, NULL));
    h.version = 2; R(syscall(SYS_capget, &h, NULL)); h.pid = -1; R(syscall(SYS_capget, &h, d)); h.pid = 99999999; R(syscall(SYS_capget, &h, d));
    h.pid = 0; R(syscall(SYS_capget, 8L, d)); R(syscall(SYS_capget, &h, 8L)); R(syscall(SYS_capset, 8L, d)); R(syscall(SYS_capset, &h, 8L));
    h.pid = getppid() ? 1 : 99; R(syscall(SYS_capset, &h, d)); h.pid = 0; h.version = 7; R(syscall(SYS_capset, &h, d)); h.version = _LINUX_CAPABILITY_VERSION_3;
    CHILD("no capabilities", R(syscall(SYS_capset, &h, none)); syscall(SYS_capget, &h, d); R(d[0].effective | d[1].effective); R(d[0].permitted);
        R(setgid(5)); none[0].permitted = none[0].effective = 1; R(syscall(SYS_capset, &h, none)));
    CHILD("a group", if (getuid() == 0) { R(setregid(7, 8)); ids(); R(setregid(-1, 7)); ids(); R(setgid(9)); ids(); R(setfsgid(3)); R(setfsgid(-1));
        R(setfsgid(-1)); setresuid(99, 99, 99); R(setgid(9)); R(setgid(1)); R(setregid(1, -1)); R(setregid(9, 9)); R(setfsgid(4)); R(setfsgid(-1)); ids(); });
}
