"""A process's memory in /proc: maps, smaps, and the sums in stat, statm and status.

What is mapped is the VMA list's; what is resident is asked of the host for the very pages behind it
(/proc/self/pagemap), so that the emulator's own memory is in no sum.

Limits: how many others share a page is not told to an ordinary process, so Pss counts a shared page half; peaks are
the present values; a mapping above 64 GiB (address-space reservations of sanitizers and the like) is counted as not
resident.
"""


from lx.abi.lean import Iterable
from lx.abi.record import dataclass
from lx.kernel.memory import EXEC, PAGE, READ, WRITE, Vma

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lx.kernel.process import Process

PRESENT, SWAPPED, SHARED_OR_FILE, EXCLUSIVE = 0x80, 0x40, 0x20, 0x01
"""Bits of the most significant byte of a pagemap entry. Linux Documentation/admin-guide/mm/pagemap.rst."""
LARGEST = 64 << 30
CHUNK = 1 << 20
"""Bytes of pagemap read at once."""
NAME_COLUMN = 73
"""Where a mapping's name begins in /proc/PID/maps. Linux fs/proc/task_mmu.c, show_map_vma."""


@dataclass(slots=True)
class Resident:
    """Pages of a range that are in memory, by kind."""

    total: int = 0
    anonymous: int = 0
    private: int = 0
    """Mapped by this process alone."""
    private_anonymous: int = 0
    swapped: int = 0

    def add(self, other: "Resident") -> None:
        """Count another range's pages too."""
        self.total += other.total
        self.anonymous += other.anonymous
        self.private += other.private
        self.private_anonymous += other.private_anonymous
        self.swapped += other.swapped


def maps(p: "Process") -> bytes:
    """The text of /proc/PID/maps."""
    return b"".join(map(_header, _shown(p)))


def _shown(p: "Process") -> list[Vma]:
    """The mappings, and the page above user space, which is in every process that has an image."""
    vmas = list(p.memory.vmas())
    at = p.memory.fixed_page
    if vmas and at:
        vmas.append(Vma(at, at + PAGE, EXEC, name=b"[vsyscall]", may=EXEC, special=True))
    return vmas


def _header(vma: Vma) -> bytes:
    prot = bytes(
        letter if vma.prot & bit else ord("-") for letter, bit in zip(b"rwx", (READ, WRITE, EXEC), strict=True)
    )
    dev, ino = (vma.file.dev, vma.file.ino) if vma.file else (0, 0)
    line = b"%08x-%08x %b%c %08x %02x:%02x %d " % (
        vma.start,
        vma.end,
        prot,
        b"s" if vma.shared else b"p",
        vma.offset,
        dev >> 8 & 0xFFF,
        dev & 0xFF | dev >> 12 & 0xFFF00,
        ino,
    )
    name = vma.file.path if vma.file else vma.name
    return (line.ljust(NAME_COLUMN) + name.replace(b"\n", b"\\012") if name else line) + b"\n"


