"""Namespaces: a zone is one, and makes none inside. What a process shares with nobody it may stop to share."""

from lx.abi.errno import Errno, LinuxError
from lx.host import linux_only
from lx.kernel.thread import Thread
from syscalls import _transfer as transfer
from syscalls.declare import syscall
from syscalls.process import NAMESPACES, CloneFlags
from syscalls.types import U64, Annotated, Fd, Int, flags_of

UnshareBits = Annotated[int, flags_of(CloneFlags, U64)]
SHARED_BY_THREADS = CloneFlags.THREAD | CloneFlags.SIGHAND | CloneFlags.VM
SHARED_THINGS = CloneFlags.FS | CloneFlags.FILES | CloneFlags.SYSVSEM


@syscall(note="new namespaces are refused with EPERM; none of several threads can leave descriptors, or what processes share")
def unshare(t: Thread, flags: UnshareBits) -> int:
    """Stop sharing with other threads or processes."""
    if flags & ~(SHARED_BY_THREADS | SHARED_THINGS | NAMESPACES):
        raise LinuxError(Errno.EINVAL)
    alone = sum(other.alive for other in t.process.threads) == 1
    if flags & SHARED_BY_THREADS and not alone:
        raise LinuxError(Errno.EINVAL)
    if flags & NAMESPACES:
        raise t.unsupported("unshare flags", flags & NAMESPACES, Errno.EPERM)
    unable = CloneFlags.FILES | CloneFlags.SYSVSEM | (CloneFlags.FS if t.fs.common else 0)
    if flags & unable and not alone:
        raise t.unsupported("unshare flags", flags, Errno.EINVAL)
    if flags & CloneFlags.FS:
        _own_fs(t)
    if flags & CloneFlags.SYSVSEM:
        linux_only.unshare(CloneFlags.SYSVSEM)
    return 0


def _own_fs(t: Thread) -> None:
    """The running thread gets a root, working directory and umask of its own. ENOMEM."""
    before = t.fs
    if before.common:
        linux_only.unshare(CloneFlags.FS)
        t.process.have_own_fs()
        return
    if any(other.alive and other is not t and other.fs is before for other in t.process.threads):
        own = before.copied()
        try:
            before.leave()
        except OSError:
            raise LinuxError(Errno.ENOMEM) from None
        t.fs = own
        t.process.use(own)


@syscall(note="no descriptor of a namespace can be had, so EINVAL is all that is answered to an open one")
def setns(t: Thread, fd: Fd, nstype: Int) -> int:
    """Join a namespace."""
    transfer.check_access(t, fd)
    raise LinuxError(Errno.EINVAL)
