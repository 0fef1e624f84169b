"""/dev: the devices that every program may expect, and no other.

Each device is the host's own of the same meaning, opened there; a guest reaches no further one. /dev/shm is the zone's
own directory. /dev/pts is the host's, cut down to the terminals that belong to the zone: those whose master was opened
inside (PtyMaster notes it in the zone's runtime directory) and those that the asking process was given.

Limits: nothing can be made in /dev itself; there is no console.
"""

import fcntl
import os
import struct

from lx.abi.errno import Errno, LinuxError
from lx.abi.ioctl import Ioctl
from lx.abi.lean import Mapping, suppress
from lx.kernel.synthetic.host import host_text
from lx.kernel.synthetic.nodes import DT_DIR, Device, HostDirectory, Link, Node, Table
from lx.kernel.synthetic.tables import grow

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lx.kernel.process import Process

DEVICES: Mapping[bytes, tuple[int, int]] = {
    b"null": (1, 3),
    b"zero": (1, 5),
    b"full": (1, 7),
    b"random": (1, 8),
    b"urandom": (1, 9),
    b"tty": (5, 0),
}
"""Linux's device numbers. Linux Documentation/admin-guide/devices.txt."""

LINKS: Mapping[bytes, bytes] = {
    b"fd": b"/proc/self/fd",
    b"stdin": b"/proc/self/fd/0",
    b"stdout": b"/proc/self/fd/1",
    b"stderr": b"/proc/self/fd/2",
}


class PtyMaster(Device):
    """/dev/ptmx: each open makes a new terminal, which from then on is the zone's."""

    __slots__ = ()

    def opened(self, p: "Process", fd: int) -> None:
        """Note the new terminal, for every process of the zone."""
        with suppress(OSError):
            (number,) = struct.unpack("i", fcntl.ioctl(fd, Ioctl.TIOCGPTN, bytes(4)))
            os.makedirs(_noted(p, b""), mode=0o700, exist_ok=True)
            os.close(os.open(_noted(p, b"%d" % number), os.O_CREAT | os.O_WRONLY, 0o600))


class Terminals(HostDirectory):
    """/dev/pts."""

    __slots__ = ()

    def admits(self, p: "Process", name: bytes) -> bool:
        """See HostDirectory."""
        if name == b"ptmx":
            return True
        if not name.isdigit():
            return False
        try:
            device = os.stat(b"/dev/pts/" + name).st_rdev
        except OSError:
            return False
        return os.path.exists(_noted(p, name)) or device in _given_terminals()


class DeviceDirectory(Table):
    """/dev itself: shm is made per zone; a device that the host lacks is not there."""

    __slots__ = ()

    def lookup(self, p: "Process", name: bytes) -> Node:
        """See Directory."""
        if name == b"shm":
            path = os.path.join(os.fsencode(p.zone.runtime_dir), b"shm")
            if not os.path.isdir(path):
                os.makedirs(path, exist_ok=True)
                os.chmod(path, 0o1777)
            return HostDirectory(b"/dev/shm", path, 0o1777)
        node = super().lookup(p, name)
        if isinstance(node, Device | HostDirectory) and not os.path.exists(node.host_path):
            raise LinuxError(Errno.ENOENT)
        return node

    def names(self, p: "Process") -> list[tuple[bytes, int, int]]:
        """See Directory. A device's inode number is the host's, as in its stat."""
        entries = []
        for name, node in self.entries.items():
            if isinstance(node, Device | HostDirectory):
                with suppress(OSError):
                    entries.append((name, os.stat(node.host_path).st_ino, node.mode >> 12))
            else:
                entries.append((name, node.ino(), node.mode >> 12))
        shm = self.lookup(p, b"shm")
        return [*entries, (b"shm", shm.stat(p).st_ino, DT_DIR)]

    def size(self, p: "Process") -> int:
        """20 for each entry, as tmpfs counts."""
        return 20 * (len(self.entries) + 3)

    def links(self, p: "Process") -> int:
        """Itself, its parent, pts and shm."""
        return 4


def devfs() -> Table:
    """The tree /dev."""
    nodes: list[Node] = [
        Device(b"/dev/" + name, b"/dev/" + name, os.makedev(*number)) for name, number in DEVICES.items()
    ]
    nodes += [Link(b"/dev/" + name, target) for name, target in LINKS.items()]
    nodes += [PtyMaster(b"/dev/ptmx", b"/dev/ptmx", os.makedev(5, 2)), Terminals(b"/dev/pts", b"/dev/pts")]
    return grow(b"/dev", nodes, lambda path, entries: DeviceDirectory(path, entries, 0o755))


def _noted(p: "Process", name: bytes) -> bytes:
    return os.path.join(os.fsencode(p.zone.runtime_dir), b"pts", name)


def _given_terminals() -> set[int]:
    """Device numbers of this process's controlling terminal and standard descriptors."""
    given = set()
    for fd in (0, 1, 2):
        with suppress(OSError):
            given.add(os.fstat(fd).st_rdev)
    fields = host_text("self/stat").rpartition(b")")[2].split()
    if fields:
        given.add(int(fields[4]))
    return given - {0}
