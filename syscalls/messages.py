"""Sending to sockets and receiving from them: sendto, sendmsg, sendmmsg and their counterparts.

The host is asked with MSG_DONTWAIT, whatever the socket's O_NONBLOCK says; where it says EAGAIN and the guest wants to wait,
the thread parks until the socket is ready, or until SO_SNDTIMEO or SO_RCVTIMEO ends (such a call is never restarted). A call
that moves its bytes in several runs (a long send to a stream, MSG_WAITALL, the mmsg calls) keeps how far it has come in
the thread's progress.

Guest buffers are handed to the host as they are, and what is missing of one as a bad address, so that the kernel itself
says whether a message is cut, refused or half sent.

Ancillary data is taken apart and put together in the host's layout: descriptors are checked to be the guest's, pids translated.
A file of /proc, /dev or /sys is only a placeholder on the host; it is sent as a file that has its text of this moment.
"""

import os
from struct import Struct
from time import monotonic_ns

from lx.abi.clocks import NSEC_PER_SEC, TIMESPEC, timespec_to_ns, timespec_valid
from lx.abi.errno import Errno, LinuxError
from lx.abi.fcntl import MAX_RW_COUNT
from lx.abi.lean import Callable, Sequence, suppress
from lx.abi.socket import (
    CMSG_ALIGN,
    CMSGHDR,
    MMSGHDR_SIZE,
    MSG_CONTROLLEN,
    MSG_FLAGS,
    MSG_LEN,
    MSG_NAMELEN,
    MSGHDR,
    SOCKADDR_MAX,
    UCRED,
    UIO_MAXIOV,
    Family,
    Ip6Option,
    IpOption,
    Level,
    MsgFlags,
    Scm,
)
from lx.abi.word import s32
from lx.host import descriptors, numbers
from lx.host import sockets as host
from lx.kernel import sockets
from lx.kernel.synthetic.nodes import File
from lx.kernel.thread import Progress, Thread
from lx.kernel.wait import Park
from syscalls.declare import Restart, syscall
from syscalls.sockets import AddressIn, AddressOut, LengthInOut, read_address, write_address
from syscalls.types import Annotated, BufferIn, BufferOut, Fd, Int, Size, UInt, flags_of, struct_in, struct_inout, struct_out

Flags = Annotated[int, flags_of(MsgFlags)]
MessageIn = Annotated[int, struct_in("msghdr")]
MessageOut = Annotated[int, struct_out("msghdr")]
MessagesIn = Annotated[int, struct_in("mmsghdr")]
MessagesOut = Annotated[int, struct_out("mmsghdr")]
TimespecInOut = Annotated[int, struct_inout("timespec")]

Entries = Sequence[tuple[int, int]]
LookUp = Callable[[int, int], list[memoryview]]
DONTWAIT = host.flags_to_host(MsgFlags.DONTWAIT)
CONTROL_MAX = 1 << 17
INT_MAX = 2**31 - 1
POLLRDHUP = 0x2000
INT = Struct("<i")


# ---- buffers


class Buffers:
    """Guest memory as the host is handed it: (host address, length), bad addresses where it is not there."""

    __slots__ = ("_pieces", "parts", "size")

    def __init__(self, entries: Entries, look_up: LookUp) -> None:
        self._pieces: list[memoryview] = []
        self.parts: list[tuple[int, int]] = []
        self.size = 0
        for base, length in entries:
            length = min(length, MAX_RW_COUNT - self.size)
            try:
                pieces = look_up(base, length) if length else []
            except LinuxError:
                pieces = []
            self._pieces += pieces
            self.parts += [(descriptors.address(piece), len(piece)) for piece in pieces]
            missing = length - sum(map(len, pieces))
            if missing:
                self.parts.append((descriptors.nowhere, missing))
            self.size += length

    def after(self, done: int) -> list[tuple[int, int]]:
        """What is left after so many bytes."""
        if not done:
            return self.parts
        left = []
        for base, length in self.parts:
            if done < length:
                left.append((base + done, length - done))
            done = max(done - length, 0)
        return left

    def content(self) -> bytes:
        """The bytes that are there."""
        return b"".join(self._pieces)


def _one(t: Thread, buf: int, length: int) -> Entries:
    """A single buffer. EFAULT outside user space."""
    length = min(length, MAX_RW_COUNT)
    if buf + length > t.memory.task_size:
        raise LinuxError(Errno.EFAULT)
    return ((buf, length),)


