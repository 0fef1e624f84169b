"""The C library's functions by name, raising OSError with the host's errno. EINTR is not retried.

A function that the host does not have raises OSError(ENOSYS) when it is called.
"""

import ctypes
import errno
import os
from ctypes import c_long

from lx.abi.lean import Callable

libc = ctypes.CDLL(None, use_errno=True)


def failure(number: int) -> OSError:
    """The exception of a host errno."""
    return OSError(number, os.strerror(number))


def bind(name: str, *types: type, result: type = c_long) -> Callable[..., int]:
    """The C library's function: its result, or OSError."""
    try:
        function = libc[name]
    except AttributeError:

        def missing(*_: object) -> int:
            raise failure(errno.ENOSYS)

        return missing
    function.argtypes = types
    function.restype = result

    def call(*arguments: object) -> int:
        value: int = function(*arguments)
        if value == -1:
            raise failure(ctypes.get_errno())
        return value

    return call
