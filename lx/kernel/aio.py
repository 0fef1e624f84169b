"""Native asynchronous I/O: a context is one of the host's, which does the work on the guest's memory itself.

A request is copied, its addresses made the host's, and handed on; its event comes back with the guest's address of the request.
Waiting sleeps on a descriptor of ours that the host rings when a request is done (IOCB_FLAG_RESFD), unless the guest has named
one of its own for that: then the context is looked at every millisecond.

The guest's number of a context is the address of a page, as on Linux, because libaio looks there for a ring of events; it
finds none and makes the call. fork leaves contexts with the parent, exec ends them.
"""

import ctypes
import os

from lx.abi.aio import IO_EVENT, IOCB, IOCB_FLAG_RESFD, READS, VECTORS, IocbCommand
from lx.abi.errno import Errno, LinuxError
from lx.host import aio as host
from lx.kernel.memory import IOV_MAX, PAGE, Vma, VmaFile

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lx.kernel.process import Process

UNREADABLE = 8
"""An address that is nobody's: the host's answer for it is EFAULT."""
Piece = tuple[int, int]


class Request:
    """One request under way: where the guest has it, and the host's copy with its vector."""

    __slots__ = ("address", "guest", "held", "watched")

    def __init__(self, guest: int, iocb: bytes, vector: object, watched: bool) -> None:
        self.guest = guest
        self.held = (ctypes.create_string_buffer(iocb, len(iocb)), vector)
        self.address = ctypes.addressof(self.held[0])
        self.watched = watched
        """Our own descriptor rings when it is done."""


class Context:
    """One context."""

    def __init__(self, process: "Process", count: int) -> None:
        self.process = process
        self.number = host.setup(count)
        self.bell = -1
        try:
            self.bell = process.files.own(os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK))
            ring = VmaFile(1, process.next_shared(), b"/[aio] (deleted)")
            at = process.memory.find_free(PAGE)
            self.address = process.memory.map(Vma(at, at + PAGE, 3, True, ring))
        except (LinuxError, OSError):
            host.destroy(self.number)
            if self.bell >= 0:
                os.close(self.bell)
            raise
        self.running: dict[int, Request] = {}
        """By the host's address of the request."""
        self.done: list[bytes] = []
        """Events that the guest has not taken."""

    def submit(self, guest: int, fields: tuple[int, ...]) -> None:
        """Hand a request on. The host's errors, which are Linux's; LinuxError."""
        data, key, rw, command, priority, fd, buf, size, offset, reserved, flags, resfd = fields
        vector: object = None
        if command in VECTORS or command in VECTORS.values():
            command, buf, size, vector = self._buffers(command, buf, size)
        watched = not flags & IOCB_FLAG_RESFD
        if watched:
            flags, resfd = flags | IOCB_FLAG_RESFD, self.bell
        iocb = IOCB.pack(data, key, rw, command, priority, fd, buf, size, offset, reserved, flags, resfd)
        request = Request(guest, iocb, vector, watched)
        host.submit(self.number, request.address)
        self.running[request.address] = request

    def _buffers(self, command: int, buf: int, size: int) -> tuple[int, int, int, object]:
        """(command, address, count, what must stay) for the host, of a buffer or of a vector of them."""
        memory = self.process.memory
        check = memory.writable if command in READS else memory.readable
        single = command in VECTORS
        if not single and size > IOV_MAX:
            raise LinuxError(Errno.EINVAL)
        entries = [(buf, size)] if single else memory.iovec_entries(buf, size)
        if any(base + length > memory.task_size for base, length in entries):
            raise LinuxError(Errno.EFAULT)
        pieces: list[Piece] = []
        for base, length in entries:
            try:
                usable = sum(map(len, check(base, length)))
            except LinuxError:
                pieces.append((UNREADABLE, length))
                break
            pieces += [(at, b - a) for a, b, at in memory.pieces(base, base + usable)]
        if single and len(pieces) == 1:
            return command, *pieces[0], None
        words = [word for piece in pieces for word in piece]
        vector = (ctypes.c_uint64 * len(words))(*words)
        return int(VECTORS.get(IocbCommand(command), command)), ctypes.addressof(vector), len(pieces), vector

    def collect(self, most: int) -> None:
        """Take over what the host has done, so that up to `most` events are here."""
        if most <= len(self.done):
            return
        raw = host.events(self.number, most - len(self.done))
        for data, address, result, more in IO_EVENT.iter_unpack(raw):
            request = self.running.pop(address)
            self.done.append(IO_EVENT.pack(data, request.guest, result, more))

    @property
    def watched(self) -> bool:
        """Whether our descriptor tells of everything that is under way."""
        return all(request.watched for request in self.running.values())

    def quiet(self) -> None:
        """Silence the bell; before looking, so that nothing is missed."""
        try:
            os.eventfd_read(self.bell)
        except BlockingIOError:
            return

    def find(self, guest: int) -> Request | None:
        """The request under way that the guest has at an address."""
        return next((request for request in self.running.values() if request.guest == guest), None)

    def close(self) -> None:
        """End it, but for its page."""
        host.destroy(self.number)
        os.close(self.bell)


class Contexts(dict[int, Context]):
    """A process's contexts, by the guest's numbers."""

    def forked(self) -> None:
        """In a child: the host has left them with the parent, but for our descriptors."""
        for context in self.values():
            os.close(context.bell)
        self.clear()

    def execed(self) -> None:
        """At exec: none survives, and the pages are gone already."""
        for context in self.values():
            context.close()
        self.clear()
