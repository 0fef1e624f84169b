"""Stateful machines: hypothesis explores what calls on one kind of object do to each other, on both sides in step.

A rule makes a call on both sides (lx.testing.both) and fails where the answers differ; hypothesis finds the shortest sequence of
rules that fails. Programs of lx.testing.generate reach every call; a machine reaches deep states of a few.

    class TestPipes(PipeMachine.TestCase): ...

`sides` is set before a machine runs: a callable that gives a guest and a native side, which one machine after another uses.
"""

from collections.abc import Callable
from struct import pack
from typing import ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, multiple, rule

from lx.testing.both import Both, Pair
from lx.testing.image import HANDLER, OUT, RESTORER
from lx.testing.sides import Ended, Lost, Side

AT_FDCWD = -100
NAMES = st.sampled_from((b"a", b"b", b"d", b"d/a", b"d/b", b"l", b"d/../a", b"."))
OPENING = st.sampled_from((0, 1, 2, 0o100, 0o101, 0o102, 0o302, 0o1102, 0o2102, 0o200000, 0o10000000, 0o400000, 0o4002))
SIZES = st.sampled_from((0, 1, 3, 8, 100, 4096, 5000))
PAGE, APART = 4096, 0x1000_0000


class Differential(RuleBasedStateMachine):
    """Both sides, each a fresh process in an empty directory."""

    sides: ClassVar[Callable[[], tuple[Side, Side]]]

    def __init__(self) -> None:
        super().__init__()
        self.both = Both(*type(self).sides())
        self.both.begin()

    def teardown(self) -> None:
        """End the processes, or the sides if they no longer answer."""
        try:
            self.both.end()
        except Lost:
            for side in (self.both.guest, self.both.native):
                side.restart()
        except Ended:
            pass

    def ignore_sigpipe(self) -> None:
        """A write to an end that nobody reads answers EPIPE and kills nobody."""
        self.both.rt_sigaction(13, pack("<QQQQ", 1, 0, 0, 0), 0, 8)

    def new(self, answer: int | Pair) -> "int | Pair":
        """A result for a bundle; nothing for an error."""
        return multiple() if isinstance(answer, int) and answer < 0 else answer  # type: ignore[return-value]


class DescriptorMachine(Differential):
    """Descriptors: numbers, positions, flags, and what shares them."""

    fds = Bundle("fds")

    @rule(target=fds, name=NAMES, flags=OPENING)
    def open(self, name: bytes, flags: int) -> object:
        return self.new(self.both.openat(AT_FDCWD, name, flags, 0o644))

    @rule(target=fds, fd=fds)
    def dup(self, fd: int) -> object:
        return self.new(self.both.dup(fd))

    @rule(target=fds, fd=fds, to=st.integers(0, 12), flags=st.sampled_from((0, 0o2000000, 1)))
    def dup3(self, fd: int, to: int, flags: int) -> object:
        return self.new(self.both.dup3(fd, to, flags))

    @rule(fd=fds, command=st.sampled_from((1, 2, 3, 4)), value=st.sampled_from((0, 1, 0o2000, 0o4000, 0o6000)))
    def fcntl(self, fd: int, command: int, value: int) -> None:
        self.both.fcntl(fd, command, value)

    @rule(target=fds, fd=fds, lowest=st.sampled_from((0, 5, 1030, 0, 1)))
    def duplicate_from(self, fd: int, lowest: int) -> object:
        return self.new(self.both.fcntl(fd, 0, lowest))

    @rule(fd=fds, offset=st.sampled_from((0, 1, 7, -1, 4096, 2**62)), whence=st.integers(0, 5))
    def seek(self, fd: int, offset: int, whence: int) -> None:
        self.both.lseek(fd, offset, whence)

    @rule(fd=fds, size=SIZES)
    def write(self, fd: int, size: int) -> None:
        self.both.write(fd, b"x" * size, size)

    @rule(fd=fds, size=SIZES)
    def read(self, fd: int, size: int) -> None:
        got = self.both.read(fd, OUT, size)
        if isinstance(got, int) and got > 0:
            self.both.peek(OUT, got)

    @rule(fd=fds, length=st.sampled_from((0, 3, 5000, -1)))
    def truncate(self, fd: int, length: int) -> None:
        self.both.ftruncate(fd, length)

    @rule(fd=consumes(fds))
    def close(self, fd: int) -> None:
        self.both.close(fd)


