"""What an architecture of guest is: one value of this class, defined in one module of data.

Nothing outside that module may branch on the architecture's name. Register numbers are Unicorn's and mean nothing
outside lx/cpu; the rest of lx names registers by role (pc, sp, result, arguments).
"""

from __future__ import annotations

from lx.abi.lean import Callable, Sequence
from lx.abi.names import IntEnum
from lx.abi.record import dataclass

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from lx.cpu.pure import Engine


FORBIDDEN_PORT, FORBIDDEN_ENTER = 256, 257
"""Trap numbers of our own: an input or output instruction (the program counter is somewhere behind it), a `sysenter`
(it is right behind it)."""

KICK = 64
"""The host's signal by which an engine ends a call of one of its own host threads."""


class Stop(IntEnum):
    """Why `Engine.run` came back."""

    ATTENTION = 0
    """A signal arrived, or the kernel asked for attention after a call."""
    FAULT = 1
    """A memory access with no answer: see fault_address, fault_access."""
    INTERRUPT = 2
    """A CPU exception or software interrupt: see interrupt."""
    INVALID = 3
    """An instruction that this CPU does not have."""


class Access(IntEnum):
    """The kind of a faulting access."""

    READ = 0
    WRITE = 1
    FETCH = 2


@dataclass(frozen=True, slots=True)
class Trap:
    """What a CPU exception means to Linux: signal and si_code, and where the program counter is put."""

    signal: int
    code: int
    rewind: int = 0
    """Bytes to subtract from the program counter (1 if the engine has already stepped over the instruction)."""
    address: bool = True
    """si_addr is the program counter; else 0."""


@dataclass(frozen=True)
class Architecture:
    """Everything that differs between guest architectures."""

    name: str
    unicorn_arch: int
    capstone: tuple[int, int]
    """Capstone's architecture and mode."""
    unicorn_mode: int
    syscall_instruction: int
    """Unicorn's number of the instruction that makes a system call."""
    forbidden_instructions: dict[str, int]
    """Instructions that Unicorn carries out and a user may not: by the shape of their hook ("in", "out", "enter")."""
    call_registers: Sequence[int]
    """Number and six arguments, in order."""
    return_registers: Sequence[int]
    """Registers written at the return of a call: result first; then see after_call."""
    pc: int
    sp: int
    flags: int
    tls: int
    tls2: int
    general: Sequence[int]
    """All integer registers, pc and flags last: what a thread's context and a signal frame hold."""
    traps: dict[int, Trap]
    software_trap: Trap
    """Any other number is a software interrupt that a user may not make."""
    invalid_number: int
    """The trap number of an instruction that the CPU does not have."""
    step_flag: int
    """The bit of `flags` that makes each instruction a trap."""
    step_number: int
    """Which trap that is."""
    protection_number: int
    """The number of a protection fault, which a software interrupt that is not allowed is too."""
    canonical_bits: int
    elf_machine: int
    audit: int
    """AUDIT_ARCH_, as seccomp filters see the architecture (linux/audit.h)."""
    platform: bytes
    hwcap: int
    hwcap2: int
    minsigstksz: int
    page_size: int
    task_size: int
    """First address above user space."""
    et_dyn_base: int
    red_zone: int
    prepare: Callable[[Engine], None]
    """Bring a fresh engine into user mode."""
    start_registers: Callable[[Engine, int, int], None]
    """Set the registers as after execve: (engine, pc, sp)."""
    forget_exception: Callable[[Engine, Any], None]
    push_frame: Callable[..., None]
    pop_frame: Callable[..., tuple[int, tuple[int, int, int]]]
    pack_stat: Callable[[Any], bytes]
    kernel: tuple[str, str]
    """System and machine of a host whose kernel writes struct stat as this architecture's programs read it."""
    call_size: int
    """Bytes of the system call instruction: what restarting one rewinds."""
