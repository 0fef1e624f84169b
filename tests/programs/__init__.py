"""Real programs that must run: a table of cases, each of which runs natively and under lx with equal result.

A case is a command, the files it finds, and the programs it needs. Nothing in it may depend on the time, a pid, or the
order in which a directory is listed: sort, or print what is stable. Adding a case is adding a row to a table.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Case:
    """One program doing one thing.

    name      what it exercises
    argv      the command; with `script` the script is its last argument
    needs     programs that must be there (those of argv[0] and `needs`)
    stderr    whether standard error is stable enough to be compared
    """

    name: str
    argv: tuple[str, ...]
    script: str = ""
    stdin: str = ""
    files: Mapping[str, str | bytes] = field(default_factory=dict)
    needs: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    stderr: bool = True

    @property
    def command(self) -> list[str]:
        return [*self.argv, self.script] if self.script else list(self.argv)

    @property
    def programs(self) -> tuple[str, ...]:
        return (self.argv[0], *self.needs)


WORDS = "".join(f"{w}\n" for w in "pear apple fig quince apple banana cherry fig date elder apple grape".split())
"""A small text with repeats, for whatever sorts, counts and searches."""
