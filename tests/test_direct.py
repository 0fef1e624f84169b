"""Calls that the compiled engine carries out by itself answer as the handler of the same row does, and as Linux does.

The same steps run on three sides: under lx, under lx with a tracer (whose feature word sends every call through Python), and
natively.
"""

import os
import socket
import struct
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lx.testing.sides import Ended, Native, Side, StubGuest

BASE, PAGE = 0x2000_0000, 4096
PROTECTIONS = (3, 1, 0, 7, 3)
"""Of the pages from BASE on; the page after them is not there."""
FILES = (
    (b"data", os.O_RDWR | os.O_CREAT),
    (b"data", os.O_RDONLY),
    (b"data", os.O_WRONLY | os.O_APPEND),
    (b".", os.O_RDONLY | os.O_DIRECTORY),
    (b"data", os.O_PATH),
    (b"/dev/zero", os.O_RDWR),
    (b"/dev/null", os.O_RDWR),
    (b"/dev/full", os.O_RDWR),
    (b"fifo", os.O_RDWR | os.O_NONBLOCK),
    (b"fifo", os.O_RDONLY | os.O_NONBLOCK),
    (b"fifo", os.O_WRONLY | os.O_NONBLOCK),
)
FIRST = 20
"""The files' descriptors are moved here, two ends of a socket behind them, and an epoll set of the first; the next is closed."""
SOCKETS = FIRST + len(FILES)
EPOLL = SOCKETS + 2
WORDS = st.sampled_from([0, 1, 2, 3, 5, 4095, 4096, 4097, 65536, 2**31, 2**32, 2**63 - 1, 2**63, 2**64 - 1])
SIZES = st.sampled_from([0, 1, 2, 100, 4095, 4096, 4097, 2**31, 2**63, 2**64 - 1])
ADDRESSES = st.builds(
    lambda page, offset: BASE + page * PAGE + offset, st.integers(0, len(PROTECTIONS)), st.sampled_from([0, 1, 2048, 4090, 4095])
)
FDS = st.integers(FIRST, EPOLL + 1)
DIRECTORIES = st.sampled_from([-100 & 2**64 - 1, FIRST + 3, FIRST, SOCKETS, EPOLL + 1, 2**32 - 1])
NAMES = b"data ./data none link loop dir dir/ dir/in dir/../data data/ data/x link/in . .. / //usr//bin /etc/passwd /dev/null dev"
PATHS = st.one_of(st.sampled_from([*NAMES.split(), b"", b"x" * 256]), ADDRESSES)
POLLED = st.one_of(
    st.lists(st.tuples(st.one_of(FDS, st.just(-1)), st.sampled_from([0, 1, 4, 5, 0x7FFF])), min_size=3, max_size=3).map(
        lambda asked: b"".join(struct.pack("<ihh", fd, events, 0x55) for fd, events in asked)
    ),
    ADDRESSES,
)
SETS = st.one_of(
    st.lists(FDS, max_size=6).map(lambda fds: sum(1 << fd for fd in set(fds)).to_bytes(16, "little")), ADDRESSES, st.just(0)
)
COUNTS = st.sampled_from([0, 1, FIRST + 1, SOCKETS, SOCKETS + 1, EPOLL + 2, 64, 65, 128, 2**31, 2**32 + SOCKETS + 1])
AT_ONCE = bytes(16)
WITHIN_A_PAGE = ADDRESSES.filter(lambda address: address % PAGE < PAGE - 24)
"""Of an event that does not fit Linux has written a part before it says EFAULT."""
EVENTS = st.builds(
    lambda bits, data: struct.pack("<IQ", bits, data), st.sampled_from([0, 1, 4, 5, 1 << 28 | 1, 1 << 30 | 5, 2**32 - 1]), WORDS
)
MODES = st.sampled_from([0, 1, 4, 6, 7, 8, 2**32])
OPEN_FLAGS = st.sampled_from(
    [0, 1, 2, 3, 0o100, 0o102, 0o300, 0o1001, 0o2001, 0o4000, 0o200000, 0o200100, 0o400000, 0o2100002, 1 << 40]
)
FLAGS = st.sampled_from([0, 0, 0x40, 0x4000, 0x4040, 2, 0x42, 1 << 20, 1 << 31, 1 << 32])
STEPS = st.one_of(
    st.tuples(st.sampled_from(["read", "write"]), FDS, ADDRESSES, SIZES),
    st.tuples(st.sampled_from(["pread64", "pwrite64"]), FDS, ADDRESSES, SIZES, WORDS),
    st.tuples(st.just("lseek"), FDS, WORDS, st.sampled_from([0, 1, 2, 3, 4, 5, 2**32, 2**32 + 1, 2**64 - 1])),
    st.tuples(st.sampled_from(["sendto", "recvfrom"]), FDS, ADDRESSES, SIZES, FLAGS, st.just(0), st.sampled_from([0, 16])),
    st.tuples(st.just("poll"), POLLED, st.sampled_from([0, 1, 2, 3, 2**32 + 1]), st.just(0)),
    st.tuples(st.just("ppoll"), POLLED, st.sampled_from([0, 3, 2**32]), st.just(AT_ONCE), st.sampled_from([0, BASE]), st.just(8)),
    st.tuples(st.just("select"), COUNTS, SETS, SETS, SETS, st.just(AT_ONCE)),
    st.tuples(st.just("pselect6"), COUNTS, SETS, SETS, SETS, st.just(AT_ONCE), st.sampled_from([0, BASE, BASE + 4088, AT_ONCE])),
    st.tuples(st.just("epoll_wait"), FDS, WITHIN_A_PAGE, st.sampled_from([0, 1, 2, 300, 400, 2**31, 2**32 + 1]), st.just(0)),
    st.tuples(st.just("epoll_pwait"), FDS, WITHIN_A_PAGE, st.just(2), st.just(0), st.sampled_from([0, BASE]), st.just(8)),
    st.tuples(st.just("epoll_ctl"), FDS, st.sampled_from([0, 1, 2, 3, 4, 2**32 + 1]), FDS, st.one_of(EVENTS, ADDRESSES)),
    st.tuples(st.sampled_from(["stat", "lstat"]), PATHS, ADDRESSES),
    st.tuples(st.just("newfstatat"), DIRECTORIES, PATHS, ADDRESSES, st.sampled_from([0, 0x100, 0x1000, 0x800, 0x400])),
    st.tuples(st.just("access"), PATHS, MODES),
    st.tuples(st.just("faccessat"), DIRECTORIES, PATHS, MODES),
    st.tuples(st.just("open"), PATHS, OPEN_FLAGS, st.sampled_from([0, 0o600, 0o7777, 2**32 - 1])),
    st.tuples(st.just("openat"), DIRECTORIES, PATHS, OPEN_FLAGS, st.just(0o644)),
    st.tuples(st.just("dup"), FDS),
    st.tuples(st.just("umask"), st.sampled_from([0, 0o22, 0o777, 0o7022, 2**32, 2**64 - 1])),
    st.tuples(st.just("sched_yield")),
    st.tuples(st.sampled_from(["getpgid", "getsid", "sched_getscheduler"]), st.sampled_from([-1, 1 << 30, 2**31, 2**63 | 2**31])),
    st.tuples(st.sampled_from(["sched_get_priority_max", "sched_get_priority_min"]), WORDS),
    st.tuples(st.just("getpriority"), st.sampled_from([0, 1, 3, 2**32]), st.sampled_from([0, -1, 1 << 30])),
    st.tuples(st.just("chdir"), PATHS),
    st.tuples(st.just("dup2"), FDS, FDS),
    st.tuples(st.just("close"), FDS),
    st.tuples(st.just("mprotect"), st.just(BASE + PAGE), st.just(PAGE), st.sampled_from([0, 1, 3, 7])),
)


