"""Descriptors handed from one process of a zone to another, for pidfd_getfd where the host has none.

Who wants one listens at a socket in the zone's runtime directory and asks (lx.kernel.synthetic.asking); the owner connects and
sends the descriptor, or nothing if there is none of that number.

Limits: a process that does not answer (stopped, in a call of the host) hands nothing over: EPERM.
"""

import fcntl
import os
import socket
import time

from lx.abi.errno import Errno, LinuxError
from lx.abi.lean import suppress
from lx.kernel.synthetic.asking import HAND_OVER, NUMBER_BITS, PATIENCE_NS, STEP, ring

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lx.kernel.process import Process


def _path(p: "Process", owner: int, asker: int) -> str:
    return f"{p.zone.runtime_dir}/proc/{owner}-{asker}.hand"


def take(p: "Process", host_pid: int, fd: int) -> int:
    """A duplicate of a descriptor of another process, of the lowest number that is free. EBADF, ESRCH, EPERM."""
    try:
        handed = _ask(p, host_pid, fd)
    except (LinuxError, OSError) as error:
        if isinstance(error, LinuxError) and error.errno == Errno.ESRCH:
            raise
        raise LinuxError(Errno.EPERM) from None  # it cannot be asked, or has not answered
    if not handed:
        raise LinuxError(Errno.EBADF)
    mine = p.files.own(handed[0])
    try:
        return fcntl.fcntl(mine, fcntl.F_DUPFD_CLOEXEC, 0)
    finally:
        os.close(mine)


def _ask(p: "Process", host_pid: int, fd: int) -> list[int]:
    path = _path(p, host_pid, os.getpid())
    with suppress(OSError):
        os.unlink(path)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen(1)
        listener.setblocking(False)
        try:
            ring(p, host_pid, HAND_OVER | fd << NUMBER_BITS)
            connection = _answer(p, listener)
        finally:
            os.unlink(path)
    with connection:
        connection.settimeout(PATIENCE_NS / 1e9)
        return socket.recv_fds(connection, 1, 1)[1]


def _answer(p: "Process", listener: socket.socket) -> socket.socket:
    end = time.monotonic_ns() + PATIENCE_NS
    while time.monotonic_ns() < end:
        with suppress(BlockingIOError):
            return listener.accept()[0]
        time.sleep(STEP)
        p.signals.collect()
    raise TimeoutError


def give(p: "Process", asker: int, fd: int) -> None:
    """Answer who wants a descriptor of ours."""
    handed = []
    with suppress(LinuxError):
        p.files.check(fd)
        handed.append(fd)
    with suppress(OSError), socket.socket(socket.AF_UNIX) as connection:
        connection.connect(_path(p, os.getpid(), asker))
        socket.send_fds(connection, [b"\0"], handed)
