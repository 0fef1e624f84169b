"""The zone's System V IPC objects: which of the host's are ours, and under which key.

An object is the host's own (shared memory must be; and the host then keeps counts of attachments, undoes semaphores of a
killed process, and charges its limits), made under a key of the zone's own: the guest's key mixed with the zone's secret. So
two zones, or a zone and the host, never meet by a key. An id is worth something only if it stands in the zone's table, a
file that all its processes map: a guest can name no object that its zone has not made. Ids, times and pids are the host's.
A private namespace of the host (unshare) was ruled out: it needs privilege, and all of a zone would have to be born in it.

Waiting: the host offers no descriptor for these objects and a guest never sleeps in a host call, so a call that must wait is
tried with IPC_NOWAIT and parked with a deadline, at first 0.2 ms away and up to 10 ms. Who waits for a semaphore stands
in the table, because the host, in which nobody sleeps, counts no waiters (GETNCNT).

The objects are removed when the zone ends. A host whose IPC is not Linux's answers ENOSYS.
"""

import fcntl
import os
from struct import Struct
from zlib import crc32

from lx.abi.errno import Errno, LinuxError
from lx.abi.ipc import IPC_PRIVATE, IpcFlags
from lx.abi.lean import Callable, Iterator, contextmanager, suppress
from lx.abi.word import s32
from lx.host import mqueues, sysv
from lx.kernel import hostmap

KINDS = ("shm", "sem", "msg")
SLOTS = 32768
"""IPCMNI of Linux: an id's low 15 bits are the host's index of the object, and so ours."""
SLOT = Struct("=Iiii")
"""id + 1 (0: free), the guest's key, the host's key, the number of semaphores."""
WAITER = Struct("=iiiHh")
"""pid, tid, semaphore id, its number, 1 if for zero."""
WAITERS = 2048
HEADER = 4096
SECRET_SIZE = 16
WAITERS_AT = HEADER + len(KINDS) * SLOTS * SLOT.size
QUEUE = Struct("=Q")
"""The variable part of a message queue's name on the host; 0: free."""
QUEUES = 1024
QUEUES_AT = WAITERS_AT + WAITERS * WAITER.size
FILE_SIZE = QUEUES_AT + QUEUES * QUEUE.size


