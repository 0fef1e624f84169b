"""The oracle works: a fault planted in one handler is found and shrunk within a minute.

Programs are drawn as a campaign draws them, from all calls, with nothing that hints at the fault. What differs without it
too does not count.
"""

import sys
import time
from pathlib import Path
from random import Random

import pytest
from planted import FAULTS

from lx.testing import differences, generate
from lx.testing.program import Program
from lx.testing.shrinking import shrink
from lx.testing.sides import Guest, Native

pytestmark = pytest.mark.one_engine

SECONDS = 60.0
SMALL = 4
"""Calls that are enough to show any of the faults."""


class Planted(Guest):
    """A guest with a fault."""

    def __init__(self, fault: str) -> None:
        self.fault = fault
        super().__init__()

    def _command(self) -> list[str]:
        return [sys.executable, "-P", str(Path(__file__).with_name("planted.py")), self.fault, self.program]


@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_is_found_and_shrunk(fault: str) -> None:
    started = time.monotonic()
    with Planted(fault) as guest, Guest() as healthy, Native() as native:

        def shows_it(program: Program) -> bool:
            return bool(differences(program, guest, native)) and not differences(program, healthy, native)

        seed = 0
        program = generate(Random(seed))
        while not shows_it(program):
            assert time.monotonic() - started < SECONDS, f"not found in {seed} programs"
            seed += 1
            program = generate(Random(seed))
        small = shrink(program, shows_it)
    assert FAULTS[fault][0] in [step.name for step in small.steps]
    assert len(small.steps) <= SMALL
    assert time.monotonic() - started < SECONDS
