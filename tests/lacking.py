"""lx on a host that lacks Linux's event descriptors: the command, with their C functions taken away. Used by test_twins.py."""

import errno
import sys
from typing import Any

from lx.cli import main
from lx.host import events, linux_only
from lx.host.libc import failure

MISSING = (
    *("_eventfd", "_timerfd_create", "_timerfd_settime", "_timerfd_gettime"),
    *("_epoll_create1", "_epoll_ctl", "_epoll_wait", "_signalfd"),
    *("pidfd_open", "pidfd_getfd", "pidfd_send_signal"),
    *("_inotify_init1", "_inotify_add_watch", "inotify_rm_watch"),
)


def missing(*_: Any) -> int:
    raise failure(errno.ENOSYS)


if __name__ == "__main__":
    linux_only.EVENTS = False
    for name in MISSING:
        setattr(events, name, missing)
    sys.exit(main())
