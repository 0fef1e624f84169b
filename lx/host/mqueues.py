"""The host's POSIX message queues, by number. OSError with the host's errno; ENOSYS on a host other than Linux.

Sending and receiving are tried: a moment that is long past is given as the limit of the waiting, so what would have to wait
is ETIMEDOUT at once (EAGAIN on a queue that is open with O_NONBLOCK).
"""

import ctypes
import errno
import os
import sys

from lx.host.libc import libc

MQ_OPEN, MQ_UNLINK, MQ_TIMEDSEND, MQ_TIMEDRECEIVE, MQ_NOTIFY, MQ_GETSETATTR = 240, 241, 242, 243, 244, 245
ATTR_SIZE = 64
LONG_AGO = bytes(16)


def _call(number: int, *args: object) -> int:
    if not sys.platform.startswith("linux"):
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))
    result: int = libc.syscall(ctypes.c_long(number), *args)
    if result == -1:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return result


def open_queue(name: bytes, flags: int, mode: int, attr: bytes | None) -> int:
    """mq_open: a descriptor."""
    return _call(MQ_OPEN, name, ctypes.c_int(flags), ctypes.c_uint(mode), attr)


def unlink(name: bytes) -> None:
    """mq_unlink."""
    _call(MQ_UNLINK, name)


def send(fd: int, message: bytes | None, length: int, priority: int) -> None:
    """mq_timedsend. message None: an address that cannot be read."""
    _call(MQ_TIMEDSEND, ctypes.c_int(fd), message, ctypes.c_size_t(length), ctypes.c_uint(priority), LONG_AGO)


def receive(fd: int, size: int, length: int) -> tuple[bytes, int]:
    """mq_timedreceive into `length` bytes, of which at most `size` are used: the message and its priority."""
    buffer, priority = ctypes.create_string_buffer(max(size, 1)), ctypes.c_uint()
    got = _call(MQ_TIMEDRECEIVE, ctypes.c_int(fd), buffer, ctypes.c_size_t(length), ctypes.byref(priority), LONG_AGO)
    return buffer.raw[:got], priority.value


def notify(fd: int, event: bytes | None) -> None:
    """mq_notify with a struct sigevent, or none."""
    _call(MQ_NOTIFY, ctypes.c_int(fd), event)


def notify_socket(fd: int, socket: int, cookie: bytes) -> None:
    """mq_notify by a cookie that is sent to a netlink socket (SIGEV_THREAD)."""
    held = ctypes.create_string_buffer(cookie, len(cookie))
    event = ctypes.addressof(held).to_bytes(8, "little") + socket.to_bytes(4, "little", signed=True) + b"\2\0\0\0" + bytes(48)
    _call(MQ_NOTIFY, ctypes.c_int(fd), event)


def getsetattr(fd: int, new: bytes | None) -> bytes:
    """mq_getsetattr: the attributes before."""
    old = ctypes.create_string_buffer(ATTR_SIZE)
    _call(MQ_GETSETATTR, ctypes.c_int(fd), new, old)
    return old.raw
