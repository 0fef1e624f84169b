"""A campaign's worker: `python -m lx.testing.worker`, told by lines of JSON what to run, answers in lines of JSON.

The first line holds the settings; each line after it is {"chunk": n}: run the programs n*size to (n+1)*size-1 of the campaign, on
both sides. What it finds it says at once, unshrunk, then again when it is minimal ("replaces" names the first form), and when
the chunk is through, it says so with what it has counted. So whoever reads may stop it at any time: what was found is known,
and a chunk that was not finished is run again.

A program that differs is run again, twice and with more patience: what does not differ each time is counted as unstable, by its
key, and is no finding, unless it is a crash of lx. A divergence whose call and answers have been shrunk often enough is only
counted.
"""

import json
import os
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from random import Random
from typing import Any

from lx.cpu import engine_name
from lx.testing import finding, known, processes
from lx.testing.compare import Divergence, Seen, compare, execute
from lx.testing.distinct import key as distinct_key
from lx.testing.generate import generate
from lx.testing.program import Program
from lx.testing.shrinking import shrink
from lx.testing.sides import Guest, Native, Side

Say = Callable[[dict[str, Any]], None]
CONFIRMATIONS, PATIENCE, IMPATIENCE = 2, 4, 0.3
"""How often a divergence is confirmed; how many times the time for an answer there is meanwhile, and to shrink what blocks."""
MOST_SHRUNK = 12
"""How many divergences of one call and one pair of answers are shrunk; more are only counted."""


