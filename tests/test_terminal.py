"""Programs on a terminal: the same keys natively and under lx, and what the terminal shows is compared.

A session is a program and steps; a step waits until the terminal shows something, then types. Waiting for the program's own
words before each step keeps the echo in order, whoever is slow.
"""

import os
import pty
import re
import select
import signal
import struct
import termios
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from fcntl import ioctl
from pathlib import Path

import pytest
from compared import ENVIRONMENT, lx_command

TIME = 60.0
VARIABLE = re.compile(rb"(\[\d+\][+-]? +)\d+")
"""What a shell says of a job that it starts: a process id."""
SIGNALS = (b"\x03", b"\x1a")
QUIET = 0.5
"""Seconds: readline misses a signal that comes between its look for one and its wait for a key."""
Step = tuple[bytes, bytes | tuple[int, int]]
"""What has to be shown first; then the keys, or the new size (rows, columns) of the window."""


@dataclass(frozen=True)
class Session:
    """name, command, steps; `shown`: whether the whole screen is compared, which full-screen programs draw as they find time."""

    name: str
    argv: tuple[str, ...]
    steps: tuple[Step, ...]
    shown: bool = True
    files: dict[str, bytes] = field(default_factory=dict)


P = b"$ "
BASH = ("bash", "--norc", "--noprofile", "-i")
SESSIONS = [
    Session(
        "bash -i: editing, history, completion",
        BASH,
        (
            (P, b"echo one two\n"),
            (b"one two\r\n$ ", b"\x1b[A\x1b[D\x1b[D\x7f3\n"),
            (b"\n$ ", b"echo gone"),
            (b"gone", b"\x03"),
            (P, b"cat lon\t\n"),
            (b"lines\r\n$ ", b"echo ab\x01\x0b\x19 cd\x17ef\n"),
            (b"\n$ ", b"!!\n"),
            (b"\n$ ", b"echo $((6 * 7))\n"),
            (b"42\r\n$ ", b"exit 3\n"),
        ),
        files={"longname": b"lines\n"},
    ),
    Session(
        "bash -i: jobs, ^Z, fg, bg, ^C",
        BASH,
        (
            (P, b"echo u''p; cat\n"),
            (b"up\r\n", b"typed\n"),
            (b"typed\r\ntyped\r\n", b"\x1a"),
            (b"Stopped", b""),
            (P, b"jobs\n"),
            (b"Stopped", b""),
            (P, b"fg\n"),
            (b"fg\r\ncat\r\n", b"again\n"),
            (b"again\r\nagain\r\n", b"\x03"),
            (P, b"echo $?\n"),
            (b"130\r\n$ ", b"sleep 60 &\n"),
            (b"\n$ ", b"kill %1; wait %1\n"),
            (b"Terminated", b""),
            (P, b"cat w | sh -c 'echo u''p; while [ ! -e go ]; do sleep 0.1; done'\n"),
            (b"up\r\n", b"\x1a"),
            (b"Stopped", b""),
            (P, b"bg\n"),
            (b"\n$ ", b"jobs\n"),
            (b"Running", b""),
            (P, b": > go; wait %1\n"),  # no command between: bash tells after one that the job has ended, and forgets it
            (b"Done", b""),
            (P, b"echo u''p; cat\n"),
            (b"up\r\n", b"x\n"),
            (b"x\r\nx\r\n", b"last\x04"),
            (b"lastlast", b"\x04"),
            (P, b"exit 4\n"),
        ),
        files={"w": b"w"},
    ),
    Session(
        "bash -i: a window change, stty, read -s",
        BASH,
        (
            (P, b"stty size\n"),
            (b"24 80\r\n$ ", b"echo u''p; sh -c 'trap \"stty size; exit\" WINCH; echo u''p; while :; do sleep 0.01; done'\n"),
            (b"up\r\nup\r\n", (40, 100)),
            (b"40 100\r\n$ ", b"echo $LINES $COLUMNS\n"),
            (b"40 100\r\n$ ", b"read -s -p 'secr''et: ' x; echo; echo \"<$x>\"\n"),
            (b"secret: ", b"hidden\n"),
            (b"<hidden>\r\n$ ", b"stty -echo; echo u''p; cat; stty echo\n"),
            (b"up\r\n", b"unseen\n"),
            (b"unseen\r\n", b"\x04"),
            (P, b"stty -a | tail -n +2\n"),
            (b"echoprt", b""),
            (P, b"exit\n"),
        ),
    ),
    Session(
        "dash -i: a pipeline that is interrupted",
        ("dash", "-i"),
        ((P, b"sleep 50 | sh -c 'echo u''p; sleep 50'\n"), (b"up\r\n", b"\x03"), (P, b"echo $?\n"), (b"130\r\n$ ", b"\x04")),
    ),
    Session(
        "busybox vi: insert, move, delete, undo, substitute, write",
        ("busybox", "vi", "text"),
        (
            (b"1/3", b"ofresh line\x1b"),
            (b"- text [Modified] 2/4", b"ggx"),
            (b"1/4", b"GA!"),
            (b"!", b"\x1b"),
            (b"- text [Modified] 4/4", b":%s/pear/PEAR/\r"),
            (b"PEAR", b"ggdd"),
            (b"Delete 1", b"u"),
            (b"Undo", (30, 90)),
            (b"", b"yyp"),
            (b"Put 1", b":w\r"),
            (b"5L", b":q\r"),
        ),
        shown=False,
        files={"text": b"first\nsecond pear\nthird\n"},
    ),
    Session(
        "python3: the interactive prompt",
        ("/usr/bin/python3", "-q", "-i", "-S", "-E"),
        (
            (b">>> ", b"6 * 7\n"),
            (b"42\r\n>>> ", b"import sys, os; os.get_terminal_size()\n"),
            (b"lines=24)\r\n>>> ", b"x = input('? ')\n"),
            (b"\r\n? ", b"word\n"),
            (b">>> ", b"x, sys.stdin.isatty()\n"),
            (b"True)\r\n>>> ", b"1 +"),
            (b"1 +", b"\x03"),
            (b"KeyboardInterrupt\r\n>>> ", b"\x04"),
        ),
    ),
]


