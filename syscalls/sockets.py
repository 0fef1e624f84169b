"""Sockets: making, naming, connecting, and their options. Sending and receiving is in `messages`.

A guest's socket is the host's; families, types and options cross by name (lx.host.sockets), addresses by lx.kernel.sockets. A
bad descriptor, address length or option is left to the host to judge wherever it cannot reach anything by it.

connect and accept never wait in the host: connect is tried without waiting and run again when the socket is writable, which
then tells how it ended; accept looks first whether somebody is there.

Families: UNIX, INET, INET6 and NETLINK_ROUTE. Others answer as a kernel that is built without them, and so do options that
lx.abi.socket does not name.
"""

import errno

from lx.abi.errno import Errno, LinuxError
from lx.abi.lean import Callable
from lx.abi.socket import (
    AF_MAX,
    FAMILY,
    NETLINK_ROUTE,
    SOCK_MAX,
    SOCK_TYPE_MASK,
    SOCKADDR_MAX,
    SUN_PATH,
    UCRED,
    Family,
    Level,
    Shut,
    SocketFlags,
    SocketOption,
    SocketType,
)
from lx.abi.word import s32
from lx.host import descriptors, numbers
from lx.host import sockets as host
from lx.kernel import sockets
from lx.kernel.thread import Thread
from syscalls import _transfer as transfer
from syscalls.declare import Restart, syscall
from syscalls.types import Annotated, Fd, Int, flags_of, one_of, struct_in, struct_out

Domain = Annotated[int, one_of(Family)]
SockType = Annotated[int, one_of(SocketType)]
AddressIn = Annotated[int, struct_in("sockaddr")]
AddressOut = Annotated[int, struct_out("sockaddr")]
LengthInOut = Annotated[int, struct_out("socklen")]
LevelOf = Annotated[int, one_of(Level)]
ValueIn = Annotated[int, struct_in("sockopt")]
ValueOut = Annotated[int, struct_out("sockopt")]

KNOWN_FAMILIES = frozenset({Family.AF_UNIX, Family.AF_INET, Family.AF_INET6, Family.AF_NETLINK})
IN_PROGRESS = (errno.EINPROGRESS, errno.EALREADY)
VALUE_MAX = 1 << 16
NO_OPTION = 0x7FFE
"""A number that no level has an option of."""


# ---- making


def _check_kind(t: Thread, domain: int, kind: int, protocol: int) -> None:
    """EINVAL, EAFNOSUPPORT, EPROTONOSUPPORT, before the host is asked."""
    if not 0 <= domain < AF_MAX:
        raise LinuxError(Errno.EAFNOSUPPORT)
    if not 0 <= kind & SOCK_TYPE_MASK < SOCK_MAX:
        raise LinuxError(Errno.EINVAL)
    if domain == Family.AF_UNSPEC:
        raise LinuxError(Errno.EAFNOSUPPORT)
    if domain not in KNOWN_FAMILIES:
        raise t.unsupported("socket family", domain, Errno.EAFNOSUPPORT)
    if domain == Family.AF_NETLINK and protocol != NETLINK_ROUTE and kind & SOCK_TYPE_MASK in (2, 3):
        raise t.unsupported("netlink protocol", protocol, Errno.EPROTONOSUPPORT)


def _check_flags(kind: int) -> None:
    if kind & ~SOCK_TYPE_MASK & ~(SocketFlags.CLOEXEC | SocketFlags.NONBLOCK):
        raise LinuxError(Errno.EINVAL)


@syscall(result="fd", note="families UNIX, INET, INET6 and NETLINK_ROUTE, of which only requests can be sent")
def socket(t: Thread, domain: Domain, type: SockType, protocol: Int) -> int:
    """A socket."""
    _check_flags(type)
    _check_kind(t, domain, type, protocol)
    made = t.files.adopt(host.socket(domain, type, protocol))
    t.files.guarded |= domain == Family.AF_NETLINK
    return made


@syscall()
def socketpair(t: Thread, domain: Domain, type: SockType, protocol: Int, sv: Annotated[int, struct_out("fdpair")]) -> int:
    """Two sockets that are connected with each other."""
    _check_flags(type)
    t.memory.write(sv, bytes(8))
    _check_kind(t, domain, type, protocol)
    pair = [t.files.adopt(fd) for fd in host.socketpair(domain, type, protocol)]
    t.memory.write(sv, b"".join(fd.to_bytes(4, "little") for fd in pair))
    return 0