def _several(t: Thread, iov: int, count: int) -> Entries:
    """The buffers of a message. EMSGSIZE, EFAULT, EINVAL."""
    if count > UIO_MAXIOV:
        raise LinuxError(Errno.EMSGSIZE)
    entries = t.memory.iovec_entries(iov, count) if count else []
    if any(length >> 63 for _, length in entries):
        raise LinuxError(Errno.EINVAL)
    if any(base + length > t.memory.task_size for base, length in entries):
        raise LinuxError(Errno.EFAULT)
    return entries


# ---- one message


def _send(
    t: Thread, fd: int, progress: Progress, entries: Entries, flags: int, address: bytes | None, control: bytes = b""
) -> int:
    """Send one message or stretch of a stream: bytes."""
    buffers = Buffers(entries, t.memory.readable)
    if t.files.guarded:
        sockets.check_messages(t, fd, buffers.content())
    host_flags = host.flags_to_host(flags) | DONTWAIT
    while True:
        done = progress.done
        try:
            sent = host.send(fd, buffers.after(done), host_flags, address, b"" if done else control)
        except BlockingIOError:
            return _wait(t, fd, flags, progress, sending=True)
        except OSError:
            if not done:
                raise
            return done
        progress.done += sent
        if progress.done >= buffers.size or not sockets.waits(fd, flags) or not host.is_stream(fd):
            return progress.done


def _wait(t: Thread, fd: int, flags: int, progress: Progress, *, sending: bool, steady: bool = False) -> int:
    """Park; or the bytes that have been moved, if the call may not wait any longer. EAGAIN if none have."""
    park = sockets.wait(t, fd, progress, sending=sending, steady=steady) if sockets.waits(fd, flags) else None
    if park is not None:
        raise park
    if not progress.done:
        raise LinuxError(Errno.EAGAIN)
    return progress.done


def _receive(t: Thread, fd: int, progress: Progress, entries: Entries, flags: int, control: int = 0) -> host.Received:
    """Receive one message or stretch of a stream."""
    buffers = Buffers(entries, t.memory.writable)
    host_flags = host.flags_to_host(flags) | DONTWAIT
    while True:
        try:
            got = host.receive(fd, buffers.after(progress.done), host_flags, control)
        except BlockingIOError:
            if flags & (MsgFlags.ERRQUEUE | MsgFlags.OOB):
                raise
            return host.Received(_wait(t, fd, flags, progress, sending=False), b"", b"", 0)
        except OSError:
            if not progress.done:
                raise
            return host.Received(progress.done, b"", b"", 0)
        whole = progress.done + got.count >= buffers.size or not got.count or bool(got.control)
        if whole or not flags & MsgFlags.WAITALL or not sockets.waits(fd, flags) or not host.is_stream(fd):
            got.count += progress.done
            return got
        if not flags & MsgFlags.PEEK:
            progress.done += got.count
        elif host.family(fd) == Family.AF_UNIX or t.process.poll_now(fd, POLLRDHUP):
            return got
        else:
            _wait(t, fd, flags, progress, sending=False, steady=True)


# ---- ancillary data


def _control_in(t: Thread, at: int, length: int, sent: list[int]) -> bytes:
    """The host's form of ancillary data; descriptors made for it are added to `sent`. What is malformed, the host judges."""
    if length > INT_MAX:
        raise LinuxError(Errno.ENOBUFS)
    data, here = t.memory.read(at, length), 0
    messages: list[tuple[int, int, bytes]] = []
    while here + CMSGHDR.size <= len(data):
        size, level, kind = CMSGHDR.unpack_from(data, here)
        if not CMSGHDR.size <= size <= len(data) - here:
            return host.pack_control(messages) + data[here:]
        body = data[here + CMSGHDR.size : here + size]
        if level == Level.SOL_SOCKET and kind == Scm.SCM_RIGHTS:
            body = b"".join([INT.pack(_sendable(t, fd, sent)) for (fd,) in INT.iter_unpack(body[: len(body) & ~3])])
        elif level == Level.SOL_SOCKET and kind == Scm.SCM_CREDENTIALS and len(body) == UCRED.size:
            pid, uid, gid = UCRED.unpack(body)
            body = UCRED.pack(sockets.pid_to_host(t, pid), uid, gid)
        messages.append((host.level_to_host(level), kind, body))
        here += size + -size % CMSG_ALIGN
    return host.pack_control(messages)


