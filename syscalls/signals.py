"""Signal calls: dispositions, masks, sending, and the return from a handler.

A signal is sent by the host's own kill to a process of the zone, and arrives with the host's siginfo. What the guest says
is translated by name (lx.host.numbers); who may be reached is the zone's registry's matter.
"""

import _signal as host_signal
import os

from lx.abi.errno import Errno, LinuxError
from lx.abi.lean import suppress
from lx.abi.resource import Resource
from lx.abi.signals import (
    MINSIGSTKSZ,
    NSIG,
    SI_TKILL,
    SIG_BLOCK,
    SIG_SETMASK,
    SIG_UNBLOCK,
    SIGACTION,
    SIGINFO_HEAD,
    SIGINFO_SIZE,
    SIGRTMIN,
    STACK,
    UNBLOCKABLE,
    SsFlags,
    bit,
)
from lx.abi.signals import Signal as Sig
from lx.abi.stat import TIMESPEC
from lx.host import calls
from lx.kernel.letters import post
from lx.kernel.marks import Mark
from lx.kernel.signals import Action, fault_info, user_info
from lx.kernel.synthetic.asking import end
from lx.kernel.thread import Thread
from lx.kernel.wait import Park, ProcessKilled
from syscalls.declare import Restart, syscall
from syscalls.types import Annotated, Int, Pid, Signal, Size, struct_in, struct_out

ActionIn = Annotated[int, struct_in("sigaction")]
ActionOut = Annotated[int, struct_out("sigaction")]
SetIn = Annotated[int, struct_in("sigset")]
SetOut = Annotated[int, struct_out("sigset")]
InfoIn = Annotated[int, struct_in("siginfo")]
InfoOut = Annotated[int, struct_out("siginfo")]
TimespecIn = Annotated[int, struct_in("timespec")]
StackIn = Annotated[int, struct_in("stack")]
StackOut = Annotated[int, struct_out("stack")]
SIGSET_SIZE = 8
SECOND = 1_000_000_000
KNOWN_FLAGS = 0xDC000807
"""The SA_ bits that the kernel keeps; the others are cleared (Linux 5.11), so that programs can probe for them."""


@syscall()
def rt_sigaction(t: Thread, signum: Signal, act: ActionIn, oldact: ActionOut, sigsetsize: Size) -> int:
    """Examine and change what a signal does."""
    if sigsetsize != SIGSET_SIZE:
        raise LinuxError(Errno.EINVAL)
    new = None
    if act:
        handler, flags, restorer, mask = t.memory.read_struct(act, SIGACTION)
        new = Action(handler, flags & KNOWN_FLAGS, restorer, mask & ~UNBLOCKABLE)
    if not 1 <= signum <= NSIG or (new is not None and signum in (Sig.SIGKILL, Sig.SIGSTOP)):
        raise LinuxError(Errno.EINVAL)
    old = t.process.signals.actions[signum]
    if new is not None:
        t.process.signals.set_action(signum, new)
    if oldact:
        t.memory.write_struct(oldact, SIGACTION, old.handler, old.flags, old.restorer, old.mask)
    return 0


@syscall()
def rt_sigprocmask(t: Thread, how: Int, newset: SetIn, oldset: SetOut, sigsetsize: Size) -> int:
    """Examine and change the blocked signals."""
    if sigsetsize != SIGSET_SIZE:
        raise LinuxError(Errno.EINVAL)
    old = t.mask
    if newset:
        given = t.memory.u64(newset)
        if how == SIG_BLOCK:
            t.set_mask(old | given)
        elif how == SIG_UNBLOCK:
            t.set_mask(old & ~given)
        elif how == SIG_SETMASK:
            t.set_mask(given)
        else:
            raise LinuxError(Errno.EINVAL)
    if oldset:
        t.memory.put_u64(oldset, old)
    return 0


