"""A program of calls as text: Python that replays it on both sides, and C that makes the same calls on any Linux.

Both are exact: the bytes that pointers mean are put where the program has had them, and the C program sets itself up as a side is
(descriptors, limits, user, file mode mask), so that a divergence can be shown to somebody who has no lx. Comments tell what
numbers mean. The C program's frame is shown.c.
"""

import os
import re

from lx.testing.distinct import flag_names, string_at
from lx.testing.generate import FORKS, rows
from lx.testing.image import CODE, DATA, DATA_END, FILE_AT, GUARD, HANDLER, POOL, image
from lx.testing.program import Program, Ref, Step, Value
from lx.testing.sides import LIMITS
from syscalls.numbers_x86_64 import NUMBERS

GAP = 16
"""Zero bytes that end a run of memory."""


def as_python(program: Program, *, says: str = "", written: int = -1) -> str:
    """A Python program that replays it. says: what it shows; written: the step whose written bytes matter."""
    lines = [f"# {line}" for line in says.splitlines()]
    lines += ["from lx.testing import replay", "", "", "def calls(side):"]
    lines += [f"    side.poke({address:#x}, {data!r})" for address, data in runs(program)]
    for i, step in enumerate(program.steps):
        if step.child:
            script = ", ".join(f"({s.name!r}, ({''.join(_python(a) + ', ' for a in s.args)}))" for s in step.child)
            lines.append(f"    side.script([{script}])  # what the child does")
        call = f"    r{i} = side.{step.name}({', '.join(map(_python, step.args))})"
        lines.append(call + _comment("  # ", meaning(program, i)))
        if step.settles:
            lines.append(f"    side.settle(r{i})  # the child has ended")
        if i == written:
            lines.append(f"    side.peek({step.out[0]:#x}, {step.out[1]})")
    return "\n".join([*lines, "", "", "print(replay(calls))", ""])


def as_c(program: Program, *, says: str = "") -> str:
    """A C program that makes the same calls natively: it prints each result, and how the program ended."""
    data, calls = [], []
    if HANDLER.to_bytes(8, "little") in program.pool:
        data.append(_array("handler", image()[FILE_AT:]))
        calls.append(f"    memcpy(map({CODE:#x}, 0x1000, 7) + {FILE_AT:#x}, handler, sizeof handler);")
    calls.append(f"    map({DATA:#x}, {DATA_END - DATA:#x}, 3);")
    calls.append(f"    munmap((void *){GUARD:#x}, 4096);")
    for address, content in runs(program):
        data.append(_array(f"at_{address:x}", content))
        calls.append(f"    memcpy((void *){address:#x}, at_{address:x}, sizeof at_{address:x});")
    for i, step in enumerate(program.steps):
        calls += _c_step(program, i, step)
    parts = {
        "says": "\n".join(f"/* {_no_comment(line)} */" for line in says.splitlines()),
        "data": "\n".join(data),
        "calls": "\n".join(calls),
        "limits": ", ".join(f"{{{resource}, {value}}}" for resource, value in LIMITS),
    }
    with open(os.path.join(os.path.dirname(__file__), "shown.c"), encoding="utf-8") as file:
        return re.sub(r"/\*@(\w+)\*/", lambda found: parts[found.group(1)], file.read())


def _no_comment(text: str) -> str:
    return text.replace("*/", "* /").replace("/*", "/ *")


def _array(name: str, data: bytes) -> str:
    return f"static const unsigned char {name}[] = {{{', '.join(map(str, data))}}};"


def runs(program: Program) -> list[tuple[int, bytes]]:
    """The bytes that the program's pointers mean, less long runs of zeros: (address, bytes)."""
    found, pool, at = [], program.pool.rstrip(b"\0"), 0
    while at < len(pool):
        if pool[at] == 0:
            at += 1
            continue
        end = pool.find(bytes(GAP), at)
        end = len(pool) if end < 0 else end
        at &= -8
        found.append((POOL + at, pool[at:end]))
        at = end
    return found


def meaning(program: Program, index: int) -> str:
    """What the numbers of a step mean: strings and flags."""
    step = program.steps[index]
    row = rows().get(step.name)
    words = []
    for parameter, value in zip(row.parameters if row else (), step.args, strict=False):
        arg = parameter.arg
        if isinstance(value, Ref):
            continue
        if arg.kind in ("path", "text") and (text := string_at(program, value)) is not None:
            words.append(f"{parameter.name} {text!r}" if len(text) < 40 else f"{parameter.name} of {len(text)} bytes")
        elif arg.kind in ("flags", "enum") and arg.flags and (value or arg.kind == "enum"):
            words.append(f"{parameter.name} {'|'.join(flag_names(arg, value))}")
    return ", ".join(words)


def _comment(mark: str, text: str) -> str:
    return mark + text if text else ""


def _python(value: Value) -> str:
    if isinstance(value, Ref):
        return f"r{value.step}" + (f" + {value.offset:#x}" if value.offset else "")
    if value >= 2**64 - 4096:
        return str(value - 2**64)
    return f"{value:#x}" if value > 4095 else str(value)


def _c_step(program: Program, index: int, step: Step) -> list[str]:
    args = "".join(f", {_c(a)}" for a in step.args)
    text = _no_comment(meaning(program, index))
    made = "vfork()" if step.name == "vfork" else f"syscall({NUMBERS[step.name]}{args})"
    lines = [f"    long r{index} = {made}; /* {step.name}{_comment(': ', text)} */"]
    if step.name in FORKS:
        made = " ".join(f"syscall({NUMBERS[s.name]}{''.join(f', {_c(a)}' for a in s.args)});" for s in step.child)
        lines.append(f"    if (r{index} == 0) {{ {made} _exit(0); }}")
    if step.settles:
        lines.append(f"    if (r{index} > 0) waitid(P_PID, r{index}, NULL, WEXITED | WNOWAIT);")
    lines.append(f'    say("{step.name}", r{index});')
    return lines


def _c(value: Value) -> str:
    if isinstance(value, Ref):
        return f"r{value.step}" + (f" + {value.offset}" if value.offset else "")
    return f"{value - 2**64}L" if value >= 2**64 - 4096 else f"{value:#x}UL" if value > 4095 else f"{value}L"
