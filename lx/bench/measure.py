"""Measuring: one process of a column, one row over all columns, a suite that may be interrupted.

In the first round a column finds how many repetitions fill its time; later rounds use that number. Columns take turns, and the
turn's order changes from round to round, so none is always the one that runs after a heavy neighbour.
"""

import os
import select
import signal
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from lx.bench.peers import Peer
from lx.bench.rows import Program, Row

NOISY = 0.2
"""A spread above this is said beside the figure."""
UNSUPPORTED_STATUS = 77
WALL_FACTOR = 25
"""How much longer than a value a run takes that is timed by its wall time: start-up must be small against it."""
MOST_BY_WALL = 1_000_000
MOST_IN_A_TURN = 9
"""Runs of a short program in one round."""
MOST_OF_A_PROGRAM = 3
"""Rounds of a whole program, which takes long enough to be steady."""


class Problem(Exception):
    """Why a column has no figure, in a few words."""


@dataclass
class Run:
    """What one process gave: seconds for one operation, and (repetitions, seconds for one) of its warm-up."""

    values: list[float]
    loops: int = 1
    warmups: list[tuple[int, float]] = field(default_factory=list)


@dataclass
class Sample:
    """One column of one row."""

    runs: list[Run] = field(default_factory=list)
    problem: str = ""

    def rounds(self) -> list[float]:
        """One value for each round: the middle one of its process."""
        return [statistics.median(run.values) for run in self.runs]

    @property
    def median(self) -> float:
        """The middle round, seconds (or bytes); nan without a figure."""
        return statistics.median(self.rounds()) if self.runs else float("nan")

    @property
    def spread(self) -> float:
        """(largest - smallest) / middle, over the rounds."""
        rounds = self.rounds()
        return (max(rounds) - min(rounds)) / self.median if rounds and self.median else 0.0


@dataclass
class Measured:
    """A row with its columns."""

    suite: str
    name: str
    title: str
    group: str
    unit: str = "second"
    x: int | None = None
    """The place on a scale curve."""
    targets: tuple[tuple[str, float], ...] = ()
    why: str = ""
    columns: dict[str, Sample] = field(default_factory=dict)

    def ratio(self, column: str, base: str) -> tuple[float, float] | None:
        """(middle, spread) of column to base, taken round by round; None if one of them has no figure."""
        ours, theirs = self.columns.get(column), self.columns.get(base)
        if not ours or not theirs or not ours.runs or not theirs.runs:
            return None
        ratios = [a / b for a, b in zip(ours.rounds(), theirs.rounds(), strict=False) if b > 0]
        if not ratios:
            return None
        middle = statistics.median(ratios)
        return middle, (max(ratios) - min(ratios)) / middle if middle else 0.0


def process(
    command: Sequence[str], environment: dict[str, str], cwd: Path, limit: float, stdin: Path | None = None
) -> tuple[int, bytes, bytes, float]:
    """Run to the end: status as Popen tells it, output, errors, wall seconds. Problem if it hangs or is not there.

    A process that hangs is killed with all that it has started (it leads a session of its own).
    """
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err, open(stdin or os.devnull, "rb") as source:
        started = time.perf_counter()
        try:
            child = subprocess.Popen(
                command, stdin=source, stdout=out, stderr=err, cwd=cwd, env=os.environ | environment, start_new_session=True
            )
        except OSError as error:
            raise Problem(f"cannot be started: {error.strerror}") from None
        try:
            status = _wait(child, started + limit)
            wall = time.perf_counter() - started
        finally:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(child.pid, signal.SIGKILL)
        out.seek(0)
        err.seek(0)
        return status, out.read(), err.read(), wall


def _wait(child: "subprocess.Popen[bytes]", deadline: float) -> int:
    """The status, as soon as there is one: Popen's own wait with a time limit would look only now and then."""
    fd = os.pidfd_open(child.pid)
    try:
        ready = select.select([fd], [], [], max(deadline - time.perf_counter(), 0))[0]
    finally:
        os.close(fd)
    if not ready:
        os.killpg(child.pid, signal.SIGKILL)
    status = child.wait()
    if not ready:
        raise Problem("hung: killed at its time limit")
    return status


def last_words(out: bytes, err: bytes) -> str:
    """What a program that failed said last, short."""
    lines = (err.strip() or out.strip()).decode(errors="replace").splitlines()
    return lines[-1].strip()[:100] if lines else "it said nothing"


def ended(status: int, out: bytes, err: bytes) -> None:
    """Problem unless the program ended well."""
    if status == UNSUPPORTED_STATUS and b"unsupported:" in out:
        raise Problem(out[out.rindex(b"unsupported:") :].decode(errors="replace").strip())
    if status < 0 or status > 128:
        number = -status if status < 0 else status - 128
        names = {int(s): s.name for s in signal.Signals}
        raise Problem(f"crashed: {names.get(number, f'signal {number}')}: {last_words(out, err)}")
    if status:
        raise Problem(f"failed: status {status}: {last_words(out, err)}")


