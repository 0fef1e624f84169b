"""A process's view of the zone's files: root, working directory, and opening.

The working directory is the host's own while it is a host directory, so that relative paths cost nothing; in a synthetic tree it
is a node kept here. fork copies both by being the host's fork. A thread that does not share them has an Fs of its own; what of
it is the host process's changes with the thread that has the CPU. Processes that share them have a CommonFs (common.py).
"""

from __future__ import annotations

import errno
import os
import stat

from lx.abi.errno import Errno, LinuxError
from lx.abi.fcntl import AT_FDCWD, OpenFlags, Resolve
from lx.abi.lean import Mapping
from lx.host import paths
from lx.host.numbers import open_flags_to_host
from lx.kernel import errand
from lx.kernel.synthetic.nodes import Directory, HostDirectory, Node
from lx.kernel.vfs.places import X_OK, AbsentPlace, DotPlace, FdPlace, HostPlace, NodePlace, Place
from lx.kernel.vfs.walk import ANYTHING, DIRECTORY, EXACT, Components, Spot, Target, Walk

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from lx.kernel.files import FileTable

HOST_CWD = AT_FDCWD
TAKE_THE_WALK = (errno.ELOOP, errno.EXDEV, errno.EAGAIN)
"""What a resolution in one call fails with when the walk may succeed."""


