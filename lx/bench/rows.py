"""The tables of what is measured. Names are lmbench's and gVisor's where they have one, so that published figures compare.

A row's targets are ratios of lx to another column that this project has set itself; a curve is flat, or its row says why it is
not.
"""

import sys
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

SLOW_PEERS = frozenset({"qiling", "runsc"})
Targets = tuple[tuple[str, float], ...]
"""(column, the most that lx may cost of it); with "" as column the most in seconds or bytes."""
Rivals = dict[str, tuple[str, ...]]
"""What else a row is compared with: column to the command that takes the program's place."""
BARE_FORK = Path(__file__).parent / "guests" / "bare_fork.py"


@dataclass(frozen=True)
class Row:
    """One operation with its parameter."""

    name: str
    op: str
    title: str
    group: str = ""
    parameter: int = 0
    targets: Targets = ()
    x: int | None = None
    why: str = ""
    executes: bool = False
    """It starts a program by execve."""
    rivals: Rivals = field(default_factory=dict)

    def wants(self, peer: str) -> bool:
        """Whether this column is measured: scale curves leave out the slow peers."""
        return self.x is None or peer not in SLOW_PEERS


def _qemu(bound: float) -> Targets:
    return (("qemu-user", bound),)


def _native(bound: float) -> Targets:
    return (("native", bound),)


def _group(name: str, *rows: Row) -> tuple[Row, ...]:
    return tuple(replace(row, group=name) for row in rows)


MICRO: tuple[Row, ...] = (
    *_group(
        "null calls",
        Row("null getpid", "null_getpid", "getpid", targets=_qemu(0.3)),
        Row("null gettid", "null_gettid", "gettid", targets=_qemu(0.3)),
        Row("null getuid", "null_getuid", "getuid", targets=_qemu(0.3)),
        Row("null getppid", "null_getppid", "getppid", targets=_qemu(1.5)),
        Row("null getpgid", "null_getpgid", "getpgid, through a Python handler", targets=_qemu(1.5)),
        Row("null getpriority", "null_getpriority", "getpriority, through a Python handler"),
        Row("null umask", "null_umask", "umask", targets=_qemu(1.5)),
        Row("null unknown", "null_unknown", "a call that is not there"),
        Row("sched_yield", "sched_yield", "sched_yield with one thread", targets=_qemu(0.3)),
        Row("futex wake", "futex_wake", "futex wake, nobody waits", targets=_qemu(0.5)),
    ),
    *_group(
        "clocks",
        Row("clock_gettime vdso", "clock_vdso", "clock_gettime through the vDSO", targets=_qemu(0.5)),
        Row("gettimeofday vdso", "gettimeofday_vdso", "gettimeofday through the vDSO", targets=_qemu(0.5)),
        Row("time vdso", "time_vdso", "time through the vDSO", targets=_qemu(0.5)),
        Row("clock_gettime trap", "clock_trap", "clock_gettime by a system call"),
    ),
    *_group(
        "read and write",
        Row("read file 1", "read_file", "read 1 B of a file", parameter=1, targets=_qemu(0.9)),
        Row("read file 64k", "read_file", "read 64 kB of a file", parameter=65536),
        Row("write file 1", "write_file", "write 1 B to a file", parameter=1, targets=_qemu(0.9)),
        Row("write file 64k", "write_file", "write 64 kB to a file", parameter=65536),
        Row("read zero 1", "read_zero", "read 1 B of /dev/zero", parameter=1, targets=_qemu(0.9)),
        Row("read zero 64k", "read_zero", "read 64 kB of /dev/zero", parameter=65536),
        Row("write null 1", "write_null", "write 1 B to /dev/null", parameter=1, targets=_qemu(0.9)),
        Row("pipe 1", "pipe_write_read", "write and read 1 B through a pipe, one process", parameter=1),
        Row("pipe 64k", "pipe_write_read", "write and read 64 kB through a pipe, one process", parameter=65536),
        Row("pread 1", "pread", "pread 1 B", parameter=1, targets=_qemu(0.9)),
        Row("pwrite 1", "pwrite", "pwrite 1 B", parameter=1),
        Row("lseek", "lseek", "lseek", targets=_qemu(0.9)),
    ),
    *_group(
        "descriptors and paths",
        Row("fstat", "fstat", "fstat", targets=_qemu(1.5)),
        Row("dup+close", "dup_close", "dup and close", targets=_qemu(1.5)),
        Row("open+close", "open_close", "open and close", targets=_qemu(2)),
        Row("open+close depth 5", "open_close", "open and close, five directories deep", parameter=5, targets=_qemu(2)),
        Row("stat", "stat", "stat", targets=_qemu(2)),
        Row("stat depth 5", "stat", "stat, five directories deep", parameter=5, targets=_qemu(2)),
        Row("stat missing", "stat_missing", "stat of a name that is not there"),
        Row("access", "access", "access"),
        Row("getdents 1000", "getdents", "read a directory of 1,000 names", parameter=1000),
    ),
    *_group(
        "memory",
        Row("mmap+munmap", "mmap_munmap", "mmap and munmap of 64 kB, 10 other mappings", parameter=10),
        Row("mmap+munmap 2000", "mmap_munmap", "mmap and munmap of 64 kB, 2,000 other mappings", parameter=2000),
        Row(
            "mmap+touch+munmap", "mmap_touch_munmap", "mmap, touch, munmap of 64 kB, 10 others", parameter=10, targets=_native(6)
        ),
        Row(
            "mmap+touch+munmap 2000",
            "mmap_touch_munmap",
            "mmap, touch, munmap of 64 kB, 2,000 others",
            parameter=2000,
            targets=_native(6),
        ),
        Row("mprotect", "mprotect", "mprotect twice", parameter=10),
        Row("page touch", "page_touch", "first store to a page", parameter=10),
        Row("brk", "brk", "brk up and down by 64 kB"),
        Row("mremap", "mremap", "mremap to twice the size and back"),
        Row("store", "store_pages", "a store, 16 pages in turn", parameter=16),
        Row("store 4000 pages", "store_pages", "a store, 4,000 pages in turn", parameter=4000),
    ),
    *_group(
        "processes and signals",
        Row(
            "fork+wait",
            "fork_wait",
            "fork, exit, wait",
            targets=(("CPython", 3),),
            rivals={"CPython": (sys.executable, str(BARE_FORK))},
        ),
        Row("exec 200", "exec_again", "200 execs of a static program, one process", targets=_native(8), executes=True),
        Row("fork+exec+wait", "fork_exec_wait", "fork, exec of a static program, wait", executes=True),
        Row("vfork+exec+wait", "vfork_exec_wait", "vfork, exec of a static program, wait", executes=True),
        Row("sig install", "sig_install", "install a handler"),
        Row("sig mask", "sig_mask", "sigprocmask"),
        Row("sig raise", "sig_raise", "raise, run the handler, return"),
        Row("prot fault", "sig_fault", "protection fault, handler, mprotect, retry"),
    ),
    *_group(
        "threads",
        Row("thread create+join", "thread_create_join", "create and join a thread"),
        Row("futex ping-pong", "futex_ping_pong", "two threads hand a word there and back"),
        Row("mutex", "mutex", "lock and unlock a free mutex"),
        Row("mutex contended 4", "mutex_contended", "one lock, four threads", parameter=4),
    ),
    *_group(
        "channels",
        Row("pipe ping-pong", "pipe_ping_pong", "1 B there and back, two processes, pipes"),
        Row("socketpair", "socketpair_close", "socketpair and close"),
        Row("socketpair round trip", "socketpair_round_trip", "1 B there and back over a socketpair"),
        Row("AF_UNIX round trip", "unix_round_trip", "1 B there and back over a UNIX socket"),
        Row("TCP round trip", "tcp_round_trip", "1 B there and back over loopback TCP"),
        Row("select 10", "select", "select over 10 descriptors", parameter=10),
        Row("select 500", "select", "select over 500 descriptors", parameter=500),
        Row("poll 10", "poll", "poll over 10 descriptors", parameter=10),
        Row("poll 500", "poll", "poll over 500 descriptors", parameter=500),
        Row("epoll 10", "epoll", "epoll_wait over 10 descriptors", parameter=10),
        Row("epoll 500", "epoll", "epoll_wait over 500 descriptors", parameter=500),
    ),
)