class FileMachine(Differential):
    """Names in directories."""

    @rule(name=NAMES, mode=st.sampled_from((0o755, 0o500, 0)))
    def mkdir(self, name: bytes, mode: int) -> None:
        self.both.mkdir(name, mode)

    @rule(name=NAMES)
    def create(self, name: bytes) -> None:
        fd = self.both.creat(name, 0o644)
        if isinstance(fd, int) and fd >= 0:
            self.both.close(fd)

    @rule(old=NAMES, new=NAMES, flags=st.sampled_from((0, 0, 1, 2, 3)))
    def rename(self, old: bytes, new: bytes, flags: int) -> None:
        self.both.renameat2(AT_FDCWD, old, AT_FDCWD, new, flags)

    @rule(old=NAMES, new=NAMES, flags=st.sampled_from((0, 0x400)))
    def link(self, old: bytes, new: bytes, flags: int) -> None:
        self.both.linkat(AT_FDCWD, old, AT_FDCWD, new, flags)

    @rule(text=NAMES, new=NAMES)
    def symlink(self, text: bytes, new: bytes) -> None:
        self.both.symlink(text, new)

    @rule(name=NAMES, flags=st.sampled_from((0, 0x200)))
    def unlink(self, name: bytes, flags: int) -> None:
        self.both.unlinkat(AT_FDCWD, name, flags)

    @rule(name=NAMES, mode=st.sampled_from((0o644, 0o4755, 0, 0o1777)))
    def chmod(self, name: bytes, mode: int) -> None:
        self.both.chmod(name, mode)

    @rule(name=NAMES, flags=st.sampled_from((0, 0x100)))
    def stat(self, name: bytes, flags: int) -> None:
        if self.both.newfstatat(AT_FDCWD, name, OUT, flags) == 0:
            self.both.peek(OUT + 24, 12)

    @rule(name=NAMES, size=st.sampled_from((0, 1, 64)))
    def readlink(self, name: bytes, size: int) -> None:
        self.both.readlink(name, OUT, size)

    @rule(name=NAMES)
    def chdir(self, name: bytes) -> None:
        self.both.chdir(name)


class MemoryMachine(Differential):
    """Mappings, with nothing around them."""

    PAGES = st.integers(0, 12)
    COUNTS = st.integers(0, 4)
    PROTECTIONS = st.sampled_from((0, 1, 3, 5, 7, 2))

    @staticmethod
    def _at(page: int) -> int:
        return APART + page * PAGE

    @rule(page=PAGES, count=COUNTS, prot=PROTECTIONS, flags=st.sampled_from((0x32, 0x31, 0x100022, 0x132, 0x22)))
    def mmap(self, page: int, count: int, prot: int, flags: int) -> None:
        if flags != 0x22 or not count:
            self.both.mmap(self._at(page), count * PAGE, prot, flags, -1, 0)

    @rule(page=PAGES, count=COUNTS)
    def munmap(self, page: int, count: int) -> None:
        self.both.munmap(self._at(page), count * PAGE)

    @rule(page=PAGES, count=COUNTS, prot=PROTECTIONS)
    def mprotect(self, page: int, count: int, prot: int) -> None:
        self.both.mprotect(self._at(page), count * PAGE, prot)

    @rule(page=PAGES, old=COUNTS, new=COUNTS, to=PAGES, flags=st.sampled_from((3, 3, 0)))
    def mremap(self, page: int, old: int, new: int, to: int, flags: int) -> None:
        if flags or new <= old:
            self.both.mremap(self._at(page), old * PAGE, new * PAGE, flags, self._at(to))

    @rule(page=PAGES, count=COUNTS, advice=st.sampled_from((0, 4, 8, 10, 11, 22, 23)))
    def madvise(self, page: int, count: int, advice: int) -> None:
        self.both.madvise(self._at(page), count * PAGE, advice)

    @rule(page=PAGES, count=COUNTS)
    def mincore(self, page: int, count: int) -> None:
        self.both.mincore(self._at(page), count * PAGE, OUT)

    @rule(page=PAGES, offset=st.sampled_from((0, 1, 4090)))
    def store(self, page: int, offset: int) -> None:
        """getrlimit stores 16 bytes."""
        self.both.getrlimit(7, self._at(page) + offset)

    @rule(page=PAGES, offset=st.sampled_from((0, 1, 4090)))
    def load(self, page: int, offset: int) -> None:
        """A set of signals is loaded from there, and asked for."""
        if self.both.rt_sigprocmask(2, self._at(page) + offset, 0, 8) == 0:
            self.both.rt_sigprocmask(0, 0, OUT, 8)
            self.both.peek(OUT, 8)


