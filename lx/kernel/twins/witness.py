"""What a process's own calls tell the watches of its inotify twins: openings, reading, closing, and each change for itself."""

import fcntl
import os
import stat
import time

from lx.abi.errno import LinuxError
from lx.abi.events import InotifyMask
from lx.abi.fcntl import AT_FDCWD
from lx.abi.lean import suppress
from lx.abi.word import s32
from lx.kernel.twins.hearing import hearing

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lx.kernel.process import Process
    from lx.kernel.thread import Thread
    from lx.kernel.twins.inotify import Inotify

OPENS = frozenset(("open", "openat", "openat2", "creat"))
READS = {**dict.fromkeys(("read", "pread64", "readv", "preadv", "preadv2", "getdents", "getdents64", "splice"), 0), "sendfile": 1}
WRITES = {**dict.fromkeys(("write", "pwrite64", "writev", "pwritev", "pwritev2", "sendfile"), 0), "splice": 2}
"""The argument that says what is read or written."""
MOVES = {"rename": (None, 1), "renameat": (2, 3), "renameat2": (2, 3)}
"""The arguments that say to what: directory and path."""
TIMES = frozenset(("utime", "utimes", "futimesat", "utimensat"))
CHANGES = frozenset((
    *MOVES, *TIMES, "mkdir", "mkdirat", "mknod", "mknodat", "rmdir", "unlink", "unlinkat", "link", "linkat", "symlink",
    "symlinkat", "chmod", "fchmod", "fchmodat", "fchmodat2", "chown", "fchown", "lchown", "fchownat", "truncate", "ftruncate",
    "fallocate", "copy_file_range", "setxattr", "lsetxattr", "fsetxattr", "removexattr", "lremovexattr", "fremovexattr",
))  # fmt: skip


class Witness:
    """The twins of a process."""

    def __init__(self) -> None:
        self.twins: list[Inotify] = []
        self._closing: dict[int, tuple[os.stat_result, bool]] = {}
        self._began: dict[int, int] = {}

    def begins(self, t: "Thread", name: str, args: tuple[int, ...]) -> None:
        """A call begins."""
        fd = s32(args[0])
        if name == "close" and fd >= 0:
            with suppress(OSError):
                writing = fcntl.fcntl(fd, fcntl.F_GETFL) & os.O_ACCMODE != os.O_RDONLY
                self._closing[t.tid] = os.fstat(fd), writing
        elif name in WRITES:
            self._began[t.tid] = time.monotonic_ns()
        elif name in MOVES:
            for twin in self.twins:
                twin.moving = True

    def ends(self, t: "Thread", name: str, args: tuple[int, ...], result: int) -> None:
        """A call has answered this."""
        if name in CHANGES:
            moved = _new_path(t, name, args) if name in MOVES and not result else b""
            for twin in self.twins:
                twin.look(t.process, moved=moved, times=name in TIMES)
                twin.moving = False
        elif name in OPENS and result >= 0:
            self._opened(t, result)
        elif name == "close" and result == 0 and t.tid in self._closing:
            st, writing = self._closing.pop(t.tid)
            self._say(t, st, InotifyMask.CLOSE_WRITE if writing else InotifyMask.CLOSE_NOWRITE)
            self.twins = [twin for twin in self.twins if twin in t.files.nodes.values()]
        if name in READS and result > 0:
            self._tell(t, args[READS[name]], InotifyMask.ACCESS)
        if name in WRITES and result > 0:
            self._tell(t, args[WRITES[name]], InotifyMask.MODIFY)

    def _opened(self, t: "Thread", fd: int) -> None:
        with suppress(OSError):
            st = os.fstat(fd)
            for twin in self.twins if _has_events(st) else ():
                twin.look(t.process, opened=st)

    def _tell(self, t: "Thread", fd: int, event: int) -> None:
        with suppress(OSError):  # another thread may have closed it
            self._say(t, os.fstat(s32(fd)), event)

    def _say(self, t: "Thread", st: os.stat_result, event: int) -> None:
        for twin in self.twins if _has_events(st) else ():
            twin.heard(t.process, st, event, self._began.get(t.tid, 0))


def _has_events(st: os.stat_result) -> bool:
    return stat.S_ISREG(st.st_mode) or stat.S_ISDIR(st.st_mode)


def _new_path(t: "Thread", name: str, args: tuple[int, ...]) -> bytes:
    """The host's path of what has been renamed; nothing if it cannot be told."""
    at, path = MOVES[name]
    try:
        with t.at(AT_FDCWD if at is None else s32(args[at]), t.memory.path(args[path]), False) as place:
            return pinned_path(place.pin())
    except (LinuxError, OSError):
        return b""


def pinned_path(fd: int) -> bytes:
    """The host's path of a descriptor, which is closed."""
    try:
        return os.readlink(b"/proc/self/fd/%d" % fd)
    finally:
        os.close(fd)


def witness(p: "Process") -> Witness:
    """Who tells the twins of a process."""
    listeners = hearing(p).listeners
    found = next((known for known in listeners if isinstance(known, Witness)), None)
    if found is None:
        found = Witness()
        listeners.append(found)
    return found
