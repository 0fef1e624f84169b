"""Futexes: how guest threads sleep on a word of memory.

A futex is named by what its address is (`key`): a private one by the address; one that is not said to be private likewise, if its
memory is private (the two kinds do not meet, as on Linux). Waiting never races with waking, because both happen between two
guest instructions and the threads of a process share one host thread. Of memory that processes share the futexes are the
host's (lx.host.futex), which names them by the file or object; no queue of ours is in that.

A priority-inheriting futex holds its owner's tid in the word; who unlocks one that is waited for hands it to the first waiter,
or, in shared memory, frees it and wakes one who tries again: the host knows no guest's tid. Nothing is inherited: the threads
of a process have one priority on the host.

A thread that dies releases what its robust list says it holds (`release`). The list is the guest's own memory and may be
anything: it is followed for 2048 steps at most. So that it can be followed however the process dies, one that shares memory takes
deadly signals itself, and who kills it asks it to die. Killed by somebody else (the host, outside the zone) it cannot: then who
waits in the kernel for a word with its id finds out (`bury`, twenty times a second), and who only tries the word does not.
"""

from struct import Struct

from lx.abi.errno import Errno, LinuxError
from lx.abi.futex import ANY_BIT, OWNER_DIED, TID_MASK, WAITERS
from lx.abi.lean import suppress
from lx.abi.mman import Prot
from lx.host import futex as host_futex

TYPE_CHECKING = False
if TYPE_CHECKING:

    from lx.kernel.process import Process
    from lx.kernel.thread import Thread

ROBUST_LIST_LIMIT = 2048
ROBUST_HEAD = Struct("<QqQ")
"""struct robust_list_head: list, futex_offset, list_op_pending. Linux uapi linux/futex.h."""


class Waiter:
    """A thread's place in the queue of a futex; it may have several (futex_waitv)."""

    __slots__ = ("address", "answer", "bitset", "key", "pi", "target", "thread")

    def __init__(
        self, thread: "Thread", key: int, address: int, bitset: int = ANY_BIT, *, pi: bool = False, answer: int = 0
    ) -> None:
        self.thread = thread
        self.key = key
        self.address = address
        self.bitset = bitset
        self.pi = pi
        """It waits for ownership of the word."""
        self.answer = answer
        """What the call answers whose waiter is woken here."""
        self.target = 0
        """The key of the priority-inheriting futex that it is to be moved to (WAIT_REQUEUE_PI)."""


