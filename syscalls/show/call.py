"""One call as strace writes it, from its declaration.

Nothing here knows a call's arguments but through its row: the kind of a parameter says how a word is written, the name
of its structure how what it points at is (structs), its set of names how bits are (words, values). What strace does for
single calls stands in `single`.

What a call reads is written down before it runs and what it writes afterwards: execve leaves nothing of its arguments,
and read() may overwrite its own path. No guest can make this raise; an address that cannot be read is shown as one.
"""

from __future__ import annotations

from lx.abi.clocks import Clock
from lx.abi.fcntl import OpenFlags
from lx.abi.lean import Callable, Sequence
from lx.abi.names import IntEnum
from lx.abi.signals import signal_name
from lx.abi.word import s32, s64
from syscalls.declare import Row
from syscalls.show.single import DEPENDENT, LENGTHS, REMARKS, WRITTEN, result_form
from syscalls.show.structs import STRUCTS, Call
from syscalls.show.values import VALUES
from syscalls.show.words import AT_FDCWD, SHOWN_BYTES, file_mode, flags, octal, open_flags, outcome, pointer, quote
from syscalls.types import S32, S64, U32, U64, Arg

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lx.kernel.thread import Thread

RESULT_COLUMN = 40
PATH_MAX = 4096
OPENS = ("mq_open", "open", "openat")
OUT_KINDS = ("struct", "buffer")


def word(raw: int, decode: str) -> int:
    """The raw word as the C type that the expression decodes to."""
    if decode == S32:
        return s32(raw)
    if decode == U32:
        return raw & 0xFFFFFFFF
    return s64(raw) if decode == S64 else raw


def _path(call: Call, index: int, arg: Arg, raw: int) -> str:
    return call.string(raw, PATH_MAX)


def _text(call: Call, index: int, arg: Arg, raw: int) -> str:
    return call.string(raw)


def _buffer(call: Call, index: int, arg: Arg, raw: int) -> str:
    if arg.struct in STRUCTS:
        return STRUCTS[arg.struct](call, index, raw)
    if arg.out:
        length = call.result or 0
        if call.row.name == "getcwd":
            length -= 1
    else:
        length = call.args[index + 1]
    return quote(call.t.memory.read(raw, min(length, SHOWN_BYTES)), length > SHOWN_BYTES)


def _array(call: Call, index: int, arg: Arg, raw: int) -> str:
    return STRUCTS[arg.kind](call, index, raw)


def _struct(call: Call, index: int, arg: Arg, raw: int) -> str:
    return STRUCTS[arg.struct](call, index, raw)


def _flags(call: Call, index: int, arg: Arg, raw: int) -> str:
    assert arg.flags is not None
    if arg.flags is OpenFlags and call.row.name in OPENS:
        return open_flags(raw & 0xFFFFFFFF)
    if issubclass(arg.flags, IntEnum):
        return flags(word(raw, arg.decode), arg.flags)
    return flags(raw if arg.decode in (U64, S64) else raw & 0xFFFFFFFF, arg.flags)


def _signal(call: Call, index: int, arg: Arg, raw: int) -> str:
    return signal_name(s32(raw))


def _mode(call: Call, index: int, arg: Arg, raw: int) -> str:
    mode = raw & 0xFFFFFFFF
    return file_mode(mode) if call.row.name in ("mknod", "mknodat") else octal(mode)


def _dirfd(call: Call, index: int, arg: Arg, raw: int) -> str:
    return "AT_FDCWD" if s32(raw) == AT_FDCWD else str(s32(raw))


def _offset(call: Call, index: int, arg: Arg, raw: int) -> str:
    return hex(raw) if call.row.name == "mmap" and raw else str(s64(raw))


def _clock(call: Call, index: int, arg: Arg, raw: int) -> str:
    return flags(s32(raw), Clock)


def _identity(call: Call, index: int, arg: Arg, raw: int) -> str:
    return "-1" if raw & 0xFFFFFFFF == 0xFFFFFFFF else str(raw & 0xFFFFFFFF)


