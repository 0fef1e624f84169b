"""Memory: mmap and its relatives act on the process's address space (lx.kernel.memory).

Order of checks is Linux's (mm/mmap.c, mprotect.c, mremap.c, madvise.c as documented by their man pages and by asking
the kernel); the guest's addresses never reach the host as they are.
"""

import os
import stat

from lx.abi.capability import Cap
from lx.abi.errno import Errno, LinuxError
from lx.abi.mman import Madvise, MapFlags, MremapFlags, MsyncFlags, Prot
from lx.abi.resource import Resource
from lx.host.linux_only import effective_capabilities
from lx.kernel import hostmap
from lx.kernel.memory import PAGE, AddressSpace, Vma, VmaFile, page_up
from lx.kernel.thread import Thread
from syscalls.declare import syscall
from syscalls.types import U64, Annotated, Fd, Int, Offset, Ptr, Size, UInt, ULong, flags_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

ProtBits = Annotated[int, flags_of(Prot, U64)]
MapBits = Annotated[int, flags_of(MapFlags, U64)]
MremapBits = Annotated[int, flags_of(MremapFlags, U64)]
MsyncBits = Annotated[int, flags_of(MsyncFlags)]

MAP_TYPE, MAP_SHARED, MAP_PRIVATE, MAP_SHARED_VALIDATE = 0x0F, 1, 2, 3
MAP_HUGE_SHIFT = 26
VALIDATED = (
    MapFlags.TYPE
    | MapFlags.FIXED
    | MapFlags.ANONYMOUS
    | MapFlags.BIT32
    | MapFlags.ABOVE4G
    | MapFlags.GROWSDOWN
    | MapFlags.DENYWRITE
    | MapFlags.EXECUTABLE
    | MapFlags.LOCKED
    | MapFlags.NORESERVE
    | MapFlags.POPULATE
    | MapFlags.NONBLOCK
    | MapFlags.STACK
    | MapFlags.HUGETLB
    | MapFlags.UNINITIALIZED
    | MapFlags.FIXED_NOREPLACE
    | (21 | 30) << MAP_HUGE_SHIFT
)
"""LEGACY_MAP_MASK of linux/mman.h: what MAP_SHARED_VALIDATE accepts."""
ACCESS_TO_MAY = {os.O_RDONLY: 5, os.O_RDWR: 7}
READ_IMPLIES_EXEC = 0x0400000


@syscall(note="MAP_HUGETLB is refused with ENOMEM: no huge pages are kept; MAP_SYNC needs DAX and is refused", result="ptr")
def mmap(t: Thread, addr: Ptr, length: Size, prot: ProtBits, flags: MapBits, fd: Fd, offset: Offset) -> int:
    """Map files or memory."""
    if offset % PAGE:
        raise LinuxError(Errno.EINVAL)
    anonymous = flags & MapFlags.ANONYMOUS
    if not anonymous:
        t.files.check(fd)
        status = _status_flags(fd)
        if flags & MapFlags.HUGETLB:
            raise LinuxError(Errno.EINVAL)
    if length == 0:
        if not anonymous:
            _status_flags(fd)
        raise LinuxError(Errno.EINVAL)
    size = page_up(length)
    if size > t.memory.task_size:
        raise LinuxError(Errno.ENOMEM)
    if flags & MapFlags.HUGETLB:
        _refuse_huge(t, addr, size, flags, offset & 2**64 - 1)
    at = _place(t.memory, addr, size, flags)
    if at > ERRORS:
        return at - (1 << 64)
    if flags & MapFlags.LOCKED:
        _check_locked(t, size)
    if not anonymous and _beyond(fd, offset & 2**64 - 1, size):
        raise LinuxError(Errno.EOVERFLOW)
    kind = flags & MAP_TYPE
    if kind not in (MAP_SHARED, MAP_PRIVATE) and (anonymous or kind != MAP_SHARED_VALIDATE):
        raise LinuxError(Errno.EINVAL)
    shared = kind != MAP_PRIVATE
    bits = _implied(t, prot) & 7
    noreserve, locked = bool(flags & MapFlags.NORESERVE), bool(flags & MapFlags.LOCKED)
    if anonymous:
        if shared and flags & MapFlags.GROWSDOWN:
            raise LinuxError(Errno.EINVAL)
        shared_file = _shared_memory(t) if shared else None
        grows = bool(flags & MapFlags.GROWSDOWN)
        vma = Vma(at, at + size, bits, shared, shared_file, grows=grows, noreserve=noreserve, locked=locked)
        t.memory.map(vma)
    else:
        if kind == MAP_SHARED_VALIDATE and flags & ~VALIDATED:
            raise LinuxError(Errno.EOPNOTSUPP)
        may = _file_rights(fd, status & os.O_ACCMODE, bits, shared, flags)
        if flags & MapFlags.SYNC:
            raise LinuxError(Errno.EOPNOTSUPP)
        vma = Vma(at, at + size, bits, shared, _file(t, fd), offset, may=may, noreserve=noreserve, locked=locked)
        t.memory.map(vma, fd, offset)
    if flags & (MapFlags.POPULATE | MapFlags.LOCKED):
        _populate(t.memory, vma)
    return at


