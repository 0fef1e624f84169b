"""The commands: `lx run`, `lx syscalls`, `lx bench`, `lx fuzz`. No semantics of their own."""

import gc
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import NoReturn

COMMANDS = {
    "run": "run a Linux program",
    "syscalls": "list the system calls and how much of each is there",
    "bench": "measure what calls and programs cost",
}
USAGE = 2


def main(words: "Sequence[str] | None" = None, *, twins: bool = True) -> int:
    """`lx COMMAND ...`: the status. twins: variables of the environment may stand for options of run."""
    words = sys.argv[1:] if words is None else words
    if words and words[0] == "run":
        gc.disable()  # until the guest runs: what start-up makes stays (lx.zone.launch.live)
        from lx.cli import imports

        imports.install()
        from lx.cli import run

        return run.main(words[1:], twins=twins)
    return _others(words)


def _others(words: "Sequence[str]") -> int:
    import argparse

    from lx.cli import bench, fuzz, syscalls

    class OneLine(argparse.ArgumentParser):
        """Errors as lx has them."""

        def error(self, message: str) -> "NoReturn":
            self.exit(USAGE, f"lx: {message}; see {self.prog} --help\n")

    parser: argparse.ArgumentParser = OneLine(
        prog="lx",
        description="A Linux system-call layer: runs Linux programs in the Unicorn CPU emulator.",
        epilog="lx COMMAND --help tells more of each command.",
    )
    parser.add_argument("--version", action="version", version=f"lx {_version()}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    commands.add_parser("run", help=COMMANDS["run"], add_help=False)
    syscalls.add_parser(commands)
    bench.add_parser(commands)
    fuzz.add_parser(commands)
    if words and not words[0].startswith("-") and words[0] not in commands.choices:
        from difflib import get_close_matches

        near = get_close_matches(words[0], commands.choices, 1)
        parser.error(f"{words[0]}: no such command" + (f" (did you mean {near[0]}?)" if near else ""))
    args = parser.parse_args(words)
    if not hasattr(args, "main"):
        parser.print_help(sys.stderr)
        return USAGE
    return int(args.main(args))


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("lx")
    except PackageNotFoundError:
        return "(not installed)"
