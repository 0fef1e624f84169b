"""epoll: the host's own, so that interest lists, edges, one-shots, nesting and what fork shares are the host's.

A wait never sleeps in the host: what is ready is taken out at once, and if nothing is, the thread parks on the epoll descriptor
itself, which is readable when it has something. Descriptors are checked to be the guest's; everything else, and in which order
it is wrong, the host judges: a descriptor that is not the guest's is handed down as -1.

A host without epoll has a twin of it (lx.kernel.twins.epoll).
"""

import errno

from lx.abi.clocks import TIMESPEC, timespec_to_ns, timespec_valid
from lx.abi.errno import Errno, LinuxError
from lx.abi.events import EPOLL_EVENT, EPOLL_MAX_EVENTS, EpollFlags, EpollOp
from lx.abi.poll import PollEvents
from lx.host import events as host
from lx.host.descriptors import beyond, nowhere
from lx.host.numbers import open_flags_to_host
from lx.kernel import readiness
from lx.kernel.thread import Thread
from syscalls._masks import masked, read_mask
from syscalls.declare import Restart, syscall
from syscalls.types import Annotated, Fd, Int, Size, flags_of, one_of, struct_in, struct_out

EventIn = Annotated[int, struct_in("epoll_event")]
EventsOut = Annotated[int, struct_out("epoll_events")]
SigsetIn = Annotated[int, struct_in("sigset")]
TimespecIn = Annotated[int, struct_in("timespec")]


@syscall(result="fd")
def epoll_create(t: Thread, size: Int) -> int:
    """An epoll descriptor; the size means nothing but must be positive."""
    if size <= 0:
        raise LinuxError(Errno.EINVAL)
    return _create(t, 0)


@syscall(result="fd")
def epoll_create1(t: Thread, flags: Annotated[int, flags_of(EpollFlags)]) -> int:
    """An epoll descriptor."""
    if flags & ~EpollFlags.CLOEXEC:
        raise LinuxError(Errno.EINVAL)
    return _create(t, open_flags_to_host(flags))


def _create(t: Thread, flags: int) -> int:
    try:
        return t.files.adopt_epoll(host.epoll_create(flags))
    except OSError as error:
        if error.errno != errno.ENOSYS:
            raise
    from lx.kernel.twins.epoll import Epoll

    return Epoll(t, flags).descriptor


@syscall(direct="epoll control")
def epoll_ctl(t: Thread, epfd: Fd, op: Annotated[int, one_of(EpollOp)], fd: Fd, event: EventIn) -> int:
    """Add, change or remove a descriptor of an epoll set."""
    events, data = t.memory.read_struct(event, EPOLL_EVENT) if op != EpollOp.DEL else (0, 0)
    try:
        host.epoll_control(t.files.guest(epfd), op, t.files.guest(fd), events, data)
    except OSError as error:
        if error.errno != errno.ENOSYS:
            raise
        from lx.kernel.twins import epoll as twin
        from syscalls._transfer import check_access

        check_access(t, epfd)
        check_access(t, fd)
        twin.control(t, epfd, op, fd, events, data)
    return 0


def _twin_ready(t: Thread, epfd: int, most: int, bad: int) -> list[tuple[int, int]]:
    """What is ready now where the host has no epoll."""
    from lx.kernel.twins import epoll as twin
    from syscalls._transfer import check_access

    check_access(t, epfd)
    return twin.ready(t, epfd, most, bad)


def _wait(t: Thread, epfd: int, events: int, most: int, timeout: int | None) -> int:
    """One run of a wait. timeout: ns, None for ever."""
    size = EPOLL_EVENT.size
    bad = beyond if most > 0 and events + most * size > t.memory.task_size else nowhere
    if 0 < most <= EPOLL_MAX_EVENTS and bad == nowhere:
        most = min(most, host.MOST_EVENTS)
        try:
            room = sum(map(len, t.memory.writable(events, most * size))) // size
        except LinuxError:
            room = 0
        most, bad = (room, 0) if room else (most, nowhere)
    try:
        found = host.epoll_ready(t.files.guest(epfd), most, bad)
    except OSError as error:
        if error.errno != errno.ENOSYS:
            raise
        found = _twin_ready(t, epfd, most, bad)
    if found or timeout == 0 or t.expired():
        t.memory.write(events, b"".join([EPOLL_EVENT.pack(*one) for one in found]))
        return len(found)
    raise readiness.park(t, {epfd: PollEvents.IN}, timeout)


def _milliseconds(timeout: int) -> int | None:
    return timeout * 1_000_000 if timeout >= 0 else None


@syscall(restart=Restart.NEVER, direct="epoll")
def epoll_wait(t: Thread, epfd: Fd, events: EventsOut, maxevents: Int, timeout: Int) -> int:
    """Wait until descriptors of the set are ready; timeout in milliseconds, negative for ever."""
    return _wait(t, epfd, events, maxevents, _milliseconds(timeout))


@syscall(restart=Restart.NEVER, direct="epoll masked")
def epoll_pwait(
    t: Thread, epfd: Fd, events: EventsOut, maxevents: Int, timeout: Int, sigmask: SigsetIn, sigsetsize: Size
) -> int:
    """epoll_wait with a signal mask for the time of the wait."""
    with masked(t, read_mask(t, sigmask, sigsetsize)):
        return _wait(t, epfd, events, maxevents, _milliseconds(timeout))


@syscall(restart=Restart.NEVER)
def epoll_pwait2(
    t: Thread, epfd: Fd, events: EventsOut, maxevents: Int, timeout: TimespecIn, sigmask: SigsetIn, sigsetsize: Size
) -> int:
    """epoll_pwait with a timeout in nanoseconds."""
    ns = None
    if timeout:
        spec = t.memory.read_struct(timeout, TIMESPEC)
        if not timespec_valid(*spec):
            raise LinuxError(Errno.EINVAL)
        ns = timespec_to_ns(*spec)
    with masked(t, read_mask(t, sigmask, sigsetsize)):
        return _wait(t, epfd, events, maxevents, ns)
