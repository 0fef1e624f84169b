"""Programs of calls, made from the table's rows.

`generate(random.Random(seed))` draws a program; hypothesis gives such a Random too (`strategies.randoms`), and then shrinks it. A
row's argument types say how its arguments are drawn: what an earlier call has made (a descriptor, a mapping, a child), an
ordinary value, an edge, or something hostile (a bad descriptor, a pointer to nothing or across the last byte of memory, an
unknown flag). A program often starts from a setting (a file with something in it, mappings side by side, a pipe, a directory),
and some steps are recipes, whose values fit together, because chance rarely makes a file, opens and maps it.

NEVER says which calls are not made, and why: on the machine they would reach out of the program's own directory and process,
or the program would not come to its end.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from random import Random
from struct import pack
from typing import Any

from lx.testing import processes
from lx.testing.image import EDGE, HANDLER, OUT, POOL, POOL_SIZE, RESTORER
from lx.testing.program import Program, Ref, Step, Value
from syscalls import table
from syscalls.numbers_x86_64 import NUMBERS
from syscalls.types import Arg

MACHINE = "changes or reads the machine itself"
OTHERS = "reaches processes outside the program"
ENDS = "goes on as another program"
WAITS = "waits for ever, or as long as it is told"
NEVER: dict[str, str] = {
    **dict.fromkeys(
        "acct adjtimex clock_adjtime clock_settime settimeofday sethostname setdomainname swapon swapoff syslog"
        " vhangup sync".split(),
        MACHINE,
    ),
    "setsid": OTHERS,
    "rseq": "the kernel writes into the memory that it is given whenever it likes",
    **dict.fromkeys("rt_sigreturn clone clone3".split(), ENDS),
    **dict.fromkeys("pause rt_sigsuspend".split(), WAITS),
    **dict.fromkeys("accept eventfd signalfd inotify_init".split(), "gives a descriptor that waits; its other form does not"),
}
"""Reviewed: calls that generated programs do not make, each with the reason."""
SHARED = frozenset(
    "shmget shmat shmdt shmctl semget semop semtimedop semctl msgget msgsnd msgrcv msgctl"
    " mq_open mq_unlink mq_timedsend mq_timedreceive mq_notify mq_getsetattr".split()
)
"""Calls on objects that all of the machine's processes share: made only where a side has a namespace of its own for them."""

NAMES: tuple[bytes, ...] = (b"a", b"b", b"c", b"d", b"d/a", b"d/b", b"d/../a", b"l", b"missing", b"missing/a", b"", b".", b"..")
NAMES += (b"a/", b"d/", b"./a", b"/", b"/nope", b"d/..", b"l/", b"a/b", b"x" * 255, b"x" * 256)
TEXTS = (b"user.x", b"user.y", b"bogus", b"trusted.x", b"")
AT_FDCWD = -100 & 2**64 - 1
HOSTILE = (0, 8, EDGE - 3, EDGE, 2**47 - 4096, 2**47, 2**63, 2**64 - 8)
SIZES = (0, 1, 7, 8, 16, 24, 100, 144, 512, 4095, 4096, 4097, 8192)
BIG = (2**31 - 1, 2**31, 2**32, 2**47, 2**63, 2**64 - 1)
NUMBERS_DRAWN = (0, 0, 1, 1, 2, 3, 4, 5, 7, 8, 9, 16, 63, 64, 100, 1024, 4096, 2**31 - 1, 2**31, 2**32 - 1, 2**64 - 1)
OFFSETS = (0, 0, 1, 3, 5, 100, 4095, 4096, 8192, 2**20, 2**31, 2**62, 2**63 - 1, 2**63, 2**64 - 1)
MODES = (0, 0o600, 0o644, 0o755, 0o777, 0o7777, 0o444, 0o100644, 0o010644, 0o020644, 2**32 - 1)
F_SETOWN = 8
RLIMIT_STACK, RLIMIT_CORE = 3, 4
PRIO_USER, IOPRIO_WHO_USER = 2, 3
CATCHES_CALLS = (22, 59)
"""PR_SET_SECCOMP, PR_SET_SYSCALL_USER_DISPATCH."""
SLOT, NAME_SLOT = 0x80, 0x20
STRUCTS_AT, RANDOM_AT = 0x900, 0x1800
GIVES_FD = frozenset("open openat openat2 creat dup dup2 dup3 memfd_create socket accept4 epoll_create epoll_create1".split())
GIVES_FD |= frozenset("eventfd2 timerfd_create signalfd4 inotify_init1 pidfd_open pidfd_getfd".split())
FORKS = frozenset({"fork", "vfork"})
CPU_CLOCKS = (2, 3)
TIMES = ((0, 0), (100, 0), (1000, 5), (100, -1), (100, 10**6), (-1, 0))
STOPS = frozenset({19, 20, 21, 22})
APART = 0x1000_0000
"""Where recipes map: what lies beside a mapping that the kernel has placed is not the same on both sides."""


