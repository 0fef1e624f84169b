"""The twin of signalfd: what is pending in our own queues (lx.kernel.signals), for the thread that asks.

The host is made to give us the signals that it reads, blocked and ignored or not, so that they wait there and nowhere else. Its
FIFO never holds anything: it says itself when it is ready. Its mask stands in a page that forked processes share.

Limits: signals that a forked process adds to the mask are waited for from the next call on the descriptor on; a set of epoll that
is the host's own never finds it ready.
"""

import errno
import mmap
import os

from lx.abi.poll import PollEvents
from lx.abi.signals import SI_KERNEL, SI_TIMER, SI_USER, SIGINFO_HEAD, Signal, bit
from lx.kernel.twins.fifo import COUNT, Twin, check_read
from lx.kernel.wait import Park

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lx.kernel.process import Process
    from lx.kernel.readiness import Conditions
    from lx.kernel.thread import Thread

SI_SIGIO = -5
OF_FAULTS = (Signal.SIGSEGV, Signal.SIGBUS, Signal.SIGILL, Signal.SIGFPE, Signal.SIGTRAP)
FIELDS = {
    "pid": (12, 4), "uid": (16, 4), "fd": (20, 4), "tid": (24, 4), "band": (28, 4), "overrun": (32, 4), "status": (40, 4),
    "int": (44, 4), "ptr": (48, 8), "utime": (56, 8), "stime": (64, 8), "addr": (72, 8), "addr_lsb": (80, 2),
    "syscall": (84, 4), "call_addr": (88, 8), "arch": (96, 4),
}  # fmt: skip
"""struct signalfd_siginfo after signal, errno and code: place and size. Linux uapi linux/signalfd.h."""
HEAD_SIZE = 12
SIZE = 128
Layout = dict[str, int]
SENT: Layout = {"pid": 16, "uid": 20}
QUEUED: Layout = {**SENT, "int": 24, "ptr": 24}
TIMER: Layout = {"tid": 16, "overrun": 20, "int": 24, "ptr": 24}
CHILD: Layout = {**SENT, "status": 24, "utime": 32, "stime": 40}
INPUT: Layout = {"band": 16, "fd": 24}
FAULT: Layout = {"addr": 16, "addr_lsb": 24}
CALL: Layout = {"call_addr": 16, "syscall": 24, "arch": 28}
"""Where siginfo has what. Linux uapi asm-generic/siginfo.h."""
OF_SIGNALS: dict[int, Layout] = {Signal.SIGCHLD: CHILD, Signal.SIGIO: INPUT, Signal.SIGSYS: CALL}


class SignalFd(Twin):
    """signalfd."""

    __slots__ = ("_page",)
    says = int(PollEvents.IN)

    def __init__(self, p: "Process", mask: int, flags: int) -> None:
        super().__init__(p, b"signalfd", flags)
        self._page = mmap.mmap(-1, mmap.PAGESIZE)
        self.set(p, mask)

    def set(self, p: "Process", mask: int) -> None:
        """Read these signals from now on."""
        COUNT.pack_into(self._page, 0, mask)
        p.signals.keep(mask)

    @property
    def mask(self) -> int:
        """The signals that it reads."""
        return int(COUNT.unpack_from(self._page)[0])

    def read(self, p: "Process", size: int, offset: int | None = None) -> bytes:
        """A struct signalfd_siginfo for each signal that is taken. EINVAL, EAGAIN, ESPIPE."""
        check_read(size, offset, SIZE)
        p.signals.keep(self.mask)
        p.signals.collect()
        found = b""
        while len(found) + SIZE <= size and (pending := p.signals.take(p.thread, self.mask)):
            found += encode(pending.info)
        if found:
            return found
        if not os.get_blocking(self.number(p)):
            raise OSError(errno.EAGAIN, os.strerror(errno.EAGAIN))
        t = p.thread
        raise Park(ready=lambda: bool(self.amount(t)))

    def amount(self, t: "Thread") -> int:
        """How many signals it could read."""
        return sum(self.mask & bit(pending.signo) != 0 for pending in (*t.pending, *t.process.signals.queue))

    def readiness(self, t: "Thread", events: int, said: int) -> int:
        """It can be read while a signal is pending."""
        t.process.signals.keep(self.mask)
        return events & self.says if self.amount(t) else 0

    def conditions(self, t: "Thread", fd: int, events: int, found: "Conditions") -> None:
        """Signals that arrive wake the process."""
        if events & self.says:
            found.signs.append(lambda: bool(self.amount(t)))


def _layout(signo: int, code: int) -> Layout:
    """What a signal's siginfo says of it. Linux kernel/signal.c, siginfo_layout()."""
    if not SI_USER < code < SI_KERNEL:
        return {SI_USER: SENT, SI_KERNEL: SENT, SI_TIMER: TIMER, SI_SIGIO: INPUT}.get(code, QUEUED)
    if signo in OF_FAULTS:
        return FAULT
    return OF_SIGNALS.get(signo, SENT)


def encode(info: bytes) -> bytes:
    """siginfo as struct signalfd_siginfo."""
    signo, _, code = SIGINFO_HEAD.unpack_from(info)
    made = bytearray(SIZE)
    made[:HEAD_SIZE] = info[:HEAD_SIZE]
    for name, at in _layout(signo, code).items():
        place, size = FIELDS[name]
        made[place : place + size] = info[at : at + size]
    return bytes(made)
