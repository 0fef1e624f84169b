"""Looking into processes, and into the page cache.

process_vm_readv and _writev reach the caller's own memory: where another process has its guest memory on the host only it knows.
kcmp is the host's, as a guest's descriptors and processes are; a process's threads are one to it, which is what it would find.
"""

from lx.abi.errno import Errno, LinuxError
from lx.abi.kcmp import Kcmp
from lx.host import linux_only
from lx.kernel.memory import IOV_MAX
from lx.kernel.thread import Thread
from syscalls.declare import syscall
from syscalls.types import Annotated, Fd, Pid, UInt, ULong, one_of, struct_in, struct_out

IovecIn = Annotated[int, struct_in("iovec")]
KcmpType = Annotated[int, one_of(Kcmp)]
SpanIn = Annotated[int, struct_in("cachestat_range")]
FiguresOut = Annotated[int, struct_out("cachestat")]
SPAN_SIZE = 16
OTHERS = "of the caller's own memory; EPERM for other processes"


def _transfer(t: Thread, pid: int, lvec: int, liovcnt: int, rvec: int, riovcnt: int, *, write: bool) -> int:
    """Copy between the caller's buffers and the memory of a process, up to the first byte that cannot be. EFAULT for none."""
    if not any(length for _, length in t.memory.iovec_imported(lvec, liovcnt)):
        return 0
    if riovcnt > IOV_MAX:
        raise LinuxError(Errno.EINVAL)
    entries = t.memory.iovec_entries(rvec, riovcnt)
    if any(length >> 63 for _, length in entries):
        raise LinuxError(Errno.EINVAL)
    if not any(length for _, length in entries):
        return 0
    local = (t.memory.iovec_in if write else t.memory.iovec_out)(lvec, liovcnt)
    room = sum(map(len, local))
    if t.process.thread_of(pid) is None:
        t.zone.host_pid(pid)
        raise t.unsupported("process_vm_readv or _writev of another process", pid, Errno.EPERM)
    remote: list[memoryview] = []
    for base, length in entries:
        length = min(length, room)
        try:
            pieces = (t.memory.writable if write else t.memory.readable)(base, length)
        except LinuxError:
            pieces = []
        remote += pieces
        found = sum(map(len, pieces))
        room -= found
        if found < length or not room:
            break
    if not remote:
        raise LinuxError(Errno.EFAULT)
    return _copy(local, remote) if write else _copy(remote, local)


def _copy(source: list[memoryview], target: list[memoryview]) -> int:
    data = b"".join(source)
    done = 0
    for piece in target:
        part = data[done : done + len(piece)]
        piece[: len(part)] = part
        done += len(part)
    return done


@syscall(note=OTHERS)
def process_vm_readv(
    t: Thread, pid: Pid, lvec: IovecIn, liovcnt: ULong, rvec: IovecIn, riovcnt: ULong, flags: ULong
) -> int:
    """Read the memory of a process."""
    if flags:
        raise LinuxError(Errno.EINVAL)
    return _transfer(t, pid, lvec, liovcnt, rvec, riovcnt, write=False)


@syscall(note=OTHERS)
def process_vm_writev(
    t: Thread, pid: Pid, lvec: IovecIn, liovcnt: ULong, rvec: IovecIn, riovcnt: ULong, flags: ULong
) -> int:
    """Write the memory of a process."""
    if flags:
        raise LinuxError(Errno.EINVAL)
    return _transfer(t, pid, lvec, liovcnt, rvec, riovcnt, write=True)


def _host_pid(t: Thread, pid: int) -> int:
    return int(t.zone.host_pid(t.pid if t.process.thread_of(pid) is not None else pid))


@syscall(note="KCMP_EPOLL_TFD is refused with EOPNOTSUPP")
def kcmp(t: Thread, pid1: Pid, pid2: Pid, type: KcmpType, idx1: ULong, idx2: ULong) -> int:
    """Whether two processes share something: 0 if so, else an order."""
    first, second = _host_pid(t, pid1), _host_pid(t, pid2)
    if type == Kcmp.KCMP_EPOLL_TFD:
        raise t.unsupported("kcmp type", type, Errno.EOPNOTSUPP)
    if type == Kcmp.KCMP_FILE and max(idx1, idx2) >= t.files.base:
        raise LinuxError(Errno.EBADF)
    return linux_only.kcmp(first, second, type, idx1, idx2)


@syscall()
def cachestat(t: Thread, fd: Fd, cstat_range: SpanIn, cstat: FiguresOut, flags: UInt) -> int:
    """How much of a file is in the page cache. Linux 6.5."""
    t.files.check(fd)
    t.memory.write(cstat, linux_only.cachestat(fd, t.memory.read(cstat_range, SPAN_SIZE), flags))
    return 0
