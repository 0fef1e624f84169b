"""seccomp: installing filters; lx.kernel.seccomp runs them."""

from lx.abi.capability import Cap
from lx.abi.errno import Errno, LinuxError
from lx.abi.seccomp import (
    MAX_INSTRUCTIONS,
    MAX_TOTAL,
    MODE_FILTER,
    MODE_NONE,
    MODE_STRICT,
    NOTIF_SIZES,
    SOCK_FILTER,
    SOCK_FPROG,
    FilterFlags,
    SeccompOperation,
    Verdict,
)
from lx.host import linux_only
from lx.kernel.seccomp import Filter, install
from lx.kernel.thread import Thread
from syscalls.declare import syscall
from syscalls.types import Annotated, Ptr, UInt, one_of

Operation = Annotated[int, one_of(SeccompOperation)]
TSYNC, TSYNC_ESRCH = FilterFlags.SECCOMP_FILTER_FLAG_TSYNC, FilterFlags.SECCOMP_FILTER_FLAG_TSYNC_ESRCH
LISTENER = FilterFlags.SECCOMP_FILTER_FLAG_NEW_LISTENER
KILLABLE = FilterFlags.SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
VERDICTS = frozenset(int(verdict) for verdict in Verdict)


@syscall(note="no listeners: SECCOMP_FILTER_FLAG_NEW_LISTENER is refused with EINVAL")
def seccomp(t: Thread, operation: Operation, flags: UInt, args: Ptr) -> int:
    """Look at this thread's calls before they are made. Linux 3.17."""
    if operation == SeccompOperation.SECCOMP_SET_MODE_STRICT:
        if flags or args:
            raise LinuxError(Errno.EINVAL)
        return set_strict(t)
    if operation == SeccompOperation.SECCOMP_SET_MODE_FILTER:
        return set_filter(t, flags, args)
    if operation == SeccompOperation.SECCOMP_GET_ACTION_AVAIL and not flags:
        if t.memory.u32(args) not in VERDICTS:
            raise LinuxError(Errno.EOPNOTSUPP)
        return 0
    if operation == SeccompOperation.SECCOMP_GET_NOTIF_SIZES and not flags:
        t.memory.write_struct(args, NOTIF_SIZES, 80, 24, 64)
        return 0
    raise LinuxError(Errno.EINVAL)


def set_strict(t: Thread) -> int:
    """From now on read, write, exit and rt_sigreturn, and death for all else."""
    if t.attributes.seccomp_mode == MODE_FILTER:
        raise LinuxError(Errno.EINVAL)
    install(t, MODE_STRICT, None)
    return 0


def set_filter(t: Thread, flags: int, address: int) -> int:
    """Add a filter to the thread's, or to those of all threads. The id of a thread that cannot follow, with TSYNC."""
    if flags & ~sum(FilterFlags) or (flags & TSYNC and flags & LISTENER and not flags & TSYNC_ESRCH):
        raise LinuxError(Errno.EINVAL)
    if flags & KILLABLE and not flags & LISTENER:
        raise LinuxError(Errno.EINVAL)
    length, program = t.memory.read_struct(address, SOCK_FPROG)
    if not 1 <= length <= MAX_INSTRUCTIONS:
        raise LinuxError(Errno.EINVAL)
    if not _trusted(t):
        raise LinuxError(Errno.EACCES)
    made = Filter(list(SOCK_FILTER.iter_unpack(t.memory.read(program, length * SOCK_FILTER.size))))
    if flags & LISTENER:
        raise t.unsupported("seccomp filter flags", flags, Errno.EINVAL)
    mine = t.attributes
    if mine.seccomp_mode == MODE_STRICT:
        raise LinuxError(Errno.EINVAL)
    if sum(len(known.program) + 4 for known in mine.seccomp_filters) + length > MAX_TOTAL:
        raise LinuxError(Errno.ENOMEM)
    others = [other for other in t.process.threads if other.alive and other is not t] if flags & TSYNC else []
    for other in others:
        if not _follows(t, other):
            if flags & TSYNC_ESRCH:
                raise LinuxError(Errno.ESRCH)
            return other.tid
    install(t, MODE_FILTER, made)
    for other in others:
        other.attributes.seccomp_mode = MODE_FILTER
        other.attributes.seccomp_filters = mine.seccomp_filters
        other.attributes.no_new_privs |= mine.no_new_privs
    return 0


def _trusted(t: Thread) -> bool:
    """Whether nobody else can come to harm by what the filter does."""
    return t.attributes.no_new_privs or bool(linux_only.effective_capabilities() >> Cap.SYS_ADMIN & 1)


def _follows(t: Thread, other: Thread) -> bool:
    """Whether a thread's filters are the oldest of the caller's."""
    theirs = other.attributes
    if theirs.seccomp_mode == MODE_NONE:
        return True
    count = len(theirs.seccomp_filters)
    return theirs.seccomp_mode == MODE_FILTER and t.attributes.seccomp_filters[-count:] == theirs.seccomp_filters