class PipeMachine(Differential):
    """Pipes: amounts, ends, readiness."""

    ends = Bundle("ends")

    def __init__(self) -> None:
        super().__init__()
        self.ignore_sigpipe()

    @rule(target=ends, flags=st.sampled_from((0o4000, 0o4000, 0o44000)))
    def pipe(self, flags: int) -> object:
        if self.both.pipe2(OUT, flags) != 0:
            return multiple()
        data = self.both.peek(OUT, 8)
        return multiple(int.from_bytes(data[:4], "little"), int.from_bytes(data[4:], "little"))

    @rule(fd=ends, size=st.sampled_from((0, 1, 100, 4096, 5000, 16384)))
    def write(self, fd: int, size: int) -> None:
        self.both.write(fd, b"p" * size, size)

    @rule(fd=ends, size=st.sampled_from((0, 1, 100, 4096, 5000)))
    def read(self, fd: int, size: int) -> None:
        self.both.read(fd, OUT, size)

    @rule(fd=ends, command=st.sampled_from((1031, 1032, 3)), value=st.sampled_from((0, 4096, 8192, 65536, 1 << 30)))
    def fcntl(self, fd: int, command: int, value: int) -> None:
        self.both.fcntl(fd, command, value)

    @rule(fd=ends)
    def available(self, fd: int) -> None:
        if self.both.ioctl(fd, 0x541B, OUT) == 0:
            self.both.peek(OUT, 4)

    @rule(fds=st.lists(ends, min_size=1, max_size=3), events=st.sampled_from((1, 4, 5, 0x41)))
    def poll(self, fds: list[int], events: int) -> None:
        self.both.poke(OUT, b"".join(pack("<ihh", fd, events, 0) for fd in fds))
        self.both.poll(OUT, len(fds), 0)
        self.both.peek(OUT, 8 * len(fds))

    @rule(source=ends, to=ends, size=st.sampled_from((0, 1, 4096)))
    def tee(self, source: int, to: int, size: int) -> None:
        self.both.tee(source, to, size, 2)

    @rule(source=ends, to=ends, size=st.sampled_from((1, 4096)))
    def splice(self, source: int, to: int, size: int) -> None:
        self.both.splice(source, 0, to, 0, size, 2)

    @rule(fd=consumes(ends))
    def close(self, fd: int) -> None:
        self.both.close(fd)


