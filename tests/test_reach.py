"""How far generated programs reach: calls that do something, and rows that are called with hostile arguments.

Some hundred programs of one seed, and three for each call, are run under lx (tests/test_oracle.py and campaigns compare such
programs with the kernel); what they call and what came back is counted. A row's hostile arguments come from these programs too,
or from tests/test_bad_pointers.py and tests/guests/badpointers.c, which compare with the kernel, as programs do not make every
call.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random

import pytest
from good_calls import COMMANDS, NOT_MADE, pointers

from lx.testing import Guest, Program
from lx.testing.compare import execute
from lx.testing.distinct import classes
from lx.testing.generate import callable_names, generate, rows

pytestmark = pytest.mark.one_engine

PROGRAMS = 200
HOSTILE = {
    *("NULL", "near NULL", "across the edge", "unmapped", "beyond user space", "too long", "no descriptor"),
    *("unknown", "negative", "huge"),
}
"""Classes of arguments (lx.testing.distinct) that no program means."""
CHILDREN = {"clone", "clone3", "wait4", "waitid"}
"""Made by tests/guests/badpointers.c."""


@dataclass
class Reached:
    """Names of calls: those that have worked, those that had a hostile argument."""

    worked: set[str] = field(default_factory=set)
    hostile: set[str] = field(default_factory=set)


def programs() -> Iterator[Program]:
    for index in range(PROGRAMS):
        yield generate(Random(f"9:{index}"))
    for name in callable_names():
        yield from (generate(Random(f"9:{name}:{i}"), (name,), 16) for i in range(3))


@pytest.fixture(scope="module")
def reached() -> Iterator[Reached]:
    found = Reached()
    with Guest(timeout=1.0) as guest:
        for program in programs():
            for i, result in enumerate(execute(guest, program).results):
                name = program.steps[i].name
                if result >= 0:
                    found.worked.add(name)
                if HOSTILE.intersection(word for said in classes(program, i).values() for word in said.split("|")):
                    found.hostile.add(name)
    yield found


def test_generated_programs_reach_120_calls_that_work(reached: Reached) -> None:
    assert len(reached.worked) >= 120, sorted(reached.worked)


def test_19_of_20_rows_are_called_with_hostile_arguments(reached: Reached) -> None:
    spoiled = {name for name in rows() if name not in NOT_MADE and pointers(name)} | CHILDREN
    spoiled |= {COMMANDS[command][0] for command in COMMANDS}
    with_arguments = {name for name, row in rows().items() if row.parameters}
    missing = with_arguments - spoiled - reached.hostile
    assert len(missing) <= len(with_arguments) / 20, " ".join(sorted(missing))
