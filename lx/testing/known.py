"""Divergences that are known: divergences.toml, one reviewed file.

An entry says of which call and in which respect (`what`) lx answers `lx` where Linux answers `linux`, for which reason
(`deliberate`, `host cannot`, `not done yet`) and, in a sentence, `why`. `where` narrows it: parameter name to a word that must be
in that argument's class (lx.testing.distinct). `cpu` is a flag of /proc/cpuinfo without which there is no such divergence: the
entry stands only on machines that have it. `witness` is a program that shows it: calls with their arguments, where "text" and
"hex:00ff" are bytes in memory, "$1" is the result of step 1, "@out+8" is memory to write to, "@edge" its end, and a list after
fork's arguments is a call that its child makes. tests/test_divergences.py runs each, and one that agrees is red.
"""

import os
import tomllib
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from lx.testing.compare import Divergence, kind
from lx.testing.distinct import classes
from lx.testing.generate import WRITTEN, rows
from lx.testing.image import DATA, DATA_END, EDGE, OUT, POOL
from lx.testing.program import Program, Ref, Step, Value
from syscalls.numbers_x86_64 import NUMBERS

FILE = os.path.join(os.path.dirname(__file__), "divergences.toml")
REASONS = ("deliberate", "host cannot", "not done yet")
WORD = 2**64 - 1
PLACES = {"out": OUT, "edge": EDGE}


class BadEntry(ValueError):
    """An entry of the file is not as it must be; the text says which and why."""


@dataclass(frozen=True)
class Known:
    """One entry of the file."""

    call: str
    what: str
    lx: str
    linux: str
    reason: str
    why: str
    witness: Program
    where: dict[str, str] = field(default_factory=dict)
    cpu: str = ""

    @property
    def name(self) -> str:
        """The entry in one line."""
        where = "".join(f", {parameter} {word}" for parameter, word in self.where.items())
        return f"{self.call} {self.what}{where}: lx {self.lx}, Linux {self.linux}"

    def covers(self, divergence: Divergence, program: Program) -> bool:
        """Whether this is the divergence that the entry means."""
        if (self.call, self.what) != (divergence.call, divergence.what):
            return False
        if self.lx not in ("*", kind(divergence.guest)) or self.linux not in ("*", kind(divergence.native)):
            return False
        if not self.where:
            return True
        found = classes(program, divergence.step) if divergence.step >= 0 else {}
        return all(word in found.get(parameter, "").split("|") for parameter, word in self.where.items())


def load(path: str = FILE) -> list[Known]:
    """The entries of a file that stand on this machine. BadEntry for a wrong one."""
    with open(path, "rb") as file:
        try:
            content = tomllib.load(file)
        except tomllib.TOMLDecodeError as error:
            raise BadEntry(f"{path}: {error}") from None
    entries = [_entry(raw, f"{path}: entry {i + 1}") for i, raw in enumerate(content.get("divergence", []))]
    return [entry for entry in entries if not entry.cpu or entry.cpu in cpu_flags()]


@cache
def cpu_flags() -> frozenset[str]:
    """What the machine's CPU has, as /proc/cpuinfo tells it."""
    with open("/proc/cpuinfo") as file:
        return frozenset(next((line.split()[2:] for line in file if line.startswith("flags")), ()))


def find(entries: list[Known], divergence: Divergence, program: Program) -> Known | None:
    """The entry that covers a divergence."""
    return next((entry for entry in entries if entry.covers(divergence, program)), None)


def _entry(raw: dict[str, Any], place: str) -> Known:
    missing = {"call", "what", "lx", "linux", "reason", "why", "witness"} - set(raw)
    if missing:
        raise BadEntry(f"{place}: {', '.join(sorted(missing))} missing")
    if raw["reason"] not in REASONS:
        raise BadEntry(f"{place}: the reason is none of: {', '.join(REASONS)}")
    words = {name: str(raw[name]) for name in ("call", "what", "lx", "linux", "reason", "why")}
    witness, where = _witness(raw["witness"], place), dict(raw.get("where", {}))
    return Known(**words, witness=witness, where=where, cpu=str(raw.get("cpu", "")))


def _witness(calls: list[list[Any]], place: str) -> Program:
    pool = bytearray()
    steps = []
    for name, *args in calls:
        if name not in NUMBERS:
            raise BadEntry(f"{place}: {name}: no such call")
        child = tuple(Step(arg[0], tuple(value & WORD for value in arg[1:])) for arg in args if isinstance(arg, list))
        values = tuple(_value(arg, pool, f"{place}: {name}") for arg in args if not isinstance(arg, list))
        steps.append(Step(name, values, _written(name, values), child))
    if not steps:
        raise BadEntry(f"{place}: a witness makes a call")
    return Program(tuple(steps), bytes(pool))


def _value(arg: object, pool: bytearray, place: str) -> Value:
    if isinstance(arg, int):
        return arg & WORD
    if not isinstance(arg, str):
        raise BadEntry(f"{place}: {arg!r} is no argument")
    if arg.startswith("$"):
        return Ref(int(arg[1:]))
    if arg.startswith("@"):
        base, _, offset = arg[1:].partition("+")
        return PLACES[base] + int(offset or "0", 0)
    at = POOL + len(pool)
    pool += _bytes(arg) + b"\0"
    pool += bytes(-len(pool) % 16)
    return at


def _written(name: str, args: tuple[Value, ...]) -> tuple[int, int]:
    """What is read back of a call: the first thing that it writes, where that is compared."""
    row = rows().get(name)
    for parameter, value in zip(row.parameters if row else (), args, strict=False):
        if parameter.arg.out and isinstance(value, int) and DATA <= value < DATA_END - 128:
            return value, 128 if parameter.arg.kind == "buffer" else WRITTEN.get(parameter.arg.struct, 0)
    return 0, 0


def _bytes(text: str) -> bytes:
    return bytes.fromhex(text[4:]) if text.startswith("hex:") else text.encode()
