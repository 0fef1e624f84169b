"""The host's sockets: calls that never retry and never wait longer than they are told, and its numbers by name.

Addresses are bytes in the host's layout; `address_to_host` and `address_to_linux` exchange the family's number. Buffers are
(host address, length), so that a part of a guest's buffer that is not there can be handed down as an address that is bad
(lx.host.descriptors.nowhere) and the kernel itself says what that means.
"""

import _socket as python
import ctypes
import errno
import os
import sys
from ctypes import c_int, c_size_t, c_uint, c_void_p
from struct import Struct

from lx.abi.lean import Sequence, cache
from lx.abi.socket import (
    FAMILY,
    OPTIONS,
    SOCKADDR_MAX,
    Family,
    Level,
    MsgFlags,
    SocketFlags,
    SocketType,
)
from lx.host.libc import bind as _bind
from lx.host.libc import failure
from lx.host.numbers import LINUX, by_name

EADDRINUSE = errno.EADDRINUSE
Buffer = tuple[int, int]

_socket = _bind("socket", c_int, c_int, c_int, result=c_int)
_socketpair = _bind("socketpair", c_int, c_int, c_int, c_void_p, result=c_int)
_bind_address = _bind("bind", c_int, c_void_p, c_uint, result=c_int)
_connect = _bind("connect", c_int, c_void_p, c_uint, result=c_int)
_accept4 = _bind("accept4", c_int, c_void_p, c_void_p, c_int, result=c_int)
_getsockname = _bind("getsockname", c_int, c_void_p, c_void_p, result=c_int)
_getpeername = _bind("getpeername", c_int, c_void_p, c_void_p, result=c_int)
_sendmsg = _bind("sendmsg", c_int, c_void_p, c_int)
_recvmsg = _bind("recvmsg", c_int, c_void_p, c_int)
_getsockopt = _bind("getsockopt", c_int, c_int, c_int, c_void_p, c_void_p, result=c_int)
_setsockopt = _bind("setsockopt", c_int, c_int, c_int, c_void_p, c_uint, result=c_int)

listen = _bind("listen", c_int, c_int, result=c_int)
"""listen(2): (fd, backlog)."""
shutdown = _bind("shutdown", c_int, c_int, result=c_int)
"""shutdown(2): (fd, how)."""


class _IoVec(ctypes.Structure):
    _fields_ = (("base", c_void_p), ("length", c_size_t))


class _MsgHdr(ctypes.Structure):
    """struct msghdr, as Linux has it: two lengths are wider than POSIX says."""

    _fields_ = (
        ("name", c_void_p),
        ("namelen", c_uint),
        ("iov", c_void_p),
        ("iovlen", c_size_t if LINUX else c_int),
        ("control", c_void_p),
        ("controllen", c_size_t if LINUX else c_uint),
        ("flags", c_int),
    )


# ---- numbers


FAMILIES = by_name(Family, python)
_FAMILIES_BACK = {host: linux for linux, host in FAMILIES.items()}
TYPES = by_name(SocketType, python)
_TYPES_BACK = {host: linux for linux, host in TYPES.items()}
_FLAGS = [
    (int(flag), int(getattr(python, f"MSG_{flag.name}", flag if LINUX else 0)))
    for flag in MsgFlags
    if flag != MsgFlags.CMSG_COMPAT
]
_SOCKET_FLAGS = [(int(flag), int(getattr(python, f"SOCK_{flag.name}", 0))) for flag in SocketFlags]


def _level(level: Level) -> int | None:
    other = getattr(python, f"IPPROTO_{level.name[4:]}", int(level) if LINUX else None)
    found: int | None = getattr(python, level.name, other)
    return found


_LEVELS = {int(level): _level(level) for level in Level}


@cache
def flags_to_host(flags: int) -> int:
    """MSG_ bits for the host; what it has no name for is left out."""
    return sum(host for linux, host in _FLAGS if flags & linux)


@cache
def flags_to_linux(flags: int) -> int:
    """Linux's MSG_ bits for the host's."""
    return sum(linux for linux, host in _FLAGS if host and flags & host)


def type_to_host(kind: int) -> int:
    """A socket's type with its SOCK_ flags. EINVAL for a type that the host has no name for."""
    number = TYPES.get(kind & 0xF, kind & 0xF if LINUX else None)
    if number is None:
        raise failure(errno.EINVAL)
    return number | sum(host for linux, host in _SOCKET_FLAGS if kind & linux)


