"""Where the time of one call goes, and ways to catch a call, compared.

Parts are differences: each measured loop does one thing more than the one before (strategies.c, and lx's own engines with
tables that answer less and less), so they add up to the whole. All loops take turns in each round, and the fastest round counts:
what is slower was disturbed. A part that comes out below nothing is shown as 0.

The strategies are what a Python program on Unicorn can choose from; each serves getppid through `os.getppid`.
"""

import ctypes
import mmap
import os
import statistics
import subprocess
import sysconfig
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from types import FunctionType
from typing import Any

from lx.bench.measure import Problem, last_words
from lx.cpu import library, make_engine
from lx.cpu.arch import Architecture
from lx.cpu.x86_64 import ARCH
from syscalls.table import adapter_code

SOURCE = Path(__file__).parent / "strategies.c"
CODE, STACK, END = 0x40_0000, 0x41_0000, 0x42_0000
FOR_EVER = b"\xb8\x6e\x00\x00\x00\x0f\x05\xeb\xf7"
"""again: mov eax, 110; syscall; jmp again."""
LAST = 0xFFFF
UNICORN = (
    *("open", "close", "ctl", "mem_map_ptr", "hook_add", "emu_start", "emu_stop"),
    *("reg_read_batch", "reg_write_batch", "reg_read"),
)
"""The members of struct unicorn in strategies.c."""
Loop = Callable[[], float]


class _Task(ctypes.Structure):
    _fields_ = (
        ("unicorn", ctypes.c_void_p * len(UNICORN)),
        ("arch", ctypes.c_int),
        ("mode", ctypes.c_int),
        ("instruction", ctypes.c_int),
        ("ids", ctypes.c_int * 9),
        ("return_ids", ctypes.c_int * 3),
        ("code_address", ctypes.c_uint64),
        ("code_size", ctypes.c_uint64),
        ("code", ctypes.c_void_p),
        ("handler", ctypes.py_object),
    )


class Done(BaseException):
    """The guest has made all its calls."""


def counted_loop(number: int, n: int) -> bytes:
    """mov rbx, n; again: mov eax, number; syscall; dec rbx; jnz again; mov eax, LAST; syscall."""
    body = b"\xb8" + number.to_bytes(4, "little") + b"\x0f\x05\x48\xff\xcb"
    head = b"\x48\xbb" + n.to_bytes(8, "little")
    return head + body + b"\x75" + bytes([256 - len(body) - 2]) + b"\xb8" + LAST.to_bytes(4, "little") + b"\x0f\x05"


class Machine:
    """One of lx's engines with a page of code and a table of our own."""

    def __init__(self, name: str) -> None:
        self.memory = mmap.mmap(-1, END - CODE)
        self.host = ctypes.addressof(ctypes.c_char.from_buffer(self.memory))
        self.engine: Any = make_engine(ARCH, name)
        self.engine.map_range(CODE, STACK, self.host, 5)
        self.engine.map_range(STACK, END, self.host + STACK - CODE, 3)

    def time(self, number: int, entry: "Callable[..., int] | None", n: int) -> float:
        """Seconds of one call that `entry` answers, or the engine alone if it is None."""
        code = counted_loop(number, n)
        self.memory[: len(code)] = code
        self.engine.flush_code()
        self.engine.set_table([entry] * (number + 1), _unknown, _failed, None)
        self.engine.set_constant(number, 42 if entry is None else None)
        ARCH.start_registers(self.engine, CODE, END - 64)
        started = time.perf_counter_ns()
        try:
            self.engine.run(None)
        except Done:
            return (time.perf_counter_ns() - started) / 1e9 / n
        raise Problem("nonsense: the guest's loop did not end")


def _unknown(*_: object) -> int:
    raise Done


def _failed(_: object, error: Exception) -> int:
    raise error


def one_frame(t: Any, a0: int, a1: int, a2: int, a3: int, a4: int, a5: int) -> int:
    """A table entry that does nothing."""
    return 42


def _nothing(t: Any) -> int:
    return 42


def _getppid(t: Any) -> int:
    return os.getppid()


def adapted(handler: Callable[[Any], int]) -> Callable[..., int]:
    """What the table makes of a handler without arguments."""
    return FunctionType(adapter_code(()), {"handler": handler}, "adapter")


class Strategies:
    """strategies.c, built for this Python."""

    def __init__(self, directory: Path) -> None:
        include = Path(sysconfig.get_path("include"))
        if not (include / "Python.h").exists():
            raise Problem("absent: Python.h")
        made = directory / "strategies.so"
        compiler = os.environ.get("CC", "cc")
        try:
            done = subprocess.run(
                [compiler, "-O2", "-shared", "-fPIC", f"-I{include}", "-o", made, SOURCE], capture_output=True, timeout=120
            )
        except OSError as error:
            raise Problem(f"absent: {compiler}: {error.strerror}") from None
        if done.returncode:
            raise Problem(f"strategies.c cannot be built: {last_words(b'', done.stderr)}")
        self.library = ctypes.PyDLL(str(made))
        self.page = mmap.mmap(-1, 4096)
        self.page[: len(FOR_EVER)] = FOR_EVER
        self.task = _task(ARCH, self.page)

    def time(self, function: str, n: int, *more: int) -> float:
        """Seconds of one call, by one of the file's functions."""
        call = self.library[function]
        call.restype = ctypes.c_double
        call.argtypes = [ctypes.c_void_p, ctypes.c_long, *[ctypes.c_int] * len(more)]
        taken: float = call(ctypes.byref(self.task), n, *more)
        if taken < 0:
            raise Problem(f"{function}: Unicorn refused")
        return taken / 1e9


