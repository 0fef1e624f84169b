"""poll(2)'s event bits: the host's for Linux's and back, by name."""

import select

from lx.abi.lean import cache
from lx.abi.poll import PollEvents

_BITS = [
    (int(event), int(getattr(select, f"POLL{event.name}"))) for event in PollEvents if hasattr(select, f"POLL{event.name}")
]


@cache
def to_host(events: int) -> int:
    """Host poll bits for Linux's; bits that the host does not know are left out."""
    return sum({host for linux, host in _BITS if events & linux})


@cache
def from_host(events: int) -> int:
    """Linux's poll bits for the host's."""
    return sum(linux for linux, host in _BITS if events & host)
