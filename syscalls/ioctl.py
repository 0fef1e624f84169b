"""ioctl: one table of commands; each says what its argument is, and the host carries it out.

A descriptor is the host's, so a terminal's modes, size, session and foreground group are the host's own, and guest pids are
host pids. What differs from handing everything down is what the table leaves out: a command without a row is ENOTTY, as to
a device that does not know it, because its argument could be an address of ours. Rows that refuse say why: they would
reach out of the zone (TIOCSTI types into the operator's own shell).

A bad address is not judged here: the host is asked with a bad one of its own, so that ENOTTY and EIO come before EFAULT.

Limits: another host than Linux answers the commands that its termios module names; a terminal's settings cross by name
(lx.host.terminals), all other structures unchanged.
"""

import os
import stat
import sys
import termios
from struct import Struct

from lx.abi.errno import Errno, LinuxError
from lx.abi.ioctl import (
    EPOLL_PARAMS,
    FILE_CLONE_RANGE,
    IFCONF,
    IFREQ,
    INT,
    LOFF,
    N_TTY,
    TERMIO,
    TERMIOS,
    TERMIOS2,
    TIMEVAL,
    WINSIZE,
    Ioctl,
)
from lx.abi.lean import Callable
from lx.abi.signals import NSIG
from lx.abi.word import s32
from lx.host import descriptors, numbers
from lx.host.terminals import HOST
from lx.kernel import errand
from lx.kernel.thread import Thread
from syscalls import _transfer as transfer
from syscalls.declare import Restart, syscall
from syscalls.types import Annotated, Fd, ULong, one_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TypeAlias

Command = Annotated[int, one_of(Ioctl, "{a} & 0xffffffff")]
IFCONF_MAX = 1 << 16
HOST_IFCONF = Struct("@iP")
Action: "TypeAlias" = Callable[[Thread, int, int, int], int]
"""(thread, descriptor, host's command, argument) to the result."""
Turn: "TypeAlias" = Callable[[bytes], bytes | bytearray]
"""A structure from Linux's numbers to the host's, or back."""


def host_command(command: Ioctl) -> int | None:
    """The host's number of a command, by name; a Linux host has those that Python does not name."""
    return int(command) if sys.platform == "linux" else getattr(termios, command.name, None)


EPOLL = b"anon_inode:[eventpoll]"


# ---- what arguments are


def _out(size: int, to_linux: Turn = bytes) -> Action:
    """An address of `size` bytes that the host fills in."""

    def run(t: Thread, fd: int, command: int, arg: int) -> int:
        data = bytearray(size)
        result = descriptors.ioctl_buffer(fd, command, data)
        t.memory.write(arg, bytes(to_linux(bytes(data))))
        return result

    return run


def _in(size: int, to_host: Turn = bytes, *, waits: bool = False) -> Action:
    """An address of `size` bytes that the host reads. waits: for output to drain, or for the foreground (SIGTTOU)."""

    def run(t: Thread, fd: int, command: int, arg: int) -> int:
        try:
            data = bytearray(to_host(t.memory.read(arg, size)))
        except LinuxError:
            return descriptors.ioctl(fd, command, descriptors.nowhere)
        if waits:
            background = descriptors.in_background(fd)
            return errand.run(t, lambda _: descriptors.ioctl_buffer(fd, command, data), background=background)
        return descriptors.ioctl_buffer(fd, command, data)

    return run


def _inout(size: int) -> Action:
    """An address of `size` bytes that the host reads and changes."""

    def run(t: Thread, fd: int, command: int, arg: int) -> int:
        try:
            data = bytearray(t.memory.read(arg, size))
        except LinuxError:
            return descriptors.ioctl(fd, command, descriptors.nowhere)
        result = descriptors.ioctl_buffer(fd, command, data)
        t.memory.write(arg, bytes(data))
        return result

    return run


def _plain(t: Thread, fd: int, command: int, arg: int) -> int:
    """A number, or nothing."""
    return descriptors.ioctl(fd, command, s32(arg))


def _plain_waits(t: Thread, fd: int, command: int, arg: int) -> int:
    background = descriptors.in_background(fd)
    return errand.run(t, lambda _: descriptors.ioctl(fd, command, s32(arg)), background=background)


# ---- commands with a meaning here


def _close_on_exec(on: bool) -> Action:
    def run(t: Thread, fd: int, command: int, arg: int) -> int:
        t.files.set_close_on_exec(fd, on)
        return 0

    return run


def _peer(t: Thread, fd: int, command: int, arg: int) -> int:
    return t.files.adopt(descriptors.ioctl(fd, command, numbers.open_flags_to_host(arg & 0xFFFFFFFF)))


