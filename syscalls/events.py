"""eventfd, timerfd, signalfd, inotify, pidfd: the host's own descriptors, made for the guest.

Reading and writing them is read and write; what they say is the host's, and a bad descriptor or word is left to the host to
judge, in its order. Paths that inotify watches are resolved in the zone and handed down as the open object they lead to. A pidfd
is made for processes of the zone only.

signalfd reads what is pending on the host; lx.kernel.signals sees to it that a blocked signal that a signalfd has asked for
pends there, SIGCHLD too.

A host that lacks them has twins of them (lx.kernel.twins).

Limits: names of /proc, /dev and /sys cannot be watched; a pidfd of a single thread is refused.
"""

import errno
import os
import stat

from lx.abi.errno import Errno, LinuxError
from lx.abi.events import (
    ITIMERSPEC,
    EventfdFlags,
    InotifyFlags,
    InotifyMask,
    PidfdFlags,
    PidfdSignal,
    SignalfdFlags,
    TimerfdFlags,
    TimerfdSet,
)
from lx.abi.signals import NSIG, SI_TKILL, SIGINFO_HEAD, SIGINFO_SIZE, UNBLOCKABLE
from lx.abi.signals import Signal as Sig
from lx.host import events as host
from lx.host.descriptors import nowhere
from lx.host.numbers import open_flags_to_host
from lx.kernel.signals import user_info
from lx.kernel.thread import Thread
from syscalls.declare import syscall
from syscalls.signals import LIBCS_OWN, kill, kill_kindly, rt_sigqueueinfo, rt_tgsigqueueinfo, tgkill
from syscalls.types import (
    Annotated,
    ClockId,
    Fd,
    Int,
    PathPtr,
    Pid,
    Signal,
    Size,
    UInt,
    flags_of,
    struct_in,
    struct_out,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TypeVar

    from lx.kernel.twins.fifo import Twin
    from lx.kernel.twins.inotify import Inotify
    from lx.kernel.twins.pidfd import PidFd
    from lx.kernel.twins.timer import Timer

    AnyTwin = TypeVar("AnyTwin", bound=Twin)

SigsetIn = Annotated[int, struct_in("sigset")]
ItimerspecIn = Annotated[int, struct_in("itimerspec")]
ItimerspecOut = Annotated[int, struct_out("itimerspec")]
InfoIn = Annotated[int, struct_in("siginfo")]

DESCRIPTOR_FLAGS = 0o2004000
SIGSET_SIZE = 8
HERE = -100


def _host_flags(flags: int, own: int = 0) -> int:
    """CLOEXEC and NONBLOCK in the host's words, beside the call's own bits. EINVAL for others."""
    if flags & ~(DESCRIPTOR_FLAGS | own):
        raise LinuxError(Errno.EINVAL)
    return open_flags_to_host(flags & DESCRIPTOR_FLAGS) | flags & own


def _check_open(t: Thread, fd: int) -> None:
    """EBADF unless the descriptor is open and no O_PATH one."""
    from syscalls._transfer import check_access

    check_access(t, fd)


# ---- counters


@syscall(result="fd")
def eventfd(t: Thread, initval: UInt) -> int:
    """A counter that is read and written."""
    return _counter(t, initval, 0)


@syscall(result="fd")
def eventfd2(t: Thread, initval: UInt, flags: Annotated[int, flags_of(EventfdFlags)]) -> int:
    """eventfd with flags: EFD_SEMAPHORE gives one at a time."""
    return _counter(t, initval, flags)


def _counter(t: Thread, count: int, flags: int) -> int:
    try:
        return t.files.adopt(host.eventfd(count, _host_flags(flags, EventfdFlags.SEMAPHORE)))
    except OSError as error:
        if error.errno != errno.ENOSYS:
            raise
    from lx.kernel.twins.counter import Counter

    own = _host_flags(flags & DESCRIPTOR_FLAGS)
    return Counter(t.process, count, own, semaphore=bool(flags & EventfdFlags.SEMAPHORE)).descriptor


# ---- timers


@syscall(result="fd")
def timerfd_create(t: Thread, clockid: ClockId, flags: Annotated[int, flags_of(TimerfdFlags)]) -> int:
    """A timer that is read."""
    try:
        return t.files.adopt(host.timerfd_create(clockid, _host_flags(flags)))
    except OSError as error:
        if error.errno != errno.ENOSYS:
            raise
    from lx.kernel.twins.timer import Timer

    return Timer(t.process, host.timer_clock(clockid), _host_flags(flags)).descriptor


def _twin(t: Thread, fd: int, kind: "type[AnyTwin]") -> "AnyTwin":
    """The twin of this kind that a descriptor is. EBADF, EINVAL."""
    _check_open(t, fd)
    entry = t.files.entry(fd)
    if not isinstance(entry, kind):
        raise LinuxError(Errno.EINVAL)
    return entry


def _timer_twin(t: Thread, fd: int) -> "Timer":
    from lx.kernel.twins.timer import Timer

    return _twin(t, fd, Timer)


def _set_timer(t: Thread, fd: int, flags: int, new: bytes) -> bytes:
    try:
        return host.timerfd_settime(t.files.guest(fd), flags, new)
    except OSError as error:
        if error.errno != errno.ENOSYS:
            raise
    from lx.kernel.twins.timer import is_valid

    if flags & ~int(TimerfdSet.TIMER_ABSTIME | TimerfdSet.TIMER_CANCEL_ON_SET) or not is_valid(new):
        raise LinuxError(Errno.EINVAL)
    return _timer_twin(t, fd).set(t.process, new, absolute=bool(flags & TimerfdSet.TIMER_ABSTIME))


def _timer_setting(t: Thread, fd: int) -> bytes:
    try:
        return host.timerfd_gettime(t.files.guest(fd))
    except OSError as error:
        if error.errno != errno.ENOSYS:
            raise
    return _timer_twin(t, fd).setting()


@syscall()
def timerfd_settime(
    t: Thread, fd: Fd, flags: Annotated[int, flags_of(TimerfdSet)], new_value: ItimerspecIn, old_value: ItimerspecOut
) -> int:
    """Start or stop a timer; what was set before."""
    before = _set_timer(t, fd, flags, t.memory.read(new_value, ITIMERSPEC.size))
    if old_value:
        t.memory.write(old_value, before)
    return 0


@syscall()
def timerfd_gettime(t: Thread, fd: Fd, curr_value: ItimerspecOut) -> int:
    """The interval, and the time until the next expiry."""
    t.memory.write(curr_value, _timer_setting(t, fd))
    return 0


# ---- signals


def _signalfd(t: Thread, fd: int, address: int, size: int, flags: int) -> int:
    if size != SIGSET_SIZE:
        raise LinuxError(Errno.EINVAL)
    mask = t.memory.u64(address) & ~UNBLOCKABLE
    own = _host_flags(flags)
    try:
        made = host.signalfd(fd if fd == -1 else t.files.guest(fd, -2), mask, own)
    except OSError as error:
        if error.errno != errno.ENOSYS:
            raise
        return _signalfd_twin(t, fd, mask, own)
    t.process.signals.describe(mask)
    return t.files.adopt(made) if fd == -1 else made


def _signalfd_twin(t: Thread, fd: int, mask: int, flags: int) -> int:
    from lx.kernel.twins.signals import SignalFd

    if fd == -1:
        return SignalFd(t.process, mask, flags).descriptor
    _check_open(t, fd)
    entry = t.files.entry(fd)
    if not isinstance(entry, SignalFd):
        raise LinuxError(Errno.EINVAL)
    entry.set(t.process, mask)
    return fd


@syscall(result="fd")
def signalfd(t: Thread, fd: Fd, mask: SigsetIn, sizemask: Size) -> int:
    """A descriptor from which blocked signals are read; fd -1 makes one, another changes its set."""
    return _signalfd(t, fd, mask, sizemask, 0)


@syscall(result="fd")
def signalfd4(t: Thread, fd: Fd, mask: SigsetIn, sizemask: Size, flags: Annotated[int, flags_of(SignalfdFlags)]) -> int:
    """signalfd with flags."""
    return _signalfd(t, fd, mask, sizemask, flags)


# ---- files


@syscall(result="fd")
def inotify_init(t: Thread) -> int:
    """A descriptor that tells what happens to files."""
    return _watcher(t, 0)


@syscall(result="fd")
def inotify_init1(t: Thread, flags: Annotated[int, flags_of(InotifyFlags)]) -> int:
    """inotify_init with flags."""
    return _watcher(t, _host_flags(flags))


def _watcher(t: Thread, flags: int) -> int:
    try:
        return t.files.adopt(host.inotify_init(flags))
    except OSError as error:
        if error.errno != errno.ENOSYS:
            raise
    from lx.kernel.twins.inotify import Inotify

    return Inotify(t.process, flags).descriptor


@syscall(note="files of the zone's file systems; names of /proc, /dev and /sys answer EACCES")
def inotify_add_watch(t: Thread, fd: Fd, pathname: PathPtr, mask: Annotated[int, flags_of(InotifyMask)]) -> int:
    """Watch a file or directory, or change what is watched for."""
    watcher = t.files.guest(fd)
    try:
        _judge(watcher, mask)
    except OSError as error:
        if error.errno != errno.ENOSYS:
            raise
        return _watch_by_twin(t, fd, pathname, mask)
    follow = not mask & InotifyMask.DONT_FOLLOW
    with t.at(HERE, t.memory.path(pathname), follow) as place, host.pinned(place.pin()) as path:
        return host.inotify_add_watch(watcher, path, mask & ~InotifyMask.DONT_FOLLOW)


def _judge(watcher: int, mask: int) -> None:
    """What is wrong with a watch before its path is looked at: the host says it of a path that is not there."""
    try:
        host.inotify_add_watch(watcher, b"", mask)
    except FileNotFoundError:
        return


@syscall()
def inotify_rm_watch(t: Thread, fd: Fd, wd: Int) -> int:
    """Watch no longer."""
    try:
        return host.inotify_rm_watch(t.files.guest(fd), wd)
    except OSError as error:
        if error.errno != errno.ENOSYS:
            raise
    _inotify_twin(t, fd).remove(wd)
    return 0


def _inotify_twin(t: Thread, fd: int) -> "Inotify":
    from lx.kernel.twins.inotify import Inotify

    return _twin(t, fd, Inotify)


def _watch_by_twin(t: Thread, fd: int, pathname: int, mask: int) -> int:
    """inotify_add_watch(2), in Linux' order of checks (fs/notify/inotify)."""
    if not mask & sum(InotifyMask):
        raise LinuxError(Errno.EINVAL)
    _check_open(t, fd)
    if mask & InotifyMask.MASK_ADD and mask & InotifyMask.MASK_CREATE:
        raise LinuxError(Errno.EINVAL)
    twin = _inotify_twin(t, fd)
    from lx.kernel.twins.witness import pinned_path

    with t.at(HERE, t.memory.path(pathname), not mask & InotifyMask.DONT_FOLLOW) as place:
        path = pinned_path(place.pin())
        st = os.lstat(path)
        if mask & InotifyMask.ONLYDIR and not stat.S_ISDIR(st.st_mode):
            raise LinuxError(Errno.ENOTDIR)
        place.access(os.R_OK, effective=True)
        return twin.add(t.process, path, st, mask)


# ---- processes


@syscall(result="fd", note="no descriptors of threads that are not their process's first (PIDFD_THREAD)")
def pidfd_open(t: Thread, pid: Pid, flags: Annotated[int, flags_of(PidfdFlags)]) -> int:
    """A descriptor of a process, readable when it has ended."""
    if flags & ~(PidfdFlags.NONBLOCK | PidfdFlags.THREAD) or pid <= 0:
        raise LinuxError(Errno.EINVAL)
    process = t.zone.host_pid(pid)
    if pid != t.zone.guest_pid(process):
        if process == os.getpid() and t.process.thread_of(pid) is None:
            raise LinuxError(Errno.ESRCH)
        if flags & PidfdFlags.THREAD:
            raise t.unsupported("pidfd_open flags", PidfdFlags.THREAD, Errno.EINVAL)
        raise LinuxError(Errno.ENOENT)
    return process_descriptor(t, process, open_flags_to_host(flags & PidfdFlags.NONBLOCK), flags & PidfdFlags.THREAD)


def process_descriptor(t: Thread, host_pid: int, flags: int = 0, thread: int = 0) -> int:
    """A new descriptor of a process of the zone. flags: the host's O_NONBLOCK. thread: PIDFD_THREAD."""
    try:
        return t.files.adopt(host.pidfd_open(host_pid, flags | thread))
    except OSError as error:
        if error.errno != errno.ENOSYS:
            raise
    from lx.kernel.twins.pidfd import PidFd

    return PidFd(t.process, host_pid, flags, thread).descriptor


def pidfd_twin(t: Thread, fd: int) -> "PidFd | None":
    """The twin that a descriptor is, if it is one."""
    entry = t.files.entry(fd)
    if entry is None:
        return None
    from lx.kernel.twins.pidfd import PidFd

    return entry if isinstance(entry, PidFd) else None


@syscall()
def pidfd_send_signal(t: Thread, pidfd: Fd, sig: Signal, info: InfoIn, flags: UInt) -> int:
    """Send a signal to the process of a descriptor."""
    twin = pidfd_twin(t, pidfd)
    if twin is not None:
        return _signal_twin(t, twin, sig, info, flags)
    try:
        return _signal(t, pidfd, sig, info, flags)
    except OSError as error:
        if error.errno != errno.ENOSYS:
            raise
    raise LinuxError(Errno.EBADF if flags in (0, *PidfdSignal) else Errno.EINVAL)


def _signal(t: Thread, pidfd: int, sig: int, info: int, flags: int) -> int:
    """pidfd_send_signal(2) by the host's, which judges what is wrong."""
    number = t.process.host.signal_to_host(sig) if 0 < sig <= NSIG else sig
    if sig == Sig.SIGKILL and not info and not flags:
        whose = host.pidfd_process(t.files.guest(pidfd))
        if whose > 0 and kill_kindly(t, whose):
            return 0
    try:
        raw = t.memory.read(info, SIGINFO_SIZE) if info else None
    except LinuxError:
        host.pidfd_send_signal(t.files.guest(pidfd), number, nowhere, flags)
        raise
    if raw is not None and SIGINFO_HEAD.unpack_from(raw)[0] == sig:
        raw = SIGINFO_HEAD.pack(number, *SIGINFO_HEAD.unpack_from(raw)[1:]) + raw[SIGINFO_HEAD.size :]
    own = sig in LIBCS_OWN and host.pidfd_process(t.files.guest(pidfd)) == os.getpid()
    host.pidfd_send_signal(t.files.guest(pidfd), 0 if own else number, None if own else raw, flags)
    if own:
        t.process.signals.to_itself(raw or user_info(sig, pid=t.pid, uid=t.uid))
    t.process.attention()
    return 0


def _signal_twin(t: Thread, twin: "PidFd", sig: int, info: int, flags: int) -> int:
    """pidfd_send_signal(2) by pid, in Linux' order of checks (kernel/signal.c)."""
    if flags not in (0, *PidfdSignal):
        raise LinuxError(Errno.EINVAL)
    pid = t.zone.guest_pid(twin.host_pid)
    if info:
        signo, _, code = SIGINFO_HEAD.unpack_from(t.memory.read(info, SIGINFO_SIZE))
        if signo != sig:
            raise LinuxError(Errno.EINVAL)
        if (code >= 0 or code == SI_TKILL) and (pid != t.pid or flags == PidfdSignal.PROCESS_GROUP):
            raise LinuxError(Errno.EPERM)
    if twin.is_gone(t.process):
        raise LinuxError(Errno.ESRCH)
    if flags == PidfdSignal.PROCESS_GROUP:
        if info:
            raise t.unsupported("pidfd_send_signal with siginfo, flags", flags, Errno.ENOSYS)
        return kill(t, -pid, sig)
    if flags == PidfdSignal.THREAD:
        return rt_tgsigqueueinfo(t, pid, pid, sig, info) if info else tgkill(t, pid, pid, sig)
    return rt_sigqueueinfo(t, pid, sig, info) if info else kill(t, pid, sig)


@syscall(result="fd", note="a file of /proc, /dev or /sys that is open there is /dev/null here")
def pidfd_getfd(t: Thread, pidfd: Fd, targetfd: Fd, flags: UInt) -> int:
    """A duplicate of a descriptor that another process has."""
    if flags:
        raise LinuxError(Errno.EINVAL)
    target = targetfd if targetfd < t.files.base else -1
    twin = pidfd_twin(t, pidfd)
    if twin is not None:
        return _take_from_twin(t, twin, target)
    try:
        return t.files.adopt(host.pidfd_getfd(t.files.guest(pidfd), target, 0))
    except OSError as error:
        if error.errno != errno.ENOSYS:
            raise
    raise LinuxError(Errno.EBADF)


def _take_from_twin(t: Thread, twin: "PidFd", target: int) -> int:
    if twin.has_ended(t.process):
        raise LinuxError(Errno.ESRCH)
    if twin.host_pid == os.getpid():
        return t.files.dup(target, cloexec=True)
    if target < 0:
        raise LinuxError(Errno.EBADF)
    from lx.kernel.twins.handing import take

    return t.files.adopt(take(t.process, twin.host_pid, target))
