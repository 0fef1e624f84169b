"""The host's path calls that Python has no name for, by descriptor. OSError with the host's errno; EINTR is not retried."""

import ctypes
import errno
import os
import struct

from lx.host.libc import libc

_syscall = libc["syscall"]
_syscall.restype = ctypes.c_long
OPENAT2_NUMBER = 437
OPEN_HOW = struct.Struct("<QQQ")
NO_XDEV, NO_MAGICLINKS, NO_SYMLINKS, BENEATH, IN_ROOT = 1, 2, 4, 8, 16
AT_SYMLINK_FOLLOW = 0x400
O_PATH: int = getattr(os, "O_PATH", 0)


class HostPaths:
    """Which of the calls this host has; `openat2` False forces the portable walk (tests)."""

    def __init__(self, openat2: bool | None = None) -> None:
        if openat2 is None:
            openat2 = os.uname().sysname == "Linux" and self._has_openat2()
        self.openat2 = openat2

    @staticmethod
    def _has_openat2() -> bool:
        try:
            os.close(open_beneath(-100, b"/", O_PATH | os.O_CLOEXEC, 0, 0))
        except OSError:
            return False
        return True


def open_beneath(dirfd: int, path: bytes, flags: int, mode: int, resolve: int) -> int:
    """openat2(2): a descriptor."""
    how = OPEN_HOW.pack(flags, mode, resolve)
    fd: int = _syscall(
        ctypes.c_long(OPENAT2_NUMBER), ctypes.c_int(dirfd), path, how, ctypes.c_size_t(OPEN_HOW.size)
    )
    if fd < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return fd


def _plain_openat(dirfd: int, path: bytes, flags: int, mode: int) -> int:
    fd: int = libc.openat(ctypes.c_int(dirfd), path, ctypes.c_int(flags), ctypes.c_uint(mode))
    if fd < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return fd


openat = _plain_openat
"""openat(2): not retried on EINTR, and not made close-on-exec as Python's own is."""


def readlink_fd(fd: int) -> bytes:
    """The text of a symbolic link that is open with O_PATH|O_NOFOLLOW."""
    return os.readlink(b"", dir_fd=fd)


def _check(result: int) -> None:
    if result:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def rename2(old_dir: int, old: bytes, new_dir: int, new: bytes, flags: int) -> None:
    """renameat2(2); ENOSYS where the host has none and flags are asked for."""
    function = getattr(libc, "renameat2", None)
    if function is None:
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))
    _check(function(ctypes.c_int(old_dir), old, ctypes.c_int(new_dir), new, ctypes.c_uint(flags)))


def link_object(old: bytes, new_dir: int, new: bytes) -> None:
    """linkat(2) with AT_SYMLINK_FOLLOW, from an absolute path."""
    _check(libc.linkat(ctypes.c_int(-100), old, ctypes.c_int(new_dir), new, ctypes.c_int(AT_SYMLINK_FOLLOW)))


def faccessat(dirfd: int, path: bytes, mode: int, flags: int) -> None:
    """faccessat(2) with the C library's flags."""
    _check(libc.faccessat(ctypes.c_int(dirfd), path, ctypes.c_int(mode), ctypes.c_int(flags)))


def fchownat(dirfd: int, path: bytes, uid: int, gid: int, flags: int) -> None:
    """fchownat(2); an id of all ones is left as it is."""
    uid, gid = uid & 0xFFFFFFFF, gid & 0xFFFFFFFF
    _check(libc.fchownat(ctypes.c_int(dirfd), path, ctypes.c_uint(uid), ctypes.c_uint(gid), ctypes.c_int(flags)))


def utimensat(dirfd: int, path: bytes | None, times: bytes | None, flags: int) -> None:
    """utimensat(2): two packed timespecs, or None for now."""
    _check(libc.utimensat(ctypes.c_int(dirfd), path, times, ctypes.c_int(flags)))


def statx(dirfd: int, path: bytes, flags: int, mask: int) -> bytes | None:
    """statx(2): the 256 bytes of its structure; None where the host has no such call."""
    function = getattr(libc, "statx", None)
    if function is None:
        return None
    buffer = ctypes.create_string_buffer(256)
    _check(function(ctypes.c_int(dirfd), path, ctypes.c_int(flags), ctypes.c_uint(mask), buffer))
    return buffer.raw


def fstatfs(fd: int) -> bytes:
    """fstatfs(2): the 120 bytes that a 64-bit Linux answers."""
    buffer = ctypes.create_string_buffer(120)
    _check(libc.fstatfs(ctypes.c_int(fd), buffer))
    return buffer.raw
