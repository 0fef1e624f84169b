"""A process's address space: the VMA list, and the host memory behind it.

Guest memory is ordinary host memory, so that anonymous pages are copy-on-write across the host's fork, shared ones are
really shared, file pages are the host's page cache, and a handler's buffer is the guest's memory itself. Where a guest page
lies on the host is this module's own business: guest space is cut into windows of 1 TiB, and a window gets a reserved host
region when it is first used, so that what is contiguous for the guest is contiguous on the host within a window.

Host pages are readable and writable whatever the guest's protection is; mprotect edits the list, tells the engine what its
TLB misses are to be answered with, and calls the host not at all. The engine's ranges are derived from the VMAs and nothing
else. Host mappings are made with MAP_NORESERVE; the overcommit heuristic is applied here.

The engine flushes translations when an executable range goes away, so a new mapping at its place starts clean. Not at execve,
while all that was executable was the text of files: a static program run again, as shells on busybox do all day, finds its
translations (half of what exec costs), and the first other executable pages at such a place flush them.
Missing: two mappings of one file, one written and one executed (double-mapped JITs), do not see each other's code changes.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from struct import Struct

from lx.abi.capability import Cap
from lx.abi.errno import Errno, LinuxError
from lx.abi.fcntl import MAX_RW_COUNT
from lx.abi.lean import Callable, Iterator
from lx.abi.record import dataclass, replace
from lx.host.linux_only import effective_capabilities
from lx.kernel import hostmap
from lx.kernel.gaps import Gaps
from lx.kernel.hostmap import MAP_ANONYMOUS, MAP_FIXED, MAP_NORESERVE, MAP_PRIVATE, MAP_SHARED, PROT_NONE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from lx.cpu.pure import Engine

PAGE = 4096
WINDOW = 1 << 40
READ, WRITE, EXEC = 1, 2, 4
VANISHING = 8
"""Engine's bit for pages that may vanish under us (file mappings): copied with the kernel's help, checked when filled."""
MAX_MAP_COUNT = 65530
MANY_TEXTS = 64
"""Mappings of former images whose translations are kept."""
MMAP_MIN_ADDR = 0x10000
LOW_START, LOW_END = 0x40000000, 0x80000000
STACK_GUARD_GAP = 256 * PAGE
PATH_MAX = 4096
IOV_MAX = 1024
HOST_RW = hostmap.PROT_READ | hostmap.PROT_WRITE
IOVEC = Struct("<QQ")


def page_up(n: int) -> int:
    """The next page boundary at or above n."""
    return (n + PAGE - 1) & -PAGE


@dataclass(frozen=True, slots=True)
class VmaFile:
    """The file behind a mapping, as /proc/PID/maps shows it."""

    dev: int
    ino: int
    path: bytes
    changed: int = 0
    """When it was last changed (st_ctime_ns): which content was mapped."""


@dataclass(frozen=True, slots=True)
class Vma:
    """One mapping, [start, end): attributes are equal over all of it."""

    start: int
    end: int
    prot: int
    shared: bool = False
    file: VmaFile | None = None
    offset: int = 0
    name: bytes = b""
    may: int = 7
    """Protections mprotect may give (a shared mapping of a read-only descriptor may not become writable)."""
    grows: bool = False
    noreserve: bool = False
    locked: bool = False
    dontfork: bool = False
    policy: tuple[int, int] | None = None
    """A memory policy of its own (mbind): mode and nodes."""
    special: bool = False
    """Its pages lie elsewhere (the host's clock data): it is published once, by map_host_pages."""

    def joins(self, other: Vma) -> bool:
        """Whether `other`, which begins at our end, can be one mapping with us."""
        return (
            self.end == other.start
            and self.prot == other.prot
            and self.shared == other.shared
            and self.file == other.file
            and (self.file is None or self.offset + self.end - self.start == other.offset)
            and not (self.file is None and self.shared)
            and self.name == other.name
            and self.may == other.may
            and self.grows == other.grows
            and self.locked == other.locked
            and self.dontfork == other.dontfork
            and self.policy == other.policy
            and self.special == other.special
        )


@dataclass(slots=True)
class Layout:
    """Where the areas of an address space begin. Addresses in bytes."""

    mmap_base: int = 0x7FFF_F7FF_F000
    stack_top: int = 0x7FFF_FFFF_F000
    brk: int = 0
    pie_base: int = 0x5555_5555_4000


@dataclass(slots=True)
class MemoryLimits:
    """RLIMIT_AS, _DATA, _STACK and _MEMLOCK in bytes, as the address space asks for them."""

    address_space: int = 2**64 - 1
    data: int = 2**64 - 1
    stack: int = 8 << 20
    total_memory: int = 2**64 - 1
    """Memory and swap of the machine: the overcommit heuristic refuses a single mapping above it."""


class AddressSpace:
    """The memory of one process. Guest addresses everywhere; LinuxError for Linux's errors."""

    def __init__(self, engine: Engine, task_size: int, limits: Callable[[], MemoryLimits]) -> None:
        self.engine = engine
        self.task_size = task_size
        self.limits = limits
        self.layout = Layout()
        self.windows: dict[int, int] = {}
        self.fixed_page = 0
        self.shares = False
        """Whether memory has ever been mapped that other processes may write too, or see written."""
        self.on_sharing: Callable[[], None] = lambda: None
        """Called when `shares` becomes true."""
        self._kept: dict[bytes, tuple[int, bytes]] = {}
        self._only_text = True
        self._former_text: list[Text] = []
        self.read: Callable[[int, int], bytes] = engine.read
        self.write: Callable[[int, bytes], None] = engine.write
        self.u32: Callable[[int], int] = engine.u32
        self.u64: Callable[[int], int] = engine.u64
        self.put_u32: Callable[[int, int], None] = engine.put_u32
        self.put_u64: Callable[[int, int], None] = engine.put_u64
        self.cstring: Callable[[int, int], bytes] = engine.cstring
        self.readable: Callable[[int, int], list[memoryview]] = engine.readable
        self.writable: Callable[[int, int], list[memoryview]] = engine.writable
        self._empty()
        engine.set_grow(self._grow_stack)

    def _empty(self) -> None:
        self.starts: list[int] = []
        self.list: list[Vma] = []
        self.gaps = Gaps(0, self.task_size)
        self.total = 0
        self.brk_start = self.brk_end = self.program_data = 0

    # ---- guest memory for handlers

    def path(self, address: int) -> bytes:
        """A path argument, without its NUL. EFAULT; ENAMETOOLONG from 4096 bytes on."""
        text = self.cstring(address, PATH_MAX)
        if len(text) == PATH_MAX:
            raise LinuxError(Errno.ENAMETOOLONG)
        return text

    def read_struct(self, address: int, layout: Struct) -> tuple[Any, ...]:
        """Unpack a structure. EFAULT."""
        return layout.unpack(self.read(address, layout.size))

    def write_struct(self, address: int, layout: Struct, *values: Any) -> None:
        """Pack a structure. EFAULT."""
        self.write(address, layout.pack(*values))

    def iovec_in(self, address: int, count: int) -> list[memoryview]:
        """The buffers of an iovec that the call reads (writev). EINVAL, EFAULT."""
        return self._iovec(address, count, self.readable)

    def iovec_out(self, address: int, count: int) -> list[memoryview]:
        """The buffers of an iovec that the call fills (readv). EINVAL, EFAULT."""
        return self._iovec(address, count, self.writable)

    def iovec_size(self, address: int, count: int) -> int:
        """The bytes that an iovec asks for, at most what one call moves. EFAULT."""
        return min(sum(length for _, length in self.iovec_entries(address, count)), MAX_RW_COUNT)

    def iovec_entries(self, address: int, count: int) -> list[tuple[int, int]]:
        """(address, length) of an iovec's entries. EFAULT."""
        entries: list[tuple[int, int]] = list(IOVEC.iter_unpack(self.read(address, count * IOVEC.size)))
        return entries

    def iovec_imported(self, address: int, count: int) -> list[tuple[int, int]]:
        """(address, length) of an iovec's entries, which Linux would take before it touches a buffer. EINVAL, EFAULT."""
        if not 0 <= count <= IOV_MAX:
            raise LinuxError(Errno.EINVAL)
        entries = self.iovec_entries(address, count)
        if any(length >> 63 for _, length in entries):
            raise LinuxError(Errno.EINVAL)
        if any(base + length > self.task_size for base, length in entries):
            raise LinuxError(Errno.EFAULT)
        return entries

    def _iovec(self, address: int, count: int, view: Callable[[int, int], list[memoryview]]) -> list[memoryview]:
        entries = self.iovec_imported(address, count)
        room = MAX_RW_COUNT
        pieces: list[memoryview] = []
        for base, length in entries:
            length = min(length, room)
            room -= length
            try:
                got = view(base, length)
            except LinuxError:
                if pieces:
                    break
                raise
            pieces += got
            if sum(map(len, got)) < length:
                break
        return pieces

    # ---- looking at mappings

    def vmas(self) -> Iterator[Vma]:
        """All mappings in order of address."""
        return iter(self.list)

    def find(self, address: int) -> Vma | None:
        """The mapping that holds the address."""
        i = bisect_right(self.starts, address) - 1
        if i >= 0 and address < self.list[i].end:
            return self.list[i]
        return None

    def overlapping(self, start: int, end: int) -> list[Vma]:
        """The mappings that have a byte in [start, end), whole."""
        i = max(bisect_right(self.starts, start) - 1, 0)
        if i < len(self.list) and self.list[i].end <= start:
            i += 1
        return self.list[i : bisect_left(self.starts, end)]

    def covered(self, start: int, end: int) -> bool:
        """No byte of [start, end) is unmapped."""
        at = start
        for vma in self.overlapping(start, end):
            if vma.start > at:
                return False
            at = vma.end
        return at >= end

    def find_free(self, length: int, hint: int = 0) -> int:
        """Where mmap would place `length` bytes: at the hint if it is free, else top-down. ENOMEM."""
        length = page_up(length)
        at = self._hinted(length, hint, self.task_size)
        if at is None:
            at = self.gaps.highest(length, MMAP_MIN_ADDR, self.layout.mmap_base)
        if at is None:
            at = self.gaps.lowest(length, MMAP_MIN_ADDR, self.task_size)
        if at is None:
            raise LinuxError(Errno.ENOMEM)
        return at

    def find_low(self, length: int, hint: int = 0) -> int:
        """Likewise for MAP_32BIT: bottom-up in the second gigabyte. Linux arch/x86/kernel/sys_x86_64.c, find_start_end."""
        length = page_up(length)
        at = self._hinted(length, hint, LOW_END)
        if at is None:
            at = self.gaps.lowest(length, LOW_START, LOW_END)
        if at is None:
            raise LinuxError(Errno.ENOMEM)
        return at

    def _hinted(self, length: int, hint: int, end: int) -> int | None:
        hint &= -PAGE
        if not hint:
            return None
        hint = max(hint, MMAP_MIN_ADDR)
        free = hint + length <= end and self.gaps.is_free(hint, hint + length) and self._clear_of_stack(hint + length)
        return hint if free else None

    def check_low(self, address: int) -> None:
        """EPERM for a mapping at fixed low addresses without the privilege."""
        if address < MMAP_MIN_ADDR and not effective_capabilities() >> Cap.SYS_RAWIO & 1:
            raise LinuxError(Errno.EPERM)

    def _clear_of_stack(self, end: int) -> bool:
        i = bisect_left(self.starts, end)
        return i == len(self.list) or not self.list[i].grows or self.list[i].start - end >= STACK_GUARD_GAP

    def shared_host(self, address: int) -> int:
        """The host address of a word in shared memory; 0 if its memory is the process's own."""
        vma = self.find(address) if self.shares else None
        return self._host(address) if vma is not None and vma.shared else 0

    def is_present(self, address: int) -> bool:
        """Whether the page, which is mapped, is in memory: who faults on it is told."""
        return bool(hostmap.mincore(self._host(address & -PAGE), PAGE)[0] & 1)

    def regions(self) -> list[tuple[int, int, int, int]]:
        """(start, end, host address of the start, protection) of all that is mapped, ascending."""
        found: list[tuple[int, int, int, int]] = self.engine.ranges_list()
        for vma in self.list:
            if not vma.prot & 7:
                found += [(a, b, host, 0) for a, b, host in self.pieces(vma.start, vma.end)]
        return sorted(found)

    # ---- the host behind it

    def _host(self, address: int) -> int:
        """The host address of a guest address, whether it is mapped or not."""
        window = address // WINDOW
        base = self.windows.get(window)
        if base is None:
            try:
                base = hostmap.mmap(0, WINDOW, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE)
            except OSError:
                raise LinuxError(Errno.ENOMEM) from None
            self.windows[window] = base
        return base + address % WINDOW

    def pieces(self, start: int, end: int) -> list[tuple[int, int, int]]:
        """(guest start, guest end, host start) of [start, end), cut at windows."""
        if start // WINDOW == (end - 1) // WINDOW:
            return [(start, end, self._host(start))]
        found = []
        while start < end:
            stop = min(end, (start // WINDOW + 1) * WINDOW)
            found.append((start, stop, self._host(start)))
            start = stop
        return found

    def _reserve(self, start: int, end: int) -> None:
        for a, b, host in self.pieces(start, end):
            hostmap.mmap(
                host, b - a, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED
            )

    def _publish(self, vma: Vma) -> None:
        if vma.prot & 7 == 0:
            self.engine.unmap_range(vma.start, vma.end)
            return
        if vma.special:
            return
        if vma.prot & EXEC:
            self._executable(vma)
        prot = vma.prot & 7 | (VANISHING if vma.file is not None else 0)
        for a, b, host in self.pieces(vma.start, vma.end):
            self.engine.map_range(a, b, host, prot)

    # ---- translated code

    def _executable(self, vma: Vma) -> None:
        """Executable pages appear: what was translated from others at their place is forgotten."""
        self._only_text &= vma.file is not None and not vma.shared and not vma.prot & WRITE
        text = _text(vma)
        for former in self._former_text:
            if former == text:
                self.engine.tell_parent(True)
            elif former[0] < vma.end and vma.start < former[1]:
                self._flush_code()
                break

    def _flush_code(self) -> None:
        self.engine.flush_code()
        self._former_text = []

    # ---- the list

    def _insert(self, vma: Vma) -> None:
        """Put a mapping where there is none, joined with its neighbours if they are alike."""
        i = bisect_left(self.starts, vma.start)
        if i and self.list[i - 1].joins(vma):
            i -= 1
            vma = replace(self.list[i], end=vma.end)
            del self.list[i], self.starts[i]
        if i < len(self.list) and vma.joins(self.list[i]):
            vma = replace(vma, end=self.list[i].end)
            del self.list[i], self.starts[i]
        self.list.insert(i, vma)
        self.starts.insert(i, vma.start)

    def _cut(self, start: int, end: int) -> list[Vma]:
        """Take [start, end) out of the list; the parts taken out, cut at both ends."""
        taken = self.overlapping(start, end)
        if not taken:
            return taken
        i = bisect_left(self.starts, taken[0].start)
        left, right = [], []
        if taken[0].start < start:
            left = [replace(taken[0], end=start)]
            taken[0] = _tail(taken[0], start)
        if taken[-1].end > end:
            right = [_tail(taken[-1], end)]
            taken[-1] = replace(taken[-1], end=end)
        kept = left + right
        count = len(taken)
        self.list[i : i + count] = kept
        self.starts[i : i + count] = [vma.start for vma in kept]
        return taken

    def _replace(self, start: int, end: int, change: Callable[[Vma], Vma]) -> list[Vma]:
        """Change the attributes of all mappings in [start, end), which may be empty; the changed ones."""
        if start == end:
            return []
        changed = [change(vma) for vma in self._cut(start, end)]
        for vma in changed:
            self._insert(vma)
        return changed

    def _check_count(self, extra: int = 1) -> None:
        if len(self.list) + extra > MAX_MAP_COUNT:
            raise LinuxError(Errno.ENOMEM)

    def _check_size(self, length: int, vma: Vma) -> None:
        limits = self.limits()
        if self.total + length > limits.address_space:
            raise LinuxError(Errno.ENOMEM)
        private = not vma.shared and vma.prot & WRITE
        if private and not vma.noreserve and length > limits.total_memory:
            raise LinuxError(Errno.ENOMEM)
        if private and not vma.grows and limits.data < 2**63 and self.data_size() + length > limits.data:
            raise LinuxError(Errno.ENOMEM)

    def data_size(self) -> int:
        """Bytes of private writable mappings that are not the stack (what RLIMIT_DATA limits)."""
        return sum(v.end - v.start for v in self.list if v.prot & WRITE and not v.shared and not v.grows)

    # ---- changing it

    def map(self, vma: Vma, fd: int = -1, fd_offset: int = 0, attach: Callable[[int], None] | None = None) -> int:
        """Make a mapping at exactly vma.start, over whatever is there; its address. ENOMEM, or the host's error.

        attach: puts the host's pages of a thing that no descriptor names at a host address; it cannot be cut in two.
        """
        start, end = vma.start, vma.end
        if start % PAGE or not 0 <= start < end <= self.task_size:
            raise LinuxError(Errno.ENOMEM)
        self._check_count()
        old = self.overlapping(start, end)
        self._check_size(end - start - sum(min(v.end, end) - max(v.start, start) for v in old), vma)
        if vma.shared and vma.may & WRITE and not self.shares:
            self.shares = True
            self.engine.share_memory()
            self.on_sharing()
            self._former_text = []
        flags = (MAP_SHARED if vma.shared else MAP_PRIVATE) | MAP_FIXED | MAP_NORESERVE
        prot = HOST_RW if vma.may & WRITE or not vma.shared else hostmap.PROT_READ
        if attach is not None and start // WINDOW != (end - 1) // WINDOW:
            raise LinuxError(Errno.ENOMEM)
        for a, b, host in self.pieces(start, end):
            if attach is not None:
                attach(host)
            elif fd < 0:
                hostmap.mmap(host, b - a, prot, flags | MAP_ANONYMOUS)
            else:
                hostmap.mmap(host, b - a, prot, flags, fd, fd_offset + a - start)
        if old:
            self._forget(start, end)
        self.gaps.occupy(start, end)
        self.total += end - start
        self._insert(vma)
        self._publish(vma)
        if vma.grows:
            self._watch_stack()
        return start

    def _forget(self, start: int, end: int) -> None:
        """Take [start, end) out of the list, the gaps and the engine; the host pages stay as they are."""
        executable = False
        for vma in self._cut(start, end):
            self.gaps.release(vma.start, vma.end)
            self.total -= vma.end - vma.start
            executable |= bool(vma.prot & EXEC)
        self.engine.unmap_range(start, end)
        if executable:
            self._flush_code()

    def map_anonymous(self, address: int, length: int, prot: int, name: bytes = b"", *, grows: bool = False) -> int:
        """A private anonymous mapping at exactly this address, for the loader."""
        end = address + page_up(length)
        return self.map(Vma(address, end, prot, name=name, grows=grows))

    def map_file(
        self, address: int, length: int, prot: int, fd: int, offset: int, file: VmaFile, *, private: bool = True
    ) -> int:
        """A mapping of a file at exactly this address. `offset` in bytes, page aligned."""
        end = address + page_up(length)
        return self.map(Vma(address, end, prot, not private, file, offset), fd, offset)

    def unmap(self, start: int, length: int) -> None:
        """munmap: no error for holes. ENOMEM when splitting would exceed the number of mappings."""
        end = start + page_up(length)
        inside = self.overlapping(start, end)
        if not inside:
            return
        if inside[0].start < start and inside[-1].end > end:
            self._check_count()
        self._forget(start, end)
        self._reserve(max(start, inside[0].start), min(end, inside[-1].end))
        if any(vma.grows for vma in inside):
            self._watch_stack()

    def protect(self, start: int, length: int, prot: int) -> None:
        """mprotect: applied up to the first hole, then ENOMEM; EACCES for what the file does not allow."""
        end = start + page_up(length)
        at = start
        for vma in self.overlapping(start, end):
            if vma.start > at:
                break
            if prot & ~vma.may & 7:
                raise LinuxError(Errno.EACCES)
            stop = min(vma.end, end)
            if vma.prot != prot:
                self._check_count(2)
                gone = vma.prot & EXEC and not prot & EXEC
                self._only_text &= not prot & EXEC
                for changed in self._replace(at, stop, lambda v: replace(v, prot=prot)):
                    self._publish(changed)
                if gone:
                    self._flush_code()
            at = stop
        if at < end:
            raise LinuxError(Errno.ENOMEM)

    def change(self, start: int, end: int, **attributes: Any) -> None:
        """Set bookkeeping attributes (locked, dontfork, name) over [start, end)."""
        self._replace(start, end, lambda vma: replace(vma, **attributes))

    def move(self, vma: Vma, start: int, old: int, new: int, to: int, *, keep: bool = False) -> int:
        """mremap: move [start, start+old) of one mapping to `to`, `new` bytes long; keep: MREMAP_DONTUNMAP."""
        part = _tail(vma, start) if vma.start < start else vma
        moved = replace(part, start=to, end=to + new)
        self._check_count(2)
        if self.overlapping(to, to + new):
            self.unmap(to, new)
        self._check_size(new - (0 if keep else old), moved)
        at = self._host(to)
        if to // WINDOW != (to + new - 1) // WINDOW or start // WINDOW != (start + old - 1) // WINDOW:
            raise LinuxError(Errno.ENOMEM)
        flags = hostmap.MREMAP_MAYMOVE | hostmap.MREMAP_FIXED | (hostmap.MREMAP_DONTUNMAP if keep else 0)
        hostmap.mremap(self._host(start), old, new, flags, at)
        if keep:
            self.engine.flush_tlb()
        else:
            self._forget(start, start + old)
            self._reserve(start, start + old)
        self.gaps.occupy(to, to + new)
        self.total += new
        self._insert(moved)
        self._publish(moved)
        if part.prot & EXEC:
            self._flush_code()
        return to

    def duplicate(self, vma: Vma, start: int, length: int, to: int) -> int:
        """mremap of length 0: a second mapping of the shared object at `start`, at `to`."""
        part = _tail(vma, start) if vma.start < start else vma
        copy = replace(part, start=to, end=to + length)
        self._check_count(2)
        if self.overlapping(to, to + length):
            self.unmap(to, length)
        self._check_size(length, copy)
        if to // WINDOW != (to + length - 1) // WINDOW:
            raise LinuxError(Errno.ENOMEM)
        hostmap.mremap(self._host(start), 0, length, hostmap.MREMAP_MAYMOVE | hostmap.MREMAP_FIXED, self._host(to))
        self.gaps.occupy(to, to + length)
        self.total += length
        self._insert(copy)
        self._publish(copy)
        return to

    def extend(self, vma: Vma, end: int) -> bool:
        """Grow a mapping upwards in place to `end`; False if something is in the way."""
        if end > self.task_size or not self.gaps.is_free(vma.end, end) or vma.end // WINDOW != (end - 1) // WINDOW:
            return False
        self._check_size(end - vma.end, vma)
        first = self._host(vma.start)
        if vma.file is None and not vma.shared:
            hostmap.mmap(
                self._host(vma.end),
                end - vma.end,
                HOST_RW,
                MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE,
            )
        else:
            self._extend_host(first, vma.end - vma.start, end - vma.start)
        self.gaps.occupy(vma.end, end)
        self.total += end - vma.end
        grown = replace(self._cut(vma.start, vma.end)[0], end=end)
        self._insert(grown)
        self._publish(grown)
        return True

    def _extend_host(self, host: int, old: int, new: int) -> None:
        """Grow a host mapping whose room above is our own reservation: drop that, then let the host grow it."""
        hostmap.munmap(host + old, new - old)
        try:
            hostmap.mremap(host, old, new, 0)
        except OSError:
            hostmap.mmap(
                host + old, new - old, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED
            )
            raise

    # ---- brk and stack

    def set_brk(self, start: int, data: int = 0) -> None:
        """Where the heap begins (and, yet empty, ends). data: bytes of the program that RLIMIT_DATA counts with the heap."""
        self.brk_start = self.brk_end = start
        self.program_data = data

    def brk(self, address: int) -> int:
        """The break after asking for this one: the old one if it cannot be had."""
        if address < self.brk_start or address - self.brk_start + self.program_data > self.limits().data:
            return self.brk_end
        old, new = page_up(self.brk_end), page_up(address)
        try:
            if new > old:
                if not self.gaps.is_free(old, new) or not self._clear_of_stack(new):
                    return self.brk_end
                self.map_anonymous(old, new - old, READ | WRITE, b"[heap]")
            elif new < old:
                self.unmap(new, old - new)
        except (LinuxError, OSError):
            return self.brk_end
        self.brk_end = address
        return address

    def _watch_stack(self) -> None:
        """Tell the engine where a miss may be a stack growing: from below the lowest that grows to the highest."""
        stacks = [vma for vma in self.list if vma.grows]
        if not stacks:
            self.engine.set_grow_window(0, 0)
            return
        lowest = stacks[0]
        i = bisect_left(self.starts, lowest.start)
        floor = self.list[i - 1].end if i else MMAP_MIN_ADDR
        low = max(floor, page_up(lowest.end - min(self.limits().stack, lowest.end)))
        self.engine.set_grow_window(low, stacks[-1].start)

    def _grow_stack(self, address: int) -> bool:
        """A miss below the stack: extend it down to the address's page if its limit allows."""
        self._watch_stack()
        above = bisect_left(self.starts, address)
        if above == len(self.list) or not self.list[above].grows:
            return False
        stack = self.list[above]
        start = address & -PAGE
        if stack.end - start > self.limits().stack or not self.gaps.is_free(start, stack.start):
            return False
        below = above - 1
        if below >= 0 and start - self.list[below].end < STACK_GUARD_GAP and self.list[below].prot:
            return False
        try:
            self.map(replace(stack, start=start, end=stack.start))
        except (LinuxError, OSError):
            return False
        return True

    def clear(self) -> None:
        """Unmap everything: the old image at execve."""
        for base in self.windows.values():
            hostmap.mmap(
                base, WINDOW, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED
            )
        self.engine.unmap_range(0, 2**64 - 1)
        self.engine.tell_parent(False)
        if self._only_text and len(self._former_text) < MANY_TEXTS:
            text = [_text(vma) for vma in self.list if vma.prot & EXEC and not vma.special]
            self._former_text += [known for known in text if known not in self._former_text]
        else:
            self._flush_code()
            self._only_text = True
        self.engine.set_grow_window(0, 0)
        self._empty()

    # ---- what the loader needs beside files

    def keep(self, name: bytes, content: bytes) -> int:
        """The host address of pages of the emulator's own with this content; the same for a name in each image."""
        host, old = self._kept.get(name, (0, b""))
        if content != old:
            host = host or hostmap.mmap(0, len(content), HOST_RW, MAP_PRIVATE | MAP_ANONYMOUS)
            hostmap.write(host, content)
            self._kept[name] = host, content
        return host

    def map_host_pages(self, mappings: list[HostPages]) -> None:
        """Show host pages in mappings that lie one behind the other, where all is free; they are not to be written."""
        self._check_count(len(mappings))
        start, end = mappings[0][0], mappings[-1][1]
        for a, b, host in self.pieces(start, end):
            hostmap.mmap(host, b - a, HOST_RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE)
        self.gaps.occupy(start, end)
        self.total += end - start
        for first, last, prot, name, parts in mappings:
            self._insert(Vma(first, last, prot, may=prot, name=name, special=True))
            for part in parts:
                self.engine.map_range(*part, prot)

    def map_fixed_page(self, address: int, host: int, prot: int) -> None:
        """Show a host page above user space, in no list and no count (the vsyscall page)."""
        self.fixed_page = address
        self.engine.map_range(address, address + PAGE, host, prot)


Text = tuple[int, int, int, bool, VmaFile | None, int]
HostPages = tuple[int, int, int, bytes, list[tuple[int, int, int]]]
"""A mapping's start, end, protection and name, and its parts: guest start, guest end, where that lies on the host."""


def _text(vma: Vma) -> Text:
    """What says which code a mapping holds, its start and end first."""
    return vma.start, vma.end, vma.prot, vma.shared, vma.file, vma.offset


def _tail(vma: Vma, start: int) -> Vma:
    return replace(vma, start=start, offset=vma.offset + start - vma.start if vma.file else 0)
