"""Files that execve should refuse, or should not: broken ELF headers, scripts, kinds of files.

A small guest executes the same file natively and under lx and says what execve answered, or how the program ended. The files
are made here: a header and segments, cut short or with absurd values, by hypothesis where the space is large. Their code is an
exit with status 42 and traps everywhere else.
"""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from struct import pack
from typing import Any

import pytest
from compared import ENVIRONMENT, Build, lx_command
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

BASE, CODE_AT, SIZE = 0x400000, 0x800, 0x1800
EXIT_42 = b"\xb8\x3c\0\0\0\xbf\x2a\0\0\0\x0f\x05"
LOAD, DYNAMIC, INTERP, STACK = 1, 2, 3, 0x6474E551
HEADER_FIELDS = {
    "magic": (0, 4), "class": (4, 1), "data": (5, 1), "version": (6, 1), "abi": (7, 1), "type": (16, 2), "machine": (18, 2),
    "e_version": (20, 4), "entry": (24, 8), "phoff": (32, 8), "shoff": (40, 8), "flags": (48, 4), "ehsize": (52, 2),
    "phentsize": (54, 2), "phnum": (56, 2), "shentsize": (58, 2), "shnum": (60, 2), "shstrndx": (62, 2),
}  # fmt: skip
SEGMENT_FIELDS = {
    "p_type": (0, 4), "p_flags": (4, 4), "p_offset": (8, 8), "p_vaddr": (16, 8), "p_paddr": (24, 8), "p_filesz": (32, 8),
    "p_memsz": (40, 8), "p_align": (48, 8),
}  # fmt: skip


def segment(kind: int, flags: int, offset: int, address: int, filesz: int, memsz: int, align: int = 4096) -> bytes:
    return pack("<IIQQQQQQ", kind, flags, offset, address, address, filesz, memsz, align)


TEXT = segment(LOAD, 5, 0, BASE, 0x1000, 0x1000)
DATA = segment(LOAD, 6, 0x1000, BASE + 0x1000, 0x800, 0x3000)


def program(*segments: bytes, kind: int = 2, entry: int = BASE + CODE_AT, tail: bytes = b"") -> bytes:
    """An ELF file with these program headers."""
    header = pack("<16sHHIQQQIHHHHHH", b"\x7fELF\x02\x01\x01", kind, 62, 1, entry, 64, 0, 0, 64, 56, len(segments), 0, 0, 0)
    start = header + b"".join(segments) + tail
    return start.ljust(CODE_AT, b"\xcc") + EXIT_42.ljust(SIZE - CODE_AT, b"\xcc")


def interpreted(name: bytes, *segments: bytes, kind: int = 3, entry: int = CODE_AT) -> bytes:
    """A program whose interpreter is `name`."""
    at = 64 + 56 * (len(segments) + 1)
    return program(segment(INTERP, 4, at, at, len(name), len(name), 1), *segments, kind=kind, entry=entry, tail=name)


GOOD = program(TEXT, DATA)
HEADERS = 64 + 2 * 56


class Executed:
    """The same files executed on both sides: two processes that are told names."""

    def __init__(self, trying: Path, directory: Path) -> None:
        self.directory = directory
        command, env = lx_command([str(trying)], ENVIRONMENT)
        self.errors = open(directory / "errors", "wb")
        how: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "cwd": directory, "text": True, "bufsize": 1}
        self.lx = subprocess.Popen(command, env=env, stderr=self.errors, **how)
        self.native = subprocess.Popen([str(trying)], env=ENVIRONMENT, stderr=subprocess.DEVNULL, **how)

    def put(self, name: str, content: bytes, mode: int = 0o755) -> None:
        path = self.directory / name
        path.unlink(missing_ok=True)
        path.write_bytes(content)
        path.chmod(mode)

    def ask(self, name: str) -> tuple[str, str]:
        """What (lx, the kernel) says of a file."""
        answers = []
        for side in (self.lx, self.native):
            assert side.stdin and side.stdout
            side.stdin.write(name + "\n")
            side.stdin.flush()
            answers.append(side.stdout.readline().strip())
        return answers[0], answers[1]

    def agree(self, content: bytes) -> str:
        """Execute one file's content on both sides, which must say the same: what they said."""
        self.put("tried", content)
        ours, kernels = self.ask("./tried")
        assert ours == kernels, f"lx: {ours}, Linux: {kernels}"
        return kernels

    def close(self) -> None:
        for side in (self.lx, self.native):
            side.communicate(timeout=30)
            assert side.returncode == 0
        self.errors.close()
        said = (self.directory / "errors").read_text(errors="replace")
        assert "Traceback" not in said and "bug in lx" not in said, said