@dataclass
class Draft:
    """A program that is being drawn."""

    random: Random
    steps: list[Step] = field(default_factory=list)
    pool: bytearray = field(default_factory=lambda: bytearray(POOL_SIZE))
    slots: int = 0
    good: list[int] = field(default_factory=list)
    """Descriptors that the setting has opened."""
    child: bool = False
    """A child may be there. A second one would make it a race which of them is waited for."""

    def made_by(self, names: frozenset[str]) -> list[Ref]:
        """What earlier calls of these names have given."""
        return [Ref(i) for i, step in enumerate(self.steps) if step.name in names]

    def mappings(self) -> list[int]:
        """Where recipes have mapped memory, with nothing around it."""
        return [v for s in self.steps if s.name == "mmap" and isinstance(v := s.args[0], int) and APART <= v < APART * 2]

    def apart(self) -> int:
        """A place for a mapping whose neighbours are of the program's own making."""
        return APART + self.random.randrange(3) * 0x100000 + self.random.choice((0, 0, 4096, 8192, 12288))

    def chance(self, percent: int) -> bool:
        """True so often."""
        return self.random.randrange(100) < percent

    def name(self) -> int:
        """The address of a path."""
        index = self.random.choice((0, 0, 0, 1, 1, 2, 3, 3, 4, 5, 7, self.random.randrange(len(NAMES))))
        return POOL + _NAME_OFFSETS[index]

    def struct(self, name: str) -> int:
        """The address of a structure of this name."""
        if self.slots == (RANDOM_AT - STRUCTS_AT) // SLOT:
            self.slots = 0
        at = STRUCTS_AT + SLOT * self.slots
        self.slots += 1
        make = STRUCTS.get(name)
        content = make(self) if make else self.random.randbytes(64) if self.chance(30) else bytes(64)
        self.pool[at : at + len(content)] = content
        return POOL + at


Bend = Callable[[Draft, list[Value]], None]


def _name_offsets() -> list[int]:
    offsets, at = [], 0
    for name in NAMES:
        offsets.append(at)
        at += len(name) // NAME_SLOT * NAME_SLOT + NAME_SLOT
    return offsets


_NAME_OFFSETS = _name_offsets()
_TEXT_AT = 0x800


def _timespec(d: Draft) -> bytes:
    choices = ((0, 0), (0, 1000000), (0, -1), (0, 10**9), (-1, 0), (0, 7), (0, 2**30 - 1), (0, 2**30 - 2))
    return pack("<qq", *d.random.choice(choices))


def _iovec(d: Draft) -> bytes:
    pointers = (OUT + 0x1000, OUT + 0x1100, POOL + RANDOM_AT, *HOSTILE)
    entries = [(d.random.choice(pointers[:3] if d.chance(85) else pointers), d.random.choice((0, 1, 8, 100))) for _ in range(3)]
    return b"".join(pack("<QQ", *entry) for entry in entries)


def _sigset(d: Draft) -> bytes:
    return pack("<Q", d.random.choice((0, 1 << 9, 1 << 16, 0xFFF, 2**64 - 1, d.random.getrandbits(64))))


