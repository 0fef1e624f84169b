"""Hearing: some twins have to know what calls their process makes.

Such a process takes the traced way for its calls, and this tracer stands before the one that writes lines, if there is one.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol

    from lx.kernel.process import Process, Tracer
    from lx.kernel.thread import Thread
else:
    Protocol = object

FEATURE = 2
"""The bit of the engine's feature word that is ours."""


class Listener(Protocol):
    """Who is told of calls. A call that has set the registers itself (exec, sigreturn) has no end."""

    def begins(self, t: "Thread", name: str, args: tuple[int, ...]) -> None:
        """A call begins."""

    def ends(self, t: "Thread", name: str, args: tuple[int, ...], result: int) -> None:
        """A call has answered this."""


class Hearing:
    """The tracer of a process that has listeners."""

    def __init__(self, p: "Process") -> None:
        self.listeners: list[Listener] = []
        self._following: Tracer | None = p.tracer
        self._names = {number: row.name for number in range(len(p.table.adapters)) if (row := p.table.row_at(number))}

    def enter(self, t: "Thread", number: int, args: tuple[int, ...]) -> None:
        """A call begins."""
        name = self._names.get(number, "")
        for listener in self.listeners:
            listener.begins(t, name, args)
        if self._following is not None:
            self._following.enter(t, number, args)

    def leave(self, t: "Thread", number: int, args: tuple[int, ...], result: int | None) -> None:
        """A call ends."""
        name = self._names.get(number, "")
        for listener in self.listeners if result is not None else ():
            listener.ends(t, name, args, result or 0)
        if self._following is not None:
            self._following.leave(t, number, args, result)

    def signal(self, t: "Thread", info: bytes) -> None:
        """A signal is about to be acted on."""
        if self._following is not None:
            self._following.signal(t, info)

    def exit(self, t: "Thread", status: int, signo: int) -> None:
        """The process ends."""
        if self._following is not None:
            self._following.exit(t, status, signo)


def hearing(p: "Process") -> Hearing:
    """What tells listeners of this process's calls from now on."""
    if not isinstance(p.tracer, Hearing):
        p.tracer = Hearing(p)
        p.engine.features |= FEATURE
    return p.tracer
