"""Scheduling: yielding, policies and priorities, affinity.

A guest process is a host process, so affinity, the ordinary policies (OTHER, BATCH, IDLE) and the time slice are the host's
own. A real-time policy is checked as Linux checks it, remembered and told again, and not obeyed: an emulator that spins at
SCHED_FIFO would take the machine with it.

Limits: of another process of the zone only what the host holds can be seen, and no real-time policy can be set.
"""

import os
import resource
import sys

from lx.abi.capability import Cap
from lx.abi.clocks import TIMESPEC
from lx.abi.errno import Errno, LinuxError
from lx.abi.lean import suppress
from lx.abi.sched import (
    NICE_MAX,
    NICE_MIN,
    PRIORITY_MAX,
    PRIORITY_MIN,
    REALTIME,
    RESET_ON_FORK,
    RR_TIMESLICE_NS,
    SCHED_ATTR,
    SCHED_ATTR_SIZE_VER0,
    SCHED_ATTR_SIZE_VER1,
    SCHED_FLAGS_ALL,
    Policy,
    SchedFlags,
)
from lx.abi.word import s32
from lx.host import calls, linux_only
from lx.kernel.thread import Thread
from syscalls.declare import syscall
from syscalls.types import Annotated, Pid, Ptr, UInt, one_of, struct_in, struct_out

PolicyId = Annotated[int, one_of(Policy)]
ParamIn = Annotated[int, struct_in("sched_param")]
ParamOut = Annotated[int, struct_out("sched_param")]
TimespecOut = Annotated[int, struct_out("timespec")]
CpuSetIn = Annotated[int, struct_in("cpu_set")]
CpuSetOut = Annotated[int, struct_out("cpu_set")]

ORDINARY = (Policy.SCHED_OTHER, Policy.SCHED_BATCH, Policy.SCHED_IDLE)
WITHOUT_PRIORITY = (*ORDINARY, Policy.SCHED_DEADLINE, Policy.SCHED_EXT)
PAGE_SIZE = 4096
MASK_BYTES_MOST = 1024
"""Linux's masks have at most 8192 CPUs."""


def _target(t: Thread, pid: int) -> int:
    """The host's pid, 0 for the caller. EINVAL, ESRCH."""
    if pid < 0:
        raise LinuxError(Errno.EINVAL)
    return 0 if pid in (0, t.tid) else int(t.zone.host_pid(pid))


def _in_use(t: Thread, pid: int) -> tuple[int, int, bool]:
    """(policy, real-time priority, reset on fork)."""
    mine = t.attributes
    if pid == 0 and mine.policy is not None:
        return mine.policy, mine.priority, mine.reset_on_fork
    policy = os.sched_getscheduler(pid)
    return policy & ~RESET_ON_FORK, os.sched_getparam(pid).sched_priority, bool(policy & RESET_ON_FORK)


@syscall(direct="yield")
def sched_yield(t: Thread) -> int:
    """Let others run: the process's other threads, then other processes."""
    os.sched_yield()
    t.process.scheduler.yielded = True
    t.process.attention()
    return 0


# ---- policies


def _check_priority(policy: int, priority: int) -> None:
    if policy not in (*REALTIME, *ORDINARY, Policy.SCHED_DEADLINE) or not 0 <= priority <= PRIORITY_MAX:
        raise LinuxError(Errno.EINVAL)
    if (policy in REALTIME) != (priority != 0):
        raise LinuxError(Errno.EINVAL)


def _may_be_realtime(t: Thread, policy: int, priority: int) -> None:
    """EPERM beyond RLIMIT_RTPRIO without CAP_SYS_NICE."""
    if linux_only.effective_capabilities() & 1 << Cap.SYS_NICE:
        return
    limit = resource.getrlimit(resource.RLIMIT_RTPRIO)[0]
    limit = PRIORITY_MAX if limit == resource.RLIM_INFINITY else limit
    before = _in_use(t, 0)
    if (policy != before[0] and not limit) or (priority > before[1] and priority > limit):
        raise LinuxError(Errno.EPERM)


