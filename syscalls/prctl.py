"""prctl and arch_prctl: one row per option.

What the host holds for this process (parent-death signal, keepcaps, securebits, bounding and ambient capabilities,
subreaper, no_new_privs) is asked of the host's own prctl; what is the guest's (name, dumpability, timer slack) is kept with
it. Options of other architectures, and of parts that a kernel may be built without, answer EINVAL quietly, because programs
probe for them; an option that would have to do something here and does not is EINVAL and told to the operator.
"""


from lx.abi.capability import CAP_LAST_CAP
from lx.abi.errno import Errno, LinuxError
from lx.abi.lean import Callable
from lx.abi.prctl import (
    PR_MCE_KILL_CLEAR,
    PR_MCE_KILL_DEFAULT,
    PR_MCE_KILL_EARLY,
    PR_MCE_KILL_LATE,
    PR_MCE_KILL_SET,
    PR_SET_MM_AUXV,
    PR_SET_MM_MAP,
    PR_SET_MM_MAP_SIZE,
    PR_SPEC_KINDS,
    PR_SPEC_NOT_AFFECTED,
    PR_TIMING_STATISTICAL,
    PR_TSC_ENABLE,
    PR_TSC_SIGSEGV,
    SUID_DUMP_DISABLE,
    SUID_DUMP_USER,
    TASK_COMM_LEN,
    ArchPrctl,
    Prctl,
)
from lx.abi.seccomp import MODE_FILTER, MODE_STRICT
from lx.abi.signals import NSIG
from lx.abi.word import s64
from lx.host import linux_only
from lx.kernel.thread import Thread
from syscalls.declare import syscall
from syscalls.types import Annotated, ULong, one_of

Option = Annotated[int, one_of(Prctl)]
Code = Annotated[int, one_of(ArchPrctl)]
Action = Callable[[Thread, int, int, int, int], int]

CPUID_ENABLED = 1
DEFAULT_TIMER_SLACK_NS = 50_000


def _refuse_any(*unused: int) -> None:
    """Options check that the arguments they do not use are zero, so that these can get a meaning later."""
    if any(unused):
        raise LinuxError(Errno.EINVAL)


def _host(option: Prctl) -> Action:
    """An option that the host's prctl answers, numbers and errors included."""

    def forward(t: Thread, a: int, b: int, c: int, d: int) -> int:
        if not linux_only.PRESENT:
            raise t.unsupported("prctl option", option, Errno.EINVAL)
        return linux_only.prctl(option, a, b, c, d)

    return forward


def _constant(value: int) -> Action:
    return lambda t, a, b, c, d: value


def _error(errno: Errno) -> Action:
    def fail(t: Thread, a: int, b: int, c: int, d: int) -> int:
        raise LinuxError(errno)

    return fail


def _set_death_signal(t: Thread, a: int, b: int, c: int, d: int) -> int:
    if a > NSIG:
        raise LinuxError(Errno.EINVAL)
    return _host(Prctl.PR_SET_PDEATHSIG)(t, t.process.host.signal_to_host(a) if a else 0, 0, 0, 0)


def _get_death_signal(t: Thread, a: int, b: int, c: int, d: int) -> int:
    host = linux_only.prctl_int(Prctl.PR_GET_PDEATHSIG) if linux_only.PRESENT else 0
    t.memory.put_u32(a, t.process.host.signal_to_linux(host) if host else 0)
    return 0


def _get_subreaper(t: Thread, a: int, b: int, c: int, d: int) -> int:
    t.memory.put_u32(a, linux_only.prctl_int(Prctl.PR_GET_CHILD_SUBREAPER) if linux_only.PRESENT else 0)
    return 0


def _get_dumpable(t: Thread, a: int, b: int, c: int, d: int) -> int:
    return t.process.dumpable


def _set_dumpable(t: Thread, a: int, b: int, c: int, d: int) -> int:
    if a not in (SUID_DUMP_DISABLE, SUID_DUMP_USER):
        raise LinuxError(Errno.EINVAL)
    t.process.dumpable = a
    return 0


def _set_name(t: Thread, a: int, b: int, c: int, d: int) -> int:
    t.comm = t.memory.cstring(a, TASK_COMM_LEN - 1)
    if t.tid == t.pid:
        t.zone.publish(t.process)
    return 0


