"""poll, ppoll, select, pselect6: waiting for descriptors.

All four are one question to the host's poll: asked once without waiting, and if nothing is ready the thread parks until
something is, then the call runs again. A descriptor that is not the guest's (closed, or the emulator's own) is POLLNVAL to
poll and EBADF to select. Event bits cross to the host by name.

What Linux writes to the guest on EINTR (zeroed revents, the time that is left) is written when the wait is interrupted.

select looks at no descriptor beyond the process's descriptor table, whatever its first argument: programs pass getdtablesize()
with sets of 128 bytes. The table's size follows Linux's growth (64, then powers of two from 128).
"""

import select as host_select
import time as host_time

from lx.abi.clocks import NSEC_PER_SEC, TIMESPEC, TIMEVAL, USEC_PER_SEC, timespec_to_ns, timespec_valid
from lx.abi.errno import Errno, LinuxError
from lx.abi.lean import Callable, Iterator, suppress
from lx.abi.poll import (
    ALWAYS,
    FD_SET_WORD,
    POLLFD,
    SELECT_EX,
    SELECT_IN,
    SELECT_OUT,
    SIGSET_ARGUMENT,
    PollEvents,
)
from lx.abi.resource import Resource
from lx.abi.utsname import Personality
from lx.kernel import readiness
from lx.kernel.thread import Thread
from syscalls._masks import masked, read_mask
from syscalls.declare import Restart, syscall
from syscalls.types import Annotated, Int, Ptr, Size, UInt, struct_in, struct_inout

PollFds = Annotated[int, struct_inout("pollfd")]
FdSet = Annotated[int, struct_inout("fd_set")]
TimespecInOut = Annotated[int, struct_inout("timespec")]
TimevalInOut = Annotated[int, struct_inout("timeval")]
SigsetIn = Annotated[int, struct_in("sigset")]

FD_SETSIZE = 1024


def _guest_fd(t: Thread, fd: int) -> bool:
    try:
        t.files.check(fd)
    except (LinuxError, OSError):
        return False
    return True


