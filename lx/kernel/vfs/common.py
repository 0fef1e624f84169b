"""Root, working directory and umask that several processes have in common (clone's CLONE_FS).

Working directory and umask are the host process's, and the host shares them between processes as Linux does. What only we know, a
root that chroot has set and a working directory in a synthetic tree, stands in memory that these processes map, as guest paths,
and is read there whenever it is used. A lock on a file without a name keeps who reads from who writes; the host releases it if
its holder dies.

The engine resolves no paths by itself then. A process whose threads differ in these things has no part in it: the host process
has one working directory, which is that of the thread that has the CPU.
"""

from __future__ import annotations

import fcntl
import mmap
import os
from struct import Struct

from lx.abi.errno import Errno, LinuxError
from lx.abi.lean import Iterator, contextmanager
from lx.kernel.vfs.fs import Fs

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lx.kernel.synthetic.nodes import Node
    from lx.kernel.vfs.walk import Components

LENGTH = Struct("=I")
ROOM = 1 << 16
"""Bytes for each path, its length included."""
ROOT, DIRECTORY = 0, 1


class CommonFs(Fs):
    """The view of the files that these processes share."""

    common = True

    def __init__(self, fs: Fs) -> None:
        """From now on what `fs` is, for this process and those that it is going to share it with."""
        self.__dict__.update({name: value for name, value in fs.__dict__.items() if name not in ("root", "cwd_node")})
        self.simple_places = bytearray(2)
        self._lock = self.files.own(os.memfd_create("lx-fs"))
        self._paths = mmap.mmap(-1, 2 * ROOM)
        self._node: Node | None = None
        self.root, self.cwd_node = fs.root, fs.cwd_node

    @contextmanager
    def _locked(self, how: int) -> Iterator[None]:
        fcntl.lockf(self._lock, how)
        try:
            yield
        finally:
            fcntl.lockf(self._lock, fcntl.LOCK_UN)

    def _path(self, which: int) -> bytes:
        at = which * ROOM + LENGTH.size
        with self._locked(fcntl.LOCK_SH):
            return self._paths[at : at + LENGTH.unpack_from(self._paths, which * ROOM)[0]]

    def _set_path(self, which: int, path: bytes) -> None:
        if len(path) > ROOM - LENGTH.size:
            raise LinuxError(Errno.ENAMETOOLONG)
        at = which * ROOM
        with self._locked(fcntl.LOCK_EX):
            LENGTH.pack_into(self._paths, at, len(path))
            self._paths[at + LENGTH.size : at + LENGTH.size + len(path)] = path

    @property
    def root(self) -> Components:
        """The root, from the zone's."""
        return tuple(filter(None, self._path(ROOT).split(b"/")))

    @root.setter
    def root(self, root: Components) -> None:
        self._set_path(ROOT, b"/".join(root))

    @property
    def cwd_node(self) -> Node | None:
        """The working directory, if it is in a synthetic tree. ENOENT if it is there no more."""
        path = self._path(DIRECTORY)
        if not path:
            self._node = None
        elif self._node is None or self._node.path != path:
            spot = self.spot_of(tuple(filter(None, path.split(b"/"))))
            self._node = spot.node
            spot.close()
        return self._node

    @cwd_node.setter
    def cwd_node(self, node: Node | None) -> None:
        self._node = node
        self._set_path(DIRECTORY, node.path if node is not None else b"")

    def _moved(self) -> None:
        """See Fs: the engine is told nothing."""

    @property
    def umask(self) -> int:
        """The file mode creation mask, looked at without a moment in which it is another for the others."""
        with open("/proc/self/status", "rb") as file:
            return int(next(line for line in file if line.startswith(b"Umask:")).split()[1], 8)

    def copied(self) -> Fs:
        """The same root, working directory and umask for who stops to share them."""
        fs = Fs.__new__(Fs)
        fs.__dict__.update({name: value for name, value in self.__dict__.items() if name not in ("_lock", "_paths", "_node")})
        fs.root, fs.cwd_node, fs.simple_places = self.root, self.cwd_node, bytearray(2)
        fs._moved()
        return fs

    def let_go(self) -> None:
        """The process has no part in it any more."""
        os.close(self._lock)
        self._paths.close()
