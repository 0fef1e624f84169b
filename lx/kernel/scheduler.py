"""Which guest thread has the CPU, and how the others wait.

A process's threads share one host thread: one of them has its registers in the engine, the others have them saved. The CPU
changes hands when a call parks or yields, when a thread ends, and at a tick. A thread that is parked waits for another thread
(a futex), which wakes it by `wake`, or for something outside: a descriptor, a moment, a child, a helper's work. The outside
is looked at when nobody can run, then the process sleeps in one host poll over all of it, and at every tick.

One thread is the case of one: it parks, nobody is ready, the process sleeps, and its call is run again on the spot.

Ticks come from a timer, because counting what the guest does costs time. A policy that must be repeatable (`lx.kernel.chance`)
counts the blocks of code that the guest enters instead; what comes from outside (time, other processes) is not repeated.
"""

import time

from lx.abi.lean import deque
from lx.kernel import sleep

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lx.kernel.process import Process
    from lx.kernel.thread import Thread
    from lx.kernel.wait import Park

POLLIN = 1
TICK = 2_000_000
"""Nanoseconds that a thread may compute while others are ready."""
IGNORED_CHILDREN_POLL = 10_000_000
"""Nanoseconds between looks at children while SIGCHLD is ignored and so cannot wake us."""


class Scheduler:
    """The threads of one process that are not on the CPU."""

    def __init__(self, process: "Process") -> None:
        self.process = process
        self.ready: deque[Thread] = deque()
        self.parked: dict[Thread, Park] = {}
        self.outside: dict[Thread, Park] = {}
        """Those of `parked` whose condition only the host can tell."""
        self.yielded = False

    # ---- who waits

    def park(self, t: "Thread", park: "Park") -> None:
        """The thread on the CPU waits; its call is run again when that has happened."""
        t.park = self.parked[t] = park
        if park.outside:
            self.outside[t] = park

    def wake(self, t: "Thread") -> None:
        """What the thread waits for has happened."""
        if self.parked.pop(t).outside:
            del self.outside[t]
        t.park = None
        self.ready.append(t)

    def signalled(self) -> None:
        """Let go on those whose wait a signal ends, or who wait for one that has come."""
        signals = self.process.signals
        if signals.queue or signals.directed:
            for t, park in list(self.parked.items()):
                if signals.arrived(t):
                    self.wake(t)
                elif not park.deaf and signals.interrupts(t):
                    self.wake(t)
                    t.park = park

    def forget(self, *threads: "Thread") -> None:
        """These threads are gone."""
        for t in threads:
            self.parked.pop(t, None)
            self.outside.pop(t, None)
            if t in self.ready:
                self.ready.remove(t)

    # ---- looking at the outside

    def look(self, *, wait: bool = False) -> None:
        """Wake whom the outside lets go on; with `wait`, sleep until there is somebody or something has to be seen to."""
        p = self.process
        signals = p.signals
        fds = [(p.wake_read, POLLIN)]
        signals.collect()
        blind = False
        if signals.child_event:
            signals.child_event = False
            for t, park in list(self.outside.items()):
                if park.child:
                    self.wake(t)
        self.signalled()
        owners: list[Thread] = []
        timeout: int | None = None
        for t, park in list(self.outside.items()):
            if park.ready is not None and park.ready():
                self.wake(t)
                continue
            if park.deadline is not None:
                left = park.deadline - time.monotonic_ns()
                if left <= 0:
                    if t.call_deadline is None:
                        t.call_deadline = park.deadline
                    self.wake(t)
                    continue
                timeout = left if timeout is None else min(timeout, left)
            blind |= park.child
            for entry in park.fds:
                fds.append(entry)
                owners.append(t)
        if self.ready or not wait:
            if not owners:
                return
            timeout = 0
        elif blind and not p.children_wake():
            timeout = min(IGNORED_CHILDREN_POLL, IGNORED_CHILDREN_POLL if timeout is None else timeout)
            signals.child_event = True
        found = sleep.poll(fds, timeout)
        for t, bits in zip(owners, found[1:], strict=True):
            if bits and t in self.parked:
                self.wake(t)

    # ---- turns

    def turn(self, t: "Thread") -> "Thread":
        """After a run of thread t: the thread that goes on. Its registers are in the engine, its call has been answered."""
        p = self.process
        tick = p.engine.take_tick()
        if p.signals.queue or p.signals.directed:
            self.signalled()
        if t.alive and not t.away:
            if not tick and not self.yielded:
                return t
            self.look()
            if self.ready:
                self.ready.append(t)
            else:
                self.yielded = False
                return self._started(t)
        self.yielded = False
        while True:
            while not self.ready:
                self.look(wait=True)
            following = self.ready.popleft() if p.chance is None else p.chance.pick(self.ready)
            if following is not p.thread:
                self._switch(following)
            if not following.away or p.resume(following):
                return self._started(following)

    def _started(self, t: "Thread") -> "Thread":
        if self.process.chance is not None:
            self.process.engine.set_budget(self.process.chance.slice())
        return t

    def _switch(self, following: "Thread") -> None:
        p = self.process
        before, engine = p.thread, p.engine
        if before.alive:
            before.context = engine.save(before.context)
        engine.restore(following.context)
        p.set_thread(following)

    def preempt(self, on: bool) -> None:
        """Whether ticks are wanted: there is more than one thread."""
        chance = self.process.chance
        self.process.engine.set_alone(not on)
        if chance is None:
            self.process.engine.set_ticks(TICK if on else 0)
        else:
            self.process.engine.set_budget(chance.slice() if on else 0)