@pytest.fixture(scope="module")
def executed(build: Build, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Executed]:
    both = Executed(build("helpers/trying.c", "-static"), tmp_path_factory.mktemp("programs"))
    yield both
    both.close()


FEW = settings(max_examples=int(os.environ.get("LX_EXAMPLES", "150")), deadline=None, database=None, derandomize=True,
               suppress_health_check=list(HealthCheck))  # fmt: skip
ABSURD = [0, 1, 2, 3, 4, 5, 0x34, 0x38, 0x3F, 0x40, 0x7FF, 0x800, 0xFFF, 0x1000, 0x1001, 0x1800, 0x2000, 0x10000, 0xFFFF, 0x10001]
ABSURD += [BASE - 1, BASE, BASE + 0x1000, BASE + 0x1800, 2**31 - 1, 2**31, 2**32 - 1, 2**32, 2**40, 2**46, 2**47 - 0x1000, 2**47]
ABSURD += [2**47 - 0x2000, 2**48, 2**62, 2**63 - 1, 2**63, 2**63 + 0x1000, 2**64 - 0x1000, 2**64 - 1]
VALUES = st.one_of(st.sampled_from(ABSURD), st.integers(0, 2**64 - 1))


def changed(content: bytes, at: int, size: int, value: int) -> bytes:
    return content[:at] + (value % (1 << 8 * size)).to_bytes(size, "little") + content[at + size :]


def test_the_program_that_is_broken_runs_when_it_is_whole(executed: Executed) -> None:
    assert executed.agree(GOOD) == "exit 42"
    assert executed.agree(program(segment(LOAD, 7, 0, 0, SIZE, SIZE), kind=3, entry=CODE_AT)) == "exit 42"


def test_cut_at_every_byte_of_its_headers(executed: Executed) -> None:
    refused = {executed.agree(GOOD[:size]) for size in range(HEADERS + 1)}
    assert all(answer.startswith("error") for answer in refused - {"signal 7", "signal 11"})
    for size in (CODE_AT, CODE_AT + 5, CODE_AT + 11, CODE_AT + 12, 0xFFF, 0x1000, 0x1001, 0x17FF):
        executed.agree(GOOD[:size])


def test_every_byte_of_the_file_header_changed(executed: Executed) -> None:
    for at in range(64):
        for flip in (0x01, 0xFF):
            executed.agree(GOOD[:at] + bytes([GOOD[at] ^ flip]) + GOOD[at + 1 :])


@FEW
@given(st.sampled_from(sorted(HEADER_FIELDS)), VALUES)
def test_absurd_values_in_the_file_header(executed: Executed, field: str, value: int) -> None:
    executed.agree(changed(GOOD, *HEADER_FIELDS[field], value))


CHANGES = st.lists(st.tuples(st.sampled_from([0, 1]), st.sampled_from([*SEGMENT_FIELDS]), VALUES), max_size=3)


@FEW
@given(st.sampled_from([2, 3]), CHANGES)
def test_absurd_values_in_the_program_headers(executed: Executed, kind: int, changes: list[tuple[int, str, int]]) -> None:
    content = changed(GOOD, *HEADER_FIELDS["type"], kind)
    for index, field, value in changes:
        at, size = SEGMENT_FIELDS[field]
        content = changed(content, 64 + 56 * index + at, size, value)
    executed.agree(content)


SIZES = st.sampled_from([0, 1, 0x7FF, 0x800, 0xFFF, 0x1000, 0x1001, 0x1800, 0x2000, 0x5000])
ADDRESSES = st.sampled_from([BASE, BASE + 0x800, BASE + 0x1000, BASE + 0x1800, BASE + 0x2000, BASE + 0x10000, BASE - 0x1000])
ENTRIES = st.sampled_from([BASE, BASE + CODE_AT, 0, CODE_AT, BASE + 0x1800])
SEGMENTS = st.builds(
    segment, st.sampled_from([LOAD, LOAD, LOAD, LOAD, 0, DYNAMIC, STACK, 4, 7]), st.integers(0, 7), SIZES, ADDRESSES, SIZES,
    SIZES, st.sampled_from([0, 1, 0x1000, 0x2000, 0x200000, 3, 2**63]),
)  # fmt: skip


