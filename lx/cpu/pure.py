"""The pure engine: the compiled one's twin in ctypes, for hosts without a C compiler.

Same interface, same behaviour, five differences of means. Ranges are two sorted lists. `compare_swap` is machine code that is
put into memory (on hosts that are not x86-64 it is two steps, and no memory can be shared). Signals that the guest catches are
blocked on the host and read from a signalfd, because a ctypes callback cannot run in a signal handler; a helper thread watches
that descriptor, stops the CPU, writes to the wake pipe and ends a host call that waits, until the signals have been taken. A
file that is truncated under a mapping whose page is already in the TLB kills the process with SIGBUS, where the compiled engine
gives the guest its signal. A signal that another process directs at a single thread (tgkill) is noticed when something else
stops the CPU or wakes the process, because the host shows it to no other host thread. A privileged `in` or `out` gets its signal,
but the program counter shown is that of its block, because the compiled engine stands in for what translates it.

This class is also where the engine's interface is documented.
"""

import ctypes
import os
import select
import signal
import struct
import sys
import threading
import time
from bisect import bisect_left, bisect_right
from ctypes import CFUNCTYPE, POINTER, byref, c_bool, c_int, c_int64, c_long, c_size_t, c_uint32, c_uint64, c_void_p
from typing import TYPE_CHECKING, Any

from lx.abi.errno import Errno, LinuxError
from lx.abi.lean import Callable, Sequence, partial, suppress
from lx.cpu import library as _library
from lx.cpu import locked as _locked
from lx.cpu import mend as _mend
from lx.cpu import registers as _registers
from lx.cpu.arch import FORBIDDEN_ENTER, FORBIDDEN_PORT, KICK, Stop

if TYPE_CHECKING:
    from lx.cpu.arch import Architecture

READ, WRITE, EXEC, VANISHING = 1, 2, 4, 8
PAGE = 4096
U64 = 2**64 - 1
MAX_RW_COUNT = 0x7FFF_F000
PHYSICAL_START, PHYSICAL_END = 0x10000, 1 << 47
HOOK_INTR, HOOK_INSN, HOOK_BLOCK, HOOK_UNMAPPED, HOOK_INVALID, HOOK_TLB_FILL = 1, 2, 8, 112, 16384, 131072
MEM_READ, MEM_WRITE, MEM_FETCH, MEM_READ_UNMAPPED = 16, 17, 18, 19
NEEDS = {MEM_READ: READ, MEM_WRITE: WRITE, MEM_FETCH: EXEC}
EVERYWHERE = (1, 0)
REFUSED = (0, 4095)
"""The physical page that a refused fill answers with: a hook for more would keep all stores on Unicorn's slow path."""
USE_EXITS, TLB_TYPE, TLB_FLUSH, TB_FLUSH = 4, 12, 11, 10
SYSCALL = 100
PC_WORD = 7
LEAVE = -1
"""Not the answer of any call that is served inside the run."""
ONLY_ANSWER = frozenset({"inside", "parent", "umask"})
"""Which of the direct calls this engine makes inside the run: their handlers touch neither registers nor mappings."""
LATE_STOPS = 8
"""Stops without a reason that may be a helper's (a tick, a signal) which came too late for the run they meant."""
CROWD, CROWDED_MISS, MOST_GROWN = 4096, 20_000, 5
"""The TLB is too small if so many misses come at less than so many ns for each; it is flushed so often to grow."""
REGROW = 100_000_000
"""Nanoseconds after which a flush for other reasons may have shrunk it."""
SIGCHLD = int(signal.SIGCHLD)
SI_KERNEL = 0x80
JOB_CONTROL = (signal.SIGTTIN, signal.SIGTTOU)
SIGNALFD_INFO = struct.Struct("<IiiIIiIIIIiiQQQQ")
AT_A_TIME = 128
"""How many signals are taken before somebody looks at them: a timer may fire faster than they can be read."""
RETRY = 0.005
"""Seconds after which the helper stops the CPU again while signals have not been taken."""


class _TlbEntry(ctypes.Structure):
    _fields_ = (("paddr", c_uint64), ("perms", c_int))


_FILL = CFUNCTYPE(c_bool, c_void_p, c_uint64, c_int, POINTER(_TlbEntry), c_void_p)
_UNMAPPED = CFUNCTYPE(c_bool, c_void_p, c_int, c_uint64, c_int, c_int64, c_void_p)
_INTR = CFUNCTYPE(None, c_void_p, c_uint32, c_void_p)
_INVALID = CFUNCTYPE(c_bool, c_void_p, c_void_p)
_IN = CFUNCTYPE(c_uint32, c_void_p, c_uint32, c_int, c_void_p)
_OUT = CFUNCTYPE(None, c_void_p, c_uint32, c_int, c_uint32, c_void_p)
_SYSCALL = CFUNCTYPE(None)  # its two arguments, the engine and its data, are known: to convert them costs
_BLOCK = CFUNCTYPE(None, c_void_p, c_uint64, c_uint32, c_void_p)


class _Iovec(ctypes.Structure):
    _fields_ = (("base", c_uint64), ("length", c_size_t))


class _Context(c_void_p):
    """A saved CPU state; freed with this object."""

    def __init__(self, library: Any) -> None:
        super().__init__()
        self._free = library.uc_context_free

    def __del__(self) -> None:
        if self:
            self._free(self)


class _SigAction(ctypes.Structure):
    _fields_ = (("handler", c_void_p), ("mask", c_uint64 * 16), ("flags", c_int), ("restorer", c_void_p))


