"""The twin of eventfd: the counter stands in a page that forked processes share."""

import mmap
import time

from lx.abi.errno import Errno, LinuxError
from lx.kernel.twins.fifo import COUNT, POLLIN, POLLOUT, Twin, check_read

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lx.kernel.process import Process
    from lx.kernel.thread import Thread

MOST = 2**64 - 2
AGAIN_NS = 1_000_000
"""Until a writer looks again whether there is room for all that it adds: poll tells only that there is some."""


class Counter(Twin):
    """eventfd."""

    __slots__ = ("_page", "_semaphore")

    def __init__(self, p: "Process", count: int, flags: int, *, semaphore: bool) -> None:
        super().__init__(p, b"eventfd", flags)
        self._page = mmap.mmap(-1, mmap.PAGESIZE)
        self._semaphore = semaphore
        with self._held() as fifo:
            self._set(fifo, 0, count)

    def _set(self, fifo: int, before: int, count: int) -> None:
        COUNT.pack_into(self._page, 0, count)
        if bool(before) != bool(count) or MOST in (before, count):
            self._show(fifo, bool(count), count == MOST)

    def amount(self, t: "Thread") -> int:
        """The count."""
        return int(COUNT.unpack_from(self._page)[0])

    def read(self, p: "Process", size: int, offset: int | None = None) -> bytes:
        """The count, or 1 of it. EINVAL, EAGAIN, ESPIPE."""
        check_read(size, offset)
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
