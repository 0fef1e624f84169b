"""What only a Linux host can do for a guest: capabilities, prctl, file-system ids, and a few facts.

A guest process is a host process; so on Linux its capabilities, its parent-death signal or its securebits are the host's
own and are asked of it here. On another host each of these functions either has a stated substitute or raises OSError(ENOSYS),
and its caller says what the guest is told then. Nothing here retries EINTR.

Python has no names for these calls; the C library has, and the numbers that go through them (prctl options, capability
versions) are Linux's on every Linux.
"""

import ctypes
import errno
import os
import sys
import time
from struct import Struct

from lx.host.libc import libc

PRESENT = sys.platform.startswith("linux")
"""Whether the host is Linux."""
EVENTS = PRESENT
"""Whether it has all of Linux's event descriptors: what it lacks has twins (lx.kernel.twins)."""

_CAP_VERSION_3 = 0x20080522
_CAP_DATA = Struct("=6I")
_SYSINFO_SIZE, _TIMEX_SIZE = 128, 256
_MOVE_PAGES, _KCMP, _MEMBARRIER, _CACHESTAT, _IOPRIO_SET, _IOPRIO_GET = 279, 312, 324, 451, 251, 252
"""Numbers of calls that C libraries have no names for, the same in every 64-bit table that lx runs on."""
_IOPRIO_WHO_PROCESS = 1
ALL_CAPABILITIES = 2**41 - 1
REALTIME_COARSE, MONOTONIC_COARSE = 5, 6
"""Clock ids. Source: linux/time.h."""


def _call(name: str, *args: object) -> int:
    if not PRESENT:
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))
    result: int = getattr(libc, name)(*args)
    if result == -1:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result


def prctl(option: int, a: int = 0, b: int = 0, c: int = 0, d: int = 0) -> int:
    """prctl(2). OSError(ENOSYS) on a host without it."""
    return _call("prctl", option, *map(ctypes.c_ulong, (a, b, c, d)))


def prctl_int(option: int) -> int:
    """A prctl that stores an int at its second argument."""
    cell = ctypes.c_int()
    _call("prctl", option, ctypes.byref(cell), 0, 0, 0)
    return cell.value


def capabilities(host_pid: int = 0) -> tuple[int, int, int]:
    """(effective, permitted, inheritable) of a process. A host without them: everything for root, nothing for others."""
    if not PRESENT:
        own = ALL_CAPABILITIES if os.geteuid() == 0 else 0
        return own, own, 0
    header = (ctypes.c_uint32 * 2)(_CAP_VERSION_3, host_pid)
    data = ctypes.create_string_buffer(_CAP_DATA.size)
    _call("capget", header, data)
    low = _CAP_DATA.unpack(data.raw)
    effective, permitted, inheritable = (low[i] | low[i + 3] << 32 for i in range(3))
    return effective, permitted, inheritable


def set_capabilities(effective: int, permitted: int, inheritable: int) -> None:
    """capset(2) on this process."""
    sets = (effective, permitted, inheritable)
    header = (ctypes.c_uint32 * 2)(_CAP_VERSION_3, 0)
    low, high = ([value >> shift & 0xFFFFFFFF for value in sets] for shift in (0, 32))
    _call("capset", header, _CAP_DATA.pack(*low, *high))


def effective_capabilities() -> int:
    """This process's effective set."""
    return capabilities()[0]


def setfsuid(uid: int) -> int:
    """setfsuid(2): the one before. A host without it: file accesses are by the effective id, which is answered."""
    return int(libc.setfsuid(ctypes.c_uint32(uid))) & 0xFFFFFFFF if PRESENT else os.geteuid()


def setfsgid(gid: int) -> int:
    """setfsgid(2), likewise."""
    return int(libc.setfsgid(ctypes.c_uint32(gid))) & 0xFFFFFFFF if PRESENT else os.getegid()


def cpu() -> int:
    """The CPU this runs on; 0 where the host does not say."""
    return int(libc.sched_getcpu()) if PRESENT else 0


