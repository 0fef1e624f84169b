"""lx.testing itself: the sides answer as the machine does, the fixtures are there, and the stub is its source."""

import subprocess
from pathlib import Path
from struct import pack, unpack
from typing import ClassVar

import pytest
from hypothesis import HealthCheck, given, settings

import lx.testing
from lx.abi.errno import Errno
from lx.abi.fcntl import AT_FDCWD
from lx.kernel.memory import Vma
from lx.testing import Guest, Native, Side, StubGuest, invariants
from lx.testing.both import Both
from lx.testing.generate import callable_names, rows
from lx.testing.image import CAUGHT, HANDLER, OUT, RESTORER
from lx.testing.sides import Ended
from lx.testing.strategies import arguments, programs

CREATE = 0o102
SIDES = {"Guest": Guest, "StubGuest": StubGuest, "Native": Native}


@pytest.fixture(params=SIDES)
def side(request: pytest.FixtureRequest) -> Side:
    with SIDES[request.param]() as made:
        yield made


def test_the_stub_is_its_source(tmp_path: Path, need: object) -> None:
    need("gcc", "objcopy")
    here = Path(lx.testing.__file__).parent
    source = Path(__file__).parent.parent / "lx" / "testing" / "stub.S"
    subprocess.run(["gcc", "-c", "-o", tmp_path / "stub.o", source], check=True)
    subprocess.run(["objcopy", "-O", "binary", "-j", ".text", tmp_path / "stub.o", tmp_path / "stub.bin"], check=True)
    assert (tmp_path / "stub.bin").read_bytes() == (here / "stub.bin").read_bytes()


def test_a_call_by_name_with_python_values(side: Side) -> None:
    fd = side.openat(AT_FDCWD, b"x", CREATE, 0o644)
    assert fd == 0  # the descriptors 0 to 2 of a side are closed
    assert side.write(fd, b"abc", 3) == 3
    assert side.pread64(fd, OUT, 10, 1) == 2
    assert side.peek(OUT, 2) == b"bc"
    assert side.close(99) == -Errno.EBADF
    with pytest.raises(AttributeError, match="no such system call"):
        side.opne(AT_FDCWD)


def test_a_handler_runs_between_calls(side: Side) -> None:
    assert side.rt_sigaction(10, pack("<QQQQ", HANDLER, 0x04000000, RESTORER, 0), 0, 8) == 0
    assert side.kill(side.getpid(), 10) == 0
    assert unpack("<Q", side.peek(CAUGHT, 8)) == (1,)


def test_a_fork_does_its_script(side: Side) -> None:
    side.script([("exit_group", (7,))])
    child = side.fork()
    assert child > 0
    assert side.wait4(child, OUT, 0, 0) == child
    assert unpack("<I", side.peek(OUT, 4)) == (7 << 8,)


def test_a_served_child_starts_anew_and_its_end_is_told(side: Side) -> None:
    for _ in range(2):
        side.serve()
        assert side.dup(3) == -Errno.EBADF
        assert side.openat(AT_FDCWD, b"x", CREATE, 0o644) == 0
        with pytest.raises(Ended) as ended:
            side.kill(side.getpid(), 9)
        assert ended.value.status == 9


def test_guests_are_unprivileged_and_limited(side: Side) -> None:
    assert side.getuid() == side.geteuid() != 0
    assert side.fchown(side.openat(AT_FDCWD, b"x", CREATE, 0o644), 1, 1) == -Errno.EPERM
    assert side.rt_sigaction(25, pack("<QQQQ", 1, 0, 0, 0), 0, 8) == 0
    assert side.ftruncate(0, 1 << 30) == -Errno.EFBIG


def test_the_fixtures_are_fresh_processes(guest: Side, native: Side) -> None:
    for each in (guest, native):
        assert each.openat(AT_FDCWD, b"only here", 0, 0) == -Errno.ENOENT
        assert each.creat(b"only here", 0o600) == 0


def test_both_sides_in_step(both: Both) -> None:
    fd = both.openat(AT_FDCWD, b"x", CREATE | 0o2000, 0o644)
    assert both.write(fd, b"abc", 3) == 3
    assert both.pwrite64(fd, b"def", 3, 0) == 3
    assert both.read_file(b"x") == b"abcdef"
    mapping = both.mmap(0, 8192, 3, 0x22, -1, 0)
    assert both.mprotect(mapping + 4096, 4096, 1) == 0
    assert both.munmap(mapping, 8192) == 0


def test_both_tell_of_a_difference(both: Both) -> None:
    both.guest.creat(b"x", 0o600)
    with pytest.raises(AssertionError, match=r"the result differs: lx 1, Linux -ENOENT, after\n +open\(b'x', 0\)"):
        both.open(b"x", 0)


@given(programs(calls=("openat", "dup", "close"), length=5))
@settings(max_examples=20, suppress_health_check=list(HealthCheck), deadline=None, derandomize=True, database=None)
def test_programs_are_of_the_calls_asked_for(program: "lx.testing.Program") -> None:
    assert 1 <= len(program.steps) <= 5


def test_every_generated_call_has_arguments() -> None:
    for name in callable_names():
        assert arguments(name) is not None
        assert name in rows()
    with pytest.raises(KeyError):
        arguments("no such call")


def test_the_invariants_hold_and_what_breaks_them_is_told() -> None:
    with Guest() as guest:
        guest.serve()
        assert guest.mmap(0x10000000, 8192, 3, 0x32, -1, 0) == 0x10000000
        assert guest.munmap(0x10001000, 4096) == 0
        assert guest.check() == 0
        guest.end_served()


def test_a_broken_invariant_is_seen() -> None:
    class Memory:
        """A list of mappings with a fault in each of its parts."""

        vmas = staticmethod(lambda: [Vma(0x1000, 0x3000, 3), Vma(0x2000, 0x4000, 3), Vma(0x5000, 0x5000, 3)])
        starts: ClassVar = [0x1000]
        total = 0

    told = list(invariants._list(Memory()))
    assert [line.split()[0] for line in told] == ["mappings", "an", "the", "mappings"]