CHANGE = {"poll", "ppoll", "select", "pselect6"}
"""What changes the bytes that it is given."""
BUFFER = {"stat": 1, "lstat": 1, "newfstatat": 2}
"""Which argument has what differs from one directory to another; links and mode are compared."""


class TracedGuest(StubGuest):
    """The stub under lx with a tracer that nobody reads."""

    def options(self) -> list[str]:
        return [*super().options(), "--strace=/dev/null"]


@pytest.fixture(scope="module")
def sides() -> Iterator[list[Side]]:
    made: list[Side] = [StubGuest(), TracedGuest(), Native()]
    yield made
    for side in made:
        side.finish()


def outcome(side: Side, steps: list[tuple[object, ...]]) -> tuple[object, ...]:
    """Every result, and what is in memory and in the file after it."""
    side.serve()
    for page, protection in enumerate(PROTECTIONS):
        address = BASE + page * PAGE
        assert side.call("mmap", address, PAGE, 3, 0x32, -1 & 2**64 - 1, 0) == address
        side.poke(address, bytes([65 + page]) * PAGE)
        side.call("mprotect", address, PAGE, protection)
    assert side.mknodat(-100, b"fifo", 0o010600, 0) == 0
    assert side.mkdir(b"dir", 0o755) == side.symlink(b"dir", b"link") == side.symlink(b"loop", b"loop") == 0
    for i, (path, flags) in enumerate(FILES):
        fd = side.openat(-100, path, flags, 0o600)
        assert fd >= 0, (path, fd)
        assert side.dup2(fd, FIRST + i) == FIRST + i
        side.close(fd)
    side.call("write", FIRST, b"the file's first bytes", 22)
    ends = side.put(bytes(8))
    assert side.socketpair(socket.AF_UNIX, socket.SOCK_STREAM | os.O_NONBLOCK, 0, ends) == 0
    for i, fd in enumerate(struct.unpack("<2i", side.peek(ends, 8))):
        assert side.dup2(fd, SOCKETS + i) == SOCKETS + i
        side.close(fd)
    assert side.dup2(side.epoll_create1(0), EPOLL) == EPOLL
    assert side.epoll_ctl(EPOLL, 1, SOCKETS, struct.pack("<IQ", 1 | 4, 0x1122334455667788)) == 0
    results = []
    try:
        for name, *args in steps:
            if str(name) in CHANGE:
                places = [(side.put(arg), len(arg)) if isinstance(arg, bytes) else (arg, 0) for arg in args]
                results.append(side.call(str(name), *[place for place, _ in places]))  # type: ignore[arg-type]
                results += [side.peek(place, size) for place, size in places if size]  # type: ignore[arg-type]
                continue
            results.append(side.call(str(name), *args))  # type: ignore[arg-type]
            if str(name) in BUFFER and results[-1] == 0:
                at = args[BUFFER[str(name)]]  # type: ignore[assignment]
                results.append(side.peek(at, 28)[16:])
                side.poke(at, bytes(144))
    except Ended as ended:
        side.clean()
        return results, ended.status
    for page in range(len(PROTECTIONS)):
        side.call("mprotect", BASE + page * PAGE, PAGE, 3)
    memory = side.peek(BASE, len(PROTECTIONS) * PAGE)
    size = side.lseek(FIRST, 0, 2)
    side.end_served()
    with open(os.path.join(side.work, "data"), "rb") as file:
        content = file.read(100_000)
    side.clean()
    return results, memory, size, content


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(steps=st.lists(STEPS, min_size=1, max_size=25))
def test_compiled_python_and_linux_agree(sides: list[Side], steps: list[tuple[object, ...]]) -> None:
    compiled, python, linux = (outcome(side, steps) for side in sides)
    assert compiled == python
    assert compiled == linux


