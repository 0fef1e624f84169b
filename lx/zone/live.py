"""A zone as its own processes see it: the object behind `process.zone`.

Guest pids are the host's own, so nothing has to be translated when a pid crosses in a signal, a lock or a terminal's
foreground group; what the zone does is say which of them exist for the guest. A zone lives in a runtime directory
(`PLACE`/ID): the registry, the roster of /proc, /dev/shm and the notes of pseudo-terminals. It is removed when its first
process ends; directories whose zone is gone (kill -9) are swept up by the next zone that starts.

Missing: a zone's first process is not pid 1; that comes with booting zones.
"""

from __future__ import annotations

import os

from lx.abi.errno import Errno, LinuxError
from lx.abi.lean import Iterator, suppress
from lx.kernel.marks import Mark
from lx.kernel.operator import Operator
from lx.zone.config import Config
from lx.zone.registry import CALLED_AT, ESTRANGED, FORKED_AT, HEADER, MARKS_AT, REPLACED, Registry, children, ended, started
from lx.zone.registry import PID_MAX as FIRST_TID

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from lx.cpu.pure import Engine
    from lx.kernel.ipc.table import Table as IpcTable
    from lx.kernel.process import Process


IPC = "ipc"
"""The file of the zone's System V objects."""
FIFOS = "fifos"
"""The directory of what stands in for event descriptors (lx.kernel.twins)."""
FOR_ALL = 0o1733
"""The mode of a directory that whoever gets to it may make names in, and see none."""


class Uname:
    """What uname(2) answers: str fields, read anew because a zone's names can change."""

    __slots__ = ("_zone",)
    sysname = "Linux"

    def __init__(self, zone: LiveZone) -> None:
        self._zone = zone

    @property
    def nodename(self) -> str:
        """The host name."""
        return self._zone.hostname

    @property
    def domainname(self) -> str:
        """The NIS domain name."""
        return self._zone.domainname

    @property
    def release(self) -> str:
        """The kernel version that the zone claims."""
        return self._zone.config.kernel_version

    @property
    def version(self) -> str:
        """The build of that kernel."""
        return self._zone.config.kernel_build

    @property
    def machine(self) -> str:
        """The architecture."""
        return "x86_64"

    def __iter__(self) -> Iterator[str]:
        yield from (self.sysname, self.nodename, self.release, self.version, self.machine, self.domainname)


SHM = "/dev/shm"


def place() -> str:
    """The directory of this user's zones: LX_RUNTIME_DIR, or lx-UID in TMPDIR, /dev/shm or /tmp; only the user can enter it.

    /dev/shm is memory: the first store to a page of a file on a disk waits a millisecond for the page's block.
    """
    above = os.environ.get("TMPDIR") or (SHM if os.access(SHM, os.W_OK) else "/tmp")
    path = os.environ.get("LX_RUNTIME_DIR") or f"{above}/lx-{os.getuid()}"
    with suppress(FileExistsError):
        os.mkdir(path, 0o700)
    st = os.lstat(path)
    if st.st_uid != os.getuid() or st.st_mode & 0o077 or st.st_mode & 0o170000 != 0o040000:
        raise LinuxError(Errno.EACCES)
    return path


def _clear(directory: str) -> None:
    """Remove a directory with all that is in it, as far as that can be done."""
    with suppress(OSError):
        for entry in os.scandir(directory):
            if entry.is_dir(follow_symlinks=False):
                _clear(entry.path)
            else:
                os.unlink(entry.path)
        os.rmdir(directory)


def sweep(directory: str) -> None:
    """Remove the runtime directories of zones that have no process left. They are named PID.START of who made them."""
    for name in os.listdir(directory):
        pid, start, *_ = [*name.split("."), ""]
        if pid.isdigit() and start.isdigit() and started(int(pid)) != int(start):
            path = os.path.join(directory, name)
            if not _inhabited(path):
                remove(path)


def remove(path: str) -> None:
    """Remove a zone's runtime directory, and the host's objects that it is the record of."""
    if os.path.exists(f"{path}/{IPC}"):
        from lx.kernel.ipc.table import remove_all

        remove_all(f"{path}/{IPC}")
    _clear(path)


def _inhabited(path: str) -> bool:
    try:
        names = os.listdir(os.path.join(path, "proc"))
        registry = Registry(os.path.join(path, "registry"))
    except OSError:
        return False
    return any(name.isdigit() and registry.has(int(name)) and not ended(int(name)) for name in names)


