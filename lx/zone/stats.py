"""What `lx run --stats` tells at a process's end: calls by number and time, and what the engine did for them."""

from __future__ import annotations

import json
import os
import time

from lx.abi.lean import suppress

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from lx.kernel.process import Process
    from syscalls.table import Table


class Stats:
    """Counts calls and the time in their handlers (ns). fd: where the report goes; as_json: one JSON object a line."""

    def __init__(self, fd: int, table: Table, *, as_json: bool) -> None:
        self.fd = fd
        self.table = table
        self.as_json = as_json
        self.calls: dict[int, list[int]] = {}
        self.started = time.monotonic_ns()
        self.before = (0, 0, 0)

    def count(self, number: int, spent: int) -> None:
        """A call has ended."""
        entry = self.calls.setdefault(number, [0, 0])
        entry[0] += 1
        entry[1] += spent

    def forked(self, process: Process) -> None:
        """A child counts for itself."""
        self.calls = {}
        engine = process.engine
        self.before = (engine.calls, engine.fills, engine.flushes)
        self.started = time.monotonic_ns()

    def facts(self, process: Process) -> dict[str, Any]:
        """Everything, as a JSON object: times in ns."""
        engine = process.engine
        calls = [
            {"name": self.table.name(number), "number": number, "calls": count, "ns": spent}
            for number, (count, spent) in sorted(self.calls.items(), key=lambda item: -item[1][1])
        ]
        return {
            "pid": process.pid,
            "program": os.fsdecode(process.exe),
            "wall_ns": time.monotonic_ns() - self.started,
            "calls": sum(entry["calls"] for entry in calls),
            "calls_ns": sum(entry["ns"] for entry in calls),
            "traps": engine.calls - self.before[0],
            "fills": engine.fills - self.before[1],
            "flushes": engine.flushes - self.before[2],
            "by_call": calls,
        }

    def report(self, process: Process) -> None:
        """Write the report, in one piece."""
        facts = self.facts(process)
        text = json.dumps(facts) + "\n" if self.as_json else table(facts)
        with suppress(OSError):
            os.write(self.fd, text.encode())


def table(facts: dict[str, Any]) -> str:
    """The report for people."""
    lines = [
        f"lx: {facts['program']} (pid {facts['pid']}): {facts['wall_ns'] / 1e6:.1f} ms,"
        f" {facts['calls']} calls taking {facts['calls_ns'] / 1e6:.1f} ms,"
        f" {facts['fills']} fills, {facts['flushes']} flushes",
        f"{'call':<20} {'calls':>8} {'total us':>10} {'us/call':>9}",
    ]
    for entry in facts["by_call"]:
        micro = entry["ns"] / 1000
        lines.append(f"{entry['name']:<20} {entry['calls']:>8} {micro:>10.0f} {micro / entry['calls']:>9.1f}")
    return "\n".join(lines) + "\n"
