"""How a call waits, and how a process ends.

A handler that cannot finish raises `Park`, which says what it waits for; the return choke point puts the thread to sleep and
runs the row again from its start when that has happened. A handler therefore never sleeps in a host call, and one path
serves one thread and a hundred. What must survive from run to run (a deadline, a futex's waiter) is kept on the thread.
"""

from lx.abi.lean import Callable, Sequence


class Park(Exception):
    """Run this call again when one of these has happened.

    fds: (host descriptor, poll bits). deadline: CLOCK_MONOTONIC nanoseconds. child: a child changed state. ready: this
    says yes (asked whenever something else wakes the process; who makes it so writes to the wake pipe). None of these: another
    thread wakes this one. on_interrupt is called just before EINTR is answered; an int that it returns is answered
    instead. deaf: signals do not end this wait. contract: this wait's EINTR contract where it is not the row's (the name of a
    Restart, or "always").
    """

    __slots__ = ("child", "contract", "deadline", "deaf", "fds", "on_interrupt", "outside", "ready")

    def __init__(
        self,
        fds: Sequence[tuple[int, int]] = (),
        deadline: int | None = None,
        child: bool = False,
        on_interrupt: Callable[[], object] | None = None,
        *,
        ready: Callable[[], bool] | None = None,
        deaf: bool = False,
        contract: str = "",
    ) -> None:
        self.fds = fds
        self.deadline = deadline
        self.child = child
        self.on_interrupt = on_interrupt
        self.ready = ready
        self.deaf = deaf
        self.contract = contract
        self.outside = bool(fds) or deadline is not None or child or ready is not None
        """Whether the host has to be asked about it."""


class ProcessExit(BaseException):
    """The guest process has ended with this exit status (0..255)."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class ProcessKilled(BaseException):
    """The guest process has ended by this signal (Linux number)."""

    def __init__(self, signo: int, core: bool = False) -> None:
        super().__init__(signo)
        self.signo = signo
        self.core = core
