"""How strace writes the arguments of socket calls: addresses, messages, options."""

from __future__ import annotations

from struct import calcsize, unpack_from

from lx.abi.lean import Callable
from lx.abi.names import IntEnum
from lx.abi.socket import (
    CMSG_ALIGN,
    CMSGHDR,
    MMSGHDR_SIZE,
    MSG_LEN,
    MSGHDR,
    OPTIONS,
    Family,
    Level,
    MsgFlags,
    Scm,
    SocketOption,
    SocketType,
)
from lx.abi.word import s32
from syscalls.show.words import SHOWN_BYTES, flags, pointer, quote

TYPE_CHECKING = False
if TYPE_CHECKING:
    from syscalls.show.structs import Call

SHOWN = 16
TYPE_FLAGS = ((0o2000000, "SOCK_CLOEXEC"), (0o4000, "SOCK_NONBLOCK"))


class Protocol(IntEnum):
    """Protocols of INET and INET6. Linux uapi linux/in.h."""

    IPPROTO_IP = 0
    IPPROTO_ICMP = 1
    IPPROTO_TCP = 6
    IPPROTO_UDP = 17
    IPPROTO_IPV6 = 41
    IPPROTO_ICMPV6 = 58
    IPPROTO_RAW = 255


def _quoted(data: bytes) -> str:
    return quote(data[:SHOWN_BYTES], len(data) > SHOWN_BYTES)


def address(data: bytes) -> str:
    """An address by its family."""
    if len(data) < 2:
        return quote(data)
    family = unpack_from("<H", data)[0]
    head = f"sa_family={flags(family, Family)}"
    if family == Family.AF_UNIX and len(data) > 2:
        path = data[2:]
        text = f"@{quote(path[1:])}" if path[0] == 0 else quote(path.split(b"\0")[0])
        return f"{{{head}, sun_path={text}}}"
    if family == Family.AF_INET and len(data) >= 8:
        port, *ip = unpack_from(">H4B", data, 2)
        return f'{{{head}, sin_port=htons({port}), sin_addr=inet_addr("{".".join(map(str, ip))}")}}'
    if family == Family.AF_INET6 and len(data) >= 28:
        from socket import AF_INET6, inet_ntop

        port, flow = unpack_from(">HI", data, 2)
        text = f'sin6_port=htons({port}), sin6_flowinfo=htonl({flow}), inet_pton(AF_INET6, "{inet_ntop(AF_INET6, data[8:24])}"'
        return f"{{{head}, {text}, &sin6_addr), sin6_scope_id={unpack_from('<I', data, 24)[0]}}}"
    if family == Family.AF_NETLINK and len(data) >= 12:
        pid, groups = unpack_from("<II", data, 4)
        return f"{{{head}, nl_pid={pid}, nl_groups={groups:08x}}}"
    return f"{{{head}{', sa_data=' + quote(data[2:]) if len(data) > 2 else ''}}}"


def sockaddr(call: Call, index: int, at: int) -> str:
    """A pointer to an address, the length behind it: a number, or a pointer to one where the call writes."""
    length = s32(call.args[index + 1])
    if call.row.parameters[index].arg.out:
        length = call.t.memory.u32(call.args[index + 1])
    return address(call.t.memory.read(at, min(length, 128)))


def socklen(call: Call, index: int, at: int) -> str:
    """The length that the call has written."""
    return f"[{s32(call.t.memory.u32(at))}]"


SOCKET_OPTIONS: dict[int, tuple[str, str]] = {
    SocketOption.SO_LINGER: ("<ii", "{{l_onoff={}, l_linger={}}}"),
    SocketOption.SO_PEERCRED: ("<iII", "{{pid={}, uid={}, gid={}}}"),
    SocketOption.SO_RCVTIMEO: ("<qq", "{{tv_sec={}, tv_usec={}}}"),
    SocketOption.SO_SNDTIMEO: ("<qq", "{{tv_sec={}, tv_usec={}}}"),
}
"""Options whose values are structures: layout and form."""


def sockopt(call: Call, index: int, at: int) -> str:
    """An option's value: a number where it is as long as one."""
    length = s32(call.args[index + 1])
    if call.row.parameters[index].arg.out:
        length = call.t.memory.u32(call.args[index + 1])
    data = call.t.memory.read(at, min(length, 64))
    form = SOCKET_OPTIONS.get(s32(call.args[2])) if s32(call.args[1]) == Level.SOL_SOCKET else None
    if form is not None and len(data) == calcsize(form[0]):
        return form[1].format(*unpack_from(form[0], data))
    return f"[{int.from_bytes(data, 'little', signed=True)}]" if len(data) == 4 else quote(data, length > 64)


