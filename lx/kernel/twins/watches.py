"""A watch of inotify's twin: a file or directory, how it was when it was last looked at, and what has changed since."""

import os
import stat
import time

from lx.abi.events import InotifyMask

TYPE_CHECKING = False
if TYPE_CHECKING:
    Signature = tuple[int, int, int, int, int, int, int]
    Entry = tuple[int, bool, "Signature | None"]
    """Inode, whether it is a directory, and how it was, if that is watched for."""

MODIFY, ATTRIB = int(InotifyMask.MODIFY), int(InotifyMask.ATTRIB)
LISTINGS = 3
"""How often a directory is listed again because what was listed was gone already."""
SETTLED_NS = 100_000_000
"""How old a directory's time of change must be for its names to be what they were: times are ticks."""


def signature(st: os.stat_result) -> "Signature":
    """What of a file can be seen to change."""
    return st.st_mode, st.st_uid, st.st_gid, st.st_nlink, st.st_size, st.st_mtime_ns, st.st_ctime_ns


def changes(old: "Signature", new: "Signature", *, times: bool) -> list[int]:
    """The events that lead from one to the other. times: they were set."""
    if old == new:
        return []
    found = []
    written = old[4:6] != new[4:6]
    if written and not stat.S_ISDIR(new[0]) and (not times or old[4] != new[4]):
        found.append(MODIFY)
    if old[:3] != new[:3] or (times and written) or (not written and old[3] == new[3]):
        found.append(ATTRIB)
    return found


class Watch:
    """What is watched, by the host's path."""

    def __init__(self, wd: int, path: bytes, st: os.stat_result, mask: int) -> None:
        self.wd = wd
        self.path = path
        self.mask = mask
        self.identity = st.st_dev, st.st_ino
        self.is_directory = stat.S_ISDIR(st.st_mode)
        self.known = signature(st)
        self.waits = False
        """Its change is not told before its directory's watch has told of it."""
        self.unlinked = False
        """It has no name any more, but is open."""
        self.told = b"", 0
        """The name that a look has last found modified, and the CLOCK_MONOTONIC nanosecond."""
        self._listed_ns = -1
        self.names: dict[bytes, Entry] = {}
        self.names = self.listing(st)

    def stat(self) -> os.stat_result | None:
        """How it is now; None if its path does not lead to it."""
        try:
            st = os.lstat(self.path)
        except OSError:
            return None
        return st if (st.st_dev, st.st_ino) == self.identity else None

    def move(self, path: bytes) -> bool:
        """It is found by this path from now on; False if it is not."""
        before, self.path = self.path, path
        st = self.stat()
        if st is None:
            self.path = before
            return False
        self.known = signature(st)
        return True

    def listing(self, st: os.stat_result) -> "dict[bytes, Entry]":
        """What is in the directory now, of which this is the state; nothing in a file."""
        if not self.is_directory:
            return {}
        detailed = bool(self.mask & (MODIFY | ATTRIB))
        if not detailed and self._listed_ns == st.st_mtime_ns and time.time_ns() - st.st_mtime_ns > SETTLED_NS:
            return self.names
        self._listed_ns = st.st_mtime_ns
        try:
            for _ in range(LISTINGS):
                found, whole = self._list(detailed)
                if whole:
                    break
        except OSError:
            return self.names
        return found

    def _list(self, detailed: bool) -> "tuple[dict[bytes, Entry], bool]":
        """What is in it, and whether all of that was still there when it was looked at: else it may be there by another name."""
        found: dict[bytes, Entry] = {}
        whole = True
        for entry in list(os.scandir(self.path)):
            try:
                directory = entry.is_dir(follow_symlinks=False)
                found[entry.name] = entry.inode(), directory, signature(os.lstat(entry.path)) if detailed else None
            except FileNotFoundError:
                whole = False
            except OSError:  # out of reach
                continue
        return found, whole

    def names_of(self, identity: tuple[int, int]) -> list[bytes]:
        """By which name an object is in the directory, if it is."""
        device, inode = identity
        if not self.is_directory or device != self.identity[0]:
            return []
        return [name for name, (number, _, _) in self.names.items() if number == inode][:1]