def new_runtime_dir(distinction: str = "") -> str:
    """Make the runtime directory of a zone that this process makes, after sweeping up. distinction: for one of several."""
    directory = place()
    sweep(directory)
    pid = os.getpid()
    path = os.path.join(directory, ".".join(filter(None, (str(pid), str(started(pid)), distinction))))
    os.mkdir(path, 0o700)
    return path


class HostRandom:
    """random.SystemRandom without its module, which costs 2 ms to import and seeds a generator in every forked child."""

    def getrandbits(self, k: int) -> int:
        """k random bits."""
        return int.from_bytes(os.urandom((k + 7) // 8), "little") >> -k % 8

    def randbytes(self, n: int) -> bytes:
        """n random bytes."""
        return os.urandom(n)

    def seed(self, seed: int) -> None:
        """Nothing: it has none."""


def _repeatable(seed: int) -> Any:
    import random

    return random.Random(seed)


class LiveZone:
    """The zone that this process is in."""

    init_pid = 0

    def __init__(self, config: Config, runtime_dir: str = "", operator_fd: int = 2) -> None:
        self.config = config
        self.root = config.root
        self.joined = bool(runtime_dir)
        self.runtime_dir = runtime_dir or new_runtime_dir()
        self.registry = Registry(os.path.join(self.runtime_dir, "registry"))
        if not self.joined:
            self.registry.hostname = os.fsencode(config.hostname or os.uname().nodename)
            self.registry.domainname = b"(none)"
        self.registry.enter(os.getpid())
        self.set_marks(0)
        self.first_pid = os.getpid()
        self.uname = Uname(self)
        self.random: Any = HostRandom() if config.seed is None else _repeatable(config.seed)
        self.randomise = config.seed is None
        self._ipc: Any = None
        self._fifos = -1
        self.roster: Any = None
        """What its processes tell each other of themselves (lx.kernel.synthetic.roster); there from a process's start on."""
        self.operator = Operator(operator_fd, self.registry.first, os.path.dirname(self.runtime_dir))

    # ---- names

    @property
    def hostname(self) -> str:
        """The host name."""
        return os.fsdecode(self.registry.hostname)

    @hostname.setter
    def hostname(self, name: str) -> None:
        self.registry.hostname = os.fsencode(name)

    @property
    def domainname(self) -> str:
        """The NIS domain name."""
        return os.fsdecode(self.registry.domainname)

    @domainname.setter
    def domainname(self, name: str) -> None:
        self.registry.domainname = os.fsencode(name)

    # ---- shared objects

    def ipc(self, own: Callable[[int], int]) -> IpcTable:
        """The zone's System V IPC objects. own: how this process keeps a descriptor out of the guest's reach."""
        if self._ipc is None:
            from lx.kernel.ipc.table import Table

            self._ipc = Table(f"{self.runtime_dir}/{IPC}", own)
        table: IpcTable = self._ipc
        return table

    def fifos(self, own: Callable[[int], int]) -> int:
        """A descriptor of the directory of the zone's FIFOs, for those too who have given up their user id. own: as above."""
        if self._fifos < 0:
            path = f"{self.runtime_dir}/{FIFOS}"
            with suppress(FileExistsError):
                os.mkdir(path)
                os.chmod(path, FOR_ALL)
            self._fifos = own(os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC))
        return self._fifos

    # ---- processes

    def guest_pid(self, host: int) -> int:
        """The guest's number of a host process."""
        return host

    def host_pid(self, guest: int) -> int:
        """The host's number of a guest's process, by its pid or a thread's id. ESRCH if there is none such in the zone."""
        if guest >= FIRST_TID:
            guest = self.registry.owner_of_tid(guest)
            if guest != os.getpid() and ended(guest):
                raise LinuxError(Errno.ESRCH)
        if guest != os.getpid() and not self.registry.has(guest):
            raise LinuxError(Errno.ESRCH)
        return guest

    def host_pid_or_group(self, guest: int) -> int:
        """The host's number of a process group. ESRCH if neither its leader nor any member is of the zone."""
        if guest == os.getpgid(0) or self.registry.has(guest):
            return guest
        for pid in self.members():
            with suppress(ProcessLookupError):
                if os.getpgid(pid) == guest:
                    return guest
        raise LinuxError(Errno.ESRCH)

    def has(self, host: int) -> bool:
        """Whether a host process is of the zone."""
        return self.registry.has_parent(host) if host == os.getppid() else self.registry.has(host)

    def lives(self, host: int) -> bool:
        """Whether a host process is of the zone and has not ended."""
        return self.registry.has(host) and not ended(host)

    def began(self, host: int) -> int:
        """When a host process began, to tell it from a later one of its pid; 0 if there is none."""
        return started(host)

    def new_tids(self) -> range:
        """Thread ids that are this process's alone."""
        return self.registry.take_tids(os.getpid())

    def set_tid(self, tid: int, alive: bool) -> None:
        """A thread of this process, not its leader, begins or ends."""
        self.registry.set_tid(tid, alive)

    def set_marks(self, marks: int) -> None:
        """What the others are to know of this process (lx.kernel.marks)."""
        self.registry.set_marks(os.getpid(), marks)

    def died_unheard(self, tid: int) -> bool:
        """Whether a thread's process may have held futexes in shared memory and has died without releasing them."""
        host = self.registry.owner_of_tid(tid) if tid >= FIRST_TID else tid
        marks = self.registry.marks(host)
        return bool(marks & Mark.SHARES) and not marks & Mark.ENDED and not self.lives(host)

    def children(self) -> list[int]:
        """The host pids of the children that the calling process has on the host, eldest first."""
        return children()

    def born(self, host: int, end: tuple[int, int, bool]) -> None:
        """A process with an exit signal that is not SIGCHLD begins; told by both sides.

        end: its parent, its exit signal, and whether its end is told as SIGCHLD.
        """
        parent, signo, estranged = end
        self.registry.set_exit_signal(host, parent, signo, estranged)

    def replaced(self, host: int) -> None:
        """A process that was `born` has become another program."""
        self.registry.change_end(host, REPLACED)

    def estranged(self, host: int) -> None:
        """The parent of one that was has."""
        self.registry.change_end(host, ESTRANGED)

    def end_of(self, host: int, parent: int) -> tuple[int, bool] | None:
        """The exit signal of a child of a process, and whether it is estranged; None if it is like any other."""
        return self.registry.end(host, parent)

    def has_mark(self, host: int, mark: int) -> bool:
        """Whether a process has told this of itself."""
        return bool(self.registry.marks(host) & mark)

    def members(self) -> list[int]:
        """The host pids of the zone's processes."""
        return self.registry.members()

    def serve(self, engine: Engine) -> None:
        """Let the engine do by itself what `enter`, `leave` and `close` do."""
        first = 0 if self.joined else self.first_pid
        records = os.fsencode(f"{self.runtime_dir}/proc/")
        registry = self.registry
        places = (HEADER, MARKS_AT, FORKED_AT, CALLED_AT)
        engine.set_zone(registry.map, registry.claimed, places, first, records, self.enter, self.leave)

    def called(self, number: int) -> None:
        """A process of the zone has made this system call for the first time."""
        self.registry.called(number)

    def calls(self) -> bytes:
        """By number, whether a system call is made in the zone."""
        return self.registry.calls

    def enter(self, host: int) -> None:
        """A process has been forked; told by both sides."""
        self.registry.forking()
        self.registry.enter(host)

    def leave(self, host: int) -> None:
        """A process has been waited for."""
        self.registry.leave(host)
        for name in (f"{host}", f"{host}.letters"):
            with suppress(OSError):
                os.unlink(f"{self.runtime_dir}/proc/{name}")

    def publish(self, process: Process) -> None:
        """Tell the zone what a process is: at its start, at exec, when its name changes."""
        if self.roster is None:
            from lx.kernel.synthetic.roster import Roster

            self.roster = Roster(self.runtime_dir, process.files.own)
        self.roster.publish(process.pid, os.getpid(), process.exe, process.comm, process.argv)

    def close(self) -> None:
        """Remove the runtime directory and what it stands for, if this is the zone's last process and no other owns it."""
        me = os.getpid()
        first = self.first_pid
        if self.joined or (me != first and (os.getppid() == first or self.lives(first))):
            return
        if not self.registry.forked or not any(pid != me and self.lives(pid) for pid in self.members()):
            remove(self.runtime_dir)

