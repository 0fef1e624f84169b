"""splice, tee, vmsplice, sendfile, copy_file_range: moving data between descriptors without showing it to the guest.

The host moves the data and finds most errors; only positions and iovecs cross in guest memory. Waiting for a pipe is left out
of the host call by SPLICE_F_NONBLOCK: where that says EAGAIN and the guest wants to wait, the thread parks until the end that
was not ready is. Ends that know no such flag (terminals, the target of sendfile) are polled before the call.

A synthetic file has no pages to lend: to splice and copy_file_range it is what most files of /proc are (EINVAL, and EXDEV
as another file system), while sendfile from one writes its text, because cat does it that way.

Limits: what the host still has to wait for after the first bytes have moved, it waits for itself; a signal ends that wait and
the part is answered, as on Linux. The text of a synthetic file is sent in one write.
"""

import os
import stat

from lx.abi.errno import Errno, LinuxError
from lx.abi.fcntl import MAX_RW_COUNT, SpliceFlags
from lx.abi.lean import Callable, Sequence
from lx.abi.word import s64
from lx.host import descriptors
from lx.kernel.files import Kind
from lx.kernel.thread import Thread
from syscalls import _transfer as transfer
from syscalls._transfer import POLLIN, POLLOUT
from syscalls.declare import Restart, syscall
from syscalls.types import Annotated, Fd, Size, UInt, ULong, flags_of, struct_in, struct_inout

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TypeVar

    R = TypeVar("R")

SpliceBits = Annotated[int, flags_of(SpliceFlags)]
Position = Annotated[int, struct_inout("loff_t")]
IoVec = Annotated[int, struct_in("iovec")]
End = tuple[int, int]
"""A descriptor and the poll bits that say that it need not be waited for."""

SPLICE_FLAGS_ALL = sum(SpliceFlags)
NONBLOCK = int(SpliceFlags.NONBLOCK)
WAITING = (stat.S_IFSOCK, stat.S_IFCHR)


# ---- descriptors, positions, waiting


def _is_pipe(fd: int) -> bool:
    return stat.S_ISFIFO(os.fstat(fd).st_mode)


def _has_pages(fd: int) -> bool:
    """Whether sendfile can read from it into what is no pipe."""
    mode = os.fstat(fd).st_mode
    return stat.S_ISREG(mode) or stat.S_ISBLK(mode)


def _is_synthetic(t: Thread, *fds: int) -> bool:
    return any(t.files.kind(fd) == Kind.SYNTHETIC for fd in fds)


def _position(t: Thread, address: int) -> int | None:
    """A position that the guest keeps; None if it keeps none."""
    return s64(t.memory.u64(address)) if address else None


def _keep(t: Thread, address: int, position: int | None) -> None:
    if position is not None:
        t.memory.put_u64(address, position & 2**64 - 1)


def _pipe_ends(ends: Sequence[End], flags: int) -> list[End]:
    """The pipes that the call waits for. O_NONBLOCK of one holds for both."""
    pipes = [(fd, events) for fd, events in ends if _is_pipe(fd)]
    waits = not flags & NONBLOCK and all(os.get_blocking(fd) for fd, _ in pipes)
    return pipes if waits else []


def _stream_ends(t: Thread, ends: Sequence[End]) -> list[End]:
    """The ends that the host would wait for whatever the flags say: sockets and terminals."""
    return [
        (fd, events)
        for fd, events in ends
        if t.files.kind(fd) == Kind.STREAM and stat.S_IFMT(os.fstat(fd).st_mode) in WAITING and os.get_blocking(fd)
    ]


def _patiently(t: Thread, ends: Sequence[End], flags: int, call: "Callable[[], R]") -> "R":
    """A call that does not wait for pipes; where the guest would, park until the end that is not ready is."""
    for fd, events in _stream_ends(t, ends):
        t.wait_fd(fd, events)
    while True:
        try:
            return call()
        except BlockingIOError:
            waited_for = _pipe_ends(ends, flags)
            if not waited_for:
                raise
            for fd, events in waited_for:
                t.wait_fd(fd, events)


def _check_flags(flags: int) -> None:
    if flags & ~SPLICE_FLAGS_ALL:
        raise LinuxError(Errno.EINVAL)


def _read_nowhere(t: Thread, fd: int, size: int, flags: int) -> int:
    """What a pipe says to a bad address: that it is empty, or at its end, comes first."""
    if not t.process.poll_now(fd, POLLIN):
        if flags & NONBLOCK:
            raise LinuxError(Errno.EAGAIN)
        t.wait_fd(fd, POLLIN)
    return descriptors.read_nowhere(fd, size)


# ---- rows


