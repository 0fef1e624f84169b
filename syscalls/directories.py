"""Names: directories and their entries, links, renaming, the working directory and the root.

A path argument becomes a Place (lx.kernel.vfs), found inside the zone's root, and the row asks the place to act. Rows check
their flags before they read the path where Linux does.
"""

import os

from lx.abi.errno import Errno, LinuxError
from lx.abi.fcntl import AT_FDCWD, AtFlags, RenameFlags
from lx.abi.stat import ALL_MODE_BITS, DIRENT, DIRENT64, S_IFBLK, S_IFCHR, S_IFDIR, S_IFIFO, S_IFMT, S_IFREG, S_IFSOCK
from lx.host import descriptors
from lx.kernel.files import Kind, OpenNode
from lx.kernel.thread import Thread
from syscalls import _transfer as transfer
from syscalls.declare import syscall
from syscalls.types import (
    Annotated,
    BufferOut,
    DirFd,
    Fd,
    Int,
    Mode,
    Path,
    PathPtr,
    Size,
    UInt,
    flags_of,
    struct_out,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lx.kernel.vfs import Place

AtBits = Annotated[int, flags_of(AtFlags)]
RenameBits = Annotated[int, flags_of(RenameFlags)]
DirentOut = Annotated[int, struct_out("linux_dirent")]
Dirent64Out = Annotated[int, struct_out("linux_dirent64")]
Device = UInt


# ---- reading directories


@syscall()
def getdents64(t: Thread, fd: Fd, dirp: Dirent64Out, count: Int) -> int:
    """Read directory entries."""
    return _entries(t, fd, dirp, count, old=False)


@syscall()
def getdents(t: Thread, fd: Fd, dirp: DirentOut, count: Int) -> int:
    """Read directory entries in their old form, the type behind the name."""
    return _entries(t, fd, dirp, count, old=True)


def _entries(t: Thread, fd: int, address: int, count: int, *, old: bool) -> int:
    transfer.check_access(t, fd)
    node = t.files.entry(fd)
    count = max(count, 0)
    try:
        pieces = t.memory.writable(address, count)
    except LinuxError:
        if node is None:
            return descriptors.getdents64_nowhere(fd, count)
        node.entries(t.process)
        raise
    room = transfer.size_of(pieces)
    try:
        if node is not None:
            before = node.position
            data = _listing(node, t, room)
        else:
            if t.files.kind(fd) != Kind.PLAIN:
                raise LinuxError(Errno.ENOTDIR)
            before = os.lseek(fd, 0, os.SEEK_CUR)
            buffer = memoryview(bytearray(min(room, MOST_ENTRIES)))
            data = bytes(buffer[: descriptors.getdents64(fd, buffer)])
    except (LinuxError, OSError) as error:
        if room < count and error.errno == Errno.EINVAL:
            raise LinuxError(Errno.EFAULT) from None
        raise
    wanted = _old_form(data) if old else data
    try:
        copied = transfer.scatter(wanted, pieces)
    except OSError:
        copied = 0
    return copied if copied == len(wanted) else _take_back(node, fd, data, copied, before)


def _take_back(node: OpenNode | None, fd: int, data: bytes, copied: int, before: int) -> int:
    """Memory ended where a record was to go: the directory is put back to it. EFAULT if it is the first."""
    done, position = 0, before
    while done < len(data):
        _, offset, length, _ = DIRENT64.unpack_from(data, done)
        if done + length > copied:
            break
        done, position = done + length, offset
    if node is not None:
        node.position = position
    else:
        os.lseek(fd, position, os.SEEK_SET)
    if not done:
        raise LinuxError(Errno.EFAULT)
    return done


MOST_ENTRIES = 1 << 16
"""Bytes asked of the host at once; fewer entries than fit are no error."""


def _listing(node: OpenNode, t: Thread, room: int) -> bytes:
    """struct linux_dirent64 records of a synthetic directory from its position, which is moved."""
    records = b""
    entries = node.entries(t.process)
    while node.position < len(entries):
        name, ino, kind = entries[node.position]
        length = DIRENT64.size + len(name) + 8 & ~7
        if len(records) + length > room:
            if not records:
                raise LinuxError(Errno.EINVAL)
            break
        node.position += 1
        records += (DIRENT64.pack(ino, node.position, length, kind) + name).ljust(length, b"\0")
    return records


def _old_form(data: bytes) -> bytes:
    """struct linux_dirent for struct linux_dirent64: both take the same number of bytes for the same name."""
    records = bytearray(data)
    at = 0
    while at < len(data):
        ino, offset, length, kind = DIRENT64.unpack_from(data, at)
        name = data[at + DIRENT64.size : data.index(b"\0", at + DIRENT64.size)]
        body = DIRENT.pack(ino, offset & (1 << 64) - 1, length) + name
        records[at : at + length] = body.ljust(length - 1, b"\0") + bytes((kind,))
        at += length
    return bytes(records)


# ---- making and removing


@syscall()
def mkdir(t: Thread, path: Path, mode: Mode) -> int:
    """Create a directory."""
    return _mkdir(t, AT_FDCWD, path, mode)


@syscall()
def mkdirat(t: Thread, dirfd: DirFd, path: Path, mode: Mode) -> int:
    """Create a directory relative to another."""
    return _mkdir(t, dirfd, path, mode)


def _mkdir(t: Thread, dirfd: int, path: bytes, mode: int) -> int:
    with t.at(dirfd, path, False, create=True) as place:
        place.mkdir(mode & ALL_MODE_BITS)
    return 0


@syscall()
def rmdir(t: Thread, path: Path) -> int:
    """Remove an empty directory."""
    with t.at(AT_FDCWD, path, False, create=True) as place:
        place.rmdir()
    return 0


@syscall()
def unlink(t: Thread, path: Path) -> int:
    """Remove a name."""
    with t.at(AT_FDCWD, path, False, create=True) as place:
        place.unlink()
    return 0


@syscall()
def unlinkat(t: Thread, dirfd: DirFd, path: PathPtr, flags: AtBits) -> int:
    """Remove a name or (AT_REMOVEDIR) an empty directory."""
    if flags & ~AtFlags.REMOVEDIR:
        raise LinuxError(Errno.EINVAL)
    with t.at(dirfd, t.memory.path(path), False, create=True) as place:
        if flags:
            place.rmdir()
        else:
            place.unlink()
    return 0


@syscall(note="devices are EPERM, as to who lacks CAP_MKNOD: a zone has those of its /dev")
def mknod(t: Thread, path: PathPtr, mode: Mode, dev: Device) -> int:
    """Create a file, FIFO, socket or device node."""
    return _mknod(t, AT_FDCWD, path, mode, dev)


@syscall(note="as mknod")
def mknodat(t: Thread, dirfd: DirFd, path: PathPtr, mode: Mode, dev: Device) -> int:
    """Create a file, FIFO, socket or device node relative to a directory."""
    return _mknod(t, dirfd, path, mode, dev)


def _mknod(t: Thread, dirfd: int, path: int, mode: int, dev: int) -> int:
    kind = mode & S_IFMT
    if kind == S_IFDIR:
        raise LinuxError(Errno.EPERM)
    if kind not in (0, S_IFREG, S_IFCHR, S_IFBLK, S_IFIFO, S_IFSOCK):
        raise LinuxError(Errno.EINVAL)
    with t.at(dirfd, t.memory.path(path), False, create=True) as place:
        number = os.makedev(dev >> 8 & 0xFFF, dev & 0xFF | dev >> 12 & 0xFFF00) if kind in (S_IFCHR, S_IFBLK) else 0
        place.mknod((kind or S_IFREG) | mode & ALL_MODE_BITS, number)
    return 0


# ---- links


@syscall()
def link(t: Thread, old: Path, new: PathPtr) -> int:
    """Make a further name of a file."""
    return _link(t, AT_FDCWD, old, AT_FDCWD, new, 0)


@syscall()
def linkat(t: Thread, olddirfd: DirFd, old: PathPtr, newdirfd: DirFd, new: PathPtr, flags: AtBits) -> int:
    """Make a further name of a file, both relative to directories."""
    if flags & ~(AtFlags.SYMLINK_FOLLOW | AtFlags.EMPTY_PATH):
        raise LinuxError(Errno.EINVAL)
    return _link(t, olddirfd, t.memory.path(old), newdirfd, new, flags)


def _link(t: Thread, olddirfd: int, old: bytes, newdirfd: int, new: int, flags: int) -> int:
    follow, empty = bool(flags & AtFlags.SYMLINK_FOLLOW), bool(flags & AtFlags.EMPTY_PATH)
    newdirfd = _as_of_now(t, newdirfd)
    with t.at(olddirfd, old, follow, empty=empty) as source:
        try:
            place = _new(t, newdirfd, new)
        except (LinuxError, OSError):
            source.stat()
            raise
        with place:
            place.link_from(source)
    return 0


def _as_of_now(t: Thread, dirfd: int) -> int:
    """A descriptor that is looked at later: -1 if it is not open now, as what we open meanwhile may get its number."""
    try:
        if dirfd != AT_FDCWD:
            t.files.check(dirfd)
    except (LinuxError, OSError):
        return -1
    return dirfd


def _new(t: Thread, dirfd: int, path: int) -> "Place":
    """The second of two names: its pointer is looked at after the first name has been looked up."""
    return t.at(dirfd, t.memory.path(path), False, create=True)


@syscall()
def symlink(t: Thread, target: Path, path: PathPtr) -> int:
    """Make a symbolic link."""
    return _symlink(t, target, AT_FDCWD, path)


@syscall()
def symlinkat(t: Thread, target: Path, dirfd: DirFd, path: PathPtr) -> int:
    """Make a symbolic link relative to a directory."""
    return _symlink(t, target, dirfd, path)


def _symlink(t: Thread, target: bytes, dirfd: int, path: int) -> int:
    if not target:
        raise LinuxError(Errno.ENOENT)
    with t.at(dirfd, t.memory.path(path), False, create=True) as place:
        place.symlink(target)
    return 0


@syscall()
def readlink(t: Thread, path: PathPtr, buf: BufferOut, size: Int) -> int:
    """Read a symbolic link; the text is not terminated."""
    return _readlink(t, AT_FDCWD, path, buf, size)


@syscall()
def readlinkat(t: Thread, dirfd: DirFd, path: PathPtr, buf: BufferOut, size: Int) -> int:
    """Read a symbolic link relative to a directory; an empty path reads the link that was opened with O_PATH."""
    return _readlink(t, dirfd, path, buf, size)


def _readlink(t: Thread, dirfd: int, path: int, buf: int, size: int) -> int:
    if size <= 0:
        raise LinuxError(Errno.EINVAL)
    name = t.memory.path(path)
    with t.at(dirfd, name, False, empty=dirfd != AT_FDCWD) as place:
        try:
            text = place.readlink()[:size]
        except (LinuxError, OSError):
            if not name:
                raise LinuxError(Errno.ENOENT) from None
            raise
    t.memory.write(buf, text)
    return len(text)


# ---- renaming


@syscall()
def rename(t: Thread, old: Path, new: PathPtr) -> int:
    """Rename, replacing what has the new name."""
    return _rename(t, AT_FDCWD, old, AT_FDCWD, new, 0)


@syscall()
def renameat(t: Thread, olddirfd: DirFd, old: Path, newdirfd: DirFd, new: PathPtr) -> int:
    """Rename, both names relative to directories."""
    return _rename(t, olddirfd, old, newdirfd, new, 0)


@syscall()
def renameat2(t: Thread, olddirfd: DirFd, old: PathPtr, newdirfd: DirFd, new: PathPtr, flags: RenameBits) -> int:
    """Rename without replacing, exchange, or leave a whiteout. Linux 3.15."""
    if flags & ~(RenameFlags.NOREPLACE | RenameFlags.EXCHANGE | RenameFlags.WHITEOUT):
        raise LinuxError(Errno.EINVAL)
    if flags & RenameFlags.EXCHANGE and flags & ~RenameFlags.EXCHANGE:
        raise LinuxError(Errno.EINVAL)
    return _rename(t, olddirfd, t.memory.path(old), newdirfd, new, flags)


def _rename(t: Thread, olddirfd: int, old: bytes, newdirfd: int, new: int, flags: int) -> int:
    newdirfd = _as_of_now(t, newdirfd)
    with t.at(olddirfd, old, False, create=True) as source:
        source.search()
        with _new(t, newdirfd, new) as place:
            place.rename_from(source, flags)
    return 0


# ---- where the process is


@syscall()
def chdir(t: Thread, path: Path) -> int:
    """Change the working directory."""
    with t.at(AT_FDCWD, path) as place:
        t.fs.chdir(place)
    return 0


@syscall()
def fchdir(t: Thread, fd: Fd) -> int:
    """Change the working directory to an open one."""
    with t.at(fd, b"", empty=True) as place:
        t.fs.chdir(place)
    return 0


@syscall()
def getcwd(t: Thread, buf: BufferOut, size: Size) -> int:
    """The working directory's path; its length with the NUL."""
    text = t.fs.getcwd() + b"\0"
    if len(text) > size:
        raise LinuxError(Errno.ERANGE)
    t.memory.write(buf, text)
    return len(text)


@syscall()
def chroot(t: Thread, path: Path) -> int:
    """Change the root directory of path names."""
    with t.at(AT_FDCWD, path) as place:
        t.fs.chroot(place)
    return 0
