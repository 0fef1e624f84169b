"""uname(2), its fields and what a personality makes of them. Source: Linux uapi linux/utsname.h, linux/personality.h."""


from struct import Struct

from lx.abi.names import IntFlag

NEW_UTS_LEN = 64
"""Longest name in bytes; a field has room for one NUL more."""
UTSNAME = Struct("65s65s65s65s65s65s")
"""sysname, nodename, release, version, machine, domainname."""


class Personality(IntFlag):
    """Bug emulations; the low byte is the execution domain."""

    UNAME26 = 0x0020000
    ADDR_NO_RANDOMIZE = 0x0040000
    FDPIC_FUNCPTRS = 0x0080000
    MMAP_PAGE_ZERO = 0x0100000
    ADDR_COMPAT_LAYOUT = 0x0200000
    READ_IMPLIES_EXEC = 0x0400000
    ADDR_LIMIT_32BIT = 0x0800000
    SHORT_INODE = 0x1000000
    WHOLE_SECONDS = 0x2000000
    STICKY_TIMEOUTS = 0x4000000
    ADDR_LIMIT_3GB = 0x8000000


PER_MASK, PER_LINUX32 = 0x00FF, 0x0008


def release_2_6(release: str) -> str:
    """A release as UNAME26 shows it: 3.x and later as 2.6.(60 + minor), with what follows the three numbers."""
    numbers = release.split(".", 2)
    minor = "".join(c for c in numbers[1] if c.isdigit()) if len(numbers) > 1 else "0"
    end = dots = 0
    while end < len(release) and (release[end].isdigit() or release[end] == "."):
        dots += release[end] == "."
        if dots == 3:
            break
        end += 1
    return f"2.6.{int(minor or 0) + 60}{release[end:]}"