KINDS: dict[str, Callable[[Call, int, Arg, int], str]] = {
    "argv": _array,
    "buffer": _buffer,
    "clockid": _clock,
    "dirfd": _dirfd,
    "enum": _flags,
    "envp": _array,
    "flags": _flags,
    "gid": _identity,
    "mode": _mode,
    "offset": _offset,
    "path": _path,
    "signal": _signal,
    "struct": _struct,
    "struct-inout": _struct,
    "text": _text,
    "uid": _identity,
}
POINTERS = frozenset({"argv", "buffer", "envp", "path", "ptr", "struct", "struct-inout", "text"})


def argument(call: Call, index: int) -> str:
    """One argument as text; whatever the guest has passed, text."""
    arg = call.row.parameters[index].arg
    raw = call.args[index]
    dependent = DEPENDENT.get((call.row.name, index))
    try:
        if dependent is not None and (text := dependent(call, index, raw)) is not None:
            return text
        if arg.kind in POINTERS and (raw == 0 or arg.kind == "ptr" or (call.failed and arg.out)):
            return pointer(raw)
        if arg.flags is None and (call.row.name, index) in VALUES:
            kind = VALUES[call.row.name, index]
            return _flags(call, index, Arg(arg.kind, S32 if issubclass(kind, IntEnum) else U32, flags=kind), raw)
        if arg.flags is not None:
            return _flags(call, index, arg, raw)
        if arg.kind in KINDS:
            return KINDS[arg.kind](call, index, arg, raw)
        if call.row.handler is None and arg.kind == "ulong":
            return hex(raw)
        return str(word(raw, arg.decode))
    except Exception:
        return pointer(raw)


def before(call: Call) -> list[str | None]:
    """The arguments as they are when the call begins; None for those that the call has yet to write."""
    count = len(call.row.parameters)
    if call.row.name in LENGTHS:
        count = min(count, LENGTHS[call.row.name](call))
    shown: list[str | None] = []
    for index in range(count):
        arg = call.row.parameters[index].arg
        later = (arg.out and arg.kind in OUT_KINDS) or (call.row.name, index) in WRITTEN
        shown.append(None if later and call.args[index] else argument(call, index))
    return shown


def after(call: Call, shown: list[str | None], indent: int = 0) -> str:
    """The whole line of a call that has a result, from what `before` gave; `indent` columns precede it."""
    texts: list[str] = []
    for index, text in enumerate(shown):
        arg = call.row.parameters[index].arg
        now = argument(call, index) if text is None else text
        if text is not None and arg.kind == "struct-inout" and call.row.name not in REMARKS:
            then = argument(call, index)
            now = text if call.failed or then == text else f"{text} => {then}"
        texts.append(now)
    line = f"{call.row.name}({', '.join(texts)})"
    return f"{line:<{RESULT_COLUMN - 1 - indent}} = {outcome(call.result, result_form(call))}{_remark(call)}"


def unfinished(call: Call, shown: list[str | None], indent: int = 0) -> str:
    """The line of a call that will never have a result."""
    line = f"{call.row.name}({known(shown)} <unfinished ...>)"
    return f"{line:<{RESULT_COLUMN - 1 - indent}} = ?"


def _remark(call: Call) -> str:
    if call.result is None or call.failed or call.row.name not in REMARKS:
        return ""
    try:
        text = REMARKS[call.row.name](call)
    except Exception:
        text = ""
    return f" ({text})" if text else ""


def show_call(t: Thread, row: Row, args: Sequence[int], phase: str = "after", result: int | None = None) -> str:
    """A call as text: up to the first argument that is not there yet (phase "before"), or whole with its result."""
    call = Call(t, row, six(args), result)
    shown = before(call)
    if phase != "before":
        return after(call, shown)
    return f"{row.name}({known(shown)}" + (")" if None not in shown else "")


def six(args: Sequence[int]) -> tuple[int, ...]:
    """Six words, whatever the architecture's caller has given."""
    return (*args, 0, 0, 0, 0, 0, 0)[:6]


def known(shown: list[str | None]) -> str:
    """The arguments up to the first that is not there yet, as they stand behind the parenthesis."""
    texts: list[str] = []
    for text in shown:
        if text is None:
            return "".join(f"{text}, " for text in texts)
        texts.append(text)
    return ", ".join(texts)
