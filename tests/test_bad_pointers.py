"""Bad pointers in every argument of every implemented call: the kernel's answer, and never a crash.

Each call is made with arguments that are good but for one pointer (or several, drawn by hypothesis), natively and by lx, in
a fresh child of the side for each row. A call that is not in CALLS is made with plain arguments of its declared types.
"""

import os
from collections.abc import Iterator

import pytest
from good_calls import CALLS, COMMANDS, GONE, NO_ACCESS, NOT_MADE, READ_ONLY, U64, Both, plain, pointers
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lx.testing.generate import rows
from lx.testing.image import EDGE

BAD = {
    "null": 0, "low": 8, "behind the last byte": EDGE, "last byte": EDGE - 1, "last word": EDGE - 8, "no access": NO_ACCESS,
    "read only": READ_ONLY, "beyond the file": GONE, "user space's end": 2**47 - 8, "not canonical": 2**63, "kernel": U64 - 4096,
    "last": U64 - 1,
}  # fmt: skip

MANY = settings(max_examples=int(os.environ.get("LX_EXAMPLES", "200")), deadline=None, database=None, derandomize=True,
                suppress_health_check=list(HealthCheck))  # fmt: skip
FOR_EVER = {("rt_sigtimedwait", 2), ("futex", 3), ("select", 4), ("pselect6", 4), ("ppoll", 2)}
"""Timeouts: without one the call waits, if nothing is ready."""
WAITS, READABLE = {"rt_sigsuspend"}, (READ_ONLY, EDGE - 8)
WITH_POINTERS = sorted(name for name in rows() if name not in NOT_MADE and pointers(name))


@pytest.fixture(scope="module")
def both() -> Iterator[Both]:
    made = Both()
    yield made
    made.close()


@pytest.mark.parametrize("name", WITH_POINTERS)
def test_one_bad_pointer(both: Both, name: str) -> None:
    good = CALLS.get(name) or plain(name)
    both.fresh()
    for index in pointers(name):
        for value in BAD.values():
            if not ((value == 0 and (name, index) in FOR_EVER) or (name == "rt_sigsuspend" and value in READABLE)):
                both.agree(name, (*good[:index], value, *good[index + 1 :]))


@pytest.mark.parametrize("command", COMMANDS)
def test_one_bad_pointer_behind_a_command(both: Both, command: str) -> None:
    name, good, index = COMMANDS[command]
    both.fresh()
    for value in BAD.values():
        both.agree(name, (*good[:index], value, *good[index + 1 :]))


EDGES = st.sampled_from([0, EDGE, NO_ACCESS, READ_ONLY, GONE, 2**47, 2**63])
NEAR = st.builds(lambda at, by: (at + by) % U64, EDGES, st.integers(-300, 300))
ANYWHERE = st.one_of(st.sampled_from(sorted(BAD.values())), NEAR, st.integers(2**47, U64 - 1))


@MANY
@given(st.data())
def test_any_bad_pointers(both: Both, data: st.DataObject) -> None:
    """Several at once: the order in which they are looked at shows in what has been done before EFAULT."""
    name = data.draw(st.sampled_from(sorted(CALLS.keys() - WAITS)), "call")
    args = list(CALLS[name])
    for index in pointers(name):
        if data.draw(st.booleans(), f"argument {index} is bad"):
            args[index] = data.draw(ANYWHERE, f"argument {index}") or ((name, index) in FOR_EVER and 8)
    both.fresh()
    both.agree(name, tuple(args))


def test_the_good_arguments_are_good(both: Both) -> None:
    """Else the pointers would not be looked at."""
    refused = {}
    for name in CALLS.keys() - WAITS:
        both.fresh()
        refused[name] = both.agree(name, CALLS[name])
    why = {-1, -2, -3, -11, -42, -95, -61, -38, -22}
    assert {name: no for name, no in refused.items() if isinstance(no, int) and no < 0 and no not in why} == {}
