"""From a path to a process image, in the two steps that execve has.

`prepare` opens, reads and checks the program, the scripts that lead to it and its ELF interpreter while the old image is intact,
and fails with Linux's errno. `install` maps them into an empty address space and builds the stack; a failure there comes after
the point of no return and kills the process, on Linux as here.

Placement is Linux's: ET_EXEC where it says, a dynamic ET_DYN at two thirds of user space, an ET_DYN without interpreter and the
interpreter itself in the mmap area, the heap after the program's last page (at two thirds of user space for an ET_DYN without
interpreter), the stack at the top; each moved by as many random bits as on x86-64 unless the zone's layout is fixed.
"""

from __future__ import annotations

import os
import stat

from loader import script, vdso
from loader.elf import EHDR, ET_DYN, Elf, interpreter, read, read_elf
from loader.segments import U64, map_interpreter, map_program
from loader.stack import At, build, check_strings, first_size, strings_size
from lx.abi.errno import Errno, LinuxError
from lx.abi.lean import Callable
from lx.abi.record import dataclass, field
from lx.kernel.memory import STACK_GUARD_GAP, Layout, VmaFile, page_up

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol

    from lx.cpu.arch import Architecture
    from lx.host.vdso import HostVdso
    from lx.kernel.memory import AddressSpace
else:
    Protocol = object

PAGE = 4096
SCRIPT_DEPTH = 5
STACK_GAP_MIN, MMAP_RANDOM_BITS, STACK_RANDOM_BITS, BRK_RANDOM_BITS = 128 << 20, 28, 22, 13
USER_HZ = 100


class Random(Protocol):
    """Where randomness comes from: random.Random or random.SystemRandom."""

    def getrandbits(self, k: int, /) -> int:
        """k random bits."""


@dataclass(slots=True)
class Program:
    """What prepare() found: open descriptors and checked headers."""

    path: bytes
    argv: list[bytes]
    fd: int
    elf: Elf
    opened: list[int] = field(default_factory=list)
    loader: tuple[int, Elf, bytes] | None = None
    name: bytes = b""
    """The guest path that was asked for: AT_EXECFN."""

    def close(self) -> None:
        """Close what prepare opened."""
        for fd in self.opened:
            os.close(fd)
        self.opened.clear()


def prepare(
    lookup: Callable[[bytes], int],
    path: bytes,
    argv: list[bytes],
    envp: list[bytes],
    stack_limit: int,
    machine: int,
    fd: int | None = None,
    *,
    hidden: bool = False,
) -> Program:
    """Open and check a program. `lookup` opens a guest path for execution and gives a host descriptor.

    fd: the program itself, already open (execveat); it is closed with the Program. hidden: `path` will lead nowhere for
    the new program, so a script there is ENOENT. Raises Linux's errno.
    """
    opened: list[int] = []
    try:
        if fd is None:
            fd = lookup(path)
        opened.append(fd)
        asked = path
        argv = argv or [b""]
        check_strings(argv, envp, path, stack_limit)
        depth = 0
        while True:
            _check_file(fd)
            head = os.pread(fd, script.BUFFER, 0)
            line = script.parse(head)
            if line is None:
                break
            depth += 1
            if hidden:
                raise LinuxError(Errno.ENOENT)
            if depth > SCRIPT_DEPTH:
                raise LinuxError(Errno.ELOOP)
            if not line[0]:
                raise LinuxError(Errno.EACCES)
            argv = [line[0], *line[1], path, *argv[1:]]
            path = line[0]
            fd = lookup(path)
            opened.append(fd)
            check_strings(argv, envp, asked, stack_limit)
        elf = read_elf(fd, head, machine)
        program = Program(path, argv, fd, elf, opened, name=asked)
        name = interpreter(fd, elf)
        if name is not None:
            program.loader = _open_interpreter(lookup, name, opened, machine)
        return program
    except BaseException:
        for descriptor in opened:
            os.close(descriptor)
        raise


def _check_file(fd: int) -> None:
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        raise LinuxError(Errno.EACCES)


def _open_interpreter(
    lookup: Callable[[bytes], int], name: bytes, opened: list[int], machine: int
) -> tuple[int, Elf, bytes]:
    if not name:
        raise LinuxError(Errno.EACCES)
    fd = lookup(name)
    opened.append(fd)
    _check_file(fd)
    head = read(fd, EHDR.size, 0)
    try:
        return fd, read_elf(fd, head, machine, kinds=()), name
    except LinuxError:
        raise LinuxError(Errno.ELIBBAD) from None


@dataclass(frozen=True, slots=True)
class Entry:
    """Where the new program begins, and what is known of its image."""

    pc: int
    sp: int
    auxv: bytes
    stack_top: int


