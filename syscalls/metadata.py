"""What is told of files and may be changed of them: stat, access, mode, owner, times, and the file system they are on.

Structures leave here packed as the guest's architecture has them; numbers in them (devices, modes) are Linux's. A path argument
becomes a Place (lx.kernel.vfs). Flags are checked before the path where Linux does.
"""

import os

from lx.abi.errno import Errno, LinuxError
from lx.abi.fcntl import AT_FDCWD, AtFlags
from lx.abi.stat import ALL_MODE_BITS, TIMESPEC, UTIMBUF, Access, StatxMask
from lx.kernel.thread import Thread
from syscalls import _transfer as transfer
from syscalls.declare import syscall
from syscalls.types import Annotated, DirFd, Fd, Gid, Mode, Path, PathPtr, Uid, flags_of, struct_in, struct_out

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from lx.kernel.vfs import Place

AtBits = Annotated[int, flags_of(AtFlags)]
AccessBits = Annotated[int, flags_of(Access)]
StatxBits = Annotated[int, flags_of(StatxMask)]
StatOut = Annotated[int, struct_out("stat")]
StatxOut = Annotated[int, struct_out("statx")]
StatfsOut = Annotated[int, struct_out("statfs")]
TimespecsIn = Annotated[int, struct_in("timespecs")]
TimevalsIn = Annotated[int, struct_in("timevals")]
UtimbufIn = Annotated[int, struct_in("utimbuf")]

SYNC_TYPE = AtFlags.STATX_FORCE_SYNC | AtFlags.STATX_DONT_SYNC
STAT_FLAGS = AtFlags.SYMLINK_NOFOLLOW | AtFlags.NO_AUTOMOUNT | AtFlags.EMPTY_PATH | SYNC_TYPE
PATH_FLAGS = AtFlags.SYMLINK_NOFOLLOW | AtFlags.EMPTY_PATH


def _place(t: Thread, dirfd: int, path: int, flags: int, *, null: bool = False) -> "Place":
    """The place that a path argument and AT_ flags name. null: a null path is an empty one."""
    empty = bool(flags & AtFlags.EMPTY_PATH)
    name = b"" if null and empty and not path else t.memory.path(path)
    return t.at(dirfd, name, not flags & AtFlags.SYMLINK_NOFOLLOW, empty=empty)


def _flags(flags: int, valid: int) -> None:
    if flags & ~valid:
        raise LinuxError(Errno.EINVAL)


# ---- stat


def _store(t: Thread, buf: int, st: "Any") -> int:
    t.memory.write(buf, t.process.arch.pack_stat(st))
    return 0


@syscall(direct="stat")
def stat(t: Thread, path: Path, buf: StatOut) -> int:
    """Metadata of a file."""
    with t.at(AT_FDCWD, path) as place:
        return _store(t, buf, place.stat())


@syscall(direct="lstat")
def lstat(t: Thread, path: Path, buf: StatOut) -> int:
    """Metadata of a file, of a symbolic link itself."""
    with t.at(AT_FDCWD, path, False) as place:
        return _store(t, buf, place.stat())


@syscall(direct="fstat")
def fstat(t: Thread, fd: Fd, buf: StatOut) -> int:
    """Metadata of an open file."""
    return _store(t, buf, _of_descriptor(t, fd))


def _of_descriptor(t: Thread, fd: int) -> "Any":
    t.files.check(fd)
    entry = t.files.entry(fd)
    return os.fstat(fd) if entry is None else entry.node.stat(t.process)


def _means_descriptor(t: Thread, dirfd: int, path: int, flags: int) -> bool:
    """Whether there is no path, or nothing in it, and may be: then no flag is strange. A bad address is judged later."""
    if not flags & AtFlags.EMPTY_PATH or dirfd < 0:
        return False
    try:
        return not path or t.memory.read(path, 1) == b"\0"
    except LinuxError:
        return False