def cpu_clock_ns(host_pid: int, bits: int) -> int:
    """A process's CPU-time clock in ns: bits 0 to 1 its kind, bit 2 for one thread. OSError(EINVAL) where there is none."""
    if PRESENT:
        return time.clock_gettime_ns(~host_pid << 3 | bits)
    if host_pid in (0, os.getpid()):
        return time.process_time_ns()
    raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))


def sysinfo() -> tuple[int, ...]:
    """sysinfo(2): uptime, 3 loads, total, free, shared, buffer, swap, free swap, processes, high, free high, unit.

    Another host: uptime, loads and memory as far as POSIX tells them, the rest 0.
    """
    if PRESENT:
        buffer = ctypes.create_string_buffer(_SYSINFO_SIZE)
        _call("sysinfo", buffer)
        return Struct("@l3L6LH2LI").unpack_from(buffer.raw)
    page = os.sysconf("SC_PAGE_SIZE")
    loads = (int(load * 65536) for load in os.getloadavg())
    memory = (os.sysconf("SC_PHYS_PAGES") * page, os.sysconf("SC_AVPHYS_PAGES") * page)
    return int(time.monotonic()), *loads, *memory, 0, 0, 0, 0, 1, 0, 0, 1


def adjtimex() -> tuple[int, bytes]:
    """The clock's state and the host's struct timex, nothing changed. OSError(ENOSYS) on a host without it."""
    buffer = ctypes.create_string_buffer(_TIMEX_SIZE)
    return _call("adjtimex", buffer), buffer.raw


def page_node(host_pid: int, address: int) -> int:
    """The memory node of a page of a process, or minus Linux's errno if there is none; 0 on a host that cannot tell."""
    if not PRESENT:
        return 0
    page, status = ctypes.c_void_p(address), ctypes.c_int()
    try:
        number, one = ctypes.c_long(_MOVE_PAGES), ctypes.c_ulong(1)
        _call("syscall", number, ctypes.c_int(host_pid), one, ctypes.byref(page), None, ctypes.byref(status), 0)
    except OSError as error:
        if error.errno in (errno.EPERM, errno.ESRCH):
            raise
        return 0
    return status.value


def membarrier(command: int, flags: int = 0, cpu: int = 0) -> int:
    """membarrier(2)."""
    return _call("syscall", ctypes.c_long(_MEMBARRIER), ctypes.c_int(command), ctypes.c_uint(flags), ctypes.c_int(cpu))


def kcmp(pid1: int, pid2: int, kind: int, index1: int, index2: int) -> int:
    """kcmp(2)."""
    words = (ctypes.c_ulong(index1), ctypes.c_ulong(index2))
    return _call("syscall", ctypes.c_long(_KCMP), ctypes.c_int(pid1), ctypes.c_int(pid2), ctypes.c_int(kind), *words)


def cachestat(fd: int, span: bytes, flags: int) -> bytes:
    """cachestat(2): the five figures. Linux 6.5."""
    found = ctypes.create_string_buffer(40)
    _call("syscall", ctypes.c_long(_CACHESTAT), ctypes.c_uint(fd), span, found, ctypes.c_uint(flags))
    return found.raw


def unshare(flags: int) -> None:
    """unshare(2)."""
    _call("unshare", ctypes.c_int(flags))


def ioprio_get(host_pid: int) -> int:
    """ioprio_get(2) of a process."""
    return _call("syscall", ctypes.c_long(_IOPRIO_GET), ctypes.c_int(_IOPRIO_WHO_PROCESS), ctypes.c_int(host_pid))


def ioprio_set(host_pid: int, value: int) -> None:
    """ioprio_set(2) of a process."""
    who = (ctypes.c_int(_IOPRIO_WHO_PROCESS), ctypes.c_int(host_pid))
    _call("syscall", ctypes.c_long(_IOPRIO_SET), *who, ctypes.c_int(value))


def real_uid(host_pid: int) -> int:
    """The real user id of a process; -1 if there is none, or no telling."""
    try:
        with open(f"/proc/{host_pid}/status", "rb") as file:
            return int(file.read().partition(b"\nUid:\t")[2].split(b"\t", 1)[0])
    except (OSError, ValueError):
        return -1
