"""`lx syscalls`: what the table says of itself, as text, JSON or the Markdown page.

The text is one line a call, cut to the terminal's width (80 columns where there is none); with names, everything that
is known of each. Anything a program would read is in --json.
"""

from __future__ import annotations

import os
import sys

from syscalls.declare import Support

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse

    from syscalls.document import Fact

WORDS = {Support.FULL.value: "yes", Support.PARTIAL.value: "partial", Support.UNSUPPORTED.value: "no"}
NARROWEST_NOTE = 12


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> argparse.ArgumentParser:
    """Add the `syscalls` command to lx's parser."""
    parser = subparsers.add_parser(
        "syscalls", help="list the system calls and how much of each is there", description=__doc__.partition("\n")[0]
    )
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="as one JSON object")
    form.add_argument("--markdown", action="store_true", help="as the page docs/syscalls.md")
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--implemented", action="store_true", help="only calls that are there, in full or in part")
    which.add_argument("--partial", action="store_true", help="only calls of which something is missing")
    which.add_argument("--unsupported", action="store_true", help="only calls that are not there")
    parser.add_argument("names", nargs="*", metavar="NAME", help="a call's name or number")
    parser.set_defaults(main=main)
    return parser


def main(args: argparse.Namespace) -> int:
    """Run the command; the status is 1 if a name is not a call's."""
    from syscalls import document
    from syscalls.table import build

    table = build()
    everything = found = document.facts(table)
    strangers = []
    if args.names:
        known = {fact.name: fact for fact in found} | {str(fact.number): fact for fact in found}
        strangers = [name for name in args.names if name not in known]
        found = [known[name] for name in args.names if name in known]
    found = [fact for fact in found if _wanted(fact, args)]
    if args.json:
        text = document.as_json(found, table.arch_name, document.totals(everything))
    elif args.markdown:
        text = document.markdown(found, table.arch_name)
    elif args.names:
        text = "\n".join(map(_described, found))
    else:
        columns = _columns()
        text = "\n".join([*listing(found, columns), "", *_wrapped(document.summary(everything), columns, "")]) + "\n"
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    for name in strangers:
        print(f"lx: {name}: no such call on {table.arch_name}{_hint(name, table.numbers)}", file=sys.stderr)
    return 1 if strangers else 0


def listing(found: list[Fact], columns: int) -> list[str]:
    """One line a call, none longer than `columns` as long as that is 36 or more; notes that do not fit are cut."""
    if not found:
        return []
    width = max(len(fact.name) for fact in found)
    lines = []
    for fact in found:
        line = f"{fact.number:3} {fact.name:{width}} {WORDS[fact.support]:7}"
        room = columns - len(line) - 1
        if room >= NARROWEST_NOTE:
            line += " " + (fact.note if len(fact.note) <= room else fact.note[: room - 3].rstrip(" ,;:") + "...")
        lines.append(line.rstrip())
    return lines


def _wanted(fact: Fact, args: argparse.Namespace) -> bool:
    if args.implemented:
        return fact.support != Support.UNSUPPORTED.value
    if args.partial:
        return fact.support == Support.PARTIAL.value
    return not args.unsupported or fact.support == Support.UNSUPPORTED.value


def _described(fact: Fact) -> str:
    columns = _columns()
    where = f", in syscalls/{fact.module}.py" if fact.module else ""
    lines = [f"{fact.name}({fact.arguments})", f"    number {fact.number}, {fact.support}{where}"]
    lines += _wrapped(fact.note, columns, "    ") if fact.note else []
    lines.append(f"    LX brand: {fact.lx}")
    return "\n".join(lines) + "\n"


def _columns() -> int:
    from shutil import get_terminal_size

    return get_terminal_size().columns


def _wrapped(text: str, columns: int, indent: str) -> list[str]:
    from textwrap import wrap

    return wrap(text, max(columns, 20), initial_indent=indent, subsequent_indent=indent)


def _hint(name: str, numbers: dict[str, int]) -> str:
    from difflib import get_close_matches

    near = get_close_matches(name, numbers, 1)
    return f" (did you mean {near[0]}?)" if near else ""
