"""`lx bench`: measure, compare, report. The work is in lx.bench."""

import argparse
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lx.bench.measure import Measured
    from lx.bench.result import Result

EVERYBODY = "native,qemu-user,lx-pure,qiling,runsc,blink"
BASELINE = Path("bench/baseline.json")


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """The command's options."""
    parser = commands.add_parser(
        "bench",
        help="measure what calls and programs cost, beside the kernel and other emulators",
        description="Measure what calls and programs cost under lx, beside the kernel and other emulators, in one run.",
        epilog="Peers are looked for on this machine; one that is absent is named as absent. Needs a C compiler and lx[bench].",
    )
    parser.add_argument("--suite", default="micro", choices=["micro", "programs", "scale", "all"], help="what to measure (micro)")
    parser.add_argument("--against", default=EVERYBODY, metavar="PEERS", help=f"columns beside lx (default: {EVERYBODY})")
    parser.add_argument("--only", default="", metavar="TEXT", help="only rows with this in their name")
    parser.add_argument("--rounds", type=int, metavar="N", help="turns that each column gets (5)")
    parser.add_argument("--quick", action="store_true", help="two short turns: to see that everything runs")
    parser.add_argument("--breakdown", action="store_true", help="the parts of one call, and ways to catch one, compared")
    parser.add_argument("--counts", action="store_true", help="instructions per call, with valgrind")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the result, readable by pyperf compare_to")
    parser.add_argument("--html", type=Path, metavar="FILE", help="write the report: one page, no network")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="write the tables")
    parser.add_argument(
        "--flame",
        type=Path,
        metavar="FILE",
        help="write folded stacks of one call (getppid, or the first that --only names), in instructions (valgrind)",
    )
    parser.add_argument("--notes", type=Path, metavar="FILE", help="what stands at the head of --markdown")
    parser.add_argument("--from", type=Path, metavar="FILE", dest="source", help="report an earlier result; measure nothing")
    parser.add_argument("--qiling", default="", metavar="PYTHON", help="a Python with qiling (~/.cache/lx-bench/qiling)")
    parser.add_argument("--gate", action="store_true", help="compare instruction counts with the baseline; fail on +5 %%")
    parser.add_argument("--baseline", type=Path, default=BASELINE, metavar="FILE", help=f"the gate's baseline ({BASELINE})")
    parser.add_argument("--accept", action="store_true", help="with --gate: make the counts the baseline for this Python")
    parser.set_defaults(main=main)


def main(args: argparse.Namespace) -> int:
    """The status: 0, or 1 for a gate that is red, or what cannot be done."""
    try:
        import pyperf  # noqa: F401
    except ImportError:
        return fail("pyperf is not installed: pip install 'lx[bench]'")
    from lx.bench.measure import Problem

    try:
        return _gate(args) if args.gate else _measure(args)
    except (Problem, ValueError, OSError) as error:
        return fail(str(error))


def fail(line: str) -> int:
    """One line to the operator."""
    print(f"lx: bench: {line}", file=sys.stderr)
    return 1


def _measure(args: argparse.Namespace) -> int:
    from lx.bench import peers as columns
    from lx.bench import suite, text
    from lx.bench.measure import QUICK, Plan
    from lx.bench.result import Result, load

    if args.source:
        result = load(args.source)
        _print(result)
        return _write(args, result)
    peers = columns.find(args.against.split(","), args.qiling)
    plan = QUICK if args.quick else Plan()
    if args.rounds is not None:
        if args.rounds < 1:
            return fail(f"--rounds {args.rounds}: at least 1 is needed")
        plan = replace(plan, rounds=args.rounds)
    result = Result("lx bench " + " ".join(_repeat(args)))
    result.describe(peers)
    names = [peer.name for peer in peers if not peer.absent]
    print(text.header(names), flush=True)

    def show(row: "Measured") -> None:
        print(text.line(row, names), flush=True)

    suite.run(result, suite.SUITES if args.suite == "all" else (args.suite,), peers, plan, show, args.only)
    return _more(args, result)


def _repeat(args: argparse.Namespace) -> list[str]:
    """The options that decide what is measured, so that the report can say how to repeat it."""
    words = ["--suite", args.suite]
    words += ["--against", args.against] if args.against != EVERYBODY else []
    words += ["--only", f"'{args.only}'"] if args.only else []
    words += ["--rounds", str(args.rounds)] if args.rounds is not None else []
    return words + [f"--{name}" for name in ("quick", "breakdown", "counts") if getattr(args, name)]


def _more(args: argparse.Namespace, result: "Result") -> int:
    """Breakdown, counts and flame graph, then what is to be written."""
    from lx.bench.measure import Problem

    try:
        if args.breakdown and not result.interrupted:
            from lx.bench import breakdown

            result.breakdown = breakdown.measure(quick=args.quick)
        if args.counts and not result.interrupted:
            from lx.bench import counts

            try:
                result.counts = {"kind": counts.kind(), "rows": counts.count()}
            except Problem as problem:
                result.counts = {"problem": str(problem)}
        if args.flame and not result.interrupted:
            from lx.bench import counts

            row = next((row for row in counts.HOT if args.only and args.only in row.name), counts.HOT[1])
            args.flame.write_text("\n".join(counts.folded(row)) + "\n")
    except KeyboardInterrupt:
        result.interrupted = True
    from lx.bench import text

    print("\n".join([*text.breakdown_lines(result), *text.count_lines(result), *text.footnotes(result)]), flush=True)
    return _write(args, result)


def _print(result: "Result") -> None:
    from lx.bench import text

    names = text.columns_of(result.rows)
    print(text.header(names))
    for row in result.rows:
        print(text.line(row, names))
    print("\n".join([*text.breakdown_lines(result), *text.count_lines(result), *text.footnotes(result)]), flush=True)


def _write(args: argparse.Namespace, result: "Result") -> int:
    from lx.bench import page, text
    from lx.bench.result import save

    if args.json:
        save(result, args.json)
    if args.html:
        args.html.write_text(page.html(result))
    if args.markdown:
        args.markdown.write_text(text.markdown(result, args.notes.read_text() if args.notes else ""))
    return 130 if result.interrupted else 0


def _gate(args: argparse.Namespace) -> int:
    from lx.bench import counts

    known = counts.read_baseline(args.baseline)
    kind = counts.kind()
    if not args.accept and kind not in known:
        print(f"gate: not judged: {args.baseline} has no counts for {kind} (it has: {'; '.join(known) or 'none'});")
        print("gate: lx bench --gate --accept makes this machine's counts the baseline")
        return 0
    now = counts.count()
    verdicts = counts.compare(known.get(kind, {}), now)
    print(f"instructions on the host for one call, {kind}")
    print(f"{'':<26}{'baseline':>9}{'now':>9}{'change':>9}")
    print("\n".join(str(verdict) for verdict in verdicts))
    if args.accept:
        counts.write_baseline(args.baseline, known | {kind: now})
        print(f"gate: accepted as the baseline: {args.baseline}")
        return 0
    red = [verdict.name for verdict in verdicts if verdict.red]
    print(f"gate: {'red: ' + ', '.join(red) if red else 'green'} (at most +{counts.TOLERANCE:.0%})")
    return 1 if red else 0
