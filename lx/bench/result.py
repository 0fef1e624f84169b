"""The result file: pyperf's JSON, so that `pyperf compare_to` and `pyperf show` read it, with our facts under the key "lx".

A benchmark's name is "row [column]", its values are seconds for one operation (bytes for memory), a run is one process. What has
no figure is not a benchmark; it stands under "lx" with the reason. docs/benchmarks.md and the page come from this file alone.
"""

import datetime
import json
import os
import platform
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lx.bench.measure import Measured, Run, Sample
from lx.bench.peers import Peer, first_line

FORMAT = 1


@dataclass
class Result:
    """All that one `lx bench` has found."""

    command: str
    facts: dict[str, str] = field(default_factory=dict)
    peers: dict[str, str] = field(default_factory=dict)
    """Column to version, or "absent: why"."""
    rows: list[Measured] = field(default_factory=list)
    breakdown: dict[str, Any] = field(default_factory=dict)
    counts: dict[str, Any] = field(default_factory=dict)
    interrupted: bool = False

    def describe(self, peers: "list[Peer]") -> None:
        """Say which machine and which columns these are."""
        self.facts = machine()
        self.peers = {peer.name: f"absent: {peer.absent}" if peer.absent else peer.version for peer in peers}


def machine() -> dict[str, str]:
    """What the figures were taken on."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    model = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())
    from importlib.metadata import version

    from lx.cpu import engine_name

    return {
        "machine": f"{model}, {os.cpu_count()} CPUs",
        "kernel": f"{platform.system()} {platform.release()}",
        "Python": platform.python_version(),
        "compiler": first_line([os.environ.get("CC", "cc"), "--version"]),
        "unicorn": version("unicorn"),
        "engine": engine_name(),
        "load at the start": " ".join(f"{load:.2f}" for load in os.getloadavg()),
        "date": datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d %H:%M UTC"),
    }


def to_json(result: Result) -> dict[str, Any]:
    """The whole file."""
    import pyperf

    benchmarks = []
    for row in result.rows:
        for column, sample in row.columns.items():
            runs = [
                pyperf.Run(
                    run.values,
                    warmups=run.warmups or None,
                    metadata={"name": f"{row.name} [{column}]", "unit": row.unit, "loops": run.loops},
                    collect_metadata=False,
                )
                for run in sample.runs
            ]
            if runs:
                benchmarks.append(pyperf.Benchmark(runs))
    data: dict[str, Any] = {"version": "1.0", "benchmarks": [benchmark._as_json({}) for benchmark in benchmarks]}
    data["metadata"] = {"hostname": platform.node(), "python_version": platform.python_version()}
    data["lx"] = {
        "format": FORMAT,
        "command": result.command,
        "facts": result.facts,
        "peers": result.peers,
        "interrupted": result.interrupted,
        "rows": [
            {
                "suite": row.suite,
                "name": row.name,
                "title": row.title,
                "group": row.group,
                "unit": row.unit,
                "x": row.x,
                "targets": row.targets,
                "why": row.why,
                "columns": list(row.columns),
                "problems": {name: sample.problem for name, sample in row.columns.items() if sample.problem},
            }
            for row in result.rows
        ],
        "breakdown": result.breakdown,
        "counts": result.counts,
    }
    return data


def save(result: Result, path: Path) -> None:
    """Write the file, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".partial")
    partial.write_text(json.dumps(to_json(result), indent=1) + "\n")
    partial.replace(path)


def load(path: Path) -> Result:
    """Read a file that `save` wrote. ValueError if it is something else."""
    try:
        data = json.loads(path.read_text())
    except ValueError:
        raise ValueError(f"{path}: not JSON") from None
    ours = data.get("lx") if isinstance(data, dict) else None
    if not isinstance(ours, dict) or ours.get("format") != FORMAT:
        raise ValueError(f"{path}: not a result of lx bench")
    runs = {benchmark_name(benchmark): benchmark["runs"] for benchmark in data["benchmarks"]}
    result = Result(ours["command"], ours["facts"], ours["peers"], [], ours["breakdown"], ours["counts"], ours["interrupted"])
    for row in ours["rows"]:
        measured = Measured(
            row["suite"],
            row["name"],
            row["title"],
            row["group"],
            row["unit"],
            row["x"],
            tuple((base, bound) for base, bound in row["targets"]),
            row["why"],
        )
        for column in row["columns"]:
            measured.columns[column] = Sample(
                [
                    Run(run["values"], run.get("metadata", {}).get("loops", 1))
                    for run in runs.get(f"{row['name']} [{column}]", [])
                ],
                row["problems"].get(column, ""),
            )
        result.rows.append(measured)
    return result


def benchmark_name(benchmark: dict[str, Any]) -> str:
    """The name, which pyperf keeps with the benchmark or with each run."""
    name: str = (benchmark.get("metadata") or benchmark["runs"][0]["metadata"])["name"]
    return name
