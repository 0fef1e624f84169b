"""What strace does for single calls, as tables by the call's name; the rest of syscalls.show knows no names.

Arguments whose form depends on a command, arguments that mean nothing and are left out, results with a form of their
own, and the remarks behind a result.
"""

from __future__ import annotations

from lx.abi.fcntl import Fcntl, LockType
from lx.abi.ioctl import Ioctl
from lx.abi.lean import Callable
from lx.abi.names import IntEnum, IntFlag
from lx.abi.prctl import Prctl
from lx.abi.signals import signal_name
from lx.abi.word import s32
from syscalls.show import ipc, sockets
from syscalls.show.structs import (
    STRUCTS,
    Call,
    Shower,
    environment,
    fd_set,
    flock,
    number,
    pollfd_ready,
    timespec,
    timeval,
)
from syscalls.show.values import FdFlags
from syscalls.show.words import flags, open_flags

NEVER_RETURN = ("exit", "exit_group")
INTERRUPTED_AS = {"restart": -512, "never": -514, "restart_block": -516}
"""What strace calls an interrupted wait, by the row's contract; the guest gets EINTR or a new run."""


IOCTLS = {int(command): command.name for command in Ioctl}
FCNTL_LOCKS = (Fcntl.GETLK, Fcntl.SETLK, Fcntl.SETLKW, Fcntl.OFD_GETLK, Fcntl.OFD_SETLK, Fcntl.OFD_SETLKW)
FCNTL_FLAGS: dict[int, type[IntFlag] | type[IntEnum]] = {
    Fcntl.SETFD: FdFlags,
    Fcntl.SETLEASE: LockType,
}
FCNTL_ALONE = (Fcntl.GETFD, Fcntl.GETFL, Fcntl.GETOWN, Fcntl.GETSIG, Fcntl.GETLEASE, Fcntl.GETPIPE_SZ, Fcntl.GET_SEALS)
INTS = ("TIOCGPGRP", "TIOCSPGRP", "TIOCOUTQ", "FIONREAD", "FIONBIO", "TIOCGSID", "TIOCGPTN", "TIOCSPTLCK")
SHOWERS: dict[str, Shower] = (
    dict.fromkeys(("TCGETS", "TCSETS", "TCSETSW", "TCSETSF"), STRUCTS["termios"])
    | dict.fromkeys(("TIOCGWINSZ", "TIOCSWINSZ"), STRUCTS["winsize"])
    | dict.fromkeys(INTS, number("<i"))
)


def _ioctl(call: Call, index: int, raw: int) -> str:
    shower = SHOWERS.get(IOCTLS.get(call.args[1] & 0xFFFFFFFF, ""))
    return shower(call, index, raw) if shower and raw and not call.failed else hex(raw) if raw else "0"


def _fcntl(call: Call, index: int, raw: int) -> str:
    command = call.args[1] & 0xFFFFFFFF
    if command == Fcntl.SETFL:
        return open_flags(raw & 0xFFFFFFFF)
    if command in FCNTL_FLAGS:
        return flags(raw & 0xFFFFFFFF, FCNTL_FLAGS[command])
    return flock(call, index, raw) if command in FCNTL_LOCKS else str(s32(raw))


def _prctl(call: Call, index: int, raw: int) -> str | None:
    return call.string(raw) if call.args[0] in (Prctl.PR_SET_NAME, Prctl.PR_GET_NAME) else None


def _clone(call: Call, index: int, raw: int) -> str | None:
    kind, signo = call.row.parameters[index].arg.flags, raw & 0xFF
    if kind is None:
        return None
    return "|".join(filter(None, (flags(raw & ~0xFF, kind) * (raw > 0xFF), signal_name(signo) * bool(signo)))) or "0"


def _hexadecimal(call: Call, index: int, raw: int) -> str:
    return hex(raw) if raw else "0"


DEPENDENT: dict[tuple[str, int], Callable[[Call, int, int], str | None]] = {
    ("arch_prctl", 1): _hexadecimal,
    ("clone", 0): _clone,
    ("execve", 2): environment,
    ("execveat", 3): environment,
    ("fcntl", 2): _fcntl,
    ("ioctl", 1): lambda call, index, raw: IOCTLS.get(raw & 0xFFFFFFFF),
    ("ioctl", 2): _ioctl,
    ("prctl", 1): _prctl,
    ("rseq", 1): _hexadecimal,
    ("rseq", 3): _hexadecimal,
} | ipc.DEPENDENT | sockets.DEPENDENT


WRITTEN = frozenset({("ioctl", 2), ("preadv", 1), ("preadv2", 1), ("readv", 1)})
"""Arguments shown when the call has ended: what they point at is read, but leads to what is written."""


def _opened(flags_index: int) -> Callable[[Call], int]:
    return lambda call: flags_index + (2 if call.args[flags_index] & 0o20000100 else 1)


def _fcntl_count(call: Call) -> int:
    return 2 if call.args[1] & 0xFFFFFFFF in FCNTL_ALONE else 3


LENGTHS: dict[str, Callable[[Call], int]] = {
    "fcntl": _fcntl_count,
    "mq_open": lambda call: 4 if call.args[1] & 0o100 else 2,
    "mremap": lambda call: 5 if call.args[3] & 2 else 4,
    "open": _opened(1),
    "openat": _opened(2),
    "prctl": lambda call: 2 if call.args[0] in (1, 2, 4, 8, 15, 16) else 5,
}
"""How many of a call's arguments mean anything."""


def _polled(call: Call) -> str:
    return "Timeout" if call.result == 0 else pollfd_ready(call, 0)


def _ppolled(call: Call) -> str:
    left = f"left {timespec(call, 2, call.args[2])}" if call.args[2] else ""
    return ", ".join(filter(None, (_polled(call), left * bool(call.result))))


def _selected(call: Call) -> str:
    if call.result == 0:
        return "Timeout"
    sets = (("in", 1), ("out", 2), ("exc", 3))
    texts = [f"{name} {fd_set(call, i, call.args[i])}" for name, i in sets if call.args[i]]
    texts = [text for text in texts if not text.endswith("[]")]
    if call.args[4]:
        texts.append("left " + (timeval if call.row.name == "select" else timespec)(call, 4, call.args[4]))
    return ", ".join(texts)


def _status_flags(call: Call) -> str:
    return f"flags {open_flags(call.result or 0)}" if call.args[1] & 0xFFFFFFFF == Fcntl.GETFL else ""


def result_form(call: Call) -> str:
    """How the result is written: the row says it, but for a few."""
    if call.row.name == "fcntl" and call.args[1] & 0xFFFFFFFF == Fcntl.GETFL:
        return "hex"
    return call.row.result if call.row.result != "int" else RESULTS.get(call.row.name, "int")


REMARKS: dict[str, Callable[[Call], str]] = {
    "fcntl": _status_flags,
    "poll": _polled,
    "ppoll": _ppolled,
    "pselect6": _selected,
    "select": _selected,
}
"""What is said behind a result that is no error; an empty remark is none."""

RESULTS = {"umask": "mode", "brk": "ptr", "mmap": "ptr", "mremap": "ptr", "shmat": "ptr"}
