"""Twins of Linux's event descriptors on a host that lacks them (lacking.py): the guests see what they see on Linux."""

import os
import sys
from pathlib import Path

import pytest
from compared import ENVIRONMENT, Build, observe
from test_guests import directive

OF_ENGINES = ["eventfd", "signalfd_orders", "signalfd_waits", "epoll", "epoll_edges", "pidfd", "pidfd_others", "inotify_changes"]
"""What an engine has a part in: signals, waiting, other threads, and that it leaves each call to the listeners."""
OTHERS = [
    *("eventfd_limits", "timerfd_errors", "epoll_nested", "pidfd_errors", "cloning", "inotify", "inotify_paths"),
    *("events_unprivileged", "events_shared"),
]
GUESTS = [*OF_ENGINES, *(pytest.param(guest, marks=pytest.mark.one_engine) for guest in OTHERS)]
CANNOT_TELL = {
    "a child has removed from the set": "parent and forked child have a set each",
    "a child has added to the set": "likewise",
    "as much again as a child has read": "only this process's own calls are heard of, and as much is there as before",
    "a child has opened and closed": "a look at a file shows no opening",
    "a child has moved away": "a look at a directory shows that a name is gone, not where to",
    "a child has moved in": "a look at a directory shows that a name has come, not where from",
    "one of two duplicates has been closed": "which descriptors are one opening only the host knows",
    "a counter that was sent takes three bytes": "the state beside the FIFO does not go through a socket",
}
"""The Limits in the rooms of lx.kernel.twins that a guest can show: the line, and why no portable host can tell."""


@pytest.mark.parametrize("guest", GUESTS)
def test_a_guest_on_a_host_without_event_descriptors(guest: str, build: Build, tmp_path: Path) -> None:
    source = f"{guest}.c"
    program = [str(build(source, "-static", *directive(source, "cflags"))), *directive(source, "args")]
    native = observe(program, ENVIRONMENT, tmp_path, {}, b"")
    ours = {name: os.environ[name] for name in ("LX_ENGINE", "PYTHONPATH") if name in os.environ}
    hidden = [word for name in ours for word in ("-U", name)]
    lacking = [sys.executable, "-P", str(Path(__file__).with_name("lacking.py")), "run", *hidden, *program]
    under_lx = observe(lacking, {**ENVIRONMENT, **ours}, tmp_path, {}, b"")
    answers, expected = (side.stdout.decode().splitlines() for side in (under_lx, native))
    assert len(answers) == len(expected), under_lx.stderr.decode(errors="replace")[-2000:]
    for answer, wanted in zip(answers, expected, strict=True):
        assert (answer != wanted) == (wanted.rpartition(":")[0] in CANNOT_TELL), (answer, wanted)
    assert under_lx.shell_status == native.shell_status
