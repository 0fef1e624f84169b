"""The host's event descriptors: epoll, eventfd, timerfd, signalfd, inotify, pidfd.

Each is the host's own, so readiness, fork, dup and nesting are the host's too. Event bits and clocks cross by name. Nothing here
waits. A host without one of them raises OSError(ENOSYS).
"""

import ctypes
import errno
import os
import select
import sys
import time
from ctypes import c_char_p, c_int, c_uint, c_void_p
from struct import Struct

from lx.abi.clocks import Clock
from lx.abi.events import ITIMERSPEC, EpollEvents
from lx.abi.lean import Iterator, cache, contextmanager
from lx.abi.signals import NSIG
from lx.host import numbers
from lx.host.libc import bind, failure

_LINUX = sys.platform == "linux"
_EVENT = Struct("=IQ" if os.uname().machine in ("x86_64", "amd64") else "@IQ")
"""The host's struct epoll_event."""
SIGSET_SIZE = 128
MOST_EVENTS = 4096
"""More are not taken out at once."""

_epoll_create1 = bind("epoll_create1", c_int, result=c_int)
_epoll_ctl = bind("epoll_ctl", c_int, c_int, c_int, c_void_p, result=c_int)
_epoll_wait = bind("epoll_wait", c_int, c_void_p, c_int, c_int, result=c_int)
_eventfd = bind("eventfd", c_uint, c_int, result=c_int)
_timerfd_create = bind("timerfd_create", c_int, c_int, result=c_int)
_timerfd_settime = bind("timerfd_settime", c_int, c_int, c_char_p, c_void_p, result=c_int)
_timerfd_gettime = bind("timerfd_gettime", c_int, c_void_p, result=c_int)
_signalfd = bind("signalfd", c_int, c_char_p, c_int, result=c_int)
_inotify_init1 = bind("inotify_init1", c_int, result=c_int)
_inotify_add_watch = bind("inotify_add_watch", c_int, c_char_p, c_uint, result=c_int)

inotify_rm_watch = bind("inotify_rm_watch", c_int, c_int, result=c_int)
"""inotify_rm_watch(2): (fd, watch)."""
pidfd_open = bind("pidfd_open", c_int, c_uint, result=c_int)
"""pidfd_open(2): (host pid, flags)."""
pidfd_getfd = bind("pidfd_getfd", c_int, c_int, c_uint, result=c_int)
"""pidfd_getfd(2): (pidfd, descriptor there, flags)."""
pidfd_send_signal = bind("pidfd_send_signal", c_int, c_int, c_void_p, c_uint, result=c_int)
"""pidfd_send_signal(2): (pidfd, host signal, siginfo, its address or None, flags)."""


# ---- epoll


_BITS = [(int(bit), int(getattr(select, f"EPOLL{bit.name}", bit if _LINUX else 0))) for bit in EpollEvents]


@cache
def _to_host(events: int) -> int:
    return sum(host for linux, host in _BITS if events & linux)


@cache
def _from_host(events: int) -> int:
    return sum(linux for linux, host in _BITS if events & host)


def epoll_create(flags: int) -> int:
    """epoll_create1(2), with the flags of open."""
    return _epoll_create1(flags)


def epoll_control(epfd: int, operation: int, fd: int, events: int, data: int) -> None:
    """epoll_ctl(2): events are Linux's bits."""
    _epoll_ctl(epfd, operation, fd, ctypes.create_string_buffer(_EVENT.pack(_to_host(events), data)))


def epoll_ready(epfd: int, most: int, address: int = 0) -> list[tuple[int, int]]:
    """What is ready now: (Linux's events, data), at most so many. address: a bad one, for the host to judge."""
    if address:
        _epoll_wait(epfd, address, most, 0)
        return []
    buffer = ctypes.create_string_buffer(_EVENT.size * most)
    found = _epoll_wait(epfd, buffer, most, 0)
    return [(_from_host(events), data) for events, data in _EVENT.iter_unpack(buffer.raw[: found * _EVENT.size])]


# ---- counters and timers


def eventfd(count: int, flags: int) -> int:
    """eventfd(2), with Linux's flags: EINVAL for strange ones."""
    return _eventfd(count, flags)


def eventfd_room(fd: int) -> int | None:
    """How much can be added to an eventfd's counter without waiting; None for what is no eventfd."""
    count = _told(fd, "eventfd-count")
    return None if count is None else 2**64 - 2 - int(count, 16)


def pidfd_process(fd: int) -> int:
    """The host pid of a pidfd's process; 0 for what is no pidfd, -1 if the process is gone."""
    return int(_told(fd, "Pid") or 0)


def _told(fd: int, name: str) -> str | None:
    """A line of what the host tells of a descriptor."""
    try:
        with open(f"/proc/self/fdinfo/{fd}") as file:
            for line in file:
                found, _, value = line.partition(":")
                if found == name:
                    return value
    except OSError:
        pass
    return None


def timerfd_create(clock: int, flags: int) -> int:
    """timerfd_create(2) with Linux's clock. EINVAL for one that the host has no name for."""
    return _timerfd_create(_host_clock(clock), flags)


def _host_clock(clock: int) -> int:
    name = next((known.name for known in Clock if known == clock), "")
    host: int | None = getattr(time, f"CLOCK_{name}", clock if _LINUX else None)
    if host is None:
        raise failure(errno.EINVAL)
    return host


def timer_clock(clock: int) -> int:
    """The host's number of a clock that timers can have. EINVAL."""
    if clock not in (Clock.REALTIME, Clock.MONOTONIC, Clock.BOOTTIME):
        raise failure(errno.EINVAL)
    return _host_clock(clock)


def timerfd_settime(fd: int, flags: int, new: bytes) -> bytes:
    """timerfd_settime(2): struct itimerspec before."""
    old = ctypes.create_string_buffer(ITIMERSPEC.size)
    _timerfd_settime(fd, flags, new, old)
    return old.raw


def timerfd_gettime(fd: int) -> bytes:
    """timerfd_gettime(2): struct itimerspec."""
    now = ctypes.create_string_buffer(ITIMERSPEC.size)
    _timerfd_gettime(fd, now)
    return now.raw


# ---- signals, files


def signalfd(fd: int, mask: int, flags: int) -> int:
    """signalfd(2) with Linux's signal set."""
    bits = 0
    for signo in range(1, NSIG + 1):
        host = numbers.signal_to_host(signo)
        if mask >> signo - 1 & 1 and host:
            bits |= 1 << host - 1
    return _signalfd(fd, bits.to_bytes(SIGSET_SIZE, "little"), flags)


def inotify_init(flags: int) -> int:
    """inotify_init1(2)."""
    return _inotify_init1(flags)


def inotify_add_watch(fd: int, path: bytes, mask: int) -> int:
    """inotify_add_watch(2) on a path of the host."""
    return _inotify_add_watch(fd, path, mask)


@contextmanager
def pinned(fd: int) -> Iterator[bytes]:
    """A path of the host that is the object of an O_PATH descriptor, which is closed afterwards."""
    try:
        yield b"/proc/self/fd/%d" % fd
    finally:
        os.close(fd)
