"""The twin of timerfd. The setting stands in a page that forked processes share, and is changed under the FIFO's lock.

That a timer has expired is shown by a helper thread of the process that set it, or that read it last.

Limits: a timer does not expire while nobody lives who has set or read it; a change of the clock (TFD_TIMER_CANCEL_ON_SET) is not
noticed; a set of epoll that is the host's own finds that it can be written.
"""

import _thread
import mmap
import time
from struct import Struct

from lx.abi.clocks import timespec_valid
from lx.abi.events import ITIMERSPEC
from lx.abi.poll import PollEvents
from lx.kernel.twins.fifo import COUNT, POLLIN, Source, check_read

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lx.kernel.process import Process
    from lx.kernel.thread import Thread

SETTING = Struct("<QQQ")
"""How often it has been set, when it expires next on its clock (0: never), and the interval; nanoseconds."""
SECOND = 1_000_000_000


class Timer(Source):
    """timerfd."""

    __slots__ = ("_clock", "_page", "_sleeper")
    says = int(PollEvents.IN)

    def __init__(self, p: "Process", clock: int, flags: int) -> None:
        super().__init__(p, b"timerfd", flags)
        self._page = mmap.mmap(-1, mmap.PAGESIZE)
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
        check_read(size, offset)
        with self._held() as fifo:
            _, following, interval = SETTING.unpack_from(self._page)
            expiries = self._expiries(following, interval)
            if expiries:
                self._set(p, fifo, following + expiries * interval if interval else 0, interval)
                return COUNT.pack(expiries)
        raise self._wait(p, (POLLIN, None))

    def amount(self, t: "Thread") -> int:
        """How often it has expired."""
        return self._expiries(*SETTING.unpack_from(self._page)[1:])

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
            p.engine.start_helper(self._sleep, p, self._sleeper, often, following)

    def _sleep(self, p: "Process", sleeper: "_thread.LockType", often: int, following: int) -> None:
        """A helper: wait until it expires, unless it is set anew."""
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
