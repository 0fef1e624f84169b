"""The stub as an ELF file, and where its memory lies. The code is stub.S, assembled into stub.bin."""

import os
import struct

CODE, FILE_AT = 0x400000, 0x100
DATA, DATA_END = 0x500000, 0x520000
RECORD = struct.Struct("<7Q")
RESULT = struct.Struct("<q")
SCRIPT = DATA + 0x1000
"""What the child of a fork executes."""
POOL, POOL_SIZE = DATA + 0x2000, 0x2000
"""Constants that generated arguments point at."""
SCRATCH, SCRATCH_SIZE = DATA + 0x14000, 0x8000
"""Room for the arguments of calls that are made by hand."""
GUARD = DATA + 0xB000
"""A page that a side takes away: what is written from the constants on, however much, ends before what calls have written."""
OUT, OUT_SIZE = DATA + 0xC000, 0x4000
"""Where generated calls write."""
CONTROL, ANSWERS = 250, 251
"""The descriptors by which a side is told and answers."""
STATUS, CAUGHT = DATA + 0x48, DATA + 0x50
UD2_AT = CODE + 0x302
HANDLER, RESTORER, ONE = CODE + 0x280, CODE + 0x2C0, CODE + 0x300
EDGE = DATA_END
"""The first address beyond: nothing is mapped there."""
SERVE, END, CHECK = 2**64 - 2, 2**64 - 1, 2**64 - 3
MAGIC = 0x7E57
"""In the upper half of the answer that tells how a served child has ended."""


def image() -> bytes:
    """A static ELF program: one page of code, one region of data."""
    with open(os.path.join(os.path.dirname(__file__), "stub.bin"), "rb") as file:
        code = file.read()
    header = struct.pack(
        "<16sHHIQQQIHHHHHH", b"\x7fELF\x02\x01\x01", 2, 62, 1, CODE + FILE_AT, 64, 0, 0, 64, 56, 3, 0, 0, 0
    )
    size = FILE_AT + len(code)
    segments = struct.pack("<IIQQQQQQ", 1, 5, 0, CODE, CODE, size, size, 4096)
    segments += struct.pack("<IIQQQQQQ", 1, 6, 0, DATA, DATA, 0, DATA_END - DATA, 4096)
    segments += struct.pack("<IIQQQQQQ", 0x6474E551, 6, 0, 0, 0, 0, 0, 16)
    return (header + segments).ljust(FILE_AT, b"\0") + code
