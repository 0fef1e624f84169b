"""Changing the ids of this thread of the host.

The C library's own wrappers change every thread of the process and abort it if one answers otherwise than the others; the pure
engine has a helper thread, whose capabilities the guest's capset does not touch. So on Linux the system call itself is
made, for the calling thread, which is the one that runs the guest. Every function raises OSError with the host's errno.
"""

import ctypes
import os
import sys

from lx.abi.lean import Callable, Sequence
from lx.host.libc import libc

_RAW = sys.platform == "linux" and os.uname().machine == "x86_64"


def _bind(number: int, fallback: Callable[..., None]) -> Callable[..., None]:
    if not _RAW:
        return fallback

    def call(*ids: int) -> None:
        if libc.syscall(ctypes.c_long(number), *map(ctypes.c_uint, ids)):
            error = ctypes.get_errno()
            raise OSError(error, os.strerror(error))

    return call


setuid = _bind(105, os.setuid)
"""setuid(2): (uid)."""
setgid = _bind(106, os.setgid)
"""setgid(2): (gid)."""
setreuid = _bind(113, os.setreuid)
"""setreuid(2): (real, effective); 2**32 - 1 leaves one alone."""
setregid = _bind(114, os.setregid)
"""setregid(2), likewise."""
setresuid = _bind(117, os.setresuid)
"""setresuid(2): (real, effective, saved), likewise."""
setresgid = _bind(119, os.setresgid)
"""setresgid(2), likewise."""


def setgroups(gids: Sequence[int]) -> None:
    """setgroups(2)."""
    if not _RAW:
        os.setgroups(gids)
        return
    array = (ctypes.c_uint32 * len(gids))(*gids)
    if libc.syscall(ctypes.c_long(116), ctypes.c_long(len(gids)), array):
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))