def _task(arch: Architecture, page: mmap.mmap) -> _Task:
    unicorn = library.load()
    task = _Task()
    for i, name in enumerate(UNICORN):
        task.unicorn[i] = ctypes.cast(getattr(unicorn, "uc_" + name), ctypes.c_void_p).value
    task.arch, task.mode, task.instruction = arch.unicorn_arch, arch.unicorn_mode, arch.syscall_instruction
    task.ids[:] = [*arch.call_registers, arch.pc, arch.flags]
    task.return_ids[:] = list(arch.return_registers)
    task.code_address, task.code_size = CODE, 4096
    task.code = ctypes.addressof(ctypes.c_char.from_buffer(page))
    task.handler = adapted(_getppid)
    return task


def binding_hook(n: int) -> float:
    """The unicorn package's own hook_add, reg_read and reg_write, as its documentation shows them."""
    import importlib

    unicorn: Any = importlib.import_module("unicorn")
    x86: Any = importlib.import_module("unicorn.x86_const")
    uc = unicorn.Uc(unicorn.UC_ARCH_X86, unicorn.UC_MODE_64)
    uc.mem_map(CODE, 4096)
    uc.mem_write(CODE, FOR_EVER)
    registers = [getattr(x86, f"UC_X86_REG_{name}") for name in ("RAX", "RDI", "RSI", "RDX", "R10", "R8", "R9")]
    left = [n]

    def hook(engine: Any, _: Any) -> None:
        for register in registers:
            engine.reg_read(register)
        engine.reg_write(x86.UC_X86_REG_RAX, os.getppid())
        left[0] -= 1
        if not left[0]:
            engine.emu_stop()

    uc.hook_add(unicorn.UC_HOOK_INSN, hook, None, 1, 0, x86.UC_X86_INS_SYSCALL)
    started = time.perf_counter_ns()
    uc.emu_start(CODE, CODE + 4000)
    return (time.perf_counter_ns() - started) / 1e9 / n


def careful_ctypes(n: int) -> float:
    """A ctypes hook: no release of the interpreter's lock, arrays made once, registers in one batch."""
    unicorn = ctypes.PyDLL(str(library.path()))
    uc, handle = ctypes.c_void_p(), ctypes.c_size_t()
    unicorn.uc_open(ARCH.unicorn_arch, ARCH.unicorn_mode, ctypes.byref(uc))
    page = mmap.mmap(-1, 4096)
    page[: len(FOR_EVER)] = FOR_EVER
    address = ctypes.addressof(ctypes.c_char.from_buffer(page))
    unicorn.uc_mem_map_ptr(uc, ctypes.c_uint64(CODE), ctypes.c_size_t(4096), 7, ctypes.c_void_p(address))
    words = (ctypes.c_uint64 * 7)()
    base = ctypes.addressof(words)
    pointers = (ctypes.c_void_p * 7)(*[base + 8 * i for i in range(7)])
    ids = (ctypes.c_int * 7)(*ARCH.call_registers)
    read, write, stop, getppid = unicorn.uc_reg_read_batch, unicorn.uc_reg_write_batch, unicorn.uc_emu_stop, os.getppid
    left = n

    def hook(engine: int, _: Any) -> None:
        nonlocal left
        read(uc, ids, pointers, 7)
        words[0] = getppid()
        write(uc, ids, pointers, 1)
        left -= 1
        if not left:
            stop(uc)

    shape = ctypes.PYFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p)(hook)
    everywhere = (ctypes.c_uint64(1), ctypes.c_uint64(0), ctypes.c_int(ARCH.syscall_instruction))
    unicorn.uc_hook_add(uc, ctypes.byref(handle), 2, shape, None, *everywhere)
    started = time.perf_counter_ns()
    unicorn.uc_emu_start(uc, ctypes.c_uint64(CODE), ctypes.c_uint64(CODE + 4000), ctypes.c_uint64(0), ctypes.c_size_t(0))
    taken = (time.perf_counter_ns() - started) / 1e9 / n
    unicorn.uc_close(uc)
    return taken


def host_wrapper(n: int) -> float:
    """os.getppid called from Python: the kernel's part and the wrapper's."""
    getppid = os.getppid
    started = time.perf_counter_ns()
    for _ in range(n):
        getppid()
    return (time.perf_counter_ns() - started) / 1e9 / n


