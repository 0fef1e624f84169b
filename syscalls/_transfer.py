"""Moving bytes between a descriptor and guest memory: what read, write and their relatives share.

Guest buffers are handed to the host's vectored calls as they are. A plain file never makes a call wait, so it costs one
look-up and one host call. For everything else the host is asked with RWF_NOWAIT, which tries without waiting whatever
the descriptor's O_NONBLOCK says; where it says EAGAIN and the guest wants to wait, the thread parks. Hosts and devices
that do not know RWF_NOWAIT (terminals) are polled first.

A bad buffer is not judged here: the host is asked with a bad address of its own, so that EBADF, EISDIR, end of file and
a null device's indifference come in the kernel's order.

A blocking write that has moved a part parks until there is room for the rest; a signal ends the wait, and the part is answered.
"""

import errno
import fcntl
import os
import stat
import sys
import time

from lx.abi.errno import Errno, LinuxError
from lx.abi.fcntl import MAX_RW_COUNT, RwFlags
from lx.abi.lean import Sequence
from lx.host import descriptors
from lx.kernel import errand
from lx.kernel.files import Kind
from lx.kernel.thread import Progress, Thread
from lx.kernel.wait import Park

POLLIN, POLLOUT = 1, 4
"""The same on every host that has poll(2)."""
NOWAIT: int = getattr(os, "RWF_NOWAIT", 0)
WITHOUT_NOWAIT = frozenset({errno.EOPNOTSUPP, errno.ENOSYS})
IOV_MAX = 1024
MAX_OFFSET = 2**63 - 1
COUNT_SIZE, COUNT_RETRY = 8, 5_000_000
"""Bytes of an eventfd's count; nanoseconds between looks at one that is too full."""
O_PATH: int = getattr(os, "O_PATH", 0)
HOST_RW = {flag: getattr(os, f"RWF_{flag.name}") for flag in RwFlags if hasattr(os, f"RWF_{flag.name}")}
if sys.platform == "linux":
    HOST_RW |= {flag: int(flag) for flag in RwFlags if flag not in HOST_RW and flag != RwFlags.ATOMIC}
ALL_RW_FLAGS = sum(HOST_RW)
OF_THE_END = RwFlags.APPEND | RwFlags.NOAPPEND

Pieces = Sequence[memoryview]


def read_bytes(t: Thread, fd: int, buf: int, count: int) -> int:
    """read(2) at the descriptor's position."""
    try:
        pieces = t.memory.writable(buf, count)
    except LinuxError:
        return _bad_buffer(t, fd, buf, count, descriptors.read_nowhere)
    if not pieces or count > MAX_RW_COUNT:
        if buf + count > t.memory.task_size:
            return _bad_buffer(t, fd, buf, count, descriptors.read_nowhere)
        if not count:
            return read_nothing(t, fd)
    if len(pieces) == 1 and (t.files.kinds.get(fd) or t.files.kind(fd)) == Kind.PLAIN:
        return descriptors.read(fd, pieces[0])
    return read_pieces(t, fd, pieces, count)


def read_pieces(t: Thread, fd: int, pieces: Pieces, wanted: int) -> int:
    """readv(2) into guest memory that has been looked up, for a call that wanted so many bytes, if some were not to be had."""
    kind = t.files.kinds.get(fd) or t.files.kind(fd)
    missing = _missing(pieces, wanted)
    if len(pieces) > IOV_MAX:
        pieces = pieces[:IOV_MAX]
    if kind == Kind.PLAIN:
        return os.readv(fd, pieces)
    if kind == Kind.SYNTHETIC:
        return scatter(t.files.synthetic(fd).read(t.process, size_of(pieces)), pieces)
    try:
        if NOWAIT:
            return descriptors.readv(fd, pieces, missing, NOWAIT) if missing else os.preadv(fd, pieces, -1, NOWAIT)
    except BlockingIOError:
        if not os.get_blocking(fd):
            raise
        raise _park(t, fd, POLLIN, t.progress()) from None
    except OSError as error:
        if error.errno not in WITHOUT_NOWAIT:
            raise
    background = descriptors.in_background(fd)
    if not background:
        if not os.get_blocking(fd):
            return descriptors.readv(fd, pieces, missing)
        if t.errand is None and not _terminal_answers(fd):
            t.wait_fd(fd, POLLIN)
    return errand.run(t, lambda _: descriptors.readv(fd, pieces, missing), background=background)


