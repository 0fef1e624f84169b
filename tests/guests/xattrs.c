/* Extended attributes in the user namespace, or the file system's refusal of them; setxattrat, getxattrat, listxattrat, removexattrat. */
#include <sys/xattr.h>
#include "guest.h"

int main(void) {
    char b[128] = ""; int fd = file_of("f", "x"); (void)!symlink("f", "l"); mkfifo("p", 0600);
    R(getxattr("f", "user.a", b, 64)); R(setxattr("f", "user.a", "value", 5, 0)); R(getxattr("f", "user.a", b, 64));
    puts(b); R(getxattr("f", "user.a", NULL, 0)); R(getxattr("f", "user.a", b, 2));
    R(setxattr("f", "user.a", "v", 1, XATTR_CREATE)); R(setxattr("f", "user.b", "v", 1, XATTR_REPLACE));
    R(fsetxattr(fd, "user.b", "", 0, 0)); R(setxattr("f", "user.c", "v", 1, 9));
    memset(b, 0, sizeof b); ssize_t n = listxattr("f", b, 128); int found = 0;
    for (char *k = b; k < b + n; k += strlen(k) + 1) found += !strncmp(k, "user.", 5); R(found);
    R(listxattr("f", b, 1)); R(lgetxattr("l", "user.a", b, 9)); R(lsetxattr("l", "user.a", "v", 1, 0));
    R(setxattr("p", "user.a", "v", 1, 0)); R(setxattr("l", "user.l", "via", 3, 0));
    R(getxattr("f", "user.l", b, 9)); R(removexattr("f", "user.a")); R(removexattr("f", "user.a"));
    R(fremovexattr(fd, "user.b"));
    R(getxattr("missing", "user.a", b, 9)); R(getxattr("f", "nonsense", b, 9)); R(getxattr("f", "", b, 9));
    R(setxattr("f", "bogus.a", "v", 1, 0)); R(fgetxattr(-1, "user.a", b, 9)); R(getxattr("f", (char *)8, b, 9));
    R(setxattr("f", "user.d", (char *)8, 9, 0)); R(setxattr("f", "user.d", b, 70000, 0)); memset(b, 'n', 127);
    struct { unsigned long value; unsigned size, flags; } a = {(long)"at", 2, 0}; R(syscall(463, AT_FDCWD, "f", 0, "user.at", &a, 16));
    a.value = (long)b; a.size = 99; R(syscall(464, AT_FDCWD, "f", 0, "user.at", &a, 16)); R(syscall(464, fd, "", AT_EMPTY_PATH, "user.at", &a, 16));
    R(syscall(464, fd, "", 0, "user.at", &a, 16)); R(syscall(464, AT_FDCWD, "f", 0x8000, "user.at", &a, 16)); R(syscall(464, AT_FDCWD, "f", 0, "user.at", &a, 8));
    R(syscall(464, AT_FDCWD, "f", 0, "user.at", 8L, 16)); R(syscall(465, AT_FDCWD, "f", 0, NULL, 0) > 0); R(syscall(466, AT_FDCWD, "f", 0, "user.at"));
    R(syscall(466, AT_FDCWD, "f", 0, "user.at")); R(syscall(466, AT_FDCWD, "l", AT_SYMLINK_NOFOLLOW, "user.at"));
    R(llistxattr("l", NULL, 0) >= 0); R(lremovexattr("l", "user.a")); R(llistxattr("missing", b, 9));
    R(flistxattr(fd, NULL, 0) >= 0); char name[300]; memset(name, 'n', 299); memcpy(name, "user.", 5);
    name[299] = 0; R(setxattr("f", name, "v", 1, 0));
}
