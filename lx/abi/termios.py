"""Terminal settings: the bits of their four words, fields of several bits, places of control characters.

Source: Linux uapi asm-generic/termbits.h and termbits-common.h.
"""

from lx.abi.names import IntEnum, IntFlag


class InputFlags(IntFlag):
    """c_iflag."""

    IGNBRK = 0x1
    BRKINT = 0x2
    IGNPAR = 0x4
    PARMRK = 0x8
    INPCK = 0x10
    ISTRIP = 0x20
    INLCR = 0x40
    IGNCR = 0x80
    ICRNL = 0x100
    IUCLC = 0x200
    IXON = 0x400
    IXANY = 0x800
    IXOFF = 0x1000
    IMAXBEL = 0x2000
    IUTF8 = 0x4000


class OutputFlags(IntFlag):
    """c_oflag, without its fields."""

    OPOST = 0x1
    OLCUC = 0x2
    ONLCR = 0x4
    OCRNL = 0x8
    ONOCR = 0x10
    ONLRET = 0x20
    OFILL = 0x40
    OFDEL = 0x80


class ControlFlags(IntFlag):
    """c_cflag, without its fields."""

    CSTOPB = 0x40
    CREAD = 0x80
    PARENB = 0x100
    PARODD = 0x200
    HUPCL = 0x400
    CLOCAL = 0x800
    CMSPAR = 0x40000000
    CRTSCTS = 0x80000000


class LocalFlags(IntFlag):
    """c_lflag."""

    ISIG = 0x1
    ICANON = 0x2
    XCASE = 0x4
    ECHO = 0x8
    ECHOE = 0x10
    ECHOK = 0x20
    ECHONL = 0x40
    NOFLSH = 0x80
    TOSTOP = 0x100
    ECHOCTL = 0x200
    ECHOPRT = 0x400
    ECHOKE = 0x800
    FLUSHO = 0x1000
    PENDIN = 0x4000
    IEXTEN = 0x8000
    EXTPROC = 0x10000


WORDS: tuple[type[IntFlag], ...] = (InputFlags, OutputFlags, ControlFlags, LocalFlags)


class Field(IntEnum):
    """The bits of each field."""

    NLDLY = 0x100
    CRDLY = 0x600
    TABDLY = 0x1800
    BSDLY = 0x2000
    VTDLY = 0x4000
    FFDLY = 0x8000
    CSIZE = 0x30
    CBAUD = 0x100F


SPEEDS = (0, 50, 75, 110, 134, 150, 200, 300, 600, 1200, 1800, 2400, 4800, 9600, 19200, 38400)
FAST = (
    57600, 115200, 230400, 460800, 500000, 576000, 921600, 1000000, 1152000, 1500000, 2000000, 2500000, 3000000, 3500000, 4000000,
)  # fmt: skip
"""Bits a second: from 0 on, and from 0x1001 on."""

FIELDS: tuple[tuple[int, Field, dict[str, int]], ...] = (
    (1, Field.NLDLY, {"NL0": 0, "NL1": 0x100}),
    (1, Field.CRDLY, {"CR0": 0, "CR1": 0x200, "CR2": 0x400, "CR3": 0x600}),
    (1, Field.TABDLY, {"TAB0": 0, "TAB1": 0x800, "TAB2": 0x1000, "TAB3": 0x1800}),
    (1, Field.BSDLY, {"BS0": 0, "BS1": 0x2000}),
    (1, Field.VTDLY, {"VT0": 0, "VT1": 0x4000}),
    (1, Field.FFDLY, {"FF0": 0, "FF1": 0x8000}),
    (2, Field.CSIZE, {"CS5": 0, "CS6": 0x10, "CS7": 0x20, "CS8": 0x30}),
    (
        2,
        Field.CBAUD,
        {f"B{speed}": i for i, speed in enumerate(SPEEDS)}
        | {"BOTHER": 0x1000}
        | {f"B{speed}": 0x1001 + i for i, speed in enumerate(FAST)},
    ),
)
"""(word, field, its values by name)."""


class ControlCharacter(IntEnum):
    """Indexes of c_cc."""

    VINTR = 0
    VQUIT = 1
    VERASE = 2
    VKILL = 3
    VEOF = 4
    VTIME = 5
    VMIN = 6
    VSWTC = 7
    VSTART = 8
    VSTOP = 9
    VSUSP = 10
    VEOL = 11
    VREPRINT = 12
    VDISCARD = 13
    VWERASE = 14
    VLNEXT = 15
    VEOL2 = 16
