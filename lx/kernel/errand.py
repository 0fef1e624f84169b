"""Errands: host calls that may wait, made by another host thread so that the guest's other threads go on.

Most waits are asked of the host without waiting and then parked (lx.kernel.wait). Some the host offers only as a call that
waits: a file lock, the opening of a FIFO, a futex in memory that processes share, the draining of a terminal. A process with
one thread makes such a call itself. With more, a helper makes it, the thread parks until it is done, and a signal for the
thread ends the call by a signal to the helper that does nothing (EINTR); if the call was quicker, its result counts.

A call of a terminal whose background the process is in does not wait: the host answers it by a signal, SIGTTIN or SIGTTOU, to
who makes it. So that is never a helper.

A signal that arrives between the last look at signals and the call that waits would be missed: the engine tells who waits
again and again (`begin_wait`), as an errand that is to end is told.
"""

import _thread
import errno
import os

from lx.abi.lean import suppress
from lx.kernel.wait import Park

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from lx.kernel.process import Process
    from lx.kernel.thread import Thread

    Call = Callable[[int | None], int]

AGAIN = 0.002
"""Seconds until a helper is told again to end its call."""


class Errand:
    """One call on its way: `call` returns a number or raises OSError."""

    def __init__(self, process: "Process", call: "Callable[[], int]") -> None:
        self.process = process
        self.call = call
        self.done = False
        self.result = 0
        self.error: OSError | None = None
        self._helper = 0
        self._ended = _thread.allocate_lock()
        self._ended.acquire()
        process.engine.start_helper(self._run)

    def _run(self) -> None:
        self._helper = _thread.get_native_id()
        try:
            self.result = self.call()
        except OSError as error:
            self.error = error
        self.done = True
        self._ended.release()
        self.process.wake_up()

    def is_done(self) -> bool:
        """Whether the call has returned."""
        return self.done

    def outcome(self) -> int:
        """What the call returned, or its OSError."""
        if self.error is not None:
            raise self.error
        return self.result

    def end(self) -> int:
        """Make the call return now; its outcome, mostly EINTR."""
        while not self._ended.acquire(timeout=AGAIN):
            if self._helper:
                self.process.engine.kick(self._helper)
        self._ended.release()
        return self.outcome()

    def drop(self) -> None:
        """The thread is gone: its call must not go on without it."""
        with suppress(OSError):
            self.end()


def run(t: "Thread", call: "Call", until: int = 0, contract: str = "", *, background: bool = False) -> int:
    """The outcome of a host call that may wait: EINTR if a signal ends it. The call is told until when it may, if it can say so.

    until: the CLOCK_MONOTONIC nanosecond at which it answers ETIMEDOUT, 0 for never. contract: as in Park. background: it is of a
    terminal that is another process group's.
    """
    errand = t.errand
    if errand is None:
        if background or len(t.process.threads) == 1:
            return _here(t, call, until, contract, background)
        errand = t.errand = Errand(t.process, lambda: call(until or None))

    def interrupted() -> int:
        t.errand = None
        return errand.end()

    if not errand.done:
        raise Park(ready=errand.is_done, on_interrupt=interrupted, contract=contract)
    t.errand = None
    return errand.outcome()


def _here(t: "Thread", call: "Call", until: int, contract: str, background: bool) -> int:
    engine, signals = t.engine, t.process.signals
    engine.begin_wait(background)
    try:
        signals.collect()
        if signals.interrupts(t):
            raise InterruptedError(errno.EINTR, os.strerror(errno.EINTR))
        return call(until or None)
    except InterruptedError as error:
        error.contract = contract  # type: ignore[attr-defined]
        raise
    finally:
        engine.end_wait()
