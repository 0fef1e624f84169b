"""Limits, usage and priorities of processes, and the machine's figures.

Limits: lx.kernel.limits says which of them the host holds. Usage and priorities are the host's of this host process, so the
emulator's own share is in them. Of another process of the zone only what the host holds can be seen or set.

Priorities of a group or a user are those of the zone's processes in it. I/O priorities are Linux's: another host has none.
"""

import os
import resource

from lx.abi.capability import Cap
from lx.abi.errno import Errno, LinuxError
from lx.abi.resource import RLIMIT, RUSAGE, SYSINFO, PriorityWhich, Resource, RusageWho, rusage_values
from lx.abi.sched import (
    IOPRIO_CLASS_SHIFT,
    IOPRIO_LEVEL_MASK,
    NICE_MAX,
    NICE_MIN,
    IoprioClass,
    IoprioWhich,
)
from lx.host import linux_only
from lx.kernel.limits import of_another
from lx.kernel.thread import Thread
from syscalls.declare import syscall
from syscalls.types import U32, Annotated, Int, Pid, one_of, struct_in, struct_out

ResourceId = Annotated[int, one_of(Resource, U32)]
RlimitIn = Annotated[int, struct_in("rlimit")]
RlimitOut = Annotated[int, struct_out("rlimit")]
RusageOut = Annotated[int, struct_out("rusage")]
SysinfoOut = Annotated[int, struct_out("sysinfo")]
Who = Annotated[int, one_of(RusageWho)]
Which = Annotated[int, one_of(PriorityWhich)]
IoWhich = Annotated[int, one_of(IoprioWhich)]


def _host_pid(t: Thread, pid: int) -> int:
    if pid == 0 or pid in (t.pid, t.tid):
        return 0
    if pid < 0:
        raise LinuxError(Errno.ESRCH)
    return int(t.zone.host_pid(pid))


# ---- limits


@syscall()
def getrlimit(t: Thread, which: ResourceId, rlim: RlimitOut) -> int:
    """Read a resource limit."""
    t.memory.write_struct(rlim, RLIMIT, *t.process.limits.get(which))
    return 0


@syscall()
def setrlimit(t: Thread, which: ResourceId, rlim: RlimitIn) -> int:
    """Set a resource limit."""
    t.process.limits.set(which, *t.memory.read_struct(rlim, RLIMIT))
    return 0


@syscall(note="of another process only the limits that the host holds; EPERM for memory, core and descriptor limits")
def prlimit64(t: Thread, pid: Pid, which: ResourceId, new: RlimitIn, old: RlimitOut) -> int:
    """Set and read a resource limit of a process."""
    wanted = t.memory.read_struct(new, RLIMIT) if new else None
    host = _host_pid(t, pid)
    if host:
        before = of_another(host, which, wanted)
    else:
        before = t.process.limits.get(which)
        if wanted is not None:
            t.process.limits.set(which, *wanted)
    if old:
        t.memory.write_struct(old, RLIMIT, *before)
    return 0


# ---- usage


@syscall(note="the host process's figures: what the emulator itself uses is in them")
def getrusage(t: Thread, who: Who, usage: RusageOut) -> int:
    """Resources used by the process, its waited-for children, or the thread."""
    try:
        name = RusageWho(who).name
    except ValueError:
        raise LinuxError(Errno.EINVAL) from None
    used = resource.getrusage(getattr(resource, name, resource.RUSAGE_SELF))
    t.memory.write_struct(usage, RUSAGE, *rusage_values(used))
    return 0


@syscall()
def sysinfo(t: Thread, info: SysinfoOut) -> int:
    """The machine's uptime, load, memory and number of processes."""
    t.memory.write_struct(info, SYSINFO, *linux_only.sysinfo())
    return 0


# ---- priorities

NICE_ZERO = 20
"""getpriority answers 20 minus the nice value, so that no answer looks like an error."""


