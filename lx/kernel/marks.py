"""What a process lets the others of its zone know by one byte: how it may be dealt with."""

from lx.abi.names import IntFlag


class Mark(IntFlag):
    """Bits of the byte; see lx.zone.registry."""

    DEAF = 1
    """It reads SIGCHLD from a signalfd, so it cannot be asked anything (lx.kernel.synthetic.asking)."""
    SHARES = 2
    """It has mapped memory that others may write too, so it may hold futexes in it."""
    ENDED = 4
    """It has ended by itself, and released the futexes of its robust lists."""
