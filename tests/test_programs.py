"""Must run: real programs, natively and under lx, with equal output, status and files. The table is tests/programs."""

from collections.abc import Callable, Mapping

import pytest
from known import KNOWN
from programs import Case, building, compiled, languages, loops, servers, shells, tools

from lx.cpu import engine_name

CASES = [*shells.CASES, *tools.CASES, *languages.CASES, *building.CASES, *compiled.CASES, *servers.CASES, *loops.CASES]


ROWS = [
    pytest.param(c, id=c.name, marks=[pytest.mark.xfail(reason=KNOWN[c.name], strict=True)] if c.name in KNOWN else [])
    for c in CASES
]


def test_names_are_unique_and_the_table_is_large_enough() -> None:
    assert len({c.name for c in CASES}) == len(CASES)
    assert len(CASES) >= 60


@pytest.mark.debian
@pytest.mark.parametrize("case", ROWS)
def test_runs_as_it_does_natively(
    case: Case, need: Callable[..., None], brought: Callable[[Case], Mapping[str, str | bytes]], compare: Callable[..., object]
) -> None:
    if case.slow and engine_name() == "pure":
        pytest.skip(f"too slow: {case.slow}")
    need(*case.programs)
    compare(case.command, files=brought(case), stdin=case.stdin.encode(), env=case.env, stderr=case.stderr)
