"""Names of arguments that handlers take as plain integers: which class of lx.abi has them.

By call and position. A parameter whose type carries its own set of names (flags_of, one_of) needs no entry here.
"""

from __future__ import annotations

from lx.abi.clocks import Itimer, SleepFlags
from lx.abi.fcntl import (
    AtFlags,
    CloseRange,
    FallocMode,
    Fcntl,
    FlockOperation,
    MemfdFlags,
    OpenFlags,
    RenameFlags,
    RwFlags,
    SpliceFlags,
    Whence,
)
from lx.abi.mman import Madvise, MapFlags, MremapFlags, MsyncFlags, Prot
from lx.abi.names import IntEnum, IntFlag
from lx.abi.prctl import ArchPrctl, Prctl
from lx.abi.resource import PriorityWhich, Resource, RusageWho
from lx.abi.sched import IoprioWhich, Policy
from lx.abi.stat import Access, StatxMask, XattrFlags


class SigHow(IntEnum):
    """What rt_sigprocmask does. Linux uapi asm-generic/signal-defs.h."""

    SIG_BLOCK = 0
    SIG_UNBLOCK = 1
    SIG_SETMASK = 2


class WaitId(IntEnum):
    """What waitid waits for. Linux uapi linux/wait.h."""

    P_ALL = 0
    P_PID = 1
    P_PGID = 2
    P_PIDFD = 3


class LockAll(IntFlag):
    """mlockall. Linux uapi asm-generic/mman.h."""

    MCL_CURRENT = 1
    MCL_FUTURE = 2
    MCL_ONFAULT = 4


class FdFlags(IntFlag):
    """F_SETFD. Linux uapi asm-generic/fcntl.h."""

    FD_CLOEXEC = 1


class AccessAt(IntFlag):
    """faccessat2: one bit of the AT_ flags has another meaning."""

    AT_SYMLINK_NOFOLLOW = 0x100
    AT_EACCESS = 0x200
    AT_EMPTY_PATH = 0x1000


VALUES: dict[tuple[str, int], type[IntFlag] | type[IntEnum]] = {
    ("access", 1): Access,
    ("arch_prctl", 0): ArchPrctl,
    ("clock_nanosleep", 1): SleepFlags,
    ("close_range", 2): CloseRange,
    ("dup3", 2): OpenFlags,
    ("execveat", 4): AtFlags,
    ("faccessat", 2): Access,
    ("faccessat2", 2): Access,
    ("faccessat2", 3): AccessAt,
    ("fallocate", 1): FallocMode,
    ("fchmodat2", 3): AtFlags,
    ("fchownat", 4): AtFlags,
    ("fcntl", 1): Fcntl,
    ("flock", 1): FlockOperation,
    ("fsetxattr", 4): XattrFlags,
    ("getitimer", 0): Itimer,
    ("getpriority", 0): PriorityWhich,
    ("getrlimit", 0): Resource,
    ("getrusage", 0): RusageWho,
    ("ioprio_get", 0): IoprioWhich,
    ("ioprio_set", 0): IoprioWhich,
    ("linkat", 4): AtFlags,
    ("lseek", 2): Whence,
    ("lsetxattr", 4): XattrFlags,
    ("madvise", 2): Madvise,
    ("memfd_create", 1): MemfdFlags,
    ("mlockall", 0): LockAll,
    ("mmap", 2): Prot,
    ("mmap", 3): MapFlags,
    ("mprotect", 2): Prot,
    ("mremap", 3): MremapFlags,
    ("msync", 2): MsyncFlags,
    ("newfstatat", 3): AtFlags,
    ("open", 1): OpenFlags,
    ("openat", 2): OpenFlags,
    ("pipe2", 1): OpenFlags,
    ("prctl", 0): Prctl,
    ("preadv2", 5): RwFlags,
    ("prlimit64", 1): Resource,
    ("pwritev2", 5): RwFlags,
    ("renameat2", 4): RenameFlags,
    ("rt_sigprocmask", 0): SigHow,
    ("sched_get_priority_max", 0): Policy,
    ("sched_get_priority_min", 0): Policy,
    ("sched_setscheduler", 1): Policy,
    ("setitimer", 0): Itimer,
    ("setpriority", 0): PriorityWhich,
    ("setrlimit", 0): Resource,
    ("setxattr", 4): XattrFlags,
    ("splice", 5): SpliceFlags,
    ("statx", 2): AtFlags,
    ("statx", 3): StatxMask,
    ("tee", 3): SpliceFlags,
    ("unlinkat", 2): AtFlags,
    ("utimensat", 3): AtFlags,
    ("waitid", 0): WaitId,
}
"""(call, position of the argument) to the names of its values."""
