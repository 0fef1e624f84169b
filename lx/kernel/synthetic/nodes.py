"""Nodes: what a synthetic tree (/proc, /dev, /sys) is made of.

A node says what it is (mode, owner, stat) and does what its kind can do: a file reads and writes whole texts, a
directory looks names up, a link answers its text, a magic link also jumps straight to the object. Every operation is
given the asking process, because what procfs shows depends on who looks; a node itself keeps no state but its path.

Nodes know nothing of descriptors, offsets or path walking: that is the VFS's. It reads a file once at open or at
offset 0 (seq_file's habit) and serves the guest from that text, walks Directory.lookup component by component, and
opens Device.host_path and the content of HostDirectory.host_path on the host.

Limits: permission bits are stated here and enforced by the VFS; times are those of the node's making, as in procfs,
where an inode is as old as its first lookup. Nothing here is ever created, renamed or removed by a guest (the defaults
say EPERM or EACCES in the VFS), except inside a HostDirectory.
"""

from __future__ import annotations

import os
import stat
import time

from lx.abi.errno import Errno, LinuxError
from lx.abi.lean import Callable, Mapping
from lx.abi.record import dataclass

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lx.kernel.process import Process

DT_CHR, DT_DIR, DT_REG, DT_LNK = 2, 4, 8, 10
"""Directory entry types. Linux uapi, include/linux/fs_types.h; equal to S_IFMT >> 12."""


@dataclass(frozen=True, slots=True)
class Filesystem:
    """What stat, statfs and mountinfo say of a synthetic tree as a whole."""

    type: bytes
    device: int
    """st_dev, made up of a minor number far above what a host hands out."""
    magic: int
    """f_type of statfs. Linux uapi linux/magic.h."""
    block_size: int
    file_size: int
    """st_size of a regular file: 0 in procfs, a page in sysfs."""


FILESYSTEMS: Mapping[bytes, Filesystem] = {
    b"proc": Filesystem(b"proc", os.makedev(0, 65001), 0x9FA0, 1024, 0),
    b"dev": Filesystem(b"devtmpfs", os.makedev(0, 65002), 0x01021994, 4096, 0),
    b"sys": Filesystem(b"sysfs", os.makedev(0, 65003), 0x62656572, 4096, 4096),
}


@dataclass(slots=True, eq=False, repr=False)
class StatResult:
    """A file's metadata under os.stat_result's names (times in nanoseconds only); numbers are Linux's."""

    st_mode: int
    st_ino: int
    st_dev: int
    st_nlink: int = 1
    st_uid: int = 0
    st_gid: int = 0
    st_rdev: int = 0
    st_size: int = 0
    st_blksize: int = 4096
    st_blocks: int = 0
    st_atime_ns: int = 0
    st_mtime_ns: int = 0
    st_ctime_ns: int = 0


class Node:
    """One object of a synthetic tree. `path` is its absolute guest path, `mode` S_IFMT and permission bits."""

    __slots__ = ("created_ns", "mode", "path")

    def __init__(self, path: bytes, mode: int) -> None:
        self.path = path
        self.mode = mode
        self.created_ns = time.time_ns()

    @property
    def filesystem(self) -> Filesystem:
        """The tree that this node belongs to."""
        return FILESYSTEMS[self.path.split(b"/", 2)[1]]

    def ino(self) -> int:
        """Inode number: the same for the same path, in every process of the zone. A tree's root is 1."""
        from zlib import crc32

        return 1 if self.path.count(b"/") == 1 else crc32(self.path) | 2

    def owner(self, p: Process) -> tuple[int, int]:
        """(uid, gid)."""
        return 0, 0

    def links(self, p: Process) -> int:
        """st_nlink."""
        return 1

    def size(self, p: Process) -> int:
        """st_size."""
        return 0

    def is_own(self, p: Process) -> bool:
        """Whether the process may use the node whatever its owner and mode are."""
        return False

    def stat(self, p: Process) -> StatResult:
        """The node's metadata; never follows a link."""
        uid, gid = self.owner(p)
        fs = self.filesystem
        t = self.created_ns
        return StatResult(
            self.mode, self.ino(), fs.device, self.links(p), uid, gid, 0, self.size(p), fs.block_size, 0, t, t, t
        )


class Directory(Node):
    """A directory whose content is computed."""

    __slots__ = ()

    def __init__(self, path: bytes, permissions: int = 0o555) -> None:
        super().__init__(path, stat.S_IFDIR | permissions)

    def lookup(self, p: Process, name: bytes) -> Node:
        """The entry `name` (never "." or ".."). LinuxError(ENOENT) if there is none."""
        raise LinuxError(Errno.ENOENT)

    def names(self, p: Process) -> list[tuple[bytes, int, int]]:
        """All entries as (name, inode number, DT_* type), without "." and ".."."""
        return []

    def links(self, p: Process) -> int:
        """Two, and one for each subdirectory."""
        return 2 + sum(kind == DT_DIR for _, _, kind in self.names(p))

    def child(self, name: bytes) -> bytes:
        """The path of the entry `name`."""
        return self.path + b"/" + name


class Table(Directory):
    """A directory whose names are fixed when it is made: name -> node."""

    __slots__ = ("entries",)

    def __init__(self, path: bytes, entries: Mapping[bytes, Node], permissions: int = 0o555) -> None:
        super().__init__(path, permissions)
        self.entries = entries

    def lookup(self, p: Process, name: bytes) -> Node:
        """See Directory."""
        try:
            return self.entries[name]
        except KeyError:
            raise LinuxError(Errno.ENOENT) from None

    def names(self, p: Process) -> list[tuple[bytes, int, int]]:
        """See Directory."""
        return [(name, node.ino(), node.mode >> 12) for name, node in self.entries.items()]


