"""Descriptors: opening, closing, duplicating, reading, writing, positions, sizes, synchronisation.

A guest descriptor is the host's of the same number, so nearly every row is one host call; what the table of descriptors
(lx.kernel.files) must know of goes through it. Flags and whence cross to the host by name. The order of checks is Linux's
(fs/open.c, fs/read_write.c by their man pages, and asked of the kernel where those are silent).
"""

import errno
import os
from struct import Struct

from lx.abi.errno import Errno, LinuxError
from lx.abi.fcntl import (
    ACCMODE,
    AT_FDCWD,
    OPEN_HOW,
    VALID_OPEN_FLAGS,
    CloseRange,
    Fadvise,
    FallocMode,
    MemfdFlags,
    OpenFlags,
    Resolve,
    RwFlags,
    SyncRange,
    Whence,
)
from lx.abi.stat import ALL_MODE_BITS
from lx.host import descriptors
from lx.kernel.files import Kind
from lx.kernel.thread import Thread
from syscalls import _transfer as transfer
from syscalls.declare import Restart, syscall
from syscalls.types import (
    U32,
    Annotated,
    Arg,
    BufferIn,
    BufferOut,
    DirFd,
    Fd,
    Long,
    Mode,
    Offset,
    PathPtr,
    Size,
    Text,
    UInt,
    ULong,
    flags_of,
    one_of,
    struct_in,
    struct_out,
)

OpenBits = Annotated[int, flags_of(OpenFlags)]
RwBits = Annotated[int, flags_of(RwFlags)]
FallocBits = Annotated[int, flags_of(FallocMode)]
MemfdBits = Annotated[int, flags_of(MemfdFlags)]
CloseRangeBits = Annotated[int, flags_of(CloseRange)]
SyncRangeBits = Annotated[int, flags_of(SyncRange)]
Seek = Annotated[int, one_of(Whence)]
Advice = Annotated[int, one_of(Fadvise)]
IoVecIn = Annotated[int, struct_in("iovec")]
IoVecOut = Annotated[int, struct_in("iovec")]
OpenHowIn = Annotated[int, struct_in("open_how")]
PipeOut = Annotated[int, struct_out("fdpair")]

VectorCount = Annotated[int, Arg("uint", U32)]

PATH_FLAGS = OpenFlags.DIRECTORY | OpenFlags.NOFOLLOW | OpenFlags.PATH | OpenFlags.CLOEXEC
WILL_CREATE = OpenFlags.CREAT | OpenFlags.TMPFILE_BIT
PAGE = 4096
RESOLVE_BITS = sum(Resolve)
PIPE_ENDS = Struct("<ii")


# ---- opening


def _check_open(flags: int) -> None:
    """EINVAL for flags that do not go together."""
    if flags & OpenFlags.TMPFILE_BIT:
        if not flags & OpenFlags.DIRECTORY or flags & OpenFlags.CREAT or not flags & ACCMODE:
            raise LinuxError(Errno.EINVAL)
    elif flags & OpenFlags.DIRECTORY and flags & OpenFlags.CREAT:
        raise LinuxError(Errno.EINVAL)


def _open(t: Thread, dirfd: int, path: int, flags: int, mode: int) -> int:
    flags &= VALID_OPEN_FLAGS
    if flags & OpenFlags.PATH:
        flags &= PATH_FLAGS
    _check_open(flags)
    mode = mode & ALL_MODE_BITS if flags & WILL_CREATE else 0
    return t.fs.open(dirfd, t.memory.path(path), flags, mode)


@syscall("open", restart=Restart.RESTART, result="fd", direct="open")
def open_(t: Thread, path: PathPtr, flags: OpenBits, mode: Mode) -> int:
    """Open a file."""
    return _open(t, AT_FDCWD, path, flags, mode)


@syscall(restart=Restart.RESTART, result="fd", direct="openat")
def openat(t: Thread, dirfd: DirFd, path: PathPtr, flags: OpenBits, mode: Mode) -> int:
    """Open a file relative to a directory."""
    return _open(t, dirfd, path, flags, mode)


