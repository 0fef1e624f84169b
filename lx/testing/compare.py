"""Running one program on both sides and saying where they differ.

What may differ is named here and nowhere else: pids, addresses, times, inode and device numbers. All else is compared: every
result, what each call has written, how the program ended, and the files that it left.
"""

import hashlib
import os
import stat
from collections.abc import Callable
from dataclasses import dataclass
from struct import unpack_from

from lx.abi.errno import Errno
from lx.testing.generate import APART, rows
from lx.testing.image import CAUGHT, POOL
from lx.testing.program import Program, Ref, Step
from lx.testing.sides import Blocked, Ended, Guest, Lost, Side
from syscalls.numbers_x86_64 import NUMBERS

ANY_POSITIVE = frozenset(
    "getpid gettid getppid getpgid getpgrp getsid fork vfork wait4 mmap mremap brk time times set_tid_address"
    " shmget shmat semget msgget".split()
)
"""Results that are pids, addresses, ids or times: only success is compared."""
REMOVE = {"shmget": ("shmctl", 0, 0), "semget": ("semctl", 0, 0), "msgget": ("msgctl", 0, 0)}
"""How an IPC object goes: IPC_RMID is 0."""
UNSEEN = frozenset(
    "time clock_gettime gettimeofday clock_getres getrandom getrusage times getcpu uname statfs fstatfs"
    " sched_getaffinity sched_getattr sched_rr_get_interval capget get_robust_list getdents getdents64 rt_sigpending"
    " waitid getgroups io_setup sysinfo getitimer setitimer".split()
)
"""Calls whose written bytes are the machine's or the moment's own."""
ASPECTS = ("mode", "owner", "group", "links", "content")
"""What is compared of a file that a program leaves."""
Look = Callable[[bytes], object]


def _stat(data: bytes) -> object:
    links, mode, uid, gid = unpack_from("<QIII", data, 16)
    size = unpack_from("<q", data, 48)[0]
    return mode, uid, gid, None if stat.S_ISDIR(mode) else (links, size if stat.S_ISREG(mode) else 0)


def _statx(data: bytes) -> object:
    links, uid, gid, mode = unpack_from("<IIIH", data, 16)
    size = unpack_from("<Q", data, 40)[0]
    return mode, uid, gid, None if stat.S_ISDIR(mode) else (links, size if stat.S_ISREG(mode) else 0)


AT_FDCWD, F_GETFD, F_GETFL = -100, 1, 3
DESCRIPTORS = 10
"""How many descriptors, from 0 on, are looked at when a program has ended."""
MAPPING = frozenset("mmap munmap mprotect mremap brk shmat shmdt".split())
LOOKS: dict[str, Look] = {"stat": _stat, "statx": _statx, "wait-status": lambda data: data[:4], "rlimit": lambda data: data[:16]}


@dataclass(frozen=True)
class Seen:
    """What one side showed: results and written bytes by step, what it then had, how it ended, its files."""

    results: tuple[int, ...]
    written: tuple[object, ...]
    state: tuple[tuple[str, object], ...]
    end: object
    files: tuple[tuple[str, object], ...]


@dataclass(frozen=True)
class Divergence:
    """One difference. step: its index, -1 for the end or the files."""

    step: int
    call: str
    what: str
    guest: object
    native: object

    @property
    def key(self) -> str:
        """What makes it the same as another: the call and the two answers' kind."""
        if self.step < 0 and self.what != "end":
            return f"{self.call} {self.what.rstrip(' 0123456789')}"
        return f"{self.call} {self.what} {kind(self.guest)} {kind(self.native)}"

    def __str__(self) -> str:
        return f"step {self.step}: {self.call}: {self.what}: lx {shown(self.guest)}, Linux {shown(self.native)}"


