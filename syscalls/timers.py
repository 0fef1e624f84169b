"""POSIX timers; lx.kernel.timers says how they are the host's. A clock of a process is named by a pid, which is the zone's."""

import os
from struct import Struct

from lx.abi.clocks import timespec_valid
from lx.abi.errno import Errno, LinuxError
from lx.abi.sigevent import ITIMERSPEC, SIGEV_THREAD_ID_BIT, SIGEVENT, TimerFlags
from lx.abi.signals import NSIG, Signal
from lx.host import timers as host
from lx.kernel import clocks
from lx.kernel.thread import Thread
from lx.kernel.timers import Timer, Timers, carrier
from syscalls.declare import syscall
from syscalls.types import Annotated, ClockId, Int, flags_of, struct_in, struct_out

SigeventIn = Annotated[int, struct_in("sigevent")]
TimerIdOut = Annotated[int, struct_out("int")]
ItimerspecIn = Annotated[int, struct_in("itimerspec")]
ItimerspecOut = Annotated[int, struct_out("itimerspec")]
SetFlags = Annotated[int, flags_of(TimerFlags)]
TIMER_ID = Struct("<i")
NOBODY = -1
"""A thread id that the host refuses as Linux refuses one of another process."""


def timers_of(t: Thread) -> Timers:
    """The process's timers."""
    if t.process.timers is None:
        t.process.timers = Timers(t.process)
    return t.process.timers


def _event(t: Thread, sevp: int) -> tuple[bytes, int, int]:
    """The host's struct sigevent, the thread that is to be told (0: the process), and Linux's number of the signal."""
    raw = t.memory.read(sevp, SIGEVENT.size)
    value, signo, notify, tid = SIGEVENT.unpack(raw)
    host_signo = t.process.host.signal_to_host(carrier(signo)) if 1 <= signo <= NSIG else signo
    if not notify & SIGEV_THREAD_ID_BIT:
        return SIGEVENT.pack(value, host_signo, notify, tid), 0, signo
    known = any(other.tid == tid and other.alive for other in t.process.threads)
    return SIGEVENT.pack(value, host_signo, notify, os.getpid() if known else NOBODY), tid, signo


def _host_clock(t: Thread, clock: int) -> int:
    """The host's id of a clock; one of a process carries a pid. EINVAL."""
    if clock >= 0 or clocks.is_device(clock):
        return clock
    pid, bits = clocks.of_process(clock)
    if pid and pid not in (t.pid, t.tid):
        try:
            pid = int(t.zone.host_pid(pid))
        except LinuxError:
            raise LinuxError(Errno.EINVAL) from None
    return ~(0 if pid in (t.pid, t.tid) else pid) << 3 | bits


@syscall(note="CPU-time timers count the emulator's own time; the alarm clocks need a real-time-clock device")
def timer_create(t: Thread, clockid: ClockId, sevp: SigeventIn, timerid: TimerIdOut) -> int:
    """Make a timer, which is not yet running."""
    event, tid, signo = _event(t, sevp) if sevp else (None, 0, int(Signal.SIGALRM))
    timers = timers_of(t)
    ident = timers.create(_host_clock(t, clockid), event, tid, signo)
    try:
        t.memory.write_struct(timerid, TIMER_ID, ident)
    except LinuxError:
        timers.delete(ident)
        raise
    return 0


def _timer(t: Thread, ident: int) -> Timer:
    timer = timers_of(t).all.get(ident)
    if timer is None:
        raise LinuxError(Errno.EINVAL)
    return timer


@syscall()
def timer_settime(t: Thread, timerid: Int, flags: SetFlags, new_value: ItimerspecIn, old_value: ItimerspecOut) -> int:
    """Start or stop a timer."""
    if not new_value:
        raise LinuxError(Errno.EINVAL)
    wanted = t.memory.read(new_value, ITIMERSPEC.size)
    interval_s, interval_ns, value_s, value_ns = ITIMERSPEC.unpack(wanted)
    if not timespec_valid(interval_s, interval_ns) or not timespec_valid(value_s, value_ns):
        raise LinuxError(Errno.EINVAL)
    _timer(t, timerid)
    old = timers_of(t).set(timerid, flags, wanted)
    if old_value:
        t.memory.write(old_value, old)
    return 0


@syscall()
def timer_gettime(t: Thread, timerid: Int, curr_value: ItimerspecOut) -> int:
    """What is left until the next expiry, and the interval."""
    _timer(t, timerid)
    t.memory.write(curr_value, host.gettime(timerid))
    return 0


@syscall()
def timer_getoverrun(t: Thread, timerid: Int) -> int:
    """How often the timer expired after it had sent its last signal and before that was taken."""
    _timer(t, timerid)
    return timers_of(t).overrun(timerid)


@syscall()
def timer_delete(t: Thread, timerid: Int) -> int:
    """Take a timer away."""
    _timer(t, timerid)
    timers_of(t).delete(timerid)
    return 0