@syscall(restart=Restart.RESTART, result="fd")
def creat(t: Thread, path: PathPtr, mode: Mode) -> int:
    """Create or truncate a file and open it for writing."""
    return _open(t, AT_FDCWD, path, OpenFlags.CREAT | OpenFlags.WRONLY | OpenFlags.TRUNC, mode)


@syscall(restart=Restart.RESTART, result="fd")
def openat2(t: Thread, dirfd: DirFd, path: PathPtr, how: OpenHowIn, size: Size) -> int:
    """Open a file, saying how its path may be resolved. Linux 5.6."""
    if size < OPEN_HOW.size:
        raise LinuxError(Errno.EINVAL)
    if size > PAGE:
        raise LinuxError(Errno.E2BIG)
    raw = t.memory.read(how, size)
    if any(raw[OPEN_HOW.size :]):
        raise LinuxError(Errno.E2BIG)
    flags, mode, resolve = OPEN_HOW.unpack_from(raw)
    if flags & ~VALID_OPEN_FLAGS or resolve & ~RESOLVE_BITS:
        raise LinuxError(Errno.EINVAL)
    if resolve & Resolve.BENEATH and resolve & Resolve.IN_ROOT:
        raise LinuxError(Errno.EINVAL)
    if mode & ~(ALL_MODE_BITS if flags & WILL_CREATE else 0):
        raise LinuxError(Errno.EINVAL)
    _check_open(flags)
    if flags & OpenFlags.PATH and flags & ~PATH_FLAGS:
        raise LinuxError(Errno.EINVAL)
    if resolve & Resolve.CACHED and flags & (WILL_CREATE | OpenFlags.TRUNC):
        raise LinuxError(Errno.EAGAIN)
    return t.fs.open(dirfd, t.memory.path(path), flags, mode, resolve)


@syscall(direct="close")
def close(t: Thread, fd: Fd) -> int:
    """Close a descriptor."""
    t.files.close(fd)
    return 0


@syscall()
def close_range(t: Thread, first: UInt, last: UInt, flags: CloseRangeBits) -> int:
    """Close all descriptors of a range, or mark them close-on-exec. Linux 5.9."""
    if flags & ~(CloseRange.UNSHARE | CloseRange.CLOEXEC) or first > last:
        raise LinuxError(Errno.EINVAL)
    for fd in t.files.open_descriptors(first, last):
        if flags & CloseRange.CLOEXEC:
            os.set_inheritable(fd, False)
        else:
            try:
                t.files.close(fd)
            except OSError:
                continue
    return 0


@syscall(result="fd", direct="dup")
def dup(t: Thread, fd: Fd) -> int:
    """Duplicate a descriptor to the lowest free number."""
    return t.files.dup(fd)


@syscall(result="fd")
def dup2(t: Thread, oldfd: Fd, newfd: Fd) -> int:
    """Duplicate a descriptor to a given number."""
    if oldfd == newfd:
        t.files.check(oldfd)
        return newfd
    return t.files.dup_to(oldfd, newfd, False)


@syscall(result="fd")
def dup3(t: Thread, oldfd: Fd, newfd: Fd, flags: OpenBits) -> int:
    """Duplicate a descriptor to a given number, perhaps close-on-exec. Linux 2.6.27."""
    if flags & ~OpenFlags.CLOEXEC or oldfd == newfd:
        raise LinuxError(Errno.EINVAL)
    return t.files.dup_to(oldfd, newfd, bool(flags))


PIPE_FLAGS = OpenFlags.CLOEXEC | OpenFlags.NONBLOCK | OpenFlags.DIRECT
O_NOTIFICATION_PIPE = OpenFlags.EXCL


def _pipe(t: Thread, out: int, flags: int) -> int:
    if flags & O_NOTIFICATION_PIPE and not flags & ~(PIPE_FLAGS | O_NOTIFICATION_PIPE):
        raise t.unsupported("pipe2 flag O_NOTIFICATION_PIPE", flags, Errno.ENOPKG)
    if flags & ~PIPE_FLAGS:
        raise LinuxError(Errno.EINVAL)
    ends = t.files.pipe(flags)
    try:
        t.memory.write(out, PIPE_ENDS.pack(*ends))
    except LinuxError:
        for end in ends:
            t.files.close(end)
        raise
    return 0


