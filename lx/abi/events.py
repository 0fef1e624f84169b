"""Event descriptors: epoll, eventfd, timerfd, signalfd, inotify, pidfd.

Source: Linux uapi linux/eventpoll.h, eventfd.h, timerfd.h, signalfd.h, inotify.h, pidfd.h. In all of them CLOEXEC and NONBLOCK
are O_CLOEXEC and O_NONBLOCK.
"""

from struct import Struct

from lx.abi.names import IntEnum, IntFlag


class EpollOp(IntEnum):
    """What epoll_ctl does."""

    ADD = 1
    DEL = 2
    MOD = 3


class EpollEvents(IntFlag):
    """The events of struct epoll_event."""

    IN = 0x0001
    PRI = 0x0002
    OUT = 0x0004
    ERR = 0x0008
    HUP = 0x0010
    NVAL = 0x0020
    RDNORM = 0x0040
    RDBAND = 0x0080
    WRNORM = 0x0100
    WRBAND = 0x0200
    MSG = 0x0400
    RDHUP = 0x2000
    EXCLUSIVE = 1 << 28
    WAKEUP = 1 << 29
    ONESHOT = 1 << 30
    ET = 1 << 31


EPOLL_EVENT = Struct("<IQ")
"""events, data. Packed on x86-64."""
EPOLL_MAX_EVENTS = 0x7FFFFFFF // EPOLL_EVENT.size


class EpollFlags(IntFlag):
    """epoll_create1."""

    CLOEXEC = 0o2000000


class EventfdFlags(IntFlag):
    """eventfd2."""

    SEMAPHORE = 1
    NONBLOCK = 0o4000
    CLOEXEC = 0o2000000


class TimerfdFlags(IntFlag):
    """timerfd_create."""

    NONBLOCK = 0o4000
    CLOEXEC = 0o2000000


class TimerfdSet(IntFlag):
    """timerfd_settime."""

    TIMER_ABSTIME = 1
    TIMER_CANCEL_ON_SET = 2


ITIMERSPEC = Struct("<qqqq")
"""it_interval, it_value: seconds and nanoseconds each."""


class SignalfdFlags(IntFlag):
    """signalfd4."""

    NONBLOCK = 0o4000
    CLOEXEC = 0o2000000


class InotifyFlags(IntFlag):
    """inotify_init1."""

    NONBLOCK = 0o4000
    CLOEXEC = 0o2000000


class InotifyMask(IntFlag):
    """What inotify_add_watch watches for, and how."""

    ACCESS = 0x1
    MODIFY = 0x2
    ATTRIB = 0x4
    CLOSE_WRITE = 0x8
    CLOSE_NOWRITE = 0x10
    OPEN = 0x20
    MOVED_FROM = 0x40
    MOVED_TO = 0x80
    CREATE = 0x100
    DELETE = 0x200
    DELETE_SELF = 0x400
    MOVE_SELF = 0x800
    UNMOUNT = 0x2000
    Q_OVERFLOW = 0x4000
    IGNORED = 0x8000
    ONLYDIR = 0x01000000
    DONT_FOLLOW = 0x02000000
    EXCL_UNLINK = 0x04000000
    MASK_CREATE = 0x10000000
    MASK_ADD = 0x20000000
    ISDIR = 0x40000000
    ONESHOT = 0x80000000


class PidfdFlags(IntFlag):
    """pidfd_open."""

    NONBLOCK = 0o4000
    THREAD = 0o200


class PidfdSignal(IntEnum):
    """Flags of pidfd_send_signal, of which one can be given: whom a signal is for."""

    THREAD = 1
    THREAD_GROUP = 2
    PROCESS_GROUP = 4