def _signal(t: Thread, fd: int, command: int, arg: int) -> int:
    number = s32(arg)
    return descriptors.ioctl(fd, command, numbers.signal_to_host(number) if 0 < number <= NSIG else -1)


def _namespace(t: Thread, fd: int, command: int, arg: int) -> int:
    return t.files.adopt(descriptors.ioctl(fd, command, 0))


def _unknown(t: Thread, fd: int) -> int:
    """What a descriptor that is no device says to a command that it does not know: ENOTTY, or as its kernel says of an epoll."""
    if t.files.path_of(fd) == EPOLL:
        return descriptors.ioctl(fd, 0)
    raise LinuxError(Errno.ENOTTY)


def _discipline(t: Thread, fd: int, command: int, arg: int) -> int:
    if not os.isatty(fd):
        return _unknown(t, fd)
    wanted = t.memory.u32(arg)
    if wanted != N_TTY:
        raise t.unsupported("line discipline", wanted, Errno.EINVAL)
    return descriptors.ioctl_buffer(fd, command, bytearray(INT))


def _clone(t: Thread, fd: int, command: int, arg: int) -> int:
    t.files.check(s32(arg))
    return descriptors.ioctl(fd, command, s32(arg))


def _clone_range(t: Thread, fd: int, command: int, arg: int) -> int:
    data = bytearray(t.memory.read(arg, FILE_CLONE_RANGE))
    t.files.check(int.from_bytes(data[:8], "little", signed=True))
    return descriptors.ioctl_buffer(fd, command, data)


def _interfaces(t: Thread, fd: int, command: int, arg: int) -> int:
    """SIOCGIFCONF: a structure that says where the answer is to be put; nowhere: how long it is."""
    if not stat.S_ISSOCK(os.fstat(fd).st_mode):
        return _unknown(t, fd)
    length, where = t.memory.read_struct(arg, IFCONF)
    data = bytearray(min(max(length, 0), IFCONF_MAX))
    view = memoryview(data)
    asked = bytearray(HOST_IFCONF.pack(len(data) if where else length, descriptors.address(view) if where and data else 0))
    result = descriptors.ioctl_buffer(fd, command, asked)
    used = HOST_IFCONF.unpack(asked)[0]
    if where and data:
        t.memory.write(where, bytes(data[:used]))
    t.memory.write_struct(arg, IFCONF, used, where)
    return result


def _refuse(errno: Errno) -> Action:
    """Not for guests: one line to the operator."""

    def run(t: Thread, fd: int, command: int, arg: int) -> int:
        if not os.isatty(fd):
            return _unknown(t, fd)
        raise t.unsupported("ioctl command", command, errno)

    return run


