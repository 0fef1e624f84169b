"""How strace writes System V IPC (keys, flags of the get calls, operations, messages), sigevents and events of aio."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lx.abi.ipc import IpcFlags, SemFlags, ShmGetFlags
from lx.abi.lean import Callable
from lx.abi.sigevent import Notify
from lx.abi.signals import signal_name
from lx.abi.word import s32, s64
from syscalls.show.words import SHOWN_BYTES, flags, octal, pointer, quote

if TYPE_CHECKING:
    from syscalls.show.structs import Call, Shower

PERMISSIONS = 0o777
SHOWN_OPERATIONS = 32
SETVAL, GETALL, SETALL = 16, 13, 17


def _key(call: Call, index: int, raw: int) -> str:
    return hex(raw & 0xFFFFFFFF) if raw & 0xFFFFFFFF else "IPC_PRIVATE"


def _get_flags(names: type[IpcFlags] | type[ShmGetFlags]) -> Callable[[Call, int, int], str]:
    def show(call: Call, index: int, raw: int) -> str:
        word = raw & 0xFFFFFFFF
        above = word & ~PERMISSIONS
        return f"{flags(above, names)}|{octal(word & PERMISSIONS)}" if above else octal(word & PERMISSIONS)

    return show


def _semctl(call: Call, index: int, raw: int) -> str | None:
    if call.args[2] & 0xFFFFFFFF == SETVAL:
        return str(s32(raw))
    return None if raw == 0 else hex(raw)


def sembuf(call: Call, index: int, address: int) -> str:
    """An array of struct sembuf; the next argument says how many there are."""
    count = call.args[index + 1] & 0xFFFFFFFF
    texts = []
    for i in range(min(count, SHOWN_OPERATIONS)):
        number, op, bits = call.unpack(address + 6 * i, "<Hhh")
        texts.append(f"{{sem_num={number}, sem_op={op}, sem_flg={flags(bits & 0xFFFF, SemFlags)}}}")
    return "[" + ", ".join(texts + ["..."] * (count > SHOWN_OPERATIONS)) + "]"


def msgbuf(call: Call, index: int, address: int) -> str:
    """struct msgbuf: its type and text, of the length that is sent or was received."""
    length = call.args[index + 1] if call.row.name == "msgsnd" else call.result or 0
    (kind,) = call.unpack(address, "<q")
    text = call.t.memory.read(address + 8, min(length, SHOWN_BYTES))
    return f"{{mtype={kind}, mtext={quote(text, length > SHOWN_BYTES)}}}"


def sigevent(call: Call, index: int, address: int) -> str:
    """struct sigevent."""
    value, signo, notify, tid = call.unpack(address, "<Qiii")
    texts = [f"sigev_value={{sival_int={s32(value)}, sival_ptr={pointer(value)}}}", f"sigev_signo={signal_name(signo)}"]
    texts.append(f"sigev_notify={flags(notify & 0xFFFFFFFF, Notify)}")
    if notify == Notify.SIGEV_THREAD_ID:
        texts.append(f"sigev_notify_thread_id={tid}")
    return "{" + ", ".join(texts) + "}"


def io_events(call: Call, index: int, address: int) -> str:
    """The struct io_event that io_getevents has stored."""
    texts = []
    for i in range(min(call.result or 0, SHOWN_OPERATIONS)):
        data, obj, res, res2 = call.unpack(address + 32 * i, "<QQqq")
        texts.append(f"{{data={data:#x}, obj={pointer(obj)}, res={res}, res2={res2}}}")
    return "[" + ", ".join(texts) + "]"


DEPENDENT: dict[tuple[str, int], Callable[[Call, int, int], str | None]] = {
    ("msgget", 0): _key,
    ("msgget", 1): _get_flags(IpcFlags),
    ("msgrcv", 3): lambda call, index, raw: str(s64(raw)),
    ("semctl", 3): _semctl,
    ("semget", 0): _key,
    ("semget", 2): _get_flags(IpcFlags),
    ("shmget", 0): _key,
    ("shmget", 2): _get_flags(ShmGetFlags),
}
STRUCTS: dict[str, Shower] = {"io_events": io_events, "msgbuf": msgbuf, "sembuf": sembuf, "sigevent": sigevent}
