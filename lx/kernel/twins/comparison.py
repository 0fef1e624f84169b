"""A look of inotify's twin at all that it watches: what is, beside what was, told in Linux' order."""

import os
import stat
import time

from lx.abi.events import InotifyMask
from lx.kernel.twins.watches import ATTRIB, MODIFY, Watch, changes, signature

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from lx.kernel.process import Process
    from lx.kernel.twins.inotify import Inotify
    from lx.kernel.twins.watches import Entry, Signature

    Name = tuple[Watch, bytes, Entry]
    """A name in a watched directory."""


class Comparison:
    """One look. moved: what a call of this process has just renamed has this path now. times: such a call has set times."""

    def __init__(self, twin: "Inotify", p: "Process", *, moved: bytes = b"", times: bool = False) -> None:
        self._twin = twin
        self._p = p
        self._moved = moved
        self._times = times
        self._gone: list[Name] = []
        self._come: list[Name] = []
        self._changed: list[tuple[Watch, bytes, bool, int]] = []
        self._linked: list[Watch] = []
        self._lost: list[Watch] = []
        for watch in sorted(twin.watches.values(), key=lambda watch: not watch.is_directory):
            st = watch.stat()
            if st is None:
                self._lost.append(watch)
            elif not self._is_ahead(watch, st):
                self._compare(watch, st)
        self._lost.sort(key=lambda watch: watch.wd)

    def _is_ahead(self, watch: Watch, st: os.stat_result) -> bool:
        """Whether a file has changed since its directory was looked at: Linux tells the directory's watch first, so it waits."""
        now = signature(st)
        if watch.is_directory or now == watch.known or watch.waits:
            watch.waits = False
            return False
        for directory in self._twin.watches.values():
            for name in directory.names_of(watch.identity):
                watch.waits |= directory.names[name][2] == watch.known
        return watch.waits

    def _compare(self, watch: Watch, st: os.stat_result) -> None:
        before, watch.names = watch.names, watch.listing(st)
        for name, entry in before.items():
            if name not in watch.names or watch.names[name][0] != entry[0]:
                self._gone.append((watch, name, entry))
        for name, entry in watch.names.items():
            old = before.get(name)
            if old is None or old[0] != entry[0]:
                self._come.append((watch, name, entry))
            else:
                self._differs(watch, name, entry[1], old[2], entry[2])
        known, watch.known = watch.known, signature(st)
        self._differs(watch, b"", watch.is_directory, known, watch.known)
        if known[3] != watch.known[3] and not watch.is_directory:
            self._linked.append(watch)

    def _differs(self, watch: Watch, name: bytes, directory: bool, old: "Signature | None", new: "Signature | None") -> None:
        if old and new:
            self._changed += [(watch, name, directory, event) for event in changes(old, new, times=self._times)]

    # ---- telling

    def tell(self, opened: "Callable[[], None] | None" = None) -> None:
        """Give the twin its events. opened: tells of an opening, which comes after a creation and before a cut."""
        tell = self._twin.tell
        followed = [watch for watch in self._lost if self._follow(watch)]
        for watch in self._linked:
            tell(watch, ATTRIB)
        dead = [watch for watch in self._lost if watch not in followed]
        if not self._moved:
            self._bury(dead)
        self._tell_names()
        if opened is not None:
            opened()
        for watch, name, directory, event in sorted(self._changed, key=lambda change: (not change[1], change[0].wd)):
            tell(watch, event, name, directory=directory)
            watch.told = (name, time.monotonic_ns()) if event == MODIFY else watch.told
        for watch in followed:
            tell(watch, int(InotifyMask.MOVE_SELF))
        if self._moved:
            self._bury(dead)

    def _bury(self, dead: list[Watch]) -> None:
        """These have lost their name; their end comes when they are closed."""
        for watch in dead:
            if not watch.unlinked and not watch.is_directory:
                self._twin.tell(watch, ATTRIB)
            watch.unlinked = self._is_open(watch)
            if not watch.unlinked:
                self._twin.over(watch)

    def _tell_names(self) -> None:
        come = {_object(new): new for new in self._come}
        pairs = [(old, come[_object(old)]) for old in self._gone if _object(old) in come]
        entered = {_place(new) for _, new in pairs}
        elsewhere = entered | {_place(old) for old, _ in pairs}
        for name in self._gone:
            if _place(name) not in elsewhere:
                self._tell_lone(name, InotifyMask.MOVED_FROM if self._moved else InotifyMask.DELETE)
        for old, new in pairs:
            cookie = self._twin.next_cookie()
            for event, (watch, base, entry) in ((InotifyMask.MOVED_FROM, old), (InotifyMask.MOVED_TO, new)):
                self._twin.tell(watch, int(event), base, cookie, directory=entry[1])
        for name in sorted(self._come, key=_born) if len(self._come) > 1 else self._come:
            if _place(name) not in entered:
                self._tell_lone(name, InotifyMask.MOVED_TO if self._moved else InotifyMask.CREATE)
                known = name[2][2]
                if not self._moved and known is not None and _is_filled(known):
                    self._twin.tell(name[0], MODIFY, name[1])

    def _tell_lone(self, name: "Name", event: int) -> None:
        watch, base, entry = name
        self._twin.tell(watch, int(event), base, self._twin.next_cookie() if self._moved else 0, directory=entry[1])

    def _follow(self, watch: Watch) -> bool:
        """Find what was watched under another name: where it was moved to, in what is watched, or beside where it was."""
        if self._moved and watch.move(self._moved):
            return True
        for directory, name, entry in self._come:
            if (directory.identity[0], entry[0]) == watch.identity:
                return watch.move(directory.path + b"/" + name)
        return any(watch.move(path) for path in _paths(os.path.dirname(watch.path), watch.identity[1]))

    def _is_open(self, watch: Watch) -> bool:
        """Whether a descriptor of the process leads to it."""
        found = (os.fstat(fd) for fd in self._p.files.open_descriptors())
        return any((st.st_dev, st.st_ino) == watch.identity for st in found)


def _object(name: "Name") -> tuple[int, int]:
    watch, _, entry = name
    return watch.identity[0], entry[0]


def _place(name: "Name") -> tuple[int, bytes]:
    return name[0].wd, name[1]


def _born(name: "Name") -> tuple[int, int]:
    """When something new seems to have come, to tell what came first."""
    watch, base, entry = name
    try:
        return os.lstat(watch.path + b"/" + base).st_ctime_ns, entry[0]
    except OSError:
        return 0, entry[0]


def _is_filled(known: "Signature") -> bool:
    """Whether a file that is new has been written to: it is no link to an old one."""
    return stat.S_ISREG(known[0]) and known[3] == 1 and known[4] > 0


def _paths(directory: bytes, inode: int) -> list[bytes]:
    try:
        return [entry.path for entry in os.scandir(directory) if entry.inode() == inode]
    except OSError:
        return []
