"""membarrier: memory barriers on other threads.

The threads of a process share one host thread, so what one of them has written the others see, and every private barrier is there
already; Linux's rule that it must have been asked for beforehand is kept. Global barriers are the host's. Commands on
restartable sequences are not offered, as by a kernel without them.
"""

from lx.abi.errno import Errno, LinuxError
from lx.abi.membarrier import Membarrier
from lx.host import linux_only
from lx.kernel.thread import Thread
from syscalls.declare import syscall
from syscalls.types import Annotated, Int, UInt, one_of

Command = Annotated[int, one_of(Membarrier)]
REGISTERS: dict[int, int] = {
    Membarrier.REGISTER_GLOBAL_EXPEDITED: Membarrier.GLOBAL_EXPEDITED,
    Membarrier.REGISTER_PRIVATE_EXPEDITED: Membarrier.PRIVATE_EXPEDITED,
    Membarrier.REGISTER_PRIVATE_EXPEDITED_SYNC_CORE: Membarrier.PRIVATE_EXPEDITED_SYNC_CORE,
}
PRIVATE: tuple[int, ...] = (Membarrier.PRIVATE_EXPEDITED, Membarrier.PRIVATE_EXPEDITED_SYNC_CORE)
GLOBAL: tuple[int, ...] = (Membarrier.GLOBAL, Membarrier.GLOBAL_EXPEDITED)
OFFERED = 0x27F


@syscall(note="no commands on restartable sequences")
def membarrier(t: Thread, cmd: Command, flags: UInt, cpu_id: Int) -> int:
    """Memory barriers on a set of threads."""
    if flags:
        raise LinuxError(Errno.EINVAL)
    registered = t.process.barriers
    if cmd == Membarrier.QUERY:
        return OFFERED
    if cmd == Membarrier.GET_REGISTRATIONS:
        return sum(command for command in REGISTERS if command in registered)
    if cmd in REGISTERS:
        registered.update((cmd, REGISTERS[cmd]))
        if cmd == Membarrier.REGISTER_PRIVATE_EXPEDITED_SYNC_CORE:
            registered.add(int(Membarrier.REGISTER_PRIVATE_EXPEDITED))
    elif cmd in GLOBAL:
        linux_only.membarrier(Membarrier.GLOBAL)
    elif cmd not in PRIVATE:
        raise LinuxError(Errno.EINVAL)
    elif cmd not in registered:
        raise LinuxError(Errno.EPERM)
    return 0
