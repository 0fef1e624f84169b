"""Files: open, at, seek, lock and transfer flags, fcntl commands. Source: Linux uapi asm-generic/fcntl.h, linux/fcntl.h,
linux/openat2.h, linux/fs.h, linux/falloc.h, linux/memfd.h, linux/close_range.h, linux/fadvise.h and splice(2)."""

from struct import Struct

from lx.abi.names import IntEnum, IntFlag


class OpenFlags(IntFlag):
    """open flags, with their x86-64 (generic) values; the access mode is the two lowest bits."""

    WRONLY = 0o1
    RDWR = 0o2
    CREAT = 0o100
    EXCL = 0o200
    NOCTTY = 0o400
    TRUNC = 0o1000
    APPEND = 0o2000
    NONBLOCK = 0o4000
    DSYNC = 0o10000
    ASYNC = 0o20000
    DIRECT = 0o40000
    LARGEFILE = 0o100000
    DIRECTORY = 0o200000
    NOFOLLOW = 0o400000
    NOATIME = 0o1000000
    CLOEXEC = 0o2000000
    SYNC_BIT = 0o4000000
    PATH = 0o10000000
    TMPFILE_BIT = 0o20000000


ACCMODE = 0o3
RDONLY = 0
O_SYNC = OpenFlags.SYNC_BIT | OpenFlags.DSYNC
O_TMPFILE = OpenFlags.TMPFILE_BIT | OpenFlags.DIRECTORY
VALID_OPEN_FLAGS = 0o37777703
SETTABLE = OpenFlags.APPEND | OpenFlags.NONBLOCK | OpenFlags.ASYNC | OpenFlags.DIRECT | OpenFlags.NOATIME
"""What F_SETFL changes; the rest is ignored."""

OPEN_HOW = Struct("<QQQ")
"""struct open_how: flags, mode, resolve."""


class Resolve(IntFlag):
    """openat2's resolve bits."""

    NO_XDEV = 1
    NO_MAGICLINKS = 2
    NO_SYMLINKS = 4
    BENEATH = 8
    IN_ROOT = 0x10
    CACHED = 0x20


AT_FDCWD = -100


class AtFlags(IntFlag):
    """Flags of the *at calls. EACCESS (faccessat2) and REMOVEDIR (unlinkat) are one bit."""

    SYMLINK_NOFOLLOW = 0x100
    REMOVEDIR = 0x200
    EACCESS = 0x200
    SYMLINK_FOLLOW = 0x400
    NO_AUTOMOUNT = 0x800
    EMPTY_PATH = 0x1000
    STATX_FORCE_SYNC = 0x2000
    STATX_DONT_SYNC = 0x4000
    RECURSIVE = 0x8000


class RenameFlags(IntFlag):
    """renameat2."""

    NOREPLACE = 1
    EXCHANGE = 2
    WHITEOUT = 4


class Whence(IntEnum):
    """lseek."""

    SET = 0
    CUR = 1
    END = 2
    DATA = 3
    HOLE = 4


class RwFlags(IntFlag):
    """preadv2 and pwritev2."""

    HIPRI = 1
    DSYNC = 2
    SYNC = 4
    NOWAIT = 8
    APPEND = 0x10
    NOAPPEND = 0x20
    ATOMIC = 0x40
    DONTCACHE = 0x80
    NOSIGNAL = 0x100


class FallocMode(IntFlag):
    """fallocate."""

    KEEP_SIZE = 1
    PUNCH_HOLE = 2
    NO_HIDE_STALE = 4
    COLLAPSE_RANGE = 8
    ZERO_RANGE = 0x10
    INSERT_RANGE = 0x20
    UNSHARE_RANGE = 0x40
    WRITE_ZEROES = 0x80


class Fadvise(IntEnum):
    """fadvise64."""

    NORMAL = 0
    RANDOM = 1
    SEQUENTIAL = 2
    WILLNEED = 3
    DONTNEED = 4
    NOREUSE = 5


class SyncRange(IntFlag):
    """sync_file_range."""

    WAIT_BEFORE = 1
    WRITE = 2
    WAIT_AFTER = 4


class CloseRange(IntFlag):
    """close_range."""

    UNSHARE = 2
    CLOEXEC = 4


class MemfdFlags(IntFlag):
    """memfd_create."""

    CLOEXEC = 1
    ALLOW_SEALING = 2
    HUGETLB = 4
    NOEXEC_SEAL = 8
    EXEC = 0x10


class SpliceFlags(IntFlag):
    """splice, tee and vmsplice."""

    MOVE = 1
    NONBLOCK = 2
    MORE = 4
    GIFT = 8


class FlockOperation(IntFlag):
    """flock."""

    SH = 1
    EX = 2
    NB = 4
    UN = 8
    MAND = 0x20


class Fcntl(IntEnum):
    """fcntl commands."""

    DUPFD = 0
    GETFD = 1
    SETFD = 2
    GETFL = 3
    SETFL = 4
    GETLK = 5
    SETLK = 6
    SETLKW = 7
    SETOWN = 8
    GETOWN = 9
    SETSIG = 10
    GETSIG = 11
    SETOWN_EX = 15
    GETOWN_EX = 16
    GETOWNER_UIDS = 17
    OFD_GETLK = 36
    OFD_SETLK = 37
    OFD_SETLKW = 38
    SETLEASE = 1024
    GETLEASE = 1025
    NOTIFY = 1026
    DUPFD_QUERY = 1027
    CREATED_QUERY = 1028
    CANCELLK = 1029
    DUPFD_CLOEXEC = 1030
    SETPIPE_SZ = 1031
    GETPIPE_SZ = 1032
    ADD_SEALS = 1033
    GET_SEALS = 1034
    GET_RW_HINT = 1035
    SET_RW_HINT = 1036
    GET_FILE_RW_HINT = 1037
    SET_FILE_RW_HINT = 1038
    GETDELEG = 1039
    SETDELEG = 1040


FD_CLOEXEC = 1


class LockType(IntEnum):
    """l_type of struct flock."""

    RDLCK = 0
    WRLCK = 1
    UNLCK = 2


FLOCK = Struct("<hh4xqqi4x")
"""struct flock of a 64-bit machine: l_type, l_whence, l_start, l_len, l_pid."""


class OwnerType(IntEnum):
    """type of struct f_owner_ex."""

    TID = 0
    PID = 1
    PGRP = 2


OWNER_EX = Struct("<ii")
"""struct f_owner_ex: type, pid."""
MAX_RW_COUNT = 0x7FFF_F000
"""Bytes that one read or write moves at most: INT_MAX rounded down to a page."""
