"""/proc/PID and /proc/PID/task/TID: one table of files for both.

A row's function is given a Subject, that is who is asked about and by whom; it is made at each read, since descriptors
outlive forks. What only the process itself can know it is asked for (see asking).

ns tells of the host's namespaces: a zone has none of its own, and its processes are in the same. Absent, because it could not be
true: syscall and stack. Of another process's threads only the first is seen.
"""

import fcntl
import os

from lx.abi.errno import Errno, LinuxError
from lx.abi.lean import Callable, Mapping, partial, suppress
from lx.abi.record import dataclass
from lx.kernel.synthetic.nodes import DT_DIR, DT_LNK, DT_REG, Directory, File, Link, MagicLink, Node
from lx.kernel.synthetic.subject import Subject, subject
from lx.kernel.synthetic.tables import files, grow

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from lx.kernel.process import Process
    from lx.kernel.thread import Thread

COMM_MAX = 15
FD_MODES = {os.O_RDONLY: 0o500, os.O_WRONLY: 0o300, os.O_RDWR: 0o700}
O_PATH = getattr(os, "O_PATH", 0)


@dataclass(frozen=True, slots=True)
class Row:
    """One file: what it reads, its permissions, what a write does, and whether it is there for threads."""

    read: Callable[[Subject], bytes]
    permissions: int = 0o444
    write: Callable[[Subject, bytes], None] | None = None
    thread: bool = True


def _later(module: str, name: str) -> "Callable[[Any], bytes]":
    """A reader of another module here, imported when it is first read: every static program looks up /proc/self/exe."""

    def read(subject: "Any") -> bytes:
        text: bytes = getattr(__import__(f"lx.kernel.synthetic.{module}", fromlist=(name,)), name)(subject)
        return text

    return read


_answers: "list[Callable[[Process], Any]]" = []


def _own(reader: "Callable[[Process], Any]") -> "Callable[[Subject], Any]":
    """What only the process itself can tell: another one is asked for it."""
    number = len(_answers)
    _answers.append(reader)
    return lambda s: reader(s.asker) if s.own else _ask(s, number)


def _ask(s: Subject, number: int) -> "Any":
    from lx.kernel.synthetic.asking import ask

    return ask(s.asker, s.pid, s.host_pid, number)


def _shared(reader: Callable[["Process"], bytes]) -> Callable[[Subject], bytes]:
    """What is the same for all processes of a zone."""
    return lambda s: reader(s.asker)


def _constant(value: bytes) -> Callable[[Subject], bytes]:
    return lambda s: value


def _host(name: str, otherwise: bytes = b"") -> Callable[[Subject], bytes]:
    return lambda s: s.host(name, otherwise)


def _strings(values: "list[bytes] | tuple[bytes, ...]") -> bytes:
    return b"".join(value + b"\0" for value in values)


def _auxv(p: "Process") -> bytes:
    return p.auxv


def _environ(p: "Process") -> bytes:
    return _strings(p.environ)


def _personality(p: "Process") -> bytes:
    return b"%08x\n" % p.thread.attributes.personality


def _cmdline(s: Subject) -> bytes:
    """The arguments; a zombie has lost the memory that they were in."""
    if s.record is None:
        return _strings(s.asker.argv)
    return b"" if s.host_stat()[0] == b"Z" else _strings(s.record.argv)


def _write_comm(s: Subject, data: bytes) -> None:
    if not s.own:
        raise LinuxError(Errno.EINVAL)
    s.thread.comm = data[:COMM_MAX].partition(b"\0")[0]
    if s.tid == s.pid:
        s.asker.zone.publish(s.asker)


def _write_oom_score_adj(s: Subject, data: bytes) -> None:
    with open(f"/proc/{s.host_pid}/oom_score_adj", "wb", buffering=0) as file:
        file.write(data)


def _refuse(s: Subject, data: bytes) -> None:
    raise LinuxError(Errno.EPERM)


_IDENTITY_MAP = b"%10d %10d %10d\n" % (0, 0, 2**32 - 1)