@cache
def _options(level: int) -> dict[int, int]:
    return by_name(OPTIONS[level], python) if level in OPTIONS else {}


def option_to_host(level: int, option: int) -> tuple[int, int] | None:
    """The host's level and number of an option; None for one that either side has no name for."""
    host_level, number = _LEVELS.get(level), _options(level).get(option)
    return None if host_level is None or number is None else (host_level, number)


def type_to_linux(kind: int) -> int:
    """Linux's number of a host socket type."""
    return _TYPES_BACK.get(kind, kind)


def family_to_linux(family: int) -> int:
    """Linux's number of a host address family."""
    return _FAMILIES_BACK.get(family, family)


def address_to_host(address: bytes) -> bytes:
    """An address with the host's family number; one too short to have a family stays as it is."""
    if len(address) < FAMILY.size:
        return address
    family = FAMILY.unpack_from(address)[0]
    return FAMILY.pack(FAMILIES.get(family, family)) + address[FAMILY.size :]


def address_to_linux(address: bytes) -> bytes:
    """An address with Linux's family number."""
    if len(address) < FAMILY.size:
        return address
    return FAMILY.pack(family_to_linux(FAMILY.unpack_from(address)[0])) + address[FAMILY.size :]


# ---- making and naming


def socket(family: int, kind: int, protocol: int) -> int:
    """socket(2), in Linux's numbers."""
    return _socket(FAMILIES[family], type_to_host(kind), protocol)


def socketpair(family: int, kind: int, protocol: int) -> tuple[int, int]:
    """socketpair(2), likewise."""
    pair = (c_int * 2)()
    _socketpair(FAMILIES[family], type_to_host(kind), protocol, pair)
    return pair[0], pair[1]


def bind(fd: int, address: bytes) -> int:
    """bind(2) to an address of the host."""
    return _bind_address(fd, address, len(address))


def connect(fd: int, address: bytes) -> int:
    """connect(2), without waiting: EINPROGRESS, EALREADY, EAGAIN (a full backlog) in place of that."""
    blocking = os.get_blocking(fd)
    try:
        if blocking:
            os.set_blocking(fd, False)
        return _connect(fd, address, len(address))
    finally:
        if blocking:
            os.set_blocking(fd, True)


def _named(function: object, fd: int, *more: int) -> tuple[int, bytes]:
    name = ctypes.create_string_buffer(SOCKADDR_MAX)
    size = c_uint(SOCKADDR_MAX)
    result: int = function(fd, name, ctypes.byref(size), *more)  # type: ignore[operator]
    return result, name.raw[: size.value]


def accept(fd: int, flags: int) -> tuple[int, bytes]:
    """accept4(2) with Linux's flags: a descriptor and the peer's address."""
    return _named(_accept4, fd, sum(host for linux, host in _SOCKET_FLAGS if flags & linux))


def getsockname(fd: int) -> bytes:
    """getsockname(2)."""
    return _named(_getsockname, fd)[1]


def getpeername(fd: int) -> bytes:
    """getpeername(2)."""
    return _named(_getpeername, fd)[1]


# ---- options


def getsockopt(fd: int, level: int, option: int, size: int, address: int = 0) -> bytes:
    """getsockopt(2) in the host's numbers, at most `size` bytes; address: a bad one, for the host to judge."""
    value = ctypes.create_string_buffer(max(size, 1))
    length = c_int(size)
    _getsockopt(fd, level, option, address or ctypes.addressof(value), ctypes.byref(length))
    return value.raw[: length.value]


def setsockopt(fd: int, level: int, option: int, value: bytes, address: int = 0, size: int = 0) -> int:
    """setsockopt(2) in the host's numbers; address and size: a bad buffer, for the host to judge."""
    if address:
        return _setsockopt(fd, level, option, address, size)
    return _setsockopt(fd, level, option, value, len(value))


def option(fd: int, name: str) -> int:
    """An int option of SOL_SOCKET by its name."""
    return int.from_bytes(getsockopt(fd, python.SOL_SOCKET, getattr(python, name), 4), sys.byteorder, signed=True)


_TIMEVAL = Struct("@ll")


def timeout_ns(fd: int, sending: bool) -> int | None:
    """SO_SNDTIMEO or SO_RCVTIMEO in ns; None for none."""
    name = python.SO_SNDTIMEO if sending else python.SO_RCVTIMEO
    seconds, microseconds = _TIMEVAL.unpack(getsockopt(fd, python.SOL_SOCKET, name, _TIMEVAL.size))
    return (seconds * 1_000_000 + microseconds) * 1000 or None