class Futexes:
    """The futexes of one process that are waited for."""

    def __init__(self, process: "Process") -> None:
        self.process = process
        self.queues: dict[int, list[Waiter]] = {}

    # ---- names

    def key(self, address: int, *, private: bool) -> int:
        """The name of the futex at this address. EINVAL if it is not aligned, EFAULT if it is not in user space or, not private,
        not there, or in memory of the process's own that can never change."""
        if address & 3:
            raise LinuxError(Errno.EINVAL)
        if address > self.process.arch.task_size:
            raise LinuxError(Errno.EFAULT)
        if private:
            return address
        self.process.memory.u32(address)
        vma = self.process.memory.find(address)
        if vma is not None and vma.file is None and not vma.shared and not vma.prot & Prot.WRITE:
            raise LinuxError(Errno.EFAULT)
        return address | 1

    def host(self, address: int) -> int:
        """The host address of a futex that is not private, if processes share its memory; else 0. EINVAL, EFAULT as `key`."""
        self.key(address, private=False)
        return self.process.memory.shared_host(address)

    # ---- waiting and waking

    def queue(self, t: "Thread", waiters: "tuple[Waiter, ...]") -> None:
        """The thread is about to park, waiting in these places."""
        t.futexes = waiters
        for waiter in waiters:
            self._enqueue(waiter)

    def _enqueue(self, waiter: Waiter) -> None:
        queue = self.queues.get(waiter.key)
        if queue is None:
            self.queues[waiter.key] = [waiter]
        else:
            queue.append(waiter)

    def leave(self, t: "Thread") -> bool:
        """The thread waits no more. Whether it was waiting for ownership after WAIT_REQUEUE_PI moved it, or from the start."""
        waiters, t.futexes = t.futexes, ()
        owning = False
        for waiter in waiters:
            self._dequeue(waiter)
            owning |= waiter.pi
        return owning

    def _dequeue(self, waiter: Waiter) -> None:
        queue = self.queues[waiter.key]
        if len(queue) > 1:
            queue.remove(waiter)
        else:
            del self.queues[waiter.key]

    def _let_go(self, waiter: Waiter) -> None:
        t = waiter.thread
        t.answer = waiter.answer
        self.leave(t)
        if t.errand is not None:
            t.errand.drop()
            t.errand = None
        scheduler = self.process.scheduler
        if t in scheduler.parked:
            scheduler.wake(t)

    def wake_at(self, address: int, count: int) -> None:
        """Wake who waits for a word that is not said to be private."""
        host = self.host(address)
        if host:
            host_futex.call(host, host_futex.WAKE, count)
        else:
            self.wake(address | 1, count)

    def wake(self, key: int, count: int, bitset: int = ANY_BIT) -> int:
        """Wake up to so many waiters, first come first served; how many. EINVAL if one waits for ownership."""
        queue = self.queues.get(key)
        if queue is None:
            return 0
        woken = 0
        for waiter in tuple(queue):
            if woken >= count:
                break
            if waiter.pi or waiter.target:
                raise LinuxError(Errno.EINVAL)
            if waiter.bitset & bitset:
                self._let_go(waiter)
                woken += 1
        return woken

    def requeue(self, key: int, target: int, address: int, wake: int, move: int) -> int:
        """Wake so many waiters and let up to `move` others wait at another futex; how many were woken or moved."""
        done = 0
        for waiter in list(self.queues.get(key, ())):
            if waiter.pi or waiter.target:
                raise LinuxError(Errno.EINVAL)
            if done < wake:
                self._let_go(waiter)
            elif done < wake + move:
                self._move(waiter, target, address)
            else:
                break
            done += 1
        return done

    def _move(self, waiter: Waiter, target: int, address: int) -> None:
        if target != waiter.key:
            self._dequeue(waiter)
            waiter.key, waiter.address = target, address
            self._enqueue(waiter)

    # ---- ownership

    def take(self, t: "Thread", key: int, address: int, *, waiters: bool = False) -> bool:
        """Make the thread the owner of a free word, or have the word say that somebody waits for it (False).

        EDEADLK if it is the owner already, ESRCH if the owner is gone.
        """
        memory = self.process.memory
        word = memory.u32(address)
        owner = word & TID_MASK
        if owner == t.tid:
            raise LinuxError(Errno.EDEADLK)
        queue = self.queues.get(key)
        if queue and not queue[0].pi:
            raise LinuxError(Errno.EINVAL)
        if not owner and not queue:
            memory.put_u32(address, word & OWNER_DIED | t.tid | (WAITERS if waiters else 0))
            return True
        memory.put_u32(address, word | WAITERS)
        if owner and self.process.thread_of(owner) is None:
            raise LinuxError(Errno.ESRCH)
        return False

    def unlock(self, t: "Thread", key: int, address: int) -> None:
        """The owner gives the word to the first who waits for it, or frees it. EPERM for another."""
        memory = self.process.memory
        if memory.u32(address) & TID_MASK != t.tid:
            raise LinuxError(Errno.EPERM)
        if not self._hand_over(key, address, 0):
            memory.put_u32(address, 0)

    def _hand_over(self, key: int, address: int, died: int) -> bool:
        for waiter in self.queues.get(key, ()):
            if not waiter.pi:
                raise LinuxError(Errno.EINVAL)
            self.process.memory.put_u32(address, WAITERS | died | waiter.thread.tid)
            self._let_go(waiter)
            return True
        return False

    def requeue_pi(self, key: int, target: int, address: int, move: int) -> int:
        """CMP_REQUEUE_PI: the first waiter gets the word if it is free, up to `move` others wait for it; how many in all."""
        waiters = list(self.queues.get(key, ()))[: move + 1]
        if any(waiter.target != target for waiter in waiters):
            raise LinuxError(Errno.EINVAL)
        done = 0
        for waiter in waiters:
            if self.take(waiter.thread, target, address, waiters=len(waiters) > 1):
                self._let_go(waiter)
            else:
                waiter.target, waiter.pi = 0, True
                self._move(waiter, target, address)
            done += 1
        return done

    # ---- ownership in shared memory

    def take_shared(self, t: "Thread", address: int, *, waited: bool) -> int:
        """Make the thread the owner of a free word (0), or the word to wait at. EDEADLK, ESRCH."""
        swap = self.process.engine.compare_swap
        while True:
            word = self.process.memory.u32(address)
            if self.bury(address, word):
                continue
            owner = word & TID_MASK
            if owner == t.tid:
                raise LinuxError(Errno.EDEADLK)
            wanted = word | WAITERS if owner else word & OWNER_DIED | t.tid | (WAITERS if waited else 0)
            if swap(address, word, wanted) == word:
                break
        if not owner:
            return 0
        if self.process.thread_of(owner) is None:
            self.process.zone.host_pid(owner)
        return int(wanted)

    def bury(self, address: int, word: int) -> bool:
        """Say in a word of shared memory, as the kernel does, that the owner whom it names has been killed; whether it was so."""
        owner = word & TID_MASK
        if not owner or self.process.thread_of(owner) is not None or not self.process.zone.died_unheard(owner):
            return False
        return bool(self.process.engine.compare_swap(address, word, word & WAITERS | OWNER_DIED) == word)

    def announce(self, address: int, host: int) -> None:
        """Somebody waits for a word of shared memory now: have its owner tell when it is free; if it is, wake one."""
        swap = self.process.engine.compare_swap
        word = self.process.memory.u32(address)
        while word & TID_MASK and not word & WAITERS:
            seen = swap(address, word, word | WAITERS)
            if seen == word:
                return
            word = seen
        if not word & TID_MASK:
            host_futex.call(host, host_futex.WAKE, 1)

    def unlock_shared(self, t: "Thread", address: int, host: int) -> None:
        """The owner frees the word; one who waits for it tries again. EPERM for another."""
        while True:
            word = self.process.memory.u32(address)
            if word & TID_MASK != t.tid:
                raise LinuxError(Errno.EPERM)
            if self.process.engine.compare_swap(address, word, 0) == word:
                break
        host_futex.call(host, host_futex.WAKE, 1)

    # ---- death

    def release(self, t: "Thread") -> None:
        """Walk the robust list of a thread that dies: whoever waits for one of its futexes learns that the owner died."""
        (head, _), t.robust_list = t.robust_list, (0, 0)
        if head:
            with suppress(LinuxError):
                self._walk(t, head)
        for queue in [queue for queue in self.queues.values() if queue[0].pi]:
            word = self.process.memory.u32(queue[0].address)
            if word & TID_MASK == t.tid or (word & OWNER_DIED and not word & TID_MASK):
                self._hand_over(queue[0].key, queue[0].address, OWNER_DIED)

    def _walk(self, t: "Thread", head: int) -> None:
        memory = self.process.memory
        entry, offset, pending = memory.read_struct(head, ROBUST_HEAD)
        for _ in range(ROBUST_LIST_LIMIT):
            if entry & ~1 == head:
                break
            following = memory.u64(entry & ~1)
            if entry & ~1 != pending & ~1:
                self._owner_died(t, (entry & ~1) + offset, entry & 1, is_pending=False)
            entry = following
        if pending:
            self._owner_died(t, (pending & ~1) + offset, pending & 1, is_pending=True)

    def _owner_died(self, t: "Thread", address: int, pi: int, *, is_pending: bool) -> None:
        if address & 3:
            return
        word = self.process.memory.u32(address)
        if is_pending and not pi and not word:
            self.wake_at(address, 1)
        while word & TID_MASK == t.tid:
            was = self.process.engine.compare_swap(address, word, word & WAITERS | OWNER_DIED)
            if was == word:
                if word & WAITERS and (not pi or self.host(address)):
                    self.wake_at(address, 1)
                break
            word = was
