"""Real programs that must run: a table of cases, each of which runs natively and under lx with equal result.

A case is a command, the files it finds, and the programs it needs. Nothing in it may depend on the time, a pid, or the
order in which a directory is listed: sort, or print what is stable. Adding a case is adding a row to a table.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

SOURCES = Path(__file__).parent / "sources"


@dataclass(frozen=True)
class Case:
    """One program doing one thing.

    name      what it exercises
    argv      the command; with `script` the script is its last argument
    needs     programs that must be there (those of argv[0], build[0] and `needs`)
    stderr    whether standard error is stable enough to be compared
    sources   files of tests/programs/sources that the program finds
    build     a command that runs natively, once, beside `sources`; the program finds what it makes, not the sources
    slow      why the pure engine does not run it
    """

    name: str
    argv: tuple[str, ...]
    script: str = ""
    stdin: str = ""
    files: Mapping[str, str | bytes] = field(default_factory=dict)
    needs: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    stderr: bool = True
    sources: tuple[str, ...] = ()
    build: tuple[str, ...] = ()
    slow: str = ""

    @property
    def command(self) -> list[str]:
        return [*self.argv, self.script] if self.script else list(self.argv)

    @property
    def programs(self) -> tuple[str, ...]:
        """What must be there, by name or path; `./program` is what `build` or the case's files bring."""
        return tuple(p for p in (self.argv[0], *self.build[:1], *self.needs) if not p.startswith("./"))

    def source_files(self) -> dict[str, bytes]:
        """`sources` as files, by name."""
        return {name: (SOURCES / name).read_bytes() for name in self.sources}


WORDS = "".join(f"{w}\n" for w in "pear apple fig quince apple banana cherry fig date elder apple grape".split())
"""A small text with repeats, for whatever sorts, counts and searches."""
