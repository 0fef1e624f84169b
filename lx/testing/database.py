"""What a campaign has done and found, in a directory: interrupting it at any moment loses nothing.

    DIR/findings/ID.json    one finding, written whole or not at all
    DIR/state.json          which chunks of which programs are done, and the totals
    DIR/lock                held by the campaign that uses the directory

A chunk is noted as done after its findings are written; one that was not finished is run again. Programs are told apart by seed,
calls and length, so one directory holds any number of campaigns. Without a directory all of this lives in memory.
"""

import fcntl
import json
import os
from collections import Counter
from collections.abc import Iterator
from itertools import count
from typing import Any

from lx.testing.finding import Finding
from lx.testing.worker import Settings

FORMAT = 1
COUNTERS = ("counts", "known", "repeats", "unstable")


class BadDatabase(Exception):
    """The directory cannot be used; the text says why."""


class Database:
    """The state of a campaign. directory: None keeps it in memory."""

    def __init__(self, directory: str | None) -> None:
        self.directory = directory
        self.findings: dict[str, Finding] = {}
        self.totals: dict[str, Counter[str]] = {name: Counter() for name in COUNTERS}
        self.seconds = 0.0
        self._runs: dict[str, dict[str, Any]] = {}
        self._last = ""
        if directory is not None:
            self._open(directory)
        self.old = frozenset(self.findings)

    @property
    def seed(self) -> int | None:
        """The seed of the campaign that ran last."""
        return int(self._runs[self._last]["seed"]) if self._last in self._runs else None

    def begin(self, settings: Settings) -> None:
        """The campaign that runs now."""
        self._last = _name(settings)
        self._runs.setdefault(self._last, {"seed": settings.seed, "upto": 0, "beyond": []})

    def todo(self) -> Iterator[int]:
        """The chunks that are not done, in order, without end."""
        run = self._runs[self._last]
        done = set(run["beyond"])
        return (chunk for chunk in count(run["upto"]) if chunk not in done)

    def add(self, finding: Finding, replaces: str = "") -> bool:
        """Keep a finding: whether it is one that was not there."""
        identity = finding.identity
        known = self.findings.get(identity)
        if known is None:
            self.findings[identity] = finding
        else:
            finding.seen += known.seen
            self.findings[identity] = finding if finding.minimal or not known.minimal else known
        self._write(os.path.join("findings", f"{identity}.json"), self.findings[identity].as_json())
        early = self.findings.get(replaces)
        if early is not None and replaces != identity and not early.minimal:
            self.remove(replaces)
        return known is None

    def remove(self, identity: str) -> None:
        """Forget a finding."""
        del self.findings[identity]
        if self.directory is not None:
            os.unlink(os.path.join(self.directory, "findings", f"{identity}.json"))

    def done(self, chunk: int, counted: dict[str, dict[str, int]]) -> None:
        """Note a chunk as done, with what it has counted."""
        run = self._runs[self._last]
        beyond = {*run["beyond"], chunk}
        while run["upto"] in beyond:
            beyond.remove(run["upto"])
            run["upto"] += 1
        run["beyond"] = sorted(beyond)
        for name, counter in self.totals.items():
            counter.update(counted.get(name, {}))
        for identity, times in counted.get("repeats", {}).items():
            if identity in self.findings:
                self.findings[identity].seen += times
        self.save()

    def save(self) -> None:
        """Write the state."""
        state = {"format": FORMAT, "last": self._last, "runs": self._runs, "seconds": round(self.seconds, 1)}
        self._write("state.json", {**state, **{name: dict(counter) for name, counter in self.totals.items()}})

    # ---- the directory

    def _open(self, directory: str) -> None:
        try:
            os.makedirs(os.path.join(directory, "findings"), exist_ok=True)
            self._lock = open(os.path.join(directory, "lock"), "w")
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BadDatabase(f"{directory}: another campaign is using it") from None
        except OSError as error:
            raise BadDatabase(f"{directory}: {(error.strerror or str(error)).lower()}") from None
        for name in sorted(os.listdir(os.path.join(directory, "findings"))):
            if name.endswith(".json"):
                finding = Finding.from_json(self._read(os.path.join("findings", name)))
                self.findings[finding.identity] = finding
        if os.path.exists(os.path.join(directory, "state.json")):
            self._load(self._read("state.json"))

    def _load(self, state: dict[str, Any]) -> None:
        if state.get("format") != FORMAT:
            raise BadDatabase(f"{self.directory}: made by another version of lx; take a new directory")
        self._runs, self._last, self.seconds = state["runs"], state["last"], state["seconds"]
        for name, counter in self.totals.items():
            counter.update(state[name])
        for identity, times in self.totals["repeats"].items():
            if identity in self.findings:
                self.findings[identity].seen += times

    def _read(self, name: str) -> dict[str, Any]:
        path = os.path.join(str(self.directory), name)
        try:
            with open(path, encoding="utf-8") as file:
                content: dict[str, Any] = json.load(file)
        except (OSError, ValueError) as error:
            raise BadDatabase(f"{path}: {error}") from None
        return content

    def _write(self, name: str, content: dict[str, Any]) -> None:
        if self.directory is None:
            return
        path = os.path.join(self.directory, name)
        half = f"{path}.half"
        with open(half, "w", encoding="utf-8") as file:
            json.dump(content, file, indent=1)
            file.flush()
            os.fsync(file.fileno())
        os.replace(half, path)


def _name(settings: Settings) -> str:
    return f"seed {settings.seed}, calls {','.join(settings.calls) or 'all'}, length {settings.length}, size {settings.size}"