def kind(value: object) -> str:
    """An answer in one word: an error's name, success, bytes, or the words themselves."""
    if isinstance(value, int):
        return Errno(-value).name if -4096 < value < 0 and -value in set(Errno) else "success"
    return "bytes" if isinstance(value, bytes | tuple) else str(value)


def shown(value: object) -> str:
    """An answer as it is printed."""
    if isinstance(value, bytes):
        return value.hex()
    return kind(value) if isinstance(value, int) and value < 0 else str(value)


def execute(side: Side, program: Program) -> Seen:
    """Run a program on a side, in a served child and a fresh directory. A side that is lost is restarted."""
    results: list[int] = []
    written: list[object] = []
    state: list[tuple[str, object]] = []
    end: object = "lost"
    try:
        side.serve()
        side.poke(POOL, program.pool)
        for step in program.steps:
            result, seen = _execute_step(side, step, results)
            results.append(result)
            written.append(seen)
        state = _state(side, program)
        state.append(("invariants", "broken" if isinstance(side, Guest) and side.check() else "hold"))
        state.append(("hello", kind(side.hello())))
        end = in_words(side.end_served())
    except Ended as ended:
        end = in_words(ended.status)
    except Blocked:
        end = "blocked"
        if not side.kill_served():
            side.restart()
    except Lost:
        side.restart()
    _remove_objects(side, program, results)
    left = tuple(sorted(tree(side.work).items()))
    side.clean()
    return Seen(tuple(results), tuple(written), tuple(state), end, left)


def _remove_objects(side: Side, program: Program, results: list[int]) -> None:
    """Remove the IPC objects that a program has made: the next one finds none."""
    try:
        for step, result in zip(program.steps, results, strict=False):
            if step.name in REMOVE and result >= 0:
                name, *args = REMOVE[step.name]
                side.call(name, result, *args)
            elif step.name == "mq_open" and result >= 0 and isinstance(at := step.args[0], int):
                side.call("mq_unlink", program.pool[at - POOL :].partition(b"\0")[0])
    except Lost:
        side.restart()


def in_words(status: int) -> str:
    """A wait status in words."""
    return f"killed by {status & 0x7F}" if status & 0x7F else f"exit {status >> 8 & 0xFF}"


def _execute_step(side: Side, step: Step, results: list[int]) -> tuple[int, object]:
    if step.child:
        side.script([(s.name, tuple(v for v in s.args if isinstance(v, int))) for s in step.child])
    args = [results[v.step] + v.offset if isinstance(v, Ref) else v for v in step.args]
    result = side.raw(NUMBERS[step.name], *args)
    if step.settles:
        side.settle(result)
    seen: object = b""
    if step.out[1] and result >= 0 and step.name not in UNSEEN:
        data = side.peek(*step.out)
        seen = _look(step, result, data)
    return result, seen


def _state(side: Side, program: Program) -> list[tuple[str, object]]:
    """What the process has at the end of a program: handlers run, descriptors, mappings."""
    state: list[tuple[str, object]] = [("handlers entered", side.peek(CAUGHT, 8))]
    for fd in range(DESCRIPTORS):
        flags = side.fcntl(fd, F_GETFL, 0)
        if flags >= 0:
            state.append((f"descriptor {fd}", (flags, side.fcntl(fd, F_GETFD, 0), side.lseek(fd, 0, os.SEEK_CUR))))
    if MAPPING.intersection(step.name for step in program.steps):
        state.append(("mappings", _mappings(side)))
    return state