def _curve(name: str, op: str, title: str, points: tuple[int, ...], why: str = "") -> tuple[Row, ...]:
    return tuple(Row(f"{name} {x}", op, title, name, x, x=x, why=why) for x in points)


SORTED = "lx keeps mappings in sorted arrays: one more moves all behind it, which tells from 10,000 on"
KNOWN = "flat up to 4,096 descriptors, which the engine knows by itself: a call on a higher one goes through Python"
LOOKED_AT = "every kernel looks at each one; more than 1,024, or one above 4,095, Python does for lx"
SCALE: tuple[Row, ...] = (
    *_curve("mappings: mmap+munmap", "mmap_munmap", "other mappings", (10, 100, 1000, 10_000, 50_000), SORTED),
    *_curve("mappings: mprotect", "mprotect", "other mappings", (10, 100, 1000, 10_000, 50_000), SORTED),
    *_curve("processes: fork+wait", "fork_wait", "other children alive", (1, 10, 50, 200)),
    *_curve("descriptors: dup+close", "dup_close", "other descriptors", (10, 100, 1000, 10_000), KNOWN),
    *_curve("descriptors: poll", "poll", "descriptors polled", (10, 100, 1000, 10_000), LOOKED_AT),
    *_curve("descriptors: epoll", "epoll", "descriptors watched", (10, 100, 1000, 10_000), KNOWN),
    *_curve("threads: create+join", "thread_create_join", "other threads, asleep", (1, 10, 100, 500)),
    *_curve("threads: futex ping-pong", "futex_ping_pong", "other threads, asleep", (1, 10, 100, 500)),
    *_curve("paths: stat", "stat", "directories deep", (1, 5, 20, 50), why="a walk looks at each component"),
    *_curve("directories: getdents", "getdents", "names", (10, 100, 1000, 10_000), why="the whole directory is read"),
    *_curve("directories: open+close", "open_in_directory", "names", (10, 100, 1000, 10_000)),
)


@dataclass(frozen=True)
class Program:
    """A whole program: its words, made with the directory of its data, and the file on its standard input."""

    name: str
    title: str
    needs: str
    make: Callable[[Path], list[str]]
    group: str = "programs"
    input: str = ""
    idle: Callable[[Path], list[str]] | None = None
    """The same program with nothing to do: its start-up."""
    load: Callable[[bool], list[str]] | None = None
    """What runs natively beside it, and ends it: with much to do, or nothing (True)."""
    executes: bool = False
    rivals: Rivals = field(default_factory=dict)
    stable: bool = True
    """Its output is the same under every column."""
    targets: Targets = ()
    peak: Targets = ()

    def wants(self, peer: str) -> bool:
        """Whole programs run on what can run them."""
        return peer not in SLOW_PEERS

    def stdin(self, data: Path) -> Path | None:
        """What it reads."""
        return data / self.input if self.input else None
