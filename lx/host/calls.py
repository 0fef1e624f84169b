"""Process primitives of the host that Python lacks. OSError with the host's errno; EINTR is not retried."""

import ctypes
import os

from lx.host.libc import libc

SIGINFO_SIZE, RUSAGE_SIZE = 128, 144
TGKILL, WAITID, SIGQUEUEINFO, TGSIGQUEUEINFO = 234, 247, 129, 297
SCHED_SETAFFINITY, SCHED_GETAFFINITY = 203, 204
IOV_MAX = 1024
Piece = tuple[int, int]


class _IoVec(ctypes.Structure):
    _fields_ = (("base", ctypes.c_uint64), ("length", ctypes.c_size_t))


def _check(result: int) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result


def tgkill(pid: int, tid: int, signo: int) -> None:
    """Send a signal to one thread of a process."""
    _check(libc.tgkill(ctypes.c_int(pid), ctypes.c_int(tid), ctypes.c_int(signo)))


def sigqueueinfo(pid: int, signo: int, info: bytes) -> None:
    """Send a signal with a siginfo_t (128 bytes) to a process."""
    _check(libc.syscall(ctypes.c_long(SIGQUEUEINFO), ctypes.c_int(pid), ctypes.c_int(signo), info))


def tgsigqueueinfo(pid: int, tid: int, signo: int, info: bytes) -> None:
    """Likewise, to one thread of it."""
    _check(libc.syscall(ctypes.c_long(TGSIGQUEUEINFO), ctypes.c_int(pid), ctypes.c_int(tid), ctypes.c_int(signo), info))


def waitid(which: int, pid: int, options: int) -> tuple[bytes, bytes] | None:
    """waitid(2) as Linux has it, with the resource usage: (siginfo, rusage), or None if nothing has happened (WNOHANG)."""
    info = ctypes.create_string_buffer(SIGINFO_SIZE)
    usage = ctypes.create_string_buffer(RUSAGE_SIZE)
    number, word = ctypes.c_long(WAITID), ctypes.c_long
    _check(libc.syscall(number, word(which), word(pid), info, word(options), usage))
    if info.raw[:4] == bytes(4):
        return None
    return info.raw, usage.raw


def process_vm(pid: int, local: list[Piece], remote: list[Piece], *, write: bool) -> int:
    """process_vm_readv(2) or _writev(2) between (address, bytes) here and there: how many bytes. EFAULT if none could be."""
    call = libc.process_vm_writev if write else libc.process_vm_readv
    most = min(sum(size for _, size in pieces) for pieces in (local, remote))
    done = 0
    while done < most:
        here, there = _vector(local, done), _vector(remote, done)
        moved = call(ctypes.c_int(pid), here, ctypes.c_ulong(len(here)), there, ctypes.c_ulong(len(there)), ctypes.c_ulong(0))
        if moved < 0 and not done:
            _check(moved)
        if moved <= 0:
            break
        done += moved
    return done


def _vector(pieces: list[Piece], skip: int) -> "ctypes.Array[_IoVec]":
    """As many of the pieces as fit into one call, without the first `skip` bytes."""
    rest = []
    for address, size in pieces:
        if skip < size:
            rest.append(_IoVec(address + skip, size - skip))
        skip = max(skip - size, 0)
    return (_IoVec * min(len(rest), IOV_MAX))(*rest[:IOV_MAX])


def sched_setaffinity(pid: int, mask: bytes) -> None:
    """sched_setaffinity(2) with Linux's mask as it is."""
    _check(libc.syscall(ctypes.c_long(SCHED_SETAFFINITY), ctypes.c_long(pid), ctypes.c_long(len(mask)), mask))


def sched_getaffinity(pid: int, length: int) -> bytes:
    """sched_getaffinity(2): as many bytes as the kernel's mask has, at most `length`."""
    mask = ctypes.create_string_buffer(length)
    used = _check(libc.syscall(ctypes.c_long(SCHED_GETAFFINITY), ctypes.c_long(pid), ctypes.c_long(length), mask))
    return mask.raw[:used]
