"""The host's numbers and Linux's, matched by name.

Python's own modules say what the host calls things (errno, signal, os); lx.abi says what Linux does. A name that only one side
has maps to the nearest meaning or to nothing, which is stated here and nowhere else. On a Linux host every table is the identity,
and none of them may be skipped for it: a host with other numbers runs the same code.
"""

import _signal as host_signal
import errno as host_errno
import mmap
import os
import sys
from struct import Struct

from lx.abi.errno import Errno
from lx.abi.fcntl import O_SYNC, O_TMPFILE, OpenFlags
from lx.abi.lean import cache
from lx.abi.mman import Madvise, MapFlags
from lx.abi.signals import NSIG, SIGRTMIN, Signal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from lx.abi.names import IntEnum, IntFlag

LINUX = sys.platform == "linux"
_ALIASES = {"EWOULDBLOCK": Errno.EAGAIN, "EDEADLOCK": Errno.EDEADLK, "ENOTSUP": Errno.EOPNOTSUPP}


def _errno_table() -> dict[int, int]:
    named = {number: Errno.__members__.get(name) or _ALIASES.get(name) for number, name in host_errno.errorcode.items()}
    return {number: int(linux) for number, linux in named.items() if linux is not None}


_ERRNO = _errno_table()


def errno_to_linux(number: int) -> int:
    """Linux's number of a host errno; EIO for one that Linux has no name for."""
    return _ERRNO.get(number, int(Errno.EIO))


_SIGNAL_ALIASES = {"SIGIO": "SIGPOLL", "SIGSTKFLT": "SIGEMT"}
"""What else a host may call a signal; SIGEMT stands in for SIGSTKFLT, which no other system has, as in LX."""


def _signal_tables() -> tuple[list[int], dict[int, int]]:
    to_host = [0] * (NSIG + 1)
    for member in Signal:
        other = _SIGNAL_ALIASES.get(member.name, "")
        to_host[member] = int(getattr(host_signal, member.name, 0) or getattr(host_signal, other, 0))
    first = int(getattr(host_signal, "SIGRTMIN", 0)) if os.name == "posix" else 0
    first = SIGRTMIN if first in (34, 35) and os.uname().sysname == "Linux" else first
    last = int(getattr(host_signal, "SIGRTMAX", 0))
    for number in range(SIGRTMIN, NSIG + 1):
        host = first + number - SIGRTMIN
        to_host[number] = host if first and host <= last else 0
    return to_host, {host: linux for linux, host in enumerate(to_host) if host}


_TO_HOST, _TO_LINUX = _signal_tables()


def signal_to_host(number: int) -> int:
    """The host's number of a Linux signal; 0 if the host has none such."""
    return _TO_HOST[number]


def signal_to_linux(number: int) -> int:
    """Linux's number of a host signal; SIGUSR1's place is never guessed: SIGSYS for an unknown one."""
    return _TO_LINUX.get(number, int(Signal.SIGSYS))


_SIGINFO = Struct("<iii4xiIi")
"""si_signo, si_errno, si_code and, for SIGCHLD, si_pid, si_uid, si_status: as the engine hands them out."""


def siginfo_to_linux(info: bytes) -> bytes:
    """A host siginfo_t in Linux's numbers: of the signal and, for SIGCHLD, of the signal that changed the child."""
    number, error, code, pid, uid, status = _SIGINFO.unpack_from(info)
    signo = signal_to_linux(number)
    if signo == Signal.SIGCHLD and code > 1:
        status = signal_to_linux(status)
    return _SIGINFO.pack(signo, error and errno_to_linux(error), code, pid, uid, status) + info[_SIGINFO.size :]


_SAME_SIGNALS = all(host == linux for host, linux in _TO_LINUX.items())


def mask_to_host(mask: int) -> int:
    """The host's signal mask for a Linux one: bit n-1 is signal n's on both sides."""
    if _SAME_SIGNALS:
        return mask
    return sum(1 << _TO_HOST[number] - 1 for number in range(1, NSIG + 1) if mask >> number - 1 & 1 and _TO_HOST[number])


def mask_to_linux(mask: int) -> int:
    """Linux's signal mask for a host one."""
    if _SAME_SIGNALS:
        return mask
    return sum(1 << linux - 1 for host, linux in _TO_LINUX.items() if mask >> host - 1 & 1)


def by_name(names: "type[IntEnum] | type[IntFlag]", module: "Any", prefix: str = "", *, linux: bool = LINUX) -> dict[int, int]:
    """Linux's number to the host's, by a module's names; a Linux host has those too that Python does not name."""
    host = {int(name): getattr(module, f"{prefix}{name.name}", int(name) if linux else None) for name in names}
    return {own: number for own, number in host.items() if number is not None}


MAPPING = by_name(MapFlags, mmap, "MAP_")


@cache
def advice() -> dict[int, int]:
    """madvise's advice, Linux's to the host's."""
    return by_name(Madvise, mmap, "MADV_")


_OPEN = [
    (int(flag), int(getattr(os, f"O_{flag.name}", 0)))
    for flag in OpenFlags
    if flag.name not in ("WRONLY", "RDWR", "LARGEFILE", "SYNC_BIT", "TMPFILE_BIT") and hasattr(os, f"O_{flag.name}")
]
_OPEN += [(linux, getattr(os, name)) for linux, name in ((O_SYNC, "O_SYNC"), (O_TMPFILE, "O_TMPFILE")) if hasattr(os, name)]
_LARGEFILE: int = getattr(os, "O_LARGEFILE", 0) or (int(OpenFlags.LARGEFILE) if sys.platform == "linux" else 0)
"""A 64-bit Linux host shows it though its C library has no number for it."""
_ACCESS = {0: os.O_RDONLY, 1: os.O_WRONLY, 2: os.O_RDWR, 3: 3}


def open_flags_to_host(flags: int) -> int:
    """The host's open(2) flags; bits that the host does not know are left out."""
    host = _ACCESS[flags & 3]
    if flags & OpenFlags.SYNC_BIT:
        flags |= O_SYNC
    for linux, bit in _OPEN:
        if flags & linux == linux:
            host |= bit
    return host


def open_flags_to_linux(flags: int) -> int:
    """Linux's open flags for the host's (fcntl F_GETFL)."""
    linux = int(OpenFlags.LARGEFILE) if flags & _LARGEFILE else 0
    linux |= {os.O_RDONLY: 0, os.O_WRONLY: 1, os.O_RDWR: 2}.get(flags & os.O_ACCMODE, 3)
    for number, bit in _OPEN:
        if flags & bit == bit:
            linux |= number
    return linux