_libc = ctypes.CDLL(None, use_errno=True)
_fast = ctypes.PyDLL(None)


def _control(kind: int, arguments: int) -> int:
    return kind | arguments << 26 | 1 << 30


def _safe_copy(to: int, source: int, size: int, writing: bool) -> bool:
    """Copy memory that may vanish; False instead of a SIGBUS."""
    local = _Iovec(source if writing else to, size)
    remote = _Iovec(to if writing else source, size)
    call = _libc.process_vm_writev if writing else _libc.process_vm_readv
    return bool(call(os.getpid(), byref(local), 1, byref(remote), 1, 0) == size)


class Engine:
    """One CPU and the guest memory it sees.

    Addresses are the guest's unless they are called host. `features` is the per-process feature word: while it is not 0,
    every call goes through the `traced` function of set_table.
    """

    never_blocked = 0
    """Which of the host's signals are caught whatever the guest does with them, and let in: faults of the engine itself."""

    def __init__(self, arch: "Architecture") -> None:
        self.arch = arch
        self.lib = _library.load()
        self._fast_lib = ctypes.PyDLL(self.lib._name)
        self.uc = c_void_p()
        self.features = 0
        self.calls = self.fills = self.flushes = 0
        self._crowd = self._crowd_since = self._grown = 0
        self._crowded = False
        self.fault_address = self.fault_access = self.interrupt = 0
        self.bus = False
        self._starts: list[int] = []
        self._ranges: list[tuple[int, int, int, int]] = []
        self._reason = -1
        self._fault_page = 0
        self._bus_page = -1
        self._have_fault = False
        self._served: dict[int, int | None] = {}
        self._parent_call = self._parent = self._parent_known_as = -1
        self._call: tuple[int, ...] = ()
        self._thread: Any = None
        self._raised: BaseException | None = None
        self._watch: Callable[[int], None] | None = None
        self._watched: set[int] = set()
        self._grow: Callable[[int], bool] | None = None
        self._grow_low = self._grow_high = 0
        self._attention = self._running = self._tick = False
        self._period = 0
        self._ticker: threading.Thread | None = None
        self._budget = 0
        self._count_block: Any = None
        self._woken_fd = self._wake_fd = -1
        self._woken = False
        self._mask = sum(1 << number - 1 for number in signal.pthread_sigmask(signal.SIG_BLOCK, ()))
        self._caught = 0
        self._signalfd = -1
        self._helper: threading.Thread | None = None
        self._waiter = 0
        self._taken: list[bytes] = []
        self._swap: _locked.CompareSwap | None = None
        self._drained = threading.Event()
        self._prepare_functions()
        _mend.make_stops_exact(self.lib, self.arch.name)
        self._open()
        self._pc_id, self._call_size = arch.pc, arch.call_size
        self._pc = c_uint64()
        self._pc_ref = byref(self._pc)
        self._registers: _registers.Registers = _registers.ByFunction(self._fast_lib, self.uc, arch)
        arch.prepare(self)
        self._registers = _registers.of(self.lib, self._fast_lib, self.uc, arch)

    # ---- Unicorn

    def _prepare_functions(self) -> None:
        lib, fast = self.lib, self._fast_lib
        lib.uc_emu_start.argtypes = (c_void_p, c_uint64, c_uint64, c_uint64, c_size_t)
        lib.uc_emu_stop.argtypes = (c_void_p,)
        lib.uc_close.argtypes = (c_void_p,)
        lib.uc_mem_map_ptr.argtypes = (c_void_p, c_uint64, c_size_t, c_uint32, c_void_p)
        for name in ("uc_reg_read", "uc_reg_write"):
            getattr(fast, name).argtypes = (c_void_p, c_int, c_void_p)
        for name in ("uc_reg_read_batch", "uc_reg_write_batch"):
            getattr(fast, name).argtypes = (c_void_p, c_void_p, c_void_p, c_int)
        for name in ("uc_context_save", "uc_context_restore", "uc_context_alloc"):
            getattr(lib, name).argtypes = (c_void_p, c_void_p)
        lib.uc_context_free.argtypes = (c_void_p,)
        self._reg_read, self._reg_write = fast.uc_reg_read, fast.uc_reg_write
        self._batch_read, self._batch_write = fast.uc_reg_read_batch, fast.uc_reg_write_batch
        self._start, self._stop = lib.uc_emu_start, lib.uc_emu_stop

    def _open(self) -> None:
        if self.lib.uc_open(self.arch.unicorn_arch, self.arch.unicorn_mode, byref(self.uc)):
            raise RuntimeError("Unicorn does not know this architecture")
        size = PHYSICAL_END - PHYSICAL_START
        if self.lib.uc_ctl(self.uc, c_uint32(_control(USE_EXITS, 1)), c_int(1)):
            raise RuntimeError("Unicorn cannot do without an exit address")
        if self.lib.uc_ctl(self.uc, c_uint32(_control(TLB_TYPE, 1)), c_int(1)) or self.lib.uc_mem_map_ptr(
            self.uc, PHYSICAL_START, size, 7, PHYSICAL_START
        ):
            raise RuntimeError("Unicorn refuses the virtual TLB")
        port, enter = partial(self._forbidden, FORBIDDEN_PORT), partial(self._forbidden, FORBIDDEN_ENTER)
        shapes = {"in": _IN(port), "out": _OUT(port), "enter": _SYSCALL(enter)}
        self._callbacks = (
            (HOOK_TLB_FILL, _FILL(self._on_fill), ()),
            (HOOK_UNMAPPED, _UNMAPPED(self._on_unmapped), ()),
            (HOOK_INTR, _INTR(self._on_interrupt), ()),
            (HOOK_INVALID, _INVALID(self._on_invalid), ()),
            (HOOK_INSN, _SYSCALL(self._on_syscall), (c_int(self.arch.syscall_instruction),)),
            *[(HOOK_INSN, shapes[name], (c_int(number),)) for name, number in self.arch.forbidden_instructions.items()],
        )
        hook = c_size_t()
        for kind, callback, extra in self._callbacks:
            first, last = REFUSED if kind == HOOK_UNMAPPED else EVERYWHERE
            self.lib.uc_hook_add(
                self.uc, byref(hook), c_int(kind), callback, None, c_uint64(first), c_uint64(last), *extra
            )

    def __del__(self) -> None:
        if self.uc:
            self.lib.uc_close(self.uc)

    # ---- ranges

    def _at(self, address: int) -> tuple[int, int, int, int] | None:
        found = self._mapped_at(address)
        if found is None and self._grow_low <= address < self._grow_high and self._grow is not None and self._grow(address):
            found = self._mapped_at(address)
        return found

    def _mapped_at(self, address: int) -> tuple[int, int, int, int] | None:
        i = bisect_right(self._starts, address) - 1
        if i >= 0 and address < self._ranges[i][1]:
            return self._ranges[i]
        return None

    def _clear(self, start: int, end: int) -> bool:
        i = max(bisect_right(self._starts, start) - 1, 0)
        if i < len(self._ranges) and self._ranges[i][1] <= start:
            i += 1
        j = bisect_left(self._starts, end)
        if i >= j:
            return False
        first, last = self._ranges[i], self._ranges[j - 1]
        kept = []
        if first[0] < start:
            kept.append((first[0], start, first[2], first[3]))
        if last[1] > end:
            kept.append((end, last[1], last[2], last[3]))
        self._ranges[i:j] = kept
        self._starts[i:j] = [item[0] for item in kept]
        return True

    def map_range(self, start: int, end: int, host: int, prot: int) -> None:
        """Answer TLB misses in [start, end) with the host memory at `host`. prot: 1 read, 2 write, 4 execute, 8 may vanish."""
        if self._clear(start, end):
            self.flush_tlb()
        i = bisect_left(self._starts, start)
        delta = host - start & U64
        first = last = i
        if i and self._ranges[i - 1][1:] == (start, delta, prot):
            first -= 1
            start = self._ranges[first][0]
        if i < len(self._ranges) and self._ranges[i][0] == end and self._ranges[i][2:] == (delta, prot):
            last += 1
            end = self._ranges[i][1]
        self._starts[first:last] = [start]
        self._ranges[first:last] = [(start, end, delta, prot)]

    def unmap_range(self, start: int, end: int) -> None:
        """Answer no misses in [start, end) any more."""
        if self._clear(start, end):
            self.flush_tlb()

    def ranges_list(self) -> list[tuple[int, int, int, int]]:
        """(start, end, host, prot) of every range."""
        return [(start, end, delta + start & U64, prot) for start, end, delta, prot in self._ranges]

    def flush_tlb(self) -> None:
        """Ask again for every page."""
        self.flushes += 1
        self._crowd = 0
        if self._grown and time.monotonic_ns() - self._crowd_since > REGROW:
            self._grown = 0
        self._flush_tlb()

    def _flush_tlb(self) -> None:
        self.lib.uc_ctl(self.uc, c_uint32(_control(TLB_FLUSH, 0)))

    def flush_code(self) -> None:
        """Forget all translated code."""
        self.lib.uc_ctl(self.uc, c_uint32(_control(TB_FLUSH, 0)))
        self.flush_tlb()

    def watch_writes(self, on_write: Callable[[int], None] | None) -> None:
        """Call on_write(page address) before the first write to each page from now on; None ends it."""
        self._watch = on_write
        self._watched = set()
        self.flush_tlb()

    def _note_write(self, start: int, end: int) -> None:
        for page in range(start & -PAGE, end, PAGE):
            if page not in self._watched:
                self._watched.add(page)
                if self._watch is not None:
                    self._watch(page)

    def set_grow(self, grow: Callable[[int], bool]) -> None:
        """grow(address) -> bool: called for a miss inside the grow window; True: the mapping is there now."""
        self._grow = grow

    def set_grow_window(self, low: int, high: int) -> None:
        """[low, high): where a miss may be the stack growing."""
        self._grow_low, self._grow_high = low, high

    # ---- guest memory

    def _pieces(self, address: int, size: int, need: int) -> list[tuple[int, int, int]]:
        """(host address, bytes, prot) from the address on, up to the first byte that does not allow `need`."""
        out = []
        while size > 0:
            found = self._at(address)
            if found is None or not found[3] & need:
                break
            _, end, delta, prot = found
            n = min(size, end - address)
            if need == WRITE:
                if self._watch is not None:
                    self._note_write(address, address + n)
                if prot & EXEC:
                    self.flush_code()
            out.append((address + delta & U64, n, prot))
            address += n
            size -= n
        return out

    def _whole(self, address: int, size: int, need: int) -> list[tuple[int, int, int]]:
        pieces = self._pieces(address, size, need)
        if sum(piece[1] for piece in pieces) != size:
            raise LinuxError(Errno.EFAULT)
        return pieces

    def read(self, address: int, size: int) -> bytes:
        """Bytes of guest memory. LinuxError EFAULT."""
        if size > 1 << 40:
            raise LinuxError(Errno.EFAULT)
        parts = []
        for host, n, prot in self._whole(address, size, 7):
            if prot & VANISHING:
                buffer = ctypes.create_string_buffer(n)
                if not _safe_copy(ctypes.addressof(buffer), host, n, False):
                    raise LinuxError(Errno.EFAULT)
                parts.append(buffer.raw)
            else:
                parts.append(ctypes.string_at(host, n))
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def write(self, address: int, data: bytes) -> None:
        """Write guest memory. LinuxError EFAULT; what precedes the bad byte is written."""
        at = 0
        data = bytes(data)
        for host, n, prot in self._pieces(address, len(data), WRITE):
            part = data[at : at + n]
            if prot & VANISHING:
                buffer = ctypes.create_string_buffer(part, n)
                if not _safe_copy(host, ctypes.addressof(buffer), n, True):
                    raise LinuxError(Errno.EFAULT)
            else:
                ctypes.memmove(host, part, n)
            at += n
        if at != len(data):
            raise LinuxError(Errno.EFAULT)

    def u32(self, address: int) -> int:
        """An unsigned 32-bit word. EFAULT."""
        return int.from_bytes(self.read(address, 4), "little")

    def u64(self, address: int) -> int:
        """An unsigned 64-bit word. EFAULT."""
        return int.from_bytes(self.read(address, 8), "little")

    def put_u32(self, address: int, value: int) -> None:
        """Write the low 32 bits, all or none. EFAULT."""
        self._whole(address, 4, WRITE)
        self.write(address, (value & 0xFFFFFFFF).to_bytes(4, "little"))

    def compare_swap(self, address: int, old: int, value: int) -> int:
        """Write the value if the word is `old`, in one step for all processes that share it; what it was. EFAULT."""
        was = self.u32(address)
        host = self._whole(address, 4, WRITE)[0][0]
        if self._swap is None and os.uname().machine == "x86_64":
            self._swap = _locked.CompareSwap()
        if self._swap is not None:
            return self._swap(host, old, value)
        if was == old:
            self.put_u32(address, value)
        return was

    def share_memory(self) -> None:
        """From now on other host processes see this one's stores: locked instructions must be atomic for them."""
        if not _locked.make_atomic(self.lib, self.arch.name):
            raise OSError(95, "this Unicorn cannot make atomic instructions atomic for other processes")
        self.flush_code()

    def put_u64(self, address: int, value: int) -> None:
        """Write the low 64 bits, all or none. EFAULT."""
        self._whole(address, 8, WRITE)
        self.write(address, (value & U64).to_bytes(8, "little"))

    def cstring(self, address: int, limit: int) -> bytes:
        """The bytes before the first NUL, or `limit` bytes if there is none among them. EFAULT."""
        text = b""
        while len(text) < limit:
            n = min(PAGE - address % PAGE, limit - len(text))
            part = self.read(address, n)
            cut = part.find(b"\0")
            if cut >= 0:
                return text + part[:cut]
            text += part
            address += n
        return text

    def readable(self, address: int, size: int) -> list[memoryview]:
        """The memory itself, in pieces, as far as it can be read; EFAULT if the first byte cannot."""
        return self._views(address, size, 7)

    def writable(self, address: int, size: int) -> list[memoryview]:
        """The memory itself, in pieces, as far as it can be written; EFAULT if the first byte cannot."""
        return self._views(address, size, WRITE)

    def _views(self, address: int, size: int, need: int) -> list[memoryview]:
        size = min(size, MAX_RW_COUNT)
        pieces = self._pieces(address, size, need)
        if size and not pieces:
            raise LinuxError(Errno.EFAULT)
        return [memoryview((ctypes.c_ubyte * n).from_address(host)).cast("B") for host, n, _ in pieces]

    # ---- registers

    def read_registers(self, ids: Sequence[int]) -> list[int]:
        """Several 64-bit registers."""
        values = (c_uint64 * len(ids))()
        self._batch_read(self.uc, (c_int * len(ids))(*ids), _registers.pointers(values), len(ids))
        return list(values)

    def write_registers(self, ids: Sequence[int], values: Sequence[int]) -> None:
        """Set several 64-bit registers."""
        words = (c_uint64 * len(ids))(*[value & U64 for value in values])
        self._batch_write(self.uc, (c_int * len(ids))(*ids), _registers.pointers(words), len(ids))

    def read_vectors(self, ids: Sequence[int]) -> bytes:
        """Several registers of up to 128 bits, 16 bytes each."""
        slots = ctypes.create_string_buffer(16 * len(ids))
        self._batch_read(self.uc, (c_int * len(ids))(*ids), _registers.pointers(slots, 16), len(ids))
        return slots.raw

    def write_vectors(self, ids: Sequence[int], values: bytes) -> None:
        """Set several registers of up to 128 bits from 16 bytes each."""
        slots = ctypes.create_string_buffer(values, 16 * len(ids))
        self._batch_write(self.uc, (c_int * len(ids))(*ids), _registers.pointers(slots, 16), len(ids))

    def register(self, name: int) -> int:
        """One 64-bit register."""
        value = c_uint64()
        self._reg_read(self.uc, name, byref(value))
        return value.value

    def set_register(self, name: int, value: int) -> None:
        """Set one 64-bit register."""
        self._reg_write(self.uc, name, byref(c_uint64(value & U64)))

    def save(self, context: Any = None) -> Any:
        """The whole CPU state, for restore(); put into a former one if that is given."""
        if context is None:
            context = _Context(self.lib)
            if self.lib.uc_context_alloc(self.uc, byref(context)):
                raise MemoryError
        self.lib.uc_context_save(self.uc, context)
        return context

    def restore(self, context: Any) -> None:
        """Put back what save() gave."""
        self.lib.uc_context_restore(self.uc, context)

    # ---- dispatch

    def set_table(
        self,
        table: list[Any],
        unknown: Callable[..., int | None],
        failed: Callable[[Any, Exception], int | None],
        traced: Callable[..., int | None],
        handlers: list[tuple[Callable[..., int | None], bytes] | None] | None = None,
    ) -> None:
        """table[number](thread, a0..a5); unknown(thread, number, a0..a5) for numbers beyond it; failed(thread, exception)
        gives the result of a call that raised; traced(thread, number, a0..a5) does all of it while `features` is not 0.
        A result of None: the registers have been set already. handlers[number]: what the engine may call in the table's stead,
        and how it decodes its arguments (struct's i, I, q, Q); this engine leaves that to the table."""
        self._table, self._unknown, self._failed, self._traced = table, unknown, failed, traced

    def set_constant(self, number: int, value: int | None) -> None:
        """Answer this call with a constant and no handler; None ends it."""
        if value is None:
            self._served.pop(number, None)
        else:
            self._served[number] = value

    def set_direct(self, number: int, how: str) -> None:
        """The engine may carry out this call by itself on direct descriptors and memory of one range. This one leaves all calls
        to the table, some of them (ONLY_ANSWER) inside the run. how: "read", "write", "pread", "pwrite", "lseek", "fstat",
        "fstatat" (with an empty path), "close", "dup", "send" and "receive" (without an address), "epoll control" (of direct
        descriptors), "poll", "ppoll", "select" and "pselect" (without a mask; the last three without a time that ends), "epoll",
        "epoll masked" (with no mask), "inside" (the handler may be called without leaving the run, because it only answers a
        number), "umask" (the host process's) and "parent" (see `set_parent`); of a thread that is alone "yield" (to the host's
        other processes, at every sixteenth), "wake" (a futex of this process), "stat", "lstat", "fstatat", "access", "accessat",
        "open" and "openat" (see `set_places`), "fork", "clone" (as fork) and "wait" (for children, while they are no signals); of
        a child of such a fork, before Python is needed in it, "exit" and "robust" (set_robust_list).

        A thread that is alone also waits in the engine, until a signal is caught or something is in the wake pipe: then the call
        is the table's. If it has moved bytes by then, `failed` is given the Park that the thread's `moved` answers."""
        if how in ONLY_ANSWER:
            self._served[number] = None
        if how == "parent":
            self._parent_call = number

    def set_direct_descriptors(self, direct: bytearray, kinds: dict[int, Any]) -> None:
        """direct: descriptor to 1: the host answers at once, and nothing else needs to know of the call; 2: a pipe, which can be
        asked not to wait; 3: of the direct calls only fstat, close and dup; 4: a socket, likewise; 5: an epoll set; 0: none.
        kinds: what is known of it otherwise, which is wrong once the engine has closed it."""

    def set_places(self, simple: bytearray, root_fd: int, hidden: bytes) -> None:
        """simple[0]: whether an absolute path without links, `..` and the names in `hidden` (each with a NUL, and one more at the
        end) is the host's below root_fd; simple[1]: whether a relative one is below its working directory. It changes with the
        running thread's."""

    def set_alone(self, alone: bool) -> None:
        """Whether the thread on the CPU is the only one, so that its yielding is the host's business and nobody waits for it."""

    def set_parent(self, host: int, guest: int) -> None:
        """The parent is `guest` to the guest as long as it is `host` on the host."""
        self._parent, self._parent_known_as = host, guest

    def set_zone(
        self,
        members: Any,
        claimed: bytearray,
        places: tuple[int, int, int, int],
        first: int,
        records: bytes,
        entered: Callable[[int], None],
        left: Callable[[int], None],
    ) -> None:
        """What direct forks and waits tell the zone: a word for each pid from members[places[0]] on, if claimed[page] says that
        it can be touched, and else entered(pid) and left(pid); members[places[2]] says that there was a fork. A process whose
        byte from places[1] on is not 0 makes no direct forks; nor if the bytes from places[3] on are not `set_ready`'s.
        records + pid is a file that goes with a process. first: whose children need not look after the zone when they end, 0:
        nobody's need."""

    def set_forks(self, settle: Callable[[int, int], None] | None) -> None:
        """Forks may be direct; settle(child_tid, robust_list) comes before all else of Python in a child. None: no more."""

    def set_ready(self, calls: bytes) -> None:
        """What children have needed is here: adapters of these calls, and now the blocks that they had to translate."""

    def tell_parent(self, on: bool) -> None:
        """Whether this process, if it is a child, runs the code that its parent has."""

    def set_quiet_children(self, on: bool) -> None:
        """Whether a child's change is no signal for anybody; then `take_child` may tell of it instead of `drain`."""

    def take_child(self) -> bool:
        """Whether a child has changed that was no signal, since this was asked last."""
        return False

    def run(self, thread: Any) -> int:
        """Run until something happens that is not a system call: which, is a Stop."""
        uc, start = self.uc, self._start
        self._thread = thread
        late = 0
        while True:
            if self._attention:
                self._attention = False
                return Stop.ATTENTION
            self._reason = -1
            self._reg_read(uc, self._pc_id, self._pc_ref)
            self._running = True
            error = start(uc, self._pc.value, U64, 0, 0)
            self._running = False
            if self._reason == SYSCALL or self._raised is not None:
                late = 0
                number, *arguments, pc = self._call
                self._call = (number & 0xFFFFFFFF, *arguments, pc + self._call_size)
                raised, self._raised = self._raised, None
                if raised is None:
                    self._serve(thread, *self._call[:PC_WORD])
                elif isinstance(raised, Exception):
                    self._finish(self._failed(thread, raised))
                else:
                    raise raised
                continue
            if self._crowded:
                self._crowded = False
                self._flush_tlb()
                if self._reason < 0 and not self._have_fault and not error:
                    continue
            if self._have_fault:
                self._have_fault = False
                self.flush_tlb()
                if self._reason < 0:
                    return Stop.FAULT
            if self._reason >= 0:
                return self._reason
            if error == 10:
                return Stop.INVALID
            if not error and late < LATE_STOPS:
                late += 1
                continue
            if error == 21 or not (error or self._attention):
                self.interrupt = self.arch.protection_number
                return Stop.INTERRUPT
            if error:
                raise RuntimeError(f"Unicorn stopped with error {error}")

    def _serve(self, thread: Any, number: int, a0: int, a1: int, a2: int, a3: int, a4: int, a5: int) -> None:
        self.calls += 1
        try:
            if self.features:
                result = self._traced(thread, number, a0, a1, a2, a3, a4, a5)
            elif number < len(self._table):
                result = self._table[number](thread, a0, a1, a2, a3, a4, a5)
            else:
                result = self._unknown(thread, number, a0, a1, a2, a3, a4, a5)
        except Exception as error:
            result = self._failed(thread, error)
        self._finish(result)

    def _finish(self, result: int | None) -> None:
        if result is not None:
            self.answer_call(result)

    def step_to_call(self) -> None:
        """Run to the next system call and serve nothing: how an architecture's `prepare` uses the CPU."""
        self._reason = -1
        if self._start(self.uc, self.register(self._pc_id), U64, 0, 0) or self._reason != SYSCALL:
            self._have_fault = False
            raise RuntimeError("the CPU did not reach a system call")

    def reload_call(self) -> tuple[int, ...]:
        """Read the words of the call that the registers are in again, after another thread has had the CPU."""
        number, *others = self._registers.read()
        self._call = (number & 0xFFFFFFFF, *others)
        return self._call

    def call_words(self) -> tuple[int, ...]:
        """Number and arguments of the call being served, and the program counter after it."""
        return self._call

    def answer_call(self, result: int) -> None:
        """Give the call being served its result."""
        self._registers.answer(result, self._call[PC_WORD])

    def stop_run(self) -> None:
        """Make `run` come back with Stop.ATTENTION at its next turn."""
        self._attention = True

    # ---- preemption

    def set_ticks(self, period: int) -> None:
        """Stop the run (Stop.ATTENTION, `take_tick` says yes) every so many nanoseconds; 0 ends it."""
        self._period = period
        if period and (self._ticker is None or not self._ticker.is_alive()):
            self._ticker = _started(self._tick_on, "lx-ticks")

    def _tick_on(self) -> None:
        while self._period:
            time.sleep(self._period / 1e9)
            if self._running and self._period:
                self._tick = self._attention = True
                self._stop(self.uc)

    def set_budget(self, blocks: int) -> None:
        """Tick after so many blocks of guest code have been entered, counted from now. What can be repeated is counted so."""
        if self._count_block is None:
            self._count_block = _BLOCK(self._on_block)
            hook = c_size_t()
            self.lib.uc_hook_add(
                self.uc, byref(hook), c_int(HOOK_BLOCK), self._count_block, None, c_uint64(1), c_uint64(0)
            )
            self.flush_code()
        self._budget = blocks

    def take_tick(self) -> bool:
        """Whether there was a tick since this was asked last."""
        tick, self._tick = self._tick, False
        return tick

    # ---- hooks

    def _on_block(self, uc: Any, address: int, size: int, data: Any) -> None:
        self._budget -= 1
        if self._budget == 0:
            self._tick = self._attention = True
            self._stop(self.uc)

    def _look_at_crowd(self) -> None:
        """So many misses: if they have come fast, have the run left and the TLB flushed, at which Unicorn doubles a full one.

        Never while blocks are counted: a stop counts one twice, and what comes fast is the host's matter, so no run would repeat.
        """
        now = time.monotonic_ns()
        fast = now - self._crowd_since < CROWD * CROWDED_MISS
        self._crowd, self._crowd_since = 0, now
        if fast and self._grown < MOST_GROWN and self._count_block is None:
            self._grown += 1
            self._crowded = True
            self._stop(self.uc)

    def _on_fill(self, uc: Any, address: int, kind: int, entry: Any, data: Any) -> bool:
        self.fills += 1
        self._crowd += 1
        if self._crowd == CROWD:
            self._look_at_crowd()
        found = self._at(address)
        slot = entry.contents
        if found is not None:
            _, _, delta, prot = found
            if prot & (WRITE | EXEC):
                prot |= READ
            host = address + delta & U64
            # A fetch from a page that may not be executed brings the page in first, on x86: it can be a bus error.
            if prot & VANISHING and prot & (READ if NEEDS[kind] == EXEC else NEEDS[kind]):
                probe = ctypes.create_string_buffer(1)
                if not _safe_copy(ctypes.addressof(probe), host, 1, False):
                    return self._fault(address, slot, bus=True)
            if prot & NEEDS[kind]:
                if self._watch is not None and prot & WRITE:
                    if kind == MEM_WRITE:
                        self._note_write(address, address + 1)
                    elif address & -PAGE not in self._watched:
                        prot &= ~WRITE
                slot.paddr = host
                slot.perms = prot & 7
                return True
        return self._fault(address, slot, bus=False)

    def _fault(self, address: int, slot: Any, *, bus: bool) -> bool:
        self._fault_page = address & -PAGE
        if bus:
            self._bus_page = self._fault_page
        elif self._bus_page == self._fault_page:
            self._bus_page = -1
        slot.paddr = 0
        slot.perms = 7
        return True

    def _on_unmapped(self, uc: Any, kind: int, address: int, size: int, value: int, data: Any) -> bool:
        if not self._have_fault:
            self._have_fault = True
            self.fault_address = self._fault_page | address % PAGE
            self.fault_access = kind - MEM_READ_UNMAPPED
            self.bus = self._bus_page == self._fault_page
        return False

    def _on_syscall(self) -> None:
        self._call = call = self._registers.read()
        number = call[0] & 0xFFFFFFFF
        result = self._served.get(number, LEAVE)
        if result == LEAVE or self.features:
            self._reason = SYSCALL
            self._stop(self.uc)
            return
        self.calls += 1
        try:
            if result is None:
                if number == self._parent_call and os.getppid() == self._parent:
                    result = self._parent_known_as
                else:
                    result = self._table[number](self._thread, *call[1:PC_WORD])
            self._registers.answer(result, call[PC_WORD] + self._call_size)
        except BaseException as error:
            self._raised = error
        if self._attention or self._raised is not None:
            self._stop(self.uc)

    def _on_interrupt(self, uc: Any, number: int, data: Any) -> None:
        self._reason = Stop.INTERRUPT
        self.interrupt = number
        self._stop(self.uc)

    def _forbidden(self, number: int, *_: Any) -> int:
        """An instruction that Unicorn would carry out and a user may not."""
        self._reason = Stop.INTERRUPT
        self.interrupt = number
        self._stop(self.uc)
        return 0

    def _on_invalid(self, uc: Any, data: Any) -> bool:
        self._reason = Stop.INVALID
        return False

    # ---- host signals

    def catch_signal(self, number: int, flags: int) -> None:
        """Queue this host signal for the guest. flags: the host's SA_NOCLDSTOP, SA_NOCLDWAIT."""
        _disposition(number, 0, flags)
        self._caught |= 1 << number - 1
        self._apply_masks()

    def default_signal(self, number: int, flags: int) -> None:
        """Let the host do what it does by default."""
        self._caught &= ~(1 << number - 1)
        _disposition(number, 0, flags)
        self._apply_masks()

    def ignore_signal(self, number: int, flags: int) -> None:
        """Let the host ignore it."""
        self._caught &= ~(1 << number - 1)
        _disposition(number, 1, flags)
        self._apply_masks()

    def reset_signal(self, number: int) -> None:
        """Give the signal its default action and block every other: the process is about to die of it."""
        self._caught = 0
        _disposition(number, 0, 0)
        if number in GLIBCS_OWN and sys.platform == "linux":
            _libc.syscall(c_long(RT_SIGACTION), c_long(number), bytes(32), None, c_long(8))
        _set_mask(U64 & ~(1 << number - 1))

    def signal_mask(self) -> int:
        """The host's mask as the guest sees it, bit n-1 for signal n."""
        real = sum(1 << number - 1 for number in signal.pthread_sigmask(signal.SIG_BLOCK, ()))
        return real & ~self._caught | self._mask & self._caught

    def set_signal_mask(self, mask: int) -> None:
        """Set the host's mask."""
        self._attention |= bool(self._mask & ~mask)
        self._mask = mask & U64
        self._apply_masks()

    def _apply_masks(self) -> None:
        _set_mask(self._mask | self._caught)
        wanted = struct.pack("<Q", self._caught & ~self._mask)
        fd = _libc.signalfd(self._signalfd, wanted.ljust(128, b"\0"), os.O_NONBLOCK | os.O_CLOEXEC)
        if self._signalfd < 0:
            self._signalfd = _move_high(fd)

    def _watch_signals(self) -> None:
        """Start the helper that interrupts the CPU when a caught signal arrives."""
        if self._helper is None or not self._helper.is_alive():
            self._drained = threading.Event()
            self._helper = _started(self._help, "lx-signals")

    def _help(self) -> None:
        poller = select.poll()
        poller.register(self._signalfd, select.POLLIN)
        while True:
            poller.poll()
            self._drained.clear()
            self._attention = True
            self._stop(self.uc)
            if self._wake_fd >= 0:
                with suppress(OSError):
                    os.write(self._wake_fd, b"\0")
                self._woken = True
            self._kick()
            self._drained.wait(RETRY)

    def begin_wait(self, background: bool) -> None:
        """A host call that may wait follows, after a look at signals: one that is caught from now on must end it (EINTR).

        Caught signals are blocked, so they do not; the helper thread then sends one that does nothing, until they are taken.
        background: it is of a terminal that is another process group's. The host does not send a signal that is blocked, but
        answers otherwise, so two are let through.
        """
        self._make_kickable()
        for number in JOB_CONTROL if background else ():
            if self._caught & ~self._mask & 1 << number - 1:
                signal.signal(number, self._take)
                _unblock(number)
        _unblock(KICK)
        self._waiter = threading.get_native_id()

    def end_wait(self) -> None:
        """The call is over."""
        self._waiter = 0
        _set_mask(self._mask | self._caught)

    def _take(self, number: int, frame: object) -> None:
        self._taken.append(struct.pack("<iii4x", number, 0, SI_KERNEL).ljust(128, b"\0"))
        self._attention = True

    def _kick(self) -> None:
        if self._waiter:
            _libc.tgkill(os.getpid(), self._waiter, KICK)

    def wake(self) -> None:
        """Write to the wake pipe, as a signal that is caught does."""
        if self._wake_fd >= 0:
            os.write(self._wake_fd, b"\0")
            self._woken = True

    def start_helper(self, work: Callable[..., None], *arguments: Any) -> None:
        """A host thread that makes calls that wait: no signal is its business but a kick, from its first moment on."""
        _started(partial(work, *arguments), "lx-helper", signal.valid_signals() - {KICK})

    def kick(self, tid: int) -> None:
        """Have the call that a helper waits in end with EINTR, if it is in one."""
        self._make_kickable()
        _libc.tgkill(os.getpid(), tid, KICK)

    def _make_kickable(self) -> None:
        _disposition(KICK, ctypes.cast(_libc.abs, c_void_p).value or 0, 0)
        self._caught |= 1 << KICK - 1
        self._apply_masks()

    def set_wake(self, reading: int, writing: int) -> None:
        """The ends of a pipe that has a byte in it when a signal has been caught since `drain`; -1: there is none."""
        self._woken_fd, self._wake_fd = reading, writing
        self._woken = False
        self._apply_masks()
        self._watch_signals()

    def drain(self) -> list[bytes]:
        """The siginfo (128 bytes each, host layout) of signals caught since the last call, in order."""
        out = []
        if self._woken:
            self._woken = False
            with suppress(OSError):
                os.read(self._woken_fd, 4096)
        for _ in range(AT_A_TIME if self._signalfd >= 0 else 0):
            try:
                raw = os.read(self._signalfd, 128)
            except OSError:
                break
            out.append(_siginfo(raw))
        out += self._taken
        self._taken.clear()
        self._drained.set()
        return out

    def forget_signals(self) -> None:
        """After a fork, in the child: nothing that was caught is its own, and the helper is gone.

        The parent's signalfd is one open file with ours: changing its mask here would change it there.
        """
        self._attention = self._tick = False
        self._helper = self._ticker = None
        self._period = 0
        if self._signalfd >= 0:
            os.close(self._signalfd)
            self._signalfd = -1
            self._apply_masks()

    def take_bus(self) -> int | None:
        """The guest address of a SIGBUS that hit the emulator inside a run: never, here (see the module)."""
        return None