@syscall(direct="fstatat")
def newfstatat(t: Thread, dirfd: DirFd, path: PathPtr, buf: StatOut, flags: AtBits) -> int:
    """Metadata of a file relative to a directory, or of the descriptor itself."""
    if _means_descriptor(t, dirfd, path, flags):
        return _store(t, buf, _of_descriptor(t, dirfd))
    _flags(flags, STAT_FLAGS)
    with _place(t, dirfd, path, flags, null=True) as place:
        return _store(t, buf, place.stat())


@syscall()
def statx(t: Thread, dirfd: DirFd, path: PathPtr, flags: AtBits, mask: StatxBits, buf: StatxOut) -> int:
    """Extended metadata. Linux 4.11."""
    if mask & StatxMask.RESERVED or flags & SYNC_TYPE == SYNC_TYPE:
        raise LinuxError(Errno.EINVAL)
    if not _means_descriptor(t, dirfd, path, flags):
        _flags(flags, STAT_FLAGS)
    with _place(t, dirfd, path, flags, null=True) as place:
        t.memory.write(buf, place.statx(flags & SYNC_TYPE, mask))
    return 0


@syscall()
def statfs(t: Thread, path: Path, buf: StatfsOut) -> int:
    """The file system that a path is on."""
    with t.at(AT_FDCWD, path) as place:
        t.memory.write(buf, place.statfs())
    return 0


@syscall()
def fstatfs(t: Thread, fd: Fd, buf: StatfsOut) -> int:
    """The file system that an open file is on."""
    with t.at(fd, b"", empty=True) as place:
        t.memory.write(buf, place.statfs())
    return 0


# ---- access


def _access(t: Thread, dirfd: int, path: int, mode: int, flags: int) -> int:
    if mode & ~(Access.R_OK | Access.W_OK | Access.X_OK):
        raise LinuxError(Errno.EINVAL)
    _flags(flags, PATH_FLAGS | AtFlags.EACCESS)
    with _place(t, dirfd, path, flags) as place:
        place.access(mode, bool(flags & AtFlags.EACCESS))
    return 0


@syscall(direct="access")
def access(t: Thread, path: PathPtr, mode: AccessBits) -> int:
    """What the real ids may do with a file."""
    return _access(t, AT_FDCWD, path, mode, 0)


@syscall(direct="accessat")
def faccessat(t: Thread, dirfd: DirFd, path: PathPtr, mode: AccessBits) -> int:
    """What the real ids may do with a file relative to a directory."""
    return _access(t, dirfd, path, mode, 0)


@syscall()
def faccessat2(t: Thread, dirfd: DirFd, path: PathPtr, mode: AccessBits, flags: AtBits) -> int:
    """What the real or effective ids may do with a file. Linux 5.8."""
    return _access(t, dirfd, path, mode, flags)


# ---- mode and owner


def _open_place(t: Thread, fd: int) -> "Place":
    """The file of a descriptor that was opened for use: an O_PATH one is EBADF."""
    transfer.check_access(t, fd)
    return t.at(fd, b"", empty=True)


def _chmod(t: Thread, dirfd: int, path: int, mode: int, flags: int = 0) -> int:
    _flags(flags, PATH_FLAGS)
    with _place(t, dirfd, path, flags) as place:
        place.chmod(mode & ALL_MODE_BITS)
    return 0


@syscall()
def chmod(t: Thread, path: PathPtr, mode: Mode) -> int:
    """Set a file's permissions."""
    return _chmod(t, AT_FDCWD, path, mode)


@syscall()
def fchmodat(t: Thread, dirfd: DirFd, path: PathPtr, mode: Mode) -> int:
    """Set a file's permissions, its path relative to a directory."""
    return _chmod(t, dirfd, path, mode)


@syscall()
def fchmodat2(t: Thread, dirfd: DirFd, path: PathPtr, mode: Mode, flags: AtBits) -> int:
    """fchmodat with flags. Linux 6.6."""
    return _chmod(t, dirfd, path, mode, flags)


@syscall()
def fchmod(t: Thread, fd: Fd, mode: Mode) -> int:
    """Set an open file's permissions."""
    with _open_place(t, fd) as place:
        place.chmod(mode & ALL_MODE_BITS)
    return 0


