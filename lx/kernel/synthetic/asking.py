"""What only a process itself knows, asked of it by another of its zone: maps, environ, descriptors and the like.

The question is a SIGCHLD with an si_code of our own, because that is the one host signal that lx always catches and never blocks;
its value says which file is wanted. The process answers where it collects signals, between two of its guest's instructions or
while it sleeps, with a file in the zone's runtime directory, which appears whole. While it waits the asker answers questions
itself, so that two who ask each other both get on. Who may enter that directory may ask and answer, as ptrace's rules would
have it.

Limits: a process that is stopped, sits in a call of the host, ignores SIGCHLD or has given up its user id does not answer, which
is EACCES.
"""

import marshal
import os
import time
from contextlib import suppress

from lx.abi.errno import Errno, LinuxError
from lx.abi.signals import Signal
from lx.host import calls
from lx.kernel.signals import QUESTION

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from struct import Struct
    from typing import Any

    from lx.kernel.process import Process
    from lx.kernel.synthetic.subject import Subject

PATIENCE_NS = 300_000_000
STEP = 0.0003


def _info() -> "Struct":
    from struct import Struct

    return Struct("=iii4xiIQ")  # si_signo, si_errno, si_code, si_pid, si_uid, si_value


def _path(p: "Process", pid: int, number: int) -> str:
    return f"{p.zone.runtime_dir}/proc/{pid}-{number}"


def ask(s: "Subject", number: int) -> "Any":
    """What the subject tells for the file of this number. EACCES if it does not answer, ESRCH if it is gone."""
    p, path = s.asker, _path(s.asker, s.pid, number)
    with suppress(OSError):
        os.unlink(path)
    info = _info().pack(p.host.signal_to_host(Signal.SIGCHLD), 0, QUESTION, os.getpid(), os.getuid(), number)
    try:
        calls.sigqueueinfo(s.host_pid, p.host.signal_to_host(Signal.SIGCHLD), info.ljust(128, b"\0"))
    except ProcessLookupError:
        raise LinuxError(Errno.ESRCH) from None
    except PermissionError:
        raise LinuxError(Errno.EACCES) from None
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
    _, _, _, _, uid, number = _info().unpack_from(info)
    if number >= len(answers) or (uid != 0 and p.dumpable != 1):
        return
    path = _path(p, p.pid, number)
    with suppress(LinuxError, OSError):
        data = marshal.dumps(answers[number](p))
        with open(f"{path}.new", "wb") as file:
            file.write(data)
        os.rename(f"{path}.new", path)