FILES: Mapping[bytes, Row] = {
    b"auxv": Row(_own(_auxv), 0o400),
    b"cgroup": Row(_constant(b"0::/\n")),
    b"cmdline": Row(_cmdline),
    b"comm": Row(lambda s: s.comm + b"\n", 0o644, _write_comm),
    b"environ": Row(_own(_environ), 0o400),
    b"gid_map": Row(_host("gid_map", _IDENTITY_MAP), 0o644, _refuse),
    b"io": Row(_host("io"), 0o400),
    b"limits": Row(_own(_later("limits", "limits"))),
    b"loginuid": Row(_host("loginuid", b"4294967295"), 0o644, _refuse),
    b"maps": Row(_own(_later("memorymap", "maps"))),
    b"mountinfo": Row(_shared(_later("mounts", "mountinfo"))),
    b"mounts": Row(_shared(_later("mounts", "mounts_text"))),
    b"mountstats": Row(_shared(_later("mounts", "mountstats")), 0o400, thread=False),
    b"oom_score": Row(_host("oom_score", b"0\n")),
    b"oom_score_adj": Row(_host("oom_score_adj", b"0\n"), 0o644, _write_oom_score_adj),
    b"personality": Row(_own(_personality), 0o400),
    b"schedstat": Row(_host("schedstat", b"0 0 0\n")),
    b"sessionid": Row(_host("sessionid", b"4294967295")),
    b"setgroups": Row(_host("setgroups", b"allow\n"), 0o644, _refuse, thread=False),
    b"smaps": Row(_own(_later("memorymap", "smaps"))),
    b"smaps_rollup": Row(_own(_later("memorymap", "smaps_rollup"))),
    b"stat": Row(_later("status", "stat")),
    b"statm": Row(_later("status", "statm")),
    b"status": Row(_later("status", "status")),
    b"uid_map": Row(_host("uid_map", _IDENTITY_MAP), 0o644, _refuse),
    b"wchan": Row(_constant(b"0")),
}
"""Every file of /proc/PID."""


def _owner(p: "Process", pid: int) -> tuple[int, int]:
    """A process's effective ids; root's when it may not be dumped. Linux fs/proc/base.c, task_dump_owner."""
    if pid == p.pid or any(t.tid == pid for t in p.threads):
        return (os.geteuid(), os.getegid()) if p.dumpable == 1 else (0, 0)
    with suppress(LinuxError, OSError):
        host = os.stat(f"/proc/{subject(p, pid, pid).host_pid}")
        return host.st_uid, host.st_gid
    return 0, 0


class Owned(Node):
    """What belongs to the process it is about."""

    __slots__ = ()

    def owner(self, p: "Process") -> tuple[int, int]:
        """See Node."""
        return _owner(p, int(self.path.split(b"/", 3)[2]))


class ProcessFile(Owned, File):
    """A file of FILES."""

    __slots__ = ()


class ProcessLink(Owned, MagicLink):
    """exe, cwd, root, and the links of fd/."""

    __slots__ = ()


class DescriptorLink(ProcessLink):
    """fd/N."""

    __slots__ = ()

    def size(self, p: "Process") -> int:
        """64, as Linux has it."""
        return 64


class _ProcessDirectory(Owned, Directory):
    """A directory about one process (or thread)."""

    __slots__ = ("pid", "tid")

    def __init__(self, path: bytes, pid: int, tid: int, permissions: int = 0o555) -> None:
        super().__init__(path, permissions)
        self.pid = pid
        self.tid = tid

def _number(name: bytes) -> int:
    """A name as a decimal number, -1 if it is none in canonical form."""
    return int(name) if name.isdigit() and (name == b"0" or not name.startswith(b"0")) else -1


def _open_descriptors(p: "Process") -> list[int]:
    found = []
    for name in os.listdir("/proc/self/fd"):
        with suppress(LinuxError, OSError):
            p.files.check(int(name))
            found.append(int(name))
    return sorted(found)


def _descriptor(p: "Process", fd: int) -> int:
    try:
        p.files.check(fd)
    except LinuxError:
        raise LinuxError(Errno.ENOENT) from None
    return fd


def _listed(p: "Process") -> list[tuple[int, int, bytes, bool]]:
    """The open descriptors: number, status flags, text of the link, whether it is a node of ours."""
    found = []
    for fd in _open_descriptors(p):
        with suppress(LinuxError, OSError):
            flags = fcntl.fcntl(fd, fcntl.F_GETFL)
            found.append((fd, flags, _descriptor_text(fd, p), _descriptor_node(fd, p) is not None))
    return found