HUGE_PAGE = 2 << 20


def _refuse_huge(t: Thread, addr: int, size: int, flags: int, offset: int) -> "NoReturn":
    """Huge pages are a file of Linux's own, and there are none in it."""
    size += -size % HUGE_PAGE
    if flags & MapFlags.FIXED and addr % HUGE_PAGE:
        raise LinuxError(Errno.EINVAL)
    _place(t.memory, addr, size, flags)
    if flags & MapFlags.LOCKED:
        _check_locked(t, size)
    if offset // PAGE > (2**63 - 1 - size) // PAGE:
        raise LinuxError(Errno.EOVERFLOW)
    if flags & MAP_TYPE not in (MAP_SHARED, MAP_PRIVATE) or offset % HUGE_PAGE:
        raise LinuxError(Errno.EINVAL)
    raise t.unsupported("mmap flag MAP_HUGETLB", flags, Errno.ENOMEM)


ERRORS = 2**64 - 4096
"""What lies behind is an error to Linux, in an address too: a fixed one comes back as it is."""


def _place(memory: AddressSpace, addr: int, size: int, flags: int) -> int:
    """Where the mapping goes; ENOMEM, EINVAL, EEXIST, EPERM as Linux has them."""
    if flags & (MapFlags.FIXED | MapFlags.FIXED_NOREPLACE):
        if addr > ERRORS:
            return addr
        if size > memory.task_size - addr or addr > memory.task_size:
            raise LinuxError(Errno.ENOMEM)
        if addr % PAGE:
            raise LinuxError(Errno.EINVAL)
        memory.check_low(addr)
        if flags & MapFlags.FIXED_NOREPLACE and memory.overlapping(addr, addr + size):
            raise LinuxError(Errno.EEXIST)
        return addr
    if flags & MapFlags.BIT32:
        return memory.find_low(size, addr)
    return memory.find_free(size, addr)


def _check_locked(t: Thread, size: int) -> None:
    """EPERM where nothing may be locked, EAGAIN where not so much more. Linux mm/mmap.c, can_do_mlock, mlock_future_ok."""
    if effective_capabilities() & 1 << Cap.IPC_LOCK:
        return
    limit = t.process.limits.soft(Resource.RLIMIT_MEMLOCK)
    if not limit:
        raise LinuxError(Errno.EPERM)
    if sum(vma.end - vma.start for vma in t.memory.vmas() if vma.locked) + size > limit & -PAGE:
        raise LinuxError(Errno.EAGAIN)


def _beyond(fd: int, offset: int, size: int) -> bool:
    """Whether no file of this kind is so long: a regular one ends at 2**63, for a device every word is an offset."""
    most = 2**63 - 1 if stat.S_ISREG(os.fstat(fd).st_mode) else 2**64 - 1
    return size > most or offset // PAGE > (most - size) // PAGE


def _shared_memory(t: Thread) -> VmaFile:
    """What stands in /proc/PID/maps for shared anonymous memory: its own object of /dev/zero."""
    return VmaFile(1, t.process.next_shared(), b"/dev/zero (deleted)")


