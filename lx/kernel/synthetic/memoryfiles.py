"""/proc/PID/mem and pagemap: the memory of a process of the zone, at its guest addresses.

Where that lies on the host only the process itself knows: another one is asked for it (see asking). The bytes are then moved by
the host's process_vm_readv and _writev, also of one's own memory, because a file mapping may have lost its page. The host's pages
are writable whatever the guest's protection is, so a write is forced as Linux forces it (a debugger's breakpoint in read-only
code), and one to a shared mapping of a file that was opened for reading is refused by the host. Who runs what has been written
translates it anew.

A descriptor goes with the image in which the process was when it was opened (another's: when it was first read): after an exec,
or its end, there is nothing to read. pagemap tells no page frames, which Linux tells the privileged alone.
"""

import os
from bisect import bisect_right
from struct import pack, unpack

from lx.abi.errno import Errno, LinuxError
from lx.abi.lean import suppress
from lx.host import calls
from lx.host.descriptors import address
from lx.kernel.synthetic.nodes import Window
from lx.kernel.synthetic.processes import Owned, forget_code, memory_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lx.kernel.process import Process

PAGE = 4096
EXEC = 4
ENTRY = 8
SHOWN = 0xFF80_0000_0000_0000
"""What a pagemap entry tells beside the page's frame. Linux Documentation/admin-guide/mm/pagemap.rst."""
MOST_POSITION = 2**63 - 1
Region = tuple[int, int, int, int]
Piece = tuple[int, int]


def pieces(regions: list[Region], at: int, size: int, need: int = 0) -> list[Piece]:
    """The host's (address, bytes) of a range, up to the first byte that is not mapped or lacks this protection."""
    there = []
    end = at + size
    for start, stop, host, prot in regions[max(bisect_right(regions, (at, 1 << 64)) - 1, 0) :]:
        if not start <= at < min(stop, end) or prot & need != need:
            break
        there.append((host + at - start, min(stop, end) - at))
        at = min(stop, end)
    return there


def written(p: "Process", pid: int, regions: list[Region], at: int, size: int) -> None:
    """After a write to a process's memory: if that may be code, have the process forget what it has translated."""
    if any(prot & EXEC and start < at + size and at < stop for start, stop, _, prot in regions):
        with suppress(LinuxError):
            forget_code(p, pid)


class _OfAnImage(Owned, Window):
    """What both have in common: whose memory it is."""

    __slots__ = ("_image", "_pid")

    def __init__(self, path: bytes, p: "Process", pid: int, permissions: int) -> None:
        super().__init__(path, permissions)
        self._pid = pid
        self._image = p.image if pid == p.pid else -1

    def _regions(self, p: "Process") -> list[Region] | None:
        """The memory, None if the image is gone. EACCES if the process does not answer."""
        try:
            image, regions = memory_of(p, self._pid)
        except LinuxError as error:
            if error.errno == Errno.ESRCH:
                return None
            raise
        if self._image < 0:
            self._image = image
        return regions if image == self._image else None

    def _host_pid(self, p: "Process") -> int:
        return os.getpid() if self._pid == p.pid else int(p.zone.host_pid(self._pid))


class Memory(_OfAnImage):
    """mem."""

    __slots__ = ()

    def __init__(self, path: bytes, p: "Process", pid: int) -> None:
        super().__init__(path, p, pid, 0o600)

    def read_at(self, p: "Process", at: int, size: int) -> bytes:
        """See Window. EIO where nothing is mapped."""
        regions = self._regions(p)
        if regions is None or not size:
            return b""
        there = pieces(regions, at, size)
        data = bytearray(sum(length for _, length in there))
        return bytes(data[: self._move(p, data, there, write=False)])

    def write_at(self, p: "Process", at: int, data: bytes) -> int:
        """See Window. EIO where nothing is mapped, or nothing can be written."""
        regions = self._regions(p)
        if regions is None or not data:
            return 0
        moved = self._move(p, bytearray(data), pieces(regions, at, len(data)), write=True)
        written(p, self._pid, regions, at, moved)
        return moved

    def _move(self, p: "Process", data: bytearray, there: list[Piece], *, write: bool) -> int:
        if not there:
            raise LinuxError(Errno.EIO)
        try:
            return calls.process_vm(self._host_pid(p), [(address(memoryview(data)), len(data))], there, write=write)
        except OSError:
            raise LinuxError(Errno.EIO) from None


class Pagemap(_OfAnImage):
    """pagemap: eight bytes for each page of the address space."""

    __slots__ = ()

    def __init__(self, path: bytes, p: "Process", pid: int) -> None:
        super().__init__(path, p, pid, 0o400)

    def read_at(self, p: "Process", at: int, size: int) -> bytes:
        """See Window. EINVAL for a part of an entry."""
        if at + size > MOST_POSITION:
            raise LinuxError(Errno.EINVAL)
        regions = self._regions(p)
        if regions is None:
            return b""
        if at % ENTRY or size % ENTRY:
            raise LinuxError(Errno.EINVAL)
        start = at // ENTRY * PAGE
        end = min(start + size // ENTRY * PAGE, p.memory.task_size)
        parts = []
        with open(f"/proc/{self._host_pid(p)}/pagemap", "rb", buffering=0) as file:
            while start < end:
                stop, entries = _entries(file.fileno(), regions, start, end)
                parts.append(entries)
                start = stop
        return b"".join(parts)


def _entries(pagemap: int, regions: list[Region], start: int, end: int) -> tuple[int, bytes]:
    """The entries of one region, or of the hole before the next, from `start` on: where they end, and the bytes."""
    i = bisect_right(regions, (start, 1 << 64)) - 1
    if i < 0 or start >= regions[i][1]:
        stop = min(end, regions[i + 1][0]) if i + 1 < len(regions) else end
        return stop, bytes((stop - start) // PAGE * ENTRY)
    first, last, host, _ = regions[i]
    stop = min(end, last)
    count = (stop - start) // PAGE
    read = os.pread(pagemap, count * ENTRY, (host + start - first) // PAGE * ENTRY).ljust(count * ENTRY, b"\0")
    return stop, pack(f"<{count}Q", *[entry & SHOWN for entry in unpack(f"<{count}Q", read)])
