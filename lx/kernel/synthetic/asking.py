"""What only a process itself knows, asked of it by another of its zone: maps, environ, descriptors and the like.

The question is a SIGCHLD with an si_code of our own, because that is the one host signal that lx always catches and never blocks;
its value says which file is wanted. The process answers where it collects signals, between two of its guest's instructions or
while it sleeps, with a file in the zone's runtime directory, which appears whole. While it waits the asker answers questions
itself, so that two who ask each other both get on. Who may enter that directory may ask and answer, as ptrace's rules would
have it.

Limits: a process that is stopped, sits in a call of the host, reads SIGCHLD from a signalfd or has given up its user id does not
answer, which is EACCES.
"""

import marshal
import os
import time

from lx.abi.errno import Errno, LinuxError
from lx.abi.lean import suppress
from lx.abi.signals import Signal
from lx.host import calls
from lx.kernel.marks import Mark
from lx.kernel.signals import QUESTION
from lx.kernel.wait import ProcessKilled

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from struct import Struct
    from typing import Any

    from lx.kernel.process import Process

HAND_OVER, PUBLISH, END = 252, 253, 254
"""The questions that are orders; the first has a descriptor above its NUMBER_BITS."""
NUMBER_BITS = 8
PATIENCE_NS = 300_000_000
STEP = 0.0003


def _info() -> "Struct":
    from struct import Struct

    return Struct("=iii4xiIQ")  # si_signo, si_errno, si_code, si_pid, si_uid, si_value


def _path(p: "Process", pid: int, asker: int, number: int) -> str:
    return f"{p.zone.runtime_dir}/proc/{pid}-{asker}-{number}"


def ring(p: "Process", host_pid: int, number: int) -> None:
    """Have a process look what is wanted of it. EACCES if it cannot be reached, ESRCH if it is gone or a zombie."""
    signo = p.host.signal_to_host(Signal.SIGCHLD)
    if not p.zone.lives(host_pid):
        raise LinuxError(Errno.ESRCH)
    if p.zone.has_mark(host_pid, Mark.DEAF):
        raise LinuxError(Errno.EACCES)
    info = _info().pack(signo, 0, QUESTION, os.getpid(), os.getuid(), number)
    try:
        calls.sigqueueinfo(host_pid, signo, info.ljust(128, b"\0"))
    except ProcessLookupError:
        raise LinuxError(Errno.ESRCH) from None
    except PermissionError:
        raise LinuxError(Errno.EACCES) from None


def end(p: "Process", host_pid: int) -> bool:
    """Have a process die of SIGKILL by itself, which releases the futexes that it holds; whether it has, soon."""
    with suppress(LinuxError):
        ring(p, host_pid, END)
        until = time.monotonic_ns() + PATIENCE_NS
        while p.zone.lives(host_pid) and time.monotonic_ns() < until:
            time.sleep(STEP)
            p.signals.collect()
        return not p.zone.lives(host_pid)
    return False


def have_published(p: "Process", host_pid: int, published: "Callable[[], bool]") -> bool:
    """Have a process tell the zone what it is; whether it has, soon."""
    with suppress(LinuxError):
        ring(p, host_pid, PUBLISH)
        until = time.monotonic_ns() + PATIENCE_NS
        while not published() and p.zone.lives(host_pid) and time.monotonic_ns() < until:
            time.sleep(STEP)
            p.signals.collect()
    return published()


def ask(p: "Process", pid: int, host_pid: int, number: int) -> "Any":
    """What another process tells for the question of this number. EACCES if it does not answer, ESRCH if it is gone."""
    path = _path(p, pid, p.pid, number)
    with suppress(OSError):
        os.unlink(path)
    ring(p, host_pid, number)
    end = time.monotonic_ns() + PATIENCE_NS
    while time.monotonic_ns() < end:
        time.sleep(STEP)
        with suppress(FileNotFoundError, PermissionError):
            with open(path, "rb") as file:
                answer = file.read()
            os.unlink(path)
            return marshal.loads(answer)
        p.signals.collect()
    raise LinuxError(Errno.EACCES)


def answer(p: "Process", info: bytes, answers: "tuple[Callable[[Process], Any], ...]") -> None:
    """Answer a question, unless it makes no sense or the asker may not know."""
    _, _, _, asker, uid, number = _info().unpack_from(info)
    if number == END:
        raise ProcessKilled(Signal.SIGKILL)
    if number == PUBLISH:
        p.zone.publish(p)
        return
    if uid != 0 and p.dumpable != 1:
        return
    if number & (1 << NUMBER_BITS) - 1 == HAND_OVER:
        from lx.kernel.twins.handing import give

        give(p, asker, number >> NUMBER_BITS)
        return
    if number >= len(answers):
        return
    path = _path(p, p.pid, int(p.zone.guest_pid(asker)), number)
    with suppress(LinuxError, OSError):
        data = marshal.dumps(answers[number](p))
        with open(f"{path}.new", "wb") as file:
            file.write(data)
        os.rename(f"{path}.new", path)
