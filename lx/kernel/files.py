"""The descriptors of a process: the host's, with what the host does not know about them at the side.

A guest descriptor is the host's of the same number, so dup, fork, poll and SCM_RIGHTS need no translation. The side table holds
two things: each descriptor's kind, looked up once, because what can make a call wait decides how read and write are done; and
the open synthetic files and directories, whose host descriptor is only a placeholder (/dev/null).

The emulator's own descriptors live at the top of the host's range, above `base`; to the guest those numbers are EBADF. The
guest's RLIMIT_NOFILE is the host's soft limit, so the host itself says EMFILE; a descriptor that is already open above the
soft limit stays usable.

Limits: a synthetic file's position is shared by duplicates in one process, and not with a forked child; passed through a
socket, such a descriptor is /dev/null.
"""

import fcntl
import os
import resource
import stat

from lx.abi.errno import Errno, LinuxError
from lx.abi.fcntl import ACCMODE, OpenFlags
from lx.abi.names import IntEnum
from lx.kernel.synthetic.nodes import Directory, File, HostDirectory, Node, Window

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lx.kernel.process import Process
    from lx.kernel.readiness import Conditions
    from lx.kernel.thread import Thread

OWN_DESCRIPTORS = 64
FEW_DESCRIPTORS = 64
MOST_DIRECT = 4096
DIRECT_PLAIN, DIRECT_PIPE, DIRECT_METADATA, DIRECT_SOCKET, DIRECT_EPOLL = 1, 2, 3, 4, 5
"""What the engine may do by itself on a descriptor; see lx.cpu.pure.Engine.set_direct_descriptors."""
NEVER_WAIT = ("/dev/null", "/dev/zero", "/dev/full")
MOST_DESCRIPTORS = 1 << 20
U64 = 2**64 - 1


class Kind(IntEnum):
    """What a descriptor is to read and write."""

    PLAIN = 1
    """A regular file, block device, directory, or a device that never waits: the host answers at once."""
    STREAM = 2
    """Anything that may have to wait."""
    SYNTHETIC = 3
    """A node of /proc, /dev or /sys."""


class OpenNode:
    """An open synthetic file or directory: its text or listing as of the first read, and the position."""

    __slots__ = ("flags", "listing", "node", "position", "text")
    reads_before_faults = False
    """Whether what is read is taken, or EAGAIN, before a bad buffer is seen, and it is asked for nothing too."""
    has_positions = True
    """Whether it can be read and written at one."""
    hidden_flags = shown_flags = 0
    """Linux's status flags that its placeholder has, and it has not; and the other way round."""

    def __init__(self, node: Node, flags: int) -> None:
        self.node = node
        self.flags = flags
        self.position = 0
        self.text: bytes | None = None
        self.listing: list[tuple[bytes, int, int]] | None = None

    def read(self, p: "Process", size: int, offset: int | None = None) -> bytes:
        """Up to `size` bytes at the position, or at `offset`. EBADF, EISDIR, or what the node says."""
        if self.flags & ACCMODE == OpenFlags.WRONLY:
            raise LinuxError(Errno.EBADF)
        at = self.position if offset is None else offset
        if isinstance(self.node, Window):
            data = self.node.read_at(p, at & U64, size)
        elif not isinstance(self.node, File):
            raise LinuxError(Errno.EISDIR)
        else:
            if self.text is None or at == 0:
                self.text = self.node.read(p)
            data = self.text[at : at + size]
        if offset is None:
            self.position += len(data)
        return data

    def write(self, p: "Process", data: bytes, offset: int | None = None) -> int:
        """Give the node one write's bytes. EBADF, or what the node says."""
        if self.flags & ACCMODE == 0 or not isinstance(self.node, File | Window):
            raise LinuxError(Errno.EBADF)
        if isinstance(self.node, Window):
            written = self.node.write_at(p, (self.position if offset is None else offset) & U64, data)
        else:
            self.node.write(p, data)
            self.text = None
            written = len(data)
        if offset is None:
            self.position += written
        return written

    def truncate(self) -> None:
        """ftruncate: of what is made when it is read nothing can be cut off. EINVAL if it is not open for writing."""
        if self.flags & ACCMODE == 0:
            raise LinuxError(Errno.EINVAL)

    def seek(self, p: "Process", offset: int, whence: int) -> int:
        """lseek: from the start or the position; the end of a synthetic file is nowhere. EINVAL."""
        if whence not in (0, 1) or (isinstance(self.node, Directory | HostDirectory) and whence):
            raise LinuxError(Errno.EINVAL)
        target = offset + (self.position if whence else 0)
        if target < 0 and not isinstance(self.node, Window):
            raise LinuxError(Errno.EINVAL)
        self.position = target
        if target == 0:
            self.text = self.listing = None
        return target

    def ioctl(self, t: "Thread", command: int, arg: int) -> int | None:
        """What it answers to a command; None: as its placeholder does."""
        return None

    def fdinfo(self, p: "Process") -> bytes:
        """What /proc/self/fdinfo tells of it beyond what its placeholder's does."""
        return b""

    def readiness(self, t: "Thread", events: int, said: int) -> int:
        """Which of these poll bits (Linux's) are there now. said: what the host's poll says of the descriptor."""
        return said

    def conditions(self, t: "Thread", fd: int, events: int, found: "Conditions") -> None:
        """Add what to sleep for until one of these bits may be there."""
        found.add(fd, events)

    def entries(self, p: "Process") -> list[tuple[bytes, int, int]]:
        """The directory's listing (name, inode, DT_ type), "." and ".." first. ENOTDIR."""
        if not isinstance(self.node, Directory | HostDirectory):
            raise LinuxError(Errno.ENOTDIR)
        if self.listing is None:
            own = self.node.ino()
            self.listing = [(b".", own, 4), (b"..", own, 4), *self.node.names(p)]
        return self.listing


