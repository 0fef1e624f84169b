"""Instructions per call, counted by callgrind: they do not drift on a shared machine, so the gate in CI compares them.

One process measures all rows: the guest runs each operation n and then 2n times between calls of umask, and callgrind is told to
start a new count whenever the host's umask is entered. The difference of the two counts, by n, is one operation; start-up,
translation of the guest's code and the umask itself fall out. What the kernel does is not counted.

Counts depend on how Python was built and on Unicorn, so a baseline holds one set for each kind of Python. A machine whose kind
has none is not judged, and told so.
"""

import json
import os
import re
import shutil
import sys
import sysconfig
import tempfile
from collections import Counter
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from lx.bench import measure
from lx.bench.measure import Problem

TOLERANCE = 0.05
LIMIT = 600.0
GUESTS = Path(__file__).parent / "guests"
DRIVER = (sys.executable, "-P", "-m", "lx.bench.counted", "run", "--seed", "1")
TOTALS = re.compile(rb"^(?:totals|summary): (\d+)", re.MULTILINE)
DEEPEST = 40
RUN = re.compile(r"_compiled_6Engine_\d+run$")
CYTHON = re.compile(r"^__pyx_\w+?_9_compiled_(6Engine_)?(\d+)?")


@dataclass(frozen=True)
class Counted:
    """An operation to be counted; `loops` is n."""

    name: str
    op: str
    parameter: int = 0
    loops: int = 400


HOT = (
    Counted("null getpid", "null_getpid", loops=1000),
    Counted("null getppid", "null_getppid"),
    Counted("null getpgid", "null_getpgid"),
    Counted("sched_yield", "sched_yield"),
    Counted("futex wake", "futex_wake"),
    Counted("read file 1", "read_file", 1),
    Counted("write file 1", "write_file", 1),
    Counted("read zero 1", "read_zero", 1),
    Counted("write null 1", "write_null", 1),
    Counted("pipe 1", "pipe_write_read", 1),
    Counted("pread 1", "pread", 1),
    Counted("lseek", "lseek"),
    Counted("fstat", "fstat"),
    Counted("dup+close", "dup_close"),
    Counted("open+close", "open_close", loops=200),
    Counted("mmap+touch+munmap", "mmap_touch_munmap", 10, 200),
    Counted("sig raise", "sig_raise", loops=200),
    Counted("store 4000 pages", "store_pages", 4000, 20_000),
)
"""What the gate watches."""


def kind() -> str:
    """What the counts depend on, besides lx."""
    arguments = sysconfig.get_config_var("CONFIG_ARGS") or ""
    build = [word for word in ("--enable-optimizations", "--with-lto", "--enable-shared") if word in arguments]
    major = f"CPython {sys.version_info.major}.{sys.version_info.minor}"
    from lx.cpu import engine_name

    return " ".join([major, *build, f"unicorn {version('unicorn')}", engine_name()])


def count(rows: "tuple[Counted, ...]" = HOT, engine: str = "") -> dict[str, float]:
    """Instructions of one operation, by row. Problem."""
    with tempfile.TemporaryDirectory(prefix="lx-bench-") as name:
        dumps = _profile(rows, Path(name), engine)
        totals = [_total(dump) for dump in dumps]
    return {row.name: (totals[3 * i + 2] - totals[3 * i + 1]) / row.loops for i, row in enumerate(rows)}


def _profile(rows: "tuple[Counted, ...]", directory: Path, engine: str = "", options: tuple[str, ...] = ()) -> list[bytes]:
    """callgrind's dumps, one for each call of umask. Problem."""
    valgrind = shutil.which("valgrind")
    if valgrind is None:
        raise Problem("absent: valgrind is not on PATH (Debian: valgrind)")
    binary = measure.build(directory, GUESTS.glob("*.c"))
    work = directory / "work"
    work.mkdir()
    profiler = (valgrind, "-q", "--tool=callgrind", "--dump-before=umask", "--compress-strings=no", "--compress-pos=no", *options)
    words = [f"{row.op}={row.parameter}={row.loops}" for row in rows]
    environment = {"PYTHONHASHSEED": "0"} | ({"LX_ENGINE": engine} if engine else {})
    status, out, err, _ = measure.process(
        [*profiler, f"--callgrind-out-file={directory}/dump", *DRIVER, str(binary), "count", *words], environment, work, LIMIT
    )
    measure.ended(status, out, err)
    dumps = [directory / f"dump.{i + 1}" for i in range(3 * len(rows))]
    missing = [dump.name for dump in dumps if not dump.exists()]
    if missing:
        raise Problem(f"nonsense: callgrind did not write {missing[0]}")
    return [dump.read_bytes() for dump in dumps]


