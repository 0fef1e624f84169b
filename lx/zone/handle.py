"""The Python interface: zones and processes in them, from outside.

A guest process is a host process of its own, so what a program gets here is a handle: `Process` is subprocess.Popen
started through `lx run`, with the same streams, statuses and timeouts (a guest that dies of signal n has returncode -n). A
`Zone` holds a runtime directory that its processes join; two zones of one interpreter have two, and share nothing.

The interpreter that is started is isolated (-I): what the guest's environment says to Python is the guest's alone.
"""

import os
import signal
import subprocess
import sys
from types import TracebackType
from typing import IO, Any

from lx.abi.lean import Mapping, Sequence, suppress
from lx.zone.config import NAME_MAX, is_release
from lx.zone.live import new_runtime_dir, remove
from lx.zone.registry import Registry

Word = str | bytes | os.PathLike[str]
Stream = int | IO[Any] | None


HERE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
COMMAND = (sys.executable, "-P", os.path.join(HERE, "lx", "cli", "lx"))
"""What the installed command `lx` does. `python -m lx` does it too, but imports runpy first."""
START = "import sys; sys.path.insert(0, sys.argv.pop(1)); from lx.cli import main; sys.exit(main(twins=False))"
"""The same lx as this one, wherever it was imported from: isolated, the interpreter would not find it by PYTHONPATH.

What is not said to Zone and spawn is as they say, whatever LX_STRICT and its like say to the command.
"""


class Process(subprocess.Popen[bytes]):
    """A program running in a zone; made by Zone.spawn. Its pid is the guest's too, and `args` its words."""


class Zone:
    """A zone: what its processes take for their machine. Use it as a context manager, or close it.

    root: host directory that is its `/`. hostname: empty for the host's. kernel_version: what uname tells. seed: a number
    fixes the memory layout and the random bytes of AT_RANDOM and getrandom. strict: SIGSYS for what is not supported.
    NotADirectoryError for the root, ValueError for the others.
    """

    def __init__(
        self,
        root: Word = "/",
        *,
        hostname: str = "",
        kernel_version: str = "5.10.0",
        seed: int | None = None,
        strict: bool = False,
    ) -> None:
        path = os.path.abspath(os.fsdecode(root))
        if not os.path.isdir(path):
            raise NotADirectoryError(f"{path}: not a directory, so not a root for a zone")
        if not is_release(kernel_version):
            raise ValueError(f"{kernel_version}: not a release of Linux as uname tells it (5.10.0)")
        if len(os.fsencode(hostname)) > NAME_MAX:
            raise ValueError(f"hostname: longer than {NAME_MAX} bytes")
        self._options = ["--root", path, "--kernel-version", kernel_version]
        self._options += ["--strict"] if strict else []
        self._options += ["--seed", f"{seed:d}"] if seed is not None else []
        self.root = path
        self.runtime_dir = new_runtime_dir(os.urandom(4).hex())
        self._registry = Registry(os.path.join(self.runtime_dir, "registry"))
        self._registry.hostname = os.fsencode(hostname or os.uname().nodename)
        self._registry.domainname = b"(none)"
        self._options += ["--zone", self.runtime_dir]
        self._closed = False

    def spawn(
        self,
        argv: Sequence[Word] | Word,
        *,
        stdin: Stream = None,
        stdout: Stream = None,
        stderr: Stream = None,
        env: Mapping[str, str] | None = None,
        cwd: Word | None = None,
        argv0: str | None = None,
        strace: Word | None = None,
        stats: Word | None = None,
    ) -> Process:
        """Start a program: argv[0], or argv if it is one word, is a path in the zone, or is looked for on PATH.

        stdin, stdout, stderr: as subprocess has them. env: the whole environment (default: this process's). cwd: a path in the
        zone. strace: a host file for the trace of its calls. stats: a host file for figures, as JSON. ValueError for no argv.
        """
        if self._closed:
            raise ValueError("the zone is closed")
        if not argv:
            raise ValueError("which program?")
        options = list(self._options)
        named = (("--cwd", cwd), ("--argv0", argv0), ("--strace", strace), ("--stats", stats))
        options += [f"{name}={os.fsdecode(value)}" for name, value in named if value is not None]
        words = _words(argv)
        command = [sys.executable, "-I", "-c", START, HERE, "run", *options, "--", *map(os.fsdecode, words)]
        process = Process(command, stdin=stdin, stdout=stdout, stderr=stderr, env=None if env is None else dict(env))
        process.args = words
        return process

    def run(
        self,
        argv: Sequence[Word] | Word,
        *,
        input: bytes | None = None,
        capture_output: bool = False,
        timeout: float | None = None,
        check: bool = False,
        **how: Any,
    ) -> subprocess.CompletedProcess[bytes]:
        """Run a program to its end; further arguments as for `spawn`.

        input: bytes for its standard input. timeout: seconds, then it is killed and subprocess.TimeoutExpired raised. check:
        raise subprocess.CalledProcessError unless the status is 0.
        """
        if capture_output:
            how |= {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        if input is not None:
            how["stdin"] = subprocess.PIPE
        with self.spawn(argv, **how) as process:
            try:
                out, err = process.communicate(input, timeout)
            except BaseException:
                process.kill()
                raise
        done = subprocess.CompletedProcess(process.args, process.returncode, out, err)
        if check:
            done.check_returncode()
        return done

    @property
    def processes(self) -> list[int]:
        """The pids of the zone's living processes."""
        return self._registry.members()

    @property
    def hostname(self) -> str:
        """The zone's host name, as its processes see it and may have set it."""
        return os.fsdecode(self._registry.hostname)

    def close(self) -> None:
        """Kill what still runs in the zone and remove its runtime directory."""
        if self._closed:
            return
        self._closed = True
        for pid in self.processes:
            with suppress(OSError):
                os.kill(pid, signal.SIGKILL)
        remove(self.runtime_dir)

    def __enter__(self) -> "Zone":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()


def _words(argv: Sequence[Word] | Word) -> list[Word]:
    return [argv] if isinstance(argv, str | bytes | os.PathLike) else list(argv)


def run(
    argv: Sequence[Word] | Word,
    *,
    root: Word = "/",
    hostname: str = "",
    kernel_version: str = "5.10.0",
    seed: int | None = None,
    strict: bool = False,
    **how: Any,
) -> subprocess.CompletedProcess[bytes]:
    """Run one program in a zone of its own: settings as for `Zone`, all else as for `Zone.run`."""
    with Zone(root, hostname=hostname, kernel_version=kernel_version, seed=seed, strict=strict) as zone:
        return zone.run(argv, **how)
