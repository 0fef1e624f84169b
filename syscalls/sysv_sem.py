"""System V semaphores.

Sets are the host's, so that SEM_UNDO holds however a process ends. An operation that must wait is tried with IPC_NOWAIT until it
can be done (lx.kernel.ipc.waiting); which of several operations it is that waits is found by looking at the values.
"""

from lx.abi.clocks import TIMESPEC, timespec_to_ns, timespec_valid
from lx.abi.errno import Errno, LinuxError
from lx.abi.ipc import SEMBUF, SEMINFO, IpcFlags, SemCommand, SemFlags
from lx.abi.word import s32
from lx.host import sysv
from lx.kernel.ipc.control import IPC_INFO, SEM, control, table_of
from lx.kernel.ipc.table import Table
from lx.kernel.ipc.waiting import Wait, waiting
from lx.kernel.thread import Thread
from syscalls.declare import Restart, syscall
from syscalls.types import Annotated, Int, UInt, ULong, flags_of, one_of, struct_in

GetFlags = Annotated[int, flags_of(IpcFlags)]
Command = Annotated[int, one_of(SemCommand)]
SopsIn = Annotated[int, struct_in("sembuf")]
TimespecIn = Annotated[int, struct_in("timespec")]
Operation = tuple[int, int, int]
ANSWERED_BY_THE_HOST = (SemCommand.GETPID, SemCommand.GETVAL, SemCommand.SETVAL)
COUNTS = (SemCommand.GETNCNT, SemCommand.GETZCNT)
SEMVMX = 32767
"""Linux uapi linux/sem.h."""
SEMOPM = 6


@syscall()
def semget(t: Thread, key: Int, nsems: Int, semflg: GetFlags) -> int:
    """The id of a set of semaphores, perhaps a new one."""
    return table_of(t.process).get("sem", key, nsems, semflg)


def _operations(t: Thread, sops: int, nsops: int) -> list[Operation]:
    if nsops < 1:
        raise LinuxError(Errno.EINVAL)
    if nsops > SEMINFO.unpack(sysv.filled("sem", 0, IPC_INFO, SEMINFO.size)[1])[SEMOPM]:
        raise LinuxError(Errno.E2BIG)
    return list(SEMBUF.iter_unpack(t.memory.read(sops, nsops * SEMBUF.size)))


@syscall(restart=Restart.NEVER)
def semop(t: Thread, semid: Int, sops: SopsIn, nsops: UInt) -> int:
    """Operate on semaphores, all at once."""
    return _operate(t, semid, _operations(t, sops, nsops), None)


@syscall(restart=Restart.NEVER)
def semtimedop(t: Thread, semid: Int, sops: SopsIn, nsops: UInt, timeout: TimespecIn) -> int:
    """semop with a limit to the waiting."""
    span = t.memory.read_struct(timeout, TIMESPEC) if timeout else None
    operations = _operations(t, sops, nsops)
    if semid < 0 or (span is not None and not timespec_valid(*span)):
        raise LinuxError(Errno.EINVAL)
    return _operate(t, semid, operations, None if span is None else timespec_to_ns(*span))


def _operate(t: Thread, semid: int, operations: list[Operation], timeout: int | None) -> int:
    table, wait = table_of(t.process), waiting(t, timeout)
    packed = b"".join(SEMBUF.pack(number, op, flags | SemFlags.IPC_NOWAIT) for number, op, flags in operations)
    try:
        table.check("sem", semid)
        sysv.semop(semid, packed, len(operations))
    except BlockingIOError:
        number, op, flags = _waits_for(table, semid, operations)
        if flags & SemFlags.IPC_NOWAIT or wait.expired:
            wait.end()
            raise
        _enlist(t, table, wait, semid, number, op == 0)
        raise wait.park() from None
    except (LinuxError, OSError) as error:
        wait.end()
        raise removed(t, error) from None
    wait.end()
    return 0


def removed(t: Thread, error: LinuxError | OSError) -> LinuxError | OSError:
    """What a call answers whose object has gone while it waited."""
    return LinuxError(Errno.EIDRM) if t.call_parked and error.errno == Errno.EINVAL else error


def _waits_for(table: Table, semid: int, operations: list[Operation]) -> Operation:
    """The first operation that cannot be done, as far as we may look."""
    if len(operations) == 1:
        return operations[0]
    try:
        values = list(_values(table, semid))
    except OSError:
        return operations[0]
    for operation in operations:
        number, op, _ = operation
        if values[number] if op == 0 else values[number] + op < 0:
            return operation
        values[number] += op
    return operations[0]


def _values(table: Table, semid: int) -> memoryview:
    raw = sysv.filled("sem", semid, SemCommand.GETALL, 2 * table.semaphores(semid))[1]
    return memoryview(raw).cast("H")


def _enlist(t: Thread, table: Table, wait: Wait, semid: int, number: int, zero: bool) -> None:
    if not wait.enlisted:
        wait.enlisted = True
        slot = table.enlist(t.pid, t.tid, semid, number, zero, t.zone.has)
        wait.leave = lambda: table.dismiss(slot)


@syscall()
def semctl(t: Thread, semid: Int, semnum: Int, cmd: Command, arg: ULong) -> int:
    """Examine, change or remove a set of semaphores."""
    if semid < 0:
        raise LinuxError(Errno.EINVAL)
    if cmd in (SemCommand.GETALL, SemCommand.SETALL):
        return _all(t, semid, cmd, arg)
    if cmd == SemCommand.SETVAL and not 0 <= s32(arg) <= SEMVMX:
        raise LinuxError(Errno.ERANGE)
    if cmd in ANSWERED_BY_THE_HOST or cmd in COUNTS:
        table = table_of(t.process)
        table.check("sem", semid)
        result = sysv.control("sem", semid, cmd, s32(arg), semnum)
        return table.waiters(semid, semnum, cmd == SemCommand.GETZCNT, t.zone.has) if cmd in COUNTS else result
    found = control(t, SEM, semid, cmd, arg)
    if found is None:
        raise LinuxError(Errno.EINVAL)
    return found


def _all(t: Thread, semid: int, cmd: int, address: int) -> int:
    table = table_of(t.process)
    count = table.semaphores(semid)
    if cmd == SemCommand.GETALL:
        t.memory.write(address, bytes(_values(table, semid)))
        return 0
    return sysv.control("sem", semid, cmd, t.memory.read(address, 2 * count))
