"""fcntl and flock: what is asked of an open descriptor.

One table says what each command's argument is; the host carries the command out, its number found by name. Process ids
in arguments and answers are the guest's. A lock that must be waited for is waited for in the host, because only the host sees
a deadlock (EDEADLK); its wait ends when a signal comes.

Leases, directory notifications and O_ASYNC make the host send the signal, which reaches the guest like any other.
"""

import fcntl as host_fcntl
import os
import sys
from struct import Struct

from lx.abi.errno import Errno, LinuxError
from lx.abi.fcntl import FD_CLOEXEC, FLOCK, OWNER_EX, SETTABLE, Fcntl, FlockOperation, LockType, OwnerType
from lx.abi.lean import Callable
from lx.abi.word import s32
from lx.host import descriptors, numbers
from lx.kernel import errand
from lx.kernel.thread import Thread
from syscalls import _transfer as transfer
from syscalls.declare import Restart, syscall
from syscalls.types import Annotated, Fd, ULong, flags_of, one_of

Command = Annotated[int, one_of(Fcntl)]
FlockBits = Annotated[int, flags_of(FlockOperation)]
Action = Callable[[Thread, int, int, int], int]
"""(thread, descriptor, host command, argument) to the result."""

HINT = Struct("<Q")
UIDS = Struct("<II")
DELEGATION = Struct("<IHH")
NSIG = 64
HOST_LOCKS = {int(kind): int(getattr(host_fcntl, f"F_{kind.name}")) for kind in LockType}
LINUX_LOCKS = {host: linux for linux, host in HOST_LOCKS.items()}


def host_command(command: Fcntl) -> int | None:
    """The host's number of a command, by name; a Linux host has those that Python does not name."""
    number: int | None = getattr(host_fcntl, f"F_{command.name}", None)
    return int(command) if number is None and sys.platform == "linux" else number


# ---- what commands do


def _dupfd(close_on_exec: bool) -> Action:
    return lambda t, fd, command, arg: int(t.files.dup(fd, s32(arg), close_on_exec))


def _getfd(t: Thread, fd: int, command: int, arg: int) -> int:
    return 0 if os.get_inheritable(fd) else FD_CLOEXEC


def _setfd(t: Thread, fd: int, command: int, arg: int) -> int:
    os.set_inheritable(fd, not arg & FD_CLOEXEC)
    return 0


def _getfl(t: Thread, fd: int, command: int, arg: int) -> int:
    flags = numbers.open_flags_to_linux(transfer.host_flags(fd))
    entry = t.files.entry(fd)
    return flags if entry is None else flags & ~entry.hidden_flags | entry.shown_flags


def _setfl(t: Thread, fd: int, command: int, arg: int) -> int:
    return descriptors.fcntl(fd, command, numbers.open_flags_to_host(arg & SETTABLE))


def _number(t: Thread, fd: int, command: int, arg: int) -> int:
    """A command with a plain number, or none."""
    return descriptors.fcntl(fd, command, s32(arg))


def _pipe_size(t: Thread, fd: int, command: int, arg: int) -> int:
    if t.files.entry(fd) is not None:
        raise LinuxError(Errno.EBADF)
    return descriptors.fcntl(fd, command, arg & 0xFFFFFFFF)


def _buffer(layout: Struct) -> Action:
    """A command with a structure that crosses as it is."""

    def run(t: Thread, fd: int, command: int, arg: int) -> int:
        data = _argument(t, arg, layout)
        if data is None:
            return descriptors.fcntl(fd, command, descriptors.nowhere)
        result = descriptors.fcntl_buffer(fd, command, data)
        t.memory.write(arg, bytes(data))
        return result

    return run


def _argument(t: Thread, arg: int, layout: Struct) -> bytearray | None:
    """A structure of the guest's; None if it is not there: the host then says which error comes first."""
    try:
        return bytearray(t.memory.read(arg, layout.size))
    except LinuxError:
        return None