@dataclass(frozen=True)
class Settings:
    """What a campaign is. size: programs in a chunk; engines: every how many programs the other engine runs it too, 0 never."""

    seed: int
    calls: tuple[str, ...] = ()
    length: int = 16
    size: int = 100
    timeout: float = 1.0
    engines: int = 50
    known: str = ""

    def as_json(self) -> dict[str, Any]:
        """The settings as JSON has them."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> "Settings":
        """The settings that as_json has given."""
        return cls(**{**data, "calls": tuple(data["calls"])})


def program(settings: Settings, index: int) -> Program:
    """The program of a campaign that has this index."""
    return generate(Random(f"{settings.seed}:{index}"), settings.calls, settings.length)


class Bench:
    """The sides, and what has been seen on them. say: where messages go."""

    def __init__(self, settings: Settings, say: Say) -> None:
        self.settings = settings
        self._say = say
        self._known = known.load(settings.known or known.FILE)
        self._guest: Side = Guest(timeout=settings.timeout)
        self._native: Side = Native(timeout=settings.timeout)
        self._other: Side | None = None
        self._engines = engines()
        self._counts: Counter[str] = Counter()
        self._by_name: dict[str, Counter[str]] = {"known": Counter(), "repeats": Counter(), "unstable": Counter()}
        self._identities: dict[str, str] = {}
        self._first: dict[str, str] = {}
        self._shrunk: Counter[str] = Counter()
        self._alive_at = 0.0

    def close(self) -> None:
        """End the sides, and wait for what they have left to be gone."""
        for side in self._sides():
            side.finish()
        processes.end_strays(frozenset())

    def chunk(self, number: int) -> None:
        """Run a chunk and say what was found and counted."""
        self._counts.clear()
        for counter in self._by_name.values():
            counter.clear()
        for index in range(number * self.settings.size, (number + 1) * self.settings.size):
            self._one(index)
            self._alive()
        self._say({"done": number, "counts": dict(self._counts), **{name: dict(c) for name, c in self._by_name.items()}})

    def _sides(self) -> list[Side]:
        return [side for side in (self._guest, self._native, self._other) if side is not None]

    def _alive(self) -> None:
        now = time.monotonic()
        if now - self._alive_at > 0.5:
            self._alive_at = now
            self._say({"alive": {"programs": self._counts["programs"], "calls": self._counts["calls"]}})

    # ---- one program

    def _one(self, index: int) -> None:
        made = program(self.settings, index)
        ours, theirs = self._execute(self._guest, made), self._execute(self._native, made)
        self._counts["programs"] += 1
        self._counts["calls"] += min(len(ours.results), len(theirs.results))
        self._counts["blocked"] += theirs.end == "blocked"
        bugs = finding.bugs(self._guest.new_errors())
        if bugs:
            self._crash(index, made, bugs[0])
        elif found := compare(made, ours, theirs):
            self._divergence(index, made, found[0], "divergence", self._native)
        if self.settings.engines and index % self.settings.engines == 0 and (other := self._other_engine()):
            self._counts["engines"] += 1
            if found := compare(made, ours, self._execute(other, made)):
                self._divergence(index, made, found[0], "engines", other)

    def _execute(self, side: Side, made: Program) -> Seen:
        seen = execute(side, made)
        processes.end_strays(frozenset(side.process.pid for side in self._sides()))
        return seen

    def _other_engine(self) -> Side | None:
        if self._other is None and self._engines:
            self._other = Guest(timeout=self.settings.timeout, engine=self._engines[1])
        return self._other

    # ---- what differs

    def _crash(self, index: int, made: Program, said: str) -> None:
        fault = finding.bug_kind(said)

        def look(candidate: Program) -> list[Divergence]:
            self._alive()
            self._execute(self._guest, candidate)
            faults = map(finding.bug_kind, finding.bugs(self._guest.new_errors()))
            return [Divergence(-1, candidate.steps[-1].name, "crash", fault, "")] if fault in faults else []

        self._counts["crashes"] += 1
        self._found(_Case(index, made, "crash", fault, look, finding.bug_report(said)))

    def _divergence(self, index: int, made: Program, first: Divergence, kind: str, against: Side) -> None:
        if kind == "divergence" and (entry := known.find(self._known, first, made)):
            self._by_name["known"][entry.name] += 1
            return

        def look(candidate: Program) -> list[Divergence]:
            self._alive()
            return compare(candidate, self._execute(self._guest, candidate), self._execute(against, candidate))

        self._found(_Case(index, made, kind, first.key, look, raw=f"{kind} {distinct_key(first, made)}"))

    def _found(self, case: "_Case") -> None:
        """Something differs: count it if it was seen before, else confirm it, say it, shrink it and say it again."""
        raw = case.raw or case.key
        if raw in self._identities:
            self._by_name["repeats"][self._identities[raw]] += 1
            return
        rough = f"{case.kind} {case.key}"
        if self._shrunk[rough] >= MOST_SHRUNK:
            self._by_name["repeats"][self._first[rough]] += 1
            return
        divergence = self._confirmed(case)
        if divergence is None and case.kind == "crash":
            self._unrepeated(case, raw)
            return
        if divergence is None:
            self._by_name["unstable"][rough] += 1
            return
        self._shrunk[rough] += 1
        early = finding.make(divergence, case.program, case.index, kind=case.kind, minimal=False, report=case.report)
        self._say({"finding": early.as_json()})
        with self._patience(IMPATIENCE if "blocked" in case.key else 1):
            small = shrink(case.program, lambda candidate: case.shown(candidate) is not None)
        last = case.shown(small)
        if last is None:
            small, last = case.program, divergence
        final = finding.make(last, small, case.index, kind=case.kind, minimal=True, report=case.report)
        self._identities[raw] = final.identity
        self._first.setdefault(rough, final.identity)
        self._say({"finding": final.as_json(), "replaces": early.identity})

    def _unrepeated(self, case: "_Case", raw: str) -> None:
        """A crash that does not come again is one all the same: the program and the report are what there is of it."""
        last = case.program.steps[-1].name
        crash = Divergence(-1, last, "crash", f"{case.key} (not the same when run again)", "")
        found = finding.make(crash, case.program, case.index, kind="crash", minimal=False, report=case.report)
        self._identities[raw] = found.identity
        self._say({"finding": found.as_json()})

    def _confirmed(self, case: "_Case") -> Divergence | None:
        with self._patience(PATIENCE):
            again = [case.shown(case.program) for _ in range(CONFIRMATIONS)]
        return again[-1] if None not in again else None

    @contextmanager
    def _patience(self, times: float) -> Iterator[None]:
        """Meanwhile, answers have so many times the time they have."""
        for side in self._sides():
            side.timeout = times * self.settings.timeout
        try:
            yield
        finally:
            for side in self._sides():
                side.timeout = self.settings.timeout


@dataclass(frozen=True)
class _Case:
    """Something that differs. look: what differs for a program; key: what it must be; raw: what tells it before it is shrunk."""

    index: int
    program: Program
    kind: str
    key: str
    look: Callable[[Program], list[Divergence]]
    report: str = ""
    raw: str = ""

    def shown(self, candidate: Program) -> Divergence | None:
        """The divergence, if a program shows this one."""
        found = self.look(candidate)
        if found and (found[0].what == "crash" or found[0].key == self.key):
            return found[0]
        return None


def engines() -> tuple[str, str] | None:
    """The engine that guests have, and the other one; None where there is only one."""
    try:
        __import__("lx.cpu._compiled")
    except ImportError:
        return None
    name = engine_name()
    return name, "pure" if name == "compiled" else "compiled"


def main() -> None:
    """Serve lines of JSON from standard input until it ends; SIGTERM ends it too."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    processes.die_with_parent()
    processes.become_reaper()
    out = os.dup(1)
    os.dup2(2, 1)

    def say(message: dict[str, Any]) -> None:
        data = json.dumps(message).encode() + b"\n"
        while data:
            data = data[os.write(out, data) :]

    lines = iter(sys.stdin.readline, "")
    settings = next(lines, "")
    if not settings:
        return
    bench = Bench(Settings.from_json(json.loads(settings)), say)
    try:
        say({"ready": engines() or [engine_name()]})
        for line in lines:
            bench.chunk(json.loads(line)["chunk"])
    except BrokenPipeError:
        pass
    finally:
        bench.close()


if __name__ == "__main__":
    main()