@syscall(restart=Restart.RESTART)
def splice(t: Thread, fd_in: Fd, off_in: Position, fd_out: Fd, off_out: Position, length: Size, flags: SpliceBits) -> int:
    """Move data between two descriptors, of which one is a pipe. Linux 2.6.17."""
    if not length:
        return 0
    _check_flags(flags)
    transfer.check_access(t, fd_in)
    transfer.check_access(t, fd_out)
    if any(off and _is_pipe(fd) and not _is_synthetic(t, fd) for off, fd in ((off_in, fd_in), (off_out, fd_out))):
        raise LinuxError(Errno.ESPIPE)
    target, source = _position(t, off_out), _position(t, off_in)
    transfer.check_access(t, fd_in, os.O_RDONLY)
    transfer.check_access(t, fd_out, os.O_WRONLY)
    if _is_synthetic(t, fd_in, fd_out):
        raise LinuxError(Errno.EINVAL)
    count = min(length, MAX_RW_COUNT)
    moved, source, target = _patiently(
        t,
        ((fd_in, POLLIN), (fd_out, POLLOUT)),
        flags,
        lambda: descriptors.splice(fd_in, source, fd_out, target, count, flags | NONBLOCK),
    )
    _keep(t, off_out, target)
    _keep(t, off_in, source)
    return moved


@syscall(restart=Restart.RESTART)
def tee(t: Thread, fd_in: Fd, fd_out: Fd, length: Size, flags: SpliceBits) -> int:
    """Copy what is in a pipe into another and leave it there. Linux 2.6.17."""
    _check_flags(flags)
    if not length:
        return 0
    transfer.check_access(t, fd_in)
    transfer.check_access(t, fd_out)
    count = min(length, MAX_RW_COUNT)
    return _patiently(
        t, ((fd_in, POLLIN), (fd_out, POLLOUT)), flags, lambda: descriptors.tee(fd_in, fd_out, count, flags | NONBLOCK)
    )


@syscall(restart=Restart.RESTART)
def vmsplice(t: Thread, fd: Fd, iov: IoVec, count: ULong, flags: SpliceBits) -> int:
    """Lend pages to a pipe, or read one into memory. Linux 2.6.17."""
    _check_flags(flags)
    transfer.check_access(t, fd)
    lends = transfer.host_flags(fd) & os.O_ACCMODE != os.O_RDONLY
    try:
        pieces = t.memory.iovec_in(iov, count) if lends else t.memory.iovec_out(iov, count)
    except LinuxError as error:
        if error.errno != Errno.EFAULT or not transfer.in_user_space(t, iov, count):
            raise
        if not _is_pipe(fd):
            raise LinuxError(Errno.EBADF) from None
        if lends:
            raise
        return _read_nowhere(t, fd, t.memory.iovec_size(iov, count), flags)
    if not pieces:
        return 0
    if not _is_pipe(fd):
        raise LinuxError(Errno.EBADF)
    while True:
        try:
            return descriptors.vmsplice(fd, pieces, flags | NONBLOCK)
        except BlockingIOError:  # the pipe's O_NONBLOCK does not matter here
            if flags & NONBLOCK:
                raise
            t.wait_fd(fd, POLLOUT if lends else POLLIN)


@syscall(restart=Restart.RESTART)
def sendfile(t: Thread, fd_out: Fd, fd_in: Fd, offset: Position, count: Size) -> int:
    """Copy from a file to any descriptor."""
    position = _position(t, offset)
    transfer.check_access(t, fd_in, os.O_RDONLY)
    if position is not None:
        transfer.check_seekable(t, fd_in, max(position, 0))
    if count >> 63 or (position is not None and not 0 <= position < 2**63 - count):
        raise LinuxError(Errno.EINVAL)
    transfer.check_access(t, fd_out, os.O_WRONLY)
    if _is_synthetic(t, fd_in):
        return _send_text(t, fd_out, fd_in, offset, position, count)
    if _is_synthetic(t, fd_out):
        raise LinuxError(Errno.EINVAL)
    if (_is_pipe(fd_out) and os.get_blocking(fd_out)) or (_has_pages(fd_in) and _stream_ends(t, [(fd_out, POLLOUT)])):
        t.wait_fd(fd_out, POLLOUT)
    sent, position = descriptors.sendfile(fd_out, fd_in, position, min(count, MAX_RW_COUNT))
    _keep(t, offset, position)
    return sent


def _send_text(t: Thread, fd_out: int, fd_in: int, offset: int, position: int | None, count: int) -> int:
    node = t.files.synthetic(fd_in)
    at = node.position if position is None else position
    text = node.read(t.process, min(count, MAX_RW_COUNT), at)
    sent = transfer.write_pieces(t, fd_out, [memoryview(text)], len(text)) if text else 0
    if position is None:
        node.position = at + sent
    else:
        _keep(t, offset, at + sent)
    return sent


@syscall()
def copy_file_range(
    t: Thread, fd_in: Fd, off_in: Position, fd_out: Fd, off_out: Position, length: Size, flags: UInt
) -> int:
    """Copy between regular files inside the host's file system. Linux 4.5."""
    transfer.check_access(t, fd_in)
    transfer.check_access(t, fd_out)
    source, target = _position(t, off_in), _position(t, off_out)
    if _is_synthetic(t, fd_in, fd_out):
        raise LinuxError(Errno.EINVAL if flags else Errno.EXDEV)
    count = min(length, 2**63 - 1)
    moved, source, target = descriptors.copy_file_range(fd_in, source, fd_out, target, count, flags)
    if moved > 0:
        _keep(t, off_in, source)
        _keep(t, off_out, target)
    return moved