COMMANDS: dict[int, Action] = {
    Ioctl.FIGETBSZ: _out(INT),
    Ioctl.TCGETS: _out(TERMIOS, HOST.to_linux),
    Ioctl.TCSETS: _in(TERMIOS, HOST.to_host, waits=True),
    Ioctl.TCSETSW: _in(TERMIOS, HOST.to_host, waits=True),
    Ioctl.TCSETSF: _in(TERMIOS, HOST.to_host, waits=True),
    Ioctl.TCGETA: _out(TERMIO, HOST.to_linux),
    Ioctl.TCSETA: _in(TERMIO, HOST.to_host, waits=True),
    Ioctl.TCSETAW: _in(TERMIO, HOST.to_host, waits=True),
    Ioctl.TCSETAF: _in(TERMIO, HOST.to_host, waits=True),
    Ioctl.TCSBRK: _plain_waits,
    Ioctl.TCXONC: _plain_waits,
    Ioctl.TCFLSH: _plain_waits,
    Ioctl.TIOCEXCL: _plain,
    Ioctl.TIOCNXCL: _plain,
    Ioctl.TIOCSCTTY: _plain,
    Ioctl.TIOCGPGRP: _out(INT),
    Ioctl.TIOCSPGRP: _in(INT, waits=True),
    Ioctl.TIOCOUTQ: _out(INT),
    Ioctl.TIOCSTI: _refuse(Errno.EIO),
    Ioctl.TIOCGWINSZ: _out(WINSIZE),
    Ioctl.TIOCSWINSZ: _in(WINSIZE),
    Ioctl.TIOCMGET: _out(INT),
    Ioctl.TIOCMBIS: _in(INT),
    Ioctl.TIOCMBIC: _in(INT),
    Ioctl.TIOCMSET: _in(INT),
    Ioctl.TIOCGSOFTCAR: _out(INT),
    Ioctl.TIOCSSOFTCAR: _in(INT),
    Ioctl.FIONREAD: _out(INT),
    Ioctl.TIOCLINUX: _refuse(Errno.EPERM),
    Ioctl.TIOCCONS: _refuse(Errno.EPERM),
    Ioctl.TIOCPKT: _in(INT),
    Ioctl.FIONBIO: _in(INT),
    Ioctl.TIOCNOTTY: _plain,
    Ioctl.TIOCSETD: _discipline,
    Ioctl.TIOCGETD: _out(INT),
    Ioctl.TCSBRKP: _plain_waits,
    Ioctl.TIOCSBRK: _plain,
    Ioctl.TIOCCBRK: _plain,
    Ioctl.TIOCGSID: _out(INT),
    Ioctl.TCGETS2: _out(TERMIOS2, HOST.to_linux),
    Ioctl.TCSETS2: _in(TERMIOS2, HOST.to_host, waits=True),
    Ioctl.TCSETSW2: _in(TERMIOS2, HOST.to_host, waits=True),
    Ioctl.TCSETSF2: _in(TERMIOS2, HOST.to_host, waits=True),
    Ioctl.TIOCGPTN: _out(INT),
    Ioctl.TIOCSPTLCK: _in(INT),
    Ioctl.TIOCGDEV: _out(INT),
    Ioctl.TIOCSIG: _signal,
    Ioctl.TIOCVHANGUP: _refuse(Errno.EPERM),
    Ioctl.TIOCGPKT: _out(INT),
    Ioctl.TIOCGPTLCK: _out(INT),
    Ioctl.TIOCGEXCL: _out(INT),
    Ioctl.TIOCGPTPEER: _peer,
    Ioctl.FIONCLEX: _close_on_exec(False),
    Ioctl.FIOCLEX: _close_on_exec(True),
    Ioctl.FIOASYNC: _in(INT),
    Ioctl.TIOCGLCKTRMIOS: _out(TERMIOS, HOST.to_linux),
    Ioctl.FIOQSIZE: _out(LOFF),
    Ioctl.SIOCATMARK: _out(INT),
    Ioctl.SIOCGSTAMP: _out(TIMEVAL),
    Ioctl.SIOCGIFCONF: _interfaces,
    **dict.fromkeys(
        (
            Ioctl.SIOCGIFNAME,
            Ioctl.SIOCGIFFLAGS,
            Ioctl.SIOCGIFADDR,
            Ioctl.SIOCGIFDSTADDR,
            Ioctl.SIOCGIFBRDADDR,
            Ioctl.SIOCGIFNETMASK,
            Ioctl.SIOCGIFMETRIC,
            Ioctl.SIOCGIFMTU,
            Ioctl.SIOCGIFHWADDR,
            Ioctl.SIOCGIFINDEX,
            Ioctl.SIOCGIFTXQLEN,
        ),
        _inout(IFREQ),
    ),
    Ioctl.NS_GET_USERNS: _namespace,
    Ioctl.NS_GET_PARENT: _namespace,
    Ioctl.NS_GET_NSTYPE: _plain,
    Ioctl.NS_GET_OWNER_UID: _out(INT),
    Ioctl.FICLONE: _clone,
    Ioctl.FICLONERANGE: _clone_range,
    Ioctl.FS_IOC_GETFLAGS: _out(INT),
    Ioctl.FS_IOC_SETFLAGS: _in(INT),
    Ioctl.RNDGETENTCNT: _out(INT),
    Ioctl.EPIOCSPARAMS: _in(EPOLL_PARAMS),
    Ioctl.EPIOCGPARAMS: _out(EPOLL_PARAMS),
}


@syscall(
    note="commands of files, terminals, sockets and namespaces; others ENOTTY; TIOCSTI, TIOCCONS, TIOCLINUX, TIOCVHANGUP refused",
    restart=Restart.RESTART,
)
def ioctl(t: Thread, fd: Fd, command: Command, arg: ULong) -> int:
    """Ask a device, a terminal or a file for something."""
    transfer.check_access(t, fd)
    entry = t.files.entry(fd)
    answer = entry.ioctl(t, command, arg) if entry is not None else None
    if answer is not None:
        return answer
    action = COMMANDS.get(command)
    number = host_command(Ioctl(command)) if action is not None else None
    if action is None or number is None:
        if stat.S_ISCHR(os.fstat(fd).st_mode):
            raise t.unsupported("ioctl command", command, Errno.ENOTTY)
        return _unknown(t, fd)
    return action(t, fd, number, arg)