@syscall(restart=Restart.NOT_A_WAIT)
def rt_sigreturn(t: Thread) -> None:
    """Return from a handler: all registers come from the frame."""
    process = t.process
    try:
        mask, altstack = process.arch.pop_frame(t.engine)
    except LinuxError:
        process.signals.force(fault_info(Sig.SIGSEGV, 0x80, 0))
        process.attention()
        return
    t.set_mask(mask)
    if altstack != (t.altstack_sp, t.altstack_flags, t.altstack_size):
        sp, flags, size = altstack
        if not t.on_altstack(t.engine.register(process.arch.sp)):
            with suppress(LinuxError):
                _set_altstack(t, sp, flags, size)


@syscall()
def rt_sigpending(t: Thread, sigset: SetOut, sigsetsize: Size) -> int:
    """The blocked signals that are pending."""
    if sigsetsize > SIGSET_SIZE:
        raise LinuxError(Errno.EINVAL)
    t.memory.write(sigset, _pending(t).to_bytes(8, "little")[:sigsetsize])
    return 0


def _pending(t: Thread) -> int:
    process = t.process
    process.signals.collect()
    held = sum(bit(process.host.signal_to_linux(number)) for number in host_signal.sigpending())
    return (held | process.signals.pending(t)) & t.mask


@syscall(restart=Restart.NEVER)
def rt_sigsuspend(t: Thread, mask: SetIn, sigsetsize: Size) -> int:
    """Replace the mask and wait for a signal with a handler."""
    if sigsetsize != SIGSET_SIZE:
        raise LinuxError(Errno.EINVAL)
    t.temporary_mask(t.memory.u64(mask) & ~UNBLOCKABLE)
    raise Park()


@syscall(restart=Restart.NEVER)
def rt_sigtimedwait(t: Thread, sigset: SetIn, info: InfoOut, timeout: TimespecIn, sigsetsize: Size) -> int:
    """Wait for one of these signals, which are blocked, and take it; its number."""
    if sigsetsize != SIGSET_SIZE:
        raise LinuxError(Errno.EINVAL)
    mask = t.memory.u64(sigset) & ~UNBLOCKABLE
    duration = _nanoseconds(t, timeout)
    signals = t.process.signals
    found = signals.await_signal(t, mask)
    if found is None and duration != 0 and not t.expired():
        raise Park(deadline=t.deadline(duration), on_interrupt=lambda: signals.stop_awaiting(t))
    signals.stop_awaiting(t)
    if found is None:
        raise LinuxError(Errno.EAGAIN)
    if info:
        t.memory.write(info, found.info)
    return found.signo


def _nanoseconds(t: Thread, timeout: int) -> int | None:
    if not timeout:
        return None
    seconds, nanoseconds = t.memory.read_struct(timeout, TIMESPEC)
    if seconds < 0 or not 0 <= nanoseconds < SECOND:
        raise LinuxError(Errno.EINVAL)
    return int(seconds * SECOND + nanoseconds)


@syscall(restart=Restart.NEVER)
def pause(t: Thread) -> int:
    """Wait for a signal with a handler."""
    raise Park()


@syscall()
def sigaltstack(t: Thread, ss: StackIn, old_ss: StackOut) -> int:
    """Set or get the stack on which SA_ONSTACK handlers run."""
    sp = t.engine.register(t.process.arch.sp)
    on_stack = t.on_altstack(sp)
    old = (t.altstack_sp, _altstack_flags(t, on_stack), t.altstack_size)
    if ss:
        new_sp, flags, size = t.memory.read_struct(ss, STACK)
        if on_stack:
            raise LinuxError(Errno.EPERM)
        _set_altstack(t, new_sp, flags, size)
    if old_ss:
        t.memory.write_struct(old_ss, STACK, *old)
    return 0


def _altstack_flags(t: Thread, on_stack: bool) -> int:
    state = SsFlags.ONSTACK if on_stack else 0 if t.altstack_size else SsFlags.DISABLE
    word = int(state) | t.altstack_flags & 0xFFFFFFFF & SsFlags.AUTODISARM
    return word - (1 << 32) if word >> 31 else word


