"""Columns: the kernel, lx on both engines, and the peers this machine has.

A peer is found at run time and never installed by us. qiling lives in a virtual environment of its own, because it pins other
versions of what lx uses: ~/.cache/lx-bench/qiling, or the Python that --qiling names.
"""

import os
import shutil
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from lx.zone.handle import COMMAND

HERE = Path(__file__).parent
QILING = Path.home() / ".cache" / "lx-bench" / "qiling" / "bin" / "python"
OURS = ("native", "lx")
LX = (*COMMAND, "run")
RUNSC = ("--rootless", "--network=host", "--ignore-cgroups")


@dataclass(frozen=True)
class Peer:
    """One column: what is put before the program's words, or why it is absent."""

    name: str
    prefix: tuple[str, ...] = ()
    environment: dict[str, str] = field(default_factory=dict)
    version: str = ""
    absent: str = ""
    lets_go: bool = False
    """What its guests execute runs natively (no binfmt_misc), so rows that do are no measure of it."""
    instead: bool = False
    """Not a way to run the row's program but something else to compare with: it takes the program's place."""
    rounds: int = 1000
    """The most turns it gets: a slow one gets few."""
    by_wall: bool = False
    """Its guest clock cannot be used: an operation is timed by the wall time of many against that of one."""

    def command(self, program: Sequence[str]) -> list[str]:
        """The host's command line for a program."""
        return [*self.prefix, *(program[1:] if self.instead else program)]


def first_line(command: Sequence[str], environment: dict[str, str] | None = None) -> str:
    """The first line a command prints, "" if it prints none or fails."""
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=60, check=True, env=os.environ | (environment or {})
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return next(iter((done.stdout or done.stderr).splitlines()), "")


def _native(_: str) -> Peer:
    return Peer("native", version=f"Linux {os.uname().release}")


def _lx(_: str) -> Peer:
    from lx.cpu import engine_name

    return Peer("lx", LX, version=f"{engine_name()} engine")


def _pure(_: str) -> Peer:
    return Peer("lx-pure", LX, {"LX_ENGINE": "pure"}, "pure engine")


def _qemu(_: str) -> Peer:
    program = shutil.which("qemu-x86_64") or shutil.which("qemu-x86_64-static")
    if program is None:
        return Peer("qemu-user", absent="qemu-x86_64 is not on PATH (Debian: qemu-user)")
    return Peer("qemu-user", (program,), version=first_line([program, "--version"]), lets_go=True)


def _qiling(python: str) -> Peer:
    program = python or str(QILING)
    version = first_line([program, "-c", "import importlib.metadata as m; import qiling; print(m.version('qiling'))"])
    if not version:
        return Peer("qiling", absent=f"{program} has no qiling (python3 -m venv there, then pip install qiling==1.4.6)")
    return Peer("qiling", (program, str(HERE / "guests" / "run_qiling.py")), version=version, rounds=2, by_wall=True)


def _runsc(_: str) -> Peer:
    program = shutil.which("runsc")
    if program is None:
        return Peer("runsc", absent="runsc is not on PATH (Debian: runsc)")
    return Peer("runsc", (program, *RUNSC, "--platform=ptrace", "do"), version=first_line([program, "--version"]))


def _blink(_: str) -> Peer:
    program = shutil.which("blink")
    if program is None:
        return Peer("blink", absent="blink is not on PATH")
    return Peer("blink", (program,), version=first_line([program, "-v"]))


PEERS: dict[str, Callable[[str], Peer]] = {
    "native": _native,
    "lx": _lx,
    "lx-pure": _pure,
    "qemu-user": _qemu,
    "qiling": _qiling,
    "runsc": _runsc,
    "blink": _blink,
}


def find(names: Sequence[str], qiling: str = "") -> list[Peer]:
    """The columns of these names, lx and native first. ValueError for a name that is no peer."""
    for name in names:
        if name not in PEERS:
            raise ValueError(f"{name}: no such peer; there are {', '.join(PEERS)}")
    wanted = [*OURS, *[name for name in names if name not in OURS]]
    return [PEERS[name](qiling) for name in dict.fromkeys(wanted)]
