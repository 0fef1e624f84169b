"""The roster: what a zone's processes tell each other of themselves.

A guest process is a host process, so the host's /proc already knows its state, parent and times; what the host does
not know is what it is to the *guest*: its pid, program, arguments and name. Each process publishes that as one
symbolic link in the zone's runtime directory, named by its guest pid, whose text is the record. A symbolic link
because it appears and is replaced whole (symlink, rename), costs one call to write and one to read, and carries a time
of its own: a record older than the process that has its pid now was left by one that is gone.

A record is worth what its process is: nobody has to retire one (the parent's wait does, to keep the directory short), and a
process that was killed leaves nothing that lies. A forked child gets one when it becomes another program, or when somebody first
asks for it (lx.kernel.synthetic.subject), so that a fork costs none.

The directory is held open, because the way to it is the user's alone (mode 0700), and a guest that was root may be somebody else
by the time that it asks; whoever has it open may write in it.

Limits: a link's text ends at 4095 bytes, so others see a longer argv cut, as Linux before 4.2 cut it for everybody. The host must
have Linux's /proc/PID/stat.
"""

import os
import time

from lx.abi.lean import Callable, suppress
from lx.abi.record import dataclass

TEXT_MAX = 4095
TICK_NS = 10_000_000
"""USER_HZ is 100: start times in /proc/PID/stat are this coarse."""


@dataclass(frozen=True, slots=True)
class Record:
    """One process of the zone as the others see it."""

    pid: int
    host_pid: int
    exe: bytes
    comm: bytes
    argv: tuple[bytes, ...]


class Roster:
    """The records of one zone, in the directory `proc` below its runtime directory (made if it is not there)."""

    __slots__ = ("_directory",)

    def __init__(self, runtime_dir: str, own: Callable[[int], int]) -> None:
        """own: how the process keeps a descriptor out of the guest's reach."""
        path = os.path.join(runtime_dir, "proc")
        with suppress(FileExistsError):
            os.mkdir(path)
            os.chmod(path, 0o777)
        self._directory = own(os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC))

    def publish(self, pid: int, host_pid: int, exe: bytes, comm: bytes, argv: list[bytes]) -> None:
        """Tell the zone of this process: at its start, at exec, when its name changes."""
        text = _escape(b"\0".join([b"%d" % host_pid, exe, comm, *argv]))
        if len(text) > TEXT_MAX:
            text = text[:TEXT_MAX].rstrip(b"\\")
        with suppress(FileNotFoundError):
            if not self._create(pid, text):
                fresh = b"%d.%d" % (pid, host_pid)
                os.symlink(text, fresh, dir_fd=self._directory)
                os.rename(fresh, b"%d" % pid, src_dir_fd=self._directory, dst_dir_fd=self._directory)

    def inherit(self, pid: int, host_pid: int, parent: int) -> None:
        """Enter a forked child under its parent's record, unless it is there."""
        record = self.find(parent)
        if record is not None and self.find(pid) is None:
            text = _escape(b"\0".join([b"%d" % host_pid, record.exe, record.comm, *record.argv]))
            with suppress(FileNotFoundError):
                self._create(pid, text[:TEXT_MAX])

    def _create(self, pid: int, text: bytes) -> bool:
        """Enter a record; False if there is one. FileNotFoundError when the zone has ended."""
        try:
            os.symlink(text, b"%d" % pid, dir_fd=self._directory)
        except FileExistsError:
            return False
        return True

    def retire(self, pid: int) -> None:
        """Forget a process that has been waited for."""
        with suppress(OSError):
            os.unlink(b"%d" % pid, dir_fd=self._directory)

    def find(self, pid: int) -> Record | None:
        """The record of a live (or zombie) process of the zone; a dead one's is removed."""
        name = b"%d" % pid
        try:
            fields = _unescape(os.readlink(name, dir_fd=self._directory)).split(b"\0")
            written_ns = os.stat(name, dir_fd=self._directory, follow_symlinks=False).st_mtime_ns
        except OSError:
            return None
        record = Record(pid, int(fields[0]), fields[1], fields[2], tuple(fields[3:]))
        started_ns = _started_ns(record.host_pid)
        if started_ns is None or written_ns + 2 * TICK_NS < started_ns:
            self.retire(pid)
            return None
        return record

    def has(self, pid: int) -> bool:
        """Whether a live process of the zone has a record."""
        return self.find(pid) is not None

    def pids(self) -> list[int]:
        """The guest pids of all live processes that have a record, ascending."""
        names = os.listdir(self._directory)
        return sorted(pid for pid in map(int, filter(str.isdigit, names)) if self.has(pid))


def _escape(record: bytes) -> bytes:
    return record.replace(b"\\", b"\\\\").replace(b"\0", b"\\0")


def _unescape(text: bytes) -> bytes:
    return b"\\".join(piece.replace(b"\\0", b"\0") for piece in text.split(b"\\\\"))


def _started_ns(host_pid: int) -> int | None:
    """When a host process started, in ns of CLOCK_REALTIME; None if there is none."""
    try:
        with open(b"/proc/%d/stat" % host_pid, "rb") as file:
            ticks = int(file.read().rpartition(b")")[2].split()[19])
    except (OSError, IndexError):
        return None
    since_boot_ns = time.clock_gettime_ns(time.CLOCK_BOOTTIME) - ticks * TICK_NS
    return time.time_ns() - since_boot_ns
