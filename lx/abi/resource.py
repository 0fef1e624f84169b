"""Resource limits, usage, priorities, sysinfo. Source: Linux uapi asm-generic/resource.h, linux/resource.h, sysinfo.h.

Layouts are those of a 64-bit little-endian guest.
"""

from __future__ import annotations

from struct import Struct

from lx.abi.lean import Sequence
from lx.abi.names import IntEnum

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

RLIM_INFINITY = 2**64 - 1


class Resource(IntEnum):
    """What can be limited."""

    RLIMIT_CPU = 0
    RLIMIT_FSIZE = 1
    RLIMIT_DATA = 2
    RLIMIT_STACK = 3
    RLIMIT_CORE = 4
    RLIMIT_RSS = 5
    RLIMIT_NPROC = 6
    RLIMIT_NOFILE = 7
    RLIMIT_MEMLOCK = 8
    RLIMIT_AS = 9
    RLIMIT_LOCKS = 10
    RLIMIT_SIGPENDING = 11
    RLIMIT_MSGQUEUE = 12
    RLIMIT_NICE = 13
    RLIMIT_RTPRIO = 14
    RLIMIT_RTTIME = 15


RLIM_NLIMITS = 16


class RusageWho(IntEnum):
    """Whose usage."""

    RUSAGE_CHILDREN = -1
    RUSAGE_SELF = 0
    RUSAGE_THREAD = 1


class PriorityWhich(IntEnum):
    """What getpriority's second argument names."""

    PRIO_PROCESS = 0
    PRIO_PGRP = 1
    PRIO_USER = 2


RLIMIT = Struct("<QQ")
"""rlim_cur, rlim_max."""
RUSAGE = Struct("<18q")
"""ru_utime, ru_stime (two words each), maxrss and thirteen counters."""
SYSINFO = Struct("<q3Q6QH6xQQI4x")
"""uptime; loads; totalram freeram sharedram bufferram totalswap freeswap; procs; totalhigh freehigh; mem_unit."""
SYSINFO_LOAD_SHIFT = 16


def rusage_values(used: Sequence[Any]) -> list[int]:
    """The fields of RUSAGE from a resource.struct_rusage (seconds as floats, then fourteen numbers)."""
    user, system = (round(used[i] * 1_000_000) for i in (0, 1))
    return [*divmod(user, 1_000_000), *divmod(system, 1_000_000), *(int(value) for value in used[2:16])]