def _buffer_in(layout: Struct) -> Action:
    """Likewise, and the guest's is not written."""

    def run(t: Thread, fd: int, command: int, arg: int) -> int:
        data = _argument(t, arg, layout)
        if data is None:
            return descriptors.fcntl(fd, command, descriptors.nowhere)
        return descriptors.fcntl_buffer(fd, command, data)

    return run


# ---- record locks


def _lock(wait: bool) -> Action:
    def run(t: Thread, fd: int, command: int, arg: int) -> int:
        kind, whence, start, length, pid = t.memory.read_struct(arg, FLOCK)
        data = bytearray(FLOCK.pack(HOST_LOCKS.get(kind, -1), whence, start, length, pid))
        if wait:
            return errand.run(t, lambda _: descriptors.fcntl_buffer(fd, command, data))
        return descriptors.fcntl_buffer(fd, command, data)

    return run


def _getlk(t: Thread, fd: int, command: int, arg: int) -> int:
    kind, whence, start, length, pid = t.memory.read_struct(arg, FLOCK)
    data = bytearray(FLOCK.pack(HOST_LOCKS.get(kind, -1), whence, start, length, pid))
    descriptors.fcntl_buffer(fd, command, data)
    found, whence, start, length, owner = FLOCK.unpack(data)
    kind = LINUX_LOCKS.get(found, found)
    if kind != LockType.UNLCK and owner > 0:
        owner = _guest_pid(t, owner)
    t.memory.write(arg, FLOCK.pack(kind, whence, start, length, owner))
    return 0


def _guest_pid(t: Thread, host_pid: int) -> int:
    """The guest's id of a process (or of a group, by its leader); 0 for what is not of the zone."""
    return int(t.zone.guest_pid(host_pid)) if host_pid > 0 and t.zone.has(host_pid) else 0


def _host_pid(t: Thread, pid: int) -> int:
    return int(t.zone.host_pid(pid)) if pid > 0 else pid


# ---- owners and signals


def _getown(t: Thread, fd: int, command: int, arg: int) -> int:
    kind, pid = _owner(fd)
    return -_guest_pid(t, pid) if kind == OwnerType.PGRP else _guest_pid(t, pid)


def _owner(fd: int) -> tuple[int, int]:
    data = bytearray(OWNER_EX.size)
    descriptors.fcntl_buffer(fd, Fcntl.GETOWN_EX, data)
    kind, pid = OWNER_EX.unpack(data)
    return kind, pid


def _setown(t: Thread, fd: int, command: int, arg: int) -> int:
    who = s32(arg)
    if who == -(1 << 31):
        raise LinuxError(Errno.EINVAL)
    return descriptors.fcntl(fd, command, _host_pid(t, who) if who >= 0 else -_host_pid(t, -who))


def _getown_ex(t: Thread, fd: int, command: int, arg: int) -> int:
    kind, pid = _owner(fd)
    t.memory.write_struct(arg, OWNER_EX, kind, _guest_pid(t, pid))
    return 0


def _setown_ex(t: Thread, fd: int, command: int, arg: int) -> int:
    kind, pid = t.memory.read_struct(arg, OWNER_EX)
    return descriptors.fcntl_buffer(fd, command, bytearray(OWNER_EX.pack(kind, _host_pid(t, pid))))


def _setsig(t: Thread, fd: int, command: int, arg: int) -> int:
    if arg > NSIG:
        raise LinuxError(Errno.EINVAL)
    return descriptors.fcntl(fd, command, numbers.signal_to_host(arg) if arg else 0)


def _getsig(t: Thread, fd: int, command: int, arg: int) -> int:
    signo = descriptors.fcntl(fd, command)
    return numbers.signal_to_linux(signo) if signo else 0


def _setlease(t: Thread, fd: int, command: int, arg: int) -> int:
    return descriptors.fcntl(fd, command, HOST_LOCKS.get(s32(arg), -1))


def _getlease(t: Thread, fd: int, command: int, arg: int) -> int:
    return LINUX_LOCKS[descriptors.fcntl(fd, command)]


def _no_command(t: Thread, fd: int, command: int, arg: int) -> int:
    raise LinuxError(Errno.EINVAL)


