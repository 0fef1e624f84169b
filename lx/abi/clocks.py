"""Clocks, interval timers and their layouts. Source: Linux uapi linux/time.h, linux/timex.h, linux/times.h.

Layouts are those of a 64-bit little-endian guest.
"""

from struct import Struct

from lx.abi.names import IntEnum, IntFlag

NSEC_PER_SEC = 1_000_000_000
USEC_PER_SEC = 1_000_000
USER_HZ = 100
KTIME_MAX = 2**63 - 1
"""Nanoseconds: the kernel clamps every later moment to this one."""


class Clock(IntEnum):
    """The fixed clock ids; 10 was CLOCK_SGI_CYCLE, and negative ids name CPU-time and device clocks."""

    REALTIME = 0
    MONOTONIC = 1
    PROCESS_CPUTIME_ID = 2
    THREAD_CPUTIME_ID = 3
    MONOTONIC_RAW = 4
    REALTIME_COARSE = 5
    MONOTONIC_COARSE = 6
    BOOTTIME = 7
    REALTIME_ALARM = 8
    BOOTTIME_ALARM = 9
    TAI = 11


CPUCLOCK_KIND, CPUCLOCK_PERTHREAD = 3, 4
CPUCLOCK_PROF, CPUCLOCK_VIRT, CPUCLOCK_SCHED, CLOCKFD = 0, 1, 2, 3
"""The low three bits of a negative clock id; the rest is the complement of a pid or descriptor. linux/posix-timers.h."""


class SleepFlags(IntFlag):
    """clock_nanosleep's flags."""

    TIMER_ABSTIME = 1


class Itimer(IntEnum):
    """Interval timers."""

    ITIMER_REAL = 0
    ITIMER_VIRTUAL = 1
    ITIMER_PROF = 2


TIMESPEC = Struct("<qq")
"""tv_sec, tv_nsec."""
TIMEVAL = Struct("<qq")
"""tv_sec, tv_usec."""
TIMEZONE = Struct("<ii")
"""tz_minuteswest, tz_dsttime."""
ITIMERVAL = Struct("<qqqq")
"""it_interval, it_value."""
TMS = Struct("<qqqq")
"""tms_utime, tms_stime, tms_cutime, tms_cstime, in 1/USER_HZ s."""
TIMEX = Struct("<I4x4qi4x3q2qq2qi4x5qi44x")
"""modes; offset freq maxerror esterror; status; constant precision tolerance; time; tick; ppsfreq jitter; shift; stabil
jitcnt calcnt errcnt stbcnt; tai."""

ADJ_OFFSET_SINGLESHOT = 0x0001
ADJ_OFFSET_READONLY = 0x2000
ADJ_ADJTIME = 0x8000
STA_UNSYNC = 0x0040
TIME_ERROR = 5


def timespec_to_ns(seconds: int, nanoseconds: int) -> int:
    """A valid timespec in nanoseconds, not beyond KTIME_MAX."""
    return min(seconds * NSEC_PER_SEC + nanoseconds, KTIME_MAX)


def timespec_valid(seconds: int, nanoseconds: int) -> bool:
    """Whether Linux takes it as a time: not negative, and less than a second of nanoseconds."""
    return seconds >= 0 and 0 <= nanoseconds < NSEC_PER_SEC