def _file_rights(fd: int, access: int, prot: int, shared: bool, flags: int) -> int:
    """The protections that mprotect may give later. EACCES, EPERM, EINVAL, ENODEV."""
    st = os.fstat(fd)
    if access == os.O_WRONLY:
        raise LinuxError(Errno.EACCES)
    if shared and prot & 2 and access != os.O_RDWR:
        raise LinuxError(Errno.EACCES)
    unmappable = stat.S_ISDIR(st.st_mode) or stat.S_ISFIFO(st.st_mode) or stat.S_ISSOCK(st.st_mode)
    if unmappable and prot & 4:
        _ask_for_code(fd)
    if flags & MapFlags.GROWSDOWN:
        raise LinuxError(Errno.EINVAL)
    if unmappable:
        raise LinuxError(Errno.ENODEV)
    return ACCESS_TO_MAY[access] if shared else 7


def _ask_for_code(fd: int) -> None:
    """EPERM if no code may come from where the descriptor is, which comes before what it is."""
    try:
        at = hostmap.mmap(0, PAGE, hostmap.PROT_READ | hostmap.PROT_EXEC, hostmap.MAP_PRIVATE, fd)
    except PermissionError:
        raise LinuxError(Errno.EPERM) from None
    except OSError:
        return
    hostmap.munmap(at, PAGE)


def _status_flags(fd: int) -> int:
    """The host's open flags. EBADF for an O_PATH descriptor."""
    import fcntl

    flags = fcntl.fcntl(fd, fcntl.F_GETFL)
    if flags & getattr(os, "O_PATH", 0):
        raise LinuxError(Errno.EBADF)
    return flags


def _file(t: Thread, fd: int) -> VmaFile:
    st = os.fstat(fd)
    return VmaFile(st.st_dev, st.st_ino, t.files.path_of(fd), st.st_ctime_ns)


def _populate(memory: AddressSpace, vma: Vma) -> None:
    """Touch the pages as MAP_POPULATE does; a failure is not the call's."""
    advice = Madvise.POPULATE_WRITE if vma.prot & 2 and not vma.shared else Madvise.POPULATE_READ
    for start, end, host in memory.pieces(vma.start, vma.end):
        try:
            hostmap.madvise(host, end - start, advice)
        except OSError:
            return


@syscall()
def munmap(t: Thread, addr: Ptr, length: Size) -> int:
    """Unmap memory; holes are no error."""
    size = page_up(length)
    if addr % PAGE or size > t.memory.task_size or addr > t.memory.task_size - size or size == 0:
        raise LinuxError(Errno.EINVAL)
    t.memory.unmap(addr, size)
    return 0


@syscall()
def mprotect(t: Thread, addr: Ptr, length: Size, prot: ProtBits) -> int:
    """Set protection; what precedes a hole is changed, then ENOMEM."""
    return _mprotect(t, addr, length, prot)


@syscall(note="only the default key exists (-1): the CPU has no protection keys")
def pkey_mprotect(t: Thread, addr: Ptr, length: Size, prot: ProtBits, pkey: Int) -> int:
    """mprotect with a protection key. Linux 4.9."""
    return _mprotect(t, addr, length, prot, pkey)


def _mprotect(t: Thread, addr: int, length: int, prot: int, pkey: int = -1) -> int:
    growth = prot & (Prot.GROWSDOWN | Prot.GROWSUP)
    prot &= ~growth
    if growth == Prot.GROWSDOWN | Prot.GROWSUP or addr % PAGE:
        raise LinuxError(Errno.EINVAL)
    if length == 0:
        return 0
    size = page_up(length)
    if addr + size >= 1 << 64 or size == 0:
        raise LinuxError(Errno.ENOMEM)
    if prot & ~(Prot.READ | Prot.WRITE | Prot.EXEC | Prot.SEM) or pkey != -1:
        raise LinuxError(Errno.EINVAL)
    if growth:
        vma = next(iter(t.memory.overlapping(addr, addr + size)), None)
        if vma is None or (growth == Prot.GROWSUP and vma.start > addr):
            raise LinuxError(Errno.ENOMEM)
        if growth == Prot.GROWSUP or not vma.grows:
            raise LinuxError(Errno.EINVAL)
        size += addr - vma.start
        addr = vma.start
    t.memory.protect(addr, size, _implied(t, prot) & 7)
    return 0


