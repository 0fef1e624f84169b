"""The host's POSIX timers, by number. OSError with the host's errno; ENOSYS on a host other than Linux."""

import ctypes
import errno
import os
import sys

from lx.host.libc import libc

TIMER_CREATE, TIMER_SETTIME, TIMER_GETTIME, TIMER_GETOVERRUN, TIMER_DELETE = 222, 223, 224, 225, 226
ITIMERSPEC_SIZE = 32


def _call(number: int, *args: object) -> int:
    if not sys.platform.startswith("linux"):
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))
    result: int = libc.syscall(ctypes.c_long(number), *args)
    if result == -1:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return result


def create(clock: int, event: bytes | None) -> int:
    """timer_create with a struct sigevent (64 bytes), or none: the timer's id."""
    ident = ctypes.c_int()
    _call(TIMER_CREATE, ctypes.c_int(clock), event, ctypes.byref(ident))
    return ident.value


def settime(ident: int, flags: int, value: bytes) -> bytes:
    """timer_settime: the setting before."""
    old = ctypes.create_string_buffer(ITIMERSPEC_SIZE)
    _call(TIMER_SETTIME, ctypes.c_int(ident), ctypes.c_int(flags), value, old)
    return old.raw


def gettime(ident: int) -> bytes:
    """timer_gettime."""
    value = ctypes.create_string_buffer(ITIMERSPEC_SIZE)
    _call(TIMER_GETTIME, ctypes.c_int(ident), value)
    return value.raw


def delete(ident: int) -> None:
    """timer_delete."""
    _call(TIMER_DELETE, ctypes.c_int(ident))