def take(peer: Peer, binary: Path, row: Row, loops: int, plan: "Plan", cwd: Path) -> Run:
    """One process of one column. Problem."""
    if peer.by_wall:
        return take_by_wall(peer, binary, row, loops, plan, cwd)
    words = [str(binary), row.op, str(row.parameter), str(loops), str(plan.values), str(plan.value_ns)]
    status, out, err, wall = process(peer.command(words), peer.environment, cwd, plan.limit)
    ended(status, out, err)
    return parse(out, wall, plan.values)


def take_by_wall(peer: Peer, binary: Path, row: Row, loops: int, plan: "Plan", cwd: Path) -> Run:
    """The same for a peer whose guest clock is of no use: whole processes, many repetitions against one."""

    def wall(repetitions: int) -> float:
        words = [str(binary), row.op, str(row.parameter), str(repetitions), "0", "0"]
        status, out, err, seconds = process(peer.command(words), peer.environment, cwd, plan.limit)
        ended(status, out, err)
        if not out.startswith(b"warmup"):
            raise Problem(f"nonsense: it printed {out[:60]!r}")
        return seconds

    wanted = plan.value_ns * WALL_FACTOR / 1e9
    repetitions = loops or 100
    base = wall(1)
    taken = wall(repetitions) - base
    while not loops and taken < wanted / 2 and repetitions < MOST_BY_WALL:
        repetitions *= 10 if taken < wanted / 20 else max(2, round(wanted / taken))
        taken = wall(repetitions) - base
    if taken <= 0:
        raise Problem("noise: many repetitions take no longer than one")
    return Run([taken / (repetitions - 1)], repetitions)


def parse(out: bytes, wall: float, values: int) -> Run:
    """What micro prints. Problem for what cannot be: no values, times of nothing, more time than has passed."""
    taken: dict[str, list[tuple[int, float]]] = {"warmup": [], "value": []}
    for line in out.decode(errors="replace").splitlines():
        if line.startswith("failed: "):
            raise Problem(line)
        words = line.split()
        if (
            len(words) != 3
            or words[0] not in taken
            or not words[1].isdigit()
            or words[:2] == ["value", "0"]
            or not words[2].lstrip("-").isdigit()
        ):
            raise Problem(f"nonsense: it printed {line[:60]!r}")
        taken[words[0]].append((int(words[1]), int(words[2]) / 1e9))
    total = sum(seconds for pairs in taken.values() for _, seconds in pairs)
    if len(taken["value"]) != values:
        raise Problem(f"nonsense: {len(taken['value'])} values instead of {values}")
    if any(seconds <= 0 for _, seconds in taken["value"]):
        raise Problem("nonsense: its clock stands still")
    if total > wall * 1.1:
        raise Problem(f"nonsense: {total:.3g} s inside {wall:.3g} s")
    pairs = taken["value"]
    return Run(
        [seconds / loops for loops, seconds in pairs],
        pairs[0][0],
        [(loops, seconds / loops) for loops, seconds in taken["warmup"] if loops and seconds > 0],
    )


@dataclass(frozen=True)
class Plan:
    """How much is measured."""

    rounds: int = 5
    values: int = 3
    value_ns: int = 20_000_000
    short_program: float = 0.4
    """Seconds of its turn in a round that a whole program fills with runs, if it is over before."""
    limit: float = 60.0
    """Seconds after which a process is said to hang."""


QUICK = Plan(rounds=2, values=1, value_ns=3_000_000, short_program=0.0, limit=30.0)


def measure_row(row: Row, suite: str, peers: Sequence[Peer], binary: Path, plan: Plan) -> Measured:
    """A row over all columns that are there, interleaved."""
    measured = Measured(suite, row.name, row.title, row.group, x=row.x, targets=row.targets, why=row.why)

    def one(peer: Peer, loops: int, cwd: Path) -> Run:
        return take(peer, binary, row, loops, plan, cwd)

    interleave(measured, there(row, peers), plan.rounds, one)
    return measured


def there(row: Row | Program, peers: Sequence[Peer]) -> list[Peer]:
    """The columns of this row: peers that suit it, and what it brings to be compared with."""
    rivals = [Peer(name, prefix, instead=True) for name, prefix in row.rivals.items()]
    return [*[fit(peer, row) for peer in peers if row.wants(peer.name)], *rivals]


def fit(peer: Peer, row: Row | Program) -> Peer:
    """The peer, or why it cannot be measured by this row."""
    if row.executes and peer.lets_go and not peer.absent:
        return replace(peer, absent="not by this: what the guest executes runs natively")
    return peer


def interleave(measured: Measured, peers: Sequence[Peer], rounds: int, one: Callable[[Peer, int, Path], Run]) -> None:
    """Give each peer its turn in each round; `one` gets the repetitions found before (0: none yet). A problem ends a column."""
    for peer in peers:
        measured.columns[peer.name] = Sample(problem=f"absent: {peer.absent}" if peer.absent else "")
    for turn in range(rounds):
        shift = turn % len(peers) if peers else 0
        for peer in [*peers[shift:], *peers[:shift]]:
            sample = measured.columns[peer.name]
            if sample.problem or turn >= peer.rounds:
                continue
            with tempfile.TemporaryDirectory(prefix="lx-bench-") as cwd:
                try:
                    sample.runs.append(one(peer, sample.runs[0].loops if sample.runs else 0, Path(cwd)))
                except Problem as problem:
                    sample.problem = str(problem)
                    sample.runs.clear()