class Fs:
    """Root, working directory and mounts of one process, or of some of its threads."""

    common = False
    """Whether other processes have it too."""

    def __init__(
        self, root: bytes, trees: Mapping[bytes, Node], files: FileTable, host: paths.HostPaths | None = None
    ) -> None:
        self.files = files
        self.host = host or paths.HostPaths()
        self.root_path = b"" if os.path.realpath(root) == b"/" else os.path.realpath(root)
        self.root_fd = files.own(os.open(root, DIRECTORY))
        self.mounts = {tuple(path.split(b"/")[1:]): node for path, node in trees.items()}
        self.mount_names = {path[-1] for path in self.mounts}
        self.root: Components = ()
        self.cwd_node: Node | None = None
        self.simple_places = bytearray((self.host.openat2, self.host.openat2))
        """Whether absolute paths, and relative ones, may be `simple`: looked at by the engine."""
        self.process: Any = None
        self._left: tuple[int, int] | None = None
        os.chdir(root)

    # ---- of single threads

    def copied(self) -> Fs:
        """The same root, working directory and umask for a thread that stops to share them."""
        fs = Fs.__new__(Fs)
        fs.__dict__.update(self.__dict__)
        fs.simple_places = bytearray(self.simple_places)
        return fs

    def leave(self) -> None:
        """Threads with others get the CPU: keep what is the host process's."""
        self._left = self.files.own(os.open("/proc/self/cwd", ANYTHING)), self.umask

    def enter(self) -> None:
        """A thread with these gets the CPU."""
        if self._left is not None:
            fd, mask = self._left
            os.fchdir(fd)
            os.umask(mask)
            self.forget()

    def forget(self) -> None:
        """The threads that had these are gone, or have the CPU."""
        if self._left is not None:
            os.close(self._left[0])
            self._left = None

    def let_go(self) -> None:
        """The process has no part in it any more, if it is `common`."""

    def tell(self, engine: Any) -> None:
        """The engine may ask the host about what `simple` allows."""
        engine.set_places(self.simple_places, self.root_fd, b"".join(name + b"\0" for name in self.mount_names) + b"\0")

    # ---- where things are

    def mounted(self, path: Components) -> Node | None:
        """The tree that is mounted at a canonical guest path."""
        if path and path[-1] in self.mount_names:
            return self.mounts.get(path)
        return None

    def spot_of(self, path: Components) -> Spot:
        """The directory at a canonical guest path, opened anew. ENOENT, ENOTDIR."""
        for depth in range(1, len(path) + 1):
            tree = self.mounted(path[:depth])
            if tree is not None:
                return self._spot_in_tree(path, depth, tree)
        if not path:
            return Spot((), self.root_fd)
        if self.host.openat2:
            return Spot(path, paths.open_beneath(self.root_fd, b"/".join(path), DIRECTORY, 0, EXACT), owned=True)
        return Spot(path, self._open_steps(self.root_fd, path), owned=True)

    def _open_steps(self, fd: int, path: Components) -> int:
        """Open a directory component by component, following nothing."""
        current = os.dup(fd)
        for name in path:
            try:
                inner = paths.openat(current, name, DIRECTORY | os.O_NOFOLLOW, 0)
            finally:
                os.close(current)
            current = inner
        return current

    def _spot_in_tree(self, path: Components, depth: int, node: Node) -> Spot:
        for i in range(depth, len(path)):
            if isinstance(node, HostDirectory):
                base = os.open(node.host_path, DIRECTORY)
                try:
                    return Spot(path, self._open_steps(base, path[i:]), owned=True)
                finally:
                    os.close(base)
            if not isinstance(node, Directory):
                raise LinuxError(Errno.ENOTDIR)
            node = node.lookup(self.process, path[i])
        return self.spot_of_node(path, node)

    def spot_of_node(self, path: Components, node: Node) -> Spot:
        """A spot at a synthetic directory; a graft's has the host's descriptor too."""
        if isinstance(node, HostDirectory):
            return Spot(path, os.open(node.host_path, DIRECTORY), node, owned=True)
        return Spot(path, node=node)

    def to_guest_path(self, host: bytes) -> bytes:
        """The guest's name of a host path. LinuxError ENOENT for one outside the zone's root, or the guest's."""
        return self._path_below(self.root, host)

    def _path_below(self, root: Components, host: bytes) -> bytes:
        if not host.startswith(b"/"):
            return host
        for graft, guest in self._grafts():
            if host == graft or host.startswith(graft + b"/"):
                return guest + host[len(graft) :]
        inside = host == self.root_path or host.startswith(self.root_path + b"/")
        if not inside:
            raise LinuxError(Errno.ENOENT)
        path = host[len(self.root_path) :] or b"/"
        if root:
            prefix = b"/" + b"/".join(root)
            if path != prefix and not path.startswith(prefix + b"/"):
                raise LinuxError(Errno.ENOENT)
            path = path[len(prefix) :] or b"/"
        return path

    def _grafts(self) -> list[tuple[bytes, bytes]]:
        found = []
        for path, tree in self.mounts.items():
            for name, node in getattr(tree, "entries", {}).items():
                if isinstance(node, HostDirectory):
                    found.append((node.host_path, b"/" + b"/".join(path) + b"/" + name))
        shared = getattr(getattr(self.process, "zone", None), "runtime_dir", None)
        if shared is not None:
            found.append((os.fsencode(shared) + b"/shm", b"/dev/shm"))
        return found

    def components_of(self, fd: int) -> Components:
        """The canonical guest path of a host directory descriptor, from the zone's root. ENOENT if it is outside."""
        host = os.readlink(b"/proc/self/fd/%d" % fd) if fd != HOST_CWD else os.readlink(b"/proc/self/cwd")
        path = self._path_below((), host.removesuffix(b" (deleted)"))
        return tuple(name for name in path.split(b"/") if name)

    def start(self, dirfd: int) -> Spot:
        """Where a relative path begins. EBADF, ENOTDIR."""
        if dirfd == AT_FDCWD:
            if self.cwd_node is not None:
                return self.spot_of_node(_components(self.cwd_node), self.cwd_node)
            return Spot(self.components_of(HOST_CWD), HOST_CWD)
        self.files.check(dirfd)
        entry = self.files.entry(dirfd)
        if entry is not None:
            if not isinstance(entry.node, Directory | HostDirectory):
                raise LinuxError(Errno.ENOTDIR)
            return self.spot_of_node(_components(entry.node), entry.node)
        if not _is_directory(dirfd):
            raise LinuxError(Errno.ENOTDIR)
        return Spot(self.components_of(dirfd), dirfd)

    # ---- resolving

    def walk(self, dirfd: int, path: bytes, follow: bool, resolve: int = 0, *, create: bool = False) -> Target:
        """Resolve a path that is not empty."""
        if path.startswith(b"/") and resolve & Resolve.BENEATH:
            raise LinuxError(Errno.EXDEV)
        start = self.spot_of(self.root) if path.startswith(b"/") and not resolve & 24 else self.start(dirfd)
        return Walk(self, start, self.root, resolve).run(path, follow, create=create)

    def simple(self, dirfd: int, path: bytes) -> tuple[int, bytes] | None:
        """(host directory, relative path) if one openat2 with RESOLVE_BENEATH and _NO_SYMLINKS is as good as the walk."""
        if not self.host.openat2:
            return None
        names = path.split(b"/")
        if b".." in names or not self.mount_names.isdisjoint(names):
            return None
        if path.startswith(b"/"):
            if self.root:
                return None
            return self.root_fd, path.lstrip(b"/") or b"."
        if dirfd == AT_FDCWD:
            return (HOST_CWD, path) if self.cwd_node is None else None
        self.files.check(dirfd)
        return (dirfd, path) if self.files.entry(dirfd) is None else None

    def at(self, dirfd: int, path: bytes, follow: bool = True, *, empty: bool = False, create: bool = False) -> Place:
        """The place that a path argument names: use it in a `with` statement.

        follow: a link in the last component is followed. empty: an empty path means dirfd itself (AT_EMPTY_PATH).
        create: the last component is going to be made, so the place is always a name in a directory.
        """
        if not path:
            if not empty:
                raise LinuxError(Errno.ENOENT)
            return self._itself(dirfd)
        if create:
            return self._name(dirfd, path)
        simple = self.simple(dirfd, path)
        if simple is not None:
            flags = ANYTHING if follow else ANYTHING | os.O_NOFOLLOW
            try:
                return FdPlace(self, paths.open_beneath(*simple, flags, 0, EXACT), owned=True)
            except OSError as error:
                if error.errno not in TAKE_THE_WALK:
                    raise
        place = self._place(self.walk(dirfd, path, follow))
        if not isinstance(place, HostPlace) or not place.must_be_directory:
            return place
        with place:
            return FdPlace(self, place.pin(), owned=True)

    def _name(self, dirfd: int, path: bytes) -> Place:
        """The place of a name that is to be made or removed; `.`, `..` and the root itself are no such names."""
        last = path.rstrip(b"/").rpartition(b"/")[2]
        if last in (b"", b".", b".."):
            inside = path.rstrip(b"/")[: -len(last)] if last else b"/"
            with self.at(dirfd, inside or b".") as parent:
                parent.stat()
                if last:
                    parent.access(X_OK, effective=True)
            return DotPlace(self, last or b"/")
        return self._place(self.walk(dirfd, path, False, create=True))

    def _place(self, target: Target) -> Place:
        if target.absent:
            return AbsentPlace(self, target)
        if target.node is not None:
            return NodePlace(self, target)
        if target.fd >= 0:
            fd, target.fd = target.fd, -1
            target.close()
            if target.must_be_directory and not _is_directory(fd):
                os.close(fd)
                raise LinuxError(Errno.ENOTDIR)
            return FdPlace(self, fd, owned=True)
        return HostPlace(self, target)

    def _itself(self, dirfd: int) -> Place:
        if dirfd == AT_FDCWD:
            return self._place(self.walk(dirfd, b".", True))
        self.files.check(dirfd)
        entry = self.files.entry(dirfd)
        if entry is not None:
            return NodePlace(self, Target(Spot(()), node=entry.node))
        return FdPlace(self, dirfd, owned=False)

    # ---- opening

    def open(self, dirfd: int, path: bytes, flags: int, mode: int, resolve: int = 0) -> int:
        """openat2: a new guest descriptor. Flags and mode are Linux's and already checked."""
        if not path:
            raise LinuxError(Errno.ENOENT)
        host_flags = open_flags_to_host(flags)
        follow = not flags & OpenFlags.NOFOLLOW and not (flags & OpenFlags.CREAT and flags & OpenFlags.EXCL)
        several = len(self.process.threads) > 1 or self.process.thread.errand is not None
        if several and not flags & (OpenFlags.NONBLOCK | OpenFlags.PATH):
            fd = self._open_fifo(dirfd, path, host_flags, follow)
            if fd is not None:
                return self.files.adopt(fd)
        if follow and not resolve:
            simple = self.simple(dirfd, path)
            if simple is not None:
                try:
                    return self.files.adopt(paths.open_beneath(*simple, host_flags, mode, EXACT))
                except OSError as error:
                    if error.errno not in TAKE_THE_WALK:
                        raise
        target = self.walk(dirfd, path, follow, resolve)
        target.lift(self.files.own)
        with self._place(target) as place:
            return place.open(flags, mode)

    def _open_fifo(self, dirfd: int, path: bytes, host_flags: int, follow: bool) -> int | None:
        """Open a FIFO while other threads go on, until the other side opens it too; None if the path is not that of one."""
        t = self.process.thread
        pin = -1
        if t.errand is None:
            try:
                with self.at(dirfd, path, follow) as place:
                    pin = self.files.own(place.pin())
            except (LinuxError, OSError):
                return None
            if not stat.S_ISFIFO(os.fstat(pin).st_mode):
                os.close(pin)
                return None

        def open_it(_: int | None) -> int:
            try:
                return paths.openat(-100, b"/proc/self/fd/%d" % pin, host_flags & ~(os.O_CREAT | os.O_NOFOLLOW), 0)
            finally:
                os.close(pin)

        return errand.run(t, open_it)

    def open_path(self, path: bytes) -> int:
        """An emulator-owned O_PATH descriptor of a guest path (`.`: the working directory)."""
        with self.at(AT_FDCWD, path) as place:
            return place.pin()

    # ---- the working directory

    def chdir(self, place: Place) -> None:
        """Make a directory the working directory. ENOTDIR, EACCES."""
        node = place.directory_node()
        if node is None:
            fd = place.pin()
            try:
                os.fchdir(fd)
            finally:
                os.close(fd)
        self.cwd_node = node
        self._moved()

    def _moved(self) -> None:
        """Root or working directory are others: `simple_places`."""
        self.simple_places[0] = self.host.openat2 and not self.root
        self.simple_places[1] = self.host.openat2 and self.cwd_node is None

    def chroot(self, place: Place) -> None:
        """Make a directory the root. ENOTDIR, EACCES; EPERM without the privilege."""
        if place.directory_node() is not None:
            raise LinuxError(Errno.EPERM)
        fd = place.pin()
        try:
            if not _is_directory(fd):
                raise LinuxError(Errno.ENOTDIR)
            place.access(X_OK, effective=True)
            if os.geteuid() != 0:
                raise LinuxError(Errno.EPERM)
            self.root = self.components_of(fd)
            self._moved()
        finally:
            os.close(fd)

    def getcwd(self) -> bytes:
        """The working directory's guest path. ENOENT if it has been removed."""
        if self.cwd_node is not None:
            return self.cwd_node.path
        host = os.readlink(b"/proc/self/cwd")
        if host.endswith(b" (deleted)"):
            os.stat(host)
        try:
            return self.to_guest_path(host)
        except LinuxError:
            return b"(unreachable)" + host

    @property
    def umask(self) -> int:
        """The file mode creation mask."""
        mask = os.umask(0o777)
        os.umask(mask)
        return mask


def _components(node: Node) -> Components:
    return tuple(name for name in node.path.split(b"/") if name)


def _is_directory(fd: int) -> bool:
    import stat

    return stat.S_ISDIR(os.fstat(fd).st_mode)
