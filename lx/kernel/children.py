"""Children that end otherwise than with SIGCHLD, and whose a child is among threads.

A child has an exit signal (clone), perhaps none: by it the parent is told of its end. It also tells "clone" children, which waits
pass over unless __WCLONE or __WALL asks for them, from plain ones, whose exit signal is SIGCHLD. It is SIGCHLD again once the
child has become another program or has been adopted; and what is sent is SIGCHLD once the parent has become another program. The
host can do none of that, because its exec is not the guest's. So on the host all children end with SIGCHLD, which we always
catch, and a record in the zone's registry says what it means.

A process that has made such a child is `odd` from then on: what it hears of an end it takes for a hint only (the host forgets a
second SIGCHLD where Linux would have sent another signal), looks at all its children and sends itself what each had to send. It
waits for each child that Linux would find, and reaps itself what ignoring SIGCHLD reaps. Others pay nothing for it.

Limits: a SIGCONT by which a child ends does not continue a parent that is stopped. While all threads block SIGCHLD and a signalfd
reads it, the end of a child is heard there and only there. For __WNOTHREAD a child that a child has made (CLONE_PARENT) is the
eldest thread's.
"""

import os
import struct

from lx.abi.errno import Errno, LinuxError
from lx.abi.lean import suppress
from lx.abi.signals import SIGINFO_SIZE, Signal
from lx.abi.wait import CHILD_INFO, CHILD_TIMES, CLD_EXITED, ENDS, P_ALL, P_PGID, P_PID, WaitFlags

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lx.kernel.process import Process
    from lx.kernel.thread import Thread

    End = tuple[int, int, bool]
    """How a child with another exit signal ends: parent on the host, exit signal (0..255), whether it is told as SIGCHLD."""

HAS_ENDED = WaitFlags.EXITED | WaitFlags.NOHANG | WaitFlags.NOWAIT
TIMES_USED = struct.Struct("=4q")
"""The head of the host's struct rusage: user and system time, in seconds and microseconds."""
MANY = 64