@FEW
@given(st.sampled_from([2, 3]), st.lists(SEGMENTS, max_size=4), ENTRIES)
def test_segments_that_overlap_or_lie_anywhere(executed: Executed, kind: int, segments: list[bytes], entry: int) -> None:
    executed.agree(program(*segments, kind=kind, entry=entry))


WHOLE = segment(LOAD, 5, 0, 0, SIZE, SIZE)
INTERPRETERS: dict[str, tuple[bytes, int] | None] = {
    "missing": None,
    "text": (b"hello\n", 0o755),
    "empty": (b"", 0o755),
    "short": (GOOD[:40], 0o755),
    "cut": (GOOD[:100], 0o755),
    "script": (b"#!/bin/true\n", 0o755),
    "foreign": (changed(GOOD, *HEADER_FIELDS["machine"], 183), 0o755),
    "closed": (GOOD, 0o644),
    "fixed": (GOOD, 0o755),
    "no segments": (program(), 0o755),
    "no loads": (program(segment(4, 4, 0, 0, 0, 0)), 0o755),
    "huge": (program(segment(LOAD, 5, 0, 0, SIZE, 2**63), kind=3), 0o755),
    "interpreted": (interpreted(b"./whole\0", WHOLE), 0o755),
    "whole": (program(WHOLE, kind=3, entry=CODE_AT), 0o755),
}


@pytest.mark.parametrize("name", INTERPRETERS)
def test_interpreters_that_are_not_there_or_broken(executed: Executed, name: str) -> None:
    made = INTERPRETERS[name]
    if made is not None:
        executed.put(name, *made)
    executed.put("whole", *INTERPRETERS["whole"])  # type: ignore[misc]
    path = b"./" + name.encode() + b"\0"
    for kind in (2, 3):
        executed.agree(interpreted(path, WHOLE, kind=kind))
        executed.agree(interpreted(path, kind=kind))


NAMES = [b"", b"\0", b"\0\0", b"\0" * 20, b"x", b"./whole", b"/\0", b".\0", b"./whole\0\0", b"./whole\0x", b"./whole/\0"]


@pytest.mark.parametrize("name", [*NAMES, b"a" * 300 + b"\0"])
def test_names_of_interpreters(executed: Executed, name: bytes) -> None:
    executed.put("whole", *INTERPRETERS["whole"])  # type: ignore[misc]
    executed.agree(interpreted(name, WHOLE))


@FEW
@given(st.sampled_from(sorted({**HEADER_FIELDS, **SEGMENT_FIELDS})), VALUES)
def test_absurd_values_in_an_interpreter(executed: Executed, field: str, value: int) -> None:
    at, size = HEADER_FIELDS.get(field) or (64 + SEGMENT_FIELDS[field][0], SEGMENT_FIELDS[field][1])
    executed.put("odd", changed(program(WHOLE, kind=3, entry=CODE_AT), at, size, value))
    executed.agree(interpreted(b"./odd\0", WHOLE))


ANY = st.binary(max_size=300) | st.binary(max_size=80).map(b"#!".__add__) | st.binary(max_size=200).map(GOOD[:16].__add__)


@FEW
@given(ANY)
def test_any_bytes(executed: Executed, content: bytes) -> None:
    executed.agree(content)


WORDS = (b" ", b"\t", b"\n", b"\0", b"./whole", b"./tried", b"./missing", b"/", b".", b"x" * 250, b"-a")


@FEW
@given(st.lists(st.sampled_from(WORDS)))
@example([b" ", b"x" * 250, b"-a"])
@example([b" ", b"x" * 250, b"-a", b"x" * 250])
def test_script_lines(executed: Executed, words: list[bytes]) -> None:
    executed.put("whole", *INTERPRETERS["whole"])  # type: ignore[misc]
    executed.agree(b"#!" + b"".join(words))


def test_a_stack_that_may_not_grow_is_told(build: Build, tmp_path: Path) -> None:
    """The strings fit, what lies below them does not: after the point of no return, so the program dies as on Linux."""
    words = [str(build("execstack.c", "-static")), "65536", "65400"]
    command, env = lx_command(words, ENVIRONMENT)
    ours = subprocess.run(command, env=env, capture_output=True, text=True)
    native = subprocess.run(words, env=ENVIRONMENT, capture_output=True, text=True)
    assert ours.stdout == native.stdout == "limit 65536, strings 65400: b\n"
    assert "the stack may not grow (ulimit -s)" in ours.stderr and ours.stderr.count("\n") == 1
