"""Memory-mapping constants. Source: Linux uapi asm-generic/mman-common.h, mman.h, linux/mman.h."""

from lx.abi.names import IntEnum, IntFlag


class Prot(IntFlag):
    """mmap and mprotect protection bits."""

    NONE = 0
    READ = 1
    WRITE = 2
    EXEC = 4
    SEM = 8
    GROWSDOWN = 0x01000000
    GROWSUP = 0x02000000


class MapFlags(IntFlag):
    """mmap flags (x86-64 and generic)."""

    SHARED = 0x01
    PRIVATE = 0x02
    SHARED_VALIDATE = 0x03
    TYPE = 0x0F
    FIXED = 0x10
    ANONYMOUS = 0x20
    BIT32 = 0x40
    ABOVE4G = 0x80
    GROWSDOWN = 0x0100
    DENYWRITE = 0x0800
    EXECUTABLE = 0x1000
    LOCKED = 0x2000
    NORESERVE = 0x4000
    POPULATE = 0x8000
    NONBLOCK = 0x10000
    STACK = 0x20000
    HUGETLB = 0x40000
    SYNC = 0x80000
    FIXED_NOREPLACE = 0x100000
    UNINITIALIZED = 0x4000000


class MremapFlags(IntFlag):
    """mremap flags."""

    MAYMOVE = 1
    FIXED = 2
    DONTUNMAP = 4


class MsyncFlags(IntFlag):
    """msync flags."""

    ASYNC = 1
    INVALIDATE = 2
    SYNC = 4


class Madvise(IntEnum):
    """madvise advice."""

    NORMAL = 0
    RANDOM = 1
    SEQUENTIAL = 2
    WILLNEED = 3
    DONTNEED = 4
    FREE = 8
    REMOVE = 9
    DONTFORK = 10
    DOFORK = 11
    MERGEABLE = 12
    UNMERGEABLE = 13
    HUGEPAGE = 14
    NOHUGEPAGE = 15
    DONTDUMP = 16
    DODUMP = 17
    WIPEONFORK = 18
    KEEPONFORK = 19
    COLD = 20
    PAGEOUT = 21
    POPULATE_READ = 22
    POPULATE_WRITE = 23
    DONTNEED_LOCKED = 24
    COLLAPSE = 25