_ask_descriptors = _own(_listed)


def _descriptors(p: "Process", pid: int, tid: int) -> dict[int, tuple[int, int, bytes, bool]]:
    """What `_listed` says of a process of the zone. ENOENT if it is gone."""
    try:
        return {entry[0]: tuple(entry) for entry in _ask_descriptors(subject(p, pid, tid))}
    except LinuxError as error:
        raise LinuxError(Errno.ENOENT) if error.errno == Errno.ESRCH else error from None


def _foreign_jump(s: Subject, fd: int, ours: bool) -> int:
    if ours:
        raise LinuxError(Errno.EACCES)
    return os.open(f"/proc/{s.host_pid}/fd/{fd}", O_PATH | os.O_CLOEXEC)


def _descriptor_node(fd: int, p: "Process") -> Node | None:
    entry = p.files.entry(_descriptor(p, fd))
    return entry.node if entry is not None else None


def _descriptor_text(fd: int, p: "Process") -> bytes:
    node = _descriptor_node(fd, p)
    if node is not None:
        return node.path
    return guest_path(p, os.readlink(b"/proc/self/fd/%d" % fd))


def _descriptor_jump(fd: int, p: "Process") -> int:
    return os.open(f"/proc/self/fd/{_descriptor(p, fd)}", O_PATH | os.O_CLOEXEC)


def guest_path(p: "Process", host: bytes) -> bytes:
    """What the guest calls an open file that the host calls `host`: a path, or such as pipe:[1].

    Of a file outside the zone's root (a standard descriptor that the operator gave) only the last name is told.
    """
    shm = os.path.join(os.fsencode(p.zone.runtime_dir), b"shm", b"")
    if host.startswith(shm):
        return b"/dev/shm/" + host[len(shm) :]
    if not host.startswith(b"/") or host.startswith((b"/dev/", b"/memfd:", b"/SYSV")):
        return host
    try:
        return p.fs.to_guest_path(host)
    except LinuxError:
        return b"(unreachable)/" + os.path.basename(host)


class Descriptors(_ProcessDirectory):
    """fd: a link for each open descriptor."""

    __slots__ = ()

    def is_own(self, p: "Process") -> bool:
        """See Node: a process that was root and is not dumpable still has its own."""
        return self.pid == p.pid

    def lookup(self, p: "Process", name: bytes) -> Node:
        """See Directory."""
        if self.pid != p.pid:
            return self._foreign(p, name)
        fd = _descriptor(p, _number(name))
        flags = fcntl.fcntl(fd, fcntl.F_GETFL)
        return DescriptorLink(
            self.child(name),
            partial(_descriptor_text, fd),
            partial(_descriptor_jump, fd),
            0 if O_PATH and flags & O_PATH else FD_MODES[flags & os.O_ACCMODE],
            partial(_descriptor_node, fd),
        )

    def _foreign(self, p: "Process", name: bytes) -> Node:
        found = _descriptors(p, self.pid, self.tid).get(_number(name))
        if found is None:
            raise LinuxError(Errno.ENOENT)
        fd, flags, text, ours = found
        permissions = 0 if O_PATH and flags & O_PATH else FD_MODES[flags & os.O_ACCMODE]
        about = partial(subject, pid=self.pid, tid=self.tid)
        return DescriptorLink(self.child(name), lambda p: text, lambda p: _foreign_jump(about(p), fd, ours), permissions)

    def names(self, p: "Process") -> list[tuple[bytes, int, int]]:
        """See Directory."""
        names = [b"%d" % fd for fd in _descriptors(p, self.pid, self.tid)]
        return [(name, Node(self.child(name), 0).ino(), DT_LNK) for name in names]


def _fdinfo(fd: int, s: Subject) -> bytes:
    node = s.process.files.entry(fd) if s.own else None
    return s.host(f"fdinfo/{fd}", b"pos:\t0\nflags:\t00\nmnt_id:\t0\nino:\t0\n") + (node.fdinfo(s.process) if node else b"")