def _sigaction(d: Draft) -> bytes:
    flags = 0x04000000 | d.random.choice((0, 4, 0x10000000, 0x40000000, 0x80000000, 0x08000000, 0x400))
    return pack("<QQQQ", d.random.choice((0, 1, HANDLER)), flags, RESTORER, d.random.getrandbits(64))


def _pollfd(d: Draft) -> bytes:
    return b"".join(pack("<ihh", d.random.choice((0, 3, 4, 5, -1, 99)), d.random.getrandbits(10), 0) for _ in range(4))


def _flock(d: Draft) -> bytes:
    start, length = d.random.choice((0, 5, -1, 2**62)), d.random.choice((0, 10, -3))
    return pack("<hhxxxxqqi", d.random.randrange(4), d.random.randrange(4), start, length, 0)


def _open_how(d: Draft) -> bytes:
    flags, mode = d.random.choice((0, 2, 0o102, 0o100000, 1 << 40)), d.random.choice((0, 0o644))
    return pack("<QQQ", flags, mode, d.random.choice((0, 0, 4, 8, 16, 1, 64)))


def _rlimit(d: Draft) -> bytes:
    return pack("<QQ", d.random.choice((100, 1024, 2**64 - 1)), d.random.choice((100, 1 << 22, 2**64 - 1)))


def _stack(d: Draft) -> bytes:
    return pack("<QiiQ", OUT + 0x2000, d.random.choice((0, 2, 1, -(2**31))), 0, d.random.choice((0, 1024, 2048, 8192)))


def _sockaddr(d: Draft) -> bytes:
    name = d.random.choice((b"s", b"d/s", b"missing/s", b"\0abstract", b"", b"a", b"x" * 108))
    return pack("<H", d.random.choice((1, 1, 1, 1, 0, 2, 16, 99))) + name.ljust(108, b"\0")


def _msghdr(d: Draft) -> bytes:
    name = d.struct("sockaddr") if d.chance(20) else 0
    control = POOL + RANDOM_AT if d.chance(5) else 0
    count, size = d.random.choice((0, 1, 2, 3, 1025)), d.random.choice((110, 3, 0, 2**32 - 1))
    return pack("<QI4xQQQQI4x", name, size, d.struct("iovec"), count, control, d.random.choice((0, 8, 24)), 0)


STRUCTS: dict[str, Callable[[Draft], bytes]] = {
    "timespec": _timespec,
    "timespecs": lambda d: _timespec(d) + _timespec(d),
    "timevals": lambda d: _timespec(d) + _timespec(d),
    "timeval": lambda d: pack("<qq", 0, d.random.choice((0, 1000, 2000, -1))),
    "short-timespec": lambda d: pack("<qq", d.random.choice((0, 0, 0, -1)), d.random.choice((0, 1, 1000, 100000, -1, 10**9))),
    "late-itimerval": lambda d: bytes(16) + pack("<qq", *d.random.choice(TIMES)),
    "siginfo": lambda d: pack("<iiiiiiq", 0, 0, d.random.choice((-1, -1, -6, 0, 1, -2)), 0, 7, 9, 12345).ljust(128, b"\0"),
    "sockaddr": _sockaddr,
    "socklen": lambda d: pack("<I", d.random.choice((110, 16, 4, 3, 2, 1, 0, 2**32 - 1))),
    "sockopt": lambda d: pack("<Q", d.random.choice((0, 1, 5000, 2**31 - 1, 2**32 - 1))),
    "msghdr": _msghdr,
    "mmsghdr": lambda d: _msghdr(d) + bytes(8) + _msghdr(d) + bytes(8),
    "epoll_event": lambda d: pack("<IQ", d.random.choice((0, 1, 4, 5, 5 | 1 << 31, 5 | 1 << 30, 5 | 1 << 28, 0x2010)), d.slots),
    "itimerspec": lambda d: bytes(16) + pack("<qq", *d.random.choice(TIMES)),
    "iovec": _iovec,
    "sigset": _sigset,
    "sigaction": _sigaction,
    "pollfd": _pollfd,
    "flock": _flock,
    "open_how": _open_how,
    "rlimit": _rlimit,
    "stack": _stack,
    "loff_t": lambda d: pack("<q", d.random.choice((0, 0, 2, 100, -1, 2**62))),
    "fd_set": lambda d: pack("<Q", d.random.getrandbits(6)).ljust(128, b"\0"),
    "argv": lambda d: pack("<QQ", POOL, 0),
    "gids": lambda d: pack("<II", 65534, 0),
    "sched_param": lambda d: pack("<i", d.random.choice((0, 0, 1, -1, 99))),
    "cpu_set": lambda d: pack("<Q", d.random.choice((1, 3, 0, 2**64 - 1))).ljust(128, b"\0"),
}