def resident(p: "Process", vmas: Iterable[Vma]) -> Resident:
    """How much of these mappings is in memory."""
    found = Resident()
    try:
        file = open("/proc/self/pagemap", "rb", buffering=0)
    except OSError:
        return found
    with file:
        for vma in vmas:
            if vma.special or vma.end - vma.start > LARGEST:
                continue
            for start, end, host in p.memory.pieces(vma.start, vma.end):
                file.seek(host // PAGE * 8)
                left = (end - start) // PAGE * 8
                while left:
                    chunk = file.read(min(left, CHUNK))
                    if not chunk:
                        break
                    left -= len(chunk)
                    _count(found, chunk[7::8])
    return found


def _count(found: Resident, tops: bytes) -> None:
    for top in set(tops):
        pages = tops.count(top)
        if top & PRESENT:
            anonymous = not top & SHARED_OR_FILE
            found.total += pages
            found.anonymous += pages * anonymous
            found.private += pages * bool(top & EXCLUSIVE)
            found.private_anonymous += pages * (anonymous and bool(top & EXCLUSIVE))
        elif top & SWAPPED:
            found.swapped += pages


def _flags(vma: Vma) -> bytes:
    words = [b"rd"] * bool(vma.prot & READ) + [b"wr"] * bool(vma.prot & WRITE) + [b"ex"] * bool(vma.prot & EXEC)
    words += [b"sh"] * vma.shared
    words += [word for word, bit in ((b"mr", READ), (b"mw", WRITE), (b"me", EXEC)) if vma.may & bit]
    words += [b"ms"] * vma.shared + [b"gd"] * vma.grows + [b"lo"] * vma.locked + [b"dc"] * vma.dontfork
    words += [b"nr"] * vma.noreserve + [b"ac"] * bool(vma.prot & WRITE and not vma.shared)
    return b" ".join(words) + b" "


def _figures(size: int, found: Resident, locked: bool) -> list[tuple[bytes, int]]:
    shared = found.total - found.private
    shared_anonymous = found.anonymous - found.private_anonymous
    kb = PAGE // 1024
    return [
        (b"Rss", found.total * kb),
        (b"Pss", found.private * kb + shared * kb // 2),
        (b"Shared_Clean", (shared - shared_anonymous) * kb),
        (b"Shared_Dirty", shared_anonymous * kb),
        (b"Private_Clean", (found.private - found.private_anonymous) * kb),
        (b"Private_Dirty", found.private_anonymous * kb),
        (b"Referenced", found.total * kb),
        (b"Anonymous", found.anonymous * kb),
        (b"LazyFree", 0),
        (b"AnonHugePages", 0),
        (b"ShmemPmdMapped", 0),
        (b"FilePmdMapped", 0),
        (b"Shared_Hugetlb", 0),
        (b"Private_Hugetlb", 0),
        (b"Swap", found.swapped * kb),
        (b"SwapPss", found.swapped * kb),
        (b"Locked", (found.total if locked else 0) * kb),
    ]


def _lines(figures: Iterable[tuple[bytes, int]]) -> bytes:
    return b"".join(b"%-16b%8d kB\n" % (name + b":", value) for name, value in figures)


def smaps(p: "Process") -> bytes:
    """The text of /proc/PID/smaps."""
    blocks = []
    for vma in _shown(p):
        size = vma.end - vma.start
        blocks.append(_header(vma))
        blocks.append(_lines([(b"Size", size // 1024), (b"KernelPageSize", 4), (b"MMUPageSize", 4)]))
        blocks.append(_lines(_figures(size, resident(p, [vma]), vma.locked)))
        blocks.append(b"THPeligible:    %8d\nVmFlags: %b\n" % (0, _flags(vma)))
    return b"".join(blocks)


def smaps_rollup(p: "Process") -> bytes:
    """The text of /proc/PID/smaps_rollup."""
    vmas = list(p.memory.vmas())
    if not vmas:
        return b""
    head = b"%08x-%08x ---p %08x 00:00 0 " % (vmas[0].start, vmas[-1].end, 0)
    locked = resident(p, [vma for vma in vmas if vma.locked]).total
    figures = dict(_figures(p.memory.total, resident(p, vmas), False))
    figures[b"Locked"] = locked * (PAGE // 1024)
    return head.ljust(NAME_COLUMN) + b"[rollup]\n" + _lines(figures.items())


@dataclass(slots=True)
class Sizes:
    """The sums that stat, statm and status show, in bytes."""

    total: int
    rss: int
    anonymous: int
    swapped: int
    locked: int
    data: int
    stack: int
    text: int
    libraries: int


def sizes(p: "Process") -> Sizes:
    """Sum up the address space."""
    vmas = list(p.memory.vmas())
    found = resident(p, vmas)

    def total(chosen: Iterable[Vma]) -> int:
        return sum(vma.end - vma.start for vma in chosen)

    executable = [vma for vma in vmas if vma.prot & EXEC and not vma.prot & WRITE and not vma.shared]
    text = total(vma for vma in executable if vma.file and vma.file.path == p.exe)
    return Sizes(
        p.memory.total,
        found.total * PAGE,
        found.anonymous * PAGE,
        found.swapped * PAGE,
        total(vma for vma in vmas if vma.locked),
        p.memory.data_size(),
        total(vma for vma in vmas if vma.grows),
        text,
        total(executable) - text,
    )
