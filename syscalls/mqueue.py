"""POSIX message queues: the host's, under names of the zone's own.

A queue's descriptor is the host's, so that poll, fork and close-on-exec are; its name on the host is made of the zone and the
guest's name, so that two zones, or a zone and the host, never meet. The names are kept in the zone's table, from which the
queues are removed when the zone ends. A call that would have to wait is tried, and parked until the descriptor is ready.

Limits: /dev/mqueue is not there, and /proc/PID/fd shows the host's name of a queue.
"""

import time
from struct import Struct

from lx.abi.clocks import TIMESPEC, timespec_to_ns, timespec_valid
from lx.abi.errno import Errno, LinuxError
from lx.abi.fcntl import OpenFlags
from lx.abi.lean import suppress
from lx.abi.poll import PollEvents
from lx.abi.sigevent import SIGEVENT, Notify
from lx.abi.signals import NSIG
from lx.host import mqueues as host
from lx.host import numbers
from lx.kernel.ipc.control import table_of
from lx.kernel.thread import Thread
from lx.kernel.wait import Park
from syscalls.declare import Restart, syscall
from syscalls.types import Annotated, BufferIn, BufferOut, Fd, Mode, PathPtr, Size, UInt, flags_of, struct_in, struct_out

AttrIn = Annotated[int, struct_in("mq_attr")]
AttrOut = Annotated[int, struct_out("mq_attr")]
SigeventIn = Annotated[int, struct_in("sigevent")]
TimespecIn = Annotated[int, struct_in("timespec")]
PriorityOut = Annotated[int, struct_out("u32")]
OpenBits = Annotated[int, flags_of(OpenFlags)]
ATTR = Struct("<4q32x")
"""struct mq_attr: mq_flags, mq_maxmsg, mq_msgsize, mq_curmsgs."""
NAME_MAX = 255
MQ_PRIO_MAX = 32768
COOKIE_SIZE = 32
MSGSIZE = 2


def _name(t: Thread, address: int) -> bytes:
    """The guest's name, which libc has freed of its slash."""
    name = t.memory.path(address)
    if not name:
        raise LinuxError(Errno.ENOENT)
    if b"/" in name or name in (b".", b".."):
        raise LinuxError(Errno.EACCES)
    if len(name) > NAME_MAX:
        raise LinuxError(Errno.ENAMETOOLONG)
    return name


@syscall(result="fd", note="a queue's descriptor has the host's name in /proc/PID/fd")
def mq_open(t: Thread, name: PathPtr, oflag: OpenBits, mode: Mode, attr: AttrIn) -> int:
    """Open a message queue, or make one."""
    creating = oflag & OpenFlags.CREAT
    given = t.memory.read(attr, ATTR.size) if attr else None
    table = table_of(t.process)
    host_name = table.queue_name(_name(t, name))
    with table.locked():
        fd = host.open_queue(host_name, numbers.open_flags_to_host(oflag), mode, given if creating else None)
        if creating:
            table.keep_queue(host_name)
    return t.files.adopt(fd)


@syscall()
def mq_unlink(t: Thread, name: PathPtr) -> int:
    """Take a queue's name away; it lives as long as somebody has it open."""
    table = table_of(t.process)
    host_name = table.queue_name(_name(t, name))
    with table.locked():
        host.unlink(host_name)
        table.drop_queue(host_name)
    return 0


def _moment(t: Thread, abs_timeout: int) -> int | None:
    """The CLOCK_REALTIME nanosecond at which the waiting ends. EFAULT, EINVAL."""
    if not abs_timeout:
        return None
    moment = t.memory.read_struct(abs_timeout, TIMESPEC)
    if not timespec_valid(*moment):
        raise LinuxError(Errno.EINVAL)
    return timespec_to_ns(*moment)


def _park(fd: int, event: PollEvents, moment: int | None) -> Park | LinuxError:
    rest = None if moment is None else moment - time.time_ns()
    if rest is not None and rest <= 0:
        return LinuxError(Errno.ETIMEDOUT)
    return Park(((fd, event),), None if rest is None else time.monotonic_ns() + rest)


def _message_size(t: Thread, mqdes: int) -> int:
    """The most bytes of a message of this queue. EBADF."""
    t.files.check(mqdes)
    return int(ATTR.unpack(host.getsetattr(mqdes, None))[MSGSIZE])


@syscall(restart=Restart.RESTART)
def mq_timedsend(t: Thread, mqdes: Fd, msg_ptr: BufferIn, msg_len: Size, msg_prio: UInt, abs_timeout: TimespecIn) -> int:
    """Send a message."""
    moment = _moment(t, abs_timeout)
    if msg_prio >= MQ_PRIO_MAX:
        raise LinuxError(Errno.EINVAL)
    message: bytes | None = None
    if msg_len <= _message_size(t, mqdes):
        with suppress(LinuxError):
            message = t.memory.read(msg_ptr, msg_len)
    try:
        host.send(mqdes, message, msg_len, msg_prio)
    except TimeoutError:
        raise _park(mqdes, PollEvents.OUT, moment) from None
    return 0


@syscall(restart=Restart.RESTART)
def mq_timedreceive(
    t: Thread, mqdes: Fd, msg_ptr: BufferOut, msg_len: Size, msg_prio: PriorityOut, abs_timeout: TimespecIn
) -> int:
    """Receive the oldest of the most urgent messages; its length."""
    moment = _moment(t, abs_timeout)
    size = _message_size(t, mqdes)
    try:
        message, priority = host.receive(mqdes, size, msg_len)
    except TimeoutError:
        raise _park(mqdes, PollEvents.IN, moment) from None
    if msg_prio:
        t.memory.put_u32(msg_prio, priority)
    t.memory.write(msg_ptr, message)
    return len(message)


def _unless_ours(t: Thread, fd: int) -> int:
    """A descriptor that the host is to check itself, among other things; none of the emulator's own."""
    return fd if fd < t.files.base else -1


@syscall()
def mq_notify(t: Thread, mqdes: Fd, sevp: SigeventIn) -> int:
    """Be told when a message arrives at the empty queue."""
    if not sevp:
        t.files.check(mqdes)
        host.notify(mqdes, None)
        return 0
    value, signo, notify, tid = SIGEVENT.unpack(t.memory.read(sevp, SIGEVENT.size))
    if notify == Notify.SIGEV_THREAD:
        cookie = t.memory.read(value, COOKIE_SIZE)
        t.files.check(signo)
        t.files.check(mqdes)
        host.notify_socket(mqdes, signo, cookie)
        return 0
    if notify == Notify.SIGEV_SIGNAL and 1 <= signo <= NSIG:
        signo = t.process.host.signal_to_host(signo)
    host.notify(_unless_ours(t, mqdes), SIGEVENT.pack(value, signo, notify, tid))
    return 0


@syscall()
def mq_getsetattr(t: Thread, mqdes: Fd, newattr: AttrIn, oldattr: AttrOut) -> int:
    """The queue's attributes; set whether its descriptor blocks."""
    wanted = t.memory.read(newattr, ATTR.size) if newattr else None
    if wanted is not None and ATTR.unpack(wanted)[0] & ~OpenFlags.NONBLOCK:
        raise LinuxError(Errno.EINVAL)
    t.files.check(mqdes)
    old = host.getsetattr(mqdes, wanted)
    if oldattr:
        t.memory.write(oldattr, old)
    return 0
