"""What the host does with descriptors and Python has no name for, or does with habits of its own.

Everything goes through the C library by name and raises OSError with the host's errno; nothing here retries EINTR
(Python's own wrappers do, PEP 475), so a wait in the host ends when a signal arrives. A function that the host does not
have raises OSError(ENOSYS).

`nowhere` is the address that no process has anything at, `beyond` one outside user space: handing it to the host in place of a
guest pointer that is bad makes the host itself say which error comes first, EBADF, EISDIR, end of file or EFAULT.
"""

import ctypes
import errno
import fcntl as _module_fcntl
import os
from ctypes import c_int, c_int64, c_size_t, c_uint, c_ulong, c_void_p

from lx.abi.lean import Callable, Sequence
from lx.host.libc import bind, failure, libc

nowhere = 1
beyond = 1 << 63

Asking = Callable[..., int]


class _IoVec(ctypes.Structure):
    _fields_ = (("base", c_void_p), ("length", c_size_t))


class _Buffer(ctypes.Structure):
    """Python's Py_buffer: ctypes itself gives no address of a buffer that is read-only."""

    _fields_ = (("base", c_void_p), ("rest", c_void_p * 10))


_get_buffer = ctypes.pythonapi.PyObject_GetBuffer
_release_buffer = ctypes.pythonapi.PyBuffer_Release


_fcntl = bind("fcntl", c_int, c_int, c_void_p, result=c_int)
_ioctl = bind("ioctl", c_int, c_ulong, c_void_p, result=c_int)
_read = bind("read", c_int, c_void_p, c_size_t)
_write = bind("write", c_int, c_void_p, c_size_t)
_pread = bind("pread", c_int, c_void_p, c_size_t, c_int64)
_pwrite = bind("pwrite", c_int, c_void_p, c_size_t, c_int64)
_preadv2 = bind("preadv2", c_int, c_void_p, c_int, c_int64, c_int)
_pwritev2 = bind("pwritev2", c_int, c_void_p, c_int, c_int64, c_int)
_readv = bind("readv", c_int, c_void_p, c_int)
_writev = bind("writev", c_int, c_void_p, c_int)
_vmsplice = bind("vmsplice", c_int, c_void_p, c_size_t, c_uint)
_splice = bind("splice", c_int, c_void_p, c_int, c_void_p, c_size_t, c_uint)
_sendfile = bind("sendfile", c_int, c_int, c_void_p, c_size_t)
_copy_file_range = bind("copy_file_range", c_int, c_void_p, c_int, c_void_p, c_size_t, c_uint)
_getdents64 = bind("getdents64", c_int, c_void_p, c_size_t)
_copies = [bind(n, c_int, c_void_p, c_ulong, c_void_p, c_ulong, c_ulong) for n in ("process_vm_readv", "process_vm_writev")]
_process_vm_readv, _process_vm_writev = _copies if hasattr(libc, "process_vm_readv") else (None, None)
_posix_fadvise = bind("posix_fadvise", c_int, c_int64, c_int64, c_int, result=c_int)

flock = bind("flock", c_int, c_int, result=c_int)
"""flock(2): (fd, operation)."""
tee = bind("tee", c_int, c_int, c_size_t, c_uint)
"""tee(2): (from, to, length, flags), the number of bytes."""
fallocate = bind("fallocate", c_int, c_int, c_int64, c_int64, result=c_int)
"""fallocate(2): (fd, mode, offset, length)."""
sync_file_range = bind("sync_file_range", c_int, c_int64, c_int64, c_uint, result=c_int)
"""sync_file_range(2): (fd, offset, length, flags)."""
syncfs = bind("syncfs", c_int, result=c_int)
"""syncfs(2): (fd)."""
readahead = bind("readahead", c_int, c_int64, c_size_t)
"""readahead(2): (fd, offset, length)."""


_memfd_create = bind("memfd_create", ctypes.c_char_p, c_uint, result=c_int)


def memfd_create(name: bytes, flags: int) -> int:
    """memfd_create(2): not close-on-exec unless the flags say so."""
    return _memfd_create(name, flags)


def fadvise(fd: int, offset: int, length: int, advice: int) -> None:
    """posix_fadvise(3), whose result is the error."""
    error = _posix_fadvise(fd, offset, length, advice)
    if error:
        raise failure(error)


def fcntl(fd: int, command: int, argument: int = 0) -> int:
    """fcntl(2) with a number, or an address of the host, as argument."""
    return _fcntl(fd, command, argument)


def written(fd: int) -> bool:
    """Whether somebody has the file of a read-only descriptor open for writing, as far as the host tells (a lease)."""
    if not hasattr(_module_fcntl, "F_SETLEASE"):
        return False
    try:
        _fcntl(fd, _module_fcntl.F_SETLEASE, _module_fcntl.F_RDLCK)
    except OSError as error:
        return error.errno == errno.EAGAIN
    _fcntl(fd, _module_fcntl.F_SETLEASE, _module_fcntl.F_UNLCK)
    return False


def fcntl_buffer(fd: int, command: int, buffer: bytearray) -> int:
    """fcntl(2) with a structure, which the host may change."""
    return _fcntl(fd, command, address(memoryview(buffer)))


def ioctl(fd: int, request: int, argument: int = 0) -> int:
    """ioctl(2) with a number, or an address of the host, as argument."""
    return _ioctl(fd, request, argument)


def ioctl_buffer(fd: int, request: int, buffer: bytearray) -> int:
    """ioctl(2) with a structure, which the host may change."""
    return _ioctl(fd, request, address(memoryview(buffer)))


