"""Whom a /proc/PID file is about, and what may be known of it.

The asking process knows everything of itself: its memory, files and signals are objects in this very host process. Of
another process of the zone there is its record (program, arguments, name) and what the host counts of any process
(state, times, sizes); the rest is EACCES, which is what Linux answers about a process of somebody else.

A subject is made anew for each read, never kept: a descriptor of /proc/PID/status may outlive a fork, and then the one
who reads it is another.
"""

import os

from lx.abi.errno import Errno, LinuxError
from lx.abi.record import dataclass
from lx.kernel.synthetic.asking import have_published
from lx.kernel.synthetic.host import host_fields, host_text
from lx.kernel.synthetic.roster import Record, Roster

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lx.kernel.process import Process
    from lx.kernel.thread import Thread


@dataclass(frozen=True, slots=True)
class Subject:
    """A process of the zone, as `asker` may see it; `record` is None when it asks about itself."""

    asker: "Process"
    pid: int
    tid: int
    record: Record | None

    @property
    def process(self) -> "Process":
        """The process itself. LinuxError(EACCES) if it is not the asker."""
        if self.record is not None:
            raise LinuxError(Errno.EACCES)
        return self.asker

    @property
    def own(self) -> bool:
        """Whether the asker asks about itself."""
        return self.record is None

    @property
    def exe(self) -> bytes:
        """Guest path of the program."""
        return self.record.exe if self.record is not None else self.asker.exe

    @property
    def comm(self) -> bytes:
        """The thread's name, at most 15 bytes; of another process only the leader's is known."""
        return self.record.comm if self.record is not None else self.thread.comm

    @property
    def thread(self) -> "Thread":
        """The thread it is about, of the asking process. ESRCH if it is gone."""
        for t in self.asker.threads:
            if t.tid == self.tid:
                return t
        raise LinuxError(Errno.ESRCH)

    @property
    def state(self) -> bytes:
        """The letter of a thread of the asking process: it runs or would, it waits, or it has ended before the others."""
        return b"Z" if not self.thread.alive else b"R" if self.thread.park is None else b"S"

    @property
    def host_pid(self) -> int:
        """Its number on the host."""
        return self.record.host_pid if self.record is not None else os.getpid()

    @property
    def threads(self) -> int:
        """How many threads it has; of another process only the first is known."""
        return len(self.asker.threads) if self.own else 1

    def host(self, name: str, otherwise: bytes = b"") -> bytes:
        """The host's /proc file about it."""
        return host_text(f"{self.host_pid}/{name}", otherwise)

    def host_status(self) -> dict[bytes, bytes]:
        """The host's /proc/PID/status about it."""
        return host_fields(f"{self.host_pid}/status")

    def host_stat(self) -> list[bytes]:
        """The host's /proc/PID/stat about it from the third field (state) on. LinuxError(ESRCH) if it is gone."""
        fields = self.host("stat").rpartition(b")")[2].split()
        if not fields:
            raise LinuxError(Errno.ESRCH)
        return fields

    def guest_pid(self, host_pid: int) -> int:
        """The guest's number for a host process (a parent); 0 if it is outside the zone."""
        zone = self.asker.zone
        return int(zone.guest_pid(host_pid)) if zone.has(host_pid) else 0


def roster(p: "Process") -> Roster:
    """The records of the asker's zone."""
    found: Roster = p.zone.roster
    return found


def known(p: "Process", pid: int) -> Record | None:
    """The record of a process of the asker's zone.

    A fork costs no record: a child that has not become another program has none until somebody asks for it. It says itself
    what it is, or, where it cannot (a zombie, a stopped one), is entered under its parent's.
    """
    records = roster(p)
    found = records.find(pid)
    if found is not None or not p.zone.has(pid):
        return found
    if pid == p.pid:
        p.zone.publish(p)
    elif not have_published(p, pid, lambda: records.has(pid)):
        parent = int(host_fields(f"{pid}/status").get(b"PPid", b"0"))
        if known(p, parent) is not None:
            records.inherit(pid, pid, parent)
    return records.find(pid)


def all_pids(p: "Process") -> list[int]:
    """The pids of all processes of the asker's zone, ascending."""
    return sorted({p.pid, *roster(p).pids(), *map(p.zone.guest_pid, p.zone.members())})


def exists(p: "Process", pid: int) -> bool:
    """Whether `pid` is a process of the asker's zone."""
    return pid == p.pid or roster(p).has(pid) or p.zone.has(pid)


def subject(p: "Process", pid: int, tid: int) -> Subject:
    """The subject of a /proc/PID[/task/TID] file. LinuxError(ESRCH) if the process is gone."""
    if pid == p.pid:
        return Subject(p, pid, tid, None)
    record = known(p, pid)
    if record is None:
        raise LinuxError(Errno.ESRCH)
    return Subject(p, pid, tid, record)
