"""Capabilities: numbers, versions and layouts of capget. Source: Linux uapi linux/capability.h."""

from struct import Struct

from lx.abi.names import IntEnum


class Cap(IntEnum):
    """The capabilities that decide something here."""

    SETGID = 6
    SETUID = 7
    SETPCAP = 8
    IPC_LOCK = 14
    SYS_RAWIO = 17
    SYS_ADMIN = 21
    SYS_NICE = 23
    SYS_RESOURCE = 24
    SYS_TIME = 25


CAP_LAST_CAP = 40
VERSION_1, VERSION_2, VERSION_3 = 0x19980330, 0x20071026, 0x20080522
WORDS = {VERSION_1: 1, VERSION_2: 2, VERSION_3: 2}
"""32-bit words per set in each version's data."""
CAP_HEADER = Struct("<Ii")
"""version, pid."""
CAP_DATA = Struct("<III")
"""effective, permitted, inheritable: 32 bits of each."""
