"""A slice of a campaign with fixed seeds: generated programs answer under lx as on the machine, or as is known.

The longer ones are `lx fuzz` (.ci/run compares eight thousand programs). A program that differs is run again before it counts,
and the failure is the minimal program, as Python that replays it.
"""

from collections.abc import Iterator

import pytest

from lx.testing import Divergence, Guest, Native, Program, Side, differences, known
from lx.testing.cluster import run_chunk
from lx.testing.generate import callable_names
from lx.testing.printing import as_python
from lx.testing.shrinking import shrink
from lx.testing.worker import Settings, program
from syscalls.index import FAMILY_OF

KNOWN = known.load()
PROGRAMS, BLOCKS, OF_FAMILY = 100, 8, 60
FAMILIES = sorted({FAMILY_OF[name] for name in callable_names()})


@pytest.fixture(scope="module")
def sides() -> Iterator[tuple[Side, Side]]:
    with Guest(timeout=1.0) as guest, Native(timeout=1.0) as native:
        yield guest, native


def difference(made: Program, sides: tuple[Side, Side]) -> Divergence | None:
    """What differs each of three times and is not known."""
    found = None
    for _ in range(3):
        now = differences(made, *sides)
        if not now or known.find(KNOWN, now[0], made) or (found and now[0].key != found.key):
            return None
        found = now[0]
    return found


def check(settings: Settings, indices: range, sides: tuple[Side, Side]) -> None:
    for index in indices:
        made = program(settings, index)
        found = difference(made, sides)
        if found:
            small = shrink(made, lambda p, key=found.key: [d.key for d in differences(p, *sides)] == [key], seconds=20)  # type: ignore[misc]
            pytest.fail(f"program {index}: {found}\n{as_python(small)}")


@pytest.mark.parametrize("block", range(BLOCKS))
def test_generated_programs_answer_as_on_the_machine(block: int, sides: tuple[Side, Side]) -> None:
    check(Settings(seed=3), range(block * PROGRAMS, (block + 1) * PROGRAMS), sides)


@pytest.mark.parametrize("family", FAMILIES)
def test_programs_of_one_family_answer_as_on_the_machine(family: str, sides: tuple[Side, Side]) -> None:
    calls = tuple(sorted(name for name in callable_names() if FAMILY_OF[name] == family))
    check(Settings(seed=5, calls=calls), range(OF_FAMILY), sides)


def test_the_engines_answer_alike() -> None:
    pytest.importorskip("lx.cpu._compiled", reason="there is one engine")
    said = run_chunk(Settings(seed=3, size=60, engines=1).as_json(), 1000)
    assert [m["finding"]["says"] for m in said if "finding" in m and m["finding"]["kind"] != "divergence"] == []
    assert said[-1]["counts"]["engines"] == 60
