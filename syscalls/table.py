"""The table: what a number means on an architecture, and the function that the engine calls for it.

`build()` costs a fraction of a millisecond, because a run of `true` uses fifteen calls of 373: a slot of the dense list
starts as a `Slot`, which on its first call imports the family that has the row, generates the row's adapter, puts the
adapter into the list in its own place and calls it. `syscalls.index` (generated) says which family has which name. It
is a hint only: a name that it does not list and that is not declared unsupported is looked for in the families.

An adapter is adapter(t, a0, ..., a5) -> int | None: the handler called with its arguments decoded, the decode
expressions pasted into one lambda. Rows whose arguments decode alike share one code object, which syscalls.shapes
(generated) has ready: compiling one costs 40 us, and every forked child that ends would do it. An engine that decodes integers by
itself goes to the handler straight (`Table.handlers`).

Numbers without a call in the range of the list answer like unsupported calls. Numbers outside it (the length itself,
-1, 2**31, the x32 bit) are the engine's bounds check's; it may use `Table.unknown`.
"""

from __future__ import annotations

import os
from types import CodeType, FunctionType, ModuleType

from lx.abi.errno import Errno, LinuxError
from syscalls import index
from syscalls.declare import ROW, Row, Support
from syscalls.shapes import SHAPES
from syscalls.types import LETTERS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Adapter = Callable[[Any, int, int, int, int, int, int], int | None]

NOT_FAMILIES = frozenset({"declare", "document", "generate", "index", "shapes", "table", "types", "unsupported"})
HERE = os.path.dirname(__file__)


class Table:
    """The calls of one architecture.

    `adapters` is the list that the engine indexes by number; it is the same list for the table's whole life, and a
    slot is replaced at most once. `handlers` has, beside it, what an adapter calls and how its arguments decode, in letters, once
    it is made and if they are integers. `numbers` maps every name that the architecture has to its number.
    """

    __slots__ = ("_loaded", "_rows", "adapters", "arch_name", "called", "handlers", "names", "numbers")

    def __init__(self, arch_name: str, numbers: dict[str, int]) -> None:
        self.arch_name = arch_name
        self.numbers = numbers
        self.names: list[str] = [""] * (max(numbers.values()) + 1)
        for name, number in numbers.items():
            self.names[number] = name
        self.adapters: list[Adapter] = [Slot(self, number) for number in range(len(self.names))]
        self.handlers: list[tuple[Callable[..., Any], bytes] | None] = [None] * len(self.names)
        self._rows: dict[str, Row] = {}
        self._loaded: set[str] = set()
        self.called: Callable[[int], None] = lambda number: None
        """Told of a call that is made for the first time."""

    def name(self, number: int) -> str:
        """The call's name; syscall_0x... for a number that has none, in the range or out of it."""
        if 0 <= number < len(self.names) and self.names[number]:
            return self.names[number]
        return f"syscall_{number:#x}"

    def row_at(self, number: int) -> Row | None:
        """The row of a number, None where there is no call. Imports the family it needs."""
        if 0 <= number < len(self.names) and self.names[number]:
            return self.row(self.names[number])
        return None

    def row(self, name: str) -> Row:
        """The row of a name. Raises KeyError for a name that the architecture does not have."""
        row = self._rows.get(name)
        if row is None:
            if name not in self.numbers:
                raise KeyError(name)
            row = self._rows[name] = self._find(name)
        return row

    @property
    def rows(self) -> dict[str, Row]:
        """Every row by name, in the order of numbers. Imports every family: for tools and tests."""
        self.complete()
        return {name: self.row(name) for name in self.names if name}

    def complete(self) -> None:
        """Import every family: nothing is left to be imported later."""
        for family in families():
            self._load(family)

    def constants(self) -> dict[int, str]:
        """Number to attribute of Thread, for the calls whose answer the engine may keep. Imports nothing."""
        return {self.numbers[name]: attr for name, attr in index.CONSTANTS.items() if name in self.numbers}

    def direct(self) -> dict[int, str]:
        """Number to what the engine may do by itself on a plain descriptor. Imports nothing."""
        return {self.numbers[name]: how for name, how in index.DIRECT.items() if name in self.numbers}

    def unknown(self, number: int) -> Row:
        """The row that stands for a number without a call."""
        from syscalls import unsupported

        return unsupported.unknown(number)

    def adapter(self, number: int) -> Adapter:
        """Generate the adapter of a number and put it into the list."""
        row = self.row_at(number) or self.unknown(number)
        if row.handler is None:
            made: Adapter = refusal(row)
        else:
            shape = shape_of(row)
            made = FunctionType(adapter_code(shape), {"handler": row.handler}, row.name)
            if LETTERS.keys() >= set(shape):
                self.handlers[number] = row.handler, b"".join([LETTERS[decode] for decode in shape])
        self.adapters[number] = made
        return made

    def make_ready(self, calls: bytes) -> None:
        """Generate the adapters of the numbers whose byte is not 0, before a fork: else each child would."""
        for number, adapter in enumerate(self.adapters[: len(calls)]):
            if calls[number] and type(adapter) is Slot:
                self.adapter(number)

    def _load(self, family: str) -> None:
        if family not in self._loaded:
            self._loaded.add(family)
            for row in rows_of(family):
                self._rows.setdefault(row.name, row)

    def _find(self, name: str) -> Row:
        if name in index.FAMILY_OF:
            self._load(index.FAMILY_OF[name])
            if name in self._rows:
                return self._rows[name]
        from syscalls import unsupported

        row = unsupported.row(name)
        if row is None:
            for family in families():
                if mentions(family, name):
                    self._load(family)
            row = self._rows.get(name) or unsupported.missing(name)
        return row