def install(
    program: Program,
    memory: AddressSpace,
    arch: Architecture,
    envp: list[bytes],
    random: Random,
    *,
    randomise: bool = True,
    ids: tuple[int, int, int, int] = (0, 0, 0, 0),
    path_of: Callable[[int], bytes] = lambda fd: b"",
    stack_limit: int = 8 << 20,
    secure: bool = False,
    clock: HostVdso | None = None,
) -> Entry:
    """Map the program into an empty address space. ids: (uid, euid, gid, egid). clock: what the vDSO may use of the host's.

    LinuxError kills the caller's process.
    """

    def pages(bits: int) -> int:
        return random.getrandbits(bits) * PAGE if randomise else 0

    top = arch.task_size - pages(STACK_RANDOM_BITS)
    memory.layout = Layout(_mmap_base(arch.task_size, stack_limit, randomise, pages(MMAP_RANDOM_BITS)), top)
    prot = 7 if program.elf.executable_stack else 3
    size = first_size(strings_size(program.argv, envp, program.name), stack_limit)
    memory.map_anonymous(top - size, size, prot, b"[stack]", grows=True)
    shift = pages(MMAP_RANDOM_BITS) if program.loader else 0
    place = arch.et_dyn_base + shift if program.loader else 0
    mapped = map_program(program.elf, program.fd, memory, _vma_file(program.fd, path_of), place)
    bias = mapped.bias
    alone = program.elf.type == ET_DYN and program.loader is None
    heap = arch.et_dyn_base if alone else page_up(mapped.end + bias & U64)
    memory.set_brk(heap + pages(BRK_RANDOM_BITS), _data_size(program.elf))
    entry = program.elf.entry + bias & U64
    base = 0
    if program.loader is not None:
        fd, elf, _ = program.loader
        base = map_interpreter(elf, fd, memory, _vma_file(fd, path_of), beside=bool(bias)).bias
        entry = elf.entry + base & U64
    if entry >= arch.task_size:
        raise LinuxError(Errno.EINVAL)
    vdso.map_vsyscall(memory)
    vector: dict[int, int] = {
        At.SYSINFO_EHDR: vdso.map_vdso(memory, arch, clock),
        At.MINSIGSTKSZ: arch.minsigstksz,
        At.HWCAP: arch.hwcap,
        At.PAGESZ: arch.page_size,
        At.CLKTCK: USER_HZ,
        At.PHDR: _headers_at(program.elf, bias),
        At.PHENT: 56,
        At.PHNUM: len(program.elf.segments),
        At.BASE: base & U64,
        At.FLAGS: 0,
        At.ENTRY: program.elf.entry + bias & U64,
        **dict(zip((At.UID, At.EUID, At.GID, At.EGID), ids, strict=True)),
        At.SECURE: int(secure),
        At.HWCAP2: arch.hwcap2,
    }
    seed = random.getrandbits(128).to_bytes(16, "little")
    inner = random.getrandbits(13) if randomise else 0
    stack = build(memory, top, program.argv, envp, program.name, arch.platform, seed, inner, vector)
    return Entry(entry, stack.sp, stack.auxv, top)


def _mmap_base(task_size: int, stack_limit: int, randomise: bool, shift: int) -> int:
    """Where the mmap area ends, below the room that the stack may need (arch/x86/mm/mmap.c, mmap_base)."""
    pad = STACK_GUARD_GAP + (((1 << STACK_RANDOM_BITS) - 1) * PAGE if randomise else 0)
    gap = stack_limit + pad if stack_limit + pad < 1 << 64 else stack_limit
    return page_up(task_size - min(max(gap, STACK_GAP_MIN), task_size // 6 * 5) - shift)


def _vma_file(fd: int, path_of: Callable[[int], bytes]) -> VmaFile:
    st = os.fstat(fd)
    return VmaFile(st.st_dev, st.st_ino, path_of(fd), st.st_ctime_ns)


def _data_size(elf: Elf) -> int:
    """end_data - start_data, as binfmt_elf counts them."""
    start = max((segment.vaddr for segment in elf.loads), default=0)
    return max((segment.vaddr + segment.filesz for segment in elf.loads), default=0) - start


def _headers_at(elf: Elf, bias: int) -> int:
    """Where the program headers lie in memory, by the last segment that holds them; the bias if none does."""
    at = 0
    for segment in elf.loads:
        if segment.offset <= elf.phoff < segment.offset + segment.filesz:
            at = elf.phoff - segment.offset + segment.vaddr
    return at + bias & U64


__all__ = ["Entry", "Program", "install", "prepare"]