def in_background(fd: int) -> bool:
    """Whether it is the terminal of our session, and another process group has it."""
    try:
        return os.tcgetpgrp(fd) not in (0, os.getpgrp())
    except OSError:
        return False


def address(view: memoryview) -> int:
    """Where a contiguous buffer lies on the host; the caller keeps it alive."""
    buffer = _Buffer()
    _get_buffer(ctypes.py_object(view), ctypes.byref(buffer), 0)
    base: int | None = buffer.base
    _release_buffer(ctypes.byref(buffer))
    return base or nowhere


def _vector(pieces: Sequence[memoryview], missing: int = 0) -> ctypes.Array[_IoVec]:
    entries = [_IoVec(address(piece), piece.nbytes) for piece in pieces]
    if missing:
        entries.append(_IoVec(nowhere, missing))
    return (_IoVec * len(entries))(*entries)


def copy_to(pieces: Sequence[memoryview], data: bytes) -> int:
    """Copy into memory that may vanish (pages of a file): how much of it could be. EFAULT if nothing could."""
    if _process_vm_writev is None:
        at = 0
        for piece in pieces:
            piece[:] = data[at : at + len(piece)]
            at += len(piece)
        return at
    local = (_IoVec * 1)(_IoVec(address(memoryview(data)), len(data)))
    return _process_vm_writev(os.getpid(), local, 1, _vector(pieces), len(pieces), 0)


def copy_from(pieces: Sequence[memoryview]) -> bytes:
    """The bytes of memory that may vanish. EFAULT if not all can be had."""
    if _process_vm_readv is None or not pieces:
        return b"".join(pieces)
    data = bytearray(sum(map(len, pieces)))
    local = (_IoVec * 1)(_IoVec(address(memoryview(data)), len(data)))
    if _process_vm_readv(os.getpid(), local, 1, _vector(pieces), len(pieces), 0) < len(data):
        raise failure(errno.EFAULT)
    return bytes(data)


def read_nowhere(fd: int, count: int, offset: int | None = None, address: int = nowhere, flags: int = 0) -> int:
    """What read(2), pread(2) with an offset, or preadv2(2) with flags too, says to a bad address."""
    if flags:
        return _preadv2(fd, ctypes.byref(_IoVec(address, count)), 1, offset, flags)
    return _read(fd, address, count) if offset is None else _pread(fd, address, count, offset)


def write_nowhere(fd: int, count: int, offset: int | None = None, address: int = nowhere, flags: int = 0) -> int:
    """What write(2), pwrite(2) or pwritev2(2) says to a bad address, likewise."""
    if flags:
        return _pwritev2(fd, ctypes.byref(_IoVec(address, count)), 1, offset, flags)
    return _write(fd, address, count) if offset is None else _pwrite(fd, address, count, offset)


def read(fd: int, piece: memoryview, offset: int | None = None) -> int:
    """read(2), or pread(2). Of a file's end readv(2) tells who watches it (inotify), as if it had been read, and these do not."""
    return read_nowhere(fd, len(piece), offset, address(piece))


def readv(fd: int, pieces: Sequence[memoryview], missing: int = 0, flags: int = 0) -> int:
    """readv(2), or preadv2(2) at the position with flags, into pieces that so many bytes at a bad address follow."""
    vector = _vector(pieces, missing)
    return _preadv2(fd, vector, len(vector), -1, flags) if flags else _readv(fd, vector, len(vector))


def writev(fd: int, pieces: Sequence[memoryview], missing: int = 0, flags: int = 0) -> int:
    """writev(2), or pwritev2(2), likewise."""
    vector = _vector(pieces, missing)
    return _pwritev2(fd, vector, len(vector), -1, flags) if flags else _writev(fd, vector, len(vector))


def vmsplice(fd: int, pieces: Sequence[memoryview], flags: int) -> int:
    """vmsplice(2)."""
    return _vmsplice(fd, _vector(pieces), len(pieces), flags)


def _moving(function: Callable[..., int]) -> Callable[..., tuple[int, int | None, int | None]]:
    def call(
        source: int, source_offset: int | None, target: int, target_offset: int | None, length: int, flags: int
    ) -> tuple[int, int | None, int | None]:
        offsets = [None if offset is None else c_int64(offset) for offset in (source_offset, target_offset)]
        a, b = (None if offset is None else ctypes.byref(offset) for offset in offsets)
        moved = function(source, a, target, b, length, flags)
        after = [None if offset is None else offset.value for offset in offsets]
        return moved, after[0], after[1]

    return call


splice = _moving(_splice)
"""splice(2): (from, its offset or None, to, its offset or None, length, flags): bytes moved and the two offsets after."""
copy_file_range = _moving(_copy_file_range)
"""copy_file_range(2), likewise."""


def sendfile(target: int, source: int, offset: int | None, count: int) -> tuple[int, int | None]:
    """sendfile(2): bytes sent and the offset after; None: the source's own position is used and moved."""
    if offset is None:
        return _sendfile(target, source, None, count), None
    cell = c_int64(offset)
    sent = _sendfile(target, source, ctypes.byref(cell), count)
    return sent, cell.value


def getdents64(fd: int, buffer: memoryview) -> int:
    """getdents64(2) into the buffer: the number of bytes, 0 at the end."""
    return _getdents64(fd, address(buffer), buffer.nbytes)


def getdents64_nowhere(fd: int, count: int) -> int:
    """What getdents64(2) says to a bad address."""
    return _getdents64(fd, nowhere, count)
