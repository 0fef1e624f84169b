"""Declaring a row of the table.

A row is a decorated function. The decorator records what the row says of itself and leaves the function as it is;
`syscalls.table` collects the records and generates one adapter per row from the annotations, once, so that a call
costs no inspection and no loop over parameters. A family imports this, syscalls.types and what it acts on; no more.

What a handler may do: return an int (the result), return None (it has set the registers itself: rt_sigreturn, execve),
or raise: OSError (a host errno), LinuxError (Linux's own), Park (not yet: run me again when ...), or an Exit.

The records are plain classes with slots, not dataclasses, for start-up's sake (see syscalls.types).
"""

from __future__ import annotations

from types import FunctionType

from lx.abi.names import Enum
from syscalls.types import Arg

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeVar

    H = TypeVar("H", bound=Callable[..., int | None])

Handler = FunctionType


class Support(Enum):
    """How much of a call is there."""

    FULL = "full"
    PARTIAL = "partial"
    UNSUPPORTED = "unsupported"


class Reason(Enum):
    """Why a call is not there: LX's own five reasons."""

    NOT_YET = "not done yet"
    NO_HOST = "no equivalent on the host"
    KERNEL_STATE = "reads or changes kernel state"
    OBSOLETE = "obsolete"
    NO_SUCH_CALL = "no such call"


class Restart(Enum):
    """A call's EINTR contract: what a handler's return makes of an interrupted wait (signal(7))."""

    NOT_A_WAIT = "not a wait"
    RESTART = "restarted under SA_RESTART"
    NEVER = "never restarted"
    RESTART_BLOCK = "resumed with the time that is left"


class Parameter:
    """One declared argument: its name and its type."""

    __slots__ = ("arg", "name")

    def __init__(self, name: str, arg: Arg) -> None:
        self.name = name
        self.arg = arg

    def __repr__(self) -> str:
        return f"Parameter({self.name!r}, {self.arg!r})"


class Row:
    """What one system call says of itself. Not to be changed once made."""

    __slots__ = (
        "constant",
        "direct",
        "doc",
        "handler",
        "module",
        "name",
        "note",
        "parameters",
        "reason",
        "restart",
        "result",
        "support",
    )

    def __init__(
        self,
        name: str,
        handler: Handler | None,
        parameters: tuple[Parameter, ...] = (),
        support: Support = Support.FULL,
        note: str = "",
        reason: Reason | None = None,
        restart: Restart = Restart.NOT_A_WAIT,
        constant: str = "",
        module: str = "",
        result: str = "int",
        doc: str = "",
        direct: str = "",
    ) -> None:
        self.name = name
        self.handler = handler
        self.parameters = parameters
        self.support = support
        self.note = note
        self.reason = reason
        self.restart = restart
        self.constant = constant
        self.module = module
        self.result = result
        self.doc = doc
        self.direct = direct

    def __repr__(self) -> str:
        return f"<Row {self.name} of {self.module or 'nowhere'}: {self.support.value}>"


ROW = "__lx_row__"


def syscall(
    name: str = "",
    *,
    note: str = "",
    restart: Restart = Restart.NOT_A_WAIT,
    constant: str = "",
    result: str = "int",
    direct: str = "",
) -> Callable[[H], H]:
    """Declare the decorated function to be the handler of the Linux call `name` (default: its own name).

    note: the sentence that says what is missing; it makes the row partial. restart: the EINTR contract.
    constant: attribute of Thread whose value the engine may answer without Python while it does not change.
    result: how strace prints the result: "int", "ptr" or "fd". direct: what the engine may do by itself in place of the
    handler, with the same answer (lx.cpu.pure.Engine.set_direct).
    """

    def record(handler: H) -> H:
        assert isinstance(handler, FunctionType)
        if hasattr(handler, ROW):
            raise TypeError(f"{handler.__module__}.{handler.__name__}: one handler, one row")
        called = name or handler.__name__.rstrip("_")
        setattr(
            handler,
            ROW,
            Row(
                called,
                handler,
                _parameters(handler),
                Support.PARTIAL if note else Support.FULL,
                note,
                None,
                restart,
                constant,
                handler.__module__.rpartition(".")[2],
                result,
                handler.__doc__ or "",
                direct,
            ),
        )
        return handler

    return record


def _parameters(handler: Handler) -> tuple[Parameter, ...]:
    hints: dict[str, Any] = handler.__annotations__
    code = handler.__code__
    parameters = []
    for name in code.co_varnames[1 : code.co_argcount]:
        metadata: tuple[object, ...] = getattr(hints.get(name), "__metadata__", ())
        if len(metadata) != 1 or not isinstance(metadata[0], Arg):
            raise TypeError(f"{handler.__module__}.{handler.__name__}: parameter {name} has no argument type")
        parameters.append(Parameter(name, metadata[0]))
    if len(parameters) > 6:
        raise TypeError(f"{handler.__name__}: more than six arguments")
    return tuple(parameters)
