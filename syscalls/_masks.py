"""The signal mask that a call sets for the time of its wait: ppoll, pselect6, epoll_pwait.

A temporary mask ends before the result is given, unless a signal interrupts the wait: then it lasts until the handler has been
set up, as on Linux.
"""


from lx.abi.errno import Errno, LinuxError
from lx.abi.lean import Iterator, contextmanager
from lx.kernel.thread import Thread
from lx.kernel.wait import Park

SIGSET_SIZE = 8


@contextmanager
def masked(t: Thread, mask: int | None) -> Iterator[None]:
    """Block other signals for the time of a wait; a Park leaves the mask in force."""
    if mask is not None:
        t.temporary_mask(mask)
    try:
        yield
    except Park:
        raise
    except BaseException:
        if mask is not None:
            t.restore_mask()
        raise
    if mask is not None:
        t.restore_mask()


def read_mask(t: Thread, address: int, size: int) -> int | None:
    """The mask at an address, None for address 0. EINVAL, EFAULT."""
    if not address:
        return None
    if size != SIGSET_SIZE:
        raise LinuxError(Errno.EINVAL)
    return int(t.memory.u64(address))
