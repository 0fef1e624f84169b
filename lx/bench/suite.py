"""Running suites: what `lx bench` does between its options and its reports."""

import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from lx.bench import measure, programs
from lx.bench.measure import Measured, Plan, Sample
from lx.bench.peers import Peer
from lx.bench.result import Result
from lx.bench.rows import MICRO, SCALE, Row

HERE = Path(__file__).parent
GUESTS = HERE / "guests"
SUITES = ("micro", "programs", "scale")
Show = Callable[[Measured], None]


def run(result: Result, suites: Sequence[str], peers: Sequence[Peer], plan: Plan, show: Show, only: str = "") -> None:
    """Measure; each row is added to the result and shown as soon as it is there. An interrupt ends it and keeps what is there."""
    try:
        with tempfile.TemporaryDirectory(prefix="lx-bench-") as name:
            for suite in suites:
                for row in _rows(suite, peers, plan, Path(name), only):
                    result.rows.append(row)
                    show(row)
    except KeyboardInterrupt:
        result.interrupted = True


def _rows(suite: str, peers: Sequence[Peer], plan: Plan, directory: Path, only: str) -> Iterator[Measured]:
    if suite == "programs":
        yield from _programs(peers, plan, directory, only)
        return
    rows: tuple[Row, ...] = MICRO if suite == "micro" else SCALE
    binary = measure.build(directory, GUESTS.glob("*.c"))
    for row in rows:
        if only in row.name:
            yield measure.measure_row(row, suite, peers, binary, plan)


def _programs(peers: Sequence[Peer], plan: Plan, directory: Path, only: str) -> Iterator[Measured]:
    data = directory / "data"
    data.mkdir()
    programs.prepare(data)
    launcher = measure.build(directory, [HERE / "launch.c"], "launch")
    for program in programs.PROGRAMS:
        if only not in program.name:
            continue
        missing = programs.absent(program)
        if missing:
            row = Measured("programs", program.name, program.title, program.group)
            row.columns = {peer.name: Sample(problem=missing) for peer in peers if program.wants(peer.name)}
            yield row
        else:
            yield from measure.measure_program(program, peers, plan, data, launcher)
