"""`python -P tests/illumos.py run ...`: lx on a host that wears illumos' numbers (test_illumos.py).

The costume is worn where Python meets the host: the modules errno, signal and os name illumos' numbers (../shared/reference,
copied to illumos_errno.tsv and illumos_signals.tsv; open flags from illumos' sys/fcntl.h), and every door behind which the real
Linux is (the C modules' functions, lx.host's, the engine's signals) translates: what comes out is renumbered into illumos', what
goes in back into Linux's. lx is not told. A raw number that leaks from one side to the other then is a wrong number, and the
guest tests see it. What illumos does not have (O_PATH, O_TMPFILE, O_NOATIME) gets bits of its own, because the walk needs the
host's openat2.
"""

import ctypes
import errno
import fcntl
import os
import resource
import select
import signal
import struct
import sys
import termios
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
Function = Callable[..., Any]


def rows(name: str) -> list[list[str]]:
    lines = (HERE / name).read_text().splitlines()
    return [line.split("\t") for line in lines if line and line[0].isdigit()]


# ---- the numbers

REAL_ERRNO = {name: number for name, number in vars(errno).items() if name.startswith("E")}
ILLUMOS_ERRNO = {name: int(number) for number, name, *_ in rows("illumos_errno.tsv")}
ALIASES = ("EDEADLOCK", "ENOTSUP", "EWOULDBLOCK")
ERRNO = {REAL_ERRNO[name]: number for name, number in ILLUMOS_ERRNO.items() if name in REAL_ERRNO and name not in ALIASES}

ILLUMOS_SIGNALS = {name: int(number) for number, _, name in rows("illumos_signals.tsv")}
REAL_SIGNALS = {linux: int(number) for number, linux, _ in rows("illumos_signals.tsv")}
SIGNAL_OUT = {number: ILLUMOS_SIGNALS[name] for name, number in REAL_SIGNALS.items() if name in ILLUMOS_SIGNALS}
SIGNAL_OUT |= {REAL_SIGNALS["SIGSTKFLT"]: ILLUMOS_SIGNALS["SIGEMT"]}
SIGNAL_OUT |= {32 + k: 41 + k for k in range(32)}
SIGNAL_IN = {illumos: real for real, illumos in SIGNAL_OUT.items()}

OPEN_FLAGS = {
    "O_NDELAY": 0x04, "O_APPEND": 0x08, "O_SYNC": 0x10, "O_DSYNC": 0x40, "O_NONBLOCK": 0x80, "O_CREAT": 0x100, "O_TRUNC": 0x200,
    "O_EXCL": 0x400, "O_NOCTTY": 0x800, "O_NOFOLLOW": 0x20000, "O_CLOEXEC": 0x800000, "O_DIRECTORY": 0x1000000,
    "O_DIRECT": 0x2000000, "O_PATH": 0x10000000, "O_NOATIME": 0x20000000, "O_TMPFILE": 0x41000000, "O_ASYNC": 0x80000000,
}  # fmt: skip
REAL_OPEN = {name: getattr(os, name) for name in OPEN_FLAGS if hasattr(os, name)}
BY_SIZE = sorted(REAL_OPEN, key=lambda name: -REAL_OPEN[name].bit_count())
LARGEFILE, ILLUMOS_LARGEFILE = 0x8000, 0x2000


def flags_in(illumos: int) -> int:
    """Linux's open flags."""
    real = illumos & 3
    for name in BY_SIZE:
        if illumos & OPEN_FLAGS[name] == OPEN_FLAGS[name]:
            real |= REAL_OPEN[name]
    return real


def flags_out(real: int) -> int:
    """illumos' open flags."""
    illumos = real & 3
    for name in BY_SIZE:
        if REAL_OPEN[name] and real & REAL_OPEN[name] == REAL_OPEN[name]:
            illumos |= OPEN_FLAGS[name]
    return illumos | (ILLUMOS_LARGEFILE if real & LARGEFILE else 0)


