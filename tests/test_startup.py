"""What every run pays: no module that costs more than it gives; named numbers and records as enum's and dataclasses'."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from compared import lx_command

from lx.abi.names import Enum, IntEnum, IntFlag
from lx.abi.record import dataclass, field, replace

SLOW = {"typing", "dataclasses", "inspect", "re", "enum", "signal", "pathlib", "shutil", "random", "traceback", "argparse"}
SLOW |= {"asyncio", "subprocess", "threading", "tempfile", "urllib.parse", "unicorn", "capstone", "elftools", "systemcalls"}


def test_a_run_imports_nothing_slow(build: Callable[..., Path]) -> None:
    command, environment = lx_command([str(build("start.c", "-nostartfiles", "-nostdlib", "-static"))], {})
    command[1:1] = ["-X", "importtime"]
    done = subprocess.run(command, capture_output=True, text=True, env=environment | {"LX_ENGINE": ""}, check=False)
    loaded = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines() if line.startswith("import time:")}
    if "lx.cpu._compiled" not in loaded:
        pytest.skip("the compiled engine was not built")
    assert not SLOW & loaded


def test_no_room_imports_anything_slow() -> None:
    """Nor do the rooms of the calls, which come when a call of theirs does."""
    rooms = "from syscalls.index import FAMILY_OF; [__import__('syscalls.' + family) for family in {*FAMILY_OF.values()}]"
    done = subprocess.run(
        [sys.executable, "-S", "-X", "importtime", "-c", rooms],
        capture_output=True,
        text=True,
        env={"PYTHONPATH": ":".join(sys.path)},
        check=True,
    )
    loaded = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert "syscalls.memory" in loaded and not SLOW & loaded


class Colour(IntEnum):
    """Two values, one with two names."""

    RED = 1
    GREEN = 2
    VERT = 2


class Bits(IntFlag):
    """Two bits and both."""

    NONE = 0
    A = 1
    B = 4
    BOTH = A | B


class Level(Enum):
    """Values that are no numbers."""

    LOW = "low"


def test_named_numbers() -> None:
    assert Colour(2) is Colour.GREEN is Colour.VERT and Colour.GREEN.name == "GREEN"
    assert list(Colour) == [1, 2] and [*Colour.__members__] == ["RED", "GREEN", "VERT"]
    assert Colour["VERT"] == 2 and 1 in Colour and len(Colour) == 2 and f"{Colour.RED} {Colour.RED!r}" == "1 <Colour.RED: 1>"
    with pytest.raises(ValueError, match="3 is not a valid Colour"):
        Colour(3)
    assert isinstance(Colour.RED, int) and isinstance(Colour.RED, Colour) and {1: "x"}[Colour.RED] == "x"


def test_named_bits() -> None:
    assert list(Bits) == [Bits.A, Bits.B] and Bits(5) == Bits.A | Bits.B == Bits.BOTH
    assert Bits(9) == 9 and 0xF1 & ~Bits.BOTH == 0xF0
    assert Level("low") is Level.LOW and Level.LOW.value == "low" and repr(Level.LOW) == "<Level.LOW: 'low'>"


@dataclass(frozen=True, slots=True)
class Point:
    """A record."""

    x: int
    y: int = 5

    @property
    def sum(self) -> int:
        """Of both."""
        return self.x + self.y


@dataclass(slots=True)
class Many:
    """A record with a list of its own."""

    items: list[Any] = field(default_factory=list)


def test_records() -> None:
    p = Point(1)
    assert (p.x, p.y, p.sum) == (1, 5, 6) and p == Point(x=1, y=5) != Point(2) and len({p, Point(1)}) == 1
    assert repr(p) == "Point(x=1, y=5)" and replace(p, y=7) == Point(1, 7) and p != (1, 5)
    assert Many().items is not Many().items and Many([1]).items == [1]
    with pytest.raises(TypeError):
        Point()  # type: ignore[call-arg]
    with pytest.raises(AttributeError):
        p.z = 1  # type: ignore[attr-defined]


def test_what_python_keeps_in_a_class_is_no_member() -> None:
    """3.13 puts `__firstlineno__`, a number, into every class."""

    class Numbered(IntEnum):
        __firstlineno__ = 7
        ONE = 1

    assert [member.name for member in Numbered] == ["ONE"]