def _set_policy(t: Thread, pid: int, policy: int, priority: int, reset: bool) -> None:
    """Make it so, or remember it. EINVAL, EPERM."""
    _check_priority(policy, priority)
    if policy not in (*REALTIME, *ORDINARY) or (policy in REALTIME and pid):
        raise t.unsupported("scheduling policy", policy, Errno.EPERM)
    if policy in REALTIME:
        _may_be_realtime(t, policy, priority)
        os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
        t.attributes.policy, t.attributes.priority, t.attributes.reset_on_fork = policy, priority, reset
        return
    os.sched_setscheduler(pid, policy | (RESET_ON_FORK if reset else 0), os.sched_param(0))
    if pid == 0:
        t.attributes.policy, t.attributes.priority, t.attributes.reset_on_fork = None, 0, False


def _param(t: Thread, pid: int, param: int) -> int:
    if not param or pid < 0:
        raise LinuxError(Errno.EINVAL)
    return s32(t.memory.u32(param))


@syscall(note="real-time policies are remembered and echoed, not obeyed; SCHED_DEADLINE is refused with EPERM")
def sched_setscheduler(t: Thread, pid: Pid, policy: PolicyId, param: ParamIn) -> int:
    """Set a policy and its priority."""
    if policy < 0:
        raise LinuxError(Errno.EINVAL)
    priority = _param(t, pid, param)
    target = _target(t, pid)
    if policy & ~RESET_ON_FORK == Policy.SCHED_DEADLINE:
        raise LinuxError(Errno.EINVAL)
    _set_policy(t, target, policy & ~RESET_ON_FORK, priority, bool(policy & RESET_ON_FORK))
    return 0


@syscall(note="real-time priorities are remembered and echoed, not obeyed")
def sched_setparam(t: Thread, pid: Pid, param: ParamIn) -> int:
    """Set the priority under the policy that is in use."""
    priority = _param(t, pid, param)
    target = _target(t, pid)
    policy, _, reset = _in_use(t, target)
    _set_policy(t, target, policy, priority, reset)
    return 0


@syscall(direct="inside")
def sched_getscheduler(t: Thread, pid: Pid) -> int:
    """The policy in use."""
    policy, _, reset = _in_use(t, _target(t, pid))
    return policy | (RESET_ON_FORK if reset else 0)


@syscall()
def sched_getparam(t: Thread, pid: Pid, param: ParamOut) -> int:
    """The priority in use."""
    if not param:
        raise LinuxError(Errno.EINVAL)
    t.memory.put_u32(param, _in_use(t, _target(t, pid))[1])
    return 0


def _priority_range(policy: int) -> tuple[int, int]:
    if policy in REALTIME:
        return PRIORITY_MIN, PRIORITY_MAX
    if policy in WITHOUT_PRIORITY:
        return 0, 0
    raise LinuxError(Errno.EINVAL)


@syscall(direct="inside")
def sched_get_priority_max(t: Thread, policy: PolicyId) -> int:
    """The highest priority of a policy."""
    return _priority_range(policy)[1]


@syscall(direct="inside")
def sched_get_priority_min(t: Thread, policy: PolicyId) -> int:
    """The lowest priority of a policy."""
    return _priority_range(policy)[0]


@syscall()
def sched_rr_get_interval(t: Thread, pid: Pid, interval: TimespecOut) -> int:
    """The time slice."""
    target = _target(t, pid)
    policy = _in_use(t, target)[0]
    if policy in REALTIME:
        nanoseconds = RR_TIMESLICE_NS if policy == Policy.SCHED_RR else 0
    else:
        nanoseconds = round(os.sched_rr_get_interval(target) * 1e9)
    t.memory.write_struct(interval, TIMESPEC, *divmod(nanoseconds, 10**9))
    return 0


# ---- attributes


def _read_attr(t: Thread, attr: int) -> tuple[int, ...]:
    """struct sched_attr as Linux takes it from any version: E2BIG with our size put there if it is longer and not empty."""
    size = t.memory.u32(attr) or SCHED_ATTR_SIZE_VER0
    data = t.memory.read(attr, size) if SCHED_ATTR_SIZE_VER0 <= size <= PAGE_SIZE else None
    if data is None or any(data[SCHED_ATTR_SIZE_VER1:]):
        with suppress(LinuxError):
            t.memory.put_u32(attr, SCHED_ATTR_SIZE_VER1)
        raise LinuxError(Errno.E2BIG)
    values: tuple[int, ...] = SCHED_ATTR.unpack(data[:SCHED_ATTR_SIZE_VER1].ljust(SCHED_ATTR_SIZE_VER1, b"\0"))
    clamps = SchedFlags.UTIL_CLAMP_MIN | SchedFlags.UTIL_CLAMP_MAX
    if values[2] & clamps and size < SCHED_ATTR_SIZE_VER1:
        raise LinuxError(Errno.EINVAL)
    return values