def _mappings(side: Side) -> object:
    """What lies where generated programs map: (start, end, protection and sharing, offset in a file), joined up."""
    fd = side.openat(AT_FDCWD, b"/proc/self/maps", 0, 0)
    if fd < 0:
        return fd
    text, at = b"", side.put(bytes(4096))
    while (size := side.call("read", fd, at, 4096)) > 0:
        text += side.peek(at, size)
    side.call("close", fd)
    found: list[tuple[int, int, str, int]] = []
    for line in text.decode(errors="replace").splitlines():
        span, perms, offset, _, inode, *_ = line.split()
        start, end = (int(word, 16) for word in span.split("-"))
        if not APART <= start < 2 * APART:
            continue
        position = int(offset, 16) if inode != "0" else 0
        before = found[-1] if found else (0, 0, "", 0)
        if before[1:3] == (start, perms) and position == (before[3] + start - before[0] if inode != "0" else 0):
            found[-1] = (before[0], end, perms, before[3])
        else:
            found.append((start, end, perms, position))
    return tuple(found)


def _look(step: Step, result: int, data: bytes) -> object:
    for index, parameter in enumerate(rows()[step.name].parameters):
        if parameter.arg.out and step.args[index] == step.out[0]:
            look = LOOKS.get(parameter.arg.struct)
            if look:
                return look(data) if step.name != "wait4" or result > 0 else b""
            if parameter.arg.kind == "buffer":
                return data[: min(result, len(data))] if step.name != "getcwd" else b""
            break
    return data


def tree(top: str) -> dict[str, object]:
    """What is compared of a directory: path to (mode, owner, group, links, content)."""
    found: dict[str, object] = {}
    for base, directories, names in os.walk(top):
        for name in (*directories, *names):
            path = os.path.join(base, name)
            st = os.lstat(path)
            content: object = None
            if stat.S_ISREG(st.st_mode):
                try:
                    with open(path, "rb") as file:
                        content = hashlib.sha256(file.read(1 << 20)).hexdigest()[:16]
                except OSError as error:
                    content = error.errno
            elif stat.S_ISLNK(st.st_mode):
                content = os.readlink(path)
            links = None if stat.S_ISDIR(st.st_mode) else st.st_nlink
            found[os.path.relpath(path, top)] = (oct(st.st_mode), st.st_uid, st.st_gid, links, content)
    return found


def differences(program: Program, guest: Side, native: Side) -> list[Divergence]:
    """Where the two sides differ on a program; empty if nowhere. After the first step that differs nothing more is said."""
    return compare(program, execute(guest, program), execute(native, program))


def compare(program: Program, ours: Seen, theirs: Seen) -> list[Divergence]:
    """Where what two sides have shown differs."""
    for i, step in enumerate(program.steps):
        if i >= len(ours.results) or i >= len(theirs.results):
            if len(ours.results) != len(theirs.results):
                return [Divergence(i, step.name, "end", ours.end, theirs.end)]
            break
        a, b = ours.results[i], theirs.results[i]
        if a != b and not (step.name in ANY_POSITIVE and a >= 0 and b >= 0):
            return [Divergence(i, step.name, "result", a, b)]
        if ours.written[i] != theirs.written[i]:
            return [Divergence(i, step.name, "written", ours.written[i], theirs.written[i])]
    last = program.steps[len(ours.results) - 1].name if ours.results else "nothing"
    for ours_one, theirs_one in zip(ours.state, theirs.state, strict=False):
        if ours_one != theirs_one:
            return [Divergence(-1, last, ours_one[0], str(ours_one), str(theirs_one))]
    if ours.end != theirs.end:
        return [Divergence(-1, last, "end", ours.end, theirs.end)]
    if ours.files != theirs.files:
        return [_file_divergence(last, dict(ours.files), dict(theirs.files))]
    return []


def _file_divergence(call: str, ours: dict[str, object], theirs: dict[str, object]) -> Divergence:
    one = next(name for name in sorted({*ours, *theirs}) if ours.get(name) != theirs.get(name))
    a, b = ours.get(one), theirs.get(one)
    if isinstance(a, tuple) and isinstance(b, tuple):
        aspect = next(word for word, x, y in zip(ASPECTS, a, b, strict=True) if x != y)
    else:
        aspect = "present"
    return Divergence(-1, call, f"file {aspect}", f"{one}: {a}", f"{one}: {b}")
