"""Resolving a path inside the zone.

The walk goes component by component from the root or the working directory; `..` never goes above the root, a symbolic
link's text is read from the link's own descriptor and resolved here, and the host never follows one for the guest. So no
link, `..`, magic link or race on any of them leads out: a component that was a directory when it was opened is one, and one
that has become a link since is refused by O_NOFOLLOW.

A host with openat2 answers most paths in one call: if no component can be a mount point of the zone (its name is none of their
names) and none is `..`, then RESOLVE_BENEATH with RESOLVE_NO_SYMLINKS either succeeds exactly as the walk would, or the walk is
taken. The last component is left to the caller: it is not opened here, only followed if it is a link and is to be followed.

Where the walk stands is known by its canonical guest path, from which `..` is taken by opening the parent anew from the root.
"""

import errno
import os
import stat

from lx.abi.errno import Errno, LinuxError
from lx.abi.fcntl import Resolve
from lx.abi.lean import Callable
from lx.host import paths
from lx.kernel.synthetic.nodes import Directory, HostDirectory, Link, MagicLink, Node

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lx.kernel.vfs.fs import Fs

MAX_LINKS = 40
NAME_MAX = 255
DIRECTORY = os.O_DIRECTORY | os.O_CLOEXEC | paths.O_PATH
ANYTHING = os.O_CLOEXEC | paths.O_PATH
EXACT = paths.NO_SYMLINKS | paths.NO_MAGICLINKS | paths.BENEATH
Components = tuple[bytes, ...]


class Spot:
    """Where a walk stands: a directory (host descriptor or node) and the canonical guest path to it."""

    __slots__ = ("fd", "node", "owned", "path")

    def __init__(self, path: Components, fd: int = -1, node: Node | None = None, *, owned: bool = False) -> None:
        self.path = path
        self.fd = fd
        self.node = node
        self.owned = owned

    def close(self) -> None:
        """Give back the descriptor if it is the walk's own."""
        if self.owned:
            os.close(self.fd)
            self.owned = False


class Target:
    """The end of a walk: a name in a directory (`spot`, `name`), or an object itself (`fd` or `node`).

    must_be_directory: the path ended in a slash. absent: the name is not in its synthetic directory.
    """

    __slots__ = ("absent", "fd", "must_be_directory", "name", "node", "spot")

    def __init__(
        self,
        spot: Spot,
        name: bytes = b"",
        fd: int = -1,
        node: Node | None = None,
        must_be_directory: bool = False,
        *,
        absent: bool = False,
    ) -> None:
        self.absent = absent
        self.spot = spot
        self.name = name
        self.fd = fd
        self.node = node
        self.must_be_directory = must_be_directory

    def lift(self, own: Callable[[int], int]) -> None:
        """Take what the walk holds out of the guest's numbers, so that an open gets the lowest free one."""
        if self.spot.owned:
            self.spot.fd = own(self.spot.fd)
        if self.fd >= 0:
            self.fd = own(self.fd)

    def close(self) -> None:
        """Close what the walk opened."""
        self.spot.close()
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1


X_OK, AT_EACCESS = 1, 0x200


def split(path: bytes) -> list[bytes]:
    """The components of a path, the last to be taken first; without empty ones and `.`."""
    return [name for name in reversed(path.split(b"/")) if name not in (b"", b".")]


def _device(fd: int) -> int:
    return os.fstat(fd).st_dev