@syscall(note="as sched_setscheduler; the nice value too; no deadlines, no utilisation clamps, no slices")
def sched_setattr(t: Thread, pid: Pid, attr: Ptr, flags: UInt) -> int:
    """Set policy, nice value and priority. Linux 3.14."""
    if not attr or pid < 0 or flags:
        raise LinuxError(Errno.EINVAL)
    _, policy, bits, nice, priority, *_ = _read_attr(t, attr)
    policy = s32(policy)
    if policy < 0 or bits & ~SCHED_FLAGS_ALL:
        raise LinuxError(Errno.EINVAL)
    if bits & (SchedFlags.UTIL_CLAMP_MIN | SchedFlags.UTIL_CLAMP_MAX):
        raise t.unsupported("sched_setattr flags", bits, Errno.EOPNOTSUPP)
    target = _target(t, pid)
    before = _in_use(t, target)
    if bits & SchedFlags.KEEP_POLICY:
        policy = before[0]
    if bits & SchedFlags.KEEP_PARAMS:
        priority = before[1]
    _set_policy(t, target, policy, priority, bool(bits & SchedFlags.RESET_ON_FORK))
    if policy in ORDINARY and not bits & SchedFlags.KEEP_PARAMS:
        try:
            os.setpriority(os.PRIO_PROCESS, target, min(max(nice, NICE_MIN), NICE_MAX))
        except PermissionError:
            raise LinuxError(Errno.EPERM) from None
    return 0


@syscall(note="no deadlines, utilisation clamps and slices")
def sched_getattr(t: Thread, pid: Pid, attr: Ptr, size: UInt, flags: UInt) -> int:
    """Policy, nice value and priority. Linux 3.14."""
    if not attr or pid < 0 or flags or not SCHED_ATTR_SIZE_VER0 <= size <= PAGE_SIZE:
        raise LinuxError(Errno.EINVAL)
    target = _target(t, pid)
    policy, priority, reset = _in_use(t, target)
    length = min(size, SCHED_ATTR_SIZE_VER1)
    nice = os.getpriority(os.PRIO_PROCESS, target) if policy in ORDINARY else 0
    bits = SchedFlags.RESET_ON_FORK if reset else 0
    t.memory.write(attr, SCHED_ATTR.pack(length, policy, bits, nice, priority, 0, 0, 0, 0, 0)[:length])
    return 0


# ---- affinity


def _affinity_target(t: Thread, pid: int) -> int:
    """As _target, and a negative pid is nobody's."""
    if pid < 0:
        raise LinuxError(Errno.ESRCH)
    return _target(t, pid)


@syscall()
def sched_setaffinity(t: Thread, pid: Pid, length: UInt, mask: CpuSetIn) -> int:
    """Set the CPUs that a process may run on."""
    wanted = t.memory.read(mask, min(length, MASK_BYTES_MOST))
    target = _affinity_target(t, pid)
    if sys.platform == "linux":
        calls.sched_setaffinity(target, wanted)
    elif not wanted or not wanted[0] & 1:
        raise LinuxError(Errno.EINVAL)
    return 0


@syscall(note="on a host other than Linux there is one CPU")
def sched_getaffinity(t: Thread, pid: Pid, length: UInt, mask: CpuSetOut) -> int:
    """The CPUs that a process may run on; how many bytes the mask has."""
    if length & 7 or not length * 8 & 0xFFFFFFFF:
        raise LinuxError(Errno.EINVAL)
    target = _affinity_target(t, pid)
    if sys.platform == "linux":
        found = calls.sched_getaffinity(target, min(length, MASK_BYTES_MOST))
    else:
        found = (1).to_bytes(8, "little")
    t.memory.write(mask, found)
    return len(found)