def pointer(d: Draft) -> Value:
    """Somewhere in memory, or nowhere."""
    memory = d.mappings()
    if memory and d.chance(60):
        return d.random.choice(memory) + d.random.choice((0, 0, 4096, 8192, 1))
    return d.random.choice((OUT + 0x3000, POOL + RANDOM_AT, *HOSTILE))


def descriptor(d: Draft) -> Value:
    """An open descriptor, probably."""
    if d.good and d.chance(60):
        return d.random.choice(d.good)
    refs = d.made_by(GIVES_FD)
    if refs and d.chance(60):
        return d.random.choice(refs)
    return d.random.choice((0, 1, 2, 3, 3, 4, 4, 5, 6, 7, 99, 2**32 - 1, 2**31, 2**64 - 1))


def _flags(d: Draft, arg: Arg) -> int:
    members = [int(member) for member in arg.flags or ()]
    if not members or d.chance(30):
        return 0
    if d.chance(8):
        return 1 << d.random.randrange(64)
    value = 0
    for _ in range(d.random.choice((1, 1, 1, 2, 3))):
        value |= d.random.choice(members)
    return value & 2**64 - 1


def _one_of(d: Draft, arg: Arg) -> int:
    members = [int(member) for member in arg.flags or ()]
    if members and d.chance(90):
        return d.random.choice(members) & 2**64 - 1
    return d.random.choice(NUMBERS_DRAWN)


def _size(d: Draft) -> int:
    return d.random.choice(BIG if d.chance(8) else SIZES)


KINDS: dict[str, Callable[[Draft, Arg], Value]] = {
    "fd": lambda d, a: descriptor(d),
    "dirfd": lambda d, a: AT_FDCWD if d.chance(70) else descriptor(d),
    "path": lambda d, a: d.name(),
    "text": lambda d, a: POOL + _TEXT_AT + d.random.randrange(len(TEXTS)) * 16,
    "size": lambda d, a: _size(d),
    "offset": lambda d, a: d.random.choice(OFFSETS),
    "mode": lambda d, a: d.random.choice(MODES),
    "flags": _flags,
    "enum": _one_of,
    "pid": lambda d, a: d.random.choice((0, 0, 2**32 - 1, 99999999, 2**31)),
    "uid": lambda d, a: d.random.choice((65534, 65534, 0, 2**32 - 1, 1)),
    "gid": lambda d, a: d.random.choice((65534, 65534, 0, 2**32 - 1, 1)),
    "signal": lambda d, a: d.random.choice((0, 1, 9, 10, 12, 18, 19, 23, 28, 33, 40, 64, 65, 2**32 - 1)),
    "clockid": lambda d, a: d.random.choice((0, 1, 2, 3, 4, 5, 6, 7, 10, 11, 99, 2**32 - 1)),
    "ptr": lambda d, a: pointer(d),
}
WRITTEN = {"u32": 4, "u64": 8, "long": 8, "int": 4, "fdpair": 8, "sigaction": 32, "sigset": 8, "stack": 24, "rlimit": 16}
WRITTEN |= {"itimerval": 32, "sched_param": 4, "stat": 144, "statx": 256, "wait-status": 4}
WRITTEN |= {"socklen": 4, "sockopt": 4, "epoll_events": 12}
WRITTEN |= {"pollfd": 32, "fd_set": 8, "loff_t": 8}
"""Bytes that are read back of a structure; the others hold what is the machine's or the moment's."""
POINTERS = frozenset({"path", "text", "buffer", "struct", "struct-inout", "ptr", "argv", "envp"})