def test_a_pipe_that_waits_and_a_write_that_is_too_long_are_left_to_python(sides: list[Side]) -> None:
    seen = []
    for side in sides:
        page = BASE + 2**25
        assert side.call("mmap", page, 40 * PAGE, 3, 0x32, -1 & 2**64 - 1, 0) == page
        assert side.call("pipe2", page, os.O_NONBLOCK) == 0
        ends = side.peek(page, 8)
        reader, writer = int.from_bytes(ends[:4], "little"), int.from_bytes(ends[4:], "little")
        results = [side.call("write", writer, page, 1), side.read(reader, page, 10), side.read(reader, page, 10)]
        results += [side.call("write", writer, page, 4096) for _ in range(20)]
        results += [side.call("write", writer, page, 4097), side.call("write", reader, page, 1), side.read(writer, page, 1)]
        results += [side.read(reader, page, 40 * PAGE), side.call("write", writer, page, 30 * PAGE)]
        results += [side.call("pread64", reader, page, 1, 0), side.lseek(reader, 0, 0)]
        side.call("rt_sigaction", 13, (1).to_bytes(8, "little") + bytes(24), 0, 8)
        side.close(reader)
        results += [side.call("write", writer, page, 1), side.call("write", writer, page, 1)]
        side.close(writer)
        seen.append(results)
    assert seen[0] == seen[1] == seen[2]


