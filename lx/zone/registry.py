"""Which host processes are of a zone, and what the zone's processes share: one file, mapped by all of them.

A process is of the zone if the word of its host pid holds a time (clock ticks since boot) at which it was there: a pid that the
host gives to somebody else later starts after that, so a process that died without a word (SIGKILL, reaped elsewhere) leaves
nothing that lies. Words are written whole, by parent and child, whoever learns of the process first.

Thread ids beyond the host's pids are given out in blocks; a word for each block holds the pid of the process that has it, another
which of its threads live. A byte for each pid holds what the process lets the others know (lx.kernel.marks).
A process with another exit signal than SIGCHLD has a record of it (lx.kernel.children), worth something while pid and parent are
those of whom it was written.

The file is sparse; its first page holds the zone's host and domain name, which system calls have been made and the hashes of what
the operator has been told. A page is claimed before it is touched, because a full disk would answer the touch with SIGBUS. Where
the file cannot be had (a full disk, RLIMIT_FSIZE) memory without a name takes its place: the process's children share it,
`lx run --zone` does not.
"""

import errno
import fcntl
import mmap
import os
import struct
import time

from lx.abi.lean import Callable, Iterator, contextmanager

HEADER = PAGE = 4096
NAME_SIZE = 65
HOSTNAME_AT, DOMAINNAME_AT, NEXT_BLOCK_AT, FORKED_AT, CALLED_AT, TOLD_AT = 0, 128, 256, 260, 512, 1024
CALLS = TOLD_AT - CALLED_AT
TOLD_SLOTS = (HEADER - TOLD_AT) // 4
WORD = struct.Struct("=Q")
PID_MAX = 4 << 20
TIDS_AT = HEADER + WORD.size * PID_MAX
TID_BLOCK = 64
BLOCKS = ((1 << 28) - PID_MAX) // TID_BLOCK
LIVE_AT = TIDS_AT + 4 * BLOCKS
MARKS_AT = LIVE_AT + WORD.size * BLOCKS
ENDS_AT = MARKS_AT + PID_MAX
END = struct.Struct("=QIB??x")
"""When the process started (clock ticks since boot), its parent, its exit signal; whether it has become another program since,
and whether its parent has."""
REPLACED, ESTRANGED = 13, 14
SIZE = ENDS_AT + END.size * PID_MAX
STARTED = 19
TICK_NS = 10_000_000
SINCE_BOOT = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
"""The clock of `started`, in nanoseconds."""