def _get_name(t: Thread, a: int, b: int, c: int, d: int) -> int:
    t.memory.write(a, t.comm[: TASK_COMM_LEN - 1].ljust(TASK_COMM_LEN, b"\0"))
    return 0


def _set_timing(t: Thread, a: int, b: int, c: int, d: int) -> int:
    _refuse_any(a != PR_TIMING_STATISTICAL)
    return 0


def _set_seccomp(t: Thread, a: int, b: int, c: int, d: int) -> int:
    from syscalls.seccomp import set_filter, set_strict

    if a not in (MODE_STRICT, MODE_FILTER):
        raise LinuxError(Errno.EINVAL)
    return set_strict(t) if a == MODE_STRICT else set_filter(t, 0, b)


def _get_seccomp(t: Thread, a: int, b: int, c: int, d: int) -> int:
    return t.attributes.seccomp_mode


def _bounding_has(t: Thread, a: int, b: int, c: int, d: int) -> int:
    if a > CAP_LAST_CAP:
        raise LinuxError(Errno.EINVAL)
    return linux_only.prctl(Prctl.PR_CAPBSET_READ, a) if linux_only.PRESENT else 1


def _get_tsc(t: Thread, a: int, b: int, c: int, d: int) -> int:
    t.memory.put_u32(a, PR_TSC_ENABLE)
    return 0


def _set_tsc(t: Thread, a: int, b: int, c: int, d: int) -> int:
    if a == PR_TSC_SIGSEGV:
        raise t.unsupported("prctl PR_SET_TSC", a, Errno.EINVAL)
    _refuse_any(a != PR_TSC_ENABLE)
    return 0


def _set_timer_slack(t: Thread, a: int, b: int, c: int, d: int) -> int:
    t.attributes.timer_slack = a or DEFAULT_TIMER_SLACK_NS
    return 0


def _get_timer_slack(t: Thread, a: int, b: int, c: int, d: int) -> int:
    return s64(t.attributes.timer_slack)


def _set_machine_check(t: Thread, a: int, b: int, c: int, d: int) -> int:
    _refuse_any(c, d)
    if a == PR_MCE_KILL_CLEAR:
        _refuse_any(b)
        t.attributes.machine_check_kill = PR_MCE_KILL_DEFAULT
    elif a == PR_MCE_KILL_SET and b in (PR_MCE_KILL_LATE, PR_MCE_KILL_EARLY, PR_MCE_KILL_DEFAULT):
        t.attributes.machine_check_kill = b
    else:
        raise LinuxError(Errno.EINVAL)
    return 0


def _get_machine_check(t: Thread, a: int, b: int, c: int, d: int) -> int:
    _refuse_any(a, b, c, d)
    return t.attributes.machine_check_kill


def _set_mm(t: Thread, a: int, b: int, c: int, d: int) -> int:
    _refuse_any(d, c and a not in (PR_SET_MM_AUXV, PR_SET_MM_MAP, PR_SET_MM_MAP_SIZE))
    raise LinuxError(Errno.EPERM)


def _set_no_new_privs(t: Thread, a: int, b: int, c: int, d: int) -> int:
    _refuse_any(a != 1, b, c, d)
    t.attributes.no_new_privs = True
    return linux_only.prctl(Prctl.PR_SET_NO_NEW_PRIVS, 1) if linux_only.PRESENT else 0


def _get_no_new_privs(t: Thread, a: int, b: int, c: int, d: int) -> int:
    _refuse_any(a, b, c, d)
    return linux_only.prctl(Prctl.PR_GET_NO_NEW_PRIVS) if linux_only.PRESENT else t.attributes.no_new_privs


def _get_tid_address(t: Thread, a: int, b: int, c: int, d: int) -> int:
    t.memory.put_u64(a, t.clear_child_tid)
    return 0


def _set_thp(t: Thread, a: int, b: int, c: int, d: int) -> int:
    _refuse_any(b, c, d)
    t.attributes.thp_disabled = bool(a)
    return 0


def _get_thp(t: Thread, a: int, b: int, c: int, d: int) -> int:
    _refuse_any(a, b, c, d)
    return t.attributes.thp_disabled


