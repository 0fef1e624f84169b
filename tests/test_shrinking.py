"""Programs become small, and what is printed of them does what they did: as Python on both sides, as C on the machine."""

import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest

from lx.testing import Native, Program, Ref, Replayed, Step, generate, replay
from lx.testing.compare import ANY_POSITIVE, execute
from lx.testing.image import OUT, POOL
from lx.testing.printing import as_c, as_python, runs
from lx.testing.shrinking import shrink

PROCESS_WIDE = {"brk", "rseq", "set_robust_list", "get_robust_list", "arch_prctl", "set_tid_address", "futex", "prctl", "execve"}
"""What the C library has set up for itself answers otherwise in a C program than in the stub."""


def test_a_program_shrinks_to_the_two_steps_that_matter() -> None:
    program = generate(Random(7), length=20)
    make = Step("memfd_create", (POOL, 3))
    use = Step("pwrite64", (Ref(len(program.steps)), POOL + 0x900, 4097, 100))
    noisy = Program((*program.steps, make, *program.steps, use, *program.steps[:2]), bytes([9]) * 0x2000)

    def shows(candidate: Program) -> bool:
        for step in candidate.steps:
            first = step.args[0] if step.args else 0
            if step.name == "pwrite64" and isinstance(first, Ref):
                made = candidate.steps[first.step]
                size = step.args[2]
                return made.name == "memfd_create" and made.args[1] == 3 and isinstance(size, int) and size > 4096
        return False

    assert shows(noisy)
    small = shrink(noisy, shows)
    assert small == Program((Step("memfd_create", (0, 3)), Step("pwrite64", (Ref(0), 0, 4097, 0))), b"")


def test_the_number_of_tries_is_bounded() -> None:
    tried = []

    def shows(candidate: Program) -> bool:
        tried.append(candidate)
        return len(candidate.steps) > 3

    shrink(generate(Random(3), length=30), shows, tries=5)
    assert len(tried) == 5


def test_a_printed_program_replays() -> None:
    pool = b"a\0".ljust(0x900, b"\0") + b"content"
    program = Program(
        (
            Step("openat", (2**64 - 100, POOL, 0o102, 0o644)),
            Step("pwrite64", (Ref(0), POOL + 0x900, 7, 1)),
            Step("fork", (), (0, 0), (Step("exit_group", (3,)),)),
            Step("wait4", (Ref(2), OUT, 0, 0), (OUT, 4)),
            Step("pread64", (Ref(0), OUT, 8, 0), (OUT, 8)),
            Step("exit_group", (5,)),
        ),
        pool,
    )
    source = as_python(program, says="nothing differs", written=4)
    assert "b'a', flags CREAT|RDWR" in source
    namespace: dict[str, object] = {}
    exec(source.replace("print(replay(calls))", "seen = replay(calls)"), namespace)
    seen = namespace["seen"]
    assert isinstance(seen, Replayed)
    assert [row for row in seen.rows if row[0] not in ("fork", "wait4")] == [
        ("openat", "0", "0"),
        ("pwrite64", "7", "7"),
        ("pread64", "8", "8"),
        (f"memory {OUT:#x}", "00636f6e74656e74", "00636f6e74656e74"),
        ("exit_group", "-", "-"),
        ("end", "exit 5", "exit 5"),
        ("file a", *seen.rows[-1][1:]),
    ]


def test_replaying_says_where_the_sides_differ() -> None:
    def calls(side: Native) -> None:
        side.write(1 if side.side.kind == "guest" else 2, b"x", 1)
        side.exit_group(1 if side.side.kind == "guest" else 2)

    seen = replay(calls)
    assert not seen.agree
    assert "end         exit 1  exit 2  <- differs" in str(seen)
    assert "write       EBADF   EBADF\n" in str(seen)


def test_memory_is_printed_in_runs() -> None:
    program = Program((), b"\0" * 5 + b"ab" + b"\0" * 30 + b"c\0d" + b"\0" * 99)
    assert runs(program) == [(POOL, b"\0\0\0\0\0ab"), (POOL + 32, b"\0\0\0\0\0c\0d")]


@pytest.mark.parametrize("seed", range(12))
def test_a_printed_c_program_gets_the_same_answers(seed: int, tmp_path: Path, need: Callable[..., None]) -> None:
    need("gcc")
    program = generate(Random(seed), length=16)
    while PROCESS_WIDE.intersection(step.name for step in program.steps):
        index = next(i for i, step in enumerate(program.steps) if step.name in PROCESS_WIDE)
        program = program.without(index)
    with Native() as side:
        seen = execute(side, program)
    (tmp_path / "shown.c").write_text(as_c(program, says="a test /* of */ comments"))
    command = ["gcc", "-Wall", "-Wextra", "-Werror", "-o", tmp_path / "shown", tmp_path / "shown.c"]
    subprocess.run(command, check=True)
    work = tmp_path / "work"
    work.mkdir()
    for directory in (tmp_path, work):
        os.chmod(directory, 0o777)
    done = subprocess.run([tmp_path / "shown"], cwd=work, capture_output=True, text=True, timeout=60)
    answers = [re.match(r"(\w+) = (-?\d+) ?(\d*)", line) for line in done.stdout.splitlines() if " = " in line]
    found = [(a.group(1), -int(a.group(3)) if a.group(3) else int(a.group(2))) for a in answers if a]
    wanted = [(step.name, result) for step, result in zip(program.steps, seen.results, strict=False)]
    assert [_plain(*answer) for answer in found] == [_plain(*answer) for answer in wanted]


def _plain(name: str, result: int) -> tuple[str, object]:
    return name, result if result < 0 or name not in ANY_POSITIVE else "success"
