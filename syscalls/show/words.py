"""How strace writes single words: quoted bytes, sets of flags, modes, signals, errors.

The forms are strace's, so that its users read ours without learning and the two can be compared line by line. Members
of our flag classes are named without their C prefix; PREFIXES gives it back.
"""

from __future__ import annotations

import errno
import os

from lx.abi.errno import Errno
from lx.abi.fcntl import ACCMODE, O_SYNC, O_TMPFILE, OpenFlags
from lx.abi.lean import cache
from lx.abi.names import IntEnum, IntFlag
from lx.abi.signals import NSIG, signal_name
from lx.abi.stat import Access

SHOWN_BYTES = 32
AT_FDCWD = -100

PREFIXES = {
    "AtFlags": "AT_",
    "Clock": "CLOCK_",
    "CloneFlags": "CLONE_",
    "CloseRange": "CLOSE_RANGE_",
    "FallocMode": "FALLOC_FL_",
    "EpollEvents": "EPOLL",
    "EpollFlags": "EPOLL_",
    "EpollOp": "EPOLL_CTL_",
    "EventfdFlags": "EFD_",
    "Fadvise": "POSIX_FADV_",
    "Fcntl": "F_",
    "FlockOperation": "LOCK_",
    "InotifyFlags": "IN_",
    "InotifyMask": "IN_",
    "LockType": "F_",
    "Madvise": "MADV_",
    "MapFlags": "MAP_",
    "MemfdFlags": "MFD_",
    "MremapFlags": "MREMAP_",
    "MsyncFlags": "MS_",
    "MsgFlags": "MSG_",
    "OpenFlags": "O_",
    "PidfdFlags": "PIDFD_",
    "PollEvents": "POLL",
    "Prot": "PROT_",
    "RandomFlags": "GRND_",
    "RenameFlags": "RENAME_",
    "Resolve": "RESOLVE_",
    "RwFlags": "RWF_",
    "SaFlags": "SA_",
    "SignalfdFlags": "SFD_",
    "SocketFlags": "SOCK_",
    "SpliceFlags": "SPLICE_F_",
    "SsFlags": "SS_",
    "StatxMask": "STATX_",
    "SyncRange": "SYNC_FILE_RANGE_",
    "TimerfdFlags": "TFD_",
    "TimerfdSet": "TFD_",
    "WaitFlags": "W",
    "Whence": "SEEK_",
    "XattrFlags": "XATTR_",
}
"""What the members of a class of lx.abi lack of their names in C."""

NAMES: dict[str, dict[int, str]] = {
    "Access": {0: "F_OK"},
    "AtFlags": {0x200: "AT_REMOVEDIR"},
    "OpenFlags": {
        O_SYNC: "O_SYNC",
        O_TMPFILE: "O_TMPFILE",
        OpenFlags.SYNC_BIT: "__O_SYNC",
        OpenFlags.TMPFILE_BIT: "__O_TMPFILE",
        OpenFlags.ASYNC: "FASYNC",
    },
    "MapFlags": {0: "MAP_FILE", 0x40: "MAP_32BIT"},
    "StatxMask": {0x7FF: "STATX_BASIC_STATS"},
    "WaitFlags": {2: "WSTOPPED", 0x20000000: "__WNOTHREAD", 0x40000000: "__WALL", 0x80000000: "__WCLONE"},
}
"""Names of their own: of no bit at all, of several bits together, and where C's differ by more than the prefix."""

ESCAPES = {9: "\\t", 10: "\\n", 11: "\\v", 12: "\\f", 13: "\\r", 34: '\\"', 92: "\\\\"}

RESTARTS = {
    512: "ERESTARTSYS (To be restarted if SA_RESTART is set)",
    513: "ERESTARTNOINTR (To be restarted)",
    514: "ERESTARTNOHAND (To be restarted if no handler)",
    516: "ERESTART_RESTARTBLOCK (Interrupted by signal)",
}
"""The kernel's own answers of an interrupted wait, which only a tracer sees. Linux include/linux/errno.h."""

