"""A campaign: programs until the time is over, on all the workers there are, and one list of what they have found.

The workers are processes of this machine (`LocalPool`) or tasks of a Dask cluster (lx.testing.cluster); both give the same
messages (lx.testing.worker). Program n of a seed is the same program wherever it runs, so what a campaign finds does not
depend on how many workers it has, only how soon.

A worker that says nothing for long, or ends, is replaced, and its chunk is given to another; a chunk that has ended two
workers is left out. Either is a failure of the campaign, because the machinery is at fault then and not a program.
"""

import json
import os
import selectors
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Protocol

from lx.testing import processes
from lx.testing.database import Database
from lx.testing.finding import Finding
from lx.testing.worker import Settings

Message = dict[str, Any]
SILENCE = 120.0
"""Seconds without a word after which a worker is replaced: a program that blocks costs it ten at most."""
GRACE = 10.0
"""Seconds that workers have for what they are shrinking when the time is over."""
ATTEMPTS = 2
TOP = "lx-fuzz-"


class Pool(Protocol):
    """Workers, by number."""

    size: int

    def give(self, worker: int, chunk: int) -> None:
        """Let an idle worker run a chunk."""

    def messages(self, seconds: float) -> list[tuple[int, Message]]:
        """What workers have said, waiting so long at most. {"lost": why} for one that has ended."""

    def close(self) -> None:
        """End the workers, whatever they are doing."""


