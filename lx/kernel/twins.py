"""Twins: eventfd and timerfd for a host that has neither.

The guest's descriptor is a FIFO, open for reading and writing, that holds a byte while there is something to be read and is
full while nothing can be added: so poll, epoll, dup, fork and exec are the host's own, as with the real ones. The counter
itself, or the timer's setting, stands in a page that forked processes share; it is changed under a lock on the FIFO, which
each change opens anew by its name in the zone's runtime directory. That a timer has expired is shown by a helper thread of
the process that set it, or that read it last.

Limits: sent through a socket a twin is only a FIFO, in /proc/PID/fd too; F_GETFL has O_LARGEFILE; poll says that a timer can
be written while there is nothing to be read; a timer does not expire while nobody lives who has set or read it; a change of
the clock (TFD_TIMER_CANCEL_ON_SET) is not noticed; the FIFO's name stays until the zone ends. There is no twin of epoll,
because poll cannot tell edges, and none of signalfd, inotify and pidfd: a host without them answers ENOSYS.
"""

import _thread
import errno
import fcntl
import mmap
import os
import time
from contextlib import contextmanager
from struct import Struct

from lx.abi.clocks import timespec_valid
from lx.abi.errno import Errno, LinuxError
from lx.abi.events import ITIMERSPEC
from lx.kernel.files import OpenNode
from lx.kernel.synthetic.nodes import File, StatResult
from lx.kernel.wait import Park

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from lx.kernel.process import Process

POLLIN, POLLOUT = 1, 4
MOST = 2**64 - 2
FULL_BLOCK = bytes(512)
COUNT = Struct("<Q")
SETTING = Struct("<QQQ")
"""How often it has been set, when it expires next on its clock (0: never), and the interval; nanoseconds."""
SECOND = 1_000_000_000
AGAIN_NS = 1_000_000
"""Until a writer looks again whether there is room for all that it adds: poll tells only that there is some."""


class _Nameless(File):
    """What fstat says of one."""

    __slots__ = ()

    def stat(self, p: "Process") -> StatResult:
        """No type at all, as Linux's anonymous inodes have none."""
        return StatResult(0o600, 1, 0)


class Twin(OpenNode):
    """What both have in common: the FIFO, the page, and waiting."""

    __slots__ = ("_name", "_page", "descriptor")
    reads_before_faults = True

    def __init__(self, p: "Process", name: bytes, flags: int) -> None:
        super().__init__(_Nameless(b"anon_inode:[%s]" % name, lambda p: b"", 0o600), os.O_RDWR)
        self._page = mmap.mmap(-1, mmap.PAGESIZE)
        self._name = f"{p.zone.runtime_dir}/fifo-{p.pid}-{time.monotonic_ns()}"
        os.mkfifo(self._name, 0o600)
        fd = os.open(self._name, os.O_RDWR | flags)
        os.set_inheritable(fd, not flags & os.O_CLOEXEC)
        self.descriptor = p.files.adopt(fd, self)

    @contextmanager
    def _held(self) -> "Iterator[int]":
        """Nobody else changes it: a descriptor of the FIFO that does not wait."""
        fd = os.open(self._name, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX)
            yield fd
        finally:
            os.close(fd)

    def _show(self, fifo: int, some: bool, full: bool = False) -> None:
        """Have poll say whether it can be read and written."""
        try:
            while os.read(fifo, 1 << 16):
                pass
        except BlockingIOError:
            pass
        try:
            if some:
                os.write(fifo, b"\0")
            while full:
                os.write(fifo, FULL_BLOCK)
        except BlockingIOError:
            pass

    def _wait(self, p: "Process", park: "tuple[int, int | None]") -> Exception:
        """What a call answers that cannot go on yet. park: poll bits, or 0 and a deadline."""
        fd = next(fd for fd, node in p.files.nodes.items() if node is self)
        if not os.get_blocking(fd):
            return OSError(errno.EAGAIN, os.strerror(errno.EAGAIN))
        events, deadline = park
        return Park(((fd, events),) if events else (), deadline)

    @staticmethod
    def _check_read(size: int, offset: int | None) -> None:
        """ESPIPE for a position, EINVAL for less than a count's room."""
        if offset is not None:
            raise LinuxError(Errno.ESPIPE)
        if size < COUNT.size:
            raise LinuxError(Errno.EINVAL)

    def seek(self, p: "Process", offset: int, whence: int) -> int:
        """Always 0."""
        return 0


