"""The pytest plugin, installed with lx: fixtures for tests of system-call semantics.

    guest     a process of lx, in an empty directory: guest.openat(AT_FDCWD, b"x", O_CREAT | O_RDWR, 0o644)
    native    the same on the machine, confined
    both      the two in step: a call's answers must be equal
    zone      a zone for whole programs: zone.run(["sh", "-c", "..."])

A side is started once a session and worker; each test gets a forked process of it, which costs about a millisecond.
"""

from collections.abc import Iterator
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from lx import Zone
    from lx.testing.both import Both
    from lx.testing.sides import Side


@pytest.fixture(scope="session")
def guest_side() -> "Iterator[Side]":
    """The session's guest, from which `guest` forks."""
    from lx.testing.sides import Guest

    with Guest() as side:
        yield side


@pytest.fixture(scope="session")
def native_side() -> "Iterator[Side]":
    """The session's process on the machine, from which `native` forks."""
    from lx.testing.sides import Native

    with Native() as side:
        yield side


def _served(side: "Side") -> "Iterator[Side]":
    from lx.testing.sides import Ended, Lost

    side.clean()
    side.serve()
    try:
        yield side
    finally:
        try:
            with suppress(Ended):
                side.end_served()
        except Lost:
            side.restart()


@pytest.fixture
def guest(guest_side: "Side") -> "Iterator[Side]":
    """A fresh process of lx in an empty directory."""
    yield from _served(guest_side)


@pytest.fixture
def native(native_side: "Side") -> "Iterator[Side]":
    """A fresh process on the machine in an empty directory, confined."""
    yield from _served(native_side)


@pytest.fixture
def both(guest: "Side", native: "Side") -> "Both":
    """A fresh process on either side, in step."""
    from lx.testing.both import Both

    return Both(guest, native)


@pytest.fixture
def zone() -> "Iterator[Zone]":
    """A zone whose root is the host's, for whole programs."""
    from lx import Zone

    with Zone() as made:
        yield made
