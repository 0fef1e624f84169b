"""The host's futexes, at host addresses: how processes that share memory wait for each other.

Nothing here is private to the process, so that the same word of a shared mapping meets whatever its addresses are. OSError with
the host's errno, EINTR included.
"""

import ctypes
import os

from lx.host.libc import libc

_syscall = libc["syscall"]
FUTEX, FUTEX_WAITV = 202, 449
WAKE, REQUEUE, CMP_REQUEUE, WAKE_OP, WAIT_BITSET, WAKE_BITSET = 1, 3, 4, 5, 9, 10
CLOCK_MONOTONIC = 1
WAITV = 2
"""FUTEX2_SIZE_U32."""


class _TimeSpec(ctypes.Structure):
    _fields_ = (("sec", ctypes.c_int64), ("nsec", ctypes.c_int64))


class _Waiter(ctypes.Structure):
    _fields_ = (("val", ctypes.c_uint64), ("address", ctypes.c_uint64), ("flags", ctypes.c_uint32), ("zero", ctypes.c_uint32))


def _check(result: int) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result


def call(address: int, command: int, value: int, value2: int = 0, address2: int = 0, value3: int = 0) -> int:
    """A command that does not wait."""
    word = ctypes.c_long
    return _check(
        _syscall(word(FUTEX), word(address), word(command), word(value), word(value2), word(address2), word(value3))
    )


def _moment(until: int | None) -> "ctypes._Pointer[_TimeSpec] | None":
    return None if until is None else ctypes.pointer(_TimeSpec(*divmod(until, 1_000_000_000)))


def wait(address: int, value: int, bitset: int, until: int | None) -> int:
    """Wait while the word has this value, until woken (0) or until this CLOCK_MONOTONIC nanosecond. EAGAIN, ETIMEDOUT, EINTR."""
    word = ctypes.c_long
    number, command, nothing = word(FUTEX), word(WAIT_BITSET), word(0)
    return _check(_syscall(number, word(address), command, word(value), _moment(until), nothing, word(bitset)))


def wait_many(words: list[tuple[int, int]], until: int | None) -> int:
    """Wait on several (address, value); the index of one that was woken. Linux 5.16."""
    array = (_Waiter * len(words))(*[_Waiter(value, address, WAITV, 0) for address, value in words])
    word = ctypes.c_long
    return _check(
        _syscall(word(FUTEX_WAITV), array, word(len(words)), word(0), _moment(until), word(CLOCK_MONOTONIC))
    )
