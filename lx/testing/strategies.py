"""Hypothesis strategies, derived from the table: programs, single calls, and the arguments of a row.

    @given(programs(calls=("openat", "read", "lseek", "dup")))
    def test_reading(program, sides): assert not differences(program, *sides)

Each draws from lx.testing.generate with a Random that hypothesis owns, so an example is repeated and shrunk as any other is.
"""

from collections.abc import Sequence
from random import Random

from hypothesis import strategies as st

from lx.testing.generate import Draft, call, generate, rows
from lx.testing.program import Program, Step, Value


def programs(calls: Sequence[str] = (), length: int = 12) -> st.SearchStrategy[Program]:
    """Programs of up to `length` calls, of these (default: all that may be made)."""
    return _randoms().map(lambda random: generate(random, calls, length))


def calls(name: str) -> st.SearchStrategy[Step]:
    """One call of a row: valid, edge and hostile arguments. KeyError for a row that has no handler."""
    rows()[name]
    return _randoms().map(lambda random: call(Draft(random), name))


def arguments(name: str) -> st.SearchStrategy[tuple[Value, ...]]:
    """The raw argument words of a row."""
    return calls(name).map(lambda step: step.args)


def _randoms() -> st.SearchStrategy[Random]:
    return st.randoms(use_true_random=False)