class DescriptorInfo(_ProcessDirectory):
    """fdinfo: position and flags of each open descriptor."""

    __slots__ = ()

    def lookup(self, p: "Process", name: bytes) -> Node:
        """See Directory."""
        fd = _number(name)
        if fd not in _descriptors(p, self.pid, self.tid):
            raise LinuxError(Errno.ENOENT)
        return _file(self.child(name), self.pid, self.tid, Row(partial(_fdinfo, fd)))

    def names(self, p: "Process") -> list[tuple[bytes, int, int]]:
        """See Directory."""
        names = [b"%d" % fd for fd in _descriptors(p, self.pid, self.tid)]
        return [(name, Node(self.child(name), 0).ino(), DT_REG) for name in names]


def _exe_text(s: Subject) -> bytes:
    return s.exe


def _exe_jump(s: Subject) -> int:
    return s.asker.fs.open_path(s.exe)


def _directory(p: "Process") -> bytes:
    return p.fs.getcwd()


_cwd_text: Callable[[Subject], bytes] = _own(_directory)


def _cwd_jump(s: Subject) -> int:
    return s.asker.fs.open_path(b"." if s.own else _cwd_text(s))


def _cwd_node(s: Subject) -> Node | None:
    return s.asker.fs.cwd_node if s.own else None


def _root_jump(s: Subject) -> int:
    return s.asker.fs.open_path(b"/")


def _namespace_text(s: Subject, name: str) -> bytes:
    return os.readlink(os.fsencode(f"/proc/{s.host_pid}/ns/{name}"))


def _namespace_jump(s: Subject, name: str) -> int:
    return os.open(f"/proc/{s.host_pid}/ns/{name}", O_PATH | os.O_CLOEXEC)


class Namespaces(_ProcessDirectory):
    """ns: a link for each kind of namespace that the host knows."""

    __slots__ = ()

    def lookup(self, p: "Process", name: bytes) -> Node:
        """See Directory."""
        if name not in self._kinds():
            raise LinuxError(Errno.ENOENT)
        about, kind = partial(subject, pid=self.pid, tid=self.tid), os.fsdecode(name)
        return ProcessLink(
            self.child(name), lambda p: _namespace_text(about(p), kind), lambda p: _namespace_jump(about(p), kind)
        )

    def names(self, p: "Process") -> list[tuple[bytes, int, int]]:
        """See Directory."""
        return [(name, Node(self.child(name), 0).ino(), DT_LNK) for name in self._kinds()]

    @staticmethod
    def _kinds() -> list[bytes]:
        with suppress(OSError):
            return sorted(os.listdir(b"/proc/self/ns"))
        return []


def _memory(p: "Process") -> tuple[int, list[tuple[int, int, int, int]]]:
    return p.image, p.memory.regions()


def _forget_code(p: "Process") -> bool:
    p.engine.flush_code()
    return True


_MEMORY, _FORGET_CODE = len(_answers), len(_answers) + 1
_answers += [_memory, _forget_code]


def memory_of(p: "Process", pid: int) -> tuple[int, list[tuple[int, int, int, int]]]:
    """Which image a process has (Process.image), and AddressSpace.regions. ESRCH; EACCES if it does not answer."""
    if pid == p.pid:
        return _memory(p)
    image, regions = _ask_for(p, pid, _MEMORY)
    return image, [tuple(region) for region in regions]


def regions_of(t: "Thread", host_pid: int) -> list[tuple[int, int, int, int]]:
    """The memory of another process. ESRCH; EPERM, and a line to the operator if it does not answer."""
    try:
        return memory_of(t.process, t.zone.guest_pid(host_pid))[1]
    except LinuxError as error:
        if error.errno == Errno.ESRCH:
            raise
        raise t.unsupported("access to the memory of a process that does not answer:", host_pid, Errno.EPERM) from None


def forget_code(p: "Process", pid: int) -> None:
    """Have a process translate anew what it runs, because that has been written. ESRCH; EACCES if it does not answer."""
    if pid == p.pid:
        _forget_code(p)
    else:
        _ask_for(p, pid, _FORGET_CODE)


def _ask_for(p: "Process", pid: int, number: int) -> "Any":
    from lx.kernel.synthetic.asking import ask

    return ask(p, pid, int(p.zone.host_pid(pid)), number)


