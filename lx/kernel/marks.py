"""What a process lets the others of its zone know by one byte: how it may be dealt with."""

from lx.abi.names import IntFlag


class Mark(IntFlag):
    """Bits of the byte; see lx.zone.registry."""

    DEAF = 1
    """It reads SIGCHLD from a signalfd, so it cannot be asked anything (lx.kernel.synthetic.asking)."""