def play(session: Session, command: Sequence[str], env: dict[str, str], work: Path) -> tuple[bytes, int, dict[str, bytes]]:
    """Run a session: what the terminal has shown, the wait status, and the files that are left."""
    work.mkdir()
    for name, content in {**session.files, "inputrc": b"set enable-bracketed-paste off\n"}.items():
        (work / name).write_bytes(content)
    pid, fd = pty.fork()
    if pid == 0:
        os.chdir(work)
        ioctl(0, termios.TIOCSWINSZ, struct.pack("4H", 24, 80, 0, 0))
        os.execvpe(command[0], command, env)
    shown, at, end = b"", 0, time.monotonic() + TIME
    try:
        for wanted, keys in session.steps:
            while (found := shown.find(wanted, at)) < 0:
                assert select.select([fd], [], [], max(end - time.monotonic(), 0))[0], f"no {wanted!r} after {shown[-300:]!r}"
                shown += os.read(fd, 4096)
            at = found + len(wanted)
            while keys in SIGNALS and select.select([fd], [], [], QUIET)[0]:
                shown += os.read(fd, 4096)
            if isinstance(keys, tuple):
                ioctl(fd, termios.TIOCSWINSZ, struct.pack("4H", *keys, 0, 0))
            else:
                os.write(fd, keys)
        with suppress(OSError):
            while select.select([fd], [], [], max(end - time.monotonic(), 0))[0] and (more := os.read(fd, 4096)):
                shown += more
        status = os.waitpid(pid, 0)[1]
        pid = 0
    finally:
        os.close(fd)
        if pid:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
    left = {path.name: path.read_bytes() for path in work.iterdir()}
    for path in work.iterdir():
        path.unlink()
    work.rmdir()
    return VARIABLE.sub(rb"\1PID", shown) if session.shown else b"", os.waitstatus_to_exitcode(status), left


@pytest.mark.debian
@pytest.mark.parametrize("session", SESSIONS, ids=lambda session: session.name)
def test_a_session_on_a_terminal(session: Session, tmp_path: Path, need: Callable[..., None]) -> None:
    need(session.argv[0])
    env = {
        **ENVIRONMENT,
        "TERM": "xterm",
        "PS1": "$ ",
        "HISTFILE": "",
        "INPUTRC": "inputrc",
        "PYTHON_BASIC_REPL": "1",
        "PYTHONSTARTUP": "",
    }
    native = play(session, session.argv, env, tmp_path / "w")
    command, lx_env = lx_command(session.argv, env)
    assert play(session, command, lx_env, tmp_path / "w") == native
