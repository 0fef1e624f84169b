"""The guest's clocks are the host's, found by name.

A host that lacks one of Linux's clocks lends the nearest it has (CLOCK_BOOTTIME: CLOCK_MONOTONIC). The coarse clocks, and time(2)
with them, are the host's own too, because the vDSO reads those (loader.vdso); another host than Linux has the fine ones cut
to a tick, so that neither ever runs ahead of the other. The alarm clocks need a
real-time-clock device, which a zone has not: they answer EINVAL, as on any machine without one.

CPU-time clocks of a process are the host's of that process, so they contain what the emulator itself uses. Those of another
thread of a process wait for threads; clocks of devices (CLOCKFD) do not exist here.
"""

import time

from lx.abi.clocks import CLOCKFD, CPUCLOCK_KIND, CPUCLOCK_PERTHREAD, CPUCLOCK_SCHED, Clock
from lx.abi.errno import Errno, LinuxError
from lx.abi.lean import Callable, partial
from lx.host import linux_only
from lx.host.linux_only import cpu_clock_ns

TICK_NS = round(time.clock_getres(linux_only.MONOTONIC_COARSE) * 1e9) if linux_only.PRESENT else 4_000_000
"""A tick: the resolution of the coarse clocks."""

Reader = Callable[[], int]


def _host(*names: str) -> Reader:
    for name in names:
        number = getattr(time, name, None)
        if number is not None:
            return partial(time.clock_gettime_ns, number)
    raise RuntimeError(f"the host has none of {', '.join(names)}")


def _coarse(number: int, clock: Reader) -> Reader:
    if linux_only.PRESENT:
        return partial(time.clock_gettime_ns, number)

    def read() -> int:
        now = clock()
        return now - now % TICK_NS

    return read


_REALTIME = _host("CLOCK_REALTIME")
_MONOTONIC = _host("CLOCK_MONOTONIC")

READERS: dict[int, Reader] = {
    Clock.REALTIME: _REALTIME,
    Clock.MONOTONIC: _MONOTONIC,
    Clock.PROCESS_CPUTIME_ID: time.process_time_ns,
    Clock.THREAD_CPUTIME_ID: time.thread_time_ns,
    Clock.MONOTONIC_RAW: _host("CLOCK_MONOTONIC_RAW", "CLOCK_MONOTONIC"),
    Clock.REALTIME_COARSE: _coarse(linux_only.REALTIME_COARSE, _REALTIME),
    Clock.MONOTONIC_COARSE: _coarse(linux_only.MONOTONIC_COARSE, _MONOTONIC),
    Clock.BOOTTIME: _host("CLOCK_BOOTTIME", "CLOCK_MONOTONIC"),
    Clock.TAI: _host("CLOCK_TAI", "CLOCK_REALTIME"),
}
"""Clock id to a function that reads it in ns."""
ALARMS = frozenset({Clock.REALTIME_ALARM, Clock.BOOTTIME_ALARM})
COARSE = frozenset({Clock.REALTIME_COARSE, Clock.MONOTONIC_COARSE})
SLEEPABLE = frozenset({Clock.REALTIME, Clock.MONOTONIC, Clock.PROCESS_CPUTIME_ID, Clock.BOOTTIME, Clock.TAI})
"""Fixed clocks that clock_nanosleep takes; CPU-time clocks by pid are taken too."""
KNOWN = frozenset(READERS) | ALARMS


def is_device(clock: int) -> bool:
    """Whether a clock id names a device's clock by a descriptor."""
    return clock < 0 and clock & (CPUCLOCK_KIND | CPUCLOCK_PERTHREAD) == CLOCKFD


def of_process(clock: int) -> tuple[int, int]:
    """(guest pid, bits of the kind) of a negative clock id that names a CPU-time clock; EINVAL for others."""
    if clock >= 0 or clock & CPUCLOCK_KIND == CLOCKFD:
        raise LinuxError(Errno.EINVAL)
    return ~(clock >> 3), clock & (CPUCLOCK_KIND | CPUCLOCK_PERTHREAD)


def reader(clock: int, host_pid: Callable[[int], int]) -> Reader:
    """The function that reads a clock in ns. EINVAL for a clock that there is not.

    host_pid: a guest pid (or 0) as the host's number; raises LinuxError(ESRCH) for one outside the zone.
    """
    found = READERS.get(clock)
    if found is not None:
        return found
    pid, bits = of_process(clock)
    try:
        read = partial(cpu_clock_ns, host_pid(pid), bits)
        read()
    except (LinuxError, OSError):
        raise LinuxError(Errno.EINVAL) from None
    return read


def resolution_ns(clock: int) -> int:
    """The resolution of a clock that `reader` knows."""
    ticking = clock in COARSE or (clock < 0 and clock & CPUCLOCK_KIND != CPUCLOCK_SCHED)
    return TICK_NS if ticking else 1
