"""What shmctl, semctl and msgctl have in common: structures that the host fills and that carry the guest's key.

The three differ in the numbers of their commands (STAT, INFO and STAT_ANY follow one another) and in their sizes. Figures of
the whole (SHM_INFO and its like, /proc/sysvipc) are those of the zone; limits are the host's.
"""

from lx.abi.errno import Errno, LinuxError
from lx.abi.ipc import (
    MSGINFO,
    MSGINFO_SIZE,
    MSQID_SIZE,
    SEMID_SIZE,
    SEMINFO,
    SEMINFO_SIZE,
    SHM_INFO,
    SHMID_SIZE,
    SHMINFO_SIZE,
    MsgCommand,
    SemCommand,
    ShmCommand,
)
from lx.abi.record import dataclass
from lx.host import sysv
from lx.kernel.ipc.table import SLOTS, Table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lx.kernel.process import Process
    from lx.kernel.thread import Thread

IPC_RMID, IPC_SET, IPC_STAT, IPC_INFO = 0, 1, 2, 3
PAGE = 4096


@dataclass(frozen=True, slots=True)
class Kind:
    """One of the three."""

    name: str
    stat: int
    """The command that stats by index; the one after it tells the whole, the third stats by index without permission."""
    size: int
    info_size: int


SHM = Kind("shm", ShmCommand.SHM_STAT, SHMID_SIZE, SHMINFO_SIZE)
SEM = Kind("sem", SemCommand.SEM_STAT, SEMID_SIZE, SEMINFO_SIZE)
MSG = Kind("msg", MsgCommand.MSG_STAT, MSQID_SIZE, MSGINFO_SIZE)


def table_of(process: "Process") -> Table:
    """The zone's table, opened when it is first asked for."""
    table: Table = process.zone.ipc(process.files.own)
    return table


def control(t: "Thread", kind: Kind, ident: int, command: int, address: int) -> int | None:
    """The commands that all three have; None for another one. Linux's errors."""
    table = table_of(t.process)
    if command in (IPC_INFO, kind.stat + 1):
        t.memory.write(address, _info(t.process, table, kind, command))
        return table.highest_index(kind.name)
    if command in (kind.stat, kind.stat + 2):
        ident = table.at_index(kind.name, ident)
        _, found = _by_index(kind, ident, command)
        t.memory.write(address, _with_key(table, kind, ident, found))
        return ident
    if command == IPC_STAT:
        table.check(kind.name, ident)
        _, found = sysv.filled(kind.name, ident, IPC_STAT, kind.size)
        t.memory.write(address, _with_key(table, kind, ident, found))
        return 0
    if command == IPC_SET:
        wanted = t.memory.read(address, kind.size)
        table.check(kind.name, ident)
        return sysv.control(kind.name, ident, IPC_SET, wanted)
    if command == IPC_RMID:
        table.remove(kind.name, ident)
        return 0
    return None


def _by_index(kind: Kind, ident: int, command: int) -> tuple[int, bytes]:
    result, found = sysv.filled(kind.name, ident % SLOTS, command, kind.size)
    if result != ident:
        raise LinuxError(Errno.EINVAL)
    return result, found


def _with_key(table: Table, kind: Kind, ident: int, found: bytes) -> bytes:
    return table.key(kind.name, ident).to_bytes(4, "little", signed=True) + found[4:]


def _info(process: "Process", table: Table, kind: Kind, command: int) -> bytes:
    limits = sysv.filled(kind.name, 0, IPC_INFO, kind.info_size)[1]
    if command == IPC_INFO:
        return limits
    used = len(table.idents(kind.name))
    columns = [line.split() for line in sysvipc(process, kind.name).splitlines()[1:]]
    if kind is SHM:
        sizes = [(int(c[3]) + PAGE - 1) // PAGE for c in columns]
        resident, swapped = (sum(int(c[i]) // PAGE for c in columns) for i in (14, 15))
        return SHM_INFO.pack(used, sum(sizes), resident, swapped, 0, 0)
    if kind is SEM:
        head = SEMINFO.unpack(limits)
        return SEMINFO.pack(*head[:7], used, head[8], sum(map(table.semaphores, table.idents("sem"))))
    pool = MSGINFO.unpack(limits)
    messages, size = (sum(int(c[i]) for c in columns) for i in (4, 3))
    return MSGINFO.pack(used, messages, *pool[2:6], size, pool[7])


def sysvipc(process: "Process", kind: str) -> bytes:
    """The text of /proc/sysvipc/KIND: the host's lines of the zone's objects, with the guest's keys."""
    table = table_of(process)
    with open(f"/proc/sysvipc/{kind}", "rb") as file:
        head, *lines = file.read().splitlines()
    ours = set(table.idents(kind))
    text = [head]
    for line in lines:
        rest = line.lstrip().partition(b" ")[2]
        ident = int(rest.split()[0])
        if ident in ours:
            text.append(b"%10d %b" % (table.key(kind, ident), rest))
    return b"\n".join(text) + b"\n"
