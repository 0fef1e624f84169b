"""Figures for people: the table in the terminal, and docs/benchmarks.md."""

from collections.abc import Iterable, Iterator
from itertools import groupby

from lx.bench.measure import NOISY, Measured, Sample
from lx.bench.result import Result

BASES = ("native", "qemu-user")


def figure(value: float, unit: str = "second") -> str:
    """A value with three digits and its unit."""
    if value != value:
        return "-"
    steps = ((1e-9, "ns"), (1e-6, "us"), (1e-3, "ms"), (1, "s")) if unit == "second" else ((1e3, "kB"), (1e6, "MB"), (1e9, "GB"))
    size, name = next(((size, name) for size, name in reversed(steps) if abs(value) >= size), steps[0])
    return f"{value / size:.3g} {name}" if value / size < 999.5 else f"{value / size:.0f} {name}"


def times(ratio: "tuple[float, float] | None") -> str:
    """A ratio; with its spread if that is large."""
    if ratio is None:
        return "-"
    middle, spread = ratio
    shown = f"{middle:.2f}x" if middle < 10 else f"{middle:.0f}x"
    return f"{shown} (+-{spread:.0%})" if spread > NOISY else shown


def cell(sample: "Sample | None", unit: str) -> str:
    """A column's figure, or the word for why there is none."""
    if sample is None:
        return ""
    if sample.problem:
        return sample.problem.partition(":")[0]
    shown = figure(sample.median, unit)
    return f"{shown} ~" if sample.spread > NOISY else shown


def target(row: Measured) -> str:
    """What the row was meant to reach, and whether it has."""
    parts = []
    for base, bound in row.targets:
        ratio = row.ratio("lx", base)
        if not base and "lx" in row.columns and row.columns["lx"].runs:
            reached = row.columns["lx"].median <= bound
            parts.append(figure(bound, row.unit) + ("" if reached else ": not reached"))
        elif ratio is not None:
            parts.append(f"{bound:g}x {base}" + ("" if ratio[0] <= bound else ": not reached"))
    return "; ".join(parts)


def columns_of(rows: Iterable[Measured]) -> list[str]:
    """Columns in the order in which they first come."""
    return list(dict.fromkeys(column for row in rows for column in row.columns))


def header(columns: list[str]) -> str:
    """The terminal table's first line."""
    return f"{'':<26}" + "".join(f"{name:>13}" for name in columns) + "".join(f"{'lx/' + base:>14}" for base in BASES)


def line(row: Measured, columns: list[str]) -> str:
    """One line of the terminal table."""
    cells = "".join(f"{cell(row.columns.get(name), row.unit):>13}" for name in columns)
    others = [name for name, sample in row.columns.items() if name not in columns and not sample.problem.startswith("absent")]
    rivals = "".join(f"  {name} {cell(row.columns[name], row.unit)}" for name in others)
    return f"{row.name:<26}" + cells + "".join(f"{times(row.ratio('lx', base)):>14}" for base in BASES) + rivals


def footnotes(result: Result) -> Iterator[str]:
    """What stands below the table: columns, problems, the sign for noise."""
    yield from (f"{name}: {version}" for name, version in result.peers.items())
    yield from problems(result)
    yield NOISE
    if result.interrupted:
        yield "interrupted: what is missing was not measured"


NOISE = f"~: the rounds spread over more than {NOISY:.0%}; ratios are taken round by round"


def problems(result: Result) -> Iterator[str]:
    """Why columns have no figure, each reason once; absent peers are named elsewhere."""
    seen = set()
    for row in result.rows:
        for column, sample in row.columns.items():
            if sample.problem and not sample.problem.startswith("absent") and (column, sample.problem) not in seen:
                seen.add((column, sample.problem))
                yield f"{row.name}: {column}: {sample.problem}"


def breakdown_lines(result: Result) -> Iterator[str]:
    """The parts of a call, as text."""
    for path in result.breakdown.get("paths", []):
        yield f"{path['title']}: {path['total'] * 1e9:.0f} ns"
        for part in path["parts"]:
            yield f"    {part['name']:<44}{part['seconds'] * 1e9:>8.0f} ns"
    strategies = result.breakdown.get("strategies", [])
    if strategies:
        yield "ways to catch a call (getppid):"
    for strategy in strategies:
        shown = strategy["problem"] if "problem" in strategy else f"{strategy['seconds'] * 1e9:.0f} ns"
        yield f"    {strategy['name']:<44}{shown:>11}"


def count_lines(result: Result) -> Iterator[str]:
    """Instructions per call, as text."""
    if result.counts.get("rows"):
        yield "instructions on the host for one call (callgrind), compiled engine:"
        for name, count in result.counts["rows"].items():
            yield f"    {name:<44}{count:>8.0f}"
    elif result.counts.get("problem"):
        yield f"instruction counts: {result.counts['problem']}"


def markdown(result: Result, notes: str = "") -> str:
    """docs/benchmarks.md: generated from the committed result, with notes (Markdown) at its head."""
    lines = ["# Benchmarks", "", *([notes.strip(), ""] if notes else [])]
    lines += [f"* {name}: {value}" for name, value in result.facts.items()]
    lines += [f"* {name}: {value}" for name, value in result.peers.items() if name != "native"]
    lines += ["", f"Repeat it: `{result.command}`. {NOISE}.", ""]
    for suite, rows in groupby(result.rows, lambda row: row.suite):
        lines += _tables(suite, list(rows))
    for heading, more in (("Where the time goes", breakdown_lines(result)), ("Instructions", count_lines(result))):
        text = list(more)
        if text:
            lines += [f"## {heading}", "", "```", *text, "```", ""]
    reasons = list(problems(result))
    lines += ["## Without a figure", "", *[f"* {reason}" for reason in reasons], ""] if reasons else []
    return "\n".join(lines).rstrip() + "\n"


def _tables(suite: str, rows: list[Measured]) -> Iterator[str]:
    columns = columns_of(rows)
    yield f"## {suite}"
    yield ""
    for group, members in groupby(rows, lambda row: row.group):
        if group and group != suite:
            yield f"### {group}"
            yield ""
        points = list(members)
        if points[0].why:
            yield f"Its growth: {points[0].why}."
            yield ""
        yield "| what | " + " | ".join(columns) + " | " + " | ".join(f"lx/{base}" for base in BASES) + " | target |"
        yield "| --- |" + " --- |" * (len(columns) + len(BASES) + 1)
        for row in points:
            what = f"{row.x:,} {row.title}" if row.x is not None else row.title
            cells = [cell(row.columns.get(name), row.unit) for name in columns]
            ratios = [times(row.ratio("lx", base)) for base in BASES]
            yield "| " + " | ".join([what, *cells, *ratios, target(row)]) + " |"
        yield ""
