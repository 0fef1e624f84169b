"""Readiness: what poll, select and epoll ask of a process's descriptors, and how a thread waits for it.

The host's poll answers for all of them but some twins (lx.kernel.twins), which are asked themselves.
"""

import select

from lx.host.polling import from_host, to_host
from lx.kernel.wait import Park

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from lx.kernel.thread import Thread

FOR_EVER = 1 << 62
"""Nanoseconds of a wait without a timeout that wakes up in between."""


class Conditions:
    """What a thread sleeps for until descriptors may be ready.

    fds: (descriptor, host poll bits). again: the CLOCK_MONOTONIC nanosecond at which to look again. signs: one of them says yes
    once something in this process has changed.
    """

    __slots__ = ("again", "fds", "signs")

    def __init__(self) -> None:
        self.fds: list[tuple[int, int]] = []
        self.again: int | None = None
        self.signs: list[Callable[[], bool]] = []

    def add(self, fd: int, events: int) -> None:
        """The host's poll can tell of these bits (Linux's)."""
        self.fds.append((fd, to_host(events)))

    def sooner(self, moment: int) -> None:
        """Look again at this moment at the latest."""
        self.again = moment if self.again is None else min(self.again, moment)

    def changed(self) -> bool:
        """Whether one of the signs says so."""
        return any(sign() for sign in self.signs)


def ask(t: "Thread", wanted: "Mapping[int, int]") -> dict[int, int]:
    """What is ready now: Linux's poll bits by descriptor. `wanted` has Linux's bits too."""
    poller = select.poll()
    for fd, events in wanted.items():
        poller.register(fd, to_host(events))
    found = {fd: from_host(events) for fd, events in poller.poll(0)}
    for fd in t.files.nodes.keys() & wanted.keys() if t.files.nodes else ():
        bits = t.files.nodes[fd].readiness(t, wanted[fd], found.pop(fd, 0))
        if bits:
            found[fd] = bits
    return found


def conditions(t: "Thread", wanted: "Mapping[int, int]") -> Conditions:
    """What to sleep for until one of these may be ready."""
    found = Conditions()
    for fd, events in wanted.items():
        node = t.files.entry(fd)
        if node is None:
            found.add(fd, events)
        else:
            node.conditions(t, fd, events, found)
    return found


def park(
    t: "Thread", wanted: "Mapping[int, int]", timeout: int | None, on_interrupt: "Callable[[], object] | None" = None
) -> Park:
    """How to wait for descriptors. timeout: nanoseconds, None for ever."""
    if not t.files.nodes:
        fds = tuple((fd, to_host(events)) for fd, events in wanted.items())
        return Park(fds, t.deadline(timeout), on_interrupt=on_interrupt)
    found = conditions(t, wanted)
    deadline = t.deadline(FOR_EVER if timeout is None and found.again is not None else timeout)
    if found.again is not None and deadline is not None:
        deadline = min(deadline, found.again)
    return Park(found.fds, deadline, on_interrupt=on_interrupt, ready=found.changed if found.signs else None)
