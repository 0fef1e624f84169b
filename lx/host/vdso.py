"""The host kernel's own vDSO, as it lies in this process: clock data, code and the functions that read clocks.

The kernel maps them into every process: pages of clock data that it keeps up to date (vvar), and right behind them the code
that reads clocks from those pages and the time-stamp counter. The code finds the data by its distance, so a copy of the
code works wherever the data is mapped at the same distance before it. Nothing here knows the layout of the data, which is
the kernel's own business and changes with its version.

A page of clock data may be there and not be readable (one for a hypervisor that is not there): the kernel is asked.
"""

import ctypes
import os

from lx.host.libc import libc

FUNCTIONS = ("clock_gettime", "gettimeofday", "time", "clock_getres")
PAGE = 4096


class HostVdso:
    """Where it lies; addresses are this process's."""

    __slots__ = ("code", "data", "functions", "readable")

    def __init__(self, data: list[tuple[bytes, int, int]], code: tuple[int, int], functions: list[int]) -> None:
        self.data = data
        """(name in /proc/PID/maps, start, end) of each mapping of clock data, contiguous and ending where the code begins."""
        self.readable = _readable(data[0][1], code[0])
        """The pages of clock data that can be read."""
        self.code = code
        """Start and end."""
        self.functions = functions
        """The addresses of FUNCTIONS, in that order."""


def find(machine: str) -> HostVdso | None:
    """The vDSO of this process; None if the host has none for this machine, or keeps it in some other way."""
    if os.uname().machine != machine:
        return None
    try:
        with open("/proc/self/maps", "rb") as maps:
            lines = [line.split() for line in maps if b"[v" in line]
        library = ctypes.CDLL("linux-vdso.so.1")
        functions = [ctypes.cast(library[f"__vdso_{name}"], ctypes.c_void_p).value or 0 for name in FUNCTIONS]
    except (OSError, AttributeError):
        return None
    mappings = []
    for words in lines:
        start, _, end = words[0].partition(b"-")
        mappings.append((words[-1], int(start, 16), int(end, 16)))
    code = next(((start, end) for name, start, end in mappings if name == b"[vdso]"), (0, 0))
    data: list[tuple[bytes, int, int]] = []
    for mapping in reversed(mappings):
        if mapping[0].startswith(b"[vvar") and mapping[2] == (data[0][1] if data else code[0]):
            data.insert(0, mapping)
    if not data or not all(code[0] <= function < code[1] for function in functions):
        return None
    return HostVdso(data, code, functions)


def _readable(start: int, end: int) -> list[int]:
    out, into = os.pipe()
    try:
        return [page for page in range(start, end, PAGE) if libc.write(into, ctypes.c_void_p(page), ctypes.c_size_t(1)) == 1]
    finally:
        os.close(out)
        os.close(into)