def signal_in(illumos: int) -> int:
    return SIGNAL_IN.get(illumos, 0) if illumos else 0


def status_out(status: int) -> int:
    """A wait status, whose signal is illumos'."""
    if os.WIFSTOPPED(status):
        return SIGNAL_OUT[status >> 8] << 8 | 0x7F
    return status & ~0x7F | SIGNAL_OUT[status & 0x7F] if status & 0x7F and not os.WIFCONTINUED(status) else status


def info_out(info: bytes) -> bytes:
    """A siginfo_t, whose number (and, for SIGCHLD, whose status) is illumos'."""
    signo, error, code = struct.unpack_from("<iii", info)
    if signo == REAL_SIGNALS["SIGCHLD"] and code > 1:
        info = info[:24] + struct.pack("<i", SIGNAL_OUT.get(struct.unpack_from("<i", info, 24)[0], 0)) + info[28:]
    return struct.pack("<iii", SIGNAL_OUT.get(signo, 0), ERRNO.get(error, error), code) + info[12:]


def mask_in(illumos: int) -> int:
    return sum(1 << real - 1 for number, real in SIGNAL_IN.items() if illumos >> number - 1 & 1)


def mask_out(real: int) -> int:
    return sum(1 << number - 1 for number, real_number in SIGNAL_IN.items() if real >> real_number - 1 & 1)


# ---- the doors


def door(function: Function, before: Function | None = None, after: Function | None = None) -> Function:
    """The function as illumos would have it: errors renumbered, arguments and result by `before` and `after`."""

    def called(*args: Any, **names: Any) -> Any:
        try:
            result = function(*(before(*args) if before else args), **names)
        except OSError as error:
            error.errno = ERRNO.get(error.errno or 0, error.errno)
            raise
        return after(result) if after else result

    return called


def fcntl_door(function: Function) -> Function:
    """fcntl(fd, command, argument), of which two commands carry open flags and two a signal."""
    getfl, setfl, getsig, setsig = fcntl.F_GETFL, fcntl.F_SETFL, 11, 10

    def called(fd: int, command: int, arg: Any = 0) -> Any:
        if command == setfl:
            arg = flags_in(arg)
        elif command == setsig:
            arg = signal_in(arg)
        result = function(fd, command, arg)
        return flags_out(result) if command == getfl else SIGNAL_OUT[result] if command == getsig and result else result

    return called


KEPT = frozenset({"_exit", "fspath", "strerror", "abort", "urandom", "getpid", "uname", "cpu_count"})


def dress(module: types.ModuleType, doors: dict[str, Function]) -> None:
    """Put a door before every function of a module; of those named, one that also translates."""
    for name, function in list(vars(module).items()):
        if name in doors:
            setattr(module, name, doors[name])
        elif isinstance(function, types.BuiltinFunctionType) and name not in KEPT and not name.startswith("W"):
            setattr(module, name, door(function))


def dress_python() -> None:
    """errno, signal, os and their C neighbours."""
    for name in list(REAL_ERRNO):
        delattr(errno, name)
    errno.errorcode.clear()
    for name, number in ILLUMOS_ERRNO.items():
        setattr(errno, name, number)
        errno.errorcode[number] = name
    dress(os, {
        "open": door(os.open, lambda path, flags, *rest: (path, flags_in(flags), *rest)),
        "pipe2": door(os.pipe2, lambda flags: (flags_in(flags),)),
        "kill": door(os.kill, lambda pid, number: (pid, signal_in(number))),
        "killpg": door(os.killpg, lambda group, number: (group, signal_in(number))),
        "wait4": door(os.wait4, after=lambda found: (found[0], status_out(found[1]), found[2])),
        "waitpid": door(os.waitpid, after=lambda found: (found[0], status_out(found[1]))),
    })  # fmt: skip
    for name, bits in {**OPEN_FLAGS, "O_LARGEFILE": ILLUMOS_LARGEFILE}.items():
        setattr(os, name, bits)
    dress(fcntl, {"fcntl": door(fcntl_door(fcntl.fcntl))})
    for module in (resource, select, termios):
        dress(module, {})
    real_get_errno = ctypes.get_errno
    ctypes.get_errno = lambda: ERRNO.get(real_get_errno(), real_get_errno())
    dress_signals()