GLIBCS_OWN = (32, 33)
"""Signals that its functions refuse; once there is a second thread, it has a handler for one."""
RT_SIGACTION = {"x86_64": 13}.get(os.uname().machine, 134)


def _disposition(number: int, handler: int, flags: int) -> None:
    action = _SigAction(handler, (c_uint64 * 16)(), flags & 3, None)
    _libc.sigaction(number, byref(action), None)


def _started(work: Callable[[], None], name: str, blocked: set[signal.Signals] | None = None) -> threading.Thread:
    """A host thread that gets no signal, or none of these, from its first moment on: it begins with the mask of who starts it."""
    thread = threading.Thread(target=work, name=name, daemon=True)
    before = signal.pthread_sigmask(signal.SIG_SETMASK, blocked or signal.valid_signals())
    try:
        thread.start()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    return thread


def _set_mask(mask: int) -> None:
    words = (c_uint64 * 16)(mask & U64)
    _libc.pthread_sigmask(signal.SIG_SETMASK, byref(words), None)


def _unblock(number: int) -> None:
    words = (c_uint64 * 16)(1 << number - 1)
    _libc.pthread_sigmask(signal.SIG_UNBLOCK, byref(words), None)


def _move_high(fd: int) -> int:
    """A descriptor of ours where it is in no guest's way: as high as can be had (another emulator may have the highest)."""
    import fcntl
    import resource

    lowest = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    while True:
        lowest = max(lowest - 64, 3)
        try:
            high = fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, lowest)
        except OSError:
            if lowest == 3:
                raise
        else:
            os.close(fd)
            return high


def _siginfo(raw: bytes) -> bytes:
    """struct signalfd_siginfo as siginfo_t (the members that share its union by si_code and signal)."""
    fields = SIGNALFD_INFO.unpack_from(raw)
    signo, error, code, pid, uid, fd, _, band, overrun, _, status, value, pointer, utime, stime, address = fields
    head = struct.pack("<iii4x", signo, error, code)
    if code == -2:
        body = struct.pack("<IiQ", fields[6], overrun, pointer)
    elif code == -60 or (code > 0 and signo == signal.SIGIO):
        body = struct.pack("<qi", band, fd)
    elif code > 0 and code != 0x80 and signo == SIGCHLD:
        body = struct.pack("<IIi4xQQ", pid, uid, status, utime, stime)
    elif code > 0 and code != 0x80:
        body = struct.pack("<Q", address)
    else:
        body = struct.pack("<IIQ", pid, uid, pointer or value & 0xFFFFFFFF)
    return (head + body).ljust(128, b"\0")