def write_bytes(t: Thread, fd: int, buf: int, count: int) -> int:
    """write(2) at the descriptor's position."""
    try:
        pieces = t.memory.readable(buf, count)
    except LinuxError:
        return _bad_buffer(t, fd, buf, count, descriptors.write_nowhere)
    if not pieces or count > MAX_RW_COUNT:
        if buf + count > t.memory.task_size:
            return _bad_buffer(t, fd, buf, count, descriptors.write_nowhere)
        if not count:
            return write_nothing(t, fd)
    return write_pieces(t, fd, pieces, count)


def write_pieces(t: Thread, fd: int, pieces: Pieces, wanted: int) -> int:
    """writev(2) from guest memory that has been looked up, likewise."""
    kind = t.files.kinds.get(fd) or t.files.kind(fd)
    missing = _missing(pieces, wanted)
    if len(pieces) > IOV_MAX:
        pieces = pieces[:IOV_MAX]
    if kind == Kind.PLAIN:
        if _looks_at_nothing(fd, pieces, wanted):
            return descriptors.write_nowhere(fd, wanted)
        return os.writev(fd, pieces)
    if kind == Kind.SYNTHETIC:
        return int(t.files.synthetic(fd).write(t.process, gather(pieces)))
    if t.files.guarded:
        check_messages(t, fd, pieces)
    try:
        if NOWAIT and t.errand is None:
            return _write_all(t, fd, pieces, missing)
    except OSError as error:
        if error.errno not in WITHOUT_NOWAIT:
            raise
    background = descriptors.in_background(fd) and _stops_writers(fd)
    if not background:
        if not os.get_blocking(fd):
            return descriptors.writev(fd, pieces, missing)
        if t.errand is None:
            t.wait_fd(fd, POLLOUT)
            if size_of(pieces) == COUNT_SIZE:
                _wait_for_count(fd, pieces)
    return errand.run(t, lambda _: descriptors.writev(fd, pieces, missing), background=background)


def _looks_at_nothing(fd: int, pieces: Pieces, wanted: int) -> bool:
    """Whether this is a write of more than there is to a device that does not look at what it is given (/dev/null)."""
    return (len(pieces) != 1 or len(pieces[0]) != wanted) and stat.S_ISCHR(os.fstat(fd).st_mode)


def _wait_for_count(fd: int, pieces: Pieces) -> None:
    """Park before an eventfd's counter that has room, but not for so much: poll does not tell when it has."""
    from lx.host.events import eventfd_room

    room = eventfd_room(fd)
    wanted = int.from_bytes(gather(pieces), "little")
    if room is not None and room < wanted < 2**64 - 1:
        raise Park(deadline=time.monotonic_ns() + COUNT_RETRY)


def _missing(pieces: Pieces, wanted: int) -> int:
    """What a call wanted beyond the pieces that its buffers have: streams are asked with a bad address in its place, because
    each kind takes of such a buffer what it will (a pipe: a page whole or not at all).
    """
    if len(pieces) == 1 and len(pieces[0]) == wanted:
        return 0
    return min(wanted, MAX_RW_COUNT) - size_of(pieces) if len(pieces) < IOV_MAX else 0


def _write_all(t: Thread, fd: int, pieces: Pieces, missing: int) -> int:
    """Write without waiting in the host; park until there is room for the rest if the guest would wait for it."""
    progress, size = t.progress(), size_of(pieces) + missing
    while True:
        rest = skip(pieces, progress.done) if progress.done else pieces
        try:
            progress.done += descriptors.writev(fd, rest, missing, NOWAIT) if missing else os.pwritev(fd, rest, -1, NOWAIT)
            if progress.done >= size or not os.get_blocking(fd):
                return progress.done
        except BlockingIOError:
            if not os.get_blocking(fd):
                raise
            again = _park(t, fd, POLLOUT, progress)
            if progress.done and isinstance(again, LinuxError):
                return progress.done
            raise again from None
        except OSError:
            if not progress.done:
                raise
            return progress.done


def _park(t: Thread, fd: int, events: int, progress: Progress) -> Park | LinuxError:
    """How to wait for a stream. A signal ends a write with what has been written; EAGAIN once a socket's timeout is over."""
    if stat.S_ISSOCK(os.fstat(fd).st_mode):
        from lx.kernel import sockets

        return sockets.wait(t, fd, progress, sending=events == POLLOUT) or LinuxError(Errno.EAGAIN)
    return Park(((fd, events),), on_interrupt=lambda: progress.done or None)


def check_messages(t: Thread, fd: int, pieces: Pieces) -> None:
    """EPERM for a netlink message that the guest may not send."""
    if stat.S_ISSOCK(os.fstat(fd).st_mode):
        from lx.kernel import sockets

        sockets.check_messages(t, fd, gather(pieces))