# ---- addresses


def read_address(t: Thread, fd: int | None, address: int, length: int) -> bytes:
    """An address that the guest gives. EBADF and ENOTSOCK come before EINVAL and EFAULT, unless fd is None."""
    try:
        if not 0 <= length <= SOCKADDR_MAX:
            raise LinuxError(Errno.EINVAL)
        return t.memory.read(address, length) if length else b""
    except LinuxError:
        if fd is not None:
            host.option(t.files.guest(fd), "SO_TYPE")
        raise


def write_address(t: Thread, address: bytes, at: int, length: int) -> None:
    """Tell the guest an address, as much of it as there is room for, and how long it is. EINVAL, EFAULT."""
    room = s32(t.memory.u32(length))
    if room < 0:
        raise LinuxError(Errno.EINVAL)
    if room and address:
        t.memory.write(at, address[:room])
    t.memory.write(length, len(address).to_bytes(4, "little"))


@syscall()
def bind(t: Thread, sockfd: Fd, addr: AddressIn, addrlen: Int) -> int:
    """Give a socket an address."""
    fd, address = t.files.guest(sockfd), read_address(t, sockfd, addr, addrlen)
    if len(address) == SUN_PATH and address == FAMILY.pack(Family.AF_UNIX) and host.family(fd) == Family.AF_UNIX:
        return sockets.bind_somewhere(t, fd) if host.getsockname(fd) == host.address_to_host(address) else 0
    with sockets.to_host(t, fd, address, binding=True) as there:
        return host.bind(fd, there)


@syscall(restart=Restart.RESTART)
def connect(t: Thread, sockfd: Fd, addr: AddressIn, addrlen: Int) -> int:
    """Connect to an address."""
    t.files.check(sockfd)
    fd = sockfd
    try:
        address = read_address(t, None, addr, addrlen)
    except LinuxError:
        transfer.check_access(t, fd)
        raise
    with sockets.to_host(t, fd, address) as there:
        try:
            return host.connect(fd, there)
        except OSError as error:
            unix = address.startswith(sockets.UNIX)
            waits = error.errno in IN_PROGRESS or (unix and error.errno == errno.EAGAIN)
            if not waits or not sockets.waits(fd):
                raise
    raise sockets.wait(t, fd, t.progress(), sending=True, steady=unix) or LinuxError(Errno.EAGAIN if unix else Errno.EINPROGRESS)


@syscall()
def listen(t: Thread, sockfd: Fd, backlog: Int) -> int:
    """Let others connect."""
    return host.listen(t.files.guest(sockfd), backlog)


def _accept(t: Thread, sockfd: int, addr: int, addrlen: int, flags: int) -> int:
    t.files.check(sockfd)
    if flags & ~(SocketFlags.CLOEXEC | SocketFlags.NONBLOCK):
        raise LinuxError(Errno.EINVAL)
    fd = sockfd
    if host.option(fd, "SO_ACCEPTCONN") and sockets.waits(fd) and not t.process.poll_now(fd, sockets.POLLIN):
        raise sockets.wait(t, fd, t.progress(), sending=False) or LinuxError(Errno.EAGAIN)
    accepted, peer = host.accept(fd, flags)
    made = t.files.adopt(accepted)
    if addr:
        try:
            write_address(t, sockets.to_guest(t, peer), addr, addrlen)
        except LinuxError:
            t.files.close(made)
            raise
    return made


@syscall(result="fd", restart=Restart.RESTART)
def accept(t: Thread, sockfd: Fd, addr: AddressOut, addrlen: LengthInOut) -> int:
    """Take the first connection that waits."""
    return _accept(t, sockfd, addr, addrlen, 0)


@syscall(result="fd", restart=Restart.RESTART)
def accept4(
    t: Thread, sockfd: Fd, addr: AddressOut, addrlen: LengthInOut, flags: Annotated[int, flags_of(SocketFlags)]
) -> int:
    """accept with flags for the new descriptor."""
    return _accept(t, sockfd, addr, addrlen, flags)


