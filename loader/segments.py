"""Putting a file's PT_LOAD segments into memory, in the order and with the arithmetic of Linux's fs/binfmt_elf.c.

Whatever the headers say is done as long as mmap allows it: segments may overlap, lie anywhere, be larger than the file. What mmap
refuses kills, because the old image is gone. So this module checks nothing that mapping finds out, and wraps where Linux wraps.

The bytes between a segment's file size and its memory size are zeros: to the end of the last page in place (if the segment is
writable), after that as anonymous pages, which are readable and writable whatever the segment says.
"""

from loader.elf import ET_DYN, ET_EXEC, Elf, Segment
from lx.abi.errno import Errno, LinuxError
from lx.abi.record import dataclass
from lx.kernel.memory import VmaFile, page_up

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lx.kernel.memory import AddressSpace

PAGE = 4096
U64 = 2**64 - 1
READ, WRITE, EXEC = 1, 2, 4


@dataclass(frozen=True, slots=True)
class Mapped:
    """Where a file's addresses went: guest address minus file address, and the end of its memory as a file address."""

    bias: int
    end: int


def map_program(elf: Elf, fd: int, memory: "AddressSpace", file: VmaFile, base: int) -> Mapped:
    """Map the program. base: where a position independent one with an interpreter goes; 0 for one without."""
    bias = end = 0
    for i, segment in enumerate(elf.loads):
        total = 0
        if i == 0:
            alone = elf.type == ET_EXEC
            if elf.type == ET_DYN:
                total = _extent(elf)
                bias, alone = _bias(elf, segment, memory, base, total)
            if alone and segment.filesz:
                _refuse_neighbours(memory, bias + segment.vaddr & U64, segment, total)
        _map(memory, segment, bias + segment.vaddr & U64, fd, file, total)
        _check(memory, segment, segment.vaddr)
        end = max(end, segment.vaddr + segment.memsz)
    return Mapped(bias, end)


def map_interpreter(elf: Elf, fd: int, memory: "AddressSpace", file: VmaFile, *, beside: bool) -> Mapped:
    """Map the interpreter. beside: the program was moved; then the file's own addresses are tried first."""
    if elf.type not in (ET_EXEC, ET_DYN):
        raise LinuxError(Errno.ELIBBAD)
    total = _extent(elf)
    bias = end = 0
    for i, segment in enumerate(elf.loads):
        if i == 0 and elf.type == ET_DYN:
            at = segment.vaddr & -PAGE if beside else 0
            if segment.filesz:
                at = memory.find_free(page_up(total), at)
            bias = at - (segment.vaddr & -PAGE)
        address = bias + segment.vaddr & U64
        _map(memory, segment, address, fd, file, 0 if i else total)
        _check(memory, segment, address)
        end = max(end, segment.vaddr + segment.memsz)
    return Mapped(bias, end)


def _extent(elf: Elf) -> int:
    """Bytes from the first page of any segment to the end of any. EINVAL if there are none."""
    loads = elf.loads
    lowest = min((segment.vaddr & -PAGE for segment in loads), default=0)
    total = max((segment.vaddr + segment.memsz & U64 for segment in loads), default=0) - lowest & U64
    if not total:
        raise LinuxError(Errno.EINVAL)
    return total


def _bias(elf: Elf, first: Segment, memory: "AddressSpace", base: int, total: int) -> tuple[int, bool]:
    """How far a position independent program moves, and whether nothing may be in its way there."""
    align = page_up(max((s.align for s in elf.loads if s.align & (s.align - 1) == 0), default=PAGE) or PAGE)
    if base or align > PAGE:
        at = base if base else memory.find_free(page_up(total)) if first.filesz else 0
        return ((at & -align) - first.vaddr) & -PAGE, True
    bias = -first.vaddr & -PAGE
    if first.filesz:
        bias += memory.find_free(page_up(total)) - (bias + first.vaddr & -PAGE)
    return bias, False


def _refuse_neighbours(memory: "AddressSpace", address: int, segment: Segment, total: int) -> None:
    start = address & -PAGE
    if memory.overlapping(start, start + page_up(total or segment.filesz + address % PAGE)):
        raise LinuxError(Errno.EEXIST)


def _check(memory: "AddressSpace", segment: Segment, address: int) -> None:
    """What Linux looks at after it has mapped a segment. EINVAL."""
    size = memory.task_size
    if address >= size or segment.filesz > segment.memsz or segment.memsz > size - address:
        raise LinuxError(Errno.EINVAL)


def _map(memory: "AddressSpace", segment: Segment, address: int, fd: int, file: VmaFile, total: int) -> None:
    """Map one segment whose first byte lies at `address`. total: room for the whole image is claimed first. Kills if it fails."""
    edge, start = address % PAGE, address & -PAGE
    memory.check_low(start)
    zero, end = start, start + edge + segment.memsz
    if segment.filesz:
        offset = segment.offset - edge & U64
        if offset % PAGE or offset >> 63:
            raise LinuxError(Errno.EINVAL)
        size = page_up(segment.filesz + edge)
        if total and page_up(total) != size:
            memory.map_file(start, total, segment.prot, fd, offset, file)
            memory.unmap(start + size, page_up(total) - size)
        else:
            memory.map_file(start, size, segment.prot, fd, offset, file)
        zero += edge + segment.filesz
        if segment.memsz > segment.filesz and segment.prot & WRITE and zero % PAGE:
            memory.write(zero, bytes(PAGE - zero % PAGE))
    if segment.memsz > segment.filesz and page_up(end) > page_up(zero):
        memory.map_anonymous(page_up(zero), page_up(end) - page_up(zero), READ | WRITE | segment.prot & EXEC)