def _chown(t: Thread, dirfd: int, path: int, uid: int, gid: int, flags: int) -> int:
    _flags(flags, PATH_FLAGS)
    with _place(t, dirfd, path, flags) as place:
        place.chown(uid, gid)
    return 0


@syscall()
def chown(t: Thread, path: PathPtr, uid: Uid, gid: Gid) -> int:
    """Set a file's owner and group."""
    return _chown(t, AT_FDCWD, path, uid, gid, 0)


@syscall()
def lchown(t: Thread, path: PathPtr, uid: Uid, gid: Gid) -> int:
    """Set owner and group of a symbolic link itself."""
    return _chown(t, AT_FDCWD, path, uid, gid, AtFlags.SYMLINK_NOFOLLOW)


@syscall()
def fchownat(t: Thread, dirfd: DirFd, path: PathPtr, uid: Uid, gid: Gid, flags: AtBits) -> int:
    """Set a file's owner and group, its path relative to a directory."""
    return _chown(t, dirfd, path, uid, gid, flags)


@syscall()
def fchown(t: Thread, fd: Fd, uid: Uid, gid: Gid) -> int:
    """Set an open file's owner and group."""
    with _open_place(t, fd) as place:
        place.chown(uid, gid)
    return 0


@syscall(result="mode", direct="umask")
def umask(t: Thread, mask: Mode) -> int:
    """Set the mask of permissions that new files do not get; the one before."""
    return os.umask(mask & 0o777)


# ---- times


def _utimes(t: Thread, dirfd: int, path: int, times: bytes | None, flags: int = 0) -> int:
    if not path and dirfd != AT_FDCWD:
        _flags(flags, 0)
        with _open_place(t, dirfd) as place:
            place.utimens(times)
        return 0
    _flags(flags, PATH_FLAGS)
    with _place(t, dirfd, path, flags) as place:
        place.utimens(times)
    return 0


@syscall()
def utimensat(t: Thread, dirfd: DirFd, path: PathPtr, times: TimespecsIn, flags: AtBits) -> int:
    """Set access and modification time in nanoseconds; a null path means the descriptor. Linux 2.6.22."""
    raw = t.memory.read(times, 2 * TIMESPEC.size) if times else None
    if raw is not None and all(TIMESPEC.unpack_from(raw, at)[1] == UTIME_OMIT for at in (0, TIMESPEC.size)):
        return 0
    return _utimes(t, dirfd, path, raw, flags)


UTIME_OMIT = (1 << 30) - 2
MILLION = 1_000_000


def _from_timevals(t: Thread, times: int) -> bytes | None:
    """Two struct timeval as two struct timespec. EINVAL for microseconds out of range."""
    if not times:
        return None
    values = [TIMESPEC.unpack(t.memory.read(times + at, TIMESPEC.size)) for at in (0, TIMESPEC.size)]
    if any(not 0 <= micro < MILLION for _, micro in values):
        raise LinuxError(Errno.EINVAL)
    return b"".join(TIMESPEC.pack(seconds, micro * 1000) for seconds, micro in values)


@syscall()
def utimes(t: Thread, path: PathPtr, times: TimevalsIn) -> int:
    """Set access and modification time in microseconds."""
    return _utimes(t, AT_FDCWD, path, _from_timevals(t, times))


@syscall()
def futimesat(t: Thread, dirfd: DirFd, path: PathPtr, times: TimevalsIn) -> int:
    """utimes relative to a directory; a null path means the descriptor."""
    return _utimes(t, dirfd, path, _from_timevals(t, times))


@syscall()
def utime(t: Thread, path: PathPtr, times: UtimbufIn) -> int:
    """Set access and modification time in seconds."""
    raw = None
    if times:
        raw = b"".join(TIMESPEC.pack(seconds, 0) for seconds in UTIMBUF.unpack(t.memory.read(times, UTIMBUF.size)))
    return _utimes(t, AT_FDCWD, path, raw)