def _set_altstack(t: Thread, sp: int, flags: int, size: int) -> None:
    mode = flags & 0xFFFFFFFF & ~SsFlags.AUTODISARM
    if mode not in (0, SsFlags.ONSTACK, SsFlags.DISABLE):
        raise LinuxError(Errno.EINVAL)
    if (sp, size, flags) == (t.altstack_sp, t.altstack_size, t.altstack_flags):
        return
    if mode == SsFlags.DISABLE:
        sp = size = 0
    elif size < max(MINSIGSTKSZ, t.process.arch.minsigstksz):
        raise LinuxError(Errno.ENOMEM)
    t.altstack_sp, t.altstack_size = sp, size
    t.altstack_flags = flags


# ---- sending


def _valid(signum: int) -> None:
    if not 0 <= signum <= NSIG:
        raise LinuxError(Errno.EINVAL)


def _to_host(t: Thread, signum: int) -> int:
    """The host's number of a valid signal, 0 for 0. EINVAL, and a line to the operator, for one that the host lacks."""
    number = t.process.host.signal_to_host(signum) if signum else 0
    if signum and not number:
        raise t.unsupported("signal without an equivalent on the host:", signum, Errno.EINVAL)
    return number


LIBCS_OWN = (32, 33)
"""What glibc has handlers for that nobody else can set."""


def _send(t: Thread, host_pid: int, signum: int) -> None:
    if signum == Sig.SIGKILL and kill_kindly(t, host_pid):
        return
    if host_pid != os.getpid():
        os.kill(host_pid, _to_host(t, signum))
    elif signum in LIBCS_OWN or t.process.signals.taken_at_once(signum):
        t.process.signals.to_itself(user_info(signum, pid=t.pid, uid=t.uid))
    else:
        os.kill(host_pid, _to_host(t, signum))
        t.process.attention()


def kill_kindly(t: Thread, host_pid: int) -> bool:
    """SIGKILL for who may hold robust futexes in shared memory, and must release them: whether it has died of it."""
    if host_pid == os.getpid():
        raise ProcessKilled(Sig.SIGKILL)
    return t.zone.has_mark(host_pid, Mark.SHARES) and end(t.process, host_pid)


@syscall()
def kill(t: Thread, pid: Pid, sig: Signal) -> int:
    """Send a signal to a process, a group, or all of the zone."""
    if pid == -(1 << 31):
        raise LinuxError(Errno.ESRCH)
    if pid > 0:
        host_pid = t.zone.host_pid(pid)
        _valid(sig)
        _send(t, host_pid, sig)
        return 0
    me = os.getpid()
    members = [member for member in t.zone.members() if pid != -1 or member not in (me, t.zone.init_pid)]
    if pid != -1:
        group = os.getpgid(0) if pid == 0 else t.zone.host_pid_or_group(-pid)
        members = [member for member in members if _group_of(member) == group]
    if members:
        _valid(sig)
    return _send_all(t, sorted(members, key=lambda member: member == me), sig)


def _group_of(host_pid: int) -> int:
    try:
        return os.getpgid(host_pid)
    except OSError:
        return -1


def _send_all(t: Thread, members: list[int], sig: int) -> int:
    sent, refused = 0, None
    for member in members:
        try:
            _send(t, member, sig)
            sent += 1
        except OSError as error:
            refused = error
    if not sent:
        raise refused or LinuxError(Errno.ESRCH)
    return 0


def _thread_target(t: Thread, tgid: int, tid: int) -> Thread | int:
    """The thread of this process that is meant, or the host pid of the process whose thread it is. ESRCH."""
    if tgid in (-1, t.pid):
        mine = t.process.thread_of(tid)
        if mine is not None:
            return mine
    host = int(t.zone.host_pid(tid))
    if host == os.getpid() or tgid not in (-1, host):
        raise LinuxError(Errno.ESRCH)
    return host


@syscall()
def tgkill(t: Thread, tgid: Pid, tid: Pid, sig: Signal) -> int:
    """Send a signal to a thread of a process."""
    if tgid <= 0 or tid <= 0:
        raise LinuxError(Errno.EINVAL)
    _direct(t, tgid, tid, sig)
    return 0


