"""System V shared memory.

A segment is one of the host's, attached where the guest's mapping lies, so that the host counts attachments over fork, exec
and sudden death. Which segments there are for a guest is the zone's table's matter (lx.kernel.ipc.table).
"""

from lx.abi.capability import Cap
from lx.abi.errno import Errno, LinuxError
from lx.abi.ipc import IPC_PRIVATE, SEGSZ_AT, ShmAtFlags, ShmCommand, ShmGetFlags
from lx.host import sysv
from lx.host.linux_only import effective_capabilities
from lx.kernel.ipc.control import IPC_STAT, SHM, control, table_of
from lx.kernel.memory import PAGE, AddressSpace, Vma, VmaFile, page_up
from lx.kernel.thread import Thread
from syscalls.declare import syscall
from syscalls.types import Annotated, Int, Ptr, Size, flags_of, one_of

GetFlags = Annotated[int, flags_of(ShmGetFlags)]
AtFlags = Annotated[int, flags_of(ShmAtFlags)]
Command = Annotated[int, one_of(ShmCommand)]
READ, WRITE, EXEC = 1, 2, 4
SHMMAX = 2**64 - 2**24 - 1
"""Linux's default for kernel.shmmax."""
DEVICE = 1
"""The kernel's own mount of shared memory, in /proc/PID/maps."""


@syscall(note="SHM_HUGETLB is refused with ENOMEM: no huge pages are kept")
def shmget(t: Thread, key: Int, size: Size, shmflg: GetFlags) -> int:
    """The id of a segment, perhaps a new one."""
    huge = shmflg & ShmGetFlags.SHM_HUGETLB and size and (key == IPC_PRIVATE or shmflg & ShmGetFlags.IPC_CREAT)
    if huge and size > SHMMAX:
        raise LinuxError(Errno.EINVAL)
    if huge and not effective_capabilities() & 1 << Cap.IPC_LOCK:
        raise LinuxError(Errno.EPERM)
    if huge:
        raise t.unsupported("shmget flag SHM_HUGETLB", shmflg, Errno.ENOMEM)
    return table_of(t.process).get("shm", key, size, shmflg & ~ShmGetFlags.SHM_HUGETLB)


def _address(shmaddr: int, flags: int) -> int:
    if not shmaddr:
        if flags & ShmAtFlags.SHM_REMAP:
            raise LinuxError(Errno.EINVAL)
        return 0
    if shmaddr % PAGE:
        if not flags & ShmAtFlags.SHM_RND:
            raise LinuxError(Errno.EINVAL)
        shmaddr &= -PAGE
        if not shmaddr and flags & ShmAtFlags.SHM_REMAP:
            raise LinuxError(Errno.EINVAL)
    return shmaddr


@syscall(result="ptr")
def shmat(t: Thread, shmid: Int, shmaddr: Ptr, shmflg: AtFlags) -> int:
    """Attach a segment; its address."""
    table = table_of(t.process)
    if shmid < 0:
        raise LinuxError(Errno.EINVAL)
    address = _address(shmaddr, shmflg)
    table.check("shm", shmid)
    _, found = sysv.filled("shm", shmid, IPC_STAT, SHM.size)
    size = page_up(int.from_bytes(found[SEGSZ_AT : SEGSZ_AT + 8], "little"))
    beyond = address + size >= 1 << 64
    if address and not shmflg & ShmAtFlags.SHM_REMAP and (beyond or t.memory.overlapping(address, address + size)):
        raise LinuxError(Errno.EINVAL)
    at = address or t.memory.find_free(size)
    prot = READ | (0 if shmflg & ShmAtFlags.SHM_RDONLY else WRITE) | (EXEC if shmflg & ShmAtFlags.SHM_EXEC else 0)
    segment = VmaFile(DEVICE, shmid, b"/SYSV%08x (deleted)" % (table.key("shm", shmid) & 0xFFFFFFFF))
    flags = shmflg & (ShmAtFlags.SHM_RDONLY | ShmAtFlags.SHM_EXEC) | ShmAtFlags.SHM_REMAP
    vma = Vma(at, at + size, prot, True, segment, may=prot | READ | EXEC)
    return t.memory.map(vma, attach=lambda host: sysv.attach(shmid, host, flags))


def _attached(memory: AddressSpace, address: int) -> list[Vma]:
    """What is mapped of the first segment, from an address on, that would begin there if it were whole."""
    aligned = [vma for vma in memory.overlapping(address, memory.task_size) if vma.start - address == vma.offset]
    ours = [vma for vma in aligned if vma.file is not None and vma.file.dev == DEVICE and vma.file.path.startswith(b"/SYSV")]
    return [vma for vma in ours if vma.file == ours[0].file]


@syscall()
def shmdt(t: Thread, shmaddr: Ptr) -> int:
    """Detach what is left of a segment that was attached at this address."""
    found = [] if shmaddr % PAGE else _attached(t.memory, shmaddr)
    if not found:
        raise LinuxError(Errno.EINVAL)
    for vma in found:
        t.memory.unmap(vma.start, vma.end - vma.start)
    return 0


@syscall()
def shmctl(t: Thread, shmid: Int, cmd: Command, buf: Ptr) -> int:
    """Examine, change or remove a segment."""
    if shmid < 0 or cmd < 0:
        raise LinuxError(Errno.EINVAL)
    if cmd in (ShmCommand.SHM_LOCK, ShmCommand.SHM_UNLOCK):
        table_of(t.process).check("shm", shmid)
        return sysv.control("shm", shmid, cmd)
    result = control(t, SHM, shmid, cmd, buf)
    if result is None:
        raise LinuxError(Errno.EINVAL)
    return result
