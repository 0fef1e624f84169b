"""Time: reading clocks, sleeping, interval timers.

Clocks are the host's (lx.kernel.clocks). Nobody may set one from inside a zone: EPERM even for its root, after Linux's checks of
the arguments. Sleeping parks the thread. The interval timers are the host's own timers of this host process: their
signals arrive like any other, fork clears them and exec keeps them, so the emulator must use none of the three itself.

A sleep until a moment of CLOCK_REALTIME looks at that clock when the time should have come; if the clock is set forward
meanwhile, it wakes late.
"""

import _signal as signal
import os
import time as host_time

from lx.abi.clocks import (
    ADJ_ADJTIME,
    ADJ_OFFSET_READONLY,
    ADJ_OFFSET_SINGLESHOT,
    CPUCLOCK_PERTHREAD,
    ITIMERVAL,
    NSEC_PER_SEC,
    STA_UNSYNC,
    TIME_ERROR,
    TIMESPEC,
    TIMEVAL,
    TIMEX,
    TIMEZONE,
    TMS,
    USEC_PER_SEC,
    USER_HZ,
    Clock,
    Itimer,
    SleepFlags,
    timespec_to_ns,
    timespec_valid,
)
from lx.abi.errno import Errno, LinuxError
from lx.kernel import clocks
from lx.kernel.thread import Thread
from lx.kernel.wait import Park
from syscalls.declare import Restart, syscall
from syscalls.types import Annotated, ClockId, UInt, flags_of, one_of, struct_in, struct_inout, struct_out

TimespecIn = Annotated[int, struct_in("timespec")]
TimespecOut = Annotated[int, struct_out("timespec")]
TimevalIn = Annotated[int, struct_in("timeval")]
TimevalOut = Annotated[int, struct_out("timeval")]
TimezoneIn = Annotated[int, struct_in("timezone")]
TimezoneOut = Annotated[int, struct_out("timezone")]
ItimervalIn = Annotated[int, struct_in("itimerval")]
ItimervalOut = Annotated[int, struct_out("itimerval")]
TmsOut = Annotated[int, struct_out("tms")]
TimexInOut = Annotated[int, struct_inout("timex")]
Sleep = Annotated[int, flags_of(SleepFlags)]
ItimerId = Annotated[int, one_of(Itimer)]

LONGEST_TIMER_S = 9_000_000_000
"""Seconds; KTIME_MAX is a little more, and so much fits a host's time_t and a double with microseconds to spare."""
NOT_SETTABLE = frozenset(clocks.READERS) - {Clock.REALTIME}


def _host_pid(t: Thread, pid: int) -> int:
    return 0 if pid in (0, t.pid, t.tid) else int(t.zone.host_pid(pid))


def _reader(t: Thread, clock: int) -> clocks.Reader:
    return clocks.reader(clock, lambda pid: _host_pid(t, pid))


# ---- clocks


@syscall(note="the alarm clocks need a real-time-clock device and answer EINVAL; CPU-time clocks contain the emulator's own use")
def clock_gettime(t: Thread, clock: ClockId, tp: TimespecOut) -> int:
    """Read a clock."""
    t.memory.write_struct(tp, TIMESPEC, *divmod(_reader(t, clock)(), NSEC_PER_SEC))
    return 0


@syscall()
def clock_getres(t: Thread, clock: ClockId, res: TimespecOut) -> int:
    """A clock's resolution."""
    _reader(t, clock)
    if res:
        t.memory.write_struct(res, TIMESPEC, 0, clocks.resolution_ns(clock))
    return 0


@syscall(note="always EPERM: clocks belong to the host")
def clock_settime(t: Thread, clock: ClockId, tp: TimespecIn) -> int:
    """Set a clock."""
    if clock >= 0 and (clock not in clocks.READERS or clock in NOT_SETTABLE):
        raise LinuxError(Errno.EINVAL)
    wanted = t.memory.read_struct(tp, TIMESPEC)
    if clock < 0:
        _reader(t, clock)
    elif not timespec_valid(*wanted):
        raise LinuxError(Errno.EINVAL)
    raise LinuxError(Errno.EPERM)