class Walk:
    """One resolution."""

    def __init__(self, fs: "Fs", start: Spot, root: Components, resolve: int = 0) -> None:
        self.fs = fs
        self.root = root
        self.resolve = resolve
        self.links = 0
        self.floor = start.path if resolve & (Resolve.BENEATH | Resolve.IN_ROOT) else root
        self.spot = start
        self.create = False
        self.root_known = bool(resolve & Resolve.IN_ROOT)

    def run(self, path: bytes, follow: bool, *, create: bool = False) -> Target:
        """Resolve. create: the last component is a name to be acted on, never followed, and may be absent.

        LinuxError, or OSError of the host, with Linux's errno.
        """
        self.create = create
        slash = path.endswith((b"/", b"/."))
        if path.startswith(b"/"):
            self.root_known = True
            self._to_root()
        pending = split(path)
        try:
            while pending:
                name = pending.pop()
                if len(name) > NAME_MAX and (pending or self.spot.node is not None):
                    raise LinuxError(Errno.ENAMETOOLONG)
                if name == b"..":
                    self._up()
                elif pending:
                    text = self._enter(name)
                    if text is not None:
                        self._push(pending, text)
                else:
                    found = self._last(name, (follow or slash) and not create, slash)
                    if isinstance(found, Target):
                        return found
                    slash |= found.endswith((b"/", b"/."))
                    self._push(pending, found)
            return self._here(slash)
        except BaseException:
            self.spot.close()
            raise

    def _push(self, pending: list[bytes], text: bytes) -> None:
        if text.startswith(b"/"):
            self._jump()
        pending += split(text)

    def _count_link(self) -> None:
        self.links += 1
        if self.resolve & Resolve.NO_SYMLINKS or self.links > MAX_LINKS:
            raise LinuxError(Errno.ELOOP)

    def _move(self, spot: Spot) -> None:
        self.spot.close()
        self.spot = spot

    def _to_root(self) -> None:
        if self.resolve & Resolve.BENEATH:
            raise LinuxError(Errno.EXDEV)
        root = self.fs.spot_of(self.floor if self.resolve & Resolve.IN_ROOT else self.root)
        self._move(root)

    def _jump(self) -> None:
        """Go on from the root for an absolute link. Under RESOLVE_NO_XDEV Linux knows its root, and so that this is no other
        file system, only after it has needed it: for a path from the root or after a `..`."""
        here = self.spot
        if self.resolve & Resolve.NO_XDEV and not self.root_known:
            raise LinuxError(Errno.EXDEV)
        if self.resolve & Resolve.NO_XDEV and here.node is None:
            device = _device(here.fd)
            self._to_root()
            if self.spot.node is None and _device(self.spot.fd) != device:
                raise LinuxError(Errno.EXDEV)
            return
        self._to_root()

    def _go_into(self, name: bytes, fd: int) -> None:
        """Stand in a host directory. RESOLVE_NO_XDEV: EXDEV if the host has another file system there."""
        inside = Spot((*self.spot.path, name), fd, owned=True)
        if self.resolve & Resolve.NO_XDEV and self.spot.node is None and _device(fd) != _device(self.spot.fd):
            inside.close()
            raise LinuxError(Errno.EXDEV)
        self._move(inside)

    def _up(self) -> None:
        self.root_known = True
        if self.spot.node is None:
            paths.faccessat(self.spot.fd, b".", X_OK, AT_EACCESS)
        if self.spot.path == self.floor:
            if self.resolve & Resolve.BENEATH:
                raise LinuxError(Errno.EXDEV)
            return
        if self.spot.path:
            parent = self.spot.path[:-1]
            if self.resolve & Resolve.NO_XDEV and self.fs.mounted(self.spot.path) is not None:
                raise LinuxError(Errno.EXDEV)
            self._move(self.fs.spot_of(parent))

    def _child(self, name: bytes) -> Node | None:
        """The synthetic node that a name leads to; None if the host has to say."""
        child = (*self.spot.path, name)
        mounted = self.fs.mounted(child)
        if mounted is not None:
            if self.resolve & Resolve.NO_XDEV:
                raise LinuxError(Errno.EXDEV)
            return mounted
        node = self.spot.node
        if node is None:
            return None
        if isinstance(node, HostDirectory):
            if not node.admits(self.fs.process, name):
                raise LinuxError(Errno.ENOENT)
            return None
        if not isinstance(node, Directory):
            raise LinuxError(Errno.ENOTDIR)
        return node.lookup(self.fs.process, name)

    def _enter(self, name: bytes) -> bytes | None:
        """Go into a directory that is not the last component; the text of a link instead."""
        node = self._child(name)
        if node is not None:
            return self._enter_node(name, node)
        if self.fs.host.openat2:
            try:
                fd = paths.open_beneath(self.spot.fd, name, DIRECTORY, 0, EXACT)
                self._go_into(name, fd)
                return None
            except OSError as error:
                if error.errno not in (errno.ELOOP, errno.ENOTDIR):
                    raise
        fd = paths.openat(self.spot.fd, name, ANYTHING | os.O_NOFOLLOW, 0)
        mode = os.fstat(fd).st_mode
        if stat.S_ISLNK(mode):
            try:
                self._count_link()
                return paths.readlink_fd(fd)
            finally:
                os.close(fd)
        if not stat.S_ISDIR(mode):
            os.close(fd)
            raise LinuxError(Errno.ENOTDIR)
        self._go_into(name, fd)
        return None

    def _enter_node(self, name: bytes, node: Node) -> bytes | None:
        if isinstance(node, Link):
            text = self._follow(node)
            if isinstance(text, bytes):
                return text
            if isinstance(text, Target):
                self._move_to(text)
            return None
        if not isinstance(node, Directory | HostDirectory):
            raise LinuxError(Errno.ENOTDIR)
        self._move(self.fs.spot_of_node((*self.spot.path, name), node))
        return None

    def _move_to(self, target: Target) -> None:
        """Stand on what a magic link led to, if it is a directory."""
        if target.node is not None:
            if not isinstance(target.node, Directory | HostDirectory):
                raise LinuxError(Errno.ENOTDIR)
            self._move(self.fs.spot_of_node(tuple(split(target.node.path))[::-1], target.node))
            return
        if not stat.S_ISDIR(os.fstat(target.fd).st_mode):
            target.close()
            raise LinuxError(Errno.ENOTDIR)
        path = self.fs.components_of(target.fd)
        self._move(Spot(path, target.fd, owned=True))

    def _follow(self, node: Link) -> "bytes | Target":
        """The text of a link, or the object of a magic one."""
        self._count_link()
        if not isinstance(node, MagicLink):
            return node.target(self.fs.process)
        if self.resolve & (Resolve.NO_MAGICLINKS | Resolve.BENEATH | Resolve.IN_ROOT):
            no_magic = self.resolve & Resolve.NO_MAGICLINKS
            raise LinuxError(Errno.ELOOP if no_magic else Errno.EXDEV)
        inner = node.node(self.fs.process)
        if inner is not None:
            return Target(self.spot, node=inner)
        return Target(self.spot, fd=node.jump(self.fs.process))

    def _last(self, name: bytes, follow: bool, slash: bool) -> "Target | bytes":
        try:
            node = self._child(name)
        except LinuxError as error:
            if not self.create or error.errno != Errno.ENOENT:
                raise
            return Target(self.spot, name, absent=True)
        if node is not None:
            if isinstance(node, Link) and follow:
                found = self._follow(node)
                if isinstance(found, Target):
                    found.must_be_directory = slash
                return found
            return Target(self.spot, name, node=node, must_be_directory=slash)
        if follow or self.resolve & Resolve.NO_SYMLINKS:
            try:
                text = os.readlink(name, dir_fd=self.spot.fd)
            except OSError as error:
                if error.errno not in (errno.EINVAL, errno.ENOENT):
                    raise
            else:
                if follow:
                    self._count_link()
                    if not text:
                        raise LinuxError(Errno.ENOENT)
                    return text
        return Target(self.spot, name, must_be_directory=slash)

    def _here(self, slash: bool) -> Target:
        """The path ended at a directory itself (`/`, `..`, a link to one)."""
        if self.spot.node is not None and not isinstance(self.spot.node, HostDirectory):
            return Target(self.spot, node=self.spot.node, must_be_directory=slash)
        fd = paths.openat(self.spot.fd, b".", DIRECTORY, 0)
        return Target(self.spot, fd=fd, must_be_directory=slash)
