"""getrandom: the zone's random source (the host's, or a seeded one), written into the guest's memory in bounded pieces."""

from lx.abi.errno import Errno, LinuxError
from lx.abi.names import IntFlag
from lx.kernel.thread import Thread
from syscalls._transfer import scatter
from syscalls.declare import syscall
from syscalls.types import Annotated, BufferOut, Size, flags_of


class RandomFlags(IntFlag):
    """getrandom's flags. Source: Linux uapi linux/random.h."""

    NONBLOCK = 1
    RANDOM = 2
    INSECURE = 4


GetrandomFlags = Annotated[int, flags_of(RandomFlags)]
ALL_FLAGS = 7
MOST = 2**31 - 1
PIECE = 1 << 20
"""Bytes drawn at a time."""


@syscall()
def getrandom(t: Thread, buf: BufferOut, count: Size, flags: GetrandomFlags) -> int:
    """Fill a buffer with random bytes; the number of them."""
    exclusive = RandomFlags.RANDOM | RandomFlags.INSECURE
    if flags & ~ALL_FLAGS or flags & exclusive == exclusive:
        raise LinuxError(Errno.EINVAL)
    if buf + min(count, MOST) > t.memory.task_size:
        raise LinuxError(Errno.EFAULT)
    done, draw = 0, t.zone.random.randbytes
    for piece in t.memory.writable(buf, min(count, MOST)):
        for start in range(0, len(piece), PIECE):
            part = piece[start : start + PIECE]
            copied = scatter(draw(len(part)), [part])
            done += copied
            if copied < len(part):
                return done
    return done