def dress_signals() -> None:
    """The signal module, and _signal, of which it is made."""
    import _signal

    real_getsignal, real_sigpending = _signal.getsignal, _signal.sigpending
    for module in (signal, _signal):
        for name in [name for name in vars(module) if name.startswith("SIG") and "_" not in name]:
            delattr(module, name)
        for name, number in {**ILLUMOS_SIGNALS, "SIGRTMIN": 41, "SIGRTMAX": 72}.items():
            setattr(module, name, number)
        module.getsignal = lambda number: real_getsignal(SIGNAL_IN.get(number, 64))  # type: ignore[attr-defined]
        module.sigpending = lambda: {SIGNAL_OUT[int(n)] for n in real_sigpending() if int(n) in SIGNAL_OUT}  # type: ignore[attr-defined]


def dress_lx() -> None:
    """lx's own doors to the host: what lx.host calls through the C library (ctypes.get_errno has renumbered its errors), and
    the engine's signals."""
    from lx import cpu
    from lx.host import calls, descriptors, paths

    descriptors.fcntl = fcntl_door(descriptors.fcntl)  # type: ignore[assignment]
    real_openat, real_beneath = paths.openat, paths.open_beneath
    paths.openat = lambda fd, name, flags, mode: real_openat(fd, name, flags_in(flags), mode)
    paths.open_beneath = lambda fd, path, flags, mode, resolve: real_beneath(fd, path, flags_in(flags), mode, resolve)
    real_tgkill, real_queue, real_tgqueue, real_waitid = calls.tgkill, calls.sigqueueinfo, calls.tgsigqueueinfo, calls.waitid
    calls.tgkill = lambda pid, tid, number: real_tgkill(pid, tid, signal_in(number))
    calls.sigqueueinfo = lambda pid, number, info: real_queue(pid, signal_in(number), info)
    calls.tgsigqueueinfo = lambda pid, tid, number, info: real_tgqueue(pid, tid, signal_in(number), info)

    def waitid(*args: int) -> Any:
        found = real_waitid(*args)
        return found and (info_out(found[0]), found[1])

    calls.waitid = waitid  # type: ignore[assignment]
    def make_engine(arch: Any, name: str = "") -> Any:
        if (name or cpu.engine_name()) == "pure":
            from lx.cpu.pure import Engine
        else:
            from lx.cpu._compiled import Engine

        class Dressed(Engine):  # type: ignore[misc]
            def catch_signal(self, number: int, flags: int) -> Any:
                return super().catch_signal(signal_in(number), flags)

            def default_signal(self, number: int, flags: int) -> Any:
                return super().default_signal(signal_in(number), flags)

            def ignore_signal(self, number: int, flags: int) -> Any:
                return super().ignore_signal(signal_in(number), flags)

            def reset_signal(self, number: int) -> Any:
                return super().reset_signal(signal_in(number))

            def signal_mask(self) -> int:
                return mask_out(super().signal_mask())

            def set_signal_mask(self, mask: int) -> Any:
                return super().set_signal_mask(mask_in(mask))

            def drain(self) -> list[bytes]:
                return [info_out(info) for info in super().drain()]

        return Dressed(arch)

    cpu.make_engine = make_engine


def leave_the_engine() -> None:
    """The pure engine is behind the doors, as the compiled one is: it keeps the real os and signal."""
    from lx.cpu import pure

    for name, module in (("os", os), ("signal", signal)):
        copy = types.ModuleType(name)
        vars(copy).update(vars(module))
        setattr(pure, name, copy)


if __name__ == "__main__":
    leave_the_engine()
    dress_python()
    dress_lx()
    from lx.cli import main

    sys.exit(main())