ENTRIES = {"frame": one_frame, "adapter": adapted(_nothing), "getppid": adapted(_getppid), "constant": None}
"""What lx's engines are given as table entry; None: a constant answers."""
COMPILED: dict[str, tuple[Any, ...]] = {
    "empty hook": ("empty_hook",),
    "batch hook": ("batch_hook",),
    "python hook": ("python_hook",),
    "leave": ("leave_and_enter", 0),
    "leave read": ("leave_and_enter", 1),
    "leave read write": ("leave_and_enter", 2),
    "leave python": ("leave_and_enter", 3),
    "getppid": ("host_getppid",),
}
"""The loops of strategies.c: function and further arguments."""


def loops(directory: Path, n: int) -> dict[str, "Loop | str"]:
    """Every measured loop by name; a text says why there is none."""
    found: dict[str, Loop | str] = {
        "os.getppid": lambda: host_wrapper(n),
        "binding": lambda: binding_hook(max(n // 20, 100)),
        "ctypes": lambda: careful_ctypes(n),
    }
    names = ["pure"]
    try:
        from lx.cpu import _compiled  # noqa: F401

        names.append("compiled")
    except ImportError:
        found |= {f"compiled {label}": "absent: not built" for label in ENTRIES}
    for name in names:
        few = n if name == "compiled" else max(n // 4, 100)
        machine = Machine(name)
        for label, entry in ENTRIES.items():
            found[f"{name} {label}"] = lambda m=machine, e=entry, k=few: m.time(110, e, k)  # type: ignore[misc]
    try:
        strategies = Strategies(directory)
    except Problem as problem:
        return found | dict.fromkeys(COMPILED, str(problem))
    for name, (function, *more) in COMPILED.items():
        found[name] = lambda f=function, m=more: strategies.time(f, n, *m)  # type: ignore[misc]
    return found


STRATEGIES = (
    ("binding", "the binding's own hook and reg_read (Python)"),
    ("ctypes", "careful ctypes hook, batch read (Python)"),
    ("pure getppid", "lx's pure engine: leave, ctypes, table"),
    ("python hook", "compiled hook that calls the Python handler"),
    ("leave python", "compiled loop: leave, call, enter; nothing else"),
    ("compiled getppid", "lx's compiled run loop, table, adapter"),
    ("compiled constant", "lx's compiled hook answers alone (getpid)"),
    ("batch hook", "compiled hook, registers read and written, no Python"),
    ("empty hook", "compiled hook that does nothing: the engine's own limit"),
    ("getppid", "the kernel's getppid, called from C"),
)


def paths(value: dict[str, float]) -> list[dict[str, Any]]:
    """The stacked parts of each way a call can take; what cannot be had is left out."""
    wanted = {
        "a Python handler, compiled engine (getppid)": (
            ("engine exit and entry", "leave"),
            ("registers read in one batch", "leave read"),
            ("result written, rcx and r11", "leave read write"),
            ("table, integers, a Python frame", "compiled frame"),
            ("adapter to handler: a second frame", "compiled adapter"),
            ("host call and its wrapper", "compiled getppid"),
        ),
        "answered inside the run, compiled engine (getpid)": (
            ("trap to a hook and back", "empty hook"),
            ("number, two registers read, result written", "compiled constant"),
        ),
        "a Python handler, pure engine (getppid)": (
            ("engine exit and entry", "leave"),
            ("ctypes: hook, start, registers; a frame", "pure frame"),
            ("adapter to handler: a second frame", "pure adapter"),
            ("host call and its wrapper", "pure getppid"),
        ),
    }
    found = []
    for title, steps in wanted.items():
        if all(key in value for _, key in steps):
            parts, before = [], 0.0
            for name, key in steps:
                parts.append({"name": name, "seconds": max(value[key] - before, 0.0)})
                before = max(value[key], before)
            found.append({"title": title, "total": value[steps[-1][1]], "parts": parts})
    return found


def measure(*, quick: bool = False) -> dict[str, Any]:
    """The whole breakdown: values by loop (seconds), paths with their parts, strategies."""
    n, rounds = (2000, 2) if quick else (50_000, 7)
    samples: dict[str, list[float]] = {}
    problems: dict[str, str] = {}
    with tempfile.TemporaryDirectory(prefix="lx-bench-") as name:
        found = loops(Path(name), n)
        for _ in range(rounds):
            for label, loop in found.items():
                if isinstance(loop, str):
                    problems[label] = loop
                elif label not in problems:
                    try:
                        samples.setdefault(label, []).append(loop())
                    except (Problem, ImportError) as problem:
                        problems[label] = str(problem)
                        samples.pop(label, None)
    value = {label: min(taken) for label, taken in samples.items()}
    strategies = [
        {"name": title, "seconds": value[key]} if key in value else {"name": title, "problem": problems[key]}
        for key, title in STRATEGIES
    ]
    spreads = {label: (max(taken) - min(taken)) / statistics.median(taken) for label, taken in samples.items()}
    return {"values": value, "spreads": spreads, "paths": paths(value), "strategies": strategies}
