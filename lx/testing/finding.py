"""A finding: one distinct divergence, or one fault of the emulator, as it is kept and reported.

A finding is plain data that goes through pipes and files as JSON. Its identity is a hash of its key (lx.testing.distinct),
so that the same divergence found by another worker, another campaign or after an interruption is the same file.
"""

import re
from dataclasses import asdict, dataclass, field
from typing import Any

from lx.testing import distinct, printing
from lx.testing.compare import Divergence, shown
from lx.testing.program import Program, Ref, Step, Value

BUG = re.compile(rb"^lx: bug in lx.*(?:\n(?!lx: ).*)*|^Traceback \(most recent call last\):\n(?:.*\n)*?\S.*$", re.M)
REPORT = re.compile(r"report in (/\S+)")
REPORT_SIZE = 1 << 16


@dataclass
class Finding:
    """kind: divergence, engines or crash. seen: how often; index: of the first program; minimal: it has been shrunk."""

    key: str
    kind: str
    call: str
    what: str
    lx: str
    linux: str
    says: str
    program: dict[str, Any]
    index: int
    seen: int = 1
    minimal: bool = False
    report: str = ""
    python: str = field(default="", repr=False)
    c: str = field(default="", repr=False)

    @property
    def identity(self) -> str:
        """A short name, good for a file."""
        return distinct.identity(self.key)

    def as_json(self) -> dict[str, Any]:
        """The finding as JSON has it."""
        return {"id": self.identity, **asdict(self)}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> "Finding":
        """The finding that as_json has given."""
        return cls(**{name: value for name, value in data.items() if name != "id"})


def make(divergence: Divergence, program: Program, index: int, *, kind: str, minimal: bool, report: str = "") -> Finding:
    """A finding of a program that shows a divergence."""
    written = divergence.step if divergence.what == "written" else -1
    says = str(divergence) if kind != "crash" else f"{divergence.call}: lx has crashed: {divergence.guest}"
    prefix = "" if kind == "divergence" else f"{kind}: "
    return Finding(
        key=prefix + distinct.key(divergence, program),
        kind=kind,
        call=divergence.call,
        what=divergence.what,
        lx=shown(divergence.guest),
        linux=shown(divergence.native),
        says=says,
        program=program_to_json(program),
        index=index,
        minimal=minimal,
        report=report,
        python=printing.as_python(program, says=says, written=written),
        c=printing.as_c(program, says=says),
    )


def bugs(errors: bytes) -> list[str]:
    """What lx has said on standard error that it should never have to say."""
    return [found.group().decode(errors="replace") for found in BUG.finditer(errors)]


def bug_kind(text: str) -> str:
    """What tells a fault of lx from others: the exception, without addresses and pids."""
    lines = text.strip().splitlines()
    said = re.sub(r" at guest pc .*", "", lines[0] if text.startswith("lx: ") else lines[-1])
    return re.sub(r"0x[0-9a-f]+|\d+", "N", said)[:120]


def bug_report(text: str) -> str:
    """The report that a line names, or the text itself."""
    found = REPORT.search(text)
    if found:
        try:
            with open(found.group(1), encoding="utf-8", errors="replace") as file:
                return f"{text}\n\n{file.read(REPORT_SIZE)}"
        except OSError:
            pass
    return text


def program_to_json(program: Program) -> dict[str, Any]:
    """A program as JSON has it: a reference is {"step": n, "offset": n}."""
    return {"steps": [_step(step) for step in program.steps], "pool": program.pool.rstrip(b"\0").hex()}


def program_from_json(data: dict[str, Any]) -> Program:
    """The program that program_to_json has given."""
    return Program(tuple(map(_made_step, data["steps"])), bytes.fromhex(data["pool"]))


def _step(step: Step) -> dict[str, Any]:
    args = [{"step": a.step, "offset": a.offset} if isinstance(a, Ref) else a for a in step.args]
    made: dict[str, Any] = {"call": step.name, "args": args}
    if step.out[1]:
        made["out"] = list(step.out)
    if step.child:
        made["child"] = [_step(s) for s in step.child]
    return made


def _made_step(data: dict[str, Any]) -> Step:
    args: tuple[Value, ...] = tuple(Ref(a["step"], a["offset"]) if isinstance(a, dict) else a for a in data["args"])
    out = data.get("out", (0, 0))
    return Step(data["call"], args, (out[0], out[1]), tuple(map(_made_step, data.get("child", ()))))
