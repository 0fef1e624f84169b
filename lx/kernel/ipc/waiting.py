"""Waiting for what has no descriptor: the call is tried again and again, at growing distances.

A `Wait` is what a parked call keeps from run to run: its own deadline, how often it has been tried, and its place among the
semaphore waiters. It belongs to a thread; the first run of a call makes a new one.
"""

import time

from lx.abi.lean import Callable
from lx.kernel.wait import Park

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lx.kernel.thread import Thread

FIRST_NS, LONGEST_NS = 200_000, 10_000_000


class Wait:
    """One call's waiting."""

    __slots__ = ("deadline", "enlisted", "leave", "tries")

    def __init__(self, deadline: int | None) -> None:
        self.deadline = deadline
        """CLOCK_MONOTONIC nanoseconds, or None."""
        self.tries = 0
        self.enlisted = False
        self.leave: Callable[[], object] | None = None
        """What to do when the waiting ends, however it does."""

    def end(self) -> None:
        """The waiting is over."""
        if self.leave is not None:
            self.leave()
            self.leave = None

    @property
    def expired(self) -> bool:
        """Whether the deadline has passed."""
        return self.deadline is not None and time.monotonic_ns() >= self.deadline

    def park(self) -> Park:
        """The exception that has the call tried again a while later."""
        pause = min(FIRST_NS * 5**self.tries // 4**self.tries, LONGEST_NS)
        self.tries = min(self.tries + 1, 20)
        until = time.monotonic_ns() + pause
        return Park(deadline=until if self.deadline is None else min(until, self.deadline), on_interrupt=self.end)


def waiting(t: "Thread", timeout: int | None = None) -> Wait:
    """The wait of this thread's call: as its last run left it, or a new one. timeout: nanoseconds from the first run."""
    waits: dict[int, Wait] = t.process.waits
    if not t.call_parked or t.tid not in waits:
        waits[t.tid] = Wait(None if timeout is None else time.monotonic_ns() + timeout)
    return waits[t.tid]
