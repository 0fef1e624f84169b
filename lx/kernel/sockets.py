"""Sockets: a zone's addresses in the host's name space, and how a call waits for a socket.

A socket is the host's. What the host cannot be told as the guest says it are UNIX addresses. A path is resolved in the zone; one
that is connected to is handed down as the open object it leads to (/proc/self/fd/N). A bound path is the kernel's answer to
everybody who asks for the address, so where the host would find the same place by it, it is handed down as it stands; elsewhere
through a link in the zone's run directory (names/ID/name), whose text becomes the guest's path once the socket is bound.

An abstract name gets the zone's tag in front, so that zones do not meet; trailing zero bytes, which count, are cut and
their number is put into the tag, so that names of full length fit.

Messages to NETLINK_ROUTE are looked at: a guest may ask and not change, because the network is the host's.

Limits: abstract names of more than 100 bytes without their trailing zeros are refused; names that the kernel itself chooses
(SO_PASSCRED) are the host's. Where the run directory is not to be had (a process that gave up its privileges, in a zone with
a root of its own), the address that comes back for a path is its last component.
"""

import os
import stat
from time import monotonic_ns
from zlib import crc32

from lx.abi.errno import Errno, LinuxError
from lx.abi.fcntl import AT_FDCWD
from lx.abi.lean import Iterator, contextmanager, suppress
from lx.abi.socket import (
    FAMILY,
    NLMSG_CONTROL,
    NLMSG_HEADER,
    RTM_GET,
    SOCKADDR_UN,
    SUN_PATH,
    SUN_PATH_MAX,
    Family,
    MsgFlags,
)
from lx.host import sockets as host
from lx.kernel.vfs.places import HostPlace
from lx.kernel.wait import Park

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lx.kernel.thread import Progress, Thread
    from lx.kernel.vfs import Place

POLLIN, POLLOUT = 1, 4
RETRY = 2_000_000
"""Nanoseconds between tries of what poll does not tell the end of."""
UNIX = FAMILY.pack(Family.AF_UNIX)
TAG = b"lx"
TAG_SIZE = 7
ABSTRACT_MAX = SUN_PATH_MAX - 1 - TAG_SIZE


# ---- addresses


def _names(t: "Thread") -> bytes:
    return os.fsencode(t.zone.runtime_dir) + b"/names"


def _tag(t: "Thread") -> bytes:
    return TAG + crc32(os.fsencode(t.zone.runtime_dir)).to_bytes(4, "little")


def _abstract(t: "Thread", name: bytes) -> bytes:
    """The host's address of an abstract name, which is given without its first byte."""
    bare = name.rstrip(b"\0")
    if len(bare) > ABSTRACT_MAX:
        raise t.unsupported("length of an abstract socket name", len(bare), Errno.EINVAL)
    return UNIX + b"\0" + _tag(t) + bytes((len(name) - len(bare),)) + bare


@contextmanager
def to_host(t: "Thread", fd: int, address: bytes, *, binding: bool = False, sending: bool = False) -> Iterator[bytes]:
    """The host's form of an address, good inside the `with` only. LinuxError, OSError of a path.

    sending: only a datagram has an address; on another UNIX socket it is refused or passed over, unseen.
    """
    in_host = host.address_to_host(address)
    unix = SUN_PATH < len(address) <= SOCKADDR_UN and address.startswith(UNIX) and host.family(fd) == Family.AF_UNIX
    if not unix or (sending and not host.is_datagram(fd)):
        yield in_host
    elif address[SUN_PATH] == 0:
        yield host.address_to_host(_abstract(t, address[SUN_PATH + 1 :]))
    elif binding:
        with _bound(t, address[SUN_PATH:].split(b"\0")[0]) as path:
            yield in_host[:SUN_PATH] + path
    else:
        with t.at(AT_FDCWD, address[SUN_PATH:].split(b"\0")[0]) as place:
            pin = place.pin()
            try:
                yield in_host[:SUN_PATH] + b"/proc/self/fd/%d" % pin
            finally:
                os.close(pin)


@contextmanager
def _bound(t: "Thread", path: bytes) -> Iterator[bytes]:
    """A host path at which a socket of the guest's path can be made."""
    with t.at(AT_FDCWD, path, follow=False, create=True) as place:
        if not isinstance(place, HostPlace):
            _refuse(place)
        elif _same_on_host(t, path):
            yield path
        else:
            with _linked(t, path, place) as linked:
                yield linked


def _refuse(place: "Place") -> None:
    """The error of making a name where none can be made; one that is there is an address in use."""
    try:
        place.mknod(stat.S_IFSOCK | 0o777, 0)
    except LinuxError as error:
        raise LinuxError(Errno.EADDRINUSE if error.errno == Errno.EEXIST else error.errno) from None
    raise LinuxError(Errno.EACCES)


