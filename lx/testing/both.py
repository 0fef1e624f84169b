"""Calls made on two sides at once, whose answers must be equal.

    def test_append_ignores_the_position(both):
        fd = both.openat(AT_FDCWD, b"x", O_CREAT | O_RDWR | O_APPEND, 0o644)
        both.write(fd, b"abc", 3)
        assert both.pwrite64(fd, b"def", 3, 0) == 3
        assert both.read_file(b"x") == b"abcdef"

A result that may differ (a pid, an address: compare.ANY_POSITIVE) is answered as a `Pair`, which means each side's own value when
it is passed to a later call. The first difference raises AssertionError, with the calls up to it.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass

from lx.abi.errno import Errno
from lx.testing.compare import ANY_POSITIVE
from lx.testing.sides import Ended, Side
from syscalls.numbers_x86_64 import NUMBERS


@dataclass(frozen=True)
class Pair:
    """One thing, as each side names it."""

    guest: int
    native: int

    def __add__(self, offset: int) -> "Pair":
        return Pair(self.guest + offset, self.native + offset)


Argument = int | bytes | Pair


class Both:
    """A guest and the machine, in step. Answers are Linux's: -errno for an error."""

    def __init__(self, guest: Side, native: Side) -> None:
        self.guest = guest
        self.native = native
        self.log: list[str] = []

    def begin(self) -> None:
        """Start a fresh process on both sides, in an empty directory."""
        self.log = []
        for side in (self.guest, self.native):
            side.clean()
            side.serve()

    def end(self) -> None:
        """End the processes; their wait statuses must be equal."""
        ends = []
        for side in (self.guest, self.native):
            ends.append(side.end_served())
        self._equal("the end", *ends)

    def __getattr__(self, name: str) -> "Callable[..., int | Pair]":
        if name not in NUMBERS:
            raise AttributeError(f"{name}: no such system call")
        return lambda *args: self.call(name, *args)

    def call(self, name: str, *args: Argument) -> int | Pair:
        """Make a call on both sides. AssertionError if the answers differ."""
        self.log.append(f"{name}({', '.join(map(repr, args))})")
        answers = []
        for i, side in enumerate((self.guest, self.native)):
            own = [(a.guest, a.native)[i] if isinstance(a, Pair) else a for a in args]
            try:
                answers.append(side.call(name, *own))
            except Ended as ended:
                answers.append(1 << 40 | ended.status)
        guest, native = answers
        if name in ANY_POSITIVE and guest > 0 and native > 0:
            return Pair(guest, native)
        self._equal("the result", guest, native)
        return native

    def peek(self, address: int | Pair, size: int) -> bytes:
        """The bytes at an address, which are equal."""
        pair = address if isinstance(address, Pair) else Pair(address, address)
        guest, native = self.guest.peek(pair.guest, size), self.native.peek(pair.native, size)
        self._equal(f"memory at {address}", guest, native)
        return native

    def poke(self, address: int, data: bytes) -> None:
        """Write memory on both sides."""
        self.guest.poke(address, data)
        self.native.poke(address, data)

    def script(self, calls: list[tuple[str, tuple[int, ...]]]) -> None:
        """What the child of the next fork does, on both sides."""
        self.log.append(f"# the next child: {calls}")
        self.guest.script(calls)
        self.native.script(calls)

    def read_file(self, name: bytes) -> bytes:
        """The content of a file in the working directory, which is equal."""
        contents = []
        for side in (self.guest, self.native):
            with open(os.path.join(os.fsencode(side.work), name), "rb") as file:
                contents.append(file.read())
        self._equal(f"file {name!r}", *contents)
        return contents[1]

    def _equal(self, what: str, guest: object, native: object) -> None:
        if guest != native:
            calls = "\n    ".join(self.log)
            raise AssertionError(f"{what} differs: lx {_shown(guest)}, Linux {_shown(native)}, after\n    {calls}")


def _shown(value: object) -> str:
    if isinstance(value, int) and -4096 < value < 0 and -value in set(Errno):
        return f"-{Errno(-value).name}"
    return repr(value)
