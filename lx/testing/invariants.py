"""What holds of a process of lx whatever its guest has done: checked after every generated program, in the process itself.

* The list of mappings is in order, without overlap, and its sums are right.
* What the host has mapped where guest memory lies is what the list says, to the page: nothing forgotten, nothing left.
* No descriptor of the emulator's own has been left open but those that the process knows of.

`broken` says what does not hold; a guest side asks for it (sides.Guest.check), and an answer other than nothing is a fault of lx
itself, reported as its crashes are.
"""

import os
from collections.abc import Iterator
from itertools import pairwise

from lx.kernel.memory import WINDOW, AddressSpace
from lx.kernel.process import Process

RESERVED = "---p"
Span = tuple[int, int]


def broken(process: Process, own: frozenset[int]) -> list[str]:
    """The invariants that do not hold. own: the emulator's descriptors before the program."""
    return [*_list(process.memory), *_host(process.memory), *_descriptors(process, own)]


def _list(memory: AddressSpace) -> Iterator[str]:
    vmas = list(memory.vmas())
    for one, other in pairwise(vmas):
        if one.end > other.start:
            yield f"mappings overlap at {other.start:#x}"
    if any(vma.start >= vma.end for vma in vmas):
        yield "an empty mapping"
    if memory.starts != [vma.start for vma in vmas]:
        yield "the index of mappings is not theirs"
    if memory.total != sum(vma.end - vma.start for vma in vmas):
        yield f"mappings are counted as {memory.total} bytes"


def _host(memory: AddressSpace) -> Iterator[str]:
    wanted: list[Span] = []
    for vma in memory.vmas():
        wanted += [(host, host + b - a) for a, b, host in memory.pieces(vma.start, vma.end)]
    windows = [(base, base + WINDOW) for window, base in memory.windows.items() if window >= 0]
    found: list[Span] = []
    with open("/proc/self/maps") as maps:
        for line in maps:
            span, permissions, *_ = line.split()
            start, end = (int(word, 16) for word in span.split("-"))
            if permissions != RESERVED and any(low <= start < high for low, high in windows):
                found.append((start, end))
    ours, theirs = _joined(wanted), _joined(found)
    for start, end in sorted(set(ours) ^ set(theirs))[:1]:
        side = "the list only" if (start, end) in ours else "the host only"
        yield f"mapped for {side}: {end - start} bytes at host {start:#x}"


def _joined(spans: list[Span]) -> list[Span]:
    joined: list[Span] = []
    for start, end in sorted(spans):
        if joined and joined[-1][1] == start:
            joined[-1] = (joined[-1][0], end)
        else:
            joined.append((start, end))
    return joined


def own_descriptors(process: Process) -> frozenset[int]:
    """The emulator's own open descriptors."""
    return frozenset(fd for name in os.listdir("/proc/self/fd") if (fd := int(name)) >= process.files.base and _open(fd))


def _open(fd: int) -> bool:
    try:
        os.fstat(fd)
    except OSError:
        return False
    return True


def _descriptors(process: Process, own: frozenset[int]) -> Iterator[str]:
    known = {process._wake_read, process._wake_write, process.vfork_pipe, getattr(process.engine, "_signalfd", -1)}
    known |= {context.bell for context in (process.aio or {}).values()}
    for fd in sorted(own_descriptors(process) - own - known):
        yield f"descriptor {fd} is left open: {os.readlink(f'/proc/self/fd/{fd}')}"