def _implied(t: Thread, prot: int) -> int:
    """Protection as a program that wants all that is readable to be executable has it."""
    return prot | Prot.EXEC if prot & Prot.READ and t.attributes.personality & READ_IMPLIES_EXEC else prot


@syscall(result="ptr")
def brk(t: Thread, addr: Ptr) -> int:
    """Set the break; the current one when it cannot be set."""
    return t.memory.brk(addr)


@syscall(note="a mapping that crosses a terabyte boundary of guest space does not move", result="ptr")
def mremap(t: Thread, addr: Ptr, old_len: Size, new_len: Size, flags: MremapBits, new_addr: Ptr) -> int:
    """Resize or move a mapping."""
    memory = t.memory
    fixed, may_move = flags & MremapFlags.FIXED, flags & MremapFlags.MAYMOVE
    keep = flags & MremapFlags.DONTUNMAP
    if flags & ~7 or (fixed and not may_move) or (keep and (not may_move or page_up(old_len) != page_up(new_len))):
        raise LinuxError(Errno.EINVAL)
    if addr % PAGE:
        raise LinuxError(Errno.EINVAL)
    old, new = page_up(old_len) & 2**64 - 1, page_up(new_len)
    if new == 0 or new > memory.task_size:
        raise LinuxError(Errno.EINVAL)
    if (fixed or keep) and (
        new_addr % PAGE
        or new_addr > memory.task_size - new
        or (addr + old > new_addr and new_addr + new > addr)
    ):
        raise LinuxError(Errno.EINVAL)
    vma = memory.find(addr)
    if vma is None:
        raise LinuxError(Errno.EFAULT)
    if not fixed and not keep and old >= new:
        if addr + old > memory.task_size:
            raise LinuxError(Errno.EINVAL)
        if old > new:
            memory.unmap(addr + new, old - new)
        return addr
    if old == 0 and not vma.shared:
        raise LinuxError(Errno.EINVAL)
    if fixed and old == new and hostmap.moves_several():
        return _move_all(memory, addr, old, new_addr, keep=bool(keep))
    if fixed and old > new:
        if addr + old > memory.task_size:
            raise LinuxError(Errno.EINVAL)
        memory.unmap(addr + new, old - new)
        old = new
    if addr + old > vma.end:
        raise LinuxError(Errno.EFAULT)
    if old and not fixed and not keep and addr + old == vma.end and memory.extend(vma, addr + new):
        return addr
    if not may_move:
        raise LinuxError(Errno.ENOMEM)
    to = new_addr if fixed else memory.find_free(new, new_addr if keep else 0)
    memory.check_low(to)
    if old == 0:
        return memory.duplicate(vma, addr, new, to)
    return memory.move(vma, addr, old, new, to, keep=bool(keep))


def _move_all(memory: AddressSpace, addr: int, size: int, to: int, *, keep: bool) -> int:
    """Move all mappings of a range whose size stays, and the gaps between them."""
    end = addr + size
    for start, stop in [(max(vma.start, addr), min(vma.end, end)) for vma in memory.overlapping(addr, end)]:
        vma = memory.find(start)
        assert vma is not None
        memory.check_low(to + start - addr)
        memory.move(vma, start, stop - start, stop - start, to + start - addr, keep=keep)
    return to


ADVICE_ON_THE_HOST = frozenset(
    {
        Madvise.NORMAL,
        Madvise.RANDOM,
        Madvise.SEQUENTIAL,
        Madvise.WILLNEED,
        Madvise.DONTNEED,
        Madvise.FREE,
        Madvise.REMOVE,
        Madvise.WIPEONFORK,
        Madvise.KEEPONFORK,
        Madvise.MERGEABLE,
        Madvise.UNMERGEABLE,
        Madvise.HUGEPAGE,
        Madvise.NOHUGEPAGE,
        Madvise.COLD,
        Madvise.PAGEOUT,
        Madvise.POPULATE_READ,
        Madvise.POPULATE_WRITE,
        Madvise.DONTNEED_LOCKED,
        Madvise.COLLAPSE,
        Madvise.DONTDUMP,
        Madvise.DODUMP,
    }
)


