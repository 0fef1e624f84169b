"""What a descriptor of an epoll set's twin is: what is asked of it, what has been reported, what it leads to."""

import fcntl
import os
import stat
import termios

from lx.abi.events import EpollEvents
from lx.kernel.twins.fifo import READABLE, WRITABLE, Twin

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lx.kernel.thread import Thread

    Identity = object

ALWAYS = int(EpollEvents.ERR | EpollEvents.HUP)
HOW = int(EpollEvents.ET | EpollEvents.ONESHOT | EpollEvents.WAKEUP | EpollEvents.EXCLUSIVE)


class Item:
    """A descriptor of a set."""

    __slots__ = ("at", "data", "events", "fd", "identity", "left", "mask", "seen")

    def __init__(self, fd: int, identity: "Identity", events: int, data: int) -> None:
        self.fd = self.at = fd
        """By which number it was added, and by which its file is reached now."""
        self.identity = identity
        self.set(events, data)

    def set(self, events: int, data: int) -> None:
        """EPOLL_CTL_MOD: nothing has been reported of it."""
        self.events = events
        self.data = data
        self.mask = events & ~HOW | ALWAYS
        """The bits that are asked for; 0 after its one shot."""
        self.seen = 0
        """The bits that have been reported, and been there since, of an edge-triggered item."""
        self.left = 0
        """How much of what has been reported is not read."""

    @property
    def of_edges(self) -> bool:
        """Whether it is edge-triggered."""
        return bool(self.events & EpollEvents.ET)

    def news(self, t: "Thread", bits: int) -> int:
        """What is to be reported of what is there."""
        if not self.of_edges:
            return bits
        self.seen &= bits
        if not bits & READABLE:
            self.left = 0
        if bits & ~self.seen:
            return bits
        if not bits & READABLE:
            return 0
        amount = amount_of(t, self.at)
        more = amount > self.left
        self.left = min(amount, self.left)
        return bits if more else 0

    def report(self, t: "Thread", bits: int) -> None:
        """It is being reported."""
        if self.of_edges:
            self.seen = bits
            self.left = amount_of(t, self.at) if bits & READABLE else 0
        if self.events & EpollEvents.ONESHOT:
            self.mask = 0

    def read(self, size: int | None) -> None:
        """So many bytes of it have been read; None: it has been looked for what is not there."""
        if size is None:
            self.seen &= ~READABLE
        self.left = max(self.left - size, 0) if size is not None else 0

    def refused(self) -> None:
        """It has been written to, and perhaps not all."""
        self.seen &= ~WRITABLE


def identity_of(t: "Thread", fd: int) -> "Identity":
    """What a descriptor leads to; None if it is closed."""
    entry = t.files.entry(fd)
    if entry is not None:
        return entry
    try:
        st = os.fstat(fd)
        return st.st_dev, st.st_ino, stat.S_IFMT(st.st_mode), fcntl.fcntl(fd, fcntl.F_GETFL) & os.O_ACCMODE
    except OSError:
        return None


def amount_of(t: "Thread", fd: int) -> int:
    """How much there is to be read; 1 of what cannot be asked."""
    entry = t.files.entry(fd)
    if isinstance(entry, Twin):
        return entry.amount(t)
    return size_of(fd)


def size_of(fd: int) -> int:
    """How many bytes can be read from a host descriptor (FIONREAD); 1 of one that cannot be asked."""
    word = bytearray(4)
    try:
        fcntl.ioctl(fd, termios.FIONREAD, word)
    except OSError:
        return 1
    return int.from_bytes(word, "little", signed=True)
