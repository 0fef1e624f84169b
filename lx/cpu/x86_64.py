"""x86-64 as data: registers, traps, signal frame, stat layout, and how an engine is brought to ring 3.

Sources: System V ABI x86-64; Linux arch/x86/include/uapi/asm/{sigcontext,ucontext,stat}.h; register numbers of Unicorn's
x86.h. The CPU has no AVX and CPUID says so, so frames carry the 512-byte FXSAVE image and no extended state.

Unicorn starts the CPU in ring 0, where privileged instructions succeed. `prepare` runs one `sysretq`, which loads the user
selectors (cs 0x33, ss 0x2b) without a descriptor table, as Linux's own return does. Unicorn also remembers the last exception
for ever and turns a second one into a double fault, since nothing ever delivers the first: `forget_exception` restores
the pristine state around the registers after each one.

Missing: alignment checks of SSE operands (TCG does none), the exact program counter of `in` and `out` (their block runs to
its end), hardware breakpoints, 32-bit calls through int 0x80 (SIGSEGV, as on a kernel without IA32 emulation).
"""

from __future__ import annotations

import ctypes
import mmap
import struct

from lx.abi.errno import Errno, LinuxError
from lx.cpu.arch import FORBIDDEN_ENTER, FORBIDDEN_PORT, Architecture, Trap

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from lx.cpu.pure import Engine

RAX, RBP, RBX, RCX, RDI, RDX, RIP, RSI, RSP = 35, 36, 37, 38, 39, 40, 41, 43, 44
R8, R9, R10, R11, R12, R13, R14, R15 = range(106, 114)
EFLAGS, FS_BASE, GS_BASE, MSR = 25, 250, 251, 248
FPSW, FPCW, FPTAG, MXCSR, FIP, FDP, FOP = 31, 246, 247, 249, 254, 256, 258
FP0, XMM0 = 82, 122

FRAME_ORDER = (R8, R9, R10, R11, R12, R13, R14, R15, RDI, RSI, RBP, RBX, RDX, RAX, RCX, RSP, RIP, EFLAGS)
"""struct sigcontext's order of integer registers."""

CONTROL = (FPCW, FPSW, FPTAG, FOP, FIP, FDP, MXCSR)
CONTROL_AT_START = (0x37F, 0, 0xFFFF, 0, 0, 0, 0x1F80)
VECTORS = (*range(FP0, FP0 + 8), *range(XMM0, XMM0 + 16))
"""The x87 and SSE state: what fits a word, and what does not."""
ALL_EMPTY = 0xFFFF

SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP = 11, 7, 8, 4, 5
SI_KERNEL = 0x80

TRAPS = {
    0: Trap(SIGFPE, 1),
    1: Trap(SIGTRAP, 2),
    3: Trap(SIGTRAP, SI_KERNEL, address=False),
    4: Trap(SIGSEGV, SI_KERNEL, address=False),
    6: Trap(SIGILL, 2),
    8: Trap(SIGSEGV, SI_KERNEL, address=False),
    13: Trap(SIGSEGV, SI_KERNEL, address=False),
    16: Trap(SIGFPE, 7),
    17: Trap(SIGBUS, 1),
    19: Trap(SIGFPE, 7),
    FORBIDDEN_PORT: Trap(SIGSEGV, SI_KERNEL, address=False),
    FORBIDDEN_ENTER: Trap(SIGSEGV, SI_KERNEL, rewind=2, address=False),
}
SOFTWARE_TRAP = Trap(SIGSEGV, SI_KERNEL, rewind=2, address=False)
"""`int n` of a number that the kernel gives to nobody."""

EFER, STAR = 0xC0000080, 0xC0000081
USER_SELECTORS = 0x23 << 48
USER_FLAGS = 0x202
FLAGS_CLEARED_FOR_HANDLER = 0x100 | 0x400 | 0x10000
FLAGS_A_FRAME_MAY_SET = 0x250DD5
"""What rt_sigreturn takes from the frame: CF PF AF ZF SF TF DF OF RF AC ID... (FIX_EFLAGS in Linux's signal.c)."""