def argument(d: Draft, arg: Arg, index: int) -> tuple[Value, tuple[int, int]]:
    """A value for an argument, and what is to be read back because of it: (address, size)."""
    if arg.kind in POINTERS and d.chance(6):
        return d.random.choice(HOSTILE), (0, 0)
    if arg.kind == "buffer":
        at = OUT + 0x400 * index
        return (at, (at, 128)) if arg.out else (POOL + RANDOM_AT, (0, 0))
    if arg.kind == "struct" and arg.out:
        at = OUT + 0x400 * index
        return at, (at, WRITTEN.get(arg.struct, 0))
    if arg.kind in ("struct", "struct-inout", "argv", "envp"):
        at = d.struct(arg.struct or "argv")
        return at, (at, WRITTEN.get(arg.struct, 0)) if arg.out else (0, 0)
    make = KINDS.get(arg.kind)
    return (make(d, arg) if make else d.random.choice(NUMBERS_DRAWN)), (0, 0)


def call(d: Draft, name: str) -> Step:
    """A call with drawn arguments."""
    args: list[Value] = []
    out = (0, 0)
    for index, parameter in enumerate(rows()[name].parameters):
        value, wanted = argument(d, parameter.arg, index)
        args.append(value)
        out = wanted if wanted[1] and not out[1] else out
    if name in BENT:
        BENT[name](d, args)
    child = (Step("exit_group", (d.random.randrange(256),)),) if name in FORKS else ()
    return Step(name, tuple(args), out, child)


def _no_hang(option: int) -> Bend:
    """WNOHANG asks who is faster."""

    def bend(d: Draft, args: list[Value]) -> None:
        given = args[option]
        args[option] = given & ~1 if isinstance(given, int) else 0

    return bend


def _to_itself(pid: int, signal: int, info: int | None = None) -> Bend:
    """A signal that no process outside sees, that does not stop, and that the target does not race with its end."""

    def bend(d: Draft, args: list[Value]) -> None:
        own = d.made_by(frozenset({"getpid", "gettid"}))
        args[pid] = d.random.choice(own) if own and d.chance(80) else d.random.choice((99999999, 2**32 - 99999999))
        if pid == 1:
            args[0] = args[1]
        if args[signal] in STOPS:
            args[signal] = 10
        if info is not None and d.chance(70):
            args[info] = d.struct("siginfo")

    return bend


def _of_itself(which: int | None, pid: int) -> Bend:
    """The caller's own attributes."""

    def bend(d: Draft, args: list[Value]) -> None:
        if which is not None and d.chance(90):
            args[which] = 0
        args[pid] = d.random.choice((0, 0, 99999999)) if which is None or args[which] == 0 else 99999999

    return bend


def _soon(timeout: int) -> Bend:
    """A wait that ends: there is a timeout, and it is short."""

    def bend(d: Draft, args: list[Value]) -> None:
        at = d.struct("short-timespec")
        args[timeout] = at if d.chance(95) else EDGE

    return bend


def _sleep_on_a_clock(d: Draft, args: list[Value]) -> None:
    """Asleep, a process's CPU-time clock stands still."""
    _soon(2)(d, args)
    if args[0] in CPU_CLOCKS:
        args[0] = 1


def _late(d: Draft, args: list[Value]) -> None:
    """An alarm that does not come while the program runs."""
    args[0] = d.random.choice((0, 100, 1000))


def _late_timer(d: Draft, args: list[Value]) -> None:
    args[1] = d.struct("late-itimerval")


def _futex(d: Draft, args: list[Value]) -> None:
    _soon(3)(d, args)
    args[0] = d.random.choice((OUT + 0x3000, OUT + 0x3004, OUT + 0x3001, POOL + RANDOM_AT, *HOSTILE))
    args[1] = d.random.choice((0, 1, 3, 4, 5, 9, 10, 128, 129, 131, 132, 133, 137, 138, 99))


def _own_signals(d: Draft, args: list[Value]) -> None:
    """F_SETOWN of a process of its own, or of none: the machine's process 1 is not in the guest's zone."""
    if args[1] == F_SETOWN:
        args[2] = d.random.choice((0, 99999999))