@syscall()
def pipe(t: Thread, fds: PipeOut) -> int:
    """Create a pipe."""
    return _pipe(t, fds, 0)


@syscall(note="O_NOTIFICATION_PIPE is refused: there is no watch queue")
def pipe2(t: Thread, fds: PipeOut, flags: OpenBits) -> int:
    """Create a pipe with flags. Linux 2.6.27."""
    return _pipe(t, fds, flags)


@syscall(note="MFD_HUGETLB is refused: no huge pages are kept", result="fd")
def memfd_create(t: Thread, name: Text, flags: MemfdBits) -> int:
    """Create an anonymous file in memory. Linux 3.17."""
    both = MemfdFlags.EXEC | MemfdFlags.NOEXEC_SEAL
    known = MemfdFlags.CLOEXEC | MemfdFlags.ALLOW_SEALING | both | MemfdFlags.HUGETLB
    known |= HUGE_SIZES if flags & MemfdFlags.HUGETLB else 0
    if flags & ~known or flags & both == both:
        raise LinuxError(Errno.EINVAL)
    text = t.memory.cstring(name, MEMFD_NAME_MAX + 1)
    if len(text) > MEMFD_NAME_MAX:
        raise LinuxError(Errno.EINVAL)
    if flags & MemfdFlags.HUGETLB:
        raise t.unsupported("memfd_create flag MFD_HUGETLB", flags, Errno.ENODEV)
    return t.files.adopt(descriptors.memfd_create(text, flags))


MEMFD_NAME_MAX = 249
HUGE_SIZES = 0x3F << 26
"""MFD_HUGE_*: the logarithm of the size. Linux uapi linux/memfd.h."""


# ---- reading and writing


@syscall(restart=Restart.RESTART, direct="read")
def read(t: Thread, fd: Fd, buf: BufferOut, count: Size) -> int:
    """Read."""
    return transfer.read_bytes(t, fd, buf, count)


@syscall(restart=Restart.RESTART, direct="write")
def write(t: Thread, fd: Fd, buf: BufferIn, count: Size) -> int:
    """Write."""
    return transfer.write_bytes(t, fd, buf, count)


@syscall(restart=Restart.RESTART, direct="pread")
def pread64(t: Thread, fd: Fd, buf: BufferOut, count: Size, offset: Offset) -> int:
    """Read at a position."""
    return transfer.read_bytes_at(t, fd, buf, count, offset)


@syscall(restart=Restart.RESTART, direct="pwrite")
def pwrite64(t: Thread, fd: Fd, buf: BufferIn, count: Size, offset: Offset) -> int:
    """Write at a position."""
    return transfer.write_bytes_at(t, fd, buf, count, offset)


@syscall(restart=Restart.RESTART)
def readv(t: Thread, fd: Fd, iov: IoVecOut, count: VectorCount) -> int:
    """Read into several buffers."""
    return transfer.read_vector(t, fd, iov, count)


@syscall(restart=Restart.RESTART)
def writev(t: Thread, fd: Fd, iov: IoVecIn, count: VectorCount) -> int:
    """Write from several buffers."""
    return transfer.write_vector(t, fd, iov, count)


@syscall(restart=Restart.RESTART)
def preadv(t: Thread, fd: Fd, iov: IoVecOut, count: VectorCount, offset: Offset, high: ULong) -> int:
    """Read into several buffers at a position. On a 64-bit machine the second half of the position is ignored."""
    return transfer.read_vector_at(t, fd, iov, count, offset)


@syscall(restart=Restart.RESTART)
def pwritev(t: Thread, fd: Fd, iov: IoVecIn, count: VectorCount, offset: Offset, high: ULong) -> int:
    """Write from several buffers at a position."""
    return transfer.write_vector_at(t, fd, iov, count, offset)


@syscall(note="flags beyond those of the host are refused with EOPNOTSUPP, as by a kernel of its age", restart=Restart.RESTART)
def preadv2(t: Thread, fd: Fd, iov: IoVecOut, count: VectorCount, offset: Offset, high: ULong, flags: RwBits) -> int:
    """preadv with flags; position -1 is the descriptor's. Linux 4.6."""
    return transfer.read_vector_at(t, fd, iov, count, offset, flags, current=True)


