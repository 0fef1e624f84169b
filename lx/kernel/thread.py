"""A guest thread: what a handler is given.

It carries what Linux keeps per thread (mask, alternate stack, the state of an interrupted call) and short ways to what
its process has, since a handler uses those in every line.
"""

import os
import time

from lx.abi.errno import Errno, LinuxError
from lx.abi.signals import UNBLOCKABLE, SaFlags
from lx.kernel.attributes import Attributes
from lx.kernel.signals import Action, Pending
from lx.kernel.wait import Park

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from lx.kernel.errand import Errand
    from lx.kernel.futex import Waiter
    from lx.kernel.process import Process
    from lx.kernel.vfs import Place


class Progress:
    """What a call that parks has done in its earlier runs, and the CLOCK_MONOTONIC nanoseconds at which it gives up or ends."""

    __slots__ = ("done", "ends", "messages", "until")

    def __init__(self) -> None:
        self.messages = 0
        self.done = 0
        """Bytes, of the next message where there are several."""
        self.until: int | None = None
        self.ends = 0


class Thread:
    """One thread of a guest process."""

    def __init__(self, process: "Process", tid: int) -> None:
        self.process = process
        self.memory = process.memory
        self.files = process.files
        self.fs = process.fs
        self.zone = process.zone
        self.engine = process.engine
        self.tid = tid
        self.comm = b""
        self.alive = True
        self.context: Any = None
        """The registers, while another thread has the CPU."""
        self.away = False
        """It has left the CPU in the middle of a call."""
        self.park: Park | None = None
        """What it waits for."""
        self.answer: int | None = None
        """What its parked call answers, if who woke it knew."""
        self.errand: Errand | None = None
        self.restarted = (0, 0)
        """Number and place of the call that --restart-all has restarted."""
        self.futexes: tuple[Waiter, ...] = ()
        """Its places in the queues of the futexes that its call waits for."""
        self.vforked: tuple[int, int, bytearray] | None = None
        self.pending: list[Pending] = []
        """Signals for this thread and no other."""
        self.awaited = 0
        """The signals that it waits for in sigtimedwait."""
        self.mask = 0
        self.saved_mask: int | None = None
        self.altstack_sp = self.altstack_size = self.altstack_flags = 0
        self.fault = (0, 0, 0)
        """Error code, trap number and address of its last fault, as every signal frame has them."""
        self.clear_child_tid = 0
        self.robust_list = (0, 0)
        self.attributes = Attributes()
        self.call_deadline: int | None = None
        self.call_parked = False
        self.call_progress = Progress()
        self.interrupted: tuple[str, int] | None = None

    @property
    def pid(self) -> int:
        """The process's pid."""
        return self.process.pid

    # ---- waiting

    def wait_fd(self, fd: int, events: int) -> None:
        """Go on if the host descriptor is ready for these poll bits (or in error); else Park until it is."""
        if not self.process.poll_now(fd, events):
            raise Park(((fd, events),))

    def deadline(self, timeout: int | None) -> int | None:
        """The CLOCK_MONOTONIC nanosecond at which this call's relative timeout ends; the same on each of its runs."""
        if timeout is None:
            return None
        if self.call_deadline is None or not self.call_parked:
            self.call_deadline = time.monotonic_ns() + timeout
        return self.call_deadline

    def expired(self) -> bool:
        """Whether the call's deadline has passed."""
        return self.call_parked and self.call_deadline is not None and time.monotonic_ns() >= self.call_deadline

    def progress(self) -> Progress:
        """How far the call has come; nowhere on its first run."""
        if not self.call_parked:
            self.call_progress = Progress()
        return self.call_progress

    def moved(self, done: int) -> Park:
        """How a write goes on that the engine has begun, and done so much of before something else was to be looked at."""
        progress = self.progress()
        progress.done = done
        return Park(deadline=0, on_interrupt=lambda: progress.done)

    # ---- masks

    def set_mask(self, mask: int) -> None:
        """Block exactly these signals."""
        self.mask = mask & ~UNBLOCKABLE
        self.process.host_mask()

    def temporary_mask(self, mask: int) -> None:
        """Block these signals until the call has ended and signals have been delivered (ppoll, sigsuspend)."""
        if self.saved_mask is None:
            self.saved_mask = self.mask
            self.set_mask(mask)
            self.process.attention()

    def restore_mask(self) -> None:
        """End a temporary mask, if there is one."""
        if self.saved_mask is not None:
            mask, self.saved_mask = self.saved_mask, None
            self.set_mask(mask)

    def on_altstack(self, sp: int) -> bool:
        """Whether the stack pointer is inside the alternate stack (SS_AUTODISARM has none while it is in use)."""
        return self.altstack_sp < sp <= self.altstack_sp + self.altstack_size

    # ---- the interrupted call

    def finish_interrupted(self, action: Action | None) -> None:
        """Make of an interrupted call what its contract and the handler say: EINTR, or run it again (action None: no handler)."""
        if self.interrupted is None:
            return
        contract, number = self.interrupted
        self.interrupted = None
        if action is None or contract == "always" or (contract == "restart" and action.flags & SaFlags.RESTART):
            self.process.restart_call(number)

    # ---- registers

    @property
    def fs_base(self) -> int:
        """The thread pointer."""
        return self.engine.register(self.process.arch.tls)

    @fs_base.setter
    def fs_base(self, value: int) -> None:
        self.engine.set_register(self.process.arch.tls, value)

    @property
    def gs_base(self) -> int:
        """The second segment base."""
        return self.engine.register(self.process.arch.tls2)

    @gs_base.setter
    def gs_base(self, value: int) -> None:
        self.engine.set_register(self.process.arch.tls2, value)

    # ---- short ways

    def at(self, dirfd: int, path: bytes, follow: bool = True, *, empty: bool = False, create: bool = False) -> "Place":
        """Resolve a path argument; see lx.kernel.vfs."""
        return self.fs.at(dirfd, path, follow, empty=empty, create=create)

    def unsupported(self, what: str, value: int, errno: Errno) -> LinuxError:
        """Tell the operator (once per value) of an argument that lx cannot honour; the exception to raise."""
        self.process.say_unsupported(f"{what} {value:#x}", errno)
        return LinuxError(errno)

    @property
    def uid(self) -> int:
        """The real user id: the host process's own."""
        return os.getuid()

    @property
    def euid(self) -> int:
        """The effective user id."""
        return os.geteuid()

    @property
    def gid(self) -> int:
        """The real group id."""
        return os.getgid()

    @property
    def egid(self) -> int:
        """The effective group id."""
        return os.getegid()