def _stat(pid: int) -> list[bytes]:
    """The fields of a host process's /proc/PID/stat from the state on; nothing if there is none."""
    try:
        fd = os.open(b"/proc/%d/stat" % pid, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return []
    try:
        return os.read(fd, 4096).rpartition(b")")[2].split()
    except OSError:
        return []
    finally:
        os.close(fd)


def started(pid: int) -> int:
    """When a host process started, in clock ticks since boot; 0 if there is none. A host without /proc: 1 for any."""
    fields = _stat(pid)
    if len(fields) > STARTED:
        return int(fields[STARTED])
    return 0 if os.path.exists("/proc/self/stat") else 1


def ended(pid: int) -> bool:
    """Whether a host process is gone, or a zombie."""
    return _stat(pid)[:1] in ([], [b"Z"], [b"X"])


def children() -> list[int]:
    """The pids of the calling process's children, dead ones too, eldest first."""
    me = os.getpid()
    try:
        with open(f"/proc/self/task/{me}/children", "rb") as file:
            return [int(pid) for pid in file.read().split()]
    except OSError:  # a host without CONFIG_PROC_CHILDREN
        return [pid for pid in map(int, filter(str.isdigit, os.listdir("/proc"))) if _stat(pid)[1:2] == [b"%d" % me]]


class Registry:
    """The shared file of one zone."""

    def __init__(self, path: str) -> None:
        self._path = path
        self.claimed = bytearray(SIZE // PAGE + 1)
        """By page, whether it can be touched."""
        self.claimed[0] = 1
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            if os.fstat(fd).st_size != SIZE:
                os.ftruncate(fd, SIZE)
            os.posix_fallocate(fd, 0, HEADER)
            self.map = mmap.mmap(fd, SIZE)
        except OSError:
            self.map = mmap.mmap(-1, SIZE)
            self.claimed = bytearray(b"\1" * len(self.claimed))
        finally:
            os.close(fd)
        self._parent = (0, False)
        self._fd = -1

    def hold(self, own: Callable[[int], int]) -> None:
        """Keep the file open, which a guest that is somebody else by then could not open again. own: as in Roster."""
        self._fd = own(os.open(self._path, os.O_RDWR | os.O_CLOEXEC))

    def _claim(self, at: int) -> bool:
        """Make sure that the page of an offset can be touched; False if the disk has no room for it."""
        page = at // PAGE
        if self.claimed[page]:
            return True
        try:
            fd = self._fd if self._fd >= 0 else os.open(self._path, os.O_RDWR | os.O_CLOEXEC)
        except OSError:  # the zone has ended
            return True
        try:
            os.posix_fallocate(fd, page * PAGE, PAGE)
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                return False
        finally:
            if fd != self._fd:
                os.close(fd)
        self.claimed[page] = 1
        return True

    @contextmanager
    def _locked(self) -> Iterator[None]:
        fcntl.lockf(self._fd, fcntl.LOCK_EX)
        try:
            yield
        finally:
            fcntl.lockf(self._fd, fcntl.LOCK_UN)

    # ---- thread ids

    def take_tids(self, pid: int) -> range:
        """A block of ids that belongs to this process from now on."""
        with self._locked():
            block = struct.unpack_from("=I", self.map, NEXT_BLOCK_AT)[0]
            while self._claim(TIDS_AT + 4 * block) and self.has(struct.unpack_from("=I", self.map, TIDS_AT + 4 * block)[0]):
                block = (block + 1) % BLOCKS
            if not self._claim(TIDS_AT + 4 * block) or not self._claim(LIVE_AT + WORD.size * block):
                raise OSError(errno.EAGAIN, "no room for thread ids")
            WORD.pack_into(self.map, LIVE_AT + WORD.size * block, 0)
            struct.pack_into("=I", self.map, TIDS_AT + 4 * block, pid)
            struct.pack_into("=I", self.map, NEXT_BLOCK_AT, (block + 1) % BLOCKS)
        first = PID_MAX + TID_BLOCK * block
        return range(first, first + TID_BLOCK)

    def set_tid(self, tid: int, alive: bool) -> None:
        """A thread of the calling process, to whom the id belongs, begins or ends."""
        block, index = divmod(tid - PID_MAX, TID_BLOCK)
        at = LIVE_AT + WORD.size * block
        word = WORD.unpack_from(self.map, at)[0] & ~(1 << index)
        WORD.pack_into(self.map, at, word | alive << index)

    def owner_of_tid(self, tid: int) -> int:
        """The pid of the process whose thread this is, unless the process has died without a word; 0 if there is none."""
        block, index = divmod(tid - PID_MAX, TID_BLOCK)
        at, live = TIDS_AT + 4 * block, LIVE_AT + WORD.size * block
        if not 0 <= block < BLOCKS or not self._claim(at) or not self._claim(live):
            return 0
        alive = WORD.unpack_from(self.map, live)[0] >> index & 1
        return int(struct.unpack_from("=I", self.map, at)[0]) if alive else 0

    # ---- members

    @property
    def forked(self) -> bool:
        """Whether a process of the zone has ever forked."""
        return self.map[FORKED_AT] != 0

    def forking(self) -> None:
        """A process of the zone forks."""
        self.map[FORKED_AT] = 1

    def enter(self, pid: int) -> None:
        """A process that lives, or that nobody has waited for yet, is of the zone."""
        at = HEADER + WORD.size * pid
        if self._claim(at):
            WORD.pack_into(self.map, at, time.clock_gettime_ns(SINCE_BOOT) // TICK_NS)

    def leave(self, pid: int) -> None:
        """A process has been waited for."""
        at = HEADER + WORD.size * pid
        if self._claim(at):
            WORD.pack_into(self.map, at, 0)

    def has(self, pid: int) -> bool:
        """Whether a host process is of the zone."""
        if not 0 < pid < PID_MAX:
            return False
        at = HEADER + WORD.size * pid
        since = WORD.unpack_from(self.map, at)[0] if self._claim(at) else 0
        return bool(since) and 0 < started(pid) <= since

    def set_marks(self, pid: int, marks: int) -> None:
        """What a process lets the others know."""
        if self._claim(MARKS_AT + pid):
            self.map[MARKS_AT + pid] = marks

    def marks(self, pid: int) -> int:
        """What a process of the zone has let the others know."""
        return self.map[MARKS_AT + pid] if self._claim(MARKS_AT + pid) else 0

    # ---- how ends are told

    def set_exit_signal(self, pid: int, parent: int, signo: int, estranged: bool) -> None:
        """A process is born with another exit signal than SIGCHLD; written by whoever learns of it first."""
        at, since = ENDS_AT + END.size * pid, started(pid)
        if self._claim(at):
            with self._locked():
                if END.unpack_from(self.map, at)[:2] != (since, parent):
                    END.pack_into(self.map, at, since, parent, signo, False, estranged)

    def change_end(self, pid: int, which: int) -> None:
        """A process that may have such a record is REPLACED or ESTRANGED."""
        at = ENDS_AT + END.size * pid
        if self._claim(at):
            self.map[at + which] = 1

    def end(self, pid: int, parent: int) -> tuple[int, bool] | None:
        """The exit signal of a process, and whether it is ESTRANGED; None if it is any process that ends with SIGCHLD."""
        at = ENDS_AT + END.size * pid
        if not self._claim(at):
            return None
        since, whose, signo, replaced, estranged = END.unpack_from(self.map, at)
        if not since or whose != parent or replaced or since != started(pid):
            return None
        return signo, estranged

    def has_parent(self, pid: int) -> bool:
        """`has` for the caller's own parent, which cannot change without its pid's changing: asked once for each."""
        if self._parent[0] != pid:
            self._parent = (pid, self.has(pid))
        return self._parent[1]

    def members(self) -> list[int]:
        """The host pids of the zone's processes."""
        return [pid for pid in map(int, filter(str.isdigit, os.listdir("/proc"))) if self.has(pid)]

    # ---- names

    def _name(self, at: int) -> bytes:
        return self.map[at : at + NAME_SIZE].partition(b"\0")[0]

    def _set_name(self, at: int, name: bytes) -> None:
        self.map[at : at + NAME_SIZE] = name[: NAME_SIZE - 1].ljust(NAME_SIZE, b"\0")

    @property
    def hostname(self) -> bytes:
        """The zone's host name."""
        return self._name(HOSTNAME_AT)

    @hostname.setter
    def hostname(self, name: bytes) -> None:
        self._set_name(HOSTNAME_AT, name)

    @property
    def domainname(self) -> bytes:
        """The zone's NIS domain name."""
        return self._name(DOMAINNAME_AT)

    @domainname.setter
    def domainname(self, name: bytes) -> None:
        self._set_name(DOMAINNAME_AT, name)

    # ---- which calls are made

    def called(self, number: int) -> None:
        """A process of the zone has made this system call."""
        if number < CALLS:
            self.map[CALLED_AT + number] = 1

    @property
    def calls(self) -> bytes:
        """By number, whether a call is made in the zone."""
        return self.map[CALLED_AT : CALLED_AT + CALLS]

    # ---- what has been said

    def first(self, key: str) -> bool:
        """Whether nobody in the zone has asked this of `key` before. Beyond 768 keys everything is the first."""
        from zlib import crc32

        word = crc32(key.encode()) or 1
        for i in range(TOLD_SLOTS):
            at = TOLD_AT + 4 * ((word + i) % TOLD_SLOTS)
            told = struct.unpack_from("=I", self.map, at)[0]
            if told == word:
                return False
            if not told:
                struct.pack_into("=I", self.map, at, word)
                return True
        return True
