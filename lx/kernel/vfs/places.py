"""Places: what the calls that take a path act on.

A place is a path that has been resolved, and the file operations on what is there. Where the resolution ended decides how
they are done: at a name in a host directory (`HostPlace`), at an open host object (`FdPlace`), at a node of a synthetic
tree (`NodePlace`), or at a name that cannot be acted on (`DotPlace`, `AbsentPlace`). None of them ever lets the host follow
a link: a name is acted on without following, and everything else goes through the descriptor of the object itself
(/proc/self/fd/N on the host), so that a rename between the walk and the act cannot lead elsewhere.

Use in a `with` statement: a place owns descriptors. Every operation raises LinuxError or OSError with Linux's order of checks.

Limits: device files cannot be changed (they are the host's), and no new ones be made.
"""

from __future__ import annotations

import os
import stat

from lx.abi.errno import Errno, LinuxError
from lx.abi.fcntl import ACCMODE, O_TMPFILE, OpenFlags
from lx.abi.lean import suppress
from lx.abi.stat import STATFS, pack_statx
from lx.host import paths
from lx.host.numbers import open_flags_to_host
from lx.kernel.synthetic.nodes import Device, Directory, File, HostDirectory, Link, Node
from lx.kernel.vfs.walk import ANYTHING

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType
    from typing import Any

    from lx.kernel.vfs.fs import Fs
    from lx.kernel.vfs.walk import Target

AT_EACCESS, AT_SYMLINK_NOFOLLOW, AT_EMPTY_PATH = 0x200, 0x100, 0x1000
HERE = -100
TERMINAL_MAJORS = range(136, 144)
"""Pseudo-terminals: the devices whose mode and owner a program may change."""
RENAME_NOREPLACE = 1
WITH_PATH = paths.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
"""What counts beside O_PATH; openat2 refuses the rest, which openat passes over."""
R_OK, W_OK, X_OK = 4, 2, 1


class Place:
    """What every place can be asked; here, the answers of a place that can do nothing."""

    def __init__(self, fs: Fs) -> None:
        self.fs = fs

    def __enter__(self) -> Place:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Give back what the place holds."""

    def _refuse(self, *_: object) -> Any:
        raise LinuxError(Errno.EPERM)

    # ---- what is there

    def open(self, flags: int, mode: int) -> int:
        """open(2) with Linux's flags: a guest descriptor."""
        return int(self._refuse())

    def stat(self) -> Any:
        """Metadata, as os.stat_result names it."""
        return self._refuse()

    def statx(self, flags: int, mask: int) -> bytes:
        """struct statx. flags: AT_STATX_FORCE_SYNC and _DONT_SYNC."""
        return pack_statx(self.stat())

    def statfs(self) -> bytes:
        """struct statfs of a 64-bit machine."""
        return bytes(self._refuse())

    def access(self, mode: int, effective: bool) -> None:
        """EACCES unless these modes are allowed to the real (or effective) ids."""
        self._refuse()

    def readlink(self) -> bytes:
        """A symbolic link's text. EINVAL if it is none."""
        raise LinuxError(Errno.EINVAL)

    def pin(self) -> int:
        """A new O_PATH descriptor of the object, the caller's to close."""
        raise LinuxError(Errno.EACCES)

    def directory_node(self) -> Node | None:
        """The node, if the place is a directory of a synthetic tree. ENOTDIR for another node."""
        return None

    # ---- changing it

    def chmod(self, mode: int) -> None:
        """Set the permission bits."""
        self._refuse()

    def chown(self, uid: int, gid: int) -> None:
        """Set owner and group; -1 leaves one as it is."""
        self._refuse()

    def utimens(self, times: bytes | None) -> None:
        """Set access and modification time: two struct timespec, or None for now."""
        self._refuse()

    def truncate(self, length: int) -> None:
        """Set the size."""
        self._refuse()

    def setxattr(self, name: bytes, value: bytes, flags: int) -> None:
        """Set an extended attribute."""
        raise LinuxError(Errno.EOPNOTSUPP)

    def getxattr(self, name: bytes) -> bytes:
        """An extended attribute's value."""
        raise LinuxError(Errno.EOPNOTSUPP)

    def listxattr(self) -> list[bytes]:
        """The names of the extended attributes."""
        return []

    def removexattr(self, name: bytes) -> None:
        """Remove an extended attribute."""
        raise LinuxError(Errno.EOPNOTSUPP)

    # ---- changing its name

    def unlink(self) -> None:
        """Remove the name of a file."""
        self._refuse()

    def rmdir(self) -> None:
        """Remove an empty directory."""
        self._refuse()

    def mkdir(self, mode: int) -> None:
        """Make a directory."""
        raise LinuxError(Errno.EEXIST)

    def mknod(self, mode: int, device: int) -> None:
        """Make a file, FIFO or socket; EPERM for a device (not for a whiteout, character device 0:0, which opens nothing)."""
        raise LinuxError(Errno.EEXIST)

    def symlink(self, text: bytes) -> None:
        """Make a symbolic link."""
        raise LinuxError(Errno.EEXIST)

    def link_from(self, source: Place) -> None:
        """Make a further name for `source`."""
        raise LinuxError(Errno.EEXIST)

    def search(self) -> None:
        """EACCES if the directory of this name may not be searched."""

    def rename_from(self, source: Place, flags: int) -> None:
        """Give `source` this name."""
        if flags & RENAME_NOREPLACE and not isinstance(source, DotPlace):
            raise LinuxError(Errno.EEXIST)
        raise LinuxError(Errno.EBUSY)


