"""How raw 64-bit register words are read as C integers, and the base of words of bits."""

U32 = 0xFFFF_FFFF
U64 = 0xFFFF_FFFF_FFFF_FFFF


def s32(word: int) -> int:
    """The word's low 32 bits as a C int."""
    return (word & U32 ^ 0x8000_0000) - 0x8000_0000


def s64(word: int) -> int:
    """The word as a C long."""
    return (word & U64 ^ 0x8000_0000_0000_0000) - 0x8000_0000_0000_0000