class Counter(Twin):
    """eventfd."""

    __slots__ = ("_semaphore",)

    def __init__(self, p: "Process", count: int, flags: int, *, semaphore: bool) -> None:
        super().__init__(p, b"eventfd", flags)
        self._semaphore = semaphore
        with self._held() as fifo:
            self._set(fifo, 0, count)

    def _set(self, fifo: int, before: int, count: int) -> None:
        COUNT.pack_into(self._page, 0, count)
        if bool(before) != bool(count) or MOST in (before, count):
            self._show(fifo, bool(count), count == MOST)

    def read(self, p: "Process", size: int, offset: int | None = None) -> bytes:
        """The count, or 1 of it. EINVAL, EAGAIN, ESPIPE."""
        self._check_read(size, offset)
        with self._held() as fifo:
            (count,) = COUNT.unpack_from(self._page)
            taken = min(count, 1) if self._semaphore else count
            if taken:
                self._set(fifo, count, count - taken)
                return COUNT.pack(taken)
        raise self._wait(p, (POLLIN, None))

    def write(self, p: "Process", data: bytes, offset: int | None = None) -> int:
        """Add to the count. EINVAL, EAGAIN, ESPIPE."""
        if offset is not None:
            raise LinuxError(Errno.ESPIPE)
        added = int.from_bytes(data, "little")
        if len(data) != COUNT.size or added > MOST:
            raise LinuxError(Errno.EINVAL)
        with self._held() as fifo:
            (count,) = COUNT.unpack_from(self._page)
            if count + added <= MOST:
                self._set(fifo, count, count + added)
                return COUNT.size
        raise self._wait(p, (POLLOUT, None) if count == MOST else (0, time.monotonic_ns() + AGAIN_NS))


class Timer(Twin):
    """timerfd."""

    __slots__ = ("_clock", "_sleeper")

    def __init__(self, p: "Process", clock: int, flags: int) -> None:
        super().__init__(p, b"timerfd", flags)
        self._clock = clock
        self._sleeper: _thread.LockType | None = None

    def _now(self) -> int:
        return time.clock_gettime_ns(self._clock)

    def _expiries(self, following: int, interval: int) -> int:
        late = self._now() - following
        if not following or late < 0:
            return 0
        return 1 + late // interval if interval else 1

    def read(self, p: "Process", size: int, offset: int | None = None) -> bytes:
        """How often it has expired since it was set or read. EINVAL, EAGAIN, ESPIPE."""
        self._check_read(size, offset)
        with self._held() as fifo:
            _, following, interval = SETTING.unpack_from(self._page)
            expiries = self._expiries(following, interval)
            if expiries:
                self._set(p, fifo, following + expiries * interval if interval else 0, interval)
                return COUNT.pack(expiries)
        raise self._wait(p, (POLLIN, None))

    def write(self, p: "Process", data: bytes, offset: int | None = None) -> int:
        """EINVAL."""
        raise LinuxError(Errno.ESPIPE if offset is not None else Errno.EINVAL)

    def setting(self) -> bytes:
        """timerfd_gettime(2): struct itimerspec."""
        with self._held():
            _, following, interval = SETTING.unpack_from(self._page)
        left = max(following - self._now(), 0) if following else 0
        if following and not left and interval:
            left = interval - (self._now() - following) % interval
        return ITIMERSPEC.pack(*divmod(interval, SECOND), *divmod(left, SECOND))

    def set(self, p: "Process", new: bytes, *, absolute: bool) -> bytes:
        """timerfd_settime(2): struct itimerspec before."""
        before = self.setting()
        interval, value = (seconds * SECOND + ns for seconds, ns in zip(*[iter(ITIMERSPEC.unpack(new))] * 2, strict=True))
        following = 0 if not value else value if absolute else self._now() + value
        with self._held() as fifo:
            self._set(p, fifo, following, interval)
        return before

    def _set(self, p: "Process", fifo: int, following: int, interval: int) -> None:
        often = SETTING.unpack_from(self._page)[0] + 1
        SETTING.pack_into(self._page, 0, often, following, interval)
        due = bool(following) and following <= self._now()
        self._show(fifo, due)
        if self._sleeper is not None:
            self._sleeper.release()
            self._sleeper = None
        if following and not due:
            self._sleeper = _thread.allocate_lock()
            self._sleeper.acquire()
            _thread.start_new_thread(self._sleep, (p, self._sleeper, often, following))

    def _sleep(self, p: "Process", sleeper: "_thread.LockType", often: int, following: int) -> None:
        """A helper: wait until it expires, unless it is set anew."""
        p.engine.become_helper()
        while (left := following - self._now()) > 0:
            if sleeper.acquire(timeout=min(left / SECOND, _thread.TIMEOUT_MAX)):
                return
        with self._held() as fifo:
            if SETTING.unpack_from(self._page)[0] == often:
                self._show(fifo, some=True)


def is_valid(new: bytes) -> bool:
    """Whether a struct itimerspec says times."""
    interval_s, interval_ns, value_s, value_ns = ITIMERSPEC.unpack(new)
    return timespec_valid(interval_s, interval_ns) and timespec_valid(value_s, value_ns)
