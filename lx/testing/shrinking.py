"""Making a program that shows something as small as it can be.

Steps go first, in halves and then one by one from the end; then the bytes that pointers mean become zero; at last arguments
become 0, lose single bits or grow small. `fails` says whether a candidate still shows the same thing; it costs a run of both
sides, so the number of tries and the time are bounded, and the smallest program so far is the answer.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import replace

from lx.testing.generate import APART
from lx.testing.image import CODE, DATA_END
from lx.testing.program import Program, Step

Fails = Callable[[Program], bool]
SLOTS = tuple((at, at + size) for size in (0x1000, 0x400, 0x100, 0x20) for at in range(0, 0x2000, size))
"""Parts of the pool that are zeroed: large ones first."""


class _Spent(Exception):
    pass


class _Search:
    """The smallest program so far, and what is left to spend."""

    def __init__(self, program: Program, fails: Fails, tries: int, seconds: float) -> None:
        self.best = program
        self._fails = fails
        self._tries = tries
        self._until = time.monotonic() + seconds
        self._seen: set[Program] = set()

    def keep(self, candidate: Program) -> bool:
        """Try a candidate; it is the best one if it fails too."""
        if not candidate.steps or candidate in self._seen or candidate == self.best:
            return False
        if self._tries == 0 or time.monotonic() > self._until:
            raise _Spent
        self._tries -= 1
        self._seen.add(candidate)
        if not self._fails(candidate):
            return False
        self.best = candidate
        return True


def shrink(program: Program, fails: Fails, *, tries: int = 600, seconds: float = 30.0) -> Program:
    """A smaller program that still fails. The program itself must fail."""
    search = _Search(program, fails, tries, seconds)
    try:
        before = None
        while before != search.best:
            before = search.best
            _fewer_steps(search)
            _less_memory(search)
            _smaller_arguments(search)
    except _Spent:
        pass
    return search.best


def _fewer_steps(search: _Search) -> None:
    size = len(search.best.steps)
    while size:
        at = len(search.best.steps) - size
        while at >= 0:
            candidate = search.best
            for index in reversed(range(at, at + size)):
                candidate = candidate.without(index)
            search.keep(candidate)
            at -= size
        size //= 2


def _smaller_arguments(search: _Search) -> None:
    for i, step in enumerate(search.best.steps):
        if step.child:
            search.keep(_with_child(search.best, i, ()))
            for j in reversed(range(len(step.child))):
                child = search.best.steps[i].child
                search.keep(_with_child(search.best, i, child[:j] + child[j + 1 :]))
        for j in range(len(step.args)):
            for smaller in _smaller(search.best.steps[i].args[j]):
                if search.keep(search.best.with_arg(i, j, smaller)):
                    break
            else:
                continue
            for bit in _bits(search.best.steps[i].args[j]):
                value = search.best.steps[i].args[j]
                if isinstance(value, int):
                    search.keep(search.best.with_arg(i, j, value & ~bit))


def _smaller(value: object) -> Iterator[int]:
    if isinstance(value, int) and value:
        yield 0
        if value > 1:
            yield 1
        yield from (value & ~bit for bit in _bits(value))
    elif not isinstance(value, int):
        yield 0


def _bits(value: object) -> list[int]:
    """The bits of a word of flags; a number with many is none, and neither is an address."""
    if not isinstance(value, int) or value.bit_count() > 6 or CODE <= value < DATA_END or APART <= value < 2 * APART:
        return []
    return [1 << n for n in range(64) if value >> n & 1]


def _with_child(program: Program, index: int, child: tuple[Step, ...]) -> Program:
    steps = list(program.steps)
    steps[index] = replace(steps[index], child=child)
    return Program(tuple(steps), program.pool)


def _less_memory(search: _Search) -> None:
    for start, end in SLOTS:
        pool = search.best.pool
        if any(pool[start:end]):
            search.keep(Program(search.best.steps, pool[:start] + bytes(len(pool[start:end])) + pool[end:]))
    search.keep(Program(search.best.steps, search.best.pool.rstrip(b"\0")))