def _no_small_stack(which: int) -> Bend:
    """Whether a program starts with a stack of a page is up to where chance puts its arguments."""

    def bend(d: Draft, args: list[Value]) -> None:
        if args[which] == RLIMIT_STACK:
            args[which] = RLIMIT_CORE

    return bend


def _not_of_a_user(user: int) -> Bend:
    """A user's processes are outside the program too."""

    def bend(d: Draft, args: list[Value]) -> None:
        if args[0] == user:
            args[0] = 1

    return bend


def _both(*bends: Bend) -> Bend:
    def bend(d: Draft, args: list[Value]) -> None:
        for one in bends:
            one(d, args)

    return bend


def _own_calls(d: Draft, args: list[Value]) -> None:
    """Not that its own calls are caught: the stub's are too."""
    if args[0] in CATCHES_CALLS:
        args[0] = 3


def _word(index: int, *bits: int) -> Bend:
    """These bits are set: a descriptor or a call that does not wait."""

    def bend(d: Draft, args: list[Value]) -> None:
        given = args[index]
        args[index] = (given if isinstance(given, int) else 0) | sum(bits)

    return bend


def _unix(d: Draft, args: list[Value]) -> None:
    """A socket that reaches no other machine, and does not wait."""
    args[0] = d.random.choice((1, 1, 1, 1, 1, 0, 46, 2**32 - 1))
    args[1] = d.random.choice((1, 1, 2, 2, 5, 3, 0, 11)) | 0o4000 | d.random.choice((0, 0, 0o2000000, 16))
    if d.chance(80):
        args[2] = 0


def _option(d: Draft, args: list[Value]) -> None:
    """Options whose values are not the machine's."""
    args[1] = d.random.choice((1, 1, 1, 1, 0, 6, 41, 99))
    args[2] = d.random.choice((2, 3, 4, 7, 8, 9, 16, 18, 19, 30, 38, 39, 9999))


def _little_randomness(d: Draft, args: list[Value]) -> None:
    """What is random is nowhere where another call would look."""
    args[1] = d.random.choice((0, 1, 16, 128, 2**63))
    if args[1] == 2**63:
        args[0] = EDGE


def _own_pidfd(d: Draft, args: list[Value]) -> None:
    own = d.made_by(frozenset({"getpid"}))
    args[0] = d.random.choice(own) if own and d.chance(80) else d.random.choice((0, 99999999, 2**32 - 1))


def _signal_by_pidfd(d: Draft, args: list[Value]) -> None:
    if args[1] in STOPS:
        args[1] = 10
    args[2] = d.struct("siginfo") if d.chance(30) else 0


BENT: dict[str, Bend] = {
    "sched_getattr": lambda d, args: args.__setitem__(1, OUT + 0x400),
    "ioprio_set": _not_of_a_user(IOPRIO_WHO_USER),
    "ioprio_get": _not_of_a_user(IOPRIO_WHO_USER),
    "getpriority": _not_of_a_user(PRIO_USER),
    "fcntl": _own_signals,
    "prctl": _own_calls,
    "socket": _unix,
    "socketpair": _unix,
    "accept4": _word(3, 0o4000),
    **dict.fromkeys(("sendto", "recvfrom", "sendmmsg", "recvmmsg"), _word(3, 0x40)),
    **dict.fromkeys(("sendmsg", "recvmsg"), _word(2, 0x40)),
    **dict.fromkeys(("getsockopt", "setsockopt"), _option),
    **dict.fromkeys(("eventfd2", "timerfd_create"), _word(1, 0o4000)),
    "signalfd4": _word(3, 0o4000),
    "inotify_init1": _word(0, 0o4000),
    **dict.fromkeys(("epoll_wait", "epoll_pwait"), lambda d, args: args.__setitem__(3, d.random.choice((0, 1, 2)))),
    "epoll_pwait2": _soon(3),
    "pidfd_open": _own_pidfd,
    "pidfd_send_signal": _signal_by_pidfd,
    "wait4": _no_hang(2),
    "waitid": _no_hang(3),
    "kill": _to_itself(0, 1),
    "tkill": _to_itself(0, 1),
    "tgkill": _to_itself(1, 2),
    "rt_sigqueueinfo": _to_itself(0, 1, 2),
    "rt_tgsigqueueinfo": _to_itself(1, 2, 3),
    "setpriority": _of_itself(0, 1),
    "setrlimit": _no_small_stack(0),
    "prlimit64": _both(_of_itself(None, 0), _no_small_stack(1)),
    "nanosleep": _soon(0),
    "clock_nanosleep": _sleep_on_a_clock,
    "rt_sigtimedwait": _soon(2),
    "poll": lambda d, args: args.__setitem__(2, d.random.choice((0, 1, 2))),
    "ppoll": _soon(2),
    "select": _soon(4),
    "pselect6": _soon(4),
    "futex": _futex,
    "getrandom": _little_randomness,
    "brk": lambda d, args: args.__setitem__(0, d.random.choice((0, 8, 2**47, 2**63))),
    "vmsplice": lambda d, args: args.__setitem__(3, d.random.choice((2, 2, 3, 10, 64))),
    "alarm": _late,
    "setitimer": _late_timer,
}
"""Calls whose arguments are bent so that the program stays within itself and comes to its end."""


