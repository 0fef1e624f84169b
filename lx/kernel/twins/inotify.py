"""The twin of inotify: what is watched is looked at again and again, and compared.

The events themselves stand in the FIFO, so that poll, FIONREAD and what fork shares are the host's. A helper thread looks, and so
does who reads or polls; and each call of the process itself that may change something is looked after at once
(lx.kernel.twins.witness), so that its own changes come whole and in order, with what no look can see: openings, reading, closing.
A name that is gone and an equal inode that has come are a move.

Limits: of other processes' doings openings, reading and closing are not told, what came and went between two looks neither; what
they move out of what is watched is a deletion, and several changes of one file are one. Closing is told at each close, not the
last one of a duplicate; mapped files, exec and what an exit closes tell nothing. A watch whose directory above was renamed is
taken for deleted. A file goes by one of its names in a directory, and by none once it has lost it. After a fork the process that
had the watches looks at them, a child only once that is gone. IN_UNMOUNT is never told.
"""

import _thread
import os
import stat
import time
from struct import Struct

from lx.abi.errno import Errno, LinuxError
from lx.abi.events import InotifyMask
from lx.abi.fcntl import OpenFlags
from lx.kernel.twins.comparison import Comparison
from lx.kernel.twins.fifo import POLLIN, READABLE, Source, check_read
from lx.kernel.twins.item import size_of
from lx.kernel.twins.watches import MODIFY, Watch, signature
from lx.kernel.twins.witness import witness

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lx.kernel.process import Process
    from lx.kernel.readiness import Conditions
    from lx.kernel.thread import Thread

EVENT = Struct("<iIII")
"""struct inotify_event: watch, mask, cookie, size of the name that follows. Linux uapi linux/inotify.h."""
NAME_UNIT = 16
PERIOD = 0.025
PATIENCE = 10
"""Seconds between looks, or so many times as long as one takes."""
SELF = int(InotifyMask.DELETE_SELF | InotifyMask.MOVE_SELF)
HOW = int(InotifyMask.MASK_ADD | InotifyMask.MASK_CREATE | InotifyMask.ONLYDIR | InotifyMask.DONT_FOLLOW)