class _Timeout:
    """A relative timeout in guest memory, which is to be overwritten with what is left of it. Address 0: for ever."""

    __slots__ = ("address", "layout", "ns", "started", "t", "unit_ns")

    def __init__(self, t: Thread, address: int, *, microseconds: bool = False) -> None:
        self.t = t
        self.address = address
        self.layout = TIMEVAL if microseconds else TIMESPEC
        self.unit_ns = 1000 if microseconds else 1
        self.ns: int | None = None
        if not address:
            return
        seconds, part = t.memory.read_struct(address, self.layout)
        if microseconds:
            carried = part // USEC_PER_SEC if part >= 0 else -(-part // USEC_PER_SEC)
            seconds, part = seconds + carried, (part - carried * USEC_PER_SEC) * 1000
        if not timespec_valid(seconds, part):
            raise LinuxError(Errno.EINVAL)
        self.ns = timespec_to_ns(seconds, part)

    def write_rest(self) -> None:
        """Store what is left. Linux ignores a failure, and writes nothing for a timeout of zero."""
        if not self.ns or self.t.attributes.personality & Personality.STICKY_TIMEOUTS:
            return
        deadline = self.t.call_deadline
        rest = self.ns if deadline is None else max(deadline - host_time.monotonic_ns(), 0)
        seconds, part = divmod(rest, NSEC_PER_SEC)
        with suppress(LinuxError):
            self.t.memory.write_struct(self.address, self.layout, seconds, part // self.unit_ns)


# ---- poll


def _poll(t: Thread, address: int, count: int, timeout: int | None, rest: Callable[[], object]) -> int:
    """One run of poll. timeout: ns, None for ever. rest: called just before EINTR is answered."""
    if count > t.process.limits.soft(Resource.RLIMIT_NOFILE):
        raise LinuxError(Errno.EINVAL)
    entries = list(POLLFD.iter_unpack(t.memory.read(address, count * POLLFD.size))) if count else []
    wanted: dict[int, int] = {}
    bad = set()
    for fd, events, _ in entries:
        if fd in wanted or (fd >= 0 and _guest_fd(t, fd)):
            wanted[fd] = wanted.get(fd, 0) | events & 0xFFFF
        elif fd >= 0:
            bad.add(fd)
    found = readiness.ask(t, wanted) if wanted else {}
    found.update(dict.fromkeys(bad, int(PollEvents.NVAL)))
    revents = [found.get(fd, 0) & (events & 0xFFFF | ALWAYS) for fd, events, _ in entries]

    def store() -> None:
        answered = (POLLFD.pack(fd, events, r) for (fd, events, _), r in zip(entries, revents, strict=True))
        if count:
            t.memory.write(address, b"".join(answered))
        elif address > t.memory.task_size:
            raise LinuxError(Errno.EFAULT)

    ready = sum(map(bool, revents))
    if ready or timeout == 0 or t.expired():
        store()
        return ready

    def interrupted() -> None:
        store()
        rest()

    raise readiness.park(t, wanted, timeout, interrupted)


def _nothing() -> None:
    """poll has no timeout to write back."""


@syscall(restart=Restart.NEVER, direct="poll")
def poll(t: Thread, fds: PollFds, nfds: UInt, timeout: Int) -> int:
    """Wait for events on descriptors; timeout in milliseconds, negative for ever."""
    return _poll(t, fds, nfds, timeout * 1_000_000 if timeout >= 0 else None, _nothing)


@syscall(restart=Restart.NEVER, direct="ppoll")
def ppoll(t: Thread, fds: PollFds, nfds: UInt, tmo: TimespecInOut, sigmask: SigsetIn, sigsetsize: Size) -> int:
    """poll with a timeout in nanoseconds and a signal mask for the time of the wait."""
    timeout = _Timeout(t, tmo)
    with masked(t, read_mask(t, sigmask, sigsetsize)):
        ready = _poll(t, fds, nfds, timeout.ns, timeout.write_rest)
    timeout.write_rest()
    return ready


# ---- select


def _table_size(t: Thread, nfds: int) -> int:
    """How many descriptors Linux would look at: `nfds`, but not more than its table of ours has room for."""
    if nfds <= FD_SETSIZE:
        return nfds
    nfds = min(nfds, t.process.limits.soft(Resource.RLIMIT_NOFILE))
    poller = host_select.poll()
    for fd in range(FD_SETSIZE, nfds):
        poller.register(fd, 0)
    closed = {fd for fd, events in poller.poll(0) if events & host_select.POLLNVAL}
    for fd in range(nfds - 1, FD_SETSIZE - 1, -1):
        if fd not in closed and _guest_fd(t, fd):
            return min(nfds, 1 << fd.bit_length())
    return min(nfds, FD_SETSIZE)


def _members(bits: int) -> Iterator[int]:
    while bits:
        lowest = bits & -bits
        yield lowest.bit_length() - 1
        bits ^= lowest


KINDS = (int(SELECT_IN), int(SELECT_OUT), int(SELECT_EX))


def _select(t: Thread, nfds: int, sets: tuple[int, int, int], timeout: _Timeout) -> int:
    """One run of select over the addresses of three sets."""
    if nfds < 0:
        raise LinuxError(Errno.EINVAL)
    limit = _table_size(t, nfds)
    size = (limit + FD_SET_WORD - 1) // FD_SET_WORD * 8
    within = (1 << limit) - 1
    asked = [int.from_bytes(t.memory.read(at, size), "little") & within if at and size else 0 for at in sets]
    wanted: dict[int, int] = {}
    for bits, events in zip(asked, KINDS, strict=True):
        for fd in _members(bits):
            if not _guest_fd(t, fd):
                raise LinuxError(Errno.EBADF)
            wanted[fd] = wanted.get(fd, 0) | events
    found = readiness.ask(t, wanted) if wanted else {}
    answers = [0, 0, 0]
    for fd, events in found.items():
        for i, kind in enumerate(KINDS):
            if asked[i] >> fd & 1 and events & kind:
                answers[i] |= 1 << fd
    ready = sum(bits.bit_count() for bits in answers)
    if ready or timeout.ns == 0 or t.expired():
        for at, bits in zip(sets, answers, strict=True):
            if at and size:
                t.memory.write(at, bits.to_bytes(size, "little"))
        return ready
    # A descriptor that is ready for what nobody asked (hung up, watched for urgent data) would wake us for ever.
    quiet = {fd: events for fd, events in wanted.items() if fd not in found}
    raise readiness.park(t, quiet, timeout.ns, timeout.write_rest)


@syscall(restart=Restart.NEVER, direct="select")
def select(t: Thread, nfds: Int, readfds: FdSet, writefds: FdSet, exceptfds: FdSet, tv: TimevalInOut) -> int:
    """Wait until one of many descriptors is ready; the time that is left is written back."""
    timeout = _Timeout(t, tv, microseconds=True)
    try:
        ready = _select(t, nfds, (readfds, writefds, exceptfds), timeout)
    except (LinuxError, OSError):
        timeout.write_rest()
        raise
    timeout.write_rest()
    return ready


@syscall(restart=Restart.NEVER, direct="pselect")
def pselect6(t: Thread, nfds: Int, readfds: FdSet, writefds: FdSet, exceptfds: FdSet, tmo: TimespecInOut, sig: Ptr) -> int:
    """select with a timeout in nanoseconds and a signal mask for the time of the wait (address and size at `sig`)."""
    sigmask, size = t.memory.read_struct(sig, SIGSET_ARGUMENT) if sig else (0, 0)
    timeout = _Timeout(t, tmo)
    with masked(t, read_mask(t, sigmask, size)):
        ready = _select(t, nfds, (readfds, writefds, exceptfds), timeout)
    timeout.write_rest()
    return ready
