"""Interleavings that can be repeated, and unlikely ones on purpose.

With a seed, what the scheduler chooses comes from a generator of its own, and a thread's slice is counted in blocks of guest
code, which a second run enters in the same order. Two such runs differ only by what comes from outside: times, other processes.

Chaos looks for the orders that an ordinary run never shows (the idea is rr's chaos mode): some threads are starved for a
while, slices are mostly short and sometimes very long.
"""

from lx.abi.lean import deque

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from lx.kernel.thread import Thread

SLICE = 20_000
"""Blocks, about as much as an ordinary tick."""
LONGEST_STARVATION = 200
"""Choices for which a thread may be passed over."""


class Chance:
    """The choices of one process. `generator` is a random.Random."""

    def __init__(self, generator: "Any", *, chaos: bool = False) -> None:
        self.generator = generator
        self.chaos = chaos
        self._favoured: dict[int, float] = {}
        self._left = 0

    def slice(self) -> int:
        """After how many blocks the thread that has the CPU may lose it."""
        if not self.chaos:
            return int(self.generator.randrange(SLICE // 2, SLICE * 2))
        kind = self.generator.random()
        if kind < 0.7:
            return int(self.generator.randrange(1, 64))
        return int(self.generator.randrange(64, SLICE if kind < 0.98 else SLICE * 50))

    def pick(self, ready: "deque[Thread]") -> "Thread":
        """Take the thread that goes on out of those that could."""
        chosen = ready[0]
        if self.chaos:
            if not self._left:
                self._left = int(self.generator.randrange(1, LONGEST_STARVATION))
                self._favoured = {}
            self._left -= 1
            chosen = max(ready, key=self._favour)
        elif len(ready) > 1:
            chosen = ready[self.generator.randrange(len(ready))]
        ready.remove(chosen)
        return chosen

    def _favour(self, t: "Thread") -> float:
        if t.tid not in self._favoured:
            self._favoured[t.tid] = float(self.generator.random())
        return self._favoured[t.tid]