def _set_file(d: Draft) -> None:
    r = d.random
    name, flags = POOL + _NAME_OFFSETS[r.choice((0, 0, 1, 2))], r.choice((0o102, 0o102, 0o2102))
    d.steps.append(Step("openat", (AT_FDCWD, name, flags, 0o644)))
    d.steps.append(Step("write", (len(d.good), POOL + RANDOM_AT, r.choice((5, 100, 512)))))
    d.good.append(len(d.good))


def _set_mappings(d: Draft) -> None:
    r = d.random
    at = APART + r.randrange(3) * 0x100000
    for _ in range(2):
        size = r.choice((4096, 8192))
        d.steps.append(Step("mmap", (at, size, r.choice((1, 3, 3)), r.choice((0x32, 0x32, 0x31)), 2**64 - 1, 0)))
        at += size


def _set_pipe(d: Draft) -> None:
    d.steps.append(Step("pipe2", (OUT, d.random.choice((0o4000, 0o4000, 0o2004000))), (OUT, 8)))
    d.good += [len(d.good), len(d.good) + 1]


def _set_directory(d: Draft) -> None:
    d.steps.append(Step("mkdir", (POOL + _NAME_OFFSETS[3], 0o755)))
    d.steps.append(Step("symlink", (POOL + _NAME_OFFSETS[d.random.choice((0, 3, 8))], POOL + _NAME_OFFSETS[7])))


SETTINGS = (_set_file, _set_file, _set_mappings, _set_pipe, _set_directory)