def _group_of(host_pid: int) -> int:
    try:
        return os.getpgid(host_pid)
    except OSError:
        return -1


def _targets(t: Thread, which: int, who: int) -> list[int]:
    """The host pids that are meant, of the zone's processes. EINVAL for another `which`, ESRCH for nobody."""
    if which == PriorityWhich.PRIO_PROCESS:
        return [_host_pid(t, who) or os.getpid()]
    if which == PriorityWhich.PRIO_PGRP:
        if who < 0:
            raise LinuxError(Errno.ESRCH)
        group = int(t.zone.host_pid_or_group(who)) if who else os.getpgid(0)
        found = [pid for pid in t.zone.members() if _group_of(pid) == group]
    elif which == PriorityWhich.PRIO_USER:
        uid = who & 0xFFFFFFFF if who else os.getuid()
        found = [pid for pid in t.zone.members() if linux_only.real_uid(pid) == uid]
    else:
        raise LinuxError(Errno.EINVAL)
    if not found:
        raise LinuxError(Errno.ESRCH)
    return found


@syscall(direct="inside")
def getpriority(t: Thread, which: Which, who: Pid) -> int:
    """The highest priority among processes, as 20 minus the nice value."""
    if which == PriorityWhich.PRIO_PROCESS:
        return NICE_ZERO - os.getpriority(os.PRIO_PROCESS, _host_pid(t, who))
    return NICE_ZERO - min(os.getpriority(os.PRIO_PROCESS, pid) for pid in _targets(t, which, who))


@syscall()
def setpriority(t: Thread, which: Which, who: Pid, nice: Int) -> int:
    """Set the nice value of processes."""
    refused = None
    for pid in _targets(t, which, who):
        try:
            os.setpriority(os.PRIO_PROCESS, pid, min(max(nice, NICE_MIN), NICE_MAX))
        except OSError as error:
            refused = error
    if refused is not None:
        raise refused
    return 0


@syscall(note="a process's threads have one class and priority", direct="inside")
def ioprio_get(t: Thread, which: IoWhich, who: Pid) -> int:
    """The best I/O scheduling class and priority among processes."""
    found = {pid: linux_only.ioprio_get(pid) for pid in _targets(t, which - 1, who)}
    if which == IoprioWhich.IOPRIO_WHO_PROCESS:
        return next(iter(found.values()))
    return min(value if value >> IOPRIO_CLASS_SHIFT & 7 else _by_cpu(pid) for pid, value in found.items())


def _by_cpu(pid: int) -> int:
    """The I/O priority of a process that has not been given one: its CPU class's, at a level that goes with its nice value."""
    policy = os.sched_getscheduler(pid) & ~os.SCHED_RESET_ON_FORK
    best = policy in (os.SCHED_FIFO, os.SCHED_RR)
    kind = IoprioClass.IDLE if policy == os.SCHED_IDLE else IoprioClass.RT if best else IoprioClass.BE
    return kind << IOPRIO_CLASS_SHIFT | (os.getpriority(os.PRIO_PROCESS, pid) + 20) // 5


@syscall(note="a process's threads have one class and priority")
def ioprio_set(t: Thread, which: IoWhich, who: Pid, ioprio: Int) -> int:
    """Set the I/O scheduling class and priority of processes."""
    kind, level = ioprio >> IOPRIO_CLASS_SHIFT & 7, ioprio & IOPRIO_LEVEL_MASK
    if kind == IoprioClass.RT:
        if not linux_only.effective_capabilities() & (1 << Cap.SYS_NICE | 1 << Cap.SYS_ADMIN):
            raise LinuxError(Errno.EPERM)
    elif kind not in (IoprioClass.NONE, IoprioClass.BE, IoprioClass.IDLE) or (kind == IoprioClass.NONE and level):
        raise LinuxError(Errno.EINVAL)
    for pid in _targets(t, which - 1, who):
        linux_only.ioprio_set(pid, ioprio)
    return 0