Reader = Callable[["Process"], bytes]
Writer = Callable[["Process", bytes], None]


class File(Node):
    """A regular file: `read` makes its whole text, `write` takes the bytes of one write call."""

    __slots__ = ("_reader", "_writer")

    def __init__(self, path: bytes, reader: Reader, permissions: int = 0o444, writer: Writer | None = None) -> None:
        super().__init__(path, stat.S_IFREG | permissions)
        self._reader = reader
        self._writer = writer

    @property
    def writable(self) -> bool:
        """Whether write can succeed at all."""
        return self._writer is not None

    def read(self, p: Process) -> bytes:
        """The whole text, now. LinuxError as the kernel's read would fail (EACCES, ESRCH)."""
        return self._reader(p)

    def write(self, p: Process, data: bytes) -> None:
        """Take one write's bytes whole. LinuxError: EINVAL for nonsense, EIO (procfs's) if nothing can be written."""
        if self._writer is None:
            raise LinuxError(Errno.EIO)
        self._writer(p, data)

    def size(self, p: Process) -> int:
        """See Node."""
        return self.filesystem.file_size


class Window(Node):
    """A regular file that is read and written at a position, which may be any 64-bit number; nothing of it is kept."""

    __slots__ = ()

    def __init__(self, path: bytes, permissions: int) -> None:
        super().__init__(path, stat.S_IFREG | permissions)

    def read_at(self, p: Process, at: int, size: int) -> bytes:
        """Up to `size` bytes from there on. LinuxError as the kernel's read would fail."""
        raise NotImplementedError

    def write_at(self, p: Process, at: int, data: bytes) -> int:
        """How many of the bytes are there now. LinuxError as the kernel's write would fail."""
        raise LinuxError(Errno.EINVAL)


class Link(Node):
    """An ordinary symbolic link, or, with a callable, one whose text depends on who asks."""

    __slots__ = ("_text",)

    def __init__(self, path: bytes, text: bytes | Reader, permissions: int = 0o777) -> None:
        super().__init__(path, stat.S_IFLNK | permissions)
        self._text = text

    def target(self, p: Process) -> bytes:
        """The text, in guest paths."""
        return self._text if isinstance(self._text, bytes) else self._text(p)


class MagicLink(Link):
    """A link that leads to an object and not to a path (procfs's exe, cwd, root, fd/N).

    The VFS follows it by asking `node` first and, when that answers None, by `jump`; its text is only shown.
    """

    __slots__ = ("_jump", "_node")

    def __init__(
        self,
        path: bytes,
        text: Reader,
        jump: Callable[[Process], int],
        permissions: int = 0o777,
        node: Callable[[Process], Node | None] | None = None,
    ) -> None:
        super().__init__(path, text, permissions)
        self._jump = jump
        self._node = node

    def jump(self, p: Process) -> int:
        """A fresh host descriptor (O_PATH) of the object, owned by the caller. LinuxError or OSError if it is gone."""
        return self._jump(p)

    def node(self, p: Process) -> Node | None:
        """The object itself when it is a node of a synthetic tree (an open /proc file, a cwd in /sys), else None."""
        return self._node(p) if self._node is not None else None


class Device(Node):
    """A device file: opened on the host at `host_path`. `rdev` is Linux's number, whatever the host's is."""

    __slots__ = ("host_path", "rdev")

    def __init__(self, path: bytes, host_path: bytes, rdev: int, permissions: int = 0o666) -> None:
        super().__init__(path, stat.S_IFCHR | permissions)
        self.host_path = host_path
        self.rdev = rdev

    def stat(self, p: Process) -> StatResult:
        """The host's own answer, so that fstat of the opened device agrees; the device number is Linux's."""
        result = _host_stat(self.host_path)
        result.st_rdev = self.rdev
        return result

    def opened(self, p: Process, fd: int) -> None:
        """Called by the VFS with the descriptor that an open of this device gave."""


class HostDirectory(Node):
    """A host directory grafted into the tree; everything below it is the host's."""

    __slots__ = ("host_path",)

    def __init__(self, path: bytes, host_path: bytes, permissions: int = 0o755) -> None:
        super().__init__(path, stat.S_IFDIR | permissions)
        self.host_path = host_path

    def admits(self, p: Process, name: bytes) -> bool:
        """Whether this process may know of the entry `name`; if not, it does not exist (ENOENT, not listed)."""
        return True

    def names(self, p: Process) -> list[tuple[bytes, int, int]]:
        """What the process may know of, as Directory.names has it."""
        with os.scandir(self.host_path) as found:
            entries = [(entry.name, entry.inode(), entry.stat(follow_symlinks=False).st_mode >> 12) for entry in found]
        return [entry for entry in entries if self.admits(p, entry[0])]

    def stat(self, p: Process) -> StatResult:
        """The host's own answer."""
        return _host_stat(self.host_path)


def _host_stat(path: bytes) -> StatResult:
    r = os.stat(path)
    return StatResult(
        r.st_mode,
        r.st_ino,
        r.st_dev,
        r.st_nlink,
        r.st_uid,
        r.st_gid,
        r.st_rdev,
        r.st_size,
        r.st_blksize,
        r.st_blocks,
        r.st_atime_ns,
        r.st_mtime_ns,
        r.st_ctime_ns,
    )