def prepare(engine: Engine) -> None:
    """Take the engine from ring 0 to ring 3 and keep its state as the pristine one."""
    page = mmap.mmap(-1, 4096)
    page[0:8] = b"\x48\x8b\x04\x25\x00\x10\x00\x00"  # mov 0x1000, %rax: the engine sees how a load is translated
    page[8:11] = b"\x48\x0f\x07"  # sysretq
    page[16:18] = b"\x0f\x05"  # syscall: stops the run
    view = (ctypes.c_char * 4096).from_buffer(page)
    host = ctypes.addressof(view)
    engine.map_range(0x1000, 0x2000, host, 5)
    for model, value in ((EFER, 0x501), (STAR, USER_SELECTORS)):
        engine.write_vectors((MSR,), struct.pack("<IxxxxQ", model, value))
    engine.write_registers((RCX, R11, RIP), (0x1010, USER_FLAGS, 0x1000))
    engine.step_to_call()
    engine.unmap_range(0x1000, 0x2000)
    engine.flush_code()
    start_registers(engine, 0, 0)


def start_registers(engine: Engine, pc: int, sp: int) -> None:
    """All integer registers 0, an empty x87, zero vectors, TLS bases 0 (ELF_PLAT_INIT, start_thread)."""
    names = (*FRAME_ORDER, FS_BASE, GS_BASE)
    values = dict.fromkeys(names, 0) | {RIP: pc, RSP: sp, EFLAGS: USER_FLAGS}
    engine.write_registers(names, [values[name] for name in names])
    reset_float(engine)


def reset_float(engine: Engine) -> None:
    """The x87 and SSE state of a new program."""
    engine.write_vectors(VECTORS, bytes(VECTOR_SIZE * len(VECTORS)))
    engine.write_registers(CONTROL, CONTROL_AT_START)


def forget_exception(engine: Engine, pristine: Any) -> None:
    """Keep all registers but let Unicorn forget that it raised an exception."""
    names = (*FRAME_ORDER, FS_BASE, GS_BASE, *CONTROL)
    values, vectors = engine.read_registers(names), engine.read_vectors(VECTORS)
    engine.restore(pristine)
    engine.write_vectors(VECTORS, vectors)
    engine.write_registers(names, values)


FXSAVE = struct.Struct("<HHBxHQQII")
FXSAVE_SIZE = 512
VECTOR_SIZE = 16
MXCSR_MASK = 0xFFFF


def _stack_order(status: int) -> tuple[int, ...]:
    """The registers in the order of an FXSAVE image, which has the top of the x87 stack first."""
    top = status >> 11 & 7
    return VECTORS if top == 0 else (*(FP0 + (top + i & 7) for i in range(8)), *VECTORS[8:])


def read_fxsave(engine: Engine) -> bytes:
    """The x87 and SSE state as FXSAVE64 stores it (512 bytes)."""
    control, status, tags, opcode, ip, dp, mxcsr = engine.read_registers(CONTROL)
    present = 0 if tags == ALL_EMPTY else sum(1 << i for i in range(8) if tags >> 2 * i & 3 != 3)
    head = FXSAVE.pack(control, status, present, opcode, ip, dp, mxcsr, MXCSR_MASK)
    return (head + engine.read_vectors(_stack_order(status))).ljust(FXSAVE_SIZE, b"\0")


def write_fxsave(engine: Engine, image: bytes) -> None:
    """Load an FXSAVE64 image."""
    control, status, present, opcode, ip, dp, mxcsr, _ = FXSAVE.unpack_from(image)
    tags = sum((0 if present >> i & 1 else 3) << 2 * i for i in range(8)) if present else ALL_EMPTY
    engine.write_vectors(_stack_order(status), image[FXSAVE.size : FXSAVE.size + VECTOR_SIZE * len(VECTORS)])
    engine.write_registers(CONTROL, (control, status, tags, opcode, ip, dp, mxcsr & MXCSR_MASK))


UCONTEXT = struct.Struct("<QQQi4xQ18Q4H4QQ64xQ")
"""uc_flags, uc_link, uc_stack, uc_mcontext (struct sigcontext), uc_sigmask. Linux asm/ucontext.h, asm/sigcontext.h."""
FRAME_SIZE = 8 + UCONTEXT.size + 128
UC_SIGCONTEXT_SS, UC_STRICT_RESTORE_SS = 2, 4
RED_ZONE = 128