def _same_on_host(t: "Thread", path: bytes) -> bool:
    """Whether the host finds the same place by a guest's path."""
    at_home = t.fs.cwd_node is None
    if b"/" not in path:
        return at_home
    return not t.fs.root_path and not t.fs.root and (at_home or path.startswith(b"/"))


@contextmanager
def _linked(t: "Thread", path: bytes, place: HostPlace) -> Iterator[bytes]:
    name = place.name + b"/" * place.must_be_directory
    where = b"/proc/self/cwd" if place.directory == AT_FDCWD else b"/proc/self/fd/%d" % place.directory
    names = _names(t)
    link = names + b"/%x" % (monotonic_ns() & 0xFFFFFF)
    try:
        with suppress(FileExistsError):
            os.mkdir(names, 0o755)
        os.symlink(where, link)
    except OSError:
        yield _fits(t, where + b"/" + name)
        return
    try:
        yield _fits(t, link + b"/" + name)
    except BaseException:
        os.unlink(link)
        raise
    os.symlink(path, link + b"+")
    os.rename(link + b"+", link)


def _fits(t: "Thread", path: bytes) -> bytes:
    if len(path) > SUN_PATH_MAX - 1:
        raise t.unsupported("length of a socket's path on the host", len(path), Errno.EINVAL)
    return path


def bind_somewhere(t: "Thread", fd: int) -> int:
    """Autobind: an abstract name of five hexadecimal digits that nobody in the zone has. ENOSPC."""
    first = t.zone.random.getrandbits(20)
    for i in range(0x100000):
        try:
            return host.bind(fd, host.address_to_host(_abstract(t, b"%05x" % ((first + i) & 0xFFFFF))))
        except OSError as error:
            if error.errno != host.EADDRINUSE:
                raise
    raise LinuxError(Errno.ENOSPC)


def to_guest(t: "Thread", address: bytes) -> bytes:
    """An address of the host as the guest is told it."""
    address = host.address_to_linux(address)
    if not address.startswith(UNIX) or len(address) <= SUN_PATH:
        return address
    name = address[SUN_PATH:]
    if name[0] == 0:
        tag = _tag(t)
        if name[1:].startswith(tag) and len(name) > TAG_SIZE:
            name = b"\0" + name[1 + TAG_SIZE :] + bytes(name[TAG_SIZE])
        return UNIX + name
    return UNIX + _guest_path(t, name.split(b"\0")[0]) + b"\0"


def _guest_path(t: "Thread", path: bytes) -> bytes:
    names = _names(t) + b"/"
    if path.startswith(names):
        link, _, name = path[len(names) :].partition(b"/")
        with suppress(OSError):
            return os.readlink(names + link)
        return name
    return path.rpartition(b"/")[2] if path.startswith(b"/proc/self/") else path


# ---- credentials


def pid_to_host(t: "Thread", pid: int) -> int:
    """The host's number of a process that a message names. ESRCH."""
    return int(t.zone.host_pid(pid)) if pid > 0 else pid


def pid_to_guest(t: "Thread", pid: int) -> int:
    """The guest's number of the process that a socket names; 0 for one outside the zone. It may have ended since."""
    if pid != os.getpid() and not t.zone.has(pid):
        with suppress(ProcessLookupError):
            os.getsid(pid)
            return 0
    return int(t.zone.guest_pid(pid))


# ---- routing messages


def check_messages(t: "Thread", fd: int, data: bytes) -> None:
    """EPERM for a netlink message that would change something. Sockets of other families may send what they will."""
    if host.family(fd) != Family.AF_NETLINK:
        return
    at = 0
    while at + NLMSG_HEADER.size <= len(data):
        length, kind, *_ = NLMSG_HEADER.unpack_from(data, at)
        if kind >= NLMSG_CONTROL and kind & 3 != RTM_GET:
            raise t.unsupported("netlink message", kind, Errno.EPERM)
        at += max(length + 3 & ~3, NLMSG_HEADER.size)


# ---- waiting


def waits(fd: int, flags: int = 0) -> bool:
    """Whether a call on the socket may wait. flags: the MSG_ bits it has been given."""
    return not flags & MsgFlags.DONTWAIT and os.get_blocking(fd)


def wait(t: "Thread", fd: int, progress: "Progress", *, sending: bool, steady: bool = False) -> Park | None:
    """How to wait for a socket: until it is ready, or its timeout ends; None once that is over. steady: poll does not tell."""
    limit = host.timeout_ns(fd, sending)
    if limit is not None and progress.until is None:
        progress.until = monotonic_ns() + limit
    until, events = progress.until, POLLOUT if sending else POLLIN
    if until is not None and monotonic_ns() >= until:
        return None
    fds: tuple[tuple[int, int], ...] = ((fd, events),)
    if steady or (sending and not host.is_stream(fd) and t.process.poll_now(fd, events)):
        soon, fds = monotonic_ns() + RETRY, ()
        until = soon if until is None else min(soon, until)
    return Park(
        fds, until, on_interrupt=lambda: progress.messages or progress.done or None, contract="" if limit is None else "never"
    )
