"""poll, ppoll, select: event bits and layouts. Source: Linux uapi asm-generic/poll.h, linux/eventpoll.h, fs/select.c."""


from struct import Struct

from lx.abi.names import IntFlag


class PollEvents(IntFlag):
    """events and revents."""

    IN = 0x0001
    PRI = 0x0002
    OUT = 0x0004
    ERR = 0x0008
    HUP = 0x0010
    NVAL = 0x0020
    RDNORM = 0x0040
    RDBAND = 0x0080
    WRNORM = 0x0100
    WRBAND = 0x0200
    MSG = 0x0400
    REMOVE = 0x1000
    RDHUP = 0x2000


ALWAYS = PollEvents.ERR | PollEvents.HUP | PollEvents.NVAL
"""Reported whether asked for or not."""
SELECT_IN = PollEvents.IN | PollEvents.RDNORM | PollEvents.RDBAND | PollEvents.HUP | PollEvents.ERR | PollEvents.NVAL
SELECT_OUT = PollEvents.OUT | PollEvents.WRNORM | PollEvents.WRBAND | PollEvents.ERR | PollEvents.NVAL
SELECT_EX = PollEvents.PRI | PollEvents.NVAL
"""What select(2) calls readable, writable and exceptional. An O_PATH descriptor, open and good for nothing, is all three."""

POLLFD = Struct("<ihH")
"""fd, events, revents. `events` is read signed and masked."""
SIGSET_ARGUMENT = Struct("<QQ")
"""pselect6's sixth argument: address of a signal set, and its size."""
FD_SET_WORD = 64
"""An fd_set is an array of longs; the kernel reads and writes whole ones."""
