"""The twin of epoll: a set is a list of descriptors, and each look at it is one poll of them.

Levels, one-shots, exclusive waits and nested sets are poll's answers. Ready items are given out in turn as Linux does: what has
been reported goes to the end, what did not fit stays in front. Edges are what has changed since an item was reported: a bit that
was not there then, more to be read (FIONREAD, an eventfd's count), or a call of this process in between that has found its end,
which lx.kernel.twins.edges hears of. Who waits for an edge of what is still ready looks again every few milliseconds.

An item belongs to a descriptor and its file. When the descriptor is closed, another one of the process that leads to the same
file (device, inode, type, access mode) keeps the item, as Linux' open file would; if there is none, the item is gone.

Limits: parent and forked child have a set each, equal at the fork. What is read elsewhere and then replaced by no more than that
between two looks is no edge; nor is a second event of what has no FIONREAD (a listening socket, a host's own eventfd) until a
call is made on it. A call that leaves something may bring an edge too many. Two openings of one file in one process are taken
for duplicates when one is closed. Items that become ready between two looks do so in the order of their adding. What is set for
busy polling (EPIOCSPARAMS) is only remembered.
"""

import os
import stat
import time
from struct import Struct

from lx.abi.errno import Errno, LinuxError
from lx.abi.events import EPOLL_MAX_EVENTS, EpollEvents, EpollOp
from lx.abi.ioctl import Ioctl
from lx.host.descriptors import beyond
from lx.kernel import readiness
from lx.kernel.twins import edges
from lx.kernel.twins.fifo import READABLE, Twin
from lx.kernel.twins.item import ALWAYS, Item, identity_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lx.kernel.readiness import Conditions
    from lx.kernel.thread import Thread
    from lx.kernel.twins.item import Identity

AGAIN_NS = 5_000_000
"""Nanoseconds between looks at what is ready and has been reported."""
MOST_NESTS = 4
"""Linux fs/eventpoll.c, EP_MAX_NESTS."""
EXCLUSIVE_ALLOWS = (
    ALWAYS | EpollEvents.IN | EpollEvents.OUT | EpollEvents.WAKEUP | EpollEvents.ET | EpollEvents.EXCLUSIVE
)
PARAMS = Struct("<IHBB")
"""struct epoll_params: busy_poll_usecs, busy_poll_budget, prefer_busy_poll, padding. Linux uapi linux/eventpoll.h."""
NAPI_WEIGHT = 64
OF_ANY_FILE = (
    *(Ioctl.FIONBIO, Ioctl.FIOASYNC, Ioctl.FIOCLEX, Ioctl.FIONCLEX, Ioctl.FIOQSIZE),
    *(Ioctl.FIGETBSZ, Ioctl.FICLONE, Ioctl.FICLONERANGE),
)
"""Commands that no file sees (Linux fs/ioctl.c)."""


class Epoll(Twin):
    """An epoll set."""

    __slots__ = ("_changes", "_params", "_ready", "items")

    def __init__(self, t: "Thread", flags: int) -> None:
        super().__init__(t.process, b"eventpoll", flags)
        self.items: dict[tuple[int, Identity], Item] = {}
        self._ready: list[Item] = []
        """Those that have been found ready, in the order in which they are reported."""
        self._changes = 0
        self._params = bytes(PARAMS.size)

    # ---- the list

    def control(self, t: "Thread", operation: int, fd: int, events: int, data: int) -> None:
        """Change the list. EEXIST, ENOENT, EINVAL, ELOOP."""
        self._settle(t)
        identity = identity_of(t, fd)
        item = self.items.get((fd, identity))
        if operation == EpollOp.ADD:
            if isinstance(identity, Epoll):
                _check_nesting(t, self, identity)
            if item is not None:
                raise LinuxError(Errno.EEXIST)
            self.items[fd, identity] = Item(fd, identity, events, data)
        elif operation not in (EpollOp.DEL, EpollOp.MOD):
            raise LinuxError(Errno.EINVAL)
        elif item is None:
            raise LinuxError(Errno.ENOENT)
        elif operation == EpollOp.DEL:
            self._drop((fd, identity))
        elif item.events & EpollEvents.EXCLUSIVE:
            raise LinuxError(Errno.EINVAL)
        else:
            item.set(events, data)
        self._changes += 1
        if events & EpollEvents.ET:
            edges.watch(t, self)

    def _drop(self, key: "tuple[int, Identity]") -> None:
        item = self.items.pop(key)
        if item in self._ready:
            self._ready.remove(item)

    def _settle(self, t: "Thread") -> None:
        """Let go of what has been closed."""
        for key, item in list(self.items.items()):
            if identity_of(t, item.at) != item.identity:
                others = (fd for fd in t.files.open_descriptors() if identity_of(t, fd) == item.identity)
                item.at = next(others, -1)
                if item.at < 0:
                    self._drop(key)

    def ioctl(self, t: "Thread", command: int, arg: int) -> int | None:
        """The parameters of busy polling. EFAULT, EINVAL, EPERM; EINVAL for other commands."""
        if command in OF_ANY_FILE:
            return None
        if command == Ioctl.EPIOCGPARAMS:
            t.memory.write(arg, self._params)
        elif command == Ioctl.EPIOCSPARAMS:
            asked = t.memory.read(arg, PARAMS.size)
            microseconds, budget, prefer, padding = PARAMS.unpack(asked)
            if padding or prefer > 1 or microseconds >> 31:
                raise LinuxError(Errno.EINVAL)
            if budget > NAPI_WEIGHT and t.euid:
                raise LinuxError(Errno.EPERM)
            self._params = asked
        else:
            raise LinuxError(Errno.EINVAL)
        return 0

    # ---- what is ready

    def _look(self, t: "Thread") -> dict[Item, int]:
        """What is to be reported, by item in the order of their adding."""
        self._settle(t)
        wanted: dict[int, int] = {}
        for item in self.items.values():
            if item.mask:
                wanted[item.at] = wanted.get(item.at, 0) | item.mask
        found = readiness.ask(t, wanted)
        answers = {item: item.news(t, found.get(item.at, 0) & item.mask) for item in self.items.values()}
        return {item: bits for item, bits in answers.items() if bits}

    def take(self, t: "Thread", most: int) -> list[tuple[int, int]]:
        """epoll_wait: (events, data) of what is ready, at most so many."""
        found = self._look(t)
        ready = [item for item in self._ready if item in found]
        known = set(ready)
        ready += [item for item in found if item not in known]
        chosen = ready[:most]
        for item in chosen:
            item.report(t, found[item])
        again = [item for item in chosen if item.mask and not item.of_edges]
        self._ready = ready[most:] + again
        return [(found[item], item.data) for item in chosen]

    def readiness(self, t: "Thread", events: int, said: int) -> int:
        """A set can be read while it has something to report."""
        return events & READABLE if events & READABLE and self._look(t) else 0

    def amount(self, t: "Thread") -> int:
        """How many items are ready."""
        return len(self._look(t))

    def conditions(self, t: "Thread", fd: int, events: int, found: "Conditions") -> None:
        """What the items wait for; what has been reported of edges is looked at again."""
        wanted: dict[int, int] = {}
        reported = False
        for item in self.items.values():
            if item.mask and not item.seen & ALWAYS:  # which poll cannot be asked to leave out
                wanted[item.at] = wanted.get(item.at, 0) | item.mask & ~item.seen
            reported |= bool(item.mask and item.seen)
        inner = readiness.conditions(t, wanted)
        changes = self._changes
        found.fds += inner.fds
        found.signs += [*inner.signs, lambda: self._changes != changes or (reported and bool(self._look(t)))]
        if inner.again is not None:
            found.sooner(inner.again)
        if reported:
            found.sooner(time.monotonic_ns() + AGAIN_NS)