def _recipe(d: Draft) -> Step:
    """A call whose arguments fit."""
    r = d.random
    fd, memory = descriptor(d), pointer(d)
    data = POOL + RANDOM_AT
    own = d.made_by(frozenset({"getpid"}))
    itself: Value = r.choice(own) if own else 99999999
    choices: Sequence[tuple[str, tuple[Value, ...], tuple[int, int]]] = (
        ("openat", (AT_FDCWD, d.name(), 0o102 | r.choice((0, 0o1000, 0o2000, 0o200, 0o4000)), r.choice(MODES)), (0, 0)),
        ("openat", (AT_FDCWD, d.name(), r.choice((0, 1, 2, 0o200000, 0o10000000, 0o400000)), 0), (0, 0)),
        ("mkdir", (POOL + _NAME_OFFSETS[3], 0o755), (0, 0)),
        ("symlink", (d.name(), POOL + _NAME_OFFSETS[7]), (0, 0)),
        ("link", (d.name(), d.name()), (0, 0)),
        ("rename", (d.name(), d.name()), (0, 0)),
        ("renameat2", (AT_FDCWD, d.name(), AT_FDCWD, d.name(), r.choice((0, 1, 2))), (0, 0)),
        ("write", (fd, data, r.choice(SIZES[:9])), (0, 0)),
        ("pwrite64", (fd, data, r.choice(SIZES), r.choice((0, 1, 4096, 100))), (0, 0)),
        ("read", (fd, OUT, r.choice(SIZES[:9])), (OUT, 128)),
        ("pread64", (fd, OUT, r.choice(SIZES), r.choice((0, 0, 1, 4096))), (OUT, 128)),
        ("lseek", (fd, r.choice((0, 0, 1, 3, 100, r.choice(OFFSETS))), r.randrange(6)), (0, 0)),
        ("ftruncate", (fd, r.choice((0, 5, 4096, 10000))), (0, 0)),
        ("pipe2", (OUT, r.choice((0, 0o4000, 0o2000000, 0o40000))), (OUT, 8)),
        ("mmap", (d.apart(), r.choice((4096, 8192, 12288)), r.choice((1, 3, 3, 0, 5, 7)), 0x100022, 2**64 - 1, 0), (0, 0)),
        ("mmap", (d.apart(), 8192, r.choice((1, 3)), r.choice((0x100001, 0x100002)), fd, r.choice((0, 4096))), (0, 0)),
        ("munmap", (memory, r.choice((4096, 8192, 16384))), (0, 0)),
        ("mprotect", (memory, r.choice((4096, 8192, 16384)), r.choice((0, 1, 3))), (0, 0)),
        ("dup2", (fd, r.choice((3, 5, 7, 9))), (0, 0)),
        ("fork", (), (0, 0)),
        ("vfork", (), (0, 0)),
        ("getpid", (), (0, 0)),
        ("kill", (itself, r.choice((0, 10, 12, 17, 18, 34))), (0, 0)),
        ("rt_sigaction", (r.choice((10, 12, 18, 34)), d.struct("sigaction"), OUT, 8), (OUT, 32)),
        ("rt_sigprocmask", (r.randrange(3), d.struct("sigset"), OUT, 8), (OUT, 8)),
        ("wait4", (2**64 - 1, OUT, 0, 0), (OUT, 4)),
        ("close", (fd,), (0, 0)),
        ("fcntl", (fd, r.choice((1, 2, 3, 4)), r.choice((0, 1, 0o4000, 0o2000))), (0, 0)),
        ("newfstatat", (AT_FDCWD, d.name(), OUT + 0x400, r.choice((0, 0x100))), (OUT + 0x400, 144)),
    )
    name, args, out = r.choice(choices)
    child = (Step("exit_group", (r.randrange(256),)),) if name in FORKS else ()
    return Step(name, args, out, child)


@cache
def rows() -> dict[str, Any]:
    """The rows that have a handler, by name."""
    return {name: row for name, row in table.Table("x86_64", NUMBERS).rows.items() if row.handler is not None}


@cache
def callable_names() -> tuple[str, ...]:
    """What generated programs call."""
    without = frozenset() if processes.can_isolate() else SHARED
    return tuple(sorted(name for name in rows() if name not in NEVER and name not in without))


def generate(random: Random, calls: Sequence[str] = (), length: int = 12) -> Program:
    """A program of up to `length` steps, of these calls (default: all that may be made)."""
    draft = Draft(random)
    for offset, name in zip(_NAME_OFFSETS, NAMES, strict=True):
        draft.pool[offset : offset + len(name)] = name
    for i, text in enumerate(TEXTS):
        draft.pool[_TEXT_AT + 16 * i : _TEXT_AT + 16 * i + len(text)] = text
    draft.pool[RANDOM_AT : RANDOM_AT + 0x200] = bytes(range(256)) * 2
    names = tuple(calls) or callable_names()
    for setting in random.sample(SETTINGS, random.choice((0, 1, 2, 2))) if not calls else ():
        setting(draft)
    for _ in range(random.randrange(1, length + 1)):
        step = _recipe(draft) if draft.chance(55) else call(draft, random.choice(names))
        if step.name not in FORKS or not draft.child:
            draft.steps.append(step)
            draft.child = (draft.child or step.name in FORKS) and step.name != "wait4"
    return Program(tuple(draft.steps), bytes(draft.pool))
