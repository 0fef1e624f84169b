"""The host's memory-mapping calls, by address.

Python's mmap module owns what it maps and cannot place, move or advise a part of it; the address space needs exactly
that. Sizes and addresses are in bytes; each call raises OSError with the host's errno.
"""

import ctypes
import os

from lx.abi.lean import cache
from lx.abi.mman import MapFlags
from lx.host import numbers
from lx.host.libc import libc

PROT_NONE, PROT_READ, PROT_WRITE, PROT_EXEC = 0, 1, 2, 4
MAP_SHARED, MAP_PRIVATE = numbers.MAPPING[MapFlags.SHARED], numbers.MAPPING[MapFlags.PRIVATE]
MAP_ANONYMOUS = numbers.MAPPING[MapFlags.ANONYMOUS]
MAP_FIXED = 0x10
"""What every system with mmap calls it, though Python has no name for it."""
MAP_NORESERVE = numbers.MAPPING.get(MapFlags.NORESERVE, 0)
MREMAP_MAYMOVE, MREMAP_FIXED, MREMAP_DONTUNMAP = 1, 2, 4

_word, _size, _int = ctypes.c_uint64, ctypes.c_size_t, ctypes.c_int
_mmap = libc.mmap
_mmap.restype = _word
_mmap.argtypes = (_word, _size, _int, _int, _int, ctypes.c_int64)
_mremap = libc.mremap
_mremap.restype = _word
_mremap.argtypes = (_word, _size, _size, _int, _word)
for _name in ("munmap", "mlock", "munlock"):
    getattr(libc, _name).argtypes = (_word, _size)
for _name in ("madvise", "msync", "mlock2"):
    getattr(libc, _name).argtypes = (_word, _size, _int)
libc.mincore.argtypes = (_word, _size, ctypes.c_char_p)
FAILED = 2**64 - 1


def _raise() -> None:
    error = ctypes.get_errno()
    raise OSError(error, os.strerror(error))


def mmap(address: int, length: int, prot: int, flags: int, fd: int = -1, offset: int = 0) -> int:
    """mmap(2); the address of the mapping."""
    at: int = _mmap(address, length, prot, flags, fd, offset)
    if at == FAILED:
        _raise()
    return at


def shared_file(fd: int, size: int) -> tuple[int, memoryview]:
    """A file's bytes, shared with whoever maps it too: where they are, and they. (Python's mmap would keep a descriptor.)"""
    at = mmap(0, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd)
    return at, memoryview((ctypes.c_ubyte * size).from_address(at)).cast("B")


def mremap(address: int, old: int, new: int, flags: int, to: int = 0) -> int:
    """mremap(2); the new address."""
    at: int = _mremap(address, old, new, flags, to)
    if at == FAILED:
        _raise()
    return at


@cache
def moves_several() -> bool:
    """Whether the host's mremap moves several mappings at once, as Linux does since 6.17."""
    at = mmap(0, 4 * 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS)
    try:
        mmap(at, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED)
        mremap(at, 2 * 4096, 2 * 4096, MREMAP_MAYMOVE | MREMAP_FIXED, at + 2 * 4096)
    except OSError:
        return False
    finally:
        munmap(at, 4 * 4096)
    return True


def _checked(name: str, *args: int | ctypes.Array[ctypes.c_char]) -> None:
    if getattr(libc, name)(*args):
        _raise()


def munmap(address: int, length: int) -> None:
    """munmap(2)."""
    _checked("munmap", address, length)


def madvise(address: int, length: int, advice: int) -> None:
    """madvise(2), with Linux's advice; EINVAL for one that the host has no name for."""
    _checked("madvise", address, length, numbers.advice().get(advice, -1))


def msync(address: int, length: int, flags: int) -> None:
    """msync(2)."""
    _checked("msync", address, length, flags)


def mlock2(address: int, length: int, flags: int) -> None:
    """mlock2(2)."""
    _checked("mlock2", address, length, flags)


def munlock(address: int, length: int) -> None:
    """munlock(2)."""
    _checked("munlock", address, length)


def mincore(address: int, length: int) -> bytes:
    """mincore(2): one byte per page."""
    pages = ctypes.create_string_buffer((length + 4095) // 4096)
    _checked("mincore", address, length, pages)
    return pages.raw


def write(address: int, content: bytes) -> None:
    """Store bytes at an address that is mapped writable."""
    ctypes.memmove(address, content, len(content))