FILE_TYPES = {
    0o140000: "S_IFSOCK",
    0o120000: "S_IFLNK",
    0o100000: "S_IFREG",
    0o060000: "S_IFBLK",
    0o040000: "S_IFDIR",
    0o020000: "S_IFCHR",
    0o010000: "S_IFIFO",
}


def quote(data: bytes, more: bool = False) -> str:
    """Bytes as a C string literal, with "..." behind it if there are more of them."""
    out = []
    for i, byte in enumerate(data):
        if byte in ESCAPES:
            out.append(ESCAPES[byte])
        elif 32 <= byte < 127:
            out.append(chr(byte))
        else:
            wide = i + 1 < len(data) and 48 <= data[i + 1] <= 55
            out.append(f"\\{byte:03o}" if wide else f"\\{byte:o}")
    return '"' + "".join(out) + '"' + ("..." if more else "")


def pointer(address: int) -> str:
    """An address: hexadecimal, or NULL."""
    return f"{address:#x}" if address else "NULL"


def octal(mode: int) -> str:
    """Permission bits: 0644, 022, 000."""
    return f"0{mode:02o}"


def file_mode(mode: int) -> str:
    """A file's type and permission bits: S_IFREG|0644."""
    kind = FILE_TYPES.get(mode & 0o170000)
    return f"{kind}|{octal(mode & 0o7777)}" if kind else octal(mode)


@cache
def names_of(kind: type[IntFlag] | type[IntEnum]) -> dict[int, str]:
    """Names in C by value, in the order in which they are written."""
    prefix = PREFIXES.get(kind.__name__, "")
    names = dict(NAMES.get(kind.__name__, {}))
    for name, member in kind.__members__.items():
        names.setdefault(int(member), name if name.startswith(prefix) else prefix + name)
    return dict(sorted(names.items(), reverse=kind is Access))


def flags(value: int, kind: type[IntFlag] | type[IntEnum]) -> str:
    """A word of named bits, the rest in hexadecimal; or the name of the one value it is."""
    names = names_of(kind)
    if issubclass(kind, IntEnum):
        return names.get(value) or (hex(value) if value > 0xFFFF else str(value))
    if value in (0, 0xFFFFFFFF):
        return names.get(value, hex(value) if value else "0")
    rest, found = value, set()
    for bits in sorted(names, key=lambda bits: -bits.bit_count()):
        if bits and rest & bits == bits:
            found.add(bits)
            rest &= ~bits
    texts = [name for bits, name in names.items() if bits in found]
    return "|".join(texts + [hex(rest)] * bool(rest)) or "0"


def open_flags(value: int) -> str:
    """The flags of an open file, of which the first is the access mode."""
    text = flags(value, OpenFlags)
    if value & ACCMODE:
        return text
    return f"O_RDONLY|{text}" if value else "O_RDONLY"


def signal_set(mask: int) -> str:
    """A set of signals as strace has it: [INT CHLD], or ~[...] of the ones left out of a set that is nearly full."""
    inside = [signo for signo in range(1, NSIG + 1) if mask >> signo - 1 & 1]
    outside = [signo for signo in range(1, NSIG + 1) if not mask >> signo - 1 & 1]
    inverted = len(inside) > 2 * NSIG // 3
    return ("~" if inverted else "") + "[" + " ".join(map(_short_signal, outside if inverted else inside)) + "]"


def _short_signal(signo: int) -> str:
    return "RTMIN" if signo == 32 else signal_name(signo).removeprefix("SIG")


def error(number: int) -> str:
    """A Linux errno: ENOENT (No such file or directory). The text is the host's, by the error's name."""
    try:
        name = Errno(number).name
    except ValueError:
        return f"(errno {number})"
    host = getattr(errno, name, None)
    return f"{name} ({os.strerror(host)})" if host else name


def outcome(result: int | None, form: str) -> str:
    """What stands behind the equals sign. form: "int", "ptr", "fd", "mode" or "hex"."""
    if result is None:
        return "?"
    if -4096 < result < 0:
        return f"? {RESTARTS[-result]}" if -result in RESTARTS else f"-1 {error(-result)}"
    if form == "mode":
        return octal(result)
    return hex(result & 0xFFFF_FFFF_FFFF_FFFF) if form in ("ptr", "hex") else str(result)
