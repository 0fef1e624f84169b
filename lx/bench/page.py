"""The report: one HTML page that needs no network, in light and dark."""

from collections.abc import Iterable, Iterator
from html import escape
from itertools import groupby
from pathlib import Path

from lx.bench import svg, text
from lx.bench.measure import NOISY, Measured
from lx.bench.result import Result

STYLE = Path(__file__).with_name("page.css")
TITLES = {
    "micro": "Calls",
    "programs": "Whole programs",
    "scale": "As things grow",
}
INTRODUCTIONS = {
    "micro": "Each bar is the cost of one operation as a ratio to the kernel's own on this machine (the line at 1x), on a log"
    " scale: right is slower, left is faster. Every column ran the same static program, in turn, in one run.",
    "programs": "Wall time of the whole process, start-up included, as a ratio to the kernel's own."
    " CPU time and peak memory are in the figures.",
    "scale": "Cost of one operation as the number of things around it grows. A level line is the aim.",
}


def html(result: Result) -> str:
    """The page."""
    parts = [
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark">',
        f"<title>lx bench</title><style>{STYLE.read_text()}{_colours()}</style></head><body>",
        "<h1>What a translated call costs</h1>",
        '<p class="soft">lx runs Linux programs on an emulated CPU and answers their system calls in Python. These are its prices'
        " beside the kernel's and other emulators'.</p>",
        *_facts(result),
    ]
    if result.interrupted:
        parts.append("<p><strong>This run was interrupted:</strong> what is missing was not measured.</p>")
    for suite, group in groupby(result.rows, lambda row: row.suite):
        rows = list(group)
        parts += _scale(rows) if suite == "scale" else _bars(suite, rows)
    parts += [*_breakdown(result), *_counts(result), *_notes(result), *_repeat(result), "</body></html>"]
    return "\n".join(parts) + "\n"


def _colours() -> str:
    """One rule for each column and each part."""
    columns = [
        f".c-{name} {{ fill: var(--{name}); stroke: var(--{name}); background: var(--{name}); }}"
        for name in (*svg.SERIES, "other")
    ]
    return "\n".join([*columns, *[f".p{i} {{ fill: var(--p{i}); }}" for i in range(7)]])


def _facts(result: Result) -> Iterator[str]:
    yield '<dl class="facts">'
    for name, value in (*result.facts.items(), *result.peers.items()):
        yield f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>"
    yield "</dl>"


def _legend(columns: Iterable[str]) -> str:
    marks = "".join(f'<span><i class="{svg.css_class(name)}"></i>{escape(name)}</span>' for name in columns)
    return f'<div class="legend">{marks}</div>'


def _bars(suite: str, rows: list[Measured]) -> Iterator[str]:
    yield f"<h2>{TITLES.get(suite, suite)}</h2><p>{INTRODUCTIONS.get(suite, '')}</p>"
    columns = [name for name in text.columns_of(rows) if name != "native"]
    there = [name for name in columns if any(row.columns[name].runs for row in rows if name in row.columns)]
    yield _legend(there)
    for group, members in groupby(rows, lambda row: row.group):
        shown = list(members)
        if group and group != suite:
            yield f"<h3>{escape(group)}</h3>"
        drawn = [row for row in shown if "." not in row.name]
        yield svg.ratio_bars([(row.title, _bars_of(row, there)) for row in drawn], f"{group}: ratios to native")
        yield "<details><summary>Figures</summary>"
        yield from _table(shown, text.columns_of(shown))
        yield "</details>"


def _bars_of(row: Measured, columns: list[str]) -> list[tuple[str, float | None, str]]:
    bars: list[tuple[str, float | None, str]] = []
    for name in columns:
        sample = row.columns.get(name)
        if sample is None or sample.problem.startswith("absent"):
            continue
        ratio = row.ratio(name, "native")
        if ratio is None:
            bars.append((name, None, sample.problem.partition(":")[0] or "no figure"))
        else:
            noisy = f", spread {ratio[1]:.0%}" if ratio[1] > NOISY else ""
            bars.append((name, ratio[0], text.figure(sample.median, row.unit) + noisy))
    return bars


