"""Stateful machines on both sides: hypothesis looks for the shortest sequence of calls that the two answer differently."""

import os
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from lx.testing.generate import rows
from lx.testing.machines import MACHINES, Differential
from lx.testing.sides import Guest, Native

EXAMPLES = int(os.environ.get("LX_MACHINE_EXAMPLES", "25"))
NEEDS = {"EpollMachine": "epoll_ctl", "SocketMachine": "socketpair", "FutexMachine": "futex"}


@pytest.fixture(scope="module")
def sides() -> Iterator[tuple[Guest, Native]]:
    with Guest() as guest, Native() as native:
        yield guest, native


@pytest.mark.parametrize("machine", MACHINES, ids=lambda machine: machine.__name__)
def test_both_sides_are_in_the_same_states(machine: type[Differential], sides: tuple[Guest, Native]) -> None:
    if NEEDS.get(machine.__name__, "read") not in rows():
        pytest.skip("lx does not have these calls yet")
    bound = type(machine.__name__, (machine,), {"sides": staticmethod(lambda: sides)})
    how = settings(
        max_examples=EXAMPLES, stateful_step_count=20, derandomize=True, deadline=None, database=None,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    run_state_machine_as_test(bound, settings=how)
