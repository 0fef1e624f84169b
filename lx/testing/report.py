"""A campaign's report: as text, as JSON, and as one HTML page that needs nothing else (page.html is its frame).

All three are made of the same data (`make`): figures, versions, and the distinct divergences, each with the minimal program
that shows it, as Python and as C. What is known is counted, with its reason; what was unstable is counted and named.
"""

import html
import json
import os
import platform
import re
import time
from importlib import metadata
from typing import Any

from lx.testing import known
from lx.testing.campaign import Campaign

KNOWN = ("seen", "name", "reason", "why")
ORDER = {"crash": 0, "engines": 1, "divergence": 2}
SIDES = {"crash": ("lx", ""), "engines": ("one engine", "the other"), "divergence": ("lx", "Linux")}
TITLES = {"crash": "lx has crashed", "engines": "the engines differ", "divergence": "lx differs from Linux"}


def make(campaign: Campaign, jobs: int) -> dict[str, Any]:
    """The report as data: what as_json writes."""
    database, settings = campaign.database, campaign.settings
    counts = database.totals["counts"]
    findings = sorted(database.findings.values(), key=lambda f: (ORDER[f.kind], f.call, f.key))
    return {
        "lx": _version("lx"),
        "unicorn": _version("unicorn"),
        "python": platform.python_version(),
        "linux": platform.release(),
        "machine": platform.machine(),
        "engines": list(campaign.engines),
        "date": time.strftime("%Y-%m-%d %H:%M:%S %z"),
        "seed": settings.seed,
        "jobs": jobs,
        "length": settings.length,
        "set": list(settings.calls),
        "stopped": campaign.stopped,
        "seconds": round(database.seconds, 1),
        "calls": counts["calls"],
        "programs": counts["programs"],
        "calls_per_second": round(counts["calls"] / max(database.seconds, 0.001), 1),
        "blocked": counts["blocked"],
        "engine_compared": counts["engines"],
        "run": {"seconds": round(campaign.elapsed, 1), "calls": campaign.run["calls"], "programs": campaign.run["programs"]},
        "new": len(campaign.new),
        "divergences": [{**finding.as_json(), "new": finding.identity in campaign.new} for finding in findings],
        "known": _known(settings.known, database.totals["known"]),
        "unstable": dict(sorted(database.totals["unstable"].items())),
        "failures": campaign.failures,
    }


def _known(path: str, counts: dict[str, int]) -> list[dict[str, Any]]:
    entries = {entry.name: entry for entry in known.load(path or known.FILE)}
    return [
        {"name": name, "seen": times, "reason": entries[name].reason, "why": entries[name].why}
        for name, times in sorted(counts.items())
        if name in entries
    ]


def as_json(report: dict[str, Any]) -> str:
    """The report as JSON."""
    return json.dumps(report, indent=1) + "\n"


def as_text(report: dict[str, Any]) -> str:
    """The report for a terminal."""
    lines = [
        f"{report['calls']:,} calls of {report['programs']:,} programs compared in {report['seconds']:,.0f} s"
        f" ({report['calls_per_second']:,.0f} a second), seed {report['seed']}",
    ]
    found = report["divergences"]
    for one in found:
        mark = "new" if one["new"] else "found before"
        lines += ["", f"{TITLES[one['kind']]} ({mark}, seen {one['seen']} times): {one['says']}"]
        lines += [f"    {line}" for line in one["python"].splitlines()]
        lines += [f"    | {line}" for line in one["report"].splitlines()[:40]]
    if report["known"]:
        lines += ["", "known:"]
        lines += [f"    {one['seen']:6} {one['name']} ({one['reason']}: {one['why']})" for one in report["known"]]
    if report["unstable"]:
        lines += ["", "not the same when run again:"]
        lines += [f"    {times:6} {name}" for name, times in report["unstable"].items()]
    new = report["new"]
    old = len(found) - new
    lines += ["", f"{new} new" + (f", {old} found before" if old else "") + (", stopped early" if report["stopped"] else "")]
    return "\n".join(lines) + "\n"