def family(fd: int) -> int:
    """Linux's number of a socket's family."""
    return family_to_linux(FAMILY.unpack_from(getsockname(fd))[0])


def carries_bytes(fd: int) -> bool:
    """Whether what it moves is nobody's business but the two ends'."""
    return family(fd) in (Family.AF_UNIX, Family.AF_INET, Family.AF_INET6)


def is_datagram(fd: int) -> bool:
    """Whether it is a datagram socket. OSError if it is none."""
    return option(fd, "SO_TYPE") == python.SOCK_DGRAM


def is_stream(fd: int) -> bool:
    """Whether it is a byte stream."""
    return option(fd, "SO_TYPE") == python.SOCK_STREAM


# ---- moving bytes


_Chars = ctypes.Array[ctypes.c_char]


def _header(
    buffers: Sequence[Buffer], name: _Chars | None, namelen: int, control: _Chars | None, controllen: int
) -> tuple[_MsgHdr, object]:
    """A message for the host, and what has to be kept while it is looked at."""
    vector = (_IoVec * len(buffers))(*[_IoVec(base, length) for base, length in buffers])
    header = _MsgHdr(
        ctypes.addressof(name) if name is not None else None,
        namelen,
        ctypes.addressof(vector) if buffers else None,
        len(buffers),
        ctypes.addressof(control) if control is not None else None,
        controllen,
        0,
    )
    return header, (vector, name, control)


def send(fd: int, buffers: Sequence[Buffer], flags: int, address: bytes | None = None, control: bytes = b"") -> int:
    """sendmsg(2) with the host's flags. address None: none; control: ancillary data of the host."""
    name = ctypes.create_string_buffer(address, len(address)) if address else None
    ancillary = ctypes.create_string_buffer(control, len(control)) if control else None
    header, kept = _header(buffers, name, len(address or b""), ancillary, len(control))
    sent = _sendmsg(fd, ctypes.byref(header), flags)
    del kept
    return sent


class Received:
    """What recvmsg(2) says: bytes, the sender's address (None: it says nothing of one), ancillary data, flags. All the host's."""

    __slots__ = ("address", "control", "count", "flags")

    def __init__(self, count: int, address: bytes, control: bytes, flags: int) -> None:
        self.count = count
        self.address = address
        self.control = control
        self.flags = flags


def receive(fd: int, buffers: Sequence[Buffer], flags: int, control: int = 0) -> Received:
    """recvmsg(2) with the host's flags and room for `control` bytes of ancillary data."""
    name = ctypes.create_string_buffer(SOCKADDR_MAX)
    ancillary = ctypes.create_string_buffer(control) if control else None
    header, kept = _header(buffers, name, SOCKADDR_MAX, ancillary, control)
    count = _recvmsg(fd, ctypes.byref(header), flags)
    data = ancillary.raw[: header.controllen] if ancillary is not None else b""
    del kept
    return Received(count, name.raw[: header.namelen], data, header.flags)


# ---- ancillary data

CMSG = Struct("@Nii" if LINUX else "@Iii")
_ALIGN = 8 if LINUX else 4


def pack_control(messages: Sequence[tuple[int, int, bytes]]) -> bytes:
    """Ancillary data of the host: (level, type, data) each, in the host's numbers."""
    out = bytearray()
    for level, kind, data in messages:
        out += CMSG.pack(CMSG.size + len(data), level, kind) + data
        out += bytes(-len(out) % _ALIGN)
    return bytes(out)


def unpack_control(control: bytes) -> list[tuple[int, int, bytes]]:
    """(level, type, data) each, in the host's numbers; the last may have been cut."""
    found, at = [], 0
    while at + CMSG.size <= len(control):
        length, level, kind = CMSG.unpack_from(control, at)
        if length < CMSG.size:
            break
        found.append((level, kind, control[at + CMSG.size : at + length]))
        at += length + -length % _ALIGN
    return found


def level_to_linux(level: int) -> int:
    """Linux's number of a host level."""
    return next((linux for linux, host in _LEVELS.items() if host == level), level)


def level_to_host(level: int) -> int:
    """The host's number of a level; -1 for one that it has not."""
    found = _LEVELS.get(level)
    return found if found is not None else level if LINUX else -1
