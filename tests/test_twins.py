"""Twins of Linux's event descriptors on a host that lacks them (lacking.py): the guests see what they see on Linux, but for the
limits of lx.kernel.twins, which are these lines."""

import os
import re
import sys
from pathlib import Path

import pytest
from compared import ENVIRONMENT, Build, observe
from test_guests import directive

CANNOT_TELL: dict[str, str] = {}
"""What a twin answers otherwise, by guest, and why."""
GUESTS = [
    *("eventfd", "eventfd_limits", "timerfd_errors", "signalfd_orders", "signalfd_waits"),
    *("epoll", "epoll_nested", "epoll_edges", "pidfd", "pidfd_errors", "pidfd_others", "cloning"),
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
    unlike = re.compile(CANNOT_TELL.get(guest, r"(?!)").encode(), re.M)
    assert unlike.sub(b"", under_lx.stdout) == unlike.sub(b"", native.stdout), under_lx.stderr.decode(errors="replace")[-2000:]
    assert under_lx.shell_status == native.shell_status