@syscall(note="flags beyond those of the host are refused with EOPNOTSUPP, as by a kernel of its age", restart=Restart.RESTART)
def pwritev2(t: Thread, fd: Fd, iov: IoVecIn, count: VectorCount, offset: Offset, high: ULong, flags: RwBits) -> int:
    """pwritev with flags; position -1 is the descriptor's. Linux 4.6."""
    return transfer.write_vector_at(t, fd, iov, count, offset, flags, current=True)


# ---- positions and sizes


@syscall(direct="lseek")
def lseek(t: Thread, fd: Fd, offset: Offset, whence: Seek) -> int:
    """Move the descriptor's position."""
    if t.files.kind(fd) == Kind.SYNTHETIC:
        return t.files.synthetic(fd).seek(t.process, offset, whence)
    return os.lseek(fd, offset, HOST_WHENCE.get(whence, -1))


HOST_WHENCE: dict[int, int] = {w: getattr(os, f"SEEK_{w.name}") for w in Whence if hasattr(os, f"SEEK_{w.name}")}


@syscall()
def truncate(t: Thread, path: PathPtr, length: Long) -> int:
    """Set a file's size."""
    if length < 0:
        raise LinuxError(Errno.EINVAL)
    with t.at(AT_FDCWD, t.memory.path(path)) as place:
        place.truncate(length)
    return 0


@syscall()
def ftruncate(t: Thread, fd: Fd, length: Long) -> int:
    """Set an open file's size."""
    if length < 0:
        raise LinuxError(Errno.EINVAL)
    if t.files.kind(fd) == Kind.SYNTHETIC:
        t.files.synthetic(fd).truncate()
    else:
        os.ftruncate(fd, length)
    return 0


@syscall(restart=Restart.RESTART)
def fallocate(t: Thread, fd: Fd, mode: FallocBits, offset: Offset, length: Offset) -> int:
    """Allocate, punch, zero, collapse or insert a range. Linux 2.6.23."""
    t.files.check(fd)
    try:
        return descriptors.fallocate(fd, mode, offset, length)
    except OSError as error:
        if error.errno == errno.ENODEV and t.files.kind(fd) == Kind.SYNTHETIC:
            raise LinuxError(Errno.EOPNOTSUPP) from None
        if error.errno == errno.ESPIPE and t.files.kind(fd) == Kind.SYNTHETIC:
            raise LinuxError(Errno.ENODEV) from None
        raise


@syscall()
def fadvise64(t: Thread, fd: Fd, offset: Offset, length: Offset, advice: Advice) -> int:
    """Announce how a range of a file will be used."""
    t.files.check(fd)
    try:
        descriptors.fadvise(fd, offset, length, advice)
    except OSError as error:
        if error.errno != errno.ESPIPE or t.files.kind(fd) != Kind.SYNTHETIC:
            raise
        with open(os.devnull, "rb") as nothing:
            descriptors.fadvise(nothing.fileno(), offset, length, advice)
    return 0


@syscall()
def readahead(t: Thread, fd: Fd, offset: Offset, count: Size) -> int:
    """Read a range of a file into the cache."""
    t.files.check(fd)
    return descriptors.readahead(fd, offset, count)


# ---- to the disk


@syscall()
def fsync(t: Thread, fd: Fd) -> int:
    """Write a file's data and metadata to the disk."""
    t.files.check(fd)
    os.fsync(fd)
    return 0


@syscall()
def fdatasync(t: Thread, fd: Fd) -> int:
    """Write a file's data to the disk."""
    t.files.check(fd)
    os.fdatasync(fd)
    return 0


@syscall()
def sync(t: Thread) -> int:
    """Write all file systems to the disk."""
    os.sync()
    return 0


@syscall()
def syncfs(t: Thread, fd: Fd) -> int:
    """Write a descriptor's file system to the disk. Linux 2.6.39."""
    t.files.check(fd)
    return descriptors.syncfs(fd)


@syscall()
def sync_file_range(t: Thread, fd: Fd, offset: Offset, length: Offset, flags: SyncRangeBits) -> int:
    """Write a range of a file to the disk."""
    t.files.check(fd)
    return descriptors.sync_file_range(fd, offset, length, flags)
