"""The vDSO: clocks without a trap; and the vsyscall page.

The guest's vDSO is one page of our own (vdso_x86_64.S): Linux's names and version, each function with a slot. Behind it lie
the host kernel's clock data and a copy of the host's code that reads them, at the distance that this code expects; the slots
point at that code. So a clock read in the guest is the computation that the host's C library makes, from the same data and the
same time-stamp counter (Unicorn's rdtsc is the host's): it agrees with the trapped call, with file times and with other
processes to the nanosecond, however long it runs. Ruled out: a data page of our own, calibrated now and then: it drifts in
between, so that trap and vDSO disagree in both directions, and differently in each process.

Whether it works is tried, not assumed: `host_clock` runs the host's code once in the engine and compares (instructions that the
CPU does not have, a counter that is not the host's, a host whose clock is no counter). If it does not, or the host has
no vDSO for this machine, the slots stay 0 and the functions make the system call.

The clock data are the only pages of the emulator that a guest sees; they are the kernel's, read-only, and in every process. Those
of them that cannot be read are given as zeros, which mean "no such clock source" there. Missing: getcpu traps; no unwinding.

The vsyscall page: three calls at fixed addresses above user space, which old static programs still jump to. Linux emulates
the jump and keeps the page unreadable; here it holds three real calls.
"""

import ctypes
import mmap
import os
import struct
import time

from lx.abi.lean import cache
from lx.host import vdso as host_vdso
from lx.host.vdso import HostVdso

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lx.cpu.arch import Architecture
    from lx.cpu.pure import Engine
    from lx.kernel.memory import AddressSpace, HostPages

PAGE = 4096
READ, WRITE, EXECUTE = 1, 2, 4
SLOTS, CHECK = 0xFE0, 0xF00
"""Offsets in our page: one address for each of lx.host.vdso.FUNCTIONS, and the code for `host_clock`."""
CHECK_STACK, CHECKED = 64, 2**32 - 1
"""Bytes of stack that this code takes, the time first; the number of the call that it ends with."""
LOW, HIGH = 0x10000, 2**64 - 1

VSYSCALL = 0xFFFF_FFFF_FF60_0000
ENTRIES = {0x000: 96, 0x400: 201, 0x800: 309}
"""Offset in the page to call number: gettimeofday, time, getcpu."""


@cache
def _code(arch_name: str) -> bytes:
    with open(os.path.join(os.path.dirname(__file__), f"vdso_{arch_name}.bin"), "rb") as file:
        return file.read()[:SLOTS]


def image(arch_name: str, functions: list[int]) -> bytes:
    """Our page with these slots."""
    return _code(arch_name) + struct.pack("<4Q", *functions)


def host_clock(engine: "Engine", arch: "Architecture") -> HostVdso | None:
    """The host's vDSO if its code reads the host's clock in this engine, which has no memory yet; else None."""
    host = host_vdso.find(arch.name)
    if host is None:
        return None
    pages = mmap.mmap(-1, 2 * PAGE)
    pages[:PAGE] = image(arch.name, host.functions)
    view = (ctypes.c_char * (2 * PAGE)).from_buffer(pages)
    at = ctypes.addressof(view)
    engine.map_range(LOW, LOW + PAGE, at, READ | EXECUTE)
    engine.map_range(LOW + PAGE, LOW + 2 * PAGE, at + PAGE, READ | WRITE)
    for page in host.readable:
        engine.map_range(page, page + PAGE, page, READ)
    engine.map_range(*host.code, host.code[0], READ | EXECUTE)
    pristine = engine.save()
    arch.start_registers(engine, LOW + CHECK, LOW + 2 * PAGE)
    before = time.monotonic_ns()
    try:
        engine.step_to_call()
    except RuntimeError:
        arch.forget_exception(engine, pristine)
        return None
    finally:
        engine.unmap_range(0, HIGH)
        engine.flush_code()
    seconds, nanoseconds = struct.unpack_from("<qq", pages, 2 * PAGE - CHECK_STACK)
    reached = engine.register(arch.call_registers[0]) == CHECKED
    return host if reached and before <= seconds * 1_000_000_000 + nanoseconds <= time.monotonic_ns() else None


def map_vdso(memory: "AddressSpace", arch: "Architecture", host: HostVdso | None) -> int:
    """Map the vDSO where the mmap area has room; its address, for AT_SYSINFO_EHDR. Its pages are the same in each image."""
    first, last = (host.data[0][1], host.code[1]) if host else (0, 0)
    at = memory.find_free(PAGE + last - first)
    distance = at + PAGE - first
    slots = [function + distance for function in host.functions] if host else [0] * len(host_vdso.FUNCTIONS)
    page = memory.keep(b"[vdso]", image(arch.name, slots))
    mappings: list[HostPages] = [(at, at + PAGE, READ | EXECUTE, b"[vdso]", [(at, at + PAGE, page)])]
    if host is not None:
        zeros = memory.keep(b"zeros", bytes(PAGE))
        for name, start, end in host.data:
            pages = ((page, page if page in host.readable else zeros) for page in range(start, end, PAGE))
            parts = [(page + distance, page + distance + PAGE, shown) for page, shown in pages]
            mappings.append((start + distance, end + distance, READ, name, parts))
        start, end = host.code
        copy = memory.keep(b"host", ctypes.string_at(start, end - start))
        start, end = start + distance, end + distance
        mappings.append((start, end, READ | EXECUTE, b"[vdso]", [(start, end, copy)]))
    memory.map_host_pages(mappings)
    return at


@cache
def vsyscall_page() -> bytes:
    """The page: at each entry `mov eax, number; syscall; ret`, int3 elsewhere."""
    page = bytearray(b"\xcc" * 4096)
    for offset, number in ENTRIES.items():
        code = b"\xb8" + number.to_bytes(4, "little") + b"\x0f\x05\xc3"
        page[offset : offset + len(code)] = code
    return bytes(page)


def map_vsyscall(memory: "AddressSpace") -> None:
    """Put the page where Linux has it."""
    memory.map_fixed_page(VSYSCALL, memory.keep(b"[vsyscall]", vsyscall_page()), EXECUTE)