def _get_speculation(t: Thread, a: int, b: int, c: int, d: int) -> int:
    _refuse_any(b, c, d)
    if a >= PR_SPEC_KINDS:
        raise LinuxError(Errno.ENODEV)
    return PR_SPEC_NOT_AFFECTED


def _set_speculation(t: Thread, a: int, b: int, c: int, d: int) -> int:
    _refuse_any(c, d)
    raise LinuxError(Errno.ENODEV if a >= PR_SPEC_KINDS else Errno.ENXIO)


def _off_or_unsupported(option: Prctl) -> Action:
    """Something that is off and cannot be switched on."""

    def switch(t: Thread, a: int, b: int, c: int, d: int) -> int:
        if a:
            raise t.unsupported(f"prctl {option.name}", a, Errno.EINVAL)
        _refuse_any(b, c, d)
        return 0

    return switch


def _off(t: Thread, a: int, b: int, c: int, d: int) -> int:
    _refuse_any(a, b, c, d)
    return 0


def _get_auxv(t: Thread, a: int, b: int, c: int, d: int) -> int:
    _refuse_any(c, d)
    t.memory.write(a, t.process.auxv[:b])
    return len(t.process.auxv)


OPTIONS: dict[int, Action] = {
    Prctl.PR_SET_PDEATHSIG: _set_death_signal,
    Prctl.PR_GET_PDEATHSIG: _get_death_signal,
    Prctl.PR_GET_DUMPABLE: _get_dumpable,
    Prctl.PR_SET_DUMPABLE: _set_dumpable,
    Prctl.PR_GET_KEEPCAPS: _host(Prctl.PR_GET_KEEPCAPS),
    Prctl.PR_SET_KEEPCAPS: _host(Prctl.PR_SET_KEEPCAPS),
    Prctl.PR_GET_TIMING: _constant(PR_TIMING_STATISTICAL),
    Prctl.PR_SET_TIMING: _set_timing,
    Prctl.PR_SET_NAME: _set_name,
    Prctl.PR_GET_NAME: _get_name,
    Prctl.PR_GET_SECCOMP: _get_seccomp,
    Prctl.PR_SET_SECCOMP: _set_seccomp,
    Prctl.PR_CAPBSET_READ: _bounding_has,
    Prctl.PR_CAPBSET_DROP: _host(Prctl.PR_CAPBSET_DROP),
    Prctl.PR_GET_TSC: _get_tsc,
    Prctl.PR_SET_TSC: _set_tsc,
    Prctl.PR_GET_SECUREBITS: _host(Prctl.PR_GET_SECUREBITS),
    Prctl.PR_SET_SECUREBITS: _host(Prctl.PR_SET_SECUREBITS),
    Prctl.PR_SET_TIMERSLACK: _set_timer_slack,
    Prctl.PR_GET_TIMERSLACK: _get_timer_slack,
    Prctl.PR_TASK_PERF_EVENTS_DISABLE: _constant(0),
    Prctl.PR_TASK_PERF_EVENTS_ENABLE: _constant(0),
    Prctl.PR_MCE_KILL: _set_machine_check,
    Prctl.PR_MCE_KILL_GET: _get_machine_check,
    Prctl.PR_SET_MM: _set_mm,
    Prctl.PR_SET_CHILD_SUBREAPER: _host(Prctl.PR_SET_CHILD_SUBREAPER),
    Prctl.PR_GET_CHILD_SUBREAPER: _get_subreaper,
    Prctl.PR_SET_NO_NEW_PRIVS: _set_no_new_privs,
    Prctl.PR_GET_NO_NEW_PRIVS: _get_no_new_privs,
    Prctl.PR_GET_TID_ADDRESS: _get_tid_address,
    Prctl.PR_SET_THP_DISABLE: _set_thp,
    Prctl.PR_GET_THP_DISABLE: _get_thp,
    Prctl.PR_CAP_AMBIENT: _host(Prctl.PR_CAP_AMBIENT),
    Prctl.PR_GET_SPECULATION_CTRL: _get_speculation,
    Prctl.PR_SET_SPECULATION_CTRL: _set_speculation,
    Prctl.PR_SET_IO_FLUSHER: _error(Errno.EPERM),
    Prctl.PR_GET_IO_FLUSHER: _error(Errno.EPERM),
    Prctl.PR_SET_SYSCALL_USER_DISPATCH: _off_or_unsupported(Prctl.PR_SET_SYSCALL_USER_DISPATCH),
    Prctl.PR_SET_MDWE: _off_or_unsupported(Prctl.PR_SET_MDWE),
    Prctl.PR_GET_MDWE: _off,
    Prctl.PR_SET_MEMORY_MERGE: _off_or_unsupported(Prctl.PR_SET_MEMORY_MERGE),
    Prctl.PR_GET_MEMORY_MERGE: _off,
    Prctl.PR_GET_AUXV: _get_auxv,
}
"""Options that are answered. The others of Prctl belong to other architectures or optional parts: a quiet EINVAL."""
KNOWN = frozenset(int(option) for option in Prctl)