@syscall()
def tkill(t: Thread, tid: Pid, sig: Signal) -> int:
    """Send a signal to a thread."""
    if tid <= 0:
        raise LinuxError(Errno.EINVAL)
    _direct(t, -1, tid, sig)
    return 0


PROCESS_WIDE = (Sig.SIGKILL, Sig.SIGSTOP, Sig.SIGCONT)


def _direct(t: Thread, tgid: int, tid: int, sig: int, info: bytes | None = None) -> None:
    """Send a signal, with tgkill's siginfo if none is given, to one thread of the zone. ESRCH, EPERM, EAGAIN."""
    target = _thread_target(t, tgid, tid)
    _valid(sig)
    if isinstance(target, int):
        _direct_abroad(t, target, tid, sig, info)
    elif sig in PROCESS_WIDE:
        _send(t, os.getpid(), sig)
    elif sig:
        _queue(t, target, info or user_info(sig, SI_TKILL, t.pid, t.uid))


def _direct_abroad(t: Thread, host_pid: int, tid: int, sig: int, info: bytes | None) -> None:
    """Likewise, to a thread of another process: its leader is a thread of the host too, others get a letter."""
    number = _to_host(t, sig)
    if sig == Sig.SIGKILL:
        _send(t, host_pid, sig)
        return
    if tid == t.zone.guest_pid(host_pid):
        if info is None:
            calls.tgkill(host_pid, host_pid, number)
        else:
            calls.tgsigqueueinfo(host_pid, host_pid, number, info)
        return
    os.kill(host_pid, number if sig in PROCESS_WIDE else 0)
    if sig and sig not in PROCESS_WIDE:
        try:
            post(t.process, host_pid, tid, info or user_info(sig, SI_TKILL, t.pid, t.uid))
        except LinuxError as error:
            if error.errno == Errno.ESRCH:
                raise
            raise t.unsupported("signal to a thread of a process that cannot be asked", tid, Errno.EPERM) from None


def _queue(t: Thread, target: Thread, info: bytes) -> None:
    """EAGAIN for a real-time signal beyond RLIMIT_SIGPENDING."""
    if info[0] >= SIGRTMIN and len(target.pending) >= t.process.limits.soft(Resource.RLIMIT_SIGPENDING):
        raise LinuxError(Errno.EAGAIN)
    t.process.signals.send(target, info)


def _queued_info(t: Thread, target: int, sig: int, address: int) -> bytes:
    """The siginfo_t that a program sends. EPERM for one that would look as if the kernel or kill had sent it."""
    info = t.memory.read(address, SIGINFO_SIZE)
    code = SIGINFO_HEAD.unpack_from(info)[2]
    if (code >= 0 or code == SI_TKILL) and target != t.tid:
        raise LinuxError(Errno.EPERM)
    return SIGINFO_HEAD.pack(sig, *SIGINFO_HEAD.unpack_from(info)[1:]) + info[SIGINFO_HEAD.size :]


@syscall()
def rt_sigqueueinfo(t: Thread, pid: Pid, sig: Signal, info: InfoIn) -> int:
    """Send a signal with data to a process."""
    raw = _queued_info(t, pid, sig, info)
    host_pid = t.zone.host_pid(pid)
    _valid(sig)
    if sig == Sig.SIGKILL and kill_kindly(t, host_pid):
        return 0
    calls.sigqueueinfo(host_pid, _to_host(t, sig), raw)
    t.process.attention()
    return 0


@syscall()
def rt_tgsigqueueinfo(t: Thread, tgid: Pid, tid: Pid, sig: Signal, info: InfoIn) -> int:
    """Send a signal with data to a thread."""
    t.memory.read(info, SIGINFO_SIZE)
    if tgid <= 0 or tid <= 0:
        raise LinuxError(Errno.EINVAL)
    _direct(t, tgid, tid, sig, _queued_info(t, tid, sig, info))
    return 0