def measure_program(program: Program, peers: Sequence[Peer], plan: Plan, data: Path, launcher: Path) -> list[Measured]:
    """A whole program: wall time, the same without start-up, CPU time, peak memory.

    `data` is the directory that `programs.prepare` filled. Start-up is the same program with nothing to do, in the same round.
    A short program is run several times in its turn, of which the middle one counts.
    """
    name, title, group = program.name, program.title, program.group
    rows = {
        "wall": Measured("programs", name, title, group, targets=() if program.idle else program.targets),
        "net": Measured("programs", f"{name}.net", f"{title}, start-up taken off", group, targets=program.targets),
        "cpu": Measured("programs", f"{name}.cpu", f"{title}: CPU time", group),
        "peak": Measured("programs", f"{name}.peak", f"{title}: peak memory", group, "byte", targets=program.peak),
    }
    if not program.idle:
        del rows["net"]
    expected: list[bytes] = []

    def run(peer: Peer, command: list[str], cwd: Path, limit: float, *, idle: bool) -> tuple[bytes, float, float, float]:
        own = Path(tempfile.mkdtemp(dir=cwd))
        with beside(program.load(idle) if program.load else None, own):
            return launch(launcher, peer.command(command), peer.environment, own, limit, None if idle else program.stdin(data))

    def once(peer: Peer, cwd: Path) -> dict[str, float]:
        out, wall, cpu, peak = run(peer, program.make(data), cwd, plan.limit * 4, idle=False)
        if program.stable and not peer.instead:
            if not expected:
                expected.append(out)
            elif out != expected[0]:
                raise Problem(f"nonsense: its output differs: {out[:40]!r}")
        values = {"wall": wall, "cpu": cpu, "peak": peak}
        if program.idle:
            values["net"] = wall - run(peer, program.idle(data), cwd, plan.limit, idle=True)[1]
        return values

    def one(peer: Peer, _: int, cwd: Path) -> Run:
        taken = [once(peer, cwd)]
        while len(taken) < MOST_IN_A_TURN and sum(values["wall"] for values in taken) < plan.short_program:
            taken.append(once(peer, cwd))
        for kind in rows.keys() - {"wall"}:
            rows[kind].columns.setdefault(peer.name, Sample()).runs.append(Run([values[kind] for values in taken]))
        return Run([values["wall"] for values in taken])

    interleave(rows["wall"], there(program, peers), min(plan.rounds, MOST_OF_A_PROGRAM), one)
    for peer_name, sample in rows["wall"].columns.items():
        for row in rows.values():
            if sample.problem:
                row.columns[peer_name] = Sample(problem=sample.problem)
            elif any(value <= 0 for value in row.columns[peer_name].rounds()):
                row.columns[peer_name] = Sample(problem="noise: start-up took longer than the whole")
    return list(rows.values())


@contextmanager
def beside(command: list[str] | None, cwd: Path) -> Iterator[None]:
    """A native process for the time of a block, ended with it if it has not ended by itself; nobody reads what it says."""
    if command is None:
        yield
        return
    silent = subprocess.DEVNULL
    with subprocess.Popen(command, cwd=cwd, stdout=silent, stderr=silent, start_new_session=True) as child:
        try:
            yield
        finally:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(child.pid, signal.SIGKILL)


def launch(
    launcher: Path, command: Sequence[str], environment: dict[str, str], cwd: Path, limit: float, stdin: Path | None = None
) -> tuple[bytes, float, float, float]:
    """Run a program by way of launch.c: its output, wall seconds, CPU seconds, peak bytes. Problem."""
    report = cwd.with_name(cwd.name + ".report")
    status, out, err = process([str(launcher), str(report), *command], environment, cwd, limit, stdin)[:3]
    ended(status, out, err)
    raw, wall_ns, cpu_ns, kilobytes = map(int, report.read_text().split())
    report.unlink()
    ended(os.waitstatus_to_exitcode(raw), out, err)
    return out, wall_ns / 1e9, cpu_ns / 1e9, kilobytes * 1024.0


def build(directory: Path, sources: Iterable[Path], name: str = "micro") -> Path:
    """A program made of C files, static. Problem without a C compiler or a static C library."""
    binary = directory / name
    compiler = os.environ.get("CC", "cc")
    try:
        done = subprocess.run(
            [compiler, "-O2", "-static", "-pthread", "-o", binary, *sorted(sources)], capture_output=True, text=True, timeout=120
        )
    except OSError as error:
        raise Problem(f"the guests cannot be built: {compiler}: {error.strerror}; a C compiler is needed") from None
    if done.returncode:
        raise Problem(f"the guests cannot be built: {last_words(b'', done.stderr.encode())}")
    return binary