def read_bytes_at(t: Thread, fd: int, buf: int, count: int, offset: int) -> int:
    """pread(2)."""
    if offset < 0:
        raise LinuxError(Errno.EINVAL)
    try:
        pieces = t.memory.writable(buf, count)
    except LinuxError:
        return _bad_buffer(t, fd, buf, count, descriptors.read_nowhere, offset)
    if buf + count > t.memory.task_size:
        return _bad_buffer(t, fd, buf, count, descriptors.read_nowhere, offset)
    if not count and t.files.kind(fd) != Kind.SYNTHETIC:
        return len(os.pread(fd, 0, offset))
    if len(pieces) == 1 and (t.files.kinds.get(fd) or t.files.kind(fd)) == Kind.PLAIN:
        return descriptors.read(fd, pieces[0], offset)
    return _read_at(t, fd, pieces, offset, 0)


def write_bytes_at(t: Thread, fd: int, buf: int, count: int, offset: int) -> int:
    """pwrite(2)."""
    if offset < 0:
        raise LinuxError(Errno.EINVAL)
    try:
        pieces = t.memory.readable(buf, count)
    except LinuxError:
        return _bad_buffer(t, fd, buf, count, descriptors.write_nowhere, offset)
    if buf + count > t.memory.task_size:
        return _bad_buffer(t, fd, buf, count, descriptors.write_nowhere, offset)
    if not count and t.files.kind(fd) != Kind.SYNTHETIC:
        return os.pwrite(fd, b"", offset)
    if t.files.kind(fd) == Kind.PLAIN and _looks_at_nothing(fd, pieces, count):
        return descriptors.write_nowhere(fd, count, offset)
    return _write_at(t, fd, pieces, offset, 0)


def _read_at(t: Thread, fd: int, pieces: Pieces, offset: int, flags: int, missing: int = 0) -> int:
    """preadv2(2) with the host's flags; at the position, -1, of what may be a stream, `missing` bytes at a bad address follow."""
    kind = t.files.kinds.get(fd) or t.files.kind(fd)
    if kind == Kind.SYNTHETIC:
        return scatter(t.files.synthetic(fd).read(t.process, size_of(pieces), offset if offset >= 0 else None), pieces)
    if offset >= 0:
        return os.preadv(fd, pieces[:IOV_MAX], offset, flags)
    if not flags & NOWAIT:
        _wait_first(t, fd, kind, POLLIN)
    return descriptors.readv(fd, pieces[:IOV_MAX], missing, flags)


def _write_at(t: Thread, fd: int, pieces: Pieces, offset: int, flags: int, missing: int = 0) -> int:
    """pwritev2(2), likewise."""
    kind = t.files.kinds.get(fd) or t.files.kind(fd)
    if kind == Kind.SYNTHETIC:
        return int(t.files.synthetic(fd).write(t.process, gather(pieces), offset if offset >= 0 else None))
    if offset >= 0:
        return os.pwritev(fd, pieces[:IOV_MAX], offset, flags)
    if not flags & NOWAIT:
        _wait_first(t, fd, kind, POLLOUT)
    return descriptors.writev(fd, pieces[:IOV_MAX], missing, flags)


def _wait_first(t: Thread, fd: int, kind: Kind, events: int) -> None:
    """Before a call at the position of what may be a stream."""
    if kind == Kind.STREAM and os.get_blocking(fd):
        t.wait_fd(fd, events)


# ---- vectors


def _vector(t: Thread, fd: int, iov: int, count: int, need: int) -> Pieces:
    """The buffers of an iovec. What cannot be read or written at all comes before what is wrong with them."""
    look_up = t.memory.iovec_out if need == os.O_RDONLY else t.memory.iovec_in
    try:
        return look_up(iov, count)
    except LinuxError:
        _no_vector(t, fd, need)
        raise


def in_user_space(t: Thread, iov: int, count: int) -> bool:
    """Whether an iovec's buffers could be there. EFAULT."""
    return all(base + length <= t.memory.task_size for base, length in t.memory.iovec_entries(iov, count))


def _no_buffers(
    t: Thread, fd: int, iov: int, count: int, ask: descriptors.Asking, offset: int | None = None, flags: int = 0
) -> int:
    """After EFAULT: what the host says to as many bytes at a bad address (0 at the end of a file, all to a null device)."""
    size = t.memory.iovec_size(iov, count)
    if not in_user_space(t, iov, count):
        raise LinuxError(Errno.EFAULT)
    if not flags:
        return _bad_buffer(t, fd, descriptors.nowhere, size, ask, offset)
    host_flags = host_rw_flags(t, fd, flags, offset, size)
    if t.files.kind(fd) == Kind.SYNTHETIC:
        raise LinuxError(Errno.EFAULT)
    return ask(fd, size, offset, descriptors.nowhere, host_flags)