COMMANDS: dict[int, Action] = {
    Fcntl.DUPFD: _dupfd(False),
    Fcntl.GETFD: _getfd,
    Fcntl.SETFD: _setfd,
    Fcntl.GETFL: _getfl,
    Fcntl.SETFL: _setfl,
    Fcntl.GETLK: _getlk,
    Fcntl.SETLK: _lock(False),
    Fcntl.SETLKW: _lock(True),
    Fcntl.SETOWN: _setown,
    Fcntl.GETOWN: _getown,
    Fcntl.SETSIG: _setsig,
    Fcntl.GETSIG: _getsig,
    Fcntl.SETOWN_EX: _setown_ex,
    Fcntl.GETOWN_EX: _getown_ex,
    Fcntl.GETOWNER_UIDS: _buffer(UIDS),
    Fcntl.OFD_GETLK: _getlk,
    Fcntl.OFD_SETLK: _lock(False),
    Fcntl.OFD_SETLKW: _lock(True),
    Fcntl.SETLEASE: _setlease,
    Fcntl.GETLEASE: _getlease,
    Fcntl.NOTIFY: _number,
    Fcntl.DUPFD_QUERY: _number,
    Fcntl.CREATED_QUERY: _number,
    Fcntl.CANCELLK: _no_command,
    Fcntl.DUPFD_CLOEXEC: _dupfd(True),
    Fcntl.SETPIPE_SZ: _pipe_size,
    Fcntl.GETPIPE_SZ: _pipe_size,
    Fcntl.ADD_SEALS: _number,
    Fcntl.GET_SEALS: _number,
    Fcntl.GET_RW_HINT: _buffer(HINT),
    Fcntl.SET_RW_HINT: _buffer_in(HINT),
    Fcntl.GET_FILE_RW_HINT: _buffer(HINT),
    Fcntl.SET_FILE_RW_HINT: _buffer_in(HINT),
    Fcntl.GETDELEG: _buffer(DELEGATION),
    Fcntl.SETDELEG: _buffer_in(DELEGATION),
}
ON_PATH_DESCRIPTORS = frozenset(
    {
        Fcntl.CREATED_QUERY,
        Fcntl.DUPFD,
        Fcntl.DUPFD_CLOEXEC,
        Fcntl.DUPFD_QUERY,
        Fcntl.GETFD,
        Fcntl.SETFD,
        Fcntl.GETFL,
    }
)
"""What Linux answers on an O_PATH descriptor; all else is EBADF there."""


@syscall(restart=Restart.RESTART)
def fcntl(t: Thread, fd: Fd, command: Command, arg: ULong) -> int:
    """Examine or change an open descriptor."""
    t.files.check(fd)
    action = COMMANDS.get(command)
    number = host_command(Fcntl(command)) if action is not None else None
    if command not in ON_PATH_DESCRIPTORS and transfer.is_path(fd):
        raise LinuxError(Errno.EBADF)
    if action is None or number is None:
        raise t.unsupported("fcntl command", command, Errno.EINVAL)
    return action(t, fd, number, arg)


HOST_FLOCK = {
    FlockOperation.SH: host_fcntl.LOCK_SH,
    FlockOperation.EX: host_fcntl.LOCK_EX,
    FlockOperation.UN: host_fcntl.LOCK_UN,
}


@syscall(restart=Restart.RESTART)
def flock(t: Thread, fd: Fd, operation: FlockBits) -> int:
    """Lock or unlock a whole file for its open description. LOCK_MAND does nothing, as since Linux 5.16."""
    wanted = HOST_FLOCK.get(FlockOperation(operation & ~FlockOperation.NB))
    if operation & FlockOperation.MAND:
        return 0
    if wanted is None:
        raise LinuxError(Errno.EINVAL)
    t.files.check(fd)
    if not operation & FlockOperation.NB:
        return errand.run(t, lambda _: descriptors.flock(fd, wanted))
    return descriptors.flock(fd, wanted | host_fcntl.LOCK_NB)
