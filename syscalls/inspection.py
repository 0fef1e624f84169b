"""Looking into processes, and into the page cache.

process_vm_readv and _writev are the host's between two emulators. Where another process has its guest memory on the host, and
what its guest protections are, only it knows: it is asked (lx.kernel.synthetic.asking). Who may is the host's to say. A process
that does not answer (stopped, or reading SIGCHLD from a signalfd) is EPERM.
kcmp is the host's, as a guest's descriptors and processes are; a process's threads are one to it, which is what it would find.
"""

import os

from lx.abi.errno import Errno, LinuxError
from lx.abi.kcmp import Kcmp
from lx.abi.lean import Callable, partial
from lx.abi.mman import Prot
from lx.host import calls, linux_only
from lx.host.descriptors import address
from lx.kernel.memory import IOV_MAX
from lx.kernel.synthetic import memoryfiles
from lx.kernel.synthetic.processes import regions_of
from lx.kernel.thread import Thread
from syscalls.declare import syscall
from syscalls.types import Annotated, Fd, Pid, UInt, ULong, one_of, struct_in, struct_out

IovecIn = Annotated[int, struct_in("iovec")]
KcmpType = Annotated[int, one_of(Kcmp)]
SpanIn = Annotated[int, struct_in("cachestat_range")]
FiguresOut = Annotated[int, struct_out("cachestat")]
SPAN_SIZE = 16
OTHERS = "EPERM for another process that is stopped or reads SIGCHLD from a signalfd"
Memory = Callable[[int, int], list[tuple[int, int]]]


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
    own = t.process.thread_of(pid) is not None
    host_pid = os.getpid() if own else int(t.zone.host_pid(pid))
    regions = [] if own else regions_of(t, host_pid)
    find = _own_memory(t, write) if own else partial(memoryfiles.pieces, regions, need=Prot.WRITE if write else Prot.READ)
    local = [_piece(view) for view in (t.memory.iovec_in if write else t.memory.iovec_out)(lvec, liovcnt)]
    remote = _found(find, entries, sum(length for _, length in local))
    if not remote:
        raise LinuxError(Errno.EFAULT)
    moved = calls.process_vm(host_pid, local, remote, write=write)
    if write and not own:
        for base, length in entries:
            memoryfiles.written(t.process, pid, regions, base, length)
    return moved


def _piece(view: memoryview) -> tuple[int, int]:
    return address(view), view.nbytes


def _own_memory(t: Thread, write: bool) -> Memory:
    """What there is of a range of the caller's own memory, in pieces: (host address, bytes)."""

    def find(base: int, length: int) -> list[tuple[int, int]]:
        try:
            return [_piece(view) for view in (t.memory.writable if write else t.memory.readable)(base, length)]
        except LinuxError:
            return []

    return find


def _found(find: Memory, entries: list[tuple[int, int]], room: int) -> list[tuple[int, int]]:
    """The pieces of so many bytes of an iovec, up to the first byte that is not there."""
    pieces: list[tuple[int, int]] = []
    for base, length in entries:
        length = min(length, room)
        got = find(base, length)
        pieces += got
        found = sum(size for _, size in got)
        room -= found
        if found < length or not room:
            break
    return pieces


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