class Slot:
    """A slot of the list before its first call."""

    __slots__ = ("number", "table")

    def __init__(self, table: Table, number: int) -> None:
        self.table = table
        self.number = number

    def __call__(self, t: Any, a0: int, a1: int, a2: int, a3: int, a4: int, a5: int) -> int | None:
        self.table.called(self.number)
        return self.table.adapter(self.number)(t, a0, a1, a2, a3, a4, a5)


def build(arch_name: str = "x86_64") -> Table:
    """The table of an architecture, by the name that the system-calls package gives it."""
    return Table(arch_name, submodule(f"numbers_{arch_name}").NUMBERS)


def shape_of(row: Row) -> tuple[str, ...]:
    """How the row's arguments decode."""
    return tuple([parameter.arg.decode for parameter in row.parameters])


def adapter_source(shape: tuple[str, ...]) -> str:
    """The text of an adapter whose arguments decode by these expressions; it calls the global `handler`."""
    arguments = "".join(f", {decode.format(a=f'a{i}')}" for i, decode in enumerate(shape))
    return f"lambda t, a0, a1, a2, a3, a4, a5: handler(t{arguments})"


def adapter_code(shape: tuple[str, ...]) -> CodeType:
    """The code of an adapter whose arguments decode by these expressions."""
    made: FunctionType | None = SHAPES.get(shape)
    if made is None:
        source = adapter_source(shape)
        made = eval(compile(source, f"<adapter: {source}>", "eval"), {})
        assert made is not None
    return made.__code__


def refusal(row: Row) -> Adapter:
    """The adapter of a call that is not there: the operator is told, the guest gets ENOSYS."""

    def refuse(t: Any, *arguments: int) -> int | None:
        t.process.report_unsupported(row, arguments[: len(row.parameters)])
        raise LinuxError(Errno.ENOSYS)

    return refuse


def submodule(name: str) -> ModuleType:
    """A module of this package, imported without the cost of importlib."""
    module: ModuleType = __import__(f"syscalls.{name}", fromlist=(name,))
    return module


def rows_of(family: str) -> list[Row]:
    """The rows that one family module declares."""
    module = submodule(family)
    rows = []
    for value in vars(module).values():
        if type(value) is FunctionType and ROW in value.__dict__ and value.__module__ == module.__name__:
            row: Row = value.__dict__[ROW]
            rows.append(row)
    return rows


def families() -> list[str]:
    """The names of the family modules there are, whatever the index says."""
    names = [name[:-3] for name in os.listdir(HERE) if name.endswith(".py")]
    return sorted(name for name in names if name not in NOT_FAMILIES and not name.startswith(("_", "numbers_")))


def mentions(family: str, name: str) -> bool:
    """Whether the family's source could have a row of this name; for looking around an index that is behind."""
    with open(f"{HERE}/{family}.py", encoding="utf-8") as file:
        source = file.read()
    return f"def {name}(" in source or f'"{name}"' in source


def problems(table: Table) -> list[str]:
    """What is wrong with the declarations, one sentence each: names with no row, with two, or with no number."""
    from syscalls import unsupported

    found: list[str] = []
    owners: dict[str, list[str]] = {name: [] for name in table.numbers}
    for family in families():
        for row in rows_of(family):
            if row.name in owners:
                owners[row.name].append(family)
            else:
                found.append(f"{row.name}: declared in {family}, but {table.arch_name} has no such call")
    for name in unsupported.CALLS:
        if name in owners:
            owners[name].append("unsupported")
    for name, places in owners.items():
        if not places:
            found.append(f"{name}: no family implements it and unsupported does not list it")
        elif len(places) > 1:
            found.append(f"{name}: declared in {' and in '.join(places)}")
    return found


def support_of(table: Table) -> dict[Support, int]:
    """How many rows of the table have each level of support."""
    levels = [row.support for row in table.rows.values()]
    return {level: levels.count(level) for level in Support}