@syscall()
def shutdown(t: Thread, sockfd: Fd, how: Annotated[int, one_of(Shut)]) -> int:
    """End one direction of a connection, or both."""
    return host.shutdown(t.files.guest(sockfd), how)


@syscall()
def getsockname(t: Thread, sockfd: Fd, addr: AddressOut, addrlen: LengthInOut) -> int:
    """A socket's own address."""
    write_address(t, sockets.to_guest(t, host.getsockname(t.files.guest(sockfd))), addr, addrlen)
    return 0


@syscall()
def getpeername(t: Thread, sockfd: Fd, addr: AddressOut, addrlen: LengthInOut) -> int:
    """The address of a socket's peer."""
    write_address(t, sockets.to_guest(t, host.getpeername(t.files.guest(sockfd))), addr, addrlen)
    return 0


# ---- options


def _unknown(t: Thread, fd: int, level: int, option: int, setting: bool) -> LinuxError:
    """The host's error for an option that nobody has; the operator is told if it has this one, which is not of the table."""
    host_level = host.level_to_host(level)
    try:
        if setting:
            host.setsockopt(fd, host_level, NO_OPTION, bytes(4))
        else:
            host.getsockopt(fd, host_level, NO_OPTION, 4)
    except OSError as error:
        if error.errno != errno.ENOPROTOOPT:
            raise
    try:
        host.getsockopt(fd, host_level, option, 0)
    except OSError as error:
        if error.errno in (errno.ENOPROTOOPT, errno.EOPNOTSUPP):
            return LinuxError(Errno.ENOPROTOOPT)
    return t.unsupported(f"socket option {level}:", option, Errno.ENOPROTOOPT)


def _told(t: Thread, level: int, option: int, value: bytes) -> bytes:
    """An option's value in Linux's words."""
    if level != Level.SOL_SOCKET:
        return value
    if option == SocketOption.SO_PEERCRED and len(value) == UCRED.size:
        pid, uid, gid = UCRED.unpack(value)
        return UCRED.pack(sockets.pid_to_guest(t, pid), uid, gid)
    if option == SocketOption.SO_PEERNAME:
        return sockets.to_guest(t, value)
    if option in WORDS and len(value) == 4:
        return WORDS[option](int.from_bytes(value, "little")).to_bytes(4, "little")
    return value


WORDS: dict[int, Callable[[int], int]] = {
    SocketOption.SO_ERROR: lambda number: numbers.errno_to_linux(number) if number else 0,
    SocketOption.SO_TYPE: host.type_to_linux,
    SocketOption.SO_DOMAIN: host.family_to_linux,
}
"""Options that are words with names."""


@syscall(note="options that lx.abi.socket names; others ENOPROTOOPT")
def getsockopt(t: Thread, sockfd: Fd, level: LevelOf, optname: Int, optval: ValueOut, optlen: LengthInOut) -> int:
    """An option's value."""
    fd = t.files.guest(sockfd)
    found = host.option_to_host(level, optname)
    if found is None:
        raise _unknown(t, fd, level, optname, False)
    try:
        size = s32(t.memory.u32(optlen))
    except LinuxError:
        host.getsockopt(fd, *found, 0)
        raise
    value = _told(t, level, optname, host.getsockopt(fd, *found, min(size, VALUE_MAX)))
    if value:
        t.memory.write(optval, value[: max(size, 0)])
    t.memory.write(optlen, len(value).to_bytes(4, "little"))
    return 0


@syscall(note="options that lx.abi.socket names; others ENOPROTOOPT")
def setsockopt(t: Thread, sockfd: Fd, level: LevelOf, optname: Int, optval: ValueIn, optlen: Int) -> int:
    """Set an option."""
    fd = t.files.guest(sockfd)
    found = host.option_to_host(level, optname)
    if found is None:
        raise _unknown(t, fd, level, optname, True)
    try:
        value = b"".join(t.memory.readable(optval, min(optlen, VALUE_MAX))) if optlen > 0 else b""
    except LinuxError:
        value = b""
    if not value:
        return host.setsockopt(fd, *found, b"", descriptors.nowhere, optlen)
    return host.setsockopt(fd, *found, value)


