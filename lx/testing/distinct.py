"""Which divergences are the same one: the call, the two answers, and the class of each argument.

An argument's class is what a reader would say of it: `O_CREAT|O_RDWR`, `NULL`, `a descriptor of openat`, `a long path`. Two
divergences of one call with one pair of answers and equal classes have one cause, nearly always; after shrinking, arguments
that do not matter are 0, so that one cause seldom shows as two.
"""

import hashlib

from lx.abi.names import IntEnum
from lx.testing.compare import Divergence
from lx.testing.generate import rows
from lx.testing.image import DATA, DATA_END, POOL, POOL_SIZE
from lx.testing.program import Program, Ref, Step, Value
from syscalls.types import Arg

POINTERS = frozenset({"path", "text", "buffer", "struct", "struct-inout", "ptr", "argv", "envp"})
NEGATIVE_32, NEGATIVE_64 = 2**31, 2**63
AT_FDCWD = 2**32 - 100


def classes(program: Program, index: int) -> dict[str, str]:
    """The class of each argument of a step, by the parameter's name."""
    step = program.steps[index]
    row = rows().get(step.name)
    if row is None:
        return {f"argument {i}": _number(value) for i, value in enumerate(step.args) if not isinstance(value, Ref)}
    return {
        parameter.name: _class(program, parameter.arg, step.args[i] if i < len(step.args) else 0)
        for i, parameter in enumerate(row.parameters)
    }


def key(divergence: Divergence, program: Program) -> str:
    """What tells a divergence from others: its own key, and the classes of its step's arguments."""
    if divergence.what == "crash":
        return f"{divergence.call} {divergence.guest}"
    if divergence.step < 0:
        return divergence.key
    return f"{divergence.key} ({', '.join(classes(program, divergence.step).values())})"


def identity(text: str) -> str:
    """A short name for a key, good for a file."""
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def string_at(program: Program, address: int) -> bytes | None:
    """The C string that a pointer into the pool means."""
    if POOL <= address < POOL + len(program.pool):
        return program.pool[address - POOL :].partition(b"\0")[0]
    return None


def flag_names(arg: Arg, value: int) -> list[str]:
    """A word of bits, or a command, in Linux's names; what has none as a number."""
    if arg.flags is None:
        return [f"{value:#x}"]
    if issubclass(arg.flags, IntEnum):
        return [arg.flags(value).name] if value in set(arg.flags) else [f"{value:#x}"]
    names, rest = [], value
    for member in sorted(arg.flags.__members__.values(), key=lambda m: -int(m).bit_count()):
        bits = int(member) & 2**64 - 1
        if bits and rest & bits == bits and member.name:
            names.append(member.name)
            rest &= ~bits
    names.reverse()
    return names + ([f"{rest:#x}"] if rest or not names else [])


def _class(program: Program, arg: Arg, value: Value) -> str:
    if isinstance(value, Ref):
        return f"of {program.steps[value.step].name}" + ("+" if value.offset else "")
    if arg.kind in POINTERS:
        return _pointer(program, arg, value)
    if arg.kind in ("fd", "dirfd"):
        return "AT_FDCWD" if value & 2**32 - 1 == AT_FDCWD else "small" if value < 256 else "no descriptor"
    if arg.kind in ("flags", "enum"):
        known = [name for name in flag_names(arg, value) if not name.startswith("0x")]
        unknown = len(known) < len(flag_names(arg, value)) and value != 0
        return "|".join(known + ["unknown"] * unknown) or "0"
    return _number(value)


def _pointer(program: Program, arg: Arg, value: int) -> str:
    if value < 4096:
        return "NULL" if value == 0 else "near NULL"
    if POOL <= value < POOL + POOL_SIZE and arg.kind in ("path", "text"):
        return _string(string_at(program, value) or b"")
    if value >= 2**47:
        return "beyond user space"
    if DATA <= value < DATA_END:
        return "across the edge" if value > DATA_END - 8 else "memory"
    return "unmapped" if value in (DATA_END, 2**47 - 4096) else "elsewhere"


def _string(text: bytes) -> str:
    if not text:
        return "empty"
    if len(text) > 255:
        return "too long"
    name = text.decode(errors="replace")
    return f'"{name[:20]}"'


def _number(value: int) -> str:
    if value == 0:
        return "0"
    if value >= 2**64 - NEGATIVE_32 or NEGATIVE_32 <= value < 2**32:
        return "negative"
    if value <= 4096:
        return "small"
    return "large" if value < NEGATIVE_32 else "huge"


def describe(step: Step, program: Program, index: int) -> str:
    """A step in one line, its arguments as classes."""
    return f"{step.name}({', '.join(f'{name}: {what}' for name, what in classes(program, index).items())})"
