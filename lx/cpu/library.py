"""Where Unicorn's shared library is, without importing the `unicorn` package.

The package's own import costs 46 ms (its bindings for all architectures); lx needs only the library in it.
"""

import ctypes
import os
import sys

NAMES = ("libunicorn.so.2", "libunicorn.2.dylib", "unicorn.dll")


def path() -> str:
    """The library inside the installed unicorn package. RuntimeError if there is none."""
    for place in sys.path:
        for name in NAMES:
            candidate = os.path.join(place, "unicorn", "lib", name)
            if os.path.exists(candidate):
                return candidate
    raise RuntimeError("the unicorn package is not installed or has no library: pip install unicorn")


def load() -> ctypes.CDLL:
    """The library, loaded into this process."""
    return ctypes.CDLL(path())