@syscall(note="PR_SET_MDWE, PR_SET_VMA, core scheduling and KSM are refused; unknown options are reported")
def prctl(t: Thread, option: Option, arg2: ULong, arg3: ULong, arg4: ULong, arg5: ULong) -> int:
    """Operations on the calling process or thread."""
    action = OPTIONS.get(option)
    if action is not None:
        return int(action(t, arg2, arg3, arg4, arg5))
    if option in KNOWN:
        raise LinuxError(Errno.EINVAL)
    raise t.unsupported("prctl option", option, Errno.EINVAL)


# ---- x86-64


def _segment_base(t: Thread, address: int) -> int:
    if address >= t.memory.task_size:
        raise LinuxError(Errno.EPERM)
    return address


def _set_fs(t: Thread, address: int) -> int:
    t.fs_base = _segment_base(t, address)
    return 0


def _set_gs(t: Thread, address: int) -> int:
    t.gs_base = _segment_base(t, address)
    return 0


def _get_fs(t: Thread, address: int) -> int:
    t.memory.put_u64(address, t.fs_base)
    return 0


def _get_gs(t: Thread, address: int) -> int:
    t.memory.put_u64(address, t.gs_base)
    return 0


def _no_cpuid_fault(t: Thread, address: int) -> int:
    raise LinuxError(Errno.ENODEV)


def _state_components(t: Thread, address: int) -> int:
    t.memory.put_u64(address, X87_AND_SSE)
    return 0


def _request_component(t: Thread, component: int) -> int:
    raise LinuxError(Errno.EINVAL if component >= XFEATURE_MAX else Errno.EOPNOTSUPP)


def _vdso_is_there(t: Thread, address: int) -> int:
    raise LinuxError(Errno.EEXIST)


X87_AND_SSE, XFEATURE_MAX = 3, 20
"""Of XSAVE's components those that this CPU has, and how many Linux knows. Linux asm/fpu/types.h."""


CODES: dict[int, Callable[[Thread, int], int]] = {
    ArchPrctl.ARCH_SET_FS: _set_fs,
    ArchPrctl.ARCH_SET_GS: _set_gs,
    ArchPrctl.ARCH_GET_FS: _get_fs,
    ArchPrctl.ARCH_GET_GS: _get_gs,
    ArchPrctl.ARCH_GET_CPUID: lambda t, address: CPUID_ENABLED,
    ArchPrctl.ARCH_SET_CPUID: _no_cpuid_fault,
    ArchPrctl.ARCH_GET_XCOMP_SUPP: _state_components,
    ArchPrctl.ARCH_GET_XCOMP_PERM: _state_components,
    ArchPrctl.ARCH_GET_XCOMP_GUEST_PERM: _state_components,
    ArchPrctl.ARCH_REQ_XCOMP_PERM: _request_component,
    ArchPrctl.ARCH_REQ_XCOMP_GUEST_PERM: _request_component,
    ArchPrctl.ARCH_MAP_VDSO_32: _vdso_is_there,
    ArchPrctl.ARCH_MAP_VDSO_64: _vdso_is_there,
}
KNOWN_CODES = frozenset(int(code) for code in ArchPrctl)


@syscall(note="the codes of newer CPUs (shadow stacks, address masking) answer EINVAL, as this CPU has none of them")
def arch_prctl(t: Thread, code: Code, address: ULong) -> int:
    """The segment bases FS and GS."""
    action = CODES.get(code)
    if action is not None:
        return action(t, address)
    if code in KNOWN_CODES:
        raise LinuxError(Errno.EINVAL)
    raise t.unsupported("arch_prctl code", code, Errno.EINVAL)
