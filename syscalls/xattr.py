"""Extended attributes, which are the host's own; synthetic files have none.

Names and values cross as bytes. What the guest may see of the host's `security.` and `trusted.` names is what the host
shows to the process. Reading asks the host for the whole value and answers ERANGE here if the guest's buffer is too small.
"""


from lx.abi.errno import Errno, LinuxError
from lx.abi.fcntl import AT_FDCWD, AtFlags
from lx.abi.lean import Callable
from lx.abi.stat import XATTR_ARGS, XATTR_NAME_MAX, XATTR_SIZE_MAX, XattrFlags
from lx.kernel.thread import Thread
from syscalls import _transfer as transfer
from syscalls.declare import syscall
from syscalls.types import (
    Annotated,
    BufferIn,
    BufferOut,
    DirFd,
    Fd,
    PathPtr,
    Size,
    Text,
    flags_of,
    struct_in,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lx.kernel.vfs import Place

SetBits = Annotated[int, flags_of(XattrFlags)]
AtBits = Annotated[int, flags_of(AtFlags)]
ArgsIn = Annotated[int, struct_in("xattr_args")]
Where = Callable[[], "Place"]
"""Looks the file up; called when the other arguments have been found good."""


def _path(t: Thread, path: int, follow: bool = True) -> Where:
    return lambda: t.at(AT_FDCWD, t.memory.path(path), follow)


def _at(t: Thread, dirfd: int, path: int, flags: int, *, here: bool = False) -> Where:
    """A file relative to a directory. here: without a name it may be the working directory (not so in list and remove)."""
    if flags & ~(AtFlags.SYMLINK_NOFOLLOW | AtFlags.EMPTY_PATH):
        raise LinuxError(Errno.EINVAL)
    empty, follow = bool(flags & AtFlags.EMPTY_PATH), not flags & AtFlags.SYMLINK_NOFOLLOW

    def where() -> "Place":
        name = t.memory.path(path) if path or not empty else b""
        if empty and not name and not (here and dirfd < 0):
            transfer.check_access(t, dirfd)
        return t.at(dirfd, name, follow, empty=empty)

    return where


def _open(t: Thread, fd: int) -> Where:
    """An open file; an O_PATH descriptor is EBADF."""

    def where() -> "Place":
        transfer.check_access(t, fd)
        return t.at(fd, b"", empty=True)

    return where


def _name(t: Thread, address: int) -> bytes:
    """An attribute's name: ERANGE if it is empty or too long."""
    name = t.memory.cstring(address, XATTR_NAME_MAX + 1)
    if not 1 <= len(name) <= XATTR_NAME_MAX:
        raise LinuxError(Errno.ERANGE)
    return name


def _set(t: Thread, where: Where, name: int, value: int, size: int, flags: int) -> int:
    if flags & ~(XattrFlags.CREATE | XattrFlags.REPLACE):
        raise LinuxError(Errno.EINVAL)
    key = _name(t, name)
    if size > XATTR_SIZE_MAX:
        raise LinuxError(Errno.E2BIG)
    data = t.memory.read(value, size) if size else b""
    with where() as place:
        place.setxattr(key, data, flags)
    return 0


def _get(t: Thread, where: Where, name: int, value: int, size: int) -> int:
    key = _name(t, name)
    with where() as place:
        data = place.getxattr(key)
    return _answer(t, data, value, size)


def _list(t: Thread, where: Where, address: int, size: int) -> int:
    with where() as place:
        names = place.listxattr()
    return _answer(t, b"".join(name + b"\0" for name in names), address, size)


def _answer(t: Thread, data: bytes, address: int, size: int) -> int:
    """Write it, or with a size of 0 only say how long it is. ERANGE."""
    if size:
        if len(data) > size:
            raise LinuxError(Errno.ERANGE)
        t.memory.write(address, data)
    return len(data)


def _remove(t: Thread, where: Where, name: int) -> int:
    key = _name(t, name)
    with where() as place:
        place.removexattr(key)
    return 0


@syscall()
def setxattr(t: Thread, path: PathPtr, name: Text, value: BufferIn, size: Size, flags: SetBits) -> int:
    """Set an extended attribute."""
    return _set(t, _path(t, path), name, value, size, flags)


@syscall()
def lsetxattr(t: Thread, path: PathPtr, name: Text, value: BufferIn, size: Size, flags: SetBits) -> int:
    """Set an extended attribute of a link itself."""
    return _set(t, _path(t, path, False), name, value, size, flags)


@syscall()
def fsetxattr(t: Thread, fd: Fd, name: Text, value: BufferIn, size: Size, flags: SetBits) -> int:
    """Set an extended attribute of an open file."""
    return _set(t, _open(t, fd), name, value, size, flags)


@syscall()
def setxattrat(t: Thread, dirfd: DirFd, path: PathPtr, at_flags: AtBits, name: Text, args: ArgsIn, size: Size) -> int:
    """Set an extended attribute relative to a directory. Linux 6.13."""
    value, length, flags = _arguments(t, args, size)
    return _set(t, _at(t, dirfd, path, at_flags, here=True), name, value, length, flags)


@syscall()
def getxattr(t: Thread, path: PathPtr, name: Text, value: BufferOut, size: Size) -> int:
    """Get an extended attribute."""
    return _get(t, _path(t, path), name, value, size)


@syscall()
def lgetxattr(t: Thread, path: PathPtr, name: Text, value: BufferOut, size: Size) -> int:
    """Get an extended attribute of a link itself."""
    return _get(t, _path(t, path, False), name, value, size)


@syscall()
def fgetxattr(t: Thread, fd: Fd, name: Text, value: BufferOut, size: Size) -> int:
    """Get an extended attribute of an open file."""
    return _get(t, _open(t, fd), name, value, size)


@syscall()
def getxattrat(t: Thread, dirfd: DirFd, path: PathPtr, at_flags: AtBits, name: Text, args: ArgsIn, size: Size) -> int:
    """Get an extended attribute relative to a directory. Linux 6.13."""
    value, length, flags = _arguments(t, args, size)
    if flags:
        raise LinuxError(Errno.EINVAL)
    return _get(t, _at(t, dirfd, path, at_flags, here=True), name, value, length)


def _arguments(t: Thread, address: int, size: int) -> tuple[int, int, int]:
    """struct xattr_args, which may be longer than we know if the rest is zero. EINVAL, E2BIG, EFAULT."""
    if size < XATTR_ARGS.size:
        raise LinuxError(Errno.EINVAL)
    if size > PAGE:
        raise LinuxError(Errno.E2BIG)
    raw = t.memory.read(address, size)
    if any(raw[XATTR_ARGS.size :]):
        raise LinuxError(Errno.E2BIG)
    value, length, flags = XATTR_ARGS.unpack_from(raw)
    return value, length, flags


PAGE = 4096


@syscall()
def listxattr(t: Thread, path: PathPtr, names: BufferOut, size: Size) -> int:
    """List the names of extended attributes."""
    return _list(t, _path(t, path), names, size)


@syscall()
def llistxattr(t: Thread, path: PathPtr, names: BufferOut, size: Size) -> int:
    """List the names of a link's own extended attributes."""
    return _list(t, _path(t, path, False), names, size)


@syscall()
def flistxattr(t: Thread, fd: Fd, names: BufferOut, size: Size) -> int:
    """List the names of an open file's extended attributes."""
    return _list(t, _open(t, fd), names, size)


@syscall()
def listxattrat(t: Thread, dirfd: DirFd, path: PathPtr, at_flags: AtBits, names: BufferOut, size: Size) -> int:
    """List the names of extended attributes relative to a directory. Linux 6.13."""
    return _list(t, _at(t, dirfd, path, at_flags), names, size)


@syscall()
def removexattr(t: Thread, path: PathPtr, name: Text) -> int:
    """Remove an extended attribute."""
    return _remove(t, _path(t, path), name)


@syscall()
def lremovexattr(t: Thread, path: PathPtr, name: Text) -> int:
    """Remove an extended attribute of a link itself."""
    return _remove(t, _path(t, path, False), name)


@syscall()
def fremovexattr(t: Thread, fd: Fd, name: Text) -> int:
    """Remove an extended attribute of an open file."""
    return _remove(t, _open(t, fd), name)


@syscall()
def removexattrat(t: Thread, dirfd: DirFd, path: PathPtr, at_flags: AtBits, name: Text) -> int:
    """Remove an extended attribute relative to a directory. Linux 6.13."""
    return _remove(t, _at(t, dirfd, path, at_flags), name)