class FdPlace(Place):
    """An open host object (O_PATH, or a guest's own descriptor)."""

    def __init__(self, fs: Fs, fd: int, *, owned: bool) -> None:
        super().__init__(fs)
        self.fd = fd
        self.owned = owned

    def close(self) -> None:
        """See Place."""
        if self.owned:
            os.close(self.fd)
            self.owned = False

    @property
    def _link(self) -> bytes:
        """A host path that is the object, whatever its names are."""
        return b"/proc/self/fd/%d" % self.fd

    def _changeable(self) -> bytes:
        """_link, unless the object is a device of the host."""
        st = os.fstat(self.fd)
        if stat.S_ISBLK(st.st_mode) or (stat.S_ISCHR(st.st_mode) and os.major(st.st_rdev) not in TERMINAL_MAJORS):
            raise LinuxError(Errno.EPERM)
        return self._link

    def open(self, flags: int, mode: int) -> int:
        """See Place."""
        if flags & OpenFlags.CREAT and flags & OpenFlags.EXCL:
            raise LinuxError(Errno.EEXIST)
        host = open_flags_to_host(flags & ~OpenFlags.NOFOLLOW)
        if flags & OpenFlags.NOFOLLOW and stat.S_ISDIR(self.stat().st_mode):
            return self.fs.files.adopt(paths.openat(self.fd, b".", host | os.O_NOFOLLOW, mode))
        return self.fs.files.adopt(paths.openat(HERE, self._link, host, mode))

    def stat(self) -> os.stat_result:
        """See Place."""
        return os.fstat(self.fd)

    def statx(self, flags: int, mask: int) -> bytes:
        """See Place."""
        return paths.statx(self.fd, b"", flags | AT_EMPTY_PATH, mask) or pack_statx(self.stat())

    def statfs(self) -> bytes:
        """See Place."""
        return paths.fstatfs(self.fd)

    def access(self, mode: int, effective: bool) -> None:
        """See Place."""
        paths.faccessat(HERE, self._link, mode, AT_EACCESS if effective else 0)

    def readlink(self) -> bytes:
        """See Place."""
        try:
            return paths.readlink_fd(self.fd)
        except FileNotFoundError:
            if not self.owned:
                raise
            raise LinuxError(Errno.EINVAL) from None

    def pin(self) -> int:
        """See Place."""
        return os.dup(self.fd)

    def chmod(self, mode: int) -> None:
        """See Place."""
        os.chmod(self._changeable(), mode)

    def chown(self, uid: int, gid: int) -> None:
        """See Place."""
        self._changeable()
        paths.fchownat(self.fd, b"", uid, gid, AT_EMPTY_PATH)

    def utimens(self, times: bytes | None) -> None:
        """See Place."""
        paths.utimensat(HERE, self._changeable(), times, 0)

    def truncate(self, length: int) -> None:
        """See Place."""
        os.truncate(self._link, length)

    def setxattr(self, name: bytes, value: bytes, flags: int) -> None:
        """See Place."""
        os.setxattr(self._changeable(), name, value, flags)

    def getxattr(self, name: bytes) -> bytes:
        """See Place."""
        return os.getxattr(self._link, name)

    def listxattr(self) -> list[bytes]:
        """See Place."""
        return [os.fsencode(name) for name in os.listxattr(self._link)]

    def removexattr(self, name: bytes) -> None:
        """See Place."""
        os.removexattr(self._changeable(), name)


