"""Edges: what a process's own calls say of the descriptors that its epoll sets (lx.kernel.twins.epoll) watch for edges.

poll cannot tell what was read and came again between two looks. So the items are told how much has been read, that there was
nothing more to be read, and that not all could be written.
"""

from lx.abi.errno import Errno
from lx.kernel.twins.hearing import hearing

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lx.kernel.thread import Thread
    from lx.kernel.twins.epoll import Epoll
    from lx.kernel.twins.item import Item

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
ALL = 1 << 62
U32 = 0xFFFFFFFF


class Edges:
    """The sets of a process that watch for edges."""

    def __init__(self) -> None:
        self.sets: list[Epoll] = []

    def _items(self, fd: int) -> "list[Item]":
        return [item for epoll in self.sets for (number, _), item in epoll.items.items() if number == fd and item.of_edges]

    def begins(self, t: "Thread", name: str, args: tuple[int, ...]) -> None:
        """Nothing is known yet."""

    def ends(self, t: "Thread", name: str, args: tuple[int, ...], result: int) -> None:
        """A call has answered this."""
        if name in READS:
            size = None if result == -Errno.EAGAIN else result if result >= 0 and name in BYTES else ALL
            for item in self._items(args[READS[name]] & U32):
                item.read(size)
        if name in WRITES and (name not in COUNTED or result < args[2]):
            for item in self._items(args[WRITES[name]] & U32):
                item.refused()


def watch(t: "Thread", epoll: "Epoll") -> None:
    """A set of this process watches for edges."""
    listeners = hearing(t.process).listeners
    edges = next((known for known in listeners if isinstance(known, Edges)), None)
    if edges is None:
        edges = Edges()
        listeners.append(edges)
    open_ones = t.files.nodes.values()
    edges.sets = [known for known in edges.sets if known is not epoll and known in open_ones] + [epoll]
