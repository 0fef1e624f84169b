"""lx on a host that lacks eventfd and timerfd: the command, with their C functions taken away. Used by test_twins.py."""

import errno
import sys
from typing import Any

from lx.cli import main
from lx.host import events
from lx.host.libc import failure


def missing(*_: Any) -> int:
    raise failure(errno.ENOSYS)


if __name__ == "__main__":
    for name in ("_eventfd", "_timerfd_create", "_timerfd_settime", "_timerfd_gettime"):
        setattr(events, name, missing)
    sys.exit(main())
