"""How strace writes the structures of event descriptors."""

from __future__ import annotations

from lx.abi.events import EPOLL_EVENT, EpollEvents
from lx.abi.lean import Callable
from syscalls.show.words import flags, pointer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from syscalls.show.structs import Call

SHOWN_EVENTS = 32


def epoll_event(call: Call, index: int, address: int) -> str:
    """struct epoll_event: the data as the two numbers that it may be."""
    events, data = call.unpack(address, EPOLL_EVENT.format)
    return f"{{events={flags(events, EpollEvents)}, data={{u32={data & 0xFFFFFFFF}, u64={data}}}}}"


def epoll_events(call: Call, index: int, address: int) -> str:
    """As many struct epoll_event as the call has given."""
    count = call.result or 0
    if not count:
        return "[]" if call.result == 0 else pointer(address)
    texts = [epoll_event(call, index, address + EPOLL_EVENT.size * i) for i in range(min(count, SHOWN_EVENTS))]
    return "[" + ", ".join(texts + ["..."] * (count > SHOWN_EVENTS)) + "]"


STRUCTS: dict[str, Callable[[Call, int, int], str]] = {"epoll_event": epoll_event, "epoll_events": epoll_events}