class Children:
    """What a process knows of its children beyond what the host does."""

    def __init__(self, process: "Process") -> None:
        self._process = process
        self.odd = False
        """Whether it has had a child with another exit signal than SIGCHLD."""
        self._born_odd = False
        self._told: set[int] = set()
        """Those whose end has been told and that nobody has waited for."""
        self._makers: dict[int, Thread] = {}
        """The threads whose children are not the first one's."""

    # ---- birth

    def next_end(self, signo: int, *, sibling: bool) -> "End | None":
        """How a child to be made will end; None: like any other. A sibling (CLONE_PARENT) has the caller's own exit signal."""
        if sibling:
            return self._own_end()
        if signo == Signal.SIGCHLD:
            return None
        self._become_odd()
        return os.getpid(), signo, False

    def _own_end(self) -> "End | None":
        parent = os.getppid()
        end = self._process.zone.end_of(os.getpid(), parent) if self._born_odd else None
        return end and (parent, *end)

    def _become_odd(self) -> None:
        """From now on ends are looked for. Whose end is being told already is told once more at worst."""
        if not self.odd:
            told = {pid for pid in self._process.zone.children() if self._changed(pid)}
            self._process.signals.collect()
            self._told, self.odd = told, True
            self._process.signals.children_changed()

    def made(self, t: "Thread", pid: int, end: "End | None", *, sibling: bool) -> None:
        """A child has been forked by a thread."""
        if end is not None:
            self._process.zone.born(pid, end)
        if not sibling and len(self._process.threads) > 1:
            if len(self._makers) >= MANY:
                living = set(self._process.zone.children())
                self._makers = {child: maker for child, maker in self._makers.items() if child in living}
            self._makers[pid] = t

    def forked(self, end: "End | None") -> None:
        """In a child: none of the parent's children is its own."""
        was_odd, self.odd, self._born_odd = self.odd, False, end is not None
        self._told.clear()
        self._makers.clear()
        if end is not None:
            self._process.zone.born(os.getpid(), end)
        if was_odd:
            self._process.signals.children_changed()

    def execed(self) -> None:
        """The process has become another program."""
        zone = self._process.zone
        if self._born_odd:
            self._born_odd = False
            zone.replaced(os.getpid())
        for pid in zone.children() if self.odd else ():
            zone.estranged(pid)

    # ---- ends

    def _changed(self, pid: int, also: int = 0) -> tuple[bytes, bytes] | None:
        """What a wait would find that takes nothing away: siginfo and rusage. also: what it is for beside the child's end."""
        from lx.host import calls

        with suppress(ChildProcessError):
            return calls.waitid(P_PID, pid, HAS_ENDED | also)
        return None

    def look(self) -> None:
        """Send what children that have ended had to send."""
        children = self._process.zone.children()
        self._told.intersection_update(children)
        for pid in children:
            if pid not in self._told:
                self._look_at(pid)

    def _look_at(self, pid: int) -> None:
        found = self._changed(pid)
        if found is not None:
            self._told.add(pid)
            self._tell(pid, *found)

    def _tell(self, pid: int, raw: bytes, usage: bytes) -> None:
        process = self._process
        end = process.zone.end_of(pid, os.getpid())
        signo = Signal.SIGCHLD if end is None or end[1] else end[0]
        process.signals.of_child(signo, _info(process, signo, raw, usage))
        if signo == Signal.SIGCHLD and process.signals.children_vanish():
            os.waitpid(pid, 0)
            self.reaped(pid)

    def reaped(self, pid: int) -> None:
        """A child has been waited for."""
        self._makers.pop(pid, None)
        self._process.zone.leave(pid)

    # ---- waiting

    def unlike_hosts(self, options: int) -> bool:
        """Whether a wait finds other children than the host's would."""
        return self.odd or bool(options & WaitFlags.NOTHREAD and len(self._process.threads) > 1)

    def matching(self, t: "Thread", which: int, number: int, options: int) -> list[int]:
        """The children that a thread's wait is for, eldest first, by P_ALL, P_PID or P_PGID. ECHILD."""
        if self.odd:
            self.look()
        found = [
            pid
            for pid in self._process.zone.children()
            if (which == P_ALL or number == (pid if which == P_PID else os.getpgid(pid)))
            and self._kind(pid, options)
            and (not options & WaitFlags.NOTHREAD or self._maker(pid) is t)
        ]
        if not found:
            raise LinuxError(Errno.ECHILD)
        return found

    def to_be_waited_for(self, pid: int, options: int) -> bool:
        """Whether a wait for it will find something. Who has ended has told of it then."""
        while found := self._changed(pid, options & (WaitFlags.UNTRACED | WaitFlags.CONTINUED)):
            if not self.odd or pid in self._told or CHILD_INFO.unpack_from(found[0])[2] not in ENDS:
                return True
            self._look_at(pid)
        return False

    def _kind(self, pid: int, options: int) -> bool:
        plain = self._process.zone.end_of(pid, os.getpid()) is None
        return bool(options & WaitFlags.ALL) or plain != bool(options & WaitFlags.CLONE)

    def _maker(self, pid: int) -> "Thread | None":
        """The thread whose child it is: if that is gone, the eldest one's."""
        maker = self._makers.get(pid)
        if maker is not None and maker.alive:
            return maker
        return next((t for t in self._process.threads if t.alive), None)


def selection(pid: int) -> tuple[int, int]:
    """wait4's pid as which and number of waitid."""
    if pid == -1:
        return P_ALL, 0
    if pid > 0:
        return P_PID, pid
    return P_PGID, -pid or os.getpgrp()


def _info(process: "Process", signo: int, raw: bytes, usage: bytes) -> bytes:
    """The siginfo of a child's end, of what the host's waitid has found."""
    _, _, code, pid, uid, status = CHILD_INFO.unpack_from(raw)
    if code != CLD_EXITED:
        status = process.host.signal_to_linux(status)
    seconds, us, system_seconds, system_us = TIMES_USED.unpack_from(usage)
    head = CHILD_INFO.pack(signo, 0, code, int(process.zone.guest_pid(pid)), uid, status)
    times = CHILD_TIMES.pack(seconds * 100 + us // 10000, system_seconds * 100 + system_us // 10000)
    return (head + times).ljust(SIGINFO_SIZE, b"\0")
