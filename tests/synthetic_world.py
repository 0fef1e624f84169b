"""A stand-in process and zone for the tests of /proc, /dev and /sys; guest memory is host memory at its own address."""

import ctypes
import mmap
import os
import random
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

from lx.abi.errno import Errno, LinuxError
from lx.host import numbers
from lx.kernel.ipc.table import Table
from lx.kernel.memory import Vma, VmaFile
from lx.kernel.signals import Action
from lx.kernel.synthetic import trees
from lx.kernel.synthetic.nodes import Directory, File, Link, Node
from lx.kernel.synthetic.roster import Roster

PAGE = 4096
EXE = b"/bin/hello"


class Memory:
    """Four mappings in one host region: text, data, heap (of which three pages are touched) and stack."""

    def __init__(self) -> None:
        self.region = mmap.mmap(-1, 40 * PAGE, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        base = ctypes.addressof(ctypes.c_char.from_buffer(self.region))
        self.brk_start = base + 8 * PAGE
        self.heap = self.brk_start
        file = VmaFile(os.makedev(254, 3), 4711, EXE)
        self.list = [
            Vma(base, base + 4 * PAGE, 5, file=file, offset=PAGE),
            Vma(base + 4 * PAGE, base + 6 * PAGE, 3, file=file, offset=5 * PAGE),
            Vma(base + 8 * PAGE, base + 24 * PAGE, 3, name=b"[heap]"),
            Vma(base + 30 * PAGE, base + 40 * PAGE, 3, name=b"[stack]", grows=True),
        ]
        self.region[8 * PAGE : 11 * PAGE] = b"x" * 3 * PAGE
        self.fixed_page = 0xFFFF_FFFF_FF60_0000
        self.total = sum(vma.end - vma.start for vma in self.list)

    def vmas(self) -> Iterator[Vma]:
        return iter(self.list)

    def pieces(self, start: int, end: int) -> Iterator[tuple[int, int, int]]:
        yield start, end, start

    def data_size(self) -> int:
        return 18 * PAGE


class Files:
    """All host descriptors below 100 are the guest's; `synthetic` are its open nodes."""

    def __init__(self) -> None:
        self.synthetic: dict[int, Node] = {}

    def own(self, fd: int) -> int:
        return fd

    def check(self, fd: int) -> None:
        try:
            os.fstat(fd)
        except (OSError, OverflowError):
            raise LinuxError(Errno.EBADF) from None
        if not 0 <= fd < 100:
            raise LinuxError(Errno.EBADF)

    def entry(self, fd: int) -> Any:
        return SimpleNamespace(node=self.synthetic[fd]) if fd in self.synthetic else None


class Zone:
    """A zone whose members are the roster's."""

    def __init__(self, directory: str) -> None:
        self.root = "/"
        self.runtime_dir = directory
        self.roster = Roster(directory, int)
        self.random = random.Random(7)
        self.uname = SimpleNamespace(
            sysname="Linux", nodename="zone7", release="5.10.0", version="#1 lx", machine="x86_64", domainname="example"
        )

    def ipc(self, own: Callable[[int], int]) -> Table:
        return Table(os.path.join(self.runtime_dir, "ipc"), own)

    def end_of(self, host: int, parent: int) -> None:
        """All end with SIGCHLD."""

    def has(self, host_pid: int) -> bool:
        return self.roster.has(host_pid)

    lives = has

    def members(self) -> list[int]:
        return self.roster.pids()

    def has_mark(self, host_pid: int, mark: int) -> bool:
        return False

    def guest_pid(self, host_pid: int) -> int:
        return host_pid

    def publish(self, p: Any) -> None:
        self.roster.publish(p.pid, os.getpid(), p.exe, p.thread.comm, p.argv)


def make_process(directory: str) -> Any:
    """A process that has everything the trees ask for."""
    actions = [Action()] * 65
    actions[2] = Action(handler=0x1000)
    actions[13] = Action(handler=1)
    p = SimpleNamespace(
        pid=os.getpid(),
        ppid=0,
        exe=EXE,
        comm=b"hello",
        argv=[b"hello", b"", b"a b"],
        environ=[b"A=1", b"B="],
        auxv=bytes(32),
        stack_top=0x7FFF_FFFF_F000,
        dumpable=1,
        image=0,
        total_memory=1 << 30,
        memory=Memory(),
        files=Files(),
        signals=SimpleNamespace(actions=actions, queue=[], collect=lambda: None),
        host=numbers,
        limits=SimpleNamespace(get=lambda resource: (1024, 2**64 - 1)),
        fs=SimpleNamespace(
            umask=0o027,
            to_guest_path=lambda host: b"/guest" + host,
            getcwd=lambda: b"/tmp",
            open_path=lambda path: os.open("/", os.O_PATH),
        ),
        thread=SimpleNamespace(
            mask=1 << 9,
            tid=os.getpid(),
            comm=b"hello",
            alive=True,
            park=None,
            pending=[],
            attributes=SimpleNamespace(personality=0, no_new_privs=False, policy=None, priority=0),
        ),
        zone=Zone(directory),
    )
    p.threads = [p.thread]
    p.zone.publish(p)
    return p


class Guest:
    """A process and its trees, asked by path."""

    def __init__(self, directory: str) -> None:
        self.p = make_process(directory)
        self.trees = trees()

    def node(self, path: str, p: Any = None) -> Node:
        first, *rest = path.strip("/").split("/")
        node: Node = self.trees[b"/" + first.encode()]
        for name in rest:
            if isinstance(node, Link):
                node = self.node(os.path.join(os.path.dirname(node.path.decode()), node.target(p or self.p).decode()))
            assert isinstance(node, Directory)
            node = node.lookup(p or self.p, name.encode())
        return node

    def read(self, path: str) -> bytes:
        node = self.node(path)
        assert isinstance(node, File)
        return node.read(self.p)

    def names(self, path: str) -> list[str]:
        node = self.node(path)
        assert isinstance(node, Directory)
        return [name.decode() for name, _, _ in node.names(self.p)]

    def walk(self, path: str) -> Iterator[Node]:
        node = self.node(path)
        yield node
        if isinstance(node, Directory):
            for name in self.names(path):
                yield from self.walk(f"{path}/{name}")