class Table:
    """The table of one zone as one of its processes has it mapped."""

    def __init__(self, path: str, own: Callable[[int], int]) -> None:
        self.fd = own(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        with self.locked():
            if os.fstat(self.fd).st_size != FILE_SIZE:
                os.ftruncate(self.fd, FILE_SIZE)
                os.pwrite(self.fd, os.urandom(SECRET_SIZE), 0)
        self._address, self._map = hostmap.shared_file(self.fd, FILE_SIZE)

    def close(self) -> None:
        """Let go of it; for who is not of the zone."""
        hostmap.munmap(self._address, FILE_SIZE)
        os.close(self.fd)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Alone among the zone's processes."""
        fcntl.lockf(self.fd, fcntl.LOCK_EX)
        try:
            yield
        finally:
            fcntl.lockf(self.fd, fcntl.LOCK_UN)

    # ---- objects

    @staticmethod
    def _at(kind: str, index: int) -> int:
        return HEADER + (KINDS.index(kind) * SLOTS + index) * SLOT.size

    def _top(self, kind: str) -> int:
        """One more than the highest index that the zone has ever used."""
        at = SECRET_SIZE + 4 * KINDS.index(kind)
        return int.from_bytes(self._map[at : at + 4], "little")

    def _host_key(self, kind: str, key: int) -> int:
        secret = bytes(self._map[:SECRET_SIZE])
        return s32(crc32(secret + kind.encode() + (key & 0xFFFFFFFF).to_bytes(4, "little")) or 1)

    def _entry(self, kind: str, ident: int) -> tuple[int, int, int, int] | None:
        entry: tuple[int, int, int, int] = SLOT.unpack_from(self._map, self._at(kind, ident % SLOTS))
        return entry if ident >= 0 and entry[0] == ident + 1 else None

    def _record(self, kind: str, ident: int, key: int, host_key: int, size: int) -> None:
        index = ident % SLOTS
        semaphores = size if kind == "sem" else 0
        SLOT.pack_into(self._map, self._at(kind, index), ident + 1, key, host_key, semaphores)
        if index >= self._top(kind):
            at = SECRET_SIZE + 4 * KINDS.index(kind)
            self._map[at : at + 4] = (index + 1).to_bytes(4, "little")

    def check(self, kind: str, ident: int) -> None:
        """EINVAL for what is not an object of the zone."""
        if self._entry(kind, ident) is None:
            raise LinuxError(Errno.EINVAL)

    def key(self, kind: str, ident: int) -> int:
        """The guest's key of an object."""
        entry = self._entry(kind, ident)
        return entry[1] if entry else IPC_PRIVATE

    def semaphores(self, ident: int) -> int:
        """How many semaphores a set has. EINVAL."""
        entry = self._entry("sem", ident)
        if entry is None:
            raise LinuxError(Errno.EINVAL)
        return entry[3]

    def get(self, kind: str, key: int, size: int, flags: int) -> int:
        """shmget, semget, msgget: the id of the zone's object of a key, or of a new one. The host's errors, which are Linux's."""
        if key == IPC_PRIVATE:
            ident = sysv.get(kind, IPC_PRIVATE, size, flags)
            self._record(kind, ident, key, IPC_PRIVATE, size)
            return ident
        host_key = self._host_key(kind, key)
        with self.locked():
            if flags & IpcFlags.IPC_CREAT:
                with suppress(FileExistsError):
                    ident = sysv.get(kind, host_key, size, flags | IpcFlags.IPC_EXCL)
                    self._record(kind, ident, key, host_key, size)
                    return ident
            ident = sysv.get(kind, host_key, size, flags)
            if self._entry(kind, ident) is None:
                raise LinuxError(Errno.ENOSPC)
            return ident

    def remove(self, kind: str, ident: int) -> None:
        """IPC_RMID. A segment that is still attached is there, without a key, until nobody has it."""
        self.check(kind, ident)
        sysv.remove(kind, ident)
        entry = self._entry(kind, ident)
        if entry is not None:
            gone = kind != "shm" or not self._exists(kind, ident)
            SLOT.pack_into(self._map, self._at(kind, ident % SLOTS), 0 if gone else ident + 1, IPC_PRIVATE, 0, entry[3])

    @staticmethod
    def _exists(kind: str, ident: int) -> bool:
        try:
            sysv.filled(kind, ident, 2, 256)
        except OSError as error:
            return error.errno == Errno.EACCES
        return True

    def at_index(self, kind: str, index: int) -> int:
        """The id of the object at an index (SHM_STAT and its like). EINVAL."""
        if not 0 <= index < SLOTS:
            raise LinuxError(Errno.EINVAL)
        ident = int(SLOT.unpack_from(self._map, self._at(kind, index))[0]) - 1
        if ident < 0:
            raise LinuxError(Errno.EINVAL)
        return ident

    def idents(self, kind: str) -> list[int]:
        """The ids of the zone's objects, by index."""
        words = (SLOT.unpack_from(self._map, self._at(kind, index))[0] for index in range(self._top(kind)))
        return [word - 1 for word in words if word]

    def highest_index(self, kind: str) -> int:
        """The highest index in use; 0 if there is nothing."""
        return max((ident % SLOTS for ident in self.idents(kind)), default=0)

    # ---- POSIX message queues

    def queue_name(self, name: bytes) -> bytes:
        """The host's name of a message queue."""
        from hashlib import blake2b

        return b"lx-" + blake2b(name, digest_size=QUEUE.size, key=bytes(self._map[:SECRET_SIZE])).hexdigest().encode()

    def _queues(self) -> Iterator[tuple[int, bytes]]:
        for slot in range(QUEUES):
            at = QUEUES_AT + slot * QUEUE.size
            word = bytes(self._map[at : at + QUEUE.size])
            yield at, b"lx-" + word.hex().encode() if any(word) else b""

    def keep_queue(self, name: bytes) -> None:
        """A queue exists. Held locked; ENOSPC if there are too many."""
        free = -1
        for at, known in self._queues():
            if known == name:
                return
            if not known and free < 0:
                free = at
        if free < 0:
            mqueues.unlink(name)
            raise LinuxError(Errno.ENOSPC)
        self._map[free : free + QUEUE.size] = bytes.fromhex(name[3:].decode())

    def drop_queue(self, name: bytes) -> None:
        """A queue has no name any more. Held locked."""
        for at, known in self._queues():
            if known == name:
                self._map[at : at + QUEUE.size] = bytes(QUEUE.size)

    def remove_queues(self) -> None:
        """Take all their names away."""
        for _, name in self._queues():
            if name:
                with suppress(OSError):
                    mqueues.unlink(name)

    # ---- who waits for a semaphore

    def enlist(self, pid: int, tid: int, ident: int, number: int, zero: bool, alive: Callable[[int], bool]) -> int:
        """Enter a waiter; its slot, -1 if all are taken."""
        with self.locked():
            for slot in range(WAITERS):
                at = WAITERS_AT + slot * WAITER.size
                other = WAITER.unpack_from(self._map, at)[0]
                if not other or not alive(other):
                    WAITER.pack_into(self._map, at, pid, tid, ident, number, zero)
                    return slot
        return -1

    def dismiss(self, slot: int) -> None:
        """Take a waiter out."""
        if slot >= 0:
            WAITER.pack_into(self._map, WAITERS_AT + slot * WAITER.size, 0, 0, 0, 0, 0)

    def waiters(self, ident: int, number: int, zero: bool, alive: Callable[[int], bool]) -> int:
        """GETNCNT, GETZCNT: how many wait for a semaphore."""
        found = (WAITER.unpack_from(self._map, WAITERS_AT + slot * WAITER.size) for slot in range(WAITERS))
        return sum(w[2:] == (ident, number, zero) and w[0] != 0 and alive(w[0]) for w in found)


def remove_all(path: str) -> None:
    """The zone has ended: remove the objects of its table, if it has one."""
    if not os.path.exists(path):
        return
    table = Table(path, lambda fd: fd)
    for kind in KINDS:
        for ident in table.idents(kind):
            with suppress(OSError, LinuxError):
                table.remove(kind, ident)
    table.remove_queues()
    table.close()
