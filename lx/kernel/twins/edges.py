"""Edges: what a process's own calls say of the descriptors that its epoll sets (lx.kernel.twins.epoll) watch for edges.

poll cannot tell what was read and came again between two looks. So a process that watches for edges takes the traced way for its
calls, and this tracer, which stands before the one that writes lines, tells the items of how much has been read, that there was
nothing more to be read, and that not all could be written.
"""

from lx.abi.errno import Errno

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lx.kernel.process import Process, Tracer
    from lx.kernel.thread import Thread
    from lx.kernel.twins.epoll import Epoll
    from lx.kernel.twins.item import Item

FEATURE = 2
"""The bit of the engine's feature word that is ours."""
COUNTED = ("read", "recvfrom", "write", "sendto")
"""Calls that are told in their third argument how much to move."""
READS = {
    **dict.fromkeys(("read", "readv", "preadv2", "recvfrom", "recvmsg", "recvmmsg", "accept", "accept4", "splice", "tee"), 0),
    **dict.fromkeys(("epoll_wait", "epoll_pwait", "epoll_pwait2"), 0),
    "sendfile": 1,
}
"""The argument that says what is read from."""
WRITES = {
    **dict.fromkeys(("write", "writev", "pwritev2", "sendto", "sendmsg", "sendmmsg", "connect", "vmsplice", "sendfile"), 0),
    "tee": 1,
    "splice": 2,
}
"""The argument that says what is written to."""
BYTES = frozenset(("read", "readv", "preadv2", "recvfrom", "recvmsg"))
"""Those whose result is how many bytes they have read."""


class Edges:
    """The tracer of a process that watches for edges."""

    def __init__(self, p: "Process") -> None:
        self.sets: list[Epoll] = []
        self._following: Tracer | None = p.tracer
        names = {number: row.name for number in range(len(p.table.adapters)) if (row := p.table.row_at(number))}
        self._names = {number: name for number, name in names.items() if name in READS or name in WRITES}

    def _items(self, fd: int) -> "list[Item]":
        return [item for epoll in self.sets for (number, _), item in epoll.items.items() if number == fd and item.of_edges]

    def enter(self, t: "Thread", number: int, args: tuple[int, ...]) -> None:
        """A call begins."""
        if self._following is not None:
            self._following.enter(t, number, args)

    def leave(self, t: "Thread", number: int, args: tuple[int, ...], result: int | None) -> None:
        """A call ends."""
        name = self._names.get(number)
        if name is not None and result is not None:
            self._heard(name, args, result)
        if self._following is not None:
            self._following.leave(t, number, args, result)

    def _heard(self, name: str, args: tuple[int, ...], result: int) -> None:
        if name in READS:
            size = None if result == -Errno.EAGAIN else result if result >= 0 and name in BYTES else 1 << 62
            for item in self._items(args[READS[name]] & 0xFFFFFFFF):
                item.read(size)
        if name in WRITES and (name not in COUNTED or result < args[2]):
            for item in self._items(args[WRITES[name]] & 0xFFFFFFFF):
                item.refused()

    def signal(self, t: "Thread", info: bytes) -> None:
        """A signal is about to be acted on."""
        if self._following is not None:
            self._following.signal(t, info)

    def exit(self, t: "Thread", status: int, signo: int) -> None:
        """The process ends."""
        if self._following is not None:
            self._following.exit(t, status, signo)


def watch(t: "Thread", epoll: "Epoll") -> None:
    """A set of this process watches for edges."""
    p = t.process
    if not isinstance(p.tracer, Edges):
        p.tracer = Edges(p)
        t.engine.features |= FEATURE
    nodes = p.files.nodes.values()
    p.tracer.sets = [known for known in p.tracer.sets if known is not epoll and known in nodes] + [epoll]