class SignalMachine(Differential):
    """Dispositions, masks, pending signals and children of one process."""

    SIGNALS = st.sampled_from((10, 12, 34, 35, 18, 28))
    SETS = st.sampled_from((0, 1 << 9, 1 << 11, 3 << 33, 0xA00, 2**64 - 1))

    def __init__(self) -> None:
        super().__init__()
        self.pid = self.both.getpid()
        for signal in (10, 12, 34, 35):
            self.both.rt_sigaction(signal, pack("<QQQQ", HANDLER, 0x04000000, RESTORER, 0), 0, 8)

    @rule(signal=SIGNALS, handler=st.sampled_from((1, HANDLER)), flags=st.sampled_from((0, 0x40000000, 0x80000000)), mask=SETS)
    def action(self, signal: int, handler: int, flags: int, mask: int) -> None:
        if handler == HANDLER and flags & 0x80000000:
            flags &= ~0x80000000  # SA_RESETHAND: the next one would end the machine
        self.both.rt_sigaction(signal, pack("<QQQQ", handler, 0x04000000 | flags, RESTORER, mask), OUT, 8)
        self.both.peek(OUT, 32)

    @rule(how=st.integers(0, 3), mask=SETS)
    def mask(self, how: int, mask: int) -> None:
        self.both.rt_sigprocmask(how, pack("<Q", mask), OUT, 8)
        self.both.peek(OUT, 8)

    @rule(signal=SIGNALS)
    def kill(self, signal: int) -> None:
        self.both.kill(self.pid, signal)
        self.caught()

    @rule(signal=SIGNALS, value=st.integers(0, 3))
    def queue(self, signal: int, value: int) -> None:
        info = pack("<iiiiiiq", 0, 0, -1, 0, 1, 1, value).ljust(128, b"\0")
        self.both.rt_sigqueueinfo(self.pid, signal, info)
        self.caught()

    def caught(self) -> None:
        """How many handlers have run."""
        self.both.peek(OUT - 0xBFB0, 8)

    @rule()
    def pending(self) -> None:
        self.both.rt_sigpending(OUT, 8)
        self.both.peek(OUT, 8)

    @rule(mask=SETS)
    def take(self, mask: int) -> None:
        self.both.rt_sigtimedwait(pack("<Q", mask & ~(1 << 16)), OUT, pack("<qq", 0, 0), 8)

    @rule(status=st.integers(0, 255))
    def child(self, status: int) -> None:
        self.both.script([("exit_group", (status,))])
        self.both.fork()
        self.both.wait4(-1, OUT, 0, 0)
        self.both.peek(OUT, 4)


class EpollMachine(Differential):
    """Interest lists and what is ready, over pipes and event counters."""

    fds = Bundle("fds")
    sets = Bundle("sets")

    @rule(target=sets, flags=st.sampled_from((0, 0o2000000)))
    def create(self, flags: int) -> object:
        return self.new(self.both.epoll_create1(flags))

    @rule(target=fds, initial=st.integers(0, 2), flags=st.sampled_from((0o4000, 0o4001)))
    def counter(self, initial: int, flags: int) -> object:
        return self.new(self.both.eventfd2(initial, flags))

    @rule(target=fds)
    def pipe(self) -> object:
        if self.both.pipe2(OUT, 0o4000) != 0:
            return multiple()
        data = self.both.peek(OUT, 8)
        return multiple(int.from_bytes(data[:4], "little"), int.from_bytes(data[4:], "little"))

    @rule(epoll=sets, fd=st.one_of(fds, sets), operation=st.sampled_from((1, 1, 2, 3, 4)),
          events=st.sampled_from((1, 4, 5, 1 | 1 << 31, 5 | 1 << 31, 1 | 1 << 30, 0, 1 | 1 << 28)))  # fmt: skip
    def control(self, epoll: int, fd: int, operation: int, events: int) -> None:
        self.both.epoll_ctl(epoll, operation, fd, pack("<IQ", events, fd))

    @rule(epoll=sets, most=st.sampled_from((0, 1, 8, 16)))
    def wait(self, epoll: int, most: int) -> None:
        found = self.both.epoll_wait(epoll, OUT, most, 0)
        if isinstance(found, int) and 0 < found < most:
            raw = [side.peek(OUT, 12 * found) for side in (self.both.guest, self.both.native)]
            guest, native = (sorted(data[i : i + 12] for i in range(0, len(data), 12)) for data in raw)
            assert guest == native, (guest, native, self.both.log)

    @rule(fd=fds)
    def write(self, fd: int) -> None:
        self.both.write(fd, pack("<Q", 1), 8)

    @rule(fd=fds)
    def read(self, fd: int) -> None:
        self.both.read(fd, OUT, 8)

    @rule(fd=consumes(fds))
    def close(self, fd: int) -> None:
        self.both.close(fd)


