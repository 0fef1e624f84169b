"""The host's System V IPC calls, by number, with Linux's structures as bytes. OSError with the host's errno.

None of them is made in a way that can sleep: callers pass IPC_NOWAIT. A host other than Linux has other layouts: ENOSYS.
"""

import ctypes
import errno
import os
import sys

from lx.host.libc import libc

_syscall = libc["syscall"]
_syscall.restype = ctypes.c_long
SHMGET, SHMAT, SHMCTL, SEMGET, SEMOP, SEMCTL, SHMDT, MSGGET, MSGSND, MSGRCV, MSGCTL = (
    29, 30, 31, 64, 65, 66, 67, 68, 69, 70, 71,
)  # fmt: skip
GET = {"shm": SHMGET, "sem": SEMGET, "msg": MSGGET}
CTL = {"shm": SHMCTL, "sem": SEMCTL, "msg": MSGCTL}
IPC_RMID = 0
Argument = int | bytes | ctypes.Array[ctypes.c_char]


def _call(number: int, *args: Argument) -> int:
    if not sys.platform.startswith("linux"):
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))
    words = [ctypes.c_ulong(arg & 2**64 - 1) if isinstance(arg, int) else arg for arg in args]
    result: int = _syscall(ctypes.c_long(number), *words)
    if result == -1:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return result


def get(kind: str, key: int, size: int, flags: int) -> int:
    """shmget, semget (size: semaphores) or msgget (size means nothing): an id."""
    return _call(GET[kind], key, flags) if kind == "msg" else _call(GET[kind], key, size, flags)


def control(kind: str, ident: int, command: int, argument: Argument = 0, number: int = 0) -> int:
    """shmctl, semctl (number: of the semaphore) or msgctl."""
    if kind == "sem":
        return _call(SEMCTL, ident, number, command, argument)
    return _call(CTL[kind], ident, command, argument)


def filled(kind: str, ident: int, command: int, size: int) -> tuple[int, bytes]:
    """A command that fills a structure of `size` bytes: its result and the structure."""
    buffer = ctypes.create_string_buffer(size)
    return control(kind, ident, command, buffer), buffer.raw


def remove(kind: str, ident: int) -> None:
    """IPC_RMID."""
    control(kind, ident, IPC_RMID)


def attach(ident: int, address: int, flags: int) -> None:
    """shmat at exactly this host address."""
    _call(SHMAT, ident, address, flags)


def semop(ident: int, operations: bytes, count: int) -> None:
    """semop; every operation must carry IPC_NOWAIT."""
    _call(SEMOP, ident, operations, count)


def send(ident: int, message: bytes, size: int, flags: int) -> None:
    """msgsnd of a type (8 bytes) and `size` bytes behind it."""
    _call(MSGSND, ident, message, size, flags)


def receive(ident: int, size: int, kind: int, flags: int) -> tuple[bytes, bytes]:
    """msgrcv: the type's 8 bytes and the text."""
    buffer = ctypes.create_string_buffer(8 + size)
    length = _call(MSGRCV, ident, buffer, size, kind, flags)
    return buffer.raw[:8], buffer.raw[8 : 8 + length]
