"""The twin of a pidfd: a process of the zone, by its host pid and the time when that began.

That it has ended the host tells who waits for a child; of any other process it is asked every few milliseconds. A helper thread
does that, and shows it in the FIFO; poll looks for itself as well. A signal goes to the pid unless another process has it by
now. A descriptor is handed over by the process that has it (lx.kernel.twins.handing).

Limits: between the look at a pid and the signal that goes there the process may be waited for and its pid given to another; a
forked child has no helper until it polls the descriptor, so a set of epoll that is the host's own waits there for its parent's.
"""

import os
import time

from lx.abi.errno import Errno, LinuxError
from lx.kernel.twins.fifo import READABLE, Source

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lx.kernel.process import Process
    from lx.kernel.readiness import Conditions
    from lx.kernel.thread import Thread

STEP = 0.005
"""Seconds between looks at a process that is no child."""


class PidFd(Source):
    """A pidfd, which is a file of pidfs: it can have a position, but nothing can be done there."""

    has_positions = True
    __slots__ = ("_began", "_ended", "_watcher", "host_pid", "shown_flags")

    def __init__(self, p: "Process", host_pid: int, flags: int, thread: int = 0) -> None:
        super().__init__(p, b"pidfd", flags | os.O_CLOEXEC)
        self.shown_flags = thread
        self.host_pid = host_pid
        self._began = p.zone.began(host_pid)
        self._ended = False
        self._watcher = 0
        """The process whose helper looks at it."""
        self._watch(p)

    def is_gone(self, p: "Process") -> bool:
        """Whether it has ended and been waited for."""
        return bool(p.zone.began(self.host_pid) != self._began or not p.zone.has(self.host_pid))

    def child(self, p: "Process") -> int:
        """Its pid, for who waits for it. ECHILD if it is gone."""
        if self.is_gone(p):
            raise LinuxError(Errno.ECHILD)
        return self.host_pid

    def has_ended(self, p: "Process") -> bool:
        """Whether it has ended."""
        if not self._ended:
            try:
                found = os.waitid(os.P_PID, self.host_pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
                self._ended = found is not None or self.is_gone(p)
            except ChildProcessError:
                self._ended = self.is_gone(p) or not p.zone.lives(self.host_pid)
        return self._ended

    def fdinfo(self, p: "Process") -> bytes:
        """Which process it is; -1 once that is gone."""
        pid = -1 if self.is_gone(p) else int(p.zone.guest_pid(self.host_pid))
        return b"Pid:\t%d\nNSpid:\t%d\n" % (pid, pid)

    def seek(self, p: "Process", offset: int, whence: int) -> int:
        """ESPIPE."""
        raise LinuxError(Errno.ESPIPE)

    def read(self, p: "Process", size: int, offset: int | None = None) -> bytes:
        """EINVAL."""
        raise LinuxError(Errno.EINVAL)

    def write(self, p: "Process", data: bytes, offset: int | None = None) -> int:
        """EINVAL."""
        raise LinuxError(Errno.EINVAL)

    # ---- readiness

    def readiness(self, t: "Thread", events: int, said: int) -> int:
        """It can be read once the process has ended."""
        return events & READABLE if self.has_ended(t.process) else 0

    def conditions(self, t: "Thread", fd: int, events: int, found: "Conditions") -> None:
        """The FIFO tells, as long as a helper of this process looks."""
        self._watch(t.process)
        super().conditions(t, fd, events, found)

    def _watch(self, p: "Process") -> None:
        if self._watcher != p.pid and self.host_pid != os.getpid():
            self._watcher = p.pid
            p.engine.start_helper(self._look, p)

    def _look(self, p: "Process") -> None:
        """A helper: wait for the end."""
        try:
            os.waitid(os.P_PID, self.host_pid, os.WEXITED | os.WNOWAIT)
        except ChildProcessError:
            while not self.has_ended(p):
                time.sleep(STEP)
        with self._held() as fifo:
            self._show(fifo, some=True)
