"""Letters: signals for single threads of other processes of the zone.

The host can direct a signal at a host thread only, and a guest thread is none. So the sender leaves the siginfo in the target's
letter box, a file in the zone's runtime directory, and rings (lx.kernel.synthetic.asking); the target looks into the box
whenever a SIGCHLD comes, because one that was pending already swallows the ring. From there on the signal is as one that a thread
of its own has sent: queued for the thread, whatever the others block.

Limits: who cannot be rung (see asking) cannot be written to.
"""

import fcntl
import os
import struct

from lx.abi.signals import SIGINFO_SIZE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lx.kernel.process import Process

LETTER = struct.Struct(f"=i{SIGINFO_SIZE}s")
"""The thread's id, and the siginfo."""
RING = 255
"""The question that is none."""


def _box(p: "Process", pid: int) -> str:
    return f"{p.zone.runtime_dir}/proc/{pid}.letters"


def post(p: "Process", host_pid: int, tid: int, info: bytes) -> None:
    """Leave a signal for a thread of another process. EACCES if it cannot be reached, ESRCH."""
    from lx.kernel.synthetic.asking import ring

    fd = os.open(_box(p, int(p.zone.guest_pid(host_pid))), os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX)
        os.write(fd, LETTER.pack(tid, info))
    finally:
        os.close(fd)
    ring(p, host_pid, RING)


def collect(p: "Process") -> list[tuple[int, bytes]]:
    """Take out what is in this process's box: (thread id, siginfo) of each."""
    try:
        fd = os.open(_box(p, p.pid), os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return []
    try:
        fcntl.flock(fd, fcntl.LOCK_EX)
        data = os.read(fd, os.fstat(fd).st_size)
        os.ftruncate(fd, 0)
    finally:
        os.close(fd)
    return list(LETTER.iter_unpack(data))