LINKS: Mapping[bytes, tuple[Callable[[Subject], bytes], Callable[[Subject], int]]] = {
    b"cwd": (_cwd_text, _cwd_jump),
    b"exe": (_exe_text, _exe_jump),
    b"root": (_constant(b"/"), _root_jump),
}
"""The magic links of /proc/PID: their text and their jump."""


ANSWERS = tuple(_answers)
"""What others may ask of a process, by number."""


def _file(path: bytes, pid: int, tid: int, row: Row) -> ProcessFile:
    def read(p: "Process") -> bytes:
        return row.read(subject(p, pid, tid))

    write = row.write
    if write is None:
        return ProcessFile(path, read, row.permissions)
    return ProcessFile(path, read, row.permissions, lambda p, data: write(subject(p, pid, tid), data))


WINDOWS = (b"mem", b"pagemap")
"""The files of /proc/PID that are read at an address."""


def _window(path: bytes, p: "Process", pid: int, name: bytes) -> Node:
    from lx.kernel.synthetic import memoryfiles

    return (memoryfiles.Memory if name == b"mem" else memoryfiles.Pagemap)(path, p, pid)


class Tasks(_ProcessDirectory):
    """task: a directory for each thread."""

    __slots__ = ()

    def _tids(self, p: "Process") -> list[int]:
        return sorted(t.tid for t in p.threads) if self.pid == p.pid else [self.pid]

    def lookup(self, p: "Process", name: bytes) -> Node:
        """See Directory."""
        tid = _number(name)
        if tid not in self._tids(p):
            raise LinuxError(Errno.ENOENT)
        return About(self.child(name), self.pid, tid)

    def names(self, p: "Process") -> list[tuple[bytes, int, int]]:
        """See Directory."""
        names = [b"%d" % tid for tid in self._tids(p)]
        return [(name, Node(self.child(name), 0).ino(), DT_DIR) for name in names]


class About(_ProcessDirectory):
    """/proc/PID, or /proc/PID/task/TID, which lacks a few names."""

    __slots__ = ()

    @property
    def _thread(self) -> bool:
        return b"/task/" in self.path

    def lookup(self, p: "Process", name: bytes) -> Node:
        """See Directory."""
        path, pid, tid = self.child(name), self.pid, self.tid
        row = FILES.get(name)
        if row is not None and (row.thread or not self._thread):
            return _file(path, pid, tid, row)
        if name in LINKS:
            text, jump = LINKS[name]
            node = (lambda p: _cwd_node(subject(p, pid, tid))) if name == b"cwd" else None
            return ProcessLink(path, lambda p: text(subject(p, pid, tid)), lambda p: jump(subject(p, pid, tid)), node=node)
        if name == b"fd":
            return Descriptors(path, pid, tid, 0o500)
        if name == b"fdinfo":
            return DescriptorInfo(path, pid, tid)
        if name == b"ns":
            return Namespaces(path, pid, tid, 0o511)
        if name in WINDOWS:
            return _window(path, p, pid, name)
        if name == b"task" and not self._thread:
            return Tasks(path, pid, pid)
        if name == b"net":
            from lx.kernel.synthetic import network

            return grow(path, files(path, network.READERS))
        raise LinuxError(Errno.ENOENT)

    def names(self, p: "Process") -> list[tuple[bytes, int, int]]:
        """See Directory."""
        found = [(name, DT_REG) for name, row in FILES.items() if row.thread or not self._thread]
        found += [(name, DT_REG) for name in WINDOWS]
        found += [(name, DT_LNK) for name in LINKS]
        found += [(name, DT_DIR) for name in (b"fd", b"fdinfo", b"net", b"ns", *(() if self._thread else (b"task",)))]
        return [(name, Node(self.child(name), 0).ino(), kind) for name, kind in sorted(found)]


def self_link() -> Link:
    """/proc/self."""
    return Link(b"/proc/self", lambda p: b"%d" % p.pid)


def thread_self_link() -> Link:
    """/proc/thread-self."""
    return Link(b"/proc/thread-self", lambda p: b"%d/task/%d" % (p.pid, p.thread.tid))
