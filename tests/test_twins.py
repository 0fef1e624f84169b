"""Twins of Linux's event descriptors on a host that lacks them (lacking.py): the guests see what they see on Linux.

What a twin cannot do (the Limits in the rooms of lx.kernel.twins) no line of theirs asks for.
"""

import os
import sys
from pathlib import Path

import pytest
from compared import ENVIRONMENT, Build, observe
from test_guests import directive

GUESTS = [
    *("eventfd", "eventfd_limits", "timerfd_errors", "signalfd_orders", "signalfd_waits"),
    *("epoll", "epoll_nested", "epoll_edges", "pidfd", "pidfd_errors", "pidfd_others", "cloning"),
    *("inotify", "inotify_paths", "inotify_changes", "events_unprivileged"),
]


@pytest.mark.parametrize("guest", GUESTS)
def test_a_guest_on_a_host_without_event_descriptors(guest: str, build: Build, tmp_path: Path) -> None:
    source = f"{guest}.c"
    program = [str(build(source, "-static", *directive(source, "cflags"))), *directive(source, "args")]
    native = observe(program, ENVIRONMENT, tmp_path, {}, b"")
    ours = {name: os.environ[name] for name in ("LX_ENGINE", "PYTHONPATH") if name in os.environ}
    hidden = [word for name in ours for word in ("-U", name)]
    lacking = [sys.executable, "-P", str(Path(__file__).with_name("lacking.py")), "run", *hidden, *program]
    under_lx = observe(lacking, {**ENVIRONMENT, **ours}, tmp_path, {}, b"")
    assert under_lx.stdout == native.stdout, under_lx.stderr.decode(errors="replace")[-2000:]
    assert under_lx.shell_status == native.shell_status