def test_synthetic_files_are_never_read_by_the_engine(sides: list[Side]) -> None:
    for side in sides:
        fd = side.openat(-100, b"/proc/self/comm", os.O_RDONLY, 0)
        address = side.call("mmap", BASE + 2**21, PAGE, 3, 0x32, -1 & 2**64 - 1, 0)
        for _ in range(2):
            assert [side.read(fd, address, 3), side.read(fd, address + 3, 100), side.read(fd, address, 1)] == [3, 2, 0]
            assert side.peek(address, 5) == b"stub\n"
            assert side.lseek(fd, 0, 0) == 0
        assert side.call("write", fd, b"", 0) == -9
        side.close(fd)


@pytest.mark.parametrize("path", [b"/dev/zero", b"/dev/full"])
def test_a_long_read_of_a_device_is_whole(sides: list[Side], path: bytes) -> None:
    for side in sides:
        address = side.call("mmap", BASE + 2**20, 65536, 3, 0x32, -1 & 2**64 - 1, 0)
        fd = side.openat(-100, path, os.O_RDONLY, 0)
        assert side.read(fd, address, 65536) == 65536
        side.close(fd)


def test_a_direct_write_beyond_the_file_size_limit_brings_its_signal(sides: list[Side]) -> None:
    ends = []
    for side in sides:
        side.serve()
        side.prlimit64(0, 1, (100).to_bytes(8, "little") * 2, 0)
        fd = side.openat(-100, b"data", os.O_RDWR | os.O_CREAT, 0o600)
        results = [side.call("write", fd, b"x" * 90, 90), side.call("write", fd, b"x" * 90, 90)]
        try:
            results.append(side.call("write", fd, b"x", 1))
            side.end_served()
            end: object = "alive"
        except Ended as ended:
            end = ended.status
        ends.append((results, end))
        side.clean()
    assert ends[0] == ends[1] == ends[2]
    assert ends[0][0][:2] == [90, 10]


def test_an_empty_path_that_vanishes_is_efault(sides: list[Side]) -> None:
    for side in sides:
        fd = side.openat(-100, b"data", os.O_RDWR | os.O_CREAT, 0o600)
        side.call("write", fd, b"\0" * 100, 100)
        path, out = BASE + 2**22, BASE + 2**23
        assert side.call("mmap", path, PAGE, 1, 0x11, fd, 0) == path
        assert side.call("mmap", out, PAGE, 3, 0x32, -1 & 2**64 - 1, 0) == out
        assert side.newfstatat(fd, path, out, 0x1000) == 0
        assert int.from_bytes(side.peek(out + 48, 8), "little") == 100
        assert side.ftruncate(fd, 0) == 0
        assert side.newfstatat(fd, path, out, 0x1000) == -14
        assert side.newfstatat(fd, path, out, 0x1000) == -14
        side.close(fd)
        side.clean()


@pytest.mark.parametrize("buffer", [BASE + 2**24, BASE + 2**24 + PAGE - 143, BASE + 2**24 + PAGE, 0])
def test_metadata_goes_where_it_can(sides: list[Side], buffer: int) -> None:
    seen = []
    for side in sides:
        page = BASE + 2**24
        assert side.call("mmap", page, PAGE, 3, 0x32, -1 & 2**64 - 1, 0) == page
        side.poke(page, b"x" * PAGE)
        fd = side.openat(-100, b"/dev/null", os.O_RDWR, 0)
        side.lseek(fd, 0, 0)
        results = [side.fstat(fd, buffer), side.newfstatat(fd, b"", buffer, 0x1000), side.newfstatat(fd, b"", buffer, 0x1100)]
        results += [side.newfstatat(fd, b"no", buffer, 0x1000), side.newfstatat(99, b"", buffer, 0x1000), side.fstat(99, buffer)]
        memory = side.peek(page, PAGE)
        seen.append((results, memory if buffer > page or results[0] else memory[:72]))
        side.close(fd)
    assert seen[0] == seen[1] == seen[2]


@pytest.mark.parametrize("op", [1, 129, 129 | 256, 10 | 128])
def test_a_wake_that_nobody_waits_for(sides: list[Side], op: int) -> None:
    seen = []
    for side in sides:
        page = BASE + 2**26
        assert side.call("mmap", page, PAGE, 3, 0x32, -1 & 2**64 - 1, 0) == page
        addresses = (page, page + 2, page + 4092, page + PAGE, 0, 2**48, 2**64 - 4)
        seen.append([side.futex(address, op, count, 0, 0, 0) for address in addresses for count in (0, 1, 2**31)])
    assert seen[0] == seen[1] == seen[2]
