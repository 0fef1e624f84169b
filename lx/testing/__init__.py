"""lx.testing: system-call semantics as properties, with the real kernel as oracle.

    from lx.testing import Guest, Native

    with Guest() as guest, Native() as native:
        for side in (guest, native):
            fd = side.openat(AT_FDCWD, b"x", O_CREAT | O_RDWR, 0o644)
            assert side.write(fd, b"abc", 3) == 3

A side makes the calls that it is told through a pipe. `Guest` is a process of lx without a program, which makes each by one trap;
`StubGuest` is a stub program under lx, whose own instructions make them; `Native` is the same stub on the machine, inside limits.
What differs between two sides is a fault of lx, or stands in `divergences.toml` with its reason.
"""

from lx.testing.compare import Divergence, differences
from lx.testing.generate import generate
from lx.testing.program import Program, Ref, Step
from lx.testing.replay import Replayed, replay
from lx.testing.sides import Guest, Lost, Native, Side, StubGuest

__all__ = [
    "Divergence",
    "Guest",
    "Lost",
    "Native",
    "Program",
    "Ref",
    "Replayed",
    "Side",
    "Step",
    "StubGuest",
    "differences",
    "generate",
    "replay",
]
