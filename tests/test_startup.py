"""What every run pays: no module that costs more than it gives; named numbers and records as enum's and dataclasses'."""

import contextlib
import importlib.machinery
import importlib.util
import os
import py_compile
import subprocess
import sys
from collections.abc import Callable, Iterator
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from compared import lx_command

from lx.abi.lean import cache, contextmanager, suppress
from lx.abi.names import Enum, IntEnum, IntFlag
from lx.abi.record import OFTEN, dataclass, field, replace
from lx.cli import imports
from lx.zone.handle import COMMAND

SLOW = {"functools", "contextlib", "collections", "operator", "reprlib", "runpy"}
SLOW |= {"typing", "dataclasses", "inspect", "re", "enum", "signal", "pathlib", "shutil", "random", "traceback", "argparse"}
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


def test_a_record_is_the_same_however_many_were_made() -> None:
    """The first are filled field by field, and then an initialiser is compiled."""

    @dataclass(slots=True)
    class Fresh:
        a: int
        b: list[int] = field(default_factory=list)
        c: int = 3

    wrong: list[tuple[tuple[Any, ...], dict[str, Any]]] = [((), {}), ((1, [], 3, 4), {}), ((1,), {"a": 2}), ((1,), {"d": 2})]
    for _ in range(2 * OFTEN):
        assert Fresh(1) == Fresh(a=1, b=[]) == Fresh(1, [], c=3) and Fresh(1).b is not Fresh(1).b
    for made in range(2):
        for values, named in wrong:

            @dataclass(slots=True)
            class Again:
                a: int
                b: int = 0
                c: int = 0

            for _ in range(2 * OFTEN * made):
                Again(1)
            with pytest.raises(TypeError):
                Again(*values, **named)
            assert Again(1, c=2) == Again(a=1, b=0, c=2)


def test_a_context_manager_of_a_generator() -> None:
    """Against contextlib's own, in all ways by which a block ends."""
    seen: list[Any] = []

    def steps(catch: bool, raise_after: bool, again: bool) -> Iterator[str]:
        seen.append("before")
        try:
            yield "value"
            if again:
                yield "more"
        except KeyError as error:
            seen.append(error.args)
            if not catch:
                raise
        finally:
            seen.append("after")
        if raise_after:
            raise ValueError("after")

    def outcome(made: Any, how: tuple[bool, bool, bool], error: Exception | None) -> tuple[Any, ...]:
        seen.clear()
        try:
            with made(*how) as value:
                seen.append(value)
                if error is not None:
                    raise error
        except Exception as raised:
            return (*seen, type(raised), raised is error)
        return (*seen, None)

    for how in product((False, True), repeat=3):
        for error in (None, KeyError(1), OSError(2)):
            assert outcome(contextmanager(steps), how, error) == outcome(contextlib.contextmanager(steps), how, error)


def test_suppress_and_cache() -> None:
    with suppress(OSError, KeyError):
        raise FileNotFoundError
    with pytest.raises(ValueError), suppress(OSError):
        raise ValueError
    calls: list[int] = []

    @cache
    def double(n: int) -> int:
        calls.append(n)
        return 2 * n

    assert [double(1), double(1), double(2)] == [2, 2, 4] and calls == [1, 2]
    double.cache_clear()
    assert double(1) == 2 and calls == [1, 2, 1]


def test_the_command_is_what_python_m_is() -> None:
    told = [
        subprocess.run([*words, "run", "--help"], capture_output=True, text=True, check=True).stdout
        for words in (COMMAND, (sys.executable, "-P", "-m", "lx"))
    ]
    assert told[0] == told[1] != ""


def test_the_finder_agrees_with_importlib(tmp_path: Path) -> None:
    """It finds a module that is compiled and fresh, as importlib would; anything else it leaves to importlib."""
    source = tmp_path / "room.py"
    source.write_text("NAME = __name__\nORIGIN = __file__\n")
    path = [str(tmp_path)]

    def found() -> Any:
        return imports.Finder.find_spec("lx.room", path)

    assert found() is None
    compiled = Path(py_compile.compile(str(source)))
    ours, theirs = found(), importlib.machinery.PathFinder.find_spec("lx.room", path)
    assert theirs is not None
    for name in ("name", "origin", "cached", "has_location", "parent", "submodule_search_locations"):
        assert getattr(ours, name) == getattr(theirs, name)
    module, same = importlib.util.module_from_spec(ours), importlib.util.module_from_spec(theirs)
    for made in (module, same):
        made.__spec__.loader.exec_module(made)
        del made.__spec__, made.__loader__, made.__builtins__
    assert vars(module) == vars(same) and str(source) == module.ORIGIN
    assert imports.Finder.find_spec("other.room", path) is imports.Finder.find_spec("lx", None) is None

    source.write_text("NAME = 'of another size'\n")
    assert found() is None
    py_compile.compile(str(source))
    assert found() is not None
    os.utime(source, (1, 1))
    assert found() is None
    py_compile.compile(str(source), invalidation_mode=py_compile.PycInvalidationMode.CHECKED_HASH)
    assert found() is None
    py_compile.compile(str(source))
    compiled.write_bytes(compiled.read_bytes().ljust(imports.LARGEST, b"\0"))
    assert found() is None


def test_what_python_keeps_in_a_class_is_no_member() -> None:
    """3.13 puts `__firstlineno__`, a number, into every class."""

    class Numbered(IntEnum):
        __firstlineno__ = 7
        ONE = 1

    assert [member.name for member in Numbered] == ["ONE"]