def _control(data: bytes) -> str:
    texts, here = [], 0
    while here + CMSGHDR.size <= len(data):
        size, level, kind = CMSGHDR.unpack_from(data, here)
        if size < CMSGHDR.size:
            break
        body = data[here + CMSGHDR.size : here + size]
        named = flags(kind, Scm) if level == Level.SOL_SOCKET else str(kind)
        if level == Level.SOL_SOCKET and kind == Scm.SCM_RIGHTS:
            shown = "[" + ", ".join(str(unpack_from("<i", body, i)[0]) for i in range(0, len(body) & ~3, 4)) + "]"
        elif level == Level.SOL_SOCKET and kind == Scm.SCM_CREDENTIALS:
            shown = "{{pid={}, uid={}, gid={}}}".format(*unpack_from("<iII", body))
        else:
            shown = _quoted(body)
        texts.append(f"{{cmsg_len={size}, cmsg_level={flags(level, Level)}, cmsg_type={named}, cmsg_data={shown}}}")
        here += size + -size % CMSG_ALIGN
    return "[" + ", ".join(texts) + "]"


def _message(call: Call, at: int, moved: int | None) -> str:
    """One struct msghdr; moved: how many of its bytes mean something."""
    name, namelen, iov, count, control, controllen, bits = call.unpack(at, MSGHDR.format)
    memory, left, pieces = call.t.memory, moved, []
    for i in range(min(count, SHOWN)):
        base, length = call.unpack(iov + 16 * i, "<QQ")
        part = length if left is None else min(length, left)
        left = None if left is None else left - part
        pieces.append(f"{{iov_base={_quoted(memory.read(base, min(part, SHOWN_BYTES + 1)))}, iov_len={length}}}")
    shown = address(memory.read(name, min(namelen, 128))) if name and namelen else pointer(name)
    texts = [f"msg_name={shown}", f"msg_namelen={namelen}", f"msg_iov=[{', '.join(pieces)}]", f"msg_iovlen={count}"]
    if control and controllen:
        texts.append(f"msg_control={_control(memory.read(control, min(controllen, 4096)))}")
    return "{" + ", ".join([*texts, f"msg_controllen={controllen}", f"msg_flags={flags(bits, MsgFlags)}"]) + "}"


def msghdr(call: Call, index: int, at: int) -> str:
    """struct msghdr with what is in its buffers."""
    return _message(call, at, call.result if call.row.parameters[index].arg.out else None)


def mmsghdr(call: Call, index: int, at: int) -> str:
    """An array of struct mmsghdr."""
    count = call.args[index + 1] & 0xFFFFFFFF
    if call.row.parameters[index].arg.out:
        count = call.result or 0
    texts = []
    for i in range(min(count, SHOWN)):
        here = at + MMSGHDR_SIZE * i
        moved = call.t.memory.u32(here + MSG_LEN)
        texts.append(f"{{msg_hdr={_message(call, here, moved or None)}, msg_len={moved}}}")
    return "[" + ", ".join(texts + ["..."] * (count > SHOWN)) + "]"


def kind(call: Call, index: int, raw: int) -> str:
    """A socket's type and the flags beside it."""
    word = raw & 0xFFFFFFFF
    rest, texts = word & ~0xF, [flags(word & 0xF, SocketType)]
    for bit, name in TYPE_FLAGS:
        if rest & bit:
            texts.append(name)
            rest &= ~bit
    return "|".join(texts + [hex(rest)] * bool(rest))


def protocol(call: Call, index: int, raw: int) -> str:
    """A protocol by the family of the first argument."""
    family, number = s32(call.args[0]), s32(raw)
    if family in (Family.AF_INET, Family.AF_INET6):
        return flags(number, Protocol)
    return "NETLINK_ROUTE" if family == Family.AF_NETLINK and number == 0 else str(number)


def option(call: Call, index: int, raw: int) -> str:
    """An option by its level."""
    names, number = OPTIONS.get(s32(call.args[1])), s32(raw)
    return flags(number, names) if names is not None else str(number)


STRUCTS: dict[str, Callable[[Call, int, int], str]] = {
    "mmsghdr": mmsghdr,
    "msghdr": msghdr,
    "sockaddr": sockaddr,
    "socklen": socklen,
    "sockopt": sockopt,
}
DEPENDENT: dict[tuple[str, int], Callable[[Call, int, int], str | None]] = {
    ("getsockopt", 2): option,
    ("setsockopt", 2): option,
    ("socket", 1): kind,
    ("socket", 2): protocol,
    ("socketpair", 1): kind,
    ("socketpair", 2): protocol,
}
