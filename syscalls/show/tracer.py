"""The tracer: lines for calls, signals and ends of the processes of a zone, on a host descriptor.

Each line is one write(2), so that lines of several processes sharing the descriptor do not mix. A call that another
process's line would cut in two is therefore written when it ends, not in two halves; if it never ends, it is written as
unfinished.

Missing: a process that SIGKILL ends has nobody left to write its last line.
"""

from __future__ import annotations

import os
import struct

from lx.abi.lean import Sequence, suppress
from lx.abi.signals import signal_name
from syscalls import unsupported
from syscalls.show.call import after, before, six, unfinished
from syscalls.show.single import INTERRUPTED_AS, NEVER_RETURN
from syscalls.show.structs import Call
from syscalls.show.words import pointer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lx.kernel.thread import Thread
    from syscalls.table import Table


PREFIX = "[pid {:5}] "


class Tracer:
    """Writes each call, signal and end of the processes of a zone to a host descriptor.

    The object is inherited by fork, and then each process writes for itself; from the first fork on, lines carry pids.
    """

    def __init__(self, out_fd: int, table: Table, *, pids: bool = False) -> None:
        self.out_fd = out_fd
        self.table = table
        self.pids = pids
        self.running: dict[int, tuple[Call, list[str | None]]] = {}

    def enter(self, t: Thread, number: int, args: Sequence[int]) -> None:
        """A call begins."""
        row = self.table.row_at(number) or unsupported.unknown(number)
        call = Call(t, row, six(args))
        shown = before(call)
        if row.name in NEVER_RETURN:
            self._write(t, after(call, shown, self._indent))
        else:
            self.running[t.tid] = (call, shown)

    def leave(self, t: Thread, number: int, args: Sequence[int], result: int | None) -> None:
        """A call ends. None: the handler has set the registers itself."""
        call, shown = self.running.pop(t.tid, (None, []))
        if call is None:
            self._forked()
            return
        forked = call.row.name in ("fork", "vfork", "clone", "clone3")
        if forked and result == 0:
            self._forked()
            return
        call.result = 0 if result is None and call.row.name in ("execve", "execveat") else result
        if t.interrupted is not None and result is not None and result < 0:
            call.result = INTERRUPTED_AS.get(t.interrupted[0], result)
        self._write(t, after(call, shown, self._indent))
        if forked and result is not None and result > 0:
            self.pids = True

    def _forked(self) -> None:
        self.running.clear()
        self.pids = True

    def signal(self, t: Thread, info: bytes) -> None:
        """A signal is about to be acted on; `info` is its siginfo_t."""
        self._write(t, f"--- {signal_line(info)} ---")

    def exit(self, t: Thread, status: int, signo: int = 0, core: bool = False) -> None:
        """The process ends: of a signal if `signo` is not 0, else with the status."""
        running = self.running.pop(t.tid, None)
        if running is not None:
            self._write(t, unfinished(*running, self._indent))
        if signo:
            self._write(t, f"+++ killed by {signal_name(signo)}{' (core dumped)' if core else ''} +++")
        else:
            self._write(t, f"+++ exited with {status} +++")

    @property
    def _indent(self) -> int:
        return len(PREFIX.format(0)) if self.pids else 0

    def _write(self, t: Thread, line: str) -> None:
        prefix = PREFIX.format(t.tid) if self.pids else ""
        with suppress(OSError):
            os.write(self.out_fd, (prefix + line + "\n").encode("utf-8", "replace"))


CODES = {0x80: "SI_KERNEL", 0: "SI_USER", -1: "SI_QUEUE", -2: "SI_TIMER", -3: "SI_MESGQ", -4: "SI_ASYNCIO"}
CODES |= {-5: "SI_SIGIO", -6: "SI_TKILL"}
CODES_OF = {
    "SIGSEGV": ("SEGV_", "MAPERR ACCERR BNDERR PKUERR"),
    "SIGBUS": ("BUS_", "ADRALN ADRERR OBJERR"),
    "SIGILL": ("ILL_", "ILLOPC ILLOPN ILLADR ILLTRP PRVOPC PRVREG COPROC BADSTK"),
    "SIGFPE": ("FPE_", "INTDIV INTOVF FLTDIV FLTOVF FLTUND FLTRES FLTINV FLTSUB"),
    "SIGTRAP": ("TRAP_", "BRKPT TRACE BRANCH HWBKPT"),
    "SIGCHLD": ("CLD_", "EXITED KILLED DUMPED TRAPPED STOPPED CONTINUED"),
    "SIGSYS": ("SYS_", "SECCOMP USER_DISPATCH"),
}


def signal_line(info: bytes) -> str:
    """SIGCHLD {si_signo=SIGCHLD, si_code=CLD_EXITED, si_pid=7, si_uid=0, si_status=3}, from a siginfo_t."""
    signo, _, code = struct.unpack_from("<iii", info.ljust(48, b"\0"))
    pid, uid, status = struct.unpack_from("<iIi", info.ljust(48, b"\0"), 16)
    name = signal_name(signo)
    prefix, names = CODES_OF.get(name, ("", ""))
    own = names.split()
    named = prefix + own[code - 1] if 1 <= code <= len(own) else CODES.get(code, str(code))
    parts = [f"si_signo={name}", f"si_code={named}"]
    if code <= 0 and code != -2:
        parts += [f"si_pid={pid}", f"si_uid={uid}"]
        if code in (-1, -3):
            parts.append(_value(info))
    elif code == -2:
        parts += [f"si_timerid={pid}", f"si_overrun={uid}", _value(info)]
    elif name == "SIGCHLD":
        ended = str(status) if code == 1 else signal_name(status)
        parts += [f"si_pid={pid}", f"si_uid={uid}", f"si_status={ended}"]
    elif name in ("SIGSEGV", "SIGBUS", "SIGILL", "SIGFPE", "SIGTRAP"):
        parts.append(f"si_addr={pointer(struct.unpack_from('<Q', info.ljust(48, bytes(1)), 16)[0])}")
    return f"{name} {{{', '.join(parts)}}}"


def _value(info: bytes) -> str:
    """The value that came with a signal."""
    number, address = struct.unpack_from("<i", info, 24)[0], struct.unpack_from("<Q", info, 24)[0]
    return f"si_value={{int={number}, ptr={pointer(address)}}}"