@syscall()
def gettimeofday(t: Thread, tv: TimevalOut, tz: TimezoneOut) -> int:
    """The time of day in microseconds; the kernel's time zone is UTC."""
    if tv:
        seconds, nanoseconds = divmod(host_time.time_ns(), NSEC_PER_SEC)
        t.memory.put_u64(tv, seconds)
        t.memory.put_u64(tv + 8, nanoseconds // 1000)
    if tz:
        t.memory.write_struct(tz, TIMEZONE, 0, 0)
    return 0


@syscall(note="always EPERM: the clock belongs to the host")
def settimeofday(t: Thread, tv: TimevalIn, tz: TimezoneIn) -> int:
    """Set the time of day and the kernel's time zone."""
    seconds, microseconds = t.memory.read_struct(tv, TIMEVAL) if tv else (0, 0)
    if not 0 <= microseconds <= USEC_PER_SEC:
        raise LinuxError(Errno.EINVAL)
    if tz:
        t.memory.read_struct(tz, TIMEZONE)
    if not timespec_valid(seconds, microseconds * 1000):
        raise LinuxError(Errno.EINVAL)
    raise LinuxError(Errno.EPERM)


@syscall()
def time(t: Thread, tloc: Annotated[int, struct_out("long")]) -> int:
    """Seconds since the epoch."""
    now = clocks.READERS[Clock.REALTIME_COARSE]() // NSEC_PER_SEC
    if tloc:
        t.memory.put_u64(tloc, now)
    return now


@syscall()
def times(t: Thread, buf: TmsOut) -> int:
    """CPU times of the process and its waited-for children, in 1/100 s; the result counts from some moment."""
    used = os.times()
    if buf:
        ticks = (used.user, used.system, used.children_user, used.children_system)
        t.memory.write_struct(buf, TMS, *(round(seconds * USER_HZ) for seconds in ticks))
    return host_time.monotonic_ns() * USER_HZ // NSEC_PER_SEC


def _read_timex(t: Thread, buf: int) -> int:
    modes = int(t.memory.read_struct(buf, TIMEX)[0])
    singleshot = modes & ADJ_OFFSET_SINGLESHOT
    if modes & ADJ_ADJTIME and not singleshot:
        raise LinuxError(Errno.EINVAL)
    if modes and not (modes & ADJ_ADJTIME and modes & ADJ_OFFSET_READONLY):
        raise LinuxError(Errno.EPERM)
    seconds, nanoseconds = divmod(host_time.time_ns(), NSEC_PER_SEC)
    most_error, tolerance, tick = 16_000_000, 32_768_000, USEC_PER_SEC // USER_HZ
    head = (modes, 0, 0, most_error, most_error, STA_UNSYNC, 2, 1, tolerance)
    t.memory.write_struct(buf, TIMEX, *head, seconds, nanoseconds // 1000, tick, *[0] * 9)
    return TIME_ERROR


@syscall(note="reading only, and the clock is said to be unsynchronised; changing is EPERM: the clock belongs to the host")
def adjtimex(t: Thread, buf: TimexInOut) -> int:
    """Read the state of the clock's discipline."""
    return _read_timex(t, buf)


@syscall(note="as adjtimex, for CLOCK_REALTIME")
def clock_adjtime(t: Thread, clock: ClockId, buf: TimexInOut) -> int:
    """Read the state of a clock's discipline."""
    t.memory.read_struct(buf, TIMEX)
    if clock >= 0 and clock not in clocks.KNOWN:
        raise LinuxError(Errno.EINVAL)
    if clocks.is_device(clock):
        raise LinuxError(Errno.EINVAL)
    if clock != Clock.REALTIME:
        raise LinuxError(Errno.EOPNOTSUPP)
    return _read_timex(t, buf)


# ---- sleeping


def _valid_request(t: Thread, rqtp: int) -> int:
    wanted = t.memory.read_struct(rqtp, TIMESPEC)
    if not timespec_valid(*wanted):
        raise LinuxError(Errno.EINVAL)
    return timespec_to_ns(*wanted)


def _sleep_for(t: Thread, duration_ns: int, rmtp: int) -> int:
    if t.expired():
        return 0
    deadline = t.deadline(duration_ns)
    assert deadline is not None

    def write_rest() -> None:
        if rmtp:
            rest = max(deadline - host_time.monotonic_ns(), 0)
            t.memory.write_struct(rmtp, TIMESPEC, *divmod(rest, NSEC_PER_SEC))

    raise Park(deadline=deadline, on_interrupt=write_rest)


def _sleep_until(now_ns: clocks.Reader, moment_ns: int) -> int:
    rest = moment_ns - now_ns()
    if rest <= 0:
        return 0
    raise Park(deadline=host_time.monotonic_ns() + rest)


@syscall(restart=Restart.RESTART_BLOCK)
def nanosleep(t: Thread, rqtp: TimespecIn, rmtp: TimespecOut) -> int:
    """Sleep for a time."""
    return _sleep_for(t, _valid_request(t, rqtp), rmtp)


@syscall(
    restart=Restart.RESTART_BLOCK,
    note="no relative sleep on CPU-time clocks; a clock set forward during an absolute sleep is noticed at its end",
)
def clock_nanosleep(t: Thread, clock: ClockId, flags: Sleep, rqtp: TimespecIn, rmtp: TimespecOut) -> int:
    """Sleep for a time, or until a moment, of a clock."""
    if clock >= 0 and clock not in clocks.KNOWN:
        raise LinuxError(Errno.EINVAL)
    if (clock >= 0 and clock not in clocks.SLEEPABLE | clocks.ALARMS) or clocks.is_device(clock):
        raise LinuxError(Errno.EOPNOTSUPP)
    wanted = _valid_request(t, rqtp)
    if clock in clocks.ALARMS:
        raise LinuxError(Errno.EOPNOTSUPP)
    if clock < 0 and clock & CPUCLOCK_PERTHREAD and clocks.of_process(clock)[0] in (0, t.tid):
        raise LinuxError(Errno.EINVAL)
    now_ns = _reader(t, clock)
    if flags & SleepFlags.TIMER_ABSTIME:
        return _sleep_until(now_ns, wanted)
    if clock < 0 or clock == Clock.PROCESS_CPUTIME_ID:
        raise t.unsupported("clock_nanosleep of relative CPU time on clock", clock, Errno.EOPNOTSUPP)
    return _sleep_for(t, wanted, rmtp)


# ---- interval timers


def _host_timer(which: int) -> int:
    try:
        name = Itimer(which).name
    except ValueError:
        raise LinuxError(Errno.EINVAL) from None
    return int(getattr(signal, name))


def _microseconds(value: tuple[float, float]) -> tuple[int, int]:
    """(value, interval) of a host timer in microseconds."""
    return round(value[0] * USEC_PER_SEC), round(value[1] * USEC_PER_SEC)


def _set(timer: int, value_us: int, interval_us: int) -> tuple[int, int]:
    """Arm a host timer; its former (value, interval) in microseconds.

    Python takes seconds as a double and rounds up to a microsecond: half a microsecond less makes that exact.
    """
    value, interval = (
        max(min(us, LONGEST_TIMER_S * USEC_PER_SEC) - 0.5, 0) / USEC_PER_SEC for us in (value_us, interval_us)
    )
    return _microseconds(signal.setitimer(timer, value, interval))


def _write_itimer(t: Thread, address: int, value_us: int, interval_us: int) -> None:
    t.memory.write_struct(address, ITIMERVAL, *divmod(interval_us, USEC_PER_SEC), *divmod(value_us, USEC_PER_SEC))


@syscall()
def getitimer(t: Thread, which: ItimerId, value: ItimervalOut) -> int:
    """Read an interval timer."""
    _write_itimer(t, value, *_microseconds(signal.getitimer(_host_timer(which))))
    return 0


@syscall()
def setitimer(t: Thread, which: ItimerId, value: ItimervalIn, ovalue: ItimervalOut) -> int:
    """Arm or disarm an interval timer; no address for the value disarms."""
    interval_s, interval_us, value_s, value_us = t.memory.read_struct(value, ITIMERVAL) if value else (0, 0, 0, 0)
    if min(interval_s, value_s) < 0 or not (0 <= interval_us < USEC_PER_SEC and 0 <= value_us < USEC_PER_SEC):
        raise LinuxError(Errno.EINVAL)
    old = _set(_host_timer(which), value_s * USEC_PER_SEC + value_us, interval_s * USEC_PER_SEC + interval_us)
    if ovalue:
        _write_itimer(t, ovalue, *old)
    return 0


@syscall()
def alarm(t: Thread, seconds: UInt) -> int:
    """Have SIGALRM sent in so many seconds; the seconds that were left of the former alarm."""
    left_us, _ = _set(signal.ITIMER_REAL, seconds * USEC_PER_SEC, 0)
    whole, part = divmod(left_us, USEC_PER_SEC)
    return whole + (part >= USEC_PER_SEC // 2 or (left_us > 0 and whole == 0))
