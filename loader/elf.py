"""ELF headers, read as Linux reads them: only what execve looks at, and every number of it suspect.

Linux's fs/binfmt_elf.c reads the file header and the program headers and nothing else; so does this module, because parsing
more costs start-up time and refuses files that Linux runs. Which error a broken file gets is Linux's too: ENOEXEC before the
point of no return, and for what only mapping finds out (an absurd size, an address outside user space) an error that kills.
pyelftools reads the same files in the tests.
"""

import os
import struct

from lx.abi.errno import Errno, LinuxError
from lx.abi.record import dataclass

EHDR = struct.Struct("<16sHHIQQQIHHHHHH")
PHDR = struct.Struct("<IIQQQQQQ")
MAGIC = b"\x7fELF"
ELFCLASS64, ELFDATA2LSB = 2, 1
ET_EXEC, ET_DYN = 2, 3
PT_LOAD, PT_INTERP, PT_GNU_STACK = 1, 3, 0x6474E551
PF_X, PF_W, PF_R = 1, 2, 4
MAX_HEADERS = 65536
PATH_MAX = 4096


@dataclass(frozen=True, slots=True)
class Segment:
    """One program header. Sizes and addresses in bytes."""

    type: int
    flags: int
    offset: int
    vaddr: int
    filesz: int
    memsz: int
    align: int

    @property
    def prot(self) -> int:
        """mmap's protection bits."""
        return bool(self.flags & PF_R) | bool(self.flags & PF_W) << 1 | bool(self.flags & PF_X) << 2


@dataclass(frozen=True, slots=True)
class Elf:
    """What execve needs to know of a file."""

    type: int
    entry: int
    phoff: int
    segments: tuple[Segment, ...]

    @property
    def loads(self) -> list[Segment]:
        """The PT_LOAD headers, in the file's order."""
        return [segment for segment in self.segments if segment.type == PT_LOAD]

    @property
    def executable_stack(self) -> bool | None:
        """What the last PT_GNU_STACK asks for; None without one."""
        stacks = [segment for segment in self.segments if segment.type == PT_GNU_STACK]
        return bool(stacks[-1].flags & PF_X) if stacks else None


def read(fd: int, size: int, offset: int) -> bytes:
    """Exactly so many bytes of a file. EIO if it is too short, EINVAL for an offset that is none."""
    if offset + size > 2**63:
        raise LinuxError(Errno.EINVAL)
    data = os.pread(fd, size, offset)
    if len(data) < size:
        raise LinuxError(Errno.EIO)
    return data


def read_elf(fd: int, head: bytes, machine: int, *, kinds: tuple[int, ...] = (ET_EXEC, ET_DYN)) -> Elf:
    """Parse and check the headers. `head`: the file's first bytes. ENOEXEC for what is not an ELF64 of this machine.

    kinds: the file types that are looked at; Linux learns an interpreter's type only when it maps it.
    """
    if len(head) < EHDR.size:
        raise LinuxError(Errno.ENOEXEC)
    ident, kind, for_machine, _, entry, phoff, _, _, _, phentsize, phnum, _, _, _ = EHDR.unpack_from(head)
    if not ident.startswith(MAGIC) or kind not in (kinds or (kind,)) or for_machine != machine:
        raise LinuxError(Errno.ENOEXEC)
    if phentsize != PHDR.size or not 0 < phnum <= MAX_HEADERS // PHDR.size:
        raise LinuxError(Errno.ENOEXEC)
    try:
        raw = read(fd, phnum * PHDR.size, phoff)
    except (LinuxError, OSError):
        raise LinuxError(Errno.ENOEXEC) from None
    segments = tuple(
        Segment(p_type, flags, offset, vaddr, filesz, memsz, align)
        for p_type, flags, offset, vaddr, _, filesz, memsz, align in PHDR.iter_unpack(raw)
    )
    return Elf(kind, entry, phoff, segments)


def interpreter(fd: int, elf: Elf) -> bytes | None:
    """The path in the first PT_INTERP. ENOEXEC if it has no sense, EIO if the file is too short for it."""
    for segment in elf.segments:
        if segment.type == PT_INTERP:
            if not 2 <= segment.filesz <= PATH_MAX:
                raise LinuxError(Errno.ENOEXEC)
            raw = read(fd, segment.filesz, segment.offset)
            if raw[-1]:
                raise LinuxError(Errno.ENOEXEC)
            return raw.partition(b"\0")[0]
    return None
