"""POSIX timers: the host's own, one for each of the guest's.

The host counts them, sends their signals with their values, and counts overruns while a signal is pending there; fork leaves them
behind. So their ids are the host's too. What the host cannot know is the guest's threads: a timer of SIGEV_THREAD_ID is made to
signal the process, and its signal is put before the thread it is for when it arrives. There, as in the host, a timer has one
signal pending and no more: a further expiry is counted as an overrun of the first.

The C library keeps the signals 32 and 33 to itself, on the host as in the guest (whose SIGEV_THREAD timers use 32): they
come as 64.

exec, which the host does not see, deletes them. CPU-time timers run on the host process's time, the emulator's own included.
"""

from lx.abi.record import dataclass
from lx.abi.sigevent import TIMER_INFO
from lx.abi.signals import NSIG, SI_TIMER, SIGINFO_SIZE, bit
from lx.host import timers as host
from lx.kernel.signals import Pending

KEPT_BY_LIBC = (32, 33)
INT_MAX = 2**31 - 1

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lx.kernel.process import Process


def carrier(signo: int) -> int:
    """The signal by which the host is asked to send this one."""
    return NSIG if signo in KEPT_BY_LIBC else signo


@dataclass(slots=True)
class Timer:
    """One timer. tid: the thread that its signals are for, 0 for the process. signo: Linux's."""

    tid: int
    signo: int
    overrun: int = 0
    """Of the last signal that has come."""
    before: int = 0
    """Of the one before it, which is the last that was taken while that one is pending."""


class Timers:
    """The timers of one process."""

    def __init__(self, process: "Process") -> None:
        self.process = process
        self.all: dict[int, Timer] = {}

    def create(self, clock: int, event: bytes | None, tid: int, signo: int) -> int:
        """A new timer's id; the host's clock id and struct sigevent. The host's errors."""
        ident = host.create(clock, event)
        self.all[ident] = Timer(tid, signo)
        self._tell_signals()
        return ident

    def _tell_signals(self) -> None:
        mask = 0
        for timer in self.all.values():
            if timer.tid:
                mask |= bit(carrier(timer.signo))
        self.process.signals.set_timed(mask)

    def set(self, ident: int, flags: int, value: bytes) -> bytes:
        """timer_settime: the setting before. A signal that is still pending is no more (Linux 6.13). KeyError."""
        timer = self.all[ident]
        signals = self.process.signals
        signals.collect()
        queue = self._queue(timer.tid)
        at = -1 if queue is None else _place(queue, ident)
        if queue is not None and at >= 0:
            del queue[at]
            signals.directed -= queue is not signals.queue
        timer.before = timer.overrun = 0
        return host.settime(ident, flags, value)

    def delete(self, ident: int) -> None:
        """timer_delete. KeyError for one that there is not."""
        del self.all[ident]
        host.delete(ident)
        self._tell_signals()

    def forked(self) -> None:
        """In a child: the host has left them with the parent."""
        self.all.clear()
        self._tell_signals()

    def clear(self) -> None:
        """At exec: none survives."""
        for ident in list(self.all):
            self.delete(ident)

    def arrived(self, info: bytes) -> tuple[int, Pending] | None:
        """A timer's signal has come from the host: the thread it is for (0: any) and the signal; None: nothing to queue."""
        _, errno, code, ident, overrun, value = TIMER_INFO.unpack_from(info)
        timer = self.all.get(ident)
        if timer is None:
            return None
        queue = self._queue(timer.tid)
        if queue is None:
            return None
        at = _place(queue, ident)
        if at >= 0:
            head = TIMER_INFO.unpack_from(queue[at].info)
            timer.overrun = min(head[4] + overrun + 1, INT_MAX)
            merged = TIMER_INFO.pack(*head[:4], timer.overrun, value).ljust(SIGINFO_SIZE, b"\0")
            queue[at] = Pending(queue[at].signo, merged)
            return None
        timer.before, timer.overrun = timer.overrun, overrun
        text = TIMER_INFO.pack(timer.signo, errno, code, ident, overrun, value)
        return timer.tid, Pending(timer.signo, text + info[len(text) :])

    def overrun(self, ident: int) -> int:
        """timer_getoverrun: of the last signal that was taken. KeyError for a timer that there is not."""
        timer = self.all[ident]
        self.process.signals.collect()
        queue = self._queue(timer.tid)
        return timer.before if queue and _place(queue, ident) >= 0 else timer.overrun

    def _queue(self, tid: int) -> list[Pending] | None:
        if not tid:
            return self.process.signals.queue
        return next((t.pending for t in self.process.threads if t.tid == tid and t.alive), None)


def _place(queue: list[Pending], ident: int) -> int:
    """Where the signal of a timer stands; -1 if it is not there."""
    for i, pending in enumerate(queue):
        head = TIMER_INFO.unpack_from(pending.info)
        if head[2] == SI_TIMER and head[3] == ident:
            return i
    return -1