class LocalWorker:
    """A worker process with a directory of its own for all that it makes. It says lines of JSON."""

    def __init__(self, settings: Settings) -> None:
        self.directory = tempfile.mkdtemp(prefix=f"{TOP}{os.getpid()}-")
        os.chmod(self.directory, 0o711)
        self.process = subprocess.Popen(
            [sys.executable, "-P", "-m", "lx.testing.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "TMPDIR": self.directory},
            start_new_session=True,
        )
        self._rest = b""
        self.heard = time.monotonic()
        self.tell(settings.as_json())

    def tell(self, message: Message) -> None:
        """One line to it."""
        assert self.process.stdin
        with suppress(BrokenPipeError):
            self.process.stdin.write(json.dumps(message).encode() + b"\n")
            self.process.stdin.flush()

    def fileno(self) -> int:
        """What is readable when it has said something."""
        assert self.process.stdout
        return self.process.stdout.fileno()

    def hear(self) -> list[Message]:
        """What it has said; {"lost": why} at its end."""
        data = os.read(self.fileno(), 1 << 16)
        self.heard = time.monotonic()
        if not data:
            return [{"lost": f"a worker has ended: {_ended(self.process.wait())}"}]
        *lines, self._rest = (self._rest + data).split(b"\n")
        return [json.loads(line) for line in lines]

    def close(self) -> None:
        """End it, its sides, and remove its directory."""
        left = processes.descendants(self.process.pid)
        self.process.terminate()
        try:
            self.process.wait(2.0)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        for pid in left:
            processes.end_session(pid)
        processes.see_off(left)
        for stream in (self.process.stdin, self.process.stdout):
            if stream:
                with suppress(OSError):
                    stream.close()
        _remove(self.directory)


class LocalPool:
    """Worker processes of this machine."""

    def __init__(self, settings: Settings, size: int) -> None:
        sweep()
        self.size = size
        self._settings = settings
        self._selector = selectors.DefaultSelector()
        self._workers = [self._start(number) for number in range(size)]

    def _start(self, number: int) -> LocalWorker:
        worker = LocalWorker(self._settings)
        self._selector.register(worker, selectors.EVENT_READ, number)
        return worker

    def give(self, worker: int, chunk: int) -> None:
        """Let an idle worker run a chunk."""
        self._workers[worker].tell({"chunk": chunk})

    def messages(self, seconds: float) -> list[tuple[int, Message]]:
        """What workers have said; one that is lost is replaced."""
        said: list[tuple[int, Message]] = []
        for key, _ in self._selector.select(seconds):
            said += [(key.data, message) for message in self._workers[key.data].hear()]
        for number, worker in enumerate(self._workers):
            if time.monotonic() - worker.heard > SILENCE:
                said.append((number, {"lost": f"a worker said nothing for {SILENCE:.0f} s"}))
        for number in {number for number, message in said if "lost" in message}:
            self._selector.unregister(self._workers[number])
            self._workers[number].close()
            self._workers[number] = self._start(number)
        return said

    def close(self) -> None:
        """End the workers."""
        for worker in self._workers:
            worker.close()
        self._selector.close()


@dataclass
class Campaign:
    """What runs, and how far it is. watch: called often, to show it. programs: stop after so many, 0: when the time is over."""

    settings: Settings
    database: Database
    watch: Callable[["Campaign"], None]
    seconds: float
    programs: int = 0
    new: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    stopped: bool = False
    engines: tuple[str, ...] = ()
    started: float = field(default_factory=time.monotonic)
    run: Counter[str] = field(default_factory=Counter)
    underway: dict[int, Counter[str]] = field(default_factory=dict)

    @property
    def elapsed(self) -> float:
        """Seconds since this run has begun."""
        return time.monotonic() - self.started

    @property
    def calls(self) -> int:
        """Calls compared in this run so far, with those of chunks that are not done."""
        return self.run["calls"] + sum(counter["calls"] for counter in self.underway.values())

    def stop(self) -> None:
        """End soon: an interruption is a shorter campaign."""
        self.stopped = True

    def go(self, pool: Pool) -> None:
        """Run it to its end. The pool is closed then."""
        before = self.database.seconds
        self.database.begin(self.settings)
        todo = self._chunks()
        given: dict[int, int] = {}
        attempts: Counter[int] = Counter()
        again: list[int] = []

        def give(worker: int) -> None:
            chunk = again.pop() if again else None if self._over() else next(todo, None)
            if chunk is not None:
                attempts[chunk] += 1
                given[worker] = chunk
                self.underway[worker] = Counter()
                pool.give(worker, chunk)

        try:
            for worker in range(pool.size):
                give(worker)
            while given and not (self._over() and self._late()):
                for worker, message in pool.messages(0.2):
                    self._take(worker, message)
                    if "done" in message and given.pop(worker, None) is not None:
                        give(worker)
                    elif "lost" in message and worker in given:
                        chunk = given.pop(worker)
                        self.underway.pop(worker, None)
                        self.failures.append(f"{message['lost']} (chunk {chunk})")
                        if attempts[chunk] < ATTEMPTS:
                            again.append(chunk)
                        give(worker)
                self.database.seconds = before + self.elapsed
                self.watch(self)
        finally:
            pool.close()
            self.database.seconds = before + self.elapsed
            self.database.save()
            self.watch(self)

    def _chunks(self) -> Iterator[int]:
        for number, chunk in enumerate(self.database.todo()):
            if self.programs and number * self.settings.size >= self.programs:
                return
            yield chunk

    def _over(self) -> bool:
        return self.stopped or (not self.programs and self.elapsed > self.seconds)

    def _late(self) -> bool:
        if self.stopped:
            return True
        return self.elapsed > self.seconds + GRACE

    def _take(self, worker: int, message: Message) -> None:
        if "ready" in message:
            self.engines = tuple(message["ready"])
        elif "alive" in message:
            self.underway[worker] = Counter(message["alive"])
        elif "finding" in message:
            self._found(Finding.from_json(message["finding"]), message.get("replaces", ""))
        elif "done" in message:
            self.underway.pop(worker, None)
            self.run.update(message["counts"])
            self.database.done(message["done"], message)

    def _found(self, finding: Finding, replaces: str) -> None:
        fresh = self.database.add(finding, replaces)
        if replaces in self.new and replaces not in self.database.findings:
            self.new.remove(replaces)
        if fresh and finding.identity not in self.database.old:
            self.new.append(finding.identity)


def sweep() -> None:
    """Remove what campaigns that were killed have left in the temporary directory."""
    for entry in os.scandir(tempfile.gettempdir()):
        pid = entry.name.removeprefix(TOP).partition("-")[0]
        if entry.name.startswith(TOP) and pid.isdigit() and not os.path.exists(f"/proc/{pid}"):
            _remove(entry.path)


def _remove(directory: str) -> None:
    for base, directories, _ in os.walk(directory):
        for name in directories:
            path = os.path.join(base, name)
            if not os.path.islink(path):
                with suppress(OSError):
                    os.chmod(path, 0o700)
    shutil.rmtree(directory, ignore_errors=True)


def _ended(status: int) -> str:
    return f"status {status}" if status >= 0 else f"killed by signal {-status}"