def _total(dump: bytes) -> int:
    found = TOTALS.findall(dump)
    if not found:
        raise Problem("nonsense: a dump of callgrind without its total")
    return int(found[-1])


def folded(row: Counted) -> list[str]:
    """One operation's stacks, outermost first, with the instructions of each: what flame graphs are drawn from. Problem."""
    with tempfile.TemporaryDirectory(prefix="lx-bench-") as name:
        options = (f"--separate-callers={DEEPEST}", "--separate-recs=1")
        dump = _profile((row,), Path(name), options=options)[2]
    stacks: Counter[str] = Counter()
    for stack, cost in _self_costs(dump.decode(errors="replace")):
        stacks[stack] += cost
    return [f"{stack} {cost}" for stack, cost in sorted(stacks.items())]


def frames(name: str) -> str:
    """callgrind's name of a function in its context, as a stack: outermost first, from the engine's run on."""
    parts = [part for part in reversed(name.split("'")) if part and not part.isdigit()]
    shown: list[str] = []
    for part in parts:
        if RUN.search(part):
            shown = []
        shown.append("guest code" if part.startswith("0x") and shown else CYTHON.sub("", part).removesuffix("_x86_64"))
    return ";".join(shown)


def _self_costs(dump: str) -> "list[tuple[str, int]]":
    costs = []
    stack, call = "", False
    for line in dump.splitlines():
        if line.startswith("fn="):
            stack = frames(line[3:])
        elif line.startswith("calls="):
            call = True
        elif line[:1].isdigit():
            words = line.split()
            if not call and len(words) == 2:
                costs.append((stack, int(words[1])))
            call = False
    return costs


@dataclass(frozen=True)
class Verdict:
    """One row against the baseline."""

    name: str
    was: float | None
    now: float | None

    @property
    def change(self) -> float:
        """Relative change; 0 for a row that is new."""
        return self.now / self.was - 1 if self.was and self.now else 0.0

    @property
    def red(self) -> bool:
        """Whether the row needs more than it may, or is no longer counted."""
        return self.now is None or self.change > TOLERANCE

    def __str__(self) -> str:
        if self.now is None:
            return f"{self.name:<26}{self.was:>9.0f}  NOT COUNTED"
        was = "new" if self.was is None else f"{self.was:.0f}"
        return f"{self.name:<26}{was:>9}{self.now:>9.0f}{self.change:>+9.1%}{'  TOO MANY' if self.red else ''}"


def compare(baseline: dict[str, float], now: dict[str, float]) -> list[Verdict]:
    """Every row that was counted or should have been."""
    return [Verdict(name, baseline.get(name), now.get(name)) for name in dict.fromkeys([*now, *baseline])]


def read_baseline(path: Path) -> dict[str, dict[str, float]]:
    """Kind of Python to row to count. ValueError."""
    try:
        data = json.loads(path.read_text())
    except FileNotFoundError:
        return {}
    except ValueError:
        raise ValueError(f"{path}: not JSON") from None
    if not isinstance(data, dict) or not all(isinstance(rows, dict) for rows in data.values()):
        raise ValueError(f"{path}: not a baseline of lx bench --gate")
    return data


def write_baseline(path: Path, all_kinds: dict[str, dict[str, float]]) -> None:
    """Write it, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f"{path.name}.{os.getpid()}")
    rounded = {kind: {name: round(value, 1) for name, value in rows.items()} for kind, rows in all_kinds.items()}
    partial.write_text(json.dumps(rounded, indent=1, sort_keys=True) + "\n")
    partial.replace(path)