class FutexMachine(Differential):
    """Futexes of one thread: what is refused, what is woken, what is not waited for."""

    WORDS = st.sampled_from((OUT, OUT + 4, OUT + 1, 8))

    @rule(word=WORDS, operation=st.sampled_from((1, 129, 10, 138)), count=st.integers(-1, 3), bits=st.sampled_from((0, 1, 7)))
    def wake(self, word: int, operation: int, count: int, bits: int) -> None:
        self.both.futex(word, operation, count, 0, 0, bits)

    @rule(word=WORDS, operation=st.sampled_from((0, 128)), value=st.integers(0, 2))
    def wait(self, word: int, operation: int, value: int) -> None:
        self.both.futex(word, operation, value, pack("<qq", 0, 1000), 0, 0)

    @rule(word=WORDS, other=WORDS, operation=st.sampled_from((3, 4, 131, 132)), value=st.integers(0, 2))
    def requeue(self, word: int, other: int, operation: int, value: int) -> None:
        self.both.futex(word, operation, 1, 1, other, value)

    @rule(value=st.integers(0, 2), offset=st.sampled_from((0, 4)))
    def store(self, value: int, offset: int) -> None:
        self.both.poke(OUT + offset, pack("<I", value))


class SocketMachine(Differential):
    """Pairs of UNIX sockets: streams, datagrams, ends and readiness."""

    ends = Bundle("ends")

    @rule(target=ends, kind=st.sampled_from((1, 2, 5)))
    def pair(self, kind: int) -> object:
        if self.both.socketpair(1, kind | 0o4000, 0, OUT) != 0:
            return multiple()
        data = self.both.peek(OUT, 8)
        return multiple(int.from_bytes(data[:4], "little"), int.from_bytes(data[4:], "little"))

    @rule(fd=ends, size=st.sampled_from((0, 1, 100)), flags=st.sampled_from((0, 0x4000, 0x40, 0x80)))
    def send(self, fd: int, size: int, flags: int) -> None:
        self.both.sendto(fd, b"s" * size, size, flags | 0x4000, 0, 0)

    @rule(fd=ends, size=st.sampled_from((0, 1, 50, 200)), flags=st.sampled_from((0, 2, 0x20, 0x22, 0x40)))
    def receive(self, fd: int, size: int, flags: int) -> None:
        got = self.both.recvfrom(fd, OUT, size, flags, 0, 0)
        if isinstance(got, int) and 0 < got <= size:
            self.both.peek(OUT, got)

    @rule(fd=ends, how=st.integers(-1, 3))
    def shutdown(self, fd: int, how: int) -> None:
        self.both.shutdown(fd, how)

    @rule(fd=ends, events=st.sampled_from((1, 4, 0x2005)))
    def poll(self, fd: int, events: int) -> None:
        self.both.poke(OUT, pack("<iHh", fd, events, 0))
        self.both.poll(OUT, 1, 0)
        self.both.peek(OUT, 8)

    @rule(fd=ends, option=st.sampled_from((3, 4, 16, 38, 39)))
    def option(self, fd: int, option: int) -> None:
        self.both.poke(OUT + 64, pack("<I", 4))
        if self.both.getsockopt(fd, 1, option, OUT, OUT + 64) == 0:
            self.both.peek(OUT, 4)

    @rule(fd=consumes(ends))
    def close(self, fd: int) -> None:
        self.both.close(fd)


MACHINES: tuple[type[Differential], ...] = (
    DescriptorMachine,
    FileMachine,
    MemoryMachine,
    PipeMachine,
    SignalMachine,
    EpollMachine,
    FutexMachine,
    SocketMachine,
)
