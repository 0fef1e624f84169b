"""#! lines, as fs/binfmt_script.c reads them.

Only the first 256 bytes of a file count, padded with zeros. The interpreter's name ends at white space; all that follows,
trimmed, is one argument. A name that the 256 bytes cut off is refused rather than run by half.
"""

from lx.abi.errno import Errno, LinuxError

BUFFER = 256
BLANKS = b" \t"
TERMINATORS = b" \t\0"


def parse(head: bytes) -> tuple[bytes, list[bytes]] | None:
    """(interpreter, [argument] or []) of a script's first bytes; None if it is not a script. ENOEXEC for a useless line.

    The name may be empty (a file of just `#!`), which then names nothing that can be run.
    """
    if not head.startswith(b"#!"):
        return None
    line = head[2:BUFFER].ljust(BUFFER - 2, b"\0")
    end = line.find(b"\n")
    if end < 0:
        rest = line.lstrip(BLANKS)
        if not any(byte in TERMINATORS for byte in rest):
            raise LinuxError(Errno.ENOEXEC)
        end = len(line) - 1
    text = line[:end].strip(BLANKS)
    if not text:
        raise LinuxError(Errno.ENOEXEC)
    name_end = next((i for i, byte in enumerate(text) if byte in TERMINATORS), len(text))
    name, rest = text[:name_end], text[name_end:]
    argument = b"" if rest.startswith(b"\0") else rest.lstrip(BLANKS).partition(b"\0")[0]
    return name, [argument] if argument else []