class Inotify(Source):
    """An inotify descriptor."""

    __slots__ = ("_cookie", "_helper", "_last", "_lock", "_lost", "_next", "_owner", "moving", "watches")
    hidden_flags = int(OpenFlags.LARGEFILE | OpenFlags.RDWR)

    def __init__(self, p: "Process", flags: int) -> None:
        super().__init__(p, b"inotify", flags)
        self.watches: dict[int, Watch] = {}
        self._next = 1
        self._cookie = 0
        self._last = b""
        """The newest event, while nothing has been read since."""
        self._lost = False
        """Whether there was no room for an event."""
        self.moving = False
        """Whether this process is renaming something: who else looks now cannot tell it from deleting."""
        self._own()
        witness(p).twins.append(self)

    # ---- whose it is

    def _own(self) -> None:
        self._owner = os.getpid()
        self._lock = _thread.allocate_lock()
        self._helper = False

    def _attend(self, p: "Process") -> None:
        """Have a helper look, of this process if who did is gone."""
        if self._owner != os.getpid() and not p.zone.lives(self._owner):
            self._own()
        if self._owner == os.getpid() and self.watches and not self._helper:
            self._helper = True
            p.engine.start_helper(self._help, p)

    def _help(self, p: "Process") -> None:
        """A helper: look, as long as there is something to be watched and the descriptor is open."""
        pause = PERIOD
        while self.watches and self in list(p.files.nodes.values()):
            time.sleep(pause)
            started = time.monotonic()
            if not self.moving:
                self.look(p)
            pause = max(PERIOD, PATIENCE * (time.monotonic() - started))
        self._helper = False

    # ---- watches

    def add(self, p: "Process", path: bytes, st: os.stat_result, mask: int) -> int:
        """inotify_add_watch of an object of the host: the watch's number. EEXIST."""
        self.look(p)
        known = next((w for w in self.watches.values() if w.identity == (st.st_dev, st.st_ino)), None)
        if known is not None:
            if mask & InotifyMask.MASK_CREATE:
                raise LinuxError(Errno.EEXIST)
            mask |= known.mask if mask & InotifyMask.MASK_ADD else 0
        wd = self._next if known is None else known.wd
        with self._lock:
            self.watches[wd] = Watch(wd, path, st, mask & ~HOW)
        self._next = max(self._next, wd + 1)
        self._attend(p)
        return wd

    def remove(self, wd: int) -> None:
        """inotify_rm_watch. EINVAL."""
        with self._lock:
            watch = self.watches.get(wd)
            if watch is None:
                raise LinuxError(Errno.EINVAL)
            self._end(watch)

    def _end(self, watch: Watch) -> None:
        if self.watches.pop(watch.wd, None) is not None:
            self._put(watch.wd, int(InotifyMask.IGNORED), b"", 0)

    # ---- looking

    def look(
        self, p: "Process", *, moved: bytes = b"", times: bool = False, opened: os.stat_result | None = None
    ) -> None:
        """Tell what has changed. A call of this process has just renamed something to this path, set times, opened this."""
        if self._owner == os.getpid():
            with self._lock:
                comparison = Comparison(self, p, moved=moved, times=times)
                comparison.tell((lambda: self._hear(opened, int(InotifyMask.OPEN), 0)) if opened else None)

    def heard(self, p: "Process", st: os.stat_result, event: int, since: int) -> None:
        """This process has done that to an object, in a call that began at this CLOCK_MONOTONIC nanosecond."""
        if self._owner == os.getpid():
            with self._lock:
                self._hear(st, event, since)
                if any(watch.unlinked for watch in self.watches.values()):
                    Comparison(self, p).tell()

    def _hear(self, st: os.stat_result, event: int, since: int) -> None:
        identity, directory = (st.st_dev, st.st_ino), stat.S_ISDIR(st.st_mode)
        for watch in list(self.watches.values()):
            for name in watch.names_of(identity):
                self._hear_of(watch, st, event, name, since)
                if event == MODIFY:
                    watch.names[name] = st.st_ino, directory, signature(st)
        for watch in [watch for watch in self.watches.values() if watch.identity == identity]:
            self._hear_of(watch, st, event, b"", since)
            if event == MODIFY:
                watch.known = signature(st)

    def _hear_of(self, watch: Watch, st: os.stat_result, event: int, name: bytes, since: int) -> None:
        """Unless a look of the helper's has found it in the meantime."""
        told, moment = watch.told
        if event != MODIFY or told != name or moment < since:
            self.tell(watch, event, name, directory=stat.S_ISDIR(st.st_mode))

    # ---- events

    def next_cookie(self) -> int:
        """What the two halves of a move have in common."""
        self._cookie += 1
        return self._cookie

    def tell(self, watch: Watch, event: int, name: bytes = b"", cookie: int = 0, *, directory: bool = False) -> None:
        """An event, if it is watched for."""
        if event & watch.mask and watch.wd in self.watches:
            self._put(watch.wd, event | (InotifyMask.ISDIR if directory and not event & SELF else 0), name, cookie)
            if watch.mask & InotifyMask.ONESHOT:
                self._end(watch)

    def over(self, watch: Watch) -> None:
        """What was watched is gone."""
        self.tell(watch, int(InotifyMask.DELETE_SELF))
        self._end(watch)

    def _put(self, wd: int, mask: int, name: bytes, cookie: int) -> None:
        room = -(-(len(name) + 1) // NAME_UNIT) * NAME_UNIT if name else 0
        record = EVENT.pack(wd, mask, cookie, room) + name.ljust(room, b"\0")
        with self._held() as fifo:
            if record == self._last and size_of(fifo):
                return
            try:
                os.write(fifo, record)
                self._last = record
            except BlockingIOError:
                self._lost = True

    def read(self, p: "Process", size: int, offset: int | None = None) -> bytes:
        """As many whole events as there is room for. EINVAL, EAGAIN, ESPIPE."""
        check_read(size, offset, 0)
        self._attend(p)
        self.look(p)
        with self._held() as fifo:
            held = self._empty(fifo)
            if self._lost and len(held):
                held += EVENT.pack(-1, int(InotifyMask.Q_OVERFLOW), 0, 0)
            self._lost = False
            taken = 0
            while taken < len(held) and (end := taken + EVENT.size + EVENT.unpack_from(held, taken)[3]) <= size:
                taken = end
            if held[taken:]:
                os.write(fifo, held[taken:])
            else:
                self._last = b""
        if taken:
            return held[:taken]
        if held:
            raise LinuxError(Errno.EINVAL)
        raise self._wait(p, (POLLIN, None))

    def write(self, p: "Process", data: bytes, offset: int | None = None) -> int:
        """EBADF: it is open for reading only. ESPIPE for a position."""
        raise LinuxError(Errno.EBADF if offset is None else Errno.ESPIPE)

    def readiness(self, t: "Thread", events: int, said: int) -> int:
        """What the FIFO says after a look."""
        self.look(t.process)
        return events & READABLE if self.amount(t) else 0

    def amount(self, t: "Thread") -> int:
        """The bytes of the events."""
        return size_of(self.number(t.process))

    def conditions(self, t: "Thread", fd: int, events: int, found: "Conditions") -> None:
        """The FIFO tells, as long as somebody looks."""
        self._attend(t.process)
        super().conditions(t, fd, events, found)