def read_vector(t: Thread, fd: int, iov: int, count: int) -> int:
    """readv(2)."""
    try:
        pieces = _vector(t, fd, iov, count, os.O_RDONLY)
    except LinuxError as error:
        if error.errno != Errno.EFAULT:
            raise
        return _no_buffers(t, fd, iov, count, descriptors.read_nowhere)
    return read_pieces(t, fd, pieces, t.memory.iovec_size(iov, count)) if pieces else _no_vector(t, fd, os.O_RDONLY)


def write_vector(t: Thread, fd: int, iov: int, count: int) -> int:
    """writev(2)."""
    try:
        pieces = _vector(t, fd, iov, count, os.O_WRONLY)
    except LinuxError as error:
        if error.errno != Errno.EFAULT:
            raise
        return _no_buffers(t, fd, iov, count, descriptors.write_nowhere)
    return write_pieces(t, fd, pieces, t.memory.iovec_size(iov, count)) if pieces else _no_vector(t, fd, os.O_WRONLY)


def read_vector_at(
    t: Thread, fd: int, iov: int, count: int, offset: int, flags: int = 0, *, current: bool = False
) -> int:
    """preadv(2) and preadv2(2); `current`: position -1 is the descriptor's."""
    if offset < 0 and not (current and offset == -1):
        raise LinuxError(Errno.EINVAL)
    if current and offset == -1 and not flags:
        return read_vector(t, fd, iov, count)
    check_seekable(t, fd, offset)
    try:
        pieces = _vector(t, fd, iov, count, os.O_RDONLY)
    except LinuxError as error:
        if error.errno != Errno.EFAULT:
            raise
        return _no_buffers(t, fd, iov, count, descriptors.read_nowhere, offset, flags)
    if not pieces:
        return _no_vector(t, fd, os.O_RDONLY)
    if flags:
        check_access(t, fd, os.O_RDONLY)
    missing = _missing(pieces, t.memory.iovec_size(iov, count))
    return _read_at(t, fd, pieces, offset, host_rw_flags(t, fd, flags, offset, size_of(pieces)), missing)


def write_vector_at(
    t: Thread, fd: int, iov: int, count: int, offset: int, flags: int = 0, *, current: bool = False
) -> int:
    """pwritev(2) and pwritev2(2), likewise."""
    if offset < 0 and not (current and offset == -1):
        raise LinuxError(Errno.EINVAL)
    if current and offset == -1 and not flags:
        return write_vector(t, fd, iov, count)
    check_seekable(t, fd, offset)
    try:
        pieces = _vector(t, fd, iov, count, os.O_WRONLY)
    except LinuxError as error:
        if error.errno != Errno.EFAULT:
            raise
        return _no_buffers(t, fd, iov, count, descriptors.write_nowhere, offset, flags)
    if not pieces:
        return _no_vector(t, fd, os.O_WRONLY)
    if flags:
        check_access(t, fd, os.O_WRONLY)
    missing = _missing(pieces, t.memory.iovec_size(iov, count))
    return _write_at(t, fd, pieces, offset, host_rw_flags(t, fd, flags, offset, size_of(pieces)), missing)


def host_rw_flags(t: Thread, fd: int, flags: int, offset: int | None, size: int) -> int:
    """RWF_ bits for the host. EOPNOTSUPP for what it cannot do, after EINVAL for an end that no file has, or both ends."""
    if flags & ~ALL_RW_FLAGS:
        check_access(t, fd)
        if offset is not None and offset + size > MAX_OFFSET:
            raise LinuxError(Errno.EINVAL)
        if not flags & ~(ALL_RW_FLAGS | RwFlags.ATOMIC) and flags & OF_THE_END == OF_THE_END:
            raise LinuxError(Errno.EINVAL)
        raise LinuxError(Errno.EOPNOTSUPP)
    return sum(bit for linux, bit in HOST_RW.items() if flags & linux)


def _no_vector(t: Thread, fd: int, need: int) -> int:
    """A vector without buffers: its errors (EINVAL of what cannot be read or written at all)."""
    check_access(t, fd, need)
    if t.files.kind(fd) == Kind.SYNTHETIC:
        return 0
    return descriptors.readv(fd, ()) if need == os.O_RDONLY else descriptors.writev(fd, ())