class HostPlace(Place):
    """A name in a host directory; nothing need be there yet."""

    def __init__(self, fs: Fs, target: Target) -> None:
        super().__init__(fs)
        self.directory = target.spot.fd
        self.must_be_directory = target.must_be_directory
        self.name = target.name
        self._target = target

    def close(self) -> None:
        """See Place."""
        self._target.close()

    @property
    def _spelt(self) -> bytes:
        """The name with its trailing slash, for calls that never follow the last component."""
        return self.name + b"/" if self.must_be_directory else self.name

    def pin(self) -> int:
        """See Place."""
        flags = ANYTHING | os.O_NOFOLLOW | (os.O_DIRECTORY if self.must_be_directory else 0)
        return paths.openat(self.directory, self.name, flags, 0)

    def _object(self) -> FdPlace:
        return FdPlace(self.fs, self.pin(), owned=True)

    def search(self) -> None:
        """See Place."""
        paths.faccessat(self.directory, b".", X_OK, AT_EACCESS)

    def open(self, flags: int, mode: int) -> int:
        """See Place."""
        host = open_flags_to_host(flags)
        if self.must_be_directory and flags & OpenFlags.CREAT:
            raise LinuxError(Errno.EISDIR)
        if flags & OpenFlags.PATH:
            host &= WITH_PATH
            flags &= ~OpenFlags.CREAT
        if self.fs.host.openat2:  # F_GETFL would show O_NOFOLLOW and O_DIRECTORY
            made = flags & OpenFlags.CREAT or flags & O_TMPFILE == O_TMPFILE
            fd = paths.open_beneath(self.directory, self._spelt, host, mode & 0o7777 if made else 0, paths.NO_SYMLINKS)
        else:
            host |= os.O_DIRECTORY if self.must_be_directory else 0
            fd = paths.openat(self.directory, self.name, host | os.O_NOFOLLOW, mode)
        return self.fs.files.adopt(fd)

    def stat(self) -> os.stat_result:
        """See Place."""
        if self.must_be_directory:
            with self._object() as place:
                result: os.stat_result = place.stat()
                return result
        return os.stat(self.name, dir_fd=self.directory, follow_symlinks=False)

    def statx(self, flags: int, mask: int) -> bytes:
        """See Place."""
        with self._object() as place:
            return place.statx(flags, mask)

    def statfs(self) -> bytes:
        """See Place."""
        with self._object() as place:
            return place.statfs()

    def access(self, mode: int, effective: bool) -> None:
        """See Place."""
        with self._object() as place:
            place.access(mode, effective)

    def readlink(self) -> bytes:
        """See Place."""
        return os.readlink(self.name, dir_fd=self.directory)

    def chmod(self, mode: int) -> None:
        """See Place."""
        with self._object() as place:
            place.chmod(mode)

    def chown(self, uid: int, gid: int) -> None:
        """See Place."""
        with self._object() as place:
            place.chown(uid, gid)

    def utimens(self, times: bytes | None) -> None:
        """See Place."""
        with self._object() as place:
            place.utimens(times)

    def truncate(self, length: int) -> None:
        """See Place."""
        with self._object() as place:
            place.truncate(length)

    def setxattr(self, name: bytes, value: bytes, flags: int) -> None:
        """See Place."""
        with self._object() as place:
            place.setxattr(name, value, flags)

    def getxattr(self, name: bytes) -> bytes:
        """See Place."""
        with self._object() as place:
            return place.getxattr(name)

    def listxattr(self) -> list[bytes]:
        """See Place."""
        with self._object() as place:
            return place.listxattr()

    def removexattr(self, name: bytes) -> None:
        """See Place."""
        with self._object() as place:
            place.removexattr(name)

    def unlink(self) -> None:
        """See Place."""
        os.unlink(self._spelt, dir_fd=self.directory)

    def rmdir(self) -> None:
        """See Place."""
        os.rmdir(self._spelt, dir_fd=self.directory)

    def mkdir(self, mode: int) -> None:
        """See Place."""
        os.mkdir(self.name, mode, dir_fd=self.directory)

    def mknod(self, mode: int, device: int) -> None:
        """See Place."""
        if stat.S_ISBLK(mode) or (stat.S_ISCHR(mode) and device):
            with suppress(FileNotFoundError):
                os.stat(self.name, dir_fd=self.directory, follow_symlinks=False)
                raise LinuxError(Errno.EEXIST)
            if self._spelt.endswith(b"/"):
                raise LinuxError(Errno.ENOENT)
            paths.faccessat(self.directory, b".", W_OK | X_OK, AT_EACCESS)
            raise LinuxError(Errno.EPERM)
        os.mknod(self._spelt, mode, device, dir_fd=self.directory)

    def symlink(self, text: bytes) -> None:
        """See Place."""
        os.symlink(text, self._spelt, dir_fd=self.directory)

    def link_from(self, source: Place) -> None:
        """See Place."""
        if isinstance(source, FdPlace):
            paths.link_object(source._link, self.directory, self._spelt)
        elif isinstance(source, HostPlace):
            with source._object() as place:
                self.link_from(place)
        else:
            raise LinuxError(Errno.EXDEV)

    def rename_from(self, source: Place, flags: int) -> None:
        """See Place."""
        if isinstance(source, DotPlace):
            paths.faccessat(self.directory, b".", X_OK, AT_EACCESS)
            raise LinuxError(Errno.EBUSY)
        if isinstance(source, AbsentPlace):
            raise LinuxError(Errno.ENOENT)
        if not isinstance(source, HostPlace):
            raise LinuxError(Errno.EBUSY if isinstance(source, NodePlace) and source._mounted else Errno.EXDEV)
        old, new = (source.directory, source._spelt), (self.directory, self._spelt)
        if flags:
            paths.rename2(*old, *new, flags)
        else:
            os.rename(old[1], new[1], src_dir_fd=old[0], dst_dir_fd=new[0])