@syscall()
def madvise(t: Thread, addr: Ptr, length: Size, advice: Int) -> int:
    """Advise about memory; acts on each mapping in the range, and ENOMEM at the end if there were holes."""
    if advice not in ADVICE_ON_THE_HOST and advice not in (Madvise.DONTFORK, Madvise.DOFORK):
        raise LinuxError(Errno.EINVAL)
    if addr % PAGE:
        raise LinuxError(Errno.EINVAL)
    size = page_up(length)
    if size == 0:
        return 0
    end = addr + size
    if end >= 1 << 64:
        raise LinuxError(Errno.EINVAL)
    at, holes = addr, False
    for vma in t.memory.overlapping(addr, end):
        holes |= vma.start > at
        start, stop = max(vma.start, addr), min(vma.end, end)
        _advise(t, vma, start, stop, advice)
        at = vma.end
    if holes or at < end:
        raise LinuxError(Errno.ENOMEM)
    return 0


NOT_FOR_CLOCK_DATA = frozenset(
    {
        Madvise.DONTNEED,
        Madvise.DONTNEED_LOCKED,
        Madvise.FREE,
        Madvise.DOFORK,
        Madvise.DODUMP,
        Madvise.COLD,
        Madvise.PAGEOUT,
        Madvise.POPULATE_READ,
    }
)
"""Advice that a mapping of the kernel's own pages ([vvar]) does not take."""


def _advise(t: Thread, vma: Vma, start: int, end: int, advice: int) -> None:
    memory = t.memory
    if vma.special and vma.name.startswith(b"[vvar") and advice in NOT_FOR_CLOCK_DATA:
        raise LinuxError(Errno.EINVAL)
    if advice in (Madvise.DONTFORK, Madvise.DOFORK):
        memory.change(start, end, dontfork=advice == Madvise.DONTFORK)
        if advice == Madvise.DONTFORK:
            t.engine.set_forks(None)
        return
    if advice in (Madvise.DONTNEED, Madvise.FREE) and vma.locked:
        raise LinuxError(Errno.EINVAL)
    if advice in (Madvise.POPULATE_READ, Madvise.POPULATE_WRITE):
        need = 2 if advice == Madvise.POPULATE_WRITE else 7
        if not vma.prot & need:
            raise LinuxError(Errno.EINVAL)
    for a, b, host in memory.pieces(start, end):
        hostmap.madvise(host, b - a, advice)
    if vma.prot & 4 and advice in (Madvise.DONTNEED, Madvise.DONTNEED_LOCKED, Madvise.REMOVE):
        t.engine.flush_code()


