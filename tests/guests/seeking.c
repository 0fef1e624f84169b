/* Offsets: lseek in all its ways, holes, append, pread and pwrite, preadv2's flags. */
#include "guest.h"

#ifndef RWF_APPEND
#define RWF_APPEND 0x10
#endif

int main(void) {
    int fd = file_of("f", "0123456789"); char b[32] = "";
    R(lseek(fd, 0, SEEK_CUR)); R(lseek(fd, 3, SEEK_SET)); R(lseek(fd, 2, SEEK_CUR)); R(lseek(fd, -2, SEEK_END));
    R(lseek(fd, -20, SEEK_CUR)); R(lseek(fd, -1, SEEK_SET)); R(lseek(fd, 0, 9)); R(lseek(fd, LONG_MAX, SEEK_CUR));
    R(lseek(-1, 0, SEEK_SET)); R(lseek(fd, 0, SEEK_CUR));
    R(read(fd, b, 9)); R(read(fd, b, 9)); R(lseek(fd, 100000, SEEK_SET)); R(read(fd, b, 1)); R(write(fd, "far", 3));
    struct stat st; fstat(fd, &st); R(st.st_size); T(st.st_blocks < 100000 / 512);
    R(pread(fd, b, 3, 50000)); R(b[0]); R(lseek(fd, 0, SEEK_HOLE)); R(lseek(fd, 5000, SEEK_DATA));
    R(lseek(fd, 99000, SEEK_HOLE)); R(lseek(fd, 100003, SEEK_DATA)); R(lseek(fd, 200000, SEEK_HOLE));
    R(lseek(fd, -1, SEEK_DATA));
    R(pread(fd, b, 4, 2)); puts(b); R(pread(fd, b, 4, -1)); R(pwrite(fd, "XY", 2, 4)); R(pwrite(fd, "x", 1, -5));
    R(lseek(fd, 0, SEEK_CUR)); R(pread(fd, b, 10, 0)); puts(b);
    int ap = open("f", O_RDWR | O_APPEND); R(ftruncate(ap, 4)); R(lseek(ap, 0, SEEK_SET)); R(write(ap, "end", 3));
    R(lseek(ap, 0, SEEK_CUR)); R(pwrite(ap, "P", 1, 0)); R(pread(ap, b, 20, 0)); b[8] = 0; puts(b);
    struct iovec v[2] = {{"aa", 2}, {"bbb", 3}}, in[2] = {{b, 2}, {b + 10, 6}};
    R(writev(fd, v, 2)); R(pwritev(fd, v, 2, 20)); R(preadv(fd, in, 2, 19)); R(b[0]); printf("%.2s\n", b + 10);
    R(pwritev2(fd, v, 2, -1, 0)); R(lseek(fd, 0, SEEK_CUR)); R(pwritev2(fd, v, 2, 0, RWF_APPEND));
    R(lseek(fd, 0, SEEK_CUR)); R(lseek(fd, 0, SEEK_END)); R(preadv2(fd, in, 2, 0, 0)); R(preadv2(fd, in, 2, -1, 0));
    R(preadv2(fd, in, 2, -2, 0)); R(preadv2(fd, in, 2, 0, 0x4000));
    R(preadv2(fd, in, 2, 0, 0x40)); R(preadv2(fd, in, 2, 0, 0x70)); R(pwritev2(fd, v, 2, 0, 0x70)); R(preadv2(fd, in, 2, 0, 0x30)); R(preadv2(fd, in, 2, 0, 0x4070));
    R(ftruncate(fd, 5)); R(ftruncate(fd, -1)); R(truncate("f", 8)); R(truncate("missing", 0)); R(truncate(".", 0));
    R(truncate("f", -1)); R(truncate("f/x", 0)); R(truncate("", 0)); R(pread(fd, b, 20, 0)); R(b[7]);
    int ro = open("f", O_RDONLY); R(ftruncate(ro, 0)); R(write(ro, "x", 1)); int wo = open("f", O_WRONLY);
    R(read(wo, b, 1)); R(pread(wo, b, 1, 0));
    R(fallocate(fd, 0, 0, 10000)); fstat(fd, &st); R(st.st_size); R(fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, 20000));
    fstat(fd, &st); R(st.st_size); R(fallocate(fd, 3, 0, 4096)); R(pread(fd, b, 1, 0)); R(b[0]);
    R(fallocate(fd, 2, 0, 4096)); R(fallocate(fd, 0, -1, 10)); R(fallocate(fd, 0, 0, 0));
    R(fallocate(ro, 0, 0, 10)); R(fallocate(-1, 0, 0, 1)); R(posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED));
    R(posix_fadvise(fd, 0, 0, 99)); R(readahead(fd, 0, 100)); R(fsync(fd)); R(fdatasync(fd)); R(fsync(-1));
    R(sync_file_range(fd, 0, 0, 7)); R(sync_file_range(fd, 0, 0, 8)); R(syncfs(fd)); sync();
    int ends[2]; (void)!pipe(ends); R(pwritev2(fd, v, 2, 0, 0x100)); R(pwritev2(fd, v, 2, 0, 0x200)); R(pwritev2(ends[1], v, 1, -1, 0x100));
    close(ends[0]); R(pwritev2(ends[1], v, 1, -1, 0x100));
}