class NodePlace(Place):
    """A node of a synthetic tree."""

    def __init__(self, fs: Fs, target: Target) -> None:
        super().__init__(fs)
        assert target.node is not None
        self.node = target.node
        self._target = target
        if target.must_be_directory and not isinstance(target.node, Directory | HostDirectory):
            target.close()
            raise LinuxError(Errno.ENOTDIR)

    def close(self) -> None:
        """See Place."""
        self._target.close()

    @property
    def _directory(self) -> bool:
        return isinstance(self.node, Directory | HostDirectory)

    def open(self, flags: int, mode: int) -> int:
        """See Place."""
        node = self.node
        if flags & OpenFlags.CREAT and flags & OpenFlags.EXCL:
            raise LinuxError(Errno.EEXIST)
        if flags & OpenFlags.PATH:
            return self.fs.files.open_node(node, flags)
        if flags & OpenFlags.TMPFILE_BIT:
            raise LinuxError(Errno.EOPNOTSUPP if self._directory else Errno.ENOTDIR)
        if self._directory and (flags & OpenFlags.CREAT or flags & ACCMODE):
            raise LinuxError(Errno.EISDIR)
        if flags & OpenFlags.DIRECTORY and not self._directory:
            raise LinuxError(Errno.ENOTDIR)
        if isinstance(node, Link):
            raise LinuxError(Errno.ELOOP)
        if isinstance(node, Device):
            return self._open_device(node, flags)
        self.access((R_OK, W_OK, R_OK | W_OK, R_OK | W_OK)[flags & ACCMODE], True)
        return self.fs.files.open_node(node, flags)

    def _open_device(self, node: Device, flags: int) -> int:
        host = open_flags_to_host(flags & ~(OpenFlags.CREAT | OpenFlags.TRUNC))
        fd = paths.openat(HERE, node.host_path, host, 0)
        node.opened(self.fs.process, fd)
        return self.fs.files.adopt(fd)

    def stat(self) -> Any:
        """See Place."""
        return self.node.stat(self.fs.process)

    def statfs(self) -> bytes:
        """See Place."""
        if isinstance(self.node, HostDirectory):
            with FdPlace(self.fs, os.open(self.node.host_path, ANYTHING), owned=True) as place:
                return place.statfs()
        fs = self.node.filesystem
        return STATFS.pack(fs.magic, fs.block_size, 0, 0, 0, 0, 0, 0, 0, 255, fs.block_size, 0)

    def access(self, mode: int, effective: bool) -> None:
        """See Place."""
        st = self.stat()
        uid, gid = (os.geteuid(), os.getegid()) if effective else (os.getuid(), os.getgid())
        if uid == 0:
            if mode & X_OK and not self._directory and not st.st_mode & 0o111:
                raise LinuxError(Errno.EACCES)
            return
        if self.node.is_own(self.fs.process):
            return
        shift = 6 if uid == st.st_uid else 3 if st.st_gid in (gid, *os.getgroups()) else 0
        if mode & ~(st.st_mode >> shift) & 7:
            raise LinuxError(Errno.EACCES)

    def readlink(self) -> bytes:
        """See Place."""
        if not isinstance(self.node, Link):
            raise LinuxError(Errno.EINVAL)
        return self.node.target(self.fs.process)

    def pin(self) -> int:
        """See Place."""
        if isinstance(self.node, HostDirectory):
            return os.open(self.node.host_path, ANYTHING)
        raise LinuxError(Errno.EACCES)

    def directory_node(self) -> Node | None:
        """See Place."""
        if not self._directory:
            raise LinuxError(Errno.ENOTDIR)
        return self.node

    def truncate(self, length: int) -> None:
        """See Place."""
        if self._directory:
            raise LinuxError(Errno.EISDIR)
        if not isinstance(self.node, File):
            raise LinuxError(Errno.EINVAL)
        self.access(W_OK, True)

    def unlink(self) -> None:
        """See Place."""
        raise LinuxError(Errno.EISDIR if self._directory else Errno.EPERM)

    def rmdir(self) -> None:
        """See Place."""
        if not self._directory:
            raise LinuxError(Errno.ENOTDIR)
        raise LinuxError(Errno.EBUSY if self._mounted else Errno.EPERM)

    @property
    def _mounted(self) -> bool:
        return self.node.path.count(b"/") == 1

    def rename_from(self, source: Place, flags: int) -> None:
        """See Place."""
        if self._mounted or isinstance(source, DotPlace):
            raise LinuxError(Errno.EBUSY)
        raise LinuxError(Errno.EPERM if isinstance(source, NodePlace) else Errno.EXDEV)