@syscall()
def mincore(t: Thread, addr: Ptr, length: Size, vec: Ptr) -> int:
    """Which pages are in memory."""
    if addr % PAGE:
        raise LinuxError(Errno.EINVAL)
    size = page_up(length)
    if addr + size > t.memory.task_size or (length and not size):
        raise LinuxError(Errno.ENOMEM)
    pages = size // PAGE
    if vec > t.memory.task_size - pages:
        raise LinuxError(Errno.EFAULT)
    at = addr
    for vma in t.memory.overlapping(addr, addr + size):
        if vma.start > at:
            break
        stop = min(vma.end, addr + size)
        for start, end, host in t.memory.pieces(at, stop):
            for first in range(start, end, PAGE << 12):
                length_here = min(end - first, PAGE << 12)
                resident = hostmap.mincore(host + first - start, length_here)
                t.memory.write(vec + (first - addr) // PAGE, resident)
        at = stop
    if at < addr + size:
        raise LinuxError(Errno.ENOMEM)
    return 0


@syscall()
def msync(t: Thread, addr: Ptr, length: Size, flags: MsyncBits) -> int:
    """Flush a mapped file; ENOMEM at the end if there were holes."""
    if flags & ~7 or addr % PAGE or flags & 5 == 5:
        raise LinuxError(Errno.EINVAL)
    size = page_up(length) & 2**64 - 1
    if addr + size >= 1 << 64:
        raise LinuxError(Errno.ENOMEM)
    at, holes = addr, False
    for vma in t.memory.overlapping(addr, addr + size):
        holes |= vma.start > at
        if flags & MsyncFlags.INVALIDATE and vma.locked:
            raise LinuxError(Errno.EBUSY)
        for start, end, host in t.memory.pieces(max(vma.start, addr), min(vma.end, addr + size)):
            hostmap.msync(host, end - start, flags)
        at = vma.end
    if holes or at < addr + size:
        raise LinuxError(Errno.ENOMEM)
    return 0


@syscall()
def mlock(t: Thread, addr: Ptr, length: Size) -> int:
    """Lock pages in memory."""
    return _lock(t, addr, length, 0)


@syscall()
def mlock2(t: Thread, addr: Ptr, length: Size, flags: UInt) -> int:
    """Lock pages in memory, now or when they are touched. Linux 4.4."""
    if flags & ~MLOCK_ONFAULT:
        raise LinuxError(Errno.EINVAL)
    return _lock(t, addr, length, flags)


MLOCK_ONFAULT = 1


def _range(addr: int, length: int) -> tuple[int, int]:
    """mlock's rounding: whole pages around the bytes. A length that overflows by it is 0, as Linux counts."""
    start = addr & -PAGE
    end = (page_up(length + addr % PAGE) & 2**64 - 1) + start
    if end >= 1 << 64:
        raise LinuxError(Errno.EINVAL)
    return start, end


def _lock(t: Thread, addr: int, length: int, flags: int) -> int:
    limit = t.process.limits.soft(Resource.RLIMIT_MEMLOCK)
    if page_up(length + addr % PAGE) & 2**64 - 1 > limit and not effective_capabilities() & 1 << Cap.IPC_LOCK:
        raise LinuxError(Errno.ENOMEM)
    start, end = _range(addr, length)
    at = start
    for vma in t.memory.overlapping(start, end):
        if vma.start > at or not (vma.prot or flags & MLOCK_ONFAULT):
            break
        stop = min(vma.end, end)
        for a, b, host in t.memory.pieces(at, stop):
            hostmap.mlock2(host, b - a, flags)
        t.memory.change(at, stop, locked=True)
        at = stop
    if at < end:
        raise LinuxError(Errno.ENOMEM)
    return 0


@syscall()
def munlock(t: Thread, addr: Ptr, length: Size) -> int:
    """Unlock pages."""
    start, end = _range(addr, length)
    at = start
    for vma in t.memory.overlapping(start, end):
        if vma.start > at:
            break
        stop = min(vma.end, end)
        for a, b, host in t.memory.pieces(at, stop):
            hostmap.munlock(host, b - a)
        t.memory.change(at, stop, locked=False)
        at = stop
    if at < end:
        raise LinuxError(Errno.ENOMEM)
    return 0


MCL_ALL = 7


@syscall(note="locks what is mapped now; MCL_FUTURE marks nothing that is mapped later")
def mlockall(t: Thread, flags: Int) -> int:
    """Lock all pages of the process."""
    if not flags or flags & ~MCL_ALL or flags == 4:
        raise LinuxError(Errno.EINVAL)
    if flags & 2:
        raise t.unsupported("mlockall flag MCL_FUTURE", flags, Errno.ENOMEM)
    for vma in list(t.memory.vmas()):
        _lock(t, vma.start, vma.end - vma.start, 0)
    return 0


@syscall()
def munlockall(t: Thread) -> int:
    """Unlock all pages of the process."""
    for vma in [vma for vma in t.memory.vmas() if vma.locked]:
        for _, _, host in t.memory.pieces(vma.start, vma.end):
            hostmap.munlock(host, vma.end - vma.start)
        t.memory.change(vma.start, vma.end, locked=False)
    return 0


@syscall()
def pkey_alloc(t: Thread, flags: ULong, rights: ULong) -> int:
    """Allocate a protection key: EINVAL, as on a CPU without them. Linux 4.9."""
    raise LinuxError(Errno.EINVAL)


@syscall()
def pkey_free(t: Thread, pkey: Int) -> int:
    """Free a protection key: EINVAL, since none is ever allocated. Linux 4.9."""
    raise LinuxError(Errno.EINVAL)
