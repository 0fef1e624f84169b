"""A guest with a fault planted in one handler: `python -P tests/planted.py FAULT STUB` (test_planted.py).

A fault is a wrapper of one row's handler, put in place before the row's adapter is made. All else is as in lx.testing.direct.
"""

import os
import sys
from collections.abc import Callable
from typing import Any

from lx.abi.errno import Errno, LinuxError
from lx.abi.fcntl import OpenFlags
from lx.testing import direct
from lx.zone import launch
from syscalls.table import Table, build

Handler = Callable[..., Any]


def close_says_einval(old: Handler) -> Handler:
    def close(t: Any, fd: int) -> Any:
        try:
            return old(t, fd)
        except LinuxError:
            raise LinuxError(Errno.EINVAL) from None

    return close


def pread_is_one_short(old: Handler) -> Handler:
    return lambda t, fd, buf, count, offset: old(t, fd, buf, count - 1 if count > 1 else count, offset)


def openat_loses_o_append(old: Handler) -> Handler:
    return lambda t, dirfd, path, flags, mode: old(t, dirfd, path, flags & ~OpenFlags.APPEND, mode)


def pipe2_loses_o_cloexec(old: Handler) -> Handler:
    return lambda t, fds, flags: old(t, fds, flags & ~OpenFlags.CLOEXEC)


def mprotect_passes_over_holes(old: Handler) -> Handler:
    def mprotect(t: Any, addr: int, length: int, prot: int) -> Any:
        try:
            return old(t, addr, length, prot)
        except LinuxError as error:
            if error.errno != Errno.ENOMEM:
                raise
            return 0

    return mprotect


def munmap_frees_one_mapping(old: Handler) -> Handler:
    def munmap(t: Any, addr: int, length: int) -> Any:
        vma = t.memory.find(addr)
        return old(t, addr, min(length, vma.end - addr) if vma else length)

    return munmap


def renameat_replaces_with_noreplace(old: Handler) -> Handler:
    return lambda t, olddirfd, oldpath, newdirfd, newpath, flags: old(t, olddirfd, oldpath, newdirfd, newpath, flags & ~1)


def sigprocmask_stores_through_the_new_mask(old: Handler) -> Handler:
    return lambda t, how, new, oldset, size: old(t, how, new, new if new and oldset else oldset, size)


def ftruncate_rounds_down(old: Handler) -> Handler:
    return lambda t, fd, length: old(t, fd, length & ~7)


def lseek_hole_is_data(old: Handler) -> Handler:
    return lambda t, fd, offset, whence: old(t, fd, offset, 3 if whence == 4 else whence)


def mmap_moves_the_position(old: Handler) -> Handler:
    def mmap(t: Any, addr: int, length: int, prot: int, flags: int, fd: int, offset: int) -> Any:
        result = old(t, addr, length, prot, flags, fd, offset)
        if not flags & 0x20:
            os.lseek(fd, length, os.SEEK_CUR)
        return result

    return mmap


def dup2_keeps_close_on_exec(old: Handler) -> Handler:
    def dup2(t: Any, oldfd: int, newfd: int) -> Any:
        result = old(t, oldfd, newfd)
        if oldfd != newfd:
            os.set_inheritable(newfd, False)
        return result

    return dup2


FAULTS: dict[str, tuple[str, Callable[[Handler], Handler]]] = {
    "wrong errno": ("close", close_says_einval),
    "off by one": ("pread64", pread_is_one_short),
    "lost flag O_APPEND": ("openat", openat_loses_o_append),
    "lost flag O_CLOEXEC": ("pipe2", pipe2_loses_o_cloexec),
    "hole passed over": ("mprotect", mprotect_passes_over_holes),
    "one mapping of two freed": ("munmap", munmap_frees_one_mapping),
    "flag ignored": ("renameat2", renameat_replaces_with_noreplace),
    "wrong pointer": ("rt_sigprocmask", sigprocmask_stores_through_the_new_mask),
    "rounded": ("ftruncate", ftruncate_rounds_down),
    "whence mixed up": ("lseek", lseek_hole_is_data),
    "position moved": ("mmap", mmap_moves_the_position),
    "flag too much": ("dup2", dup2_keeps_close_on_exec),
}
"""Kind of fault: the row, and what is done to its handler."""


def planted(fault: str) -> Table:
    """The table with the fault in it."""
    name, wrap = FAULTS[fault]
    table = build()
    row = table.row(name)
    row.handler = wrap(row.handler)  # type: ignore[assignment, arg-type]
    return table


if __name__ == "__main__":
    launch.build = lambda: planted(sys.argv[1])  # type: ignore[attr-defined]
    Table.direct = lambda self: {}  # type: ignore[method-assign]  # the engine serves no call without its handler
    direct.main(sys.argv[2])