class DotPlace(Place):
    """`.`, `..` or `/` where a name is wanted that can be made, removed or changed."""

    def __init__(self, fs: Fs, name: bytes) -> None:
        super().__init__(fs)
        self.name = name

    def unlink(self) -> None:
        """See Place."""
        raise LinuxError(Errno.EISDIR)

    def rmdir(self) -> None:
        """See Place."""
        raise LinuxError({b".": Errno.EINVAL, b"..": Errno.ENOTEMPTY}.get(self.name, Errno.EBUSY))


class AbsentPlace(Place):
    """A name that is not in its synthetic directory, where nothing can be made."""

    def __init__(self, fs: Fs, target: Target) -> None:
        super().__init__(fs)
        self._target = target
        self._in_proc = target.spot.path[:1] == (b"proc",)

    def close(self) -> None:
        """See Place."""
        self._target.close()

    def _no_making(self, *_: object) -> None:
        raise LinuxError(Errno.ENOENT if self._in_proc else Errno.EPERM)

    def unlink(self) -> None:
        """See Place."""
        raise LinuxError(Errno.ENOENT)

    rmdir = unlink

    def mkdir(self, mode: int) -> None:
        """See Place."""
        self._no_making()

    def mknod(self, mode: int, device: int) -> None:
        """See Place."""
        self._no_making()

    def symlink(self, text: bytes) -> None:
        """See Place."""
        self._no_making()

    def link_from(self, source: Place) -> None:
        """See Place."""
        self._no_making()

    def rename_from(self, source: Place, flags: int) -> None:
        """See Place."""
        raise LinuxError(Errno.EXDEV)
