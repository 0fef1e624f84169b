"""What a generated program can do to the sides: nothing that the next program would notice."""

import os
import signal
import subprocess
import sys

import pytest

from lx.testing import Guest, Native, Program, Side, Step
from lx.testing.compare import execute
from lx.testing.image import OUT, SCRIPT
from lx.testing.processes import session_members

ALL = 2**64 - 1
PIPE = Step("pipe2", (OUT, 0))
BLOCK = Step("read", (0, OUT + 0x100, 8))
HARM = {
    "blocks for ever": ((PIPE, BLOCK), "blocked"),
    "waits for a signal": ((Step("pause"),), "blocked"),
    "kills itself and its group": ((Step("setpgid", (0, 0)), Step("kill", (0, 9))), "killed by 9"),
    "leaves": ((Step("exit_group", (3,)),), "exit 3"),
    "closes every descriptor": ((Step("close_range", (0, ALL, 0)), Step("getpid")), "exit 0"),
    "forks without end": (tuple(Step("fork", (), (0, 0), (Step("pause"),)) for _ in range(40)), "exit 0"),
    "leaves a child that blocks": ((PIPE, Step("fork", (), (0, 0), (BLOCK,))), "exit 0"),
    "takes its children out of its group": ((Step("fork", (), (0, 0), (Step("setpgid", (0, 0)), Step("pause"))),), "exit 0"),
    "fills its directory": (
        (Step("creat", (OUT - 0xA000, 0o644)), *[Step("pwrite64", (0, OUT, 4096, n << 20)) for n in range(8)]),
        "killed by 25",
    ),
    "makes its directory unreadable": (
        (Step("mkdir", (OUT - 0xA000, 0o755)), Step("chmod", (OUT - 0xA000, 0))),
        "exit 0",
    ),
}


@pytest.fixture(scope="module", params=[Guest, Native], ids=["guest", "linux"])
def side(request: pytest.FixtureRequest) -> object:
    with request.param(timeout=1.0) as made:
        yield made


@pytest.mark.parametrize("harm", HARM)
def test_a_harmful_program_ends_and_leaves_the_side_as_it_was(side: Side, harm: str) -> None:
    steps, end = HARM[harm]
    pid = side.process.pid
    seen = execute(side, Program(steps, b"name"))
    assert seen.end == end
    after = execute(side, Program((Step("getppid"), Step("dup", (250,))), b""))
    assert (after.results, after.end, after.files) == ((pid, 0), "exit 0", ())
    assert side.process.pid == pid
    assert os.listdir(side.work) == []


def test_a_child_whose_script_is_gone_is_killed(side: Side) -> None:
    side.serve()
    side.script([("getpid", ())])
    side.munmap(SCRIPT, 4096)
    child = side.fork()
    assert side.wait4(child, OUT, 0, 0) == child
    assert os.WTERMSIG(int.from_bytes(side.peek(OUT, 4), "little")) == signal.SIGSEGV
    side.end_served()


def test_stopping_a_side_ends_what_its_programs_have_left() -> None:
    with Native(timeout=1.0) as side:
        session = side.process.pid
        execute(side, Program((Step("fork", (), (0, 0), (Step("setpgid", (0, 0)), Step("pause"))),)))
        assert len(session_members(session)) == 2
    assert session_members(session) == []
    assert not os.path.exists(side.directory)


@pytest.mark.parametrize("kind", ["Guest", "Native"])
def test_a_side_ends_with_its_process(kind: str) -> None:
    program = f"""
import os, signal
from lx.testing import {kind}
side = {kind}()
side.serve()
print(side.process.pid, side.directory, flush=True)
side.timeout = 0.2
try:
    side.pause()
except Exception:
    os.kill(os.getpid(), signal.SIGKILL)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    session, directory = done.stdout.split()
    assert done.returncode == -9
    for _ in range(50):
        if not session_members(int(session)):
            break
        subprocess.run(["sleep", "0.1"])
    assert session_members(int(session)) == []
    subprocess.run(["rm", "-r", directory], check=True)
