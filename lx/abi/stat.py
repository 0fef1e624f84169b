"""What is told of files: statx, directory entries, statfs, access, xattr and utime words. Source: Linux uapi linux/stat.h,
linux/dirent.h, asm-generic/statfs.h, linux/xattr.h. struct stat differs by architecture: Architecture.pack_stat."""

from __future__ import annotations

import os
from struct import Struct

from lx.abi.names import IntFlag

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

S_IFMT, S_IFSOCK, S_IFLNK, S_IFREG, S_IFBLK = 0o170000, 0o140000, 0o120000, 0o100000, 0o060000
S_IFDIR, S_IFCHR, S_IFIFO = 0o040000, 0o020000, 0o010000
ALL_MODE_BITS = 0o7777

UTIME_NOW = (1 << 30) - 1
UTIME_OMIT = (1 << 30) - 2
TIMESPEC = Struct("<qq")
"""struct timespec: seconds, nanoseconds; struct timeval has the same shape, in microseconds."""
UTIMBUF = Struct("<qq")
"""struct utimbuf: actime, modtime."""


class Access(IntFlag):
    """access modes; 0 is F_OK."""

    X_OK = 1
    W_OK = 2
    R_OK = 4


class StatxMask(IntFlag):
    """What statx asks for and answers."""

    TYPE = 0x1
    MODE = 0x2
    NLINK = 0x4
    UID = 0x8
    GID = 0x10
    ATIME = 0x20
    MTIME = 0x40
    CTIME = 0x80
    INO = 0x100
    SIZE = 0x200
    BLOCKS = 0x400
    BTIME = 0x800
    MNT_ID = 0x1000
    DIOALIGN = 0x2000
    MNT_ID_UNIQUE = 0x4000
    SUBVOL = 0x8000
    WRITE_ATOMIC = 0x10000
    DIO_READ_ALIGN = 0x20000
    RESERVED = 0x80000000


BASIC_STATS = 0x7FF

STATX = Struct("<IIQIIIH2xQQQQ" + "qI4x" * 4 + "IIIIQIIQIIIII68x")
"""struct statx, 256 bytes: mask, blksize, attributes, nlink, uid, gid, mode, ino, size, blocks, attributes_mask, four
times (a, b, c, m), rdev and dev as major and minor, mnt_id, dio_mem_align, dio_offset_align, subvol, atomic_write_unit_min,
_max, _segments_max, dio_read_offset_align, atomic_write_unit_max_opt."""

DIRENT64 = Struct("<QqHB")
"""struct linux_dirent64 up to its name: ino, off, reclen, type."""
DIRENT = Struct("<QqH")
"""struct linux_dirent up to its name; the type is the record's last byte."""

STATFS = Struct("<qqQQQQQiiqqq32x")
"""struct statfs of a 64-bit machine: type, bsize, blocks, bfree, bavail, files, ffree, fsid (two ints), namelen, frsize,
flags."""
USTAT = Struct("<i4xQ12x4x")
"""struct ustat of a 64-bit machine: tfree, tinode, and two names that are empty."""


class XattrFlags(IntFlag):
    """setxattr."""

    CREATE = 1
    REPLACE = 2


XATTR_NAME_MAX = 255
XATTR_SIZE_MAX = XATTR_LIST_MAX = 65536
XATTR_ARGS = Struct("<QII")
"""struct xattr_args of setxattrat and getxattrat: value, size, flags. Linux 6.13."""


def makedev(major: int, minor: int) -> int:
    """A device number as struct stat has it (new_encode_dev's 64-bit form)."""
    return (minor & 0xFF) | (major & 0xFFF) << 8 | (minor & ~0xFF) << 12 | (major & ~0xFFF) << 32


def pack_statx(st: Any) -> bytes:
    """struct statx made of an os.stat_result-like object: the basic fields and nothing else."""
    times = [part for ns in (st.st_atime_ns, 0, st.st_ctime_ns, st.st_mtime_ns) for part in divmod(ns, 1_000_000_000)]
    return STATX.pack(
        BASIC_STATS,
        st.st_blksize,
        0,
        st.st_nlink,
        st.st_uid & 0xFFFFFFFF,
        st.st_gid & 0xFFFFFFFF,
        st.st_mode,
        st.st_ino,
        st.st_size,
        st.st_blocks,
        0,
        *times,
        os.major(st.st_rdev),
        os.minor(st.st_rdev),
        os.major(st.st_dev),
        os.minor(st.st_dev),
        *(0,) * 9,
    )
