"""Replaying a list of calls, written as a Python function, on both sides.

    from lx.testing import replay

    def calls(side):
        r0 = side.openat(-100, b"a", 0o102, 0o644)
        side.pwrite64(r0, b"abc", 3, -1)

    print(replay(calls))

prints a line for each call with the answers of both sides, then how the program ended and the files that it left; a line that
differs is marked. This is what reports print, and a test asserts with: `assert replay(calls).agree`.
"""

from collections.abc import Callable, Sequence
from typing import Any

from lx.testing.compare import in_words, kind, tree
from lx.testing.sides import Blocked, Ended, Guest, Lost, Native, Side


class Recorder:
    """A side that remembers what its calls have answered."""

    def __init__(self, side: Side) -> None:
        self.side = side
        self.seen: list[tuple[str, str]] = []

    def __getattr__(self, name: str) -> Callable[..., int]:
        def call(*args: int | bytes) -> int:
            try:
                result = self.side.call(name, *args)
            except (Lost, Ended):
                self.seen.append((name, "-"))
                raise
            self.seen.append((name, kind(result) if result < 0 else str(result)))
            return result

        getattr(self.side, name)
        return call

    def poke(self, address: int, data: bytes) -> None:
        """Write memory."""
        self.side.poke(address, data)

    def peek(self, address: int, size: int) -> bytes:
        """Read memory, and remember it."""
        data = self.side.peek(address, size)
        self.seen.append((f"memory {address:#x}", data.hex()))
        return data

    def script(self, calls: list[tuple[str, tuple[int, ...]]]) -> None:
        """What the child of the next fork does."""
        self.side.script(calls)

    def settle(self, child: int) -> None:
        """Wait until the child of a fork has ended."""
        self.side.settle(child)


class Replayed:
    """What both sides have answered. agree: nothing differs; rows: (what, lx's answer, Linux's)."""

    def __init__(self, rows: list[tuple[str, str, str]]) -> None:
        self.rows = rows
        self.agree = all(ours == theirs for _, ours, theirs in rows)

    def __str__(self) -> str:
        table = [("", "lx", "Linux"), *self.rows]
        widths = [max(len(row[column]) for row in table) for column in range(3)]
        lines = []
        for what, ours, theirs in table:
            line = f"{what:{widths[0]}}  {ours:{widths[1]}}  {theirs:{widths[2]}}"
            lines.append(line.rstrip() + ("  <- differs" if ours != theirs and what else ""))
        return "\n".join(lines)


def replay(calls: Callable[[Any], object], kinds: Sequence[type[Side]] = (Guest, Native)) -> Replayed:
    """Run a list of calls on each side, in a child of its own and an empty directory."""
    shown = []
    for make in kinds:
        with make() as side:
            shown.append(_run(side, calls))
    ours, theirs = shown
    rows = []
    for i in range(max(len(ours), len(theirs))):
        (what, a), (other, b) = (side[i] if i < len(side) else ("", "-") for side in (ours, theirs))
        rows.append((what or other, a, b))
    return Replayed(rows)


def _run(side: Side, calls: Callable[[Any], object]) -> list[tuple[str, str]]:
    recorder = Recorder(side)
    try:
        side.serve()
        calls(recorder)
        end = in_words(side.end_served())
    except Ended as ended:
        end = in_words(ended.status)
    except Blocked:
        end = "blocked"
    except Lost as error:
        end = f"lost: {error}"
    left = [(f"file {name}", str(what)) for name, what in sorted(tree(side.work).items())]
    return [*recorder.seen, ("end", str(end)), *left]