def _table(rows: list[Measured], columns: list[str]) -> Iterator[str]:
    heads = ["", *columns, *[f"lx/{base}" for base in text.BASES], "target"]
    yield '<div class="scroll"><table><tr>' + "".join(f"<th>{escape(head)}</th>" for head in heads) + "</tr>"
    for row in rows:
        target = text.target(row)
        cells = [text.cell(row.columns.get(name), row.unit) for name in columns]
        cells += [text.times(row.ratio("lx", base)) for base in text.BASES]
        body = "".join(f"<td>{escape(cell)}</td>" for cell in [row.title, *cells])
        missed = ' class="missed"' if "not reached" in target else ""
        yield f"<tr>{body}<td{missed}>{escape(target)}</td></tr>"
    yield "</table></div>"


def _scale(rows: list[Measured]) -> Iterator[str]:
    yield f"<h2>{TITLES['scale']}</h2><p>{INTRODUCTIONS['scale']}</p>"
    yield _legend(name for name in text.columns_of(rows) if any(row.columns[name].runs for row in rows if name in row.columns))
    yield '<div class="curves">'
    for group, members in groupby(rows, lambda row: row.group):
        points = list(members)
        series = {name: _line(points, name) for name in text.columns_of(points)}
        why = f'<p class="soft">{escape(points[0].why)}</p>' if points[0].why else ""
        picture = svg.curves({name: line for name, line in series.items() if line}, points[0].title, group)
        yield f"<figure><figcaption>{escape(group)}</figcaption>{picture or '<p>no figures</p>'}{why}</figure>"
    yield "</div><details><summary>Figures</summary>"
    for group, members in groupby(rows, lambda row: row.group):
        points = list(members)
        yield f"<h3>{escape(group)}</h3>"
        named = [_named(row) for row in points]
        yield from _table(named, text.columns_of(points))
    yield "</details>"


def _line(points: list[Measured], column: str) -> list[tuple[float, float]]:
    """A column's (x, nanoseconds), where it has figures."""
    return [
        (float(row.x), row.columns[column].median * 1e9)
        for row in points
        if row.x and column in row.columns and row.columns[column].runs
    ]


def _named(row: Measured) -> Measured:
    return Measured(row.suite, row.name, f"{row.x:,} {row.title}", row.group, row.unit, row.x, row.targets, row.why, row.columns)


def _breakdown(result: Result) -> Iterator[str]:
    paths = result.breakdown.get("paths", [])
    strategies = result.breakdown.get("strategies", [])
    if paths:
        yield "<h2>Where the time goes</h2>"
        yield "<p>Parts of one call: each is the difference of two loops of which one does a thing more.</p>"
        rows = [(p["title"], p["total"] * 1e9, [(part["name"], part["seconds"] * 1e9) for part in p["parts"]]) for p in paths]
        yield svg.stacked(rows, "parts of one call")
    if strategies:
        yield "<h2>Ways to catch a call</h2><p>What a Python program on Unicorn can choose from, each serving getppid.</p>"
        bars = [
            (s["name"], None, s["problem"]) if "problem" in s else (s["name"], s["seconds"] * 1e9, f"{s['seconds'] * 1e9:.0f} ns")
            for s in strategies
        ]
        yield svg.value_bars(bars, "ways to catch a call")


def _counts(result: Result) -> Iterator[str]:
    rows = result.counts.get("rows")
    if rows:
        kind = escape(result.counts.get("kind", ""))
        yield f"<h2>Instructions</h2><p>On the host, for one call, counted by callgrind ({kind}).</p>"
        yield '<div class="scroll"><table><tr><th>call</th><th>instructions</th></tr>'
        yield from (f"<tr><td>{escape(name)}</td><td>{count:,.0f}</td></tr>" for name, count in rows.items())
        yield "</table></div>"


def _notes(result: Result) -> Iterator[str]:
    notes = [*text.problems(result), text.NOISE]
    yield "<h2>Notes</h2><ul>" + "".join(f"<li>{escape(note)}</li>" for note in notes) + "</ul>"


def _repeat(result: Result) -> Iterator[str]:
    yield "<h2>Repeat it</h2>"
    yield f"<pre>pip install 'lx[bench]'\n{escape(result.command)} --json result.json --html result.html</pre>"
    yield "<p>The result file is pyperf's: <code>pyperf compare_to old.json new.json --table</code>.</p>"
