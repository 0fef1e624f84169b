"""System V message queues: the host's, tried with IPC_NOWAIT until there is room or a message."""

from lx.abi.errno import Errno, LinuxError
from lx.abi.ipc import MSGINFO, IpcFlags, MsgCommand, MsgFlags
from lx.abi.word import s64
from lx.host import sysv
from lx.kernel.ipc.control import IPC_INFO, MSG, control, table_of
from lx.kernel.ipc.waiting import waiting
from lx.kernel.thread import Thread
from syscalls.declare import Restart, syscall
from syscalls.sysv_sem import removed
from syscalls.types import Annotated, Int, Long, Ptr, Size, flags_of, one_of, struct_in, struct_out

GetFlags = Annotated[int, flags_of(IpcFlags)]
MoveFlags = Annotated[int, flags_of(MsgFlags)]
Command = Annotated[int, one_of(MsgCommand)]
MessageIn = Annotated[int, struct_in("msgbuf")]
MessageOut = Annotated[int, struct_out("msgbuf")]
MSGMAX = 2


def _longest() -> int:
    return int(MSGINFO.unpack(sysv.filled("msg", 0, IPC_INFO, MSGINFO.size)[1])[MSGMAX])


@syscall()
def msgget(t: Thread, key: Int, msgflg: GetFlags) -> int:
    """The id of a message queue, perhaps a new one."""
    return table_of(t.process).get("msg", key, 0, msgflg)


@syscall(restart=Restart.NEVER)
def msgsnd(t: Thread, msqid: Int, msgp: MessageIn, msgsz: Size, msgflg: MoveFlags) -> int:
    """Send a message."""
    kind = t.memory.read(msgp, 8)
    if msgsz > _longest() or msqid < 0 or s64(int.from_bytes(kind, "little")) < 1:
        raise LinuxError(Errno.EINVAL)
    message = kind + t.memory.read(msgp + 8, msgsz)
    wait = waiting(t)
    try:
        table_of(t.process).check("msg", msqid)
        sysv.send(msqid, message, msgsz, msgflg | MsgFlags.IPC_NOWAIT)
    except BlockingIOError:
        if msgflg & MsgFlags.IPC_NOWAIT:
            raise
        raise wait.park() from None
    except (LinuxError, OSError) as error:
        raise removed(t, error) from None
    return 0


@syscall(restart=Restart.NEVER)
def msgrcv(t: Thread, msqid: Int, msgp: MessageOut, msgsz: Size, msgtyp: Long, msgflg: MoveFlags) -> int:
    """Receive the first message that fits the type; the bytes of its text."""
    if msqid < 0 or s64(msgsz) < 0 or (msgflg & MsgFlags.MSG_COPY and not msgflg & MsgFlags.IPC_NOWAIT):
        raise LinuxError(Errno.EINVAL)
    if msgflg & MsgFlags.MSG_COPY and not msgflg & MsgFlags.MSG_EXCEPT:
        t.memory.read(msgp + 8, min(msgsz, _longest()))
    wait = waiting(t)
    try:
        table_of(t.process).check("msg", msqid)
        kind, text = sysv.receive(msqid, min(msgsz, _longest()), msgtyp, msgflg | MsgFlags.IPC_NOWAIT)
    except (LinuxError, OSError) as error:
        if error.errno == Errno.ENOMSG and not msgflg & MsgFlags.IPC_NOWAIT:
            raise wait.park() from None
        raise removed(t, error) from None
    t.memory.write(msgp, kind)
    t.memory.write(msgp + 8, text)
    return len(text)


@syscall()
def msgctl(t: Thread, msqid: Int, cmd: Command, buf: Ptr) -> int:
    """Examine, change or remove a message queue."""
    if msqid < 0 or cmd < 0:
        raise LinuxError(Errno.EINVAL)
    result = control(t, MSG, msqid, cmd, buf)
    if result is None:
        raise LinuxError(Errno.EINVAL)
    return result