# ---- checks


def read_nothing(t: Thread, fd: int) -> int:
    """A read of no bytes: its errors."""
    if t.files.kind(fd) != Kind.SYNTHETIC:
        os.read(fd, 0)
    elif t.files.synthetic(fd).reads_before_faults:
        t.files.synthetic(fd).read(t.process, 0)
    return 0


def write_nothing(t: Thread, fd: int) -> int:
    """A write of no bytes: its errors. A synthetic file's placeholder is open for the same as the file."""
    t.files.check(fd)
    entry = t.files.entry(fd)
    if entry is not None and entry.reads_before_faults:
        return entry.write(t.process, b"")
    return os.write(fd, b"")


def check_seekable(t: Thread, fd: int, offset: int) -> None:
    """ESPIPE for a position in a stream. It comes before what is wrong with the buffers or the access."""
    t.files.check(fd)
    entry = t.files.entry(fd)
    if entry is not None and offset >= 0 and not entry.has_positions:
        raise LinuxError(Errno.ESPIPE)
    if offset >= 0 and t.files.kind(fd) == Kind.STREAM and not host_flags(fd) & O_PATH:
        try:
            os.pread(fd, 0, 0)
        except OSError as error:
            if error.errno == errno.ESPIPE:
                raise


def check_access(t: Thread, fd: int, need: int | None = None) -> None:
    """EBADF unless the descriptor is open, is no O_PATH one, and (need: os.O_RDONLY or os.O_WRONLY) was opened for that."""
    t.files.check(fd)
    entry = t.files.entry(fd)
    flags = host_flags(fd) & ~(entry.hidden_flags if entry is not None else 0)
    forbidden = {None: -1, os.O_RDONLY: os.O_WRONLY, os.O_WRONLY: os.O_RDONLY}[need]
    if flags & O_PATH or flags & os.O_ACCMODE == forbidden:
        raise LinuxError(Errno.EBADF)


def host_flags(fd: int) -> int:
    """The host's open flags of a descriptor."""
    return descriptors.fcntl(fd, fcntl.F_GETFL)


def is_path(fd: int) -> bool:
    """Whether it is an O_PATH descriptor."""
    return bool(host_flags(fd) & O_PATH)


def _bad_buffer(t: Thread, fd: int, buf: int, count: int, ask: descriptors.Asking, offset: int | None = None) -> int:
    t.files.check(fd)
    if t.files.kind(fd) == Kind.SYNTHETIC:
        if offset is not None:
            check_seekable(t, fd, offset)
        check_access(t, fd, os.O_RDONLY if ask is descriptors.read_nowhere else os.O_WRONLY)
        entry = t.files.synthetic(fd)
        if entry.reads_before_faults and ask is descriptors.read_nowhere:
            entry.read(t.process, count, offset)
        raise LinuxError(Errno.EFAULT)
    inside = buf + count <= t.memory.task_size
    return ask(fd, count, offset, descriptors.nowhere if inside else descriptors.beyond)


def _terminal_answers(fd: int) -> bool:
    """Whether a read of this descriptor is a terminal's that does not wait for input as poll would.

    It is not in canonical mode and VMIN is 0 (VTIME may bound the wait).
    """
    import termios

    try:
        mode = termios.tcgetattr(fd)
    except termios.error:
        return False
    return not mode[3] & termios.ICANON and mode[6][termios.VMIN] in (0, b"\0")


def _stops_writers(fd: int) -> bool:
    """Whether a terminal lets nobody write in its background (TOSTOP)."""
    import termios

    return bool(termios.tcgetattr(fd)[3] & termios.TOSTOP)


def size_of(pieces: Pieces) -> int:
    """Bytes in all."""
    return sum(map(len, pieces))


def skip(pieces: Pieces, done: int) -> list[memoryview]:
    """What is left of the pieces after their first bytes."""
    left = []
    for piece in pieces:
        if done < len(piece):
            left.append(piece[done:])
        done = max(done - len(piece), 0)
    return left


def scatter(data: bytes, pieces: Pieces) -> int:
    """Copy into guest memory; how much."""
    if not data:
        return 0
    return descriptors.copy_to(_first(pieces, len(data)), data)


def _first(pieces: Pieces, size: int) -> list[memoryview]:
    """The pieces, cut to their first bytes."""
    cut = []
    for piece in pieces:
        cut.append(piece[:size])
        size -= len(cut[-1])
        if not size:
            break
    return cut


def gather(pieces: Pieces) -> bytes:
    """The bytes of guest memory. EFAULT."""
    return descriptors.copy_from(pieces)