def _sendable(t: Thread, fd: int, sent: list[int]) -> int:
    """The host descriptor that stands for a guest's in a message. EBADF."""
    t.files.check(fd)
    entry = t.files.entry(fd)
    if entry is None or not isinstance(entry.node, File):
        return fd
    with suppress(LinuxError, OSError):
        text = entry.node.read(t.process)
        copy = descriptors.memfd_create(b"synthetic", 1)
        sent.append(copy)
        os.write(copy, text)
        os.lseek(copy, entry.position, os.SEEK_SET)
        return copy
    return fd


ERRORS = ((Level.SOL_IP, IpOption.IP_RECVERR), (Level.SOL_IPV6, Ip6Option.IPV6_RECVERR))


def _control_out(t: Thread, control: bytes) -> tuple[bytes, list[int]]:
    """Linux's form of ancillary data that has been received, and the descriptors in it."""
    out, fds = bytearray(), []
    for host_level, kind, body in host.unpack_control(control):
        level = host.level_to_linux(host_level)
        if level == Level.SOL_SOCKET and kind == Scm.SCM_RIGHTS:
            found = [t.files.adopt(fd) for (fd,) in INT.iter_unpack(body[: len(body) & ~3])]
            t.files.guarded = True
            fds += found
        elif level == Level.SOL_SOCKET and kind == Scm.SCM_CREDENTIALS and len(body) == UCRED.size:
            pid, uid, gid = UCRED.unpack(body)
            body = UCRED.pack(sockets.pid_to_guest(t, pid), uid, gid)
        elif (level, kind) in ERRORS and len(body) >= 4 and any(body[:4]):
            body = numbers.errno_to_linux(int.from_bytes(body[:4], "little")).to_bytes(4, "little") + body[4:]
        out += CMSGHDR.pack(CMSGHDR.size + len(body), level, kind) + body
        out += bytes(-len(out) % CMSG_ALIGN)
    return bytes(out), fds


# ---- messages in guest memory


def _header(t: Thread, at: int) -> tuple[int, int, int, int, int, int]:
    """name, namelen, iov, iovlen, control, controllen. EFAULT, EINVAL."""
    name, namelen, iov, count, control, controllen, _ = t.memory.read_struct(at, MSGHDR)
    namelen = s32(namelen) if name else 0
    if namelen < 0:
        raise LinuxError(Errno.EINVAL)
    return name, min(namelen, SOCKADDR_MAX), iov, count, control, controllen


def _send_message(t: Thread, fd: int, progress: Progress, at: int, flags: int) -> int:
    name, namelen, iov, count, control, controllen = _header(t, at)
    address = t.memory.read(name, namelen) if namelen else b""
    entries = _several(t, iov, count)
    sent: list[int] = []
    try:
        ancillary = _control_in(t, control, controllen, sent) if controllen else b""
        with sockets.to_host(t, fd, address, sending=True) as there:
            return _send(t, fd, progress, entries, flags, there, ancillary)
    finally:
        for copy in sent:
            os.close(copy)


def _receive_message(t: Thread, fd: int, progress: Progress, at: int, flags: int) -> int:
    name, _, iov, count, control, controllen = _header(t, at)
    got = _receive(t, fd, progress, _several(t, iov, count), flags, min(controllen, CONTROL_MAX) if control else 0)
    told = host.flags_to_linux(got.flags)
    ancillary, fds = _control_out(t, got.control)
    ancillary = ancillary[:controllen]
    try:
        if ancillary:
            t.memory.write(control, ancillary)
    except LinuxError:
        for fd in fds:
            t.files.close(fd)
        ancillary, told = b"", told | MsgFlags.CTRUNC
    if name:
        write_address(t, sockets.to_guest(t, got.address), name, at + MSG_NAMELEN)
    t.memory.write(at + MSG_FLAGS, told.to_bytes(4, "little"))
    t.memory.put_u64(at + MSG_CONTROLLEN, len(ancillary))
    return got.count


def _no_compat(flags: int) -> None:
    if flags & MsgFlags.CMSG_COMPAT:
        raise LinuxError(Errno.EINVAL)