# ---- the calls


def _set(t: "Thread", fd: int) -> Epoll:
    """The set of a descriptor that is open. EINVAL."""
    entry = t.files.entry(fd)
    if not isinstance(entry, Epoll):
        raise LinuxError(Errno.EINVAL)
    return entry


def control(t: "Thread", epfd: int, operation: int, fd: int, events: int, data: int) -> None:
    """epoll_ctl(2) of descriptors that are open, in Linux' order of checks (fs/eventpoll.c)."""
    if not _can_be_polled(t, fd):
        raise LinuxError(Errno.EPERM)
    target = t.files.entry(fd)
    if epfd == fd or target is t.files.entry(epfd) is not None:
        raise LinuxError(Errno.EINVAL)
    epoll = _set(t, epfd)
    if events & EpollEvents.EXCLUSIVE:
        allowed = not events & ~EXCLUSIVE_ALLOWS and not isinstance(target, Epoll)
        if operation == EpollOp.MOD or (operation == EpollOp.ADD and not allowed):
            raise LinuxError(Errno.EINVAL)
    epoll.control(t, operation, fd, events, data)


def ready(t: "Thread", epfd: int, most: int, bad: int) -> list[tuple[int, int]]:
    """What epoll_wait(2) of a descriptor that is open answers now.

    bad: an address that cannot be written, or that is none (0: neither).
    """
    if not 0 < most <= EPOLL_MAX_EVENTS:
        raise LinuxError(Errno.EINVAL)
    if bad == beyond:
        raise LinuxError(Errno.EFAULT)
    epoll = _set(t, epfd)
    if not bad:
        return epoll.take(t, most)
    if epoll.amount(t):
        raise LinuxError(Errno.EFAULT)
    return []


def _can_be_polled(t: "Thread", fd: int) -> bool:
    entry = t.files.entry(fd)
    if entry is not None:
        return isinstance(entry, Twin)
    st = os.fstat(fd)
    return stat.S_ISFIFO(st.st_mode) or stat.S_ISSOCK(st.st_mode) or (stat.S_ISCHR(st.st_mode) and not t.files.answers(st))


# ---- nesting


def _inner(epoll: Epoll) -> list[Epoll]:
    return [item.identity for item in epoll.items.values() if isinstance(item.identity, Epoll)]


def _depth(epoll: Epoll, outer: Epoll) -> int:
    """How many sets are below a set. ELOOP if `outer` is one of them."""
    if outer in _inner(epoll):
        raise LinuxError(Errno.ELOOP)
    return max((1 + _depth(inner, outer) for inner in _inner(epoll)), default=0)


def _height(t: "Thread", epoll: Epoll) -> int:
    """How many sets are above a set."""
    sets = {node for node in t.files.nodes.values() if isinstance(node, Epoll)}
    return max((1 + _height(t, above) for above in sets if epoll in _inner(above)), default=0)


def _check_nesting(t: "Thread", outer: Epoll, inner: Epoll) -> None:
    """ELOOP if a set would hold itself or too many below each other."""
    if _depth(inner, outer) + 1 + _height(t, outer) > MOST_NESTS:
        raise LinuxError(Errno.ELOOP)