def push_frame(
    engine: Engine,
    *,
    signo: int,
    info: bytes,
    handler: int,
    restorer: int,
    mask: int,
    stack: int,
    altstack: tuple[int, int, int],
    fault: tuple[int, int, int],
) -> None:
    """Write an rt_sigframe below `stack` (0: below the red zone of the current one) and enter the handler.

    altstack is (sp, flags, size) for uc_stack; fault is (err, trapno, cr2). LinuxError EFAULT if the frame does not fit.
    """
    registers = engine.read_registers(FRAME_ORDER)
    sp = stack or registers[15] - RED_ZONE
    float_at = sp - FXSAVE_SIZE & ~63
    at = (float_at - FRAME_SIZE & ~15) - 8
    if at < 0 or at > float_at:
        raise LinuxError(Errno.EFAULT)
    error, trap, cr2 = fault
    flags = UC_SIGCONTEXT_SS | UC_STRICT_RESTORE_SS
    context = UCONTEXT.pack(flags, 0, *altstack, *registers, 0x33, 0, 0, 0x2B, error, trap, mask, cr2, float_at, mask)
    frame = restorer.to_bytes(8, "little") + context + info
    engine.write(at, frame.ljust(float_at - at, b"\0") + read_fxsave(engine))
    engine.write_registers(
        (RDI, RSI, RDX, RAX, RIP, RSP, EFLAGS),
        (
            signo,
            at + FRAME_SIZE - 128,
            at + 8,
            0,
            handler,
            at,
            registers[17] & ~FLAGS_CLEARED_FOR_HANDLER,
        ),
    )


def pop_frame(engine: Engine) -> tuple[int, tuple[int, int, int]]:
    """Undo push_frame, from the stack pointer that rt_sigreturn is called with.

    Returns the signal mask and (sp, flags, size) of the alternate stack. LinuxError EFAULT if the frame is not readable.
    """
    at, current = engine.read_registers((RSP, EFLAGS))
    context = UCONTEXT.unpack(engine.read(at, UCONTEXT.size))
    registers, float_at = list(context[5:23]), context[31]
    image = engine.read(float_at, FXSAVE_SIZE) if float_at else b""
    registers[17] = current & ~FLAGS_A_FRAME_MAY_SET | registers[17] & FLAGS_A_FRAME_MAY_SET
    engine.write_registers(FRAME_ORDER, registers)
    if image:
        write_fxsave(engine, image)
    else:
        reset_float(engine)
    return context[32], context[2:5]


STAT = struct.Struct("<QQQIIIxxxxQqqqqQqQqQ24x")
"""Linux asm/stat.h for x86-64: 144 bytes."""


def pack_stat(st: Any) -> bytes:
    """struct stat from an os.stat_result or anything with its fields."""
    return STAT.pack(
        st.st_dev,
        st.st_ino,
        st.st_nlink,
        st.st_mode,
        st.st_uid & 0xFFFFFFFF,
        st.st_gid & 0xFFFFFFFF,
        st.st_rdev,
        st.st_size,
        st.st_blksize,
        st.st_blocks,
        *divmod(st.st_atime_ns, 1_000_000_000),
        *divmod(st.st_mtime_ns, 1_000_000_000),
        *divmod(st.st_ctime_ns, 1_000_000_000),
    )


ARCH = Architecture(
    name="x86_64",
    unicorn_arch=4,
    capstone=(3, 8),
    unicorn_mode=8,
    syscall_instruction=699,
    forbidden_instructions={"in": 218, "out": 500, "enter": 700},
    call_registers=(RAX, RDI, RSI, RDX, R10, R8, R9),
    return_registers=(RAX, RCX, R11),
    pc=RIP,
    sp=RSP,
    flags=EFLAGS,
    step_flag=0x100,
    step_number=1,
    tls=FS_BASE,
    tls2=GS_BASE,
    general=FRAME_ORDER,
    traps=TRAPS,
    software_trap=SOFTWARE_TRAP,
    invalid_number=6,
    protection_number=13,
    canonical_bits=48,
    elf_machine=62,
    audit=0xC000003E,
    platform=b"x86_64",
    hwcap=0x078BFBFD,
    hwcap2=2,
    minsigstksz=1040,
    page_size=4096,
    task_size=0x7FFF_FFFF_F000,
    et_dyn_base=0x5555_5555_4000,
    red_zone=RED_ZONE,
    prepare=prepare,
    start_registers=start_registers,
    forget_exception=forget_exception,
    push_frame=push_frame,
    pop_frame=pop_frame,
    pack_stat=pack_stat,
    kernel=("Linux", "x86_64"),
    call_size=2,
)
