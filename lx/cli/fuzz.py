"""`lx fuzz`: a campaign against the kernel of this machine, with its progress and its report.

What a campaign is stands in lx.testing.campaign; here are its options, its display (rich on a terminal, plain lines elsewhere)
and its status: 0 if nothing new was found, 1 if something was, 2 for a wrong command line, 3 if the machinery has failed.
Ctrl-C and SIGTERM end a campaign early; its report is made of what there is.
"""

from __future__ import annotations

import os
import re
import signal
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse

    from lx.testing.campaign import Campaign, Pool
    from lx.testing.worker import Settings

NOTHING_NEW, NEW, USAGE, FAILED = 0, 1, 2, 3
UNITS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}
INSTALL = "fuzz: {} is missing: pip install 'lx[testing]'"
DESCRIPTION = """Make programs of system calls, run each under lx and on this machine's kernel, and report where they differ. \
Status: 0 nothing new was found, 1 something was, 2 wrong command line, 3 the campaign itself has failed."""


class Usage(Exception):
    """The command line is wrong; the text says how."""


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> argparse.ArgumentParser:
    """Add the `fuzz` command to lx's parser."""
    parser = subparsers.add_parser("fuzz", help="compare random programs with the kernel", description=DESCRIPTION)
    parser.add_argument("--time", default="10m", metavar="TIME", help="how long: 90s, 10m, 1h (default 10m)")
    parser.add_argument("--programs", type=int, default=0, metavar="N", help="stop after so many programs instead")
    parser.add_argument("--calls", default="", metavar="SET", help="only these: names or families, by commas (files,mmap)")
    parser.add_argument("--jobs", type=int, default=0, metavar="N", help="worker processes (default: one for each CPU)")
    parser.add_argument("--seed", type=int, metavar="N", help="the same programs again (default: the directory's, or a new one)")
    parser.add_argument("--db", metavar="DIR", help="keep findings and state in DIR, and go on with what is there")
    parser.add_argument("--json", metavar="FILE", help="write the report as JSON (- for standard output)")
    parser.add_argument("--html", metavar="FILE", help="write the report as one HTML page")
    parser.add_argument("--scheduler", metavar="ADDRESS", help="run on a Dask cluster instead of local workers")
    parser.add_argument("--length", type=int, default=16, metavar="N", help="most calls in a program (default 16)")
    parser.add_argument(
        "--engines", type=int, default=50, metavar="N", help="each Nth program on the other engine too; 0: never (default 50)"
    )
    parser.add_argument("--known", default="", metavar="FILE", help="known divergences (default: lx's own list)")
    parser.set_defaults(main=main)
    return parser


def main(args: argparse.Namespace) -> int:
    """Run the command."""
    try:
        import rich
    except ImportError:
        return _fail(INSTALL.format("rich"), USAGE)
    del rich
    from lx.testing.cluster import NoCluster
    from lx.testing.database import BadDatabase
    from lx.testing.known import BadEntry

    try:
        return _campaign(args)
    except (Usage, BadDatabase, BadEntry, NoCluster, OSError) as error:
        return _fail(f"fuzz: {error}", USAGE)


