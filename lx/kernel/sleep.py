"""The one place where a process sleeps: ppoll(2) with nanoseconds, which Python does not offer."""

import ctypes

from lx.abi.lean import Sequence
from lx.host.libc import libc


class _PollFd(ctypes.Structure):
    _fields_ = (("fd", ctypes.c_int), ("events", ctypes.c_short), ("revents", ctypes.c_short))


class _TimeSpec(ctypes.Structure):
    _fields_ = (("sec", ctypes.c_int64), ("nsec", ctypes.c_int64))


_ppoll = libc.ppoll
_ppoll.argtypes = (ctypes.c_void_p, ctypes.c_ulong, ctypes.c_void_p, ctypes.c_void_p)
LONGEST = 1 << 30


def poll(fds: Sequence[tuple[int, int]], timeout: int | None) -> list[int]:
    """Wait until a descriptor has one of its poll bits, `timeout` nanoseconds pass (None: for ever) or a signal arrives.

    Returns the bits found, in the order of `fds`; all 0 after a timeout or a signal.
    """
    array = (_PollFd * len(fds))(*[_PollFd(fd, events, 0) for fd, events in fds])
    spec = None
    if timeout is not None:
        seconds, nanoseconds = divmod(max(timeout, 0), 1_000_000_000)
        spec = ctypes.byref(_TimeSpec(min(seconds, LONGEST), nanoseconds))
    if _ppoll(array, len(fds), spec, None) <= 0:
        return [0] * len(fds)
    return [entry.revents for entry in array]
