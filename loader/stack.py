"""The initial stack: strings, auxiliary vector, environment, arguments.

From the top down, as Linux lays it out (fs/exec.c, create_elf_tables): eight zero bytes, the executable's name, the environment
strings, the argument strings, then platform string and 16 random bytes, and at the (16-byte aligned) stack pointer argc, argv,
envp and auxv (System V ABI x86-64 3.4.1).
"""

import struct

from lx.abi.errno import Errno, LinuxError
from lx.abi.names import IntEnum
from lx.abi.record import dataclass
from lx.kernel.memory import page_up

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lx.kernel.memory import AddressSpace

PAGE = 4096
TOP = 8
"""Bytes of zeros at the very top."""
EXPANSION = 128 << 10
MAX_ARG_STRLEN = 32 * 4096
STRINGS_FLOOR = 32 * 4096
STRINGS_CEILING = 6 << 20


class At(IntEnum):
    """Types of auxiliary vector entries. Source: linux/auxvec.h, asm/auxvec.h."""

    NULL = 0
    PHDR = 3
    PHENT = 4
    PHNUM = 5
    PAGESZ = 6
    BASE = 7
    FLAGS = 8
    ENTRY = 9
    UID = 11
    EUID = 12
    GID = 13
    EGID = 14
    PLATFORM = 15
    HWCAP = 16
    CLKTCK = 17
    SECURE = 23
    RANDOM = 25
    HWCAP2 = 26
    EXECFN = 31
    SYSINFO_EHDR = 33
    MINSIGSTKSZ = 51


def strings_size(argv: list[bytes], envp: list[bytes], path: bytes) -> int:
    """Bytes of the pages, from the top of the stack down, that hold the strings (fs/exec.c, copy_strings)."""
    lengths = [*map(len, argv), *map(len, envp), len(path)]
    return page_up(TOP + sum(lengths) + len(lengths))


def check_strings(argv: list[bytes], envp: list[bytes], path: bytes, stack_limit: int) -> None:
    """E2BIG as execve has it: a string of 128 KiB or more, all of them above a quarter of the stack limit, or above all of it.

    A quarter is at least 128 KiB and at most 6 MiB; of the limit itself the first page is free.
    """
    limit = max(min(stack_limit // 4, STRINGS_CEILING), STRINGS_FLOOR)
    lengths = [*map(len, argv), *map(len, envp)]
    pointers = (max(len(argv), 1) + len(envp)) * 8
    if max(lengths, default=0) >= MAX_ARG_STRLEN or sum(lengths) + len(lengths) + len(path) + 1 + pointers > limit:
        raise LinuxError(Errno.E2BIG)
    if PAGE < strings_size(argv, envp, path) > stack_limit:
        raise LinuxError(Errno.E2BIG)


def first_size(strings: int, stack_limit: int) -> int:
    """Bytes that the stack begins with: the strings' pages and 128 KiB, if the limit allows (fs/exec.c, setup_arg_pages)."""
    return max(strings, min(stack_limit & -PAGE, strings + EXPANSION))


@dataclass(frozen=True, slots=True)
class Stack:
    """The built stack."""

    sp: int
    auxv: bytes


def build(
    memory: "AddressSpace",
    top: int,
    argv: list[bytes],
    envp: list[bytes],
    path: bytes,
    platform: bytes,
    random: bytes,
    shift: int,
    auxv: dict[int, int],
) -> Stack:
    """Write the stack below `top`. `shift`: bytes of random distance between strings and vectors. EFAULT if there is no room."""
    at = top - TOP
    writes: list[tuple[int, bytes]] = []

    def put(data: bytes) -> int:
        nonlocal at
        at -= len(data)
        writes.append((at, data))
        return at

    name_at = put(path + b"\0")
    env_block = b"\0".join([*envp, b""])
    env_at = put(env_block)
    arg_block = b"\0".join([*argv, b""])
    arg_at = put(arg_block)
    at = (at & -16) - (shift & -16)
    platform_at = put(platform + b"\0")
    random_at = put(random)
    vector = auxv | {At.RANDOM: random_at, At.EXECFN: name_at, At.PLATFORM: platform_at}
    flat = [word for key in AUXV_ORDER if key in vector for word in (key, vector[key])]
    packed = struct.pack(f"<{len(flat)}Q16x", *flat)
    words = [len(argv), *_pointers(arg_at, argv), 0, *_pointers(env_at, envp), 0]
    table = struct.pack(f"<{len(words)}Q", *words) + packed
    sp = (at - len(table)) & -16
    writes.append((sp, table))
    for address, data in writes:
        memory.write(address, data)
    return Stack(sp, packed)


def _pointers(start: int, strings: list[bytes]) -> list[int]:
    pointers = []
    for text in strings:
        pointers.append(start)
        start += len(text) + 1
    return pointers


AUXV_ORDER = (
    At.SYSINFO_EHDR,
    At.MINSIGSTKSZ,
    At.HWCAP,
    At.PAGESZ,
    At.CLKTCK,
    At.PHDR,
    At.PHENT,
    At.PHNUM,
    At.BASE,
    At.FLAGS,
    At.ENTRY,
    At.UID,
    At.EUID,
    At.GID,
    At.EGID,
    At.SECURE,
    At.RANDOM,
    At.HWCAP2,
    At.EXECFN,
    At.PLATFORM,
)
"""The kernel's order (LD_SHOW_AUXV=1 /bin/true)."""