def duration(text: str) -> float:
    """Seconds of a word such as 10m, 90s, 1.5h. Usage for another."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)([smhd]?)", text)
    if not found:
        raise Usage(f"--time {text}: not a time such as 90s, 10m or 1h")
    return float(found[1]) * UNITS[found[2]]


def calls_of(text: str) -> tuple[str, ...]:
    """The calls that a comma list of names and families means, in order. Usage for what is none, or is never generated."""
    from difflib import get_close_matches

    from lx.testing.generate import NEVER, callable_names
    from syscalls.index import FAMILY_OF
    from syscalls.numbers_x86_64 import NUMBERS

    can, found = callable_names(), set()
    families = {FAMILY_OF[name] for name in can if name in FAMILY_OF}
    for word in filter(None, text.split(",")):
        if word in can:
            found.add(word)
        elif word in families:
            found |= {name for name in can if FAMILY_OF.get(name) == word}
        elif word in NEVER:
            raise Usage(f"--calls {word}: never generated: it {NEVER[word]}")
        elif word in NUMBERS:
            raise Usage(f"--calls {word}: lx does not have this call")
        else:
            near = get_close_matches(word, {*can, *families}, 1)
            raise Usage(f"--calls {word}: no call and no family{f' (did you mean {near[0]}?)' if near else ''}")
    return tuple(sorted(found))


def _campaign(args: argparse.Namespace) -> int:
    from random import SystemRandom

    from lx.testing import known, report
    from lx.testing.campaign import Campaign
    from lx.testing.database import Database
    from lx.testing.worker import Settings

    seconds = duration(args.time)
    if args.jobs < 0 or args.programs < 0 or args.length < 1 or args.engines < 0:
        raise Usage("--jobs, --programs, --length and --engines are numbers from 0 (--length: from 1) on")
    calls = calls_of(args.calls)
    known.load(args.known or known.FILE)
    for name in (args.json, args.html):
        if name and name != "-":
            open(name, "a").close()
    database = Database(args.db)
    seed = args.seed if args.seed is not None else database.seed
    if seed is None:
        seed = SystemRandom().randrange(1 << 32)
    settings = Settings(seed, calls, args.length, engines=args.engines, known=os.path.abspath(args.known) if args.known else "")
    display = _display(args, sys.stderr.isatty())
    campaign = Campaign(settings, database, display, seconds, args.programs)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: campaign.stop())
    try:
        campaign.go(_pool(args, settings))
    finally:
        display.close()
    made = report.make(campaign, getattr(args, "jobs", 0))
    if args.json:
        _write(args.json, report.as_json(made))
    if args.html:
        _write(args.html, report.as_html(made))
    if args.json != "-":
        sys.stdout.write(report.as_text(made))
    for line in campaign.failures:
        _fail(f"fuzz: {line}", FAILED)
    return NEW if campaign.new else FAILED if campaign.failures else NOTHING_NEW


def _pool(args: argparse.Namespace, settings: Settings) -> Pool:
    if args.scheduler:
        from lx.testing.cluster import ClusterPool

        return ClusterPool(settings, args.scheduler)
    from lx.testing.campaign import LocalPool

    return LocalPool(settings, args.jobs or os.cpu_count() or 1)


def _write(name: str, text: str) -> None:
    if name == "-":
        sys.stdout.write(text)
        return
    with open(name, "w", encoding="utf-8") as file:
        file.write(text)


def _fail(line: str, status: int) -> int:
    print(f"lx: {line}", file=sys.stderr)
    return status


# ---- the display


class Lines:
    """Progress where there is no terminal: a line every `every` seconds, and one for each finding."""

    def __init__(self, seconds: float, every: float = 10.0) -> None:
        self._seconds = seconds
        self._every = every
        self._next = 0.0
        self._told: set[str] = set()

    def __call__(self, campaign: Campaign) -> None:
        for identity in campaign.new:
            finding = campaign.database.findings[identity]
            if finding.minimal and identity not in self._told:
                self._told.add(identity)
                self._say(f"found: {finding.says}")
        if campaign.elapsed >= self._next:
            self._next = campaign.elapsed + self._every
            self._say(status_line(campaign))

    def _say(self, line: str) -> None:
        print(line, file=sys.stderr, flush=True)

    def close(self) -> None:
        """The end."""


def status_line(campaign: Campaign) -> str:
    """Where a campaign is, in one line."""
    rate = campaign.calls / max(campaign.elapsed, 0.001)
    line = f"{campaign.elapsed:6.0f} s  {campaign.calls:,} calls compared, {rate:,.0f} a second; {len(campaign.new)} new"
    counts = campaign.database.totals
    line += f", {sum(counts['known'].values()):,} known"
    return line + (f", {sum(counts['unstable'].values())} unstable" if counts["unstable"] else "")


class Terminal(Lines):
    """Progress on a terminal, by rich: a bar, the figures, and what was found above them."""

    def __init__(self, seconds: float, programs: int) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn

        super().__init__(seconds, 0.2)
        self._programs = programs
        self._progress = Progress(TextColumn("{task.description}"), BarColumn(24), console=Console(stderr=True))
        self._task = self._progress.add_task("starting", total=programs or seconds)
        self._progress.start()

    def __call__(self, campaign: Campaign) -> None:
        done = campaign.run["programs"] if self._programs else campaign.elapsed
        self._progress.update(self._task, completed=done)
        super().__call__(campaign)

    def _say(self, line: str) -> None:
        if line.startswith("found: "):
            self._progress.console.print(line, markup=False, highlight=False)
        else:
            self._progress.update(self._task, description=line)

    def close(self) -> None:
        """The end."""
        self._progress.stop()


def _display(args: argparse.Namespace, terminal: bool) -> Lines:
    seconds = duration(args.time)
    return Terminal(seconds, args.programs) if terminal else Lines(seconds)