def as_html(report: dict[str, Any]) -> str:
    """The report as one page."""
    with open(os.path.join(os.path.dirname(__file__), "page.html"), encoding="utf-8") as file:
        frame = file.read()
    parts = {
        "figures": _figures(report),
        "verdict": html.escape(_verdict(report)),
        "findings": _index(report) + "\n".join(_finding(one, report["seed"]) for one in report["divergences"]),
        "known": _table(KNOWN, [tuple(entry[name] for name in KNOWN) for entry in report["known"]]),
        "unstable": _table(("seen", "what differed once"), [(times, name) for name, times in report["unstable"].items()]),
        "facts": _table(("", ""), _facts(report)),
    }
    return re.sub(r"<!--@(\w+)-->", lambda found: parts[found.group(1)], frame)


def _verdict(report: dict[str, Any]) -> str:
    count = len(report["divergences"])
    if not count:
        return "No difference was found that is not already known."
    return f"{count} distinct difference{'s' if count > 1 else ''}, of which {report['new']} new in this run."


def _figures(report: dict[str, Any]) -> str:
    figures = (
        (f"{report['calls']:,}", "calls compared"),
        (f"{report['programs']:,}", "programs"),
        (f"{report['calls_per_second']:,.0f}", "calls a second"),
        (f"{len(report['divergences'])}", "divergences"),
        (f"{sum(k['seen'] for k in report['known']):,}", "times a known one"),
    )
    return "".join(f"<div><b>{number}</b>{name}</div>" for number, name in figures)


def _index(report: dict[str, Any]) -> str:
    if len(report["divergences"]) < 4:
        return ""
    rows = "".join(
        f'<tr><td><a href="#{one["id"]}"><code>{html.escape(one["call"])}</code></a></td><td>{html.escape(one["what"])}</td>'
        f"<td><code>{html.escape(one['lx'][:40])}</code></td><td><code>{html.escape(one['linux'][:40])}</code></td>"
        f"<td>{one['seen']}</td></tr>"
        for one in report["divergences"]
    )
    return f"<table><tr><th>call</th><th>what differs</th><th>lx</th><th>Linux</th><th>seen</th></tr>{rows}</table>"


def _finding(one: dict[str, Any], seed: int) -> str:
    ours, theirs = SIDES[one["kind"]]
    answers = f"<tr><th>{ours}</th><td><code>{html.escape(one['lx'])}</code></td></tr>"
    if theirs:
        answers += f"<tr><th>{theirs}</th><td><code>{html.escape(one['linux'])}</code></td></tr>"
    new = '<span class="new">new</span>' if one["new"] else ""
    code = f"<pre><code>{html.escape(one['python'])}</code></pre>"
    code += f"<details><summary>as a C program</summary><pre><code>{html.escape(one['c'])}</code></pre></details>"
    if one["report"]:
        code += f"<details><summary>lx's report</summary><pre><code>{html.escape(one['report'])}</code></pre></details>"
    return (
        f'<article id="{one["id"]}"><h3><code>{html.escape(one["call"])}</code> {html.escape(one["what"])} {new}</h3>'
        f'<p>{html.escape(TITLES[one["kind"]])}; seen {one["seen"]} time{"s" if one["seen"] > 1 else ""},'
        f' first in program {one["index"]} of seed {seed}{"" if one["minimal"] else "; not shrunk"}.</p>'
        f"<table>{answers}</table>{code}</article>"
    )


def _facts(report: dict[str, Any]) -> list[tuple[object, ...]]:
    return [
        ("lx", report["lx"]),
        ("kernel that was asked", f"Linux {report['linux']} on {report['machine']}"),
        ("engine", ", also compared with ".join(report["engines"])),
        ("Unicorn, Python", f"{report['unicorn']}, {report['python']}"),
        ("seed", report["seed"]),
        ("calls", ", ".join(report["set"]) or "all that may be generated"),
        ("most calls in a program", report["length"]),
        ("workers", report["jobs"]),
        ("time", f"{report['seconds']:,.0f} s, until {report['date']}" + (", stopped early" if report["stopped"] else "")),
        ("programs that blocked", report["blocked"]),
        ("programs compared on both engines", report["engine_compared"]),
        *(("failure of the campaign", failure) for failure in report["failures"]),
    ]


def _table(heads: tuple[str, ...], rows: list[tuple[object, ...]]) -> str:
    if not rows:
        return "<p>None.</p>"
    head = f"<tr>{''.join(f'<th>{html.escape(name)}</th>' for name in heads)}</tr>" if any(heads) else ""
    body = "".join(f"<tr>{''.join(f'<td>{html.escape(str(cell))}</td>' for cell in row)}</tr>" for row in rows)
    return f"<table>{head}{body}</table>"


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "(not installed)"