def _checked(t: Thread, fd: int, flags: int) -> int:
    """A socket's descriptor. EINVAL for a flag that only 32-bit calls have; EBADF, ENOTSOCK."""
    _no_compat(flags)
    fd = t.files.guest(fd)
    host.option(fd, "SO_TYPE")
    return fd


# ---- the calls


@syscall(restart=Restart.RESTART, direct="send")
def sendto(t: Thread, sockfd: Fd, buf: BufferIn, len: Size, flags: Flags, dest_addr: AddressIn, addrlen: Int) -> int:
    """Send bytes, to an address or to the peer."""
    entries, fd = _one(t, buf, len), t.files.guest(sockfd)
    address = read_address(t, sockfd, dest_addr, addrlen) if dest_addr else b""
    with sockets.to_host(t, fd, address, sending=True) as there:
        return _send(t, fd, t.progress(), entries, flags, there)


@syscall(restart=Restart.RESTART, direct="receive")
def recvfrom(
    t: Thread, sockfd: Fd, buf: BufferOut, size: Size, flags: Flags, src_addr: AddressOut, addrlen: LengthInOut
) -> int:
    """Receive bytes, and who sent them."""
    got = _receive(t, t.files.guest(sockfd), t.progress(), _one(t, buf, size), flags)
    if src_addr:
        write_address(t, sockets.to_guest(t, got.address), src_addr, addrlen)
    return got.count


@syscall(restart=Restart.RESTART, note="a file of /proc, /dev or /sys is sent as its text of the moment")
def sendmsg(t: Thread, sockfd: Fd, msg: MessageIn, flags: Flags) -> int:
    """Send a message with ancillary data."""
    return _send_message(t, _checked(t, sockfd, flags), t.progress(), msg, flags)


@syscall(restart=Restart.RESTART)
def recvmsg(t: Thread, sockfd: Fd, msg: MessageOut, flags: Flags) -> int:
    """Receive a message with ancillary data."""
    return _receive_message(t, _checked(t, sockfd, flags), t.progress(), msg, flags)


def _many(
    t: Thread, progress: Progress, vector: int, count: int, one: Callable[[int], int], stop: Callable[[], bool]
) -> int:
    """Messages one after the other: how many. An error ends it if some have been moved."""
    count = min(count, UIO_MAXIOV)
    while progress.messages < count:
        at = vector + MMSGHDR_SIZE * progress.messages
        try:
            moved = one(at)
            t.memory.write(at + MSG_LEN, moved.to_bytes(4, "little"))
        except Park:
            raise
        except (LinuxError, OSError):
            if not progress.messages:
                raise
            break
        progress.messages, progress.done = progress.messages + 1, 0
        if stop():
            break
    return progress.messages


@syscall(restart=Restart.RESTART, note="a file of /proc, /dev or /sys is sent as its text of the moment")
def sendmmsg(t: Thread, sockfd: Fd, msgvec: MessagesIn, vlen: UInt, flags: Flags) -> int:
    """Send several messages: how many."""
    fd, progress = _checked(t, sockfd, flags), t.progress()
    return _many(t, progress, msgvec, vlen, lambda at: _send_message(t, fd, progress, at, flags), lambda: False)


@syscall(restart=Restart.RESTART)
def recvmmsg(t: Thread, sockfd: Fd, msgvec: MessagesOut, vlen: UInt, flags: Flags, timeout: TimespecInOut) -> int:
    """Receive several messages: how many. The timeout is looked at after each of them, as Linux does."""
    _no_compat(flags)
    until, progress = None, t.progress()
    if timeout:
        spec = t.memory.read_struct(timeout, TIMESPEC)
        if not timespec_valid(*spec):
            raise LinuxError(Errno.EINVAL)
        until = progress.ends = progress.ends or monotonic_ns() + timespec_to_ns(*spec)
    fd, wait_for_one = _checked(t, sockfd, flags), flags & MsgFlags.WAITFORONE

    def one(at: int) -> int:
        dont_wait = MsgFlags.DONTWAIT if progress.messages and wait_for_one else 0
        return _receive_message(t, fd, progress, at, flags & ~MsgFlags.WAITFORONE | dont_wait)

    received = _many(t, progress, msgvec, vlen, one, lambda: until is not None and monotonic_ns() >= until)
    if until is not None:
        t.memory.write_struct(timeout, TIMESPEC, *divmod(max(until - monotonic_ns(), 0), NSEC_PER_SEC))
    return received
