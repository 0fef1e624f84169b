"""What all twins have in common: the FIFO, and waiting.

It is open for reading and writing, holds a byte while there is something to be read, and is full while nothing can be added. Who
changes what it stands for holds a lock on it, which is opened anew by its name in the zone's directory of FIFOs. That is reached
by a descriptor of its own, so that who gives up its user id still gets there; others cannot, and so all may open a FIFO.
"""

import errno
import fcntl
import os
import time
from struct import Struct

from lx.abi.errno import Errno, LinuxError
from lx.abi.fcntl import OpenFlags, Whence
from lx.abi.lean import contextmanager
from lx.abi.poll import PollEvents
from lx.kernel.files import OpenNode
from lx.kernel.synthetic.nodes import File, StatResult
from lx.kernel.wait import Park

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from lx.kernel.process import Process
    from lx.kernel.readiness import Conditions
    from lx.kernel.thread import Thread

POLLIN, POLLOUT = 1, 4
READABLE = int(PollEvents.IN | PollEvents.RDNORM)
WRITABLE = int(PollEvents.OUT | PollEvents.WRNORM | PollEvents.WRBAND)
FULL_BLOCK = bytes(512)
MOST_HELD = 1 << 16
"""What is taken out of a FIFO at once: all that is in it."""
COUNT = Struct("<Q")
FOR_ALL = 0o666


class _Nameless(File):
    """What fstat says of one."""

    __slots__ = ()

    def stat(self, p: "Process") -> StatResult:
        """No type at all, as Linux's anonymous inodes have none."""
        return StatResult(0o600, 1, 0)


class Twin(OpenNode):
    """A descriptor of a guest that is a FIFO here."""

    __slots__ = ("_directory", "_name", "descriptor")
    reads_before_faults = True
    has_positions = False
    hidden_flags = int(OpenFlags.LARGEFILE)
    says = int(PollEvents.IN | PollEvents.OUT | PollEvents.ERR)
    """The poll bits that the real one knows."""

    def __init__(self, p: "Process", name: bytes, flags: int) -> None:
        super().__init__(_Nameless(b"anon_inode:[%s]" % name, lambda p: b"", 0o600), 0)
        self._directory: int = p.zone.fifos(p.files.own)
        self._name = f"{p.pid}-{time.monotonic_ns()}"
        os.mkfifo(self._name, dir_fd=self._directory)
        os.chmod(self._name, FOR_ALL, dir_fd=self._directory)
        fd = os.open(self._name, os.O_RDWR | flags, dir_fd=self._directory)
        os.set_inheritable(fd, not flags & os.O_CLOEXEC)
        self.descriptor = p.files.adopt(fd, self)

    @contextmanager
    def _held(self) -> "Iterator[int]":
        """Nobody else changes it: a descriptor of the FIFO that does not wait."""
        fd = os.open(self._name, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=self._directory)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX)
            yield fd
        finally:
            os.close(fd)

    @staticmethod
    def _empty(fifo: int) -> bytes:
        """Take out what it holds."""
        held = b""
        try:
            while part := os.read(fifo, MOST_HELD):
                held += part
        except BlockingIOError:
            pass
        return held

    def _show(self, fifo: int, some: bool, full: bool = False) -> None:
        """Have poll say whether it can be read and written."""
        self._empty(fifo)
        try:
            if some:
                os.write(fifo, b"\0")
            while full:
                os.write(fifo, FULL_BLOCK)
        except BlockingIOError:
            pass

    def _wait(self, p: "Process", park: "tuple[int, int | None]") -> Exception:
        """What a call answers that cannot go on yet. park: poll bits, or 0 and a deadline."""
        fd = self.number(p)
        if not os.get_blocking(fd):
            return OSError(errno.EAGAIN, os.strerror(errno.EAGAIN))
        events, deadline = park
        return Park(((fd, events),) if events else (), deadline)

    def number(self, p: "Process") -> int:
        """A descriptor of the process's that it has now."""
        return next(fd for fd, node in p.files.nodes.items() if node is self)

    def amount(self, t: "Thread") -> int:
        """How much there is to be read: a number that grows with each event, so that one more can be told from none."""
        return 1

    def read(self, p: "Process", size: int, offset: int | None = None) -> bytes:
        """EINVAL, as of what has nothing to be read; ESPIPE for a position."""
        raise LinuxError(Errno.EINVAL if offset is None else Errno.ESPIPE)

    def write(self, p: "Process", data: bytes, offset: int | None = None) -> int:
        """EINVAL, as of what cannot be written; ESPIPE for a position."""
        raise LinuxError(Errno.EINVAL if offset is None else Errno.ESPIPE)

    def seek(self, p: "Process", offset: int, whence: int) -> int:
        """Always 0. EINVAL for what is no place to count from."""
        if not 0 <= whence <= Whence.HOLE:
            raise LinuxError(Errno.EINVAL)
        return 0

    def readiness(self, t: "Thread", events: int, said: int) -> int:
        """What the FIFO says, as far as the real one would."""
        return said & self.says

    def conditions(self, t: "Thread", fd: int, events: int, found: "Conditions") -> None:
        """Likewise."""
        found.add(fd, events & self.says)


class Source(Twin):
    """One that can only be read, and so is never ready to be written."""

    __slots__ = ()
    says = READABLE


def check_read(size: int, offset: int | None, least: int = COUNT.size) -> None:
    """ESPIPE for a position, EINVAL for less room than the least that is read."""
    if offset is not None:
        raise LinuxError(Errno.ESPIPE)
    if size < least:
        raise LinuxError(Errno.EINVAL)
