"""The host's native asynchronous I/O, by number. OSError with the host's errno; ENOSYS on a host other than Linux.

Requests are struct iocb in memory that stays where it is until the event has been taken; nothing here waits.
"""

import ctypes
import errno
import os
import sys

from lx.host.libc import libc

_syscall = libc["syscall"]
_syscall.restype = ctypes.c_long
IO_SETUP, IO_DESTROY, IO_GETEVENTS, IO_SUBMIT, IO_CANCEL = 206, 207, 208, 209, 210
EVENT_SIZE = 32
AT_ONCE = bytes(16)


def _call(number: int, *args: object) -> int:
    if not sys.platform.startswith("linux"):
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))
    result: int = _syscall(ctypes.c_long(number), *args)
    if result == -1:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return result


def setup(count: int) -> int:
    """io_setup: a context for so many requests at once."""
    context = ctypes.c_ulong()
    _call(IO_SETUP, ctypes.c_uint(count), ctypes.byref(context))
    return context.value


def destroy(context: int) -> None:
    """io_destroy: requests that can be are cancelled, others waited for."""
    _call(IO_DESTROY, ctypes.c_ulong(context))


def submit(context: int, address: int) -> None:
    """io_submit of one request, by its address."""
    cell = ctypes.c_ulong(address)
    _call(IO_SUBMIT, ctypes.c_ulong(context), ctypes.c_long(1), ctypes.byref(cell))


def events(context: int, most: int) -> bytes:
    """io_getevents of what is done: struct io_event one after the other."""
    buffer = ctypes.create_string_buffer(most * EVENT_SIZE)
    got = _call(IO_GETEVENTS, ctypes.c_ulong(context), ctypes.c_long(0), ctypes.c_long(most), buffer, AT_ONCE)
    return buffer.raw[: got * EVENT_SIZE]


def cancel(context: int, address: int) -> None:
    """io_cancel of the request at an address. OSError(EINPROGRESS): it is being cancelled, and its event will come."""
    _call(IO_CANCEL, ctypes.c_ulong(context), ctypes.c_ulong(address), ctypes.create_string_buffer(EVENT_SIZE))