class FileTable:
    """The side table of one process."""

    def __init__(self) -> None:
        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        most = MOST_DESCRIPTORS if hard == resource.RLIM_INFINITY else min(hard, MOST_DESCRIPTORS)
        self.base = most - min(OWN_DESCRIPTORS, most // 2)
        """The first number that is the emulator's. The first that it wants may be another emulator's, whose guest this one is."""
        self._owns = False
        self.kinds: dict[int, Kind] = {}
        self.direct = bytearray(MOST_DIRECT)
        """What the engine may do by itself on each descriptor that is known: DIRECT_..., or 0."""
        self._answering: frozenset[int] | None = None
        self.nodes: dict[int, OpenNode] = {}
        self._highest = MOST_DESCRIPTORS
        """No open descriptor is above it, but for what the engine has opened by itself, which is in `direct`."""
        self.guarded = False
        """Whether some descriptor may be a netlink socket, whose messages are looked at."""

    # ---- the emulator's own

    def own(self, fd: int) -> int:
        """Move a descriptor of the emulator's out of the guest's range; its new number."""
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        if soft != hard:
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        try:
            high = self._high(fd)
        finally:
            if soft != hard:
                resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        os.close(fd)
        return high

    def _high(self, fd: int) -> int:
        while True:
            try:
                high = fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, self.base)
            except OSError:
                if self._owns or self.base <= OWN_DESCRIPTORS:
                    raise
                self.base -= OWN_DESCRIPTORS
            else:
                self._owns = True
                return high

    def set_limit(self, soft: int) -> None:
        """Make the guest's RLIMIT_NOFILE the host's."""
        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(soft, self.base), hard))

    # ---- looking

    def check(self, fd: int) -> None:
        """EBADF unless this is an open descriptor of the guest's."""
        if fd not in self.kinds:
            self.kind(fd)

    def guest(self, fd: int, other: int = -1) -> int:
        """The descriptor for a host call that itself judges it: `other` in place of one that is not the guest's."""
        return fd if 0 <= fd < self.base else other

    def kind(self, fd: int) -> Kind:
        """What a descriptor is. EBADF."""
        known = self.kinds.get(fd)
        if known is not None:
            return known
        if not 0 <= fd < self.base:
            raise LinuxError(Errno.EBADF)
        try:
            st = os.fstat(fd)
        except OSError:
            raise LinuxError(Errno.EBADF) from None
        mode = st.st_mode
        plain = stat.S_ISREG(mode) or stat.S_ISBLK(mode) or stat.S_ISDIR(mode)
        if stat.S_ISCHR(mode):
            plain = self.answers(st)
        kind = self.kinds[fd] = Kind.PLAIN if plain else Kind.STREAM
        if fd < MOST_DIRECT:
            self.direct[fd] = DIRECT_PLAIN if plain else self._direct_stream(fd, mode)
        return kind

    def _direct_stream(self, fd: int, mode: int) -> int:
        if stat.S_ISFIFO(mode):
            return DIRECT_PIPE
        if not stat.S_ISSOCK(mode):
            return DIRECT_METADATA
        from lx.host import sockets

        return DIRECT_SOCKET if sockets.carries_bytes(fd) else DIRECT_METADATA

    def answers(self, st: os.stat_result) -> bool:
        """Whether this is one of the devices that never make a call wait."""
        if self._answering is None:
            self._answering = frozenset(os.stat(path).st_rdev for path in NEVER_WAIT if os.path.exists(path))
        return st.st_rdev in self._answering

    def entry(self, fd: int) -> OpenNode | None:
        """The open synthetic node behind a descriptor, if it is one."""
        return self.nodes.get(fd)

    def synthetic(self, fd: int) -> OpenNode:
        """The open synthetic node of a descriptor whose kind is SYNTHETIC."""
        return self.nodes[fd]

    def host_flags(self, fd: int) -> int:
        """The host's status flags (F_GETFL). EBADF."""
        self.check(fd)
        return fcntl.fcntl(fd, fcntl.F_GETFL)

    def open_descriptors(self, first: int = 0, last: int = 2**32) -> list[int]:
        """The guest's open descriptors in a range, in order."""
        top = min(last, self.base - 1)
        try:
            found = sorted(int(name) for name in os.listdir("/proc/self/fd"))
        except OSError:
            found = list(range(first, min(top, 4096) + 1))
        return [fd for fd in found if first <= fd <= top and _is_open(fd)]

    # ---- changing

    def adopt(self, fd: int, node: OpenNode | None = None) -> int:
        """A descriptor that the host has just given: note what it is; EMFILE if its number is not the guest's."""
        if fd >= self.base:
            os.close(fd)
            raise LinuxError(Errno.EMFILE)
        self.kinds.pop(fd, None)
        if fd > self._highest:
            self._highest = fd
        if fd < MOST_DIRECT:
            self.direct[fd] = 0
        if node is not None:
            self.kinds[fd] = Kind.SYNTHETIC
            self.nodes[fd] = node
        else:
            self.nodes.pop(fd, None)
        return fd

    def adopt_epoll(self, fd: int) -> int:
        """Likewise an epoll set."""
        self.adopt(fd)
        self.kinds[fd] = Kind.STREAM
        if fd < MOST_DIRECT:
            self.direct[fd] = DIRECT_EPOLL
        return fd

    def open_node(self, node: Node, flags: int) -> int:
        """A descriptor for a synthetic file or directory."""
        host = os.O_RDONLY if isinstance(node, Directory | HostDirectory) else flags & ACCMODE
        if flags & OpenFlags.PATH:
            host = getattr(os, "O_PATH", 0)
        fd = os.open(os.devnull, host | (os.O_CLOEXEC if flags & OpenFlags.CLOEXEC else 0))
        os.set_inheritable(fd, not flags & OpenFlags.CLOEXEC)
        return self.adopt(fd, OpenNode(node, flags))

    def close(self, fd: int) -> None:
        """close(2)."""
        if not 0 <= fd < self.base:
            raise LinuxError(Errno.EBADF)
        self.kinds.pop(fd, None)
        if fd < MOST_DIRECT:
            self.direct[fd] = 0
        self.nodes.pop(fd, None)
        os.close(fd)

    def _copied(self, source: int, target: int) -> int:
        """A duplicate is what its source is."""
        self.adopt(target, self.nodes.get(source))
        self.kinds[target] = self.kinds[source]
        if target < MOST_DIRECT and source < MOST_DIRECT:
            self.direct[target] = self.direct[source]
        return target

    def dup(self, fd: int, lowest: int = 0, cloexec: bool = False) -> int:
        """F_DUPFD: the lowest free number from `lowest` on. EBADF, EINVAL, EMFILE."""
        self.check(fd)
        command = fcntl.F_DUPFD_CLOEXEC if cloexec else fcntl.F_DUPFD
        return self._copied(fd, fcntl.fcntl(fd, command, lowest))

    def dup_to(self, fd: int, target: int, cloexec: bool) -> int:
        """dup3: at exactly this number. EBADF."""
        if not 0 <= target < min(self.base, resource.getrlimit(resource.RLIMIT_NOFILE)[0]):
            self.check(fd)
            raise LinuxError(Errno.EBADF)
        self.check(fd)
        os.dup2(fd, target, inheritable=not cloexec)
        return self._copied(fd, target)

    def pipe(self, flags: int) -> tuple[int, int]:
        """pipe2 with Linux's flags."""
        host = os.O_CLOEXEC if flags & OpenFlags.CLOEXEC else 0
        host |= os.O_NONBLOCK if flags & OpenFlags.NONBLOCK else 0
        host |= getattr(os, "O_DIRECT", 0) if flags & OpenFlags.DIRECT else 0
        read, write = os.pipe2(host)
        if write >= self.base:
            os.close(read)
            os.close(write)
            raise LinuxError(Errno.EMFILE)
        return self.adopt(read), self.adopt(write)

    def set_close_on_exec(self, fd: int, on: bool) -> None:
        """FD_CLOEXEC. EBADF."""
        self.check(fd)
        os.set_inheritable(fd, not on)

    def exec_close(self) -> None:
        """execve: close what is marked close-on-exec.

        To list descriptors, the host looks at every number up to ours: if they are few, each is asked for sooner.
        """
        highest = max(self._highest, len(self.direct.rstrip(b"\0")) - 1)
        self._highest = -1
        for fd in range(highest + 1) if highest < FEW_DESCRIPTORS else self.open_descriptors():
            try:
                stays = os.get_inheritable(fd)
            except OSError:
                continue
            if stays:
                self._highest = fd
            else:
                self.close(fd)

    def path_of(self, fd: int) -> bytes:
        """The path that the host knows for a descriptor."""
        node = self.nodes.get(fd)
        return node.node.path if node is not None else os.readlink(b"/proc/self/fd/%d" % fd)


def _is_open(fd: int) -> bool:
    try:
        fcntl.fcntl(fd, fcntl.F_GETFD)
    except OSError:
        return False
    return True
