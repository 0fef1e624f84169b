"""The life of guest threads: their ids, birth and death.

A process's leader has the host's pid; a further thread has no host thread, so its id comes from where no host pid can be:
Linux's pids end at 4194304, whatever pid_max says. The id must also fit below the flag bits of a robust futex's word and, with
three bits beside it, into a clock id: below 2**29. Ids are given to a process in blocks, from a counter that all processes of
the zone share, so that no two threads of a zone ever have the same and every living one's id leads to its process.
"""

from lx.abi.errno import Errno, LinuxError
from lx.abi.lean import suppress
from lx.kernel.thread import Thread
from lx.kernel.wait import ProcessExit

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from lx.kernel.process import Process



class Tids:
    """The ids that a process may give to its further threads."""

    def __init__(self, process: "Process") -> None:
        self._zone = process.zone
        self._mine: Iterator[int] = iter(())

    def new(self) -> int:
        """An id that nobody in the zone has."""
        tid = next(self._mine, 0)
        if not tid:
            self._mine = iter(self._zone.new_tids())
            tid = next(self._mine)
        return tid

    def mark(self, t: "Thread", alive: bool) -> None:
        """Tell the zone that a thread with an id of its own has begun or ended."""
        if t.tid != t.process.pid:
            self._zone.set_tid(t.tid, alive)

    def forked(self) -> None:
        """In a child: the parent's ids are the parent's."""
        self._mine = iter(())


def create(t: Thread, stack: int, tls: int | None) -> Thread:
    """A new thread, ready to return 0 from t's call. stack 0, tls None: stack pointer and base as they are. EAGAIN."""
    _take_turns(t.process)
    process, engine, arch = t.process, t.engine, t.process.arch
    child = Thread(process, process.tids.new())
    child.comm, child.mask, child.fault, child.attributes = t.comm, t.mask, t.fault, t.attributes.cloned()
    t.context = engine.save(t.context)
    engine.answer_call(0)
    if stack:
        engine.set_register(arch.sp, stack)
    if tls is not None:
        engine.set_register(arch.tls, tls)
    child.context = engine.save()
    engine.restore(t.context)
    process.tids.mark(child, alive=True)
    process.threads.append(child)
    process.scheduler.ready.append(child)
    return child


def _take_turns(process: "Process") -> None:
    """There are going to be several threads. EAGAIN if the host gives no thread of its own that the pure engine needs for it."""
    try:
        process.scheduler.preempt(True)
    except RuntimeError:
        process.scheduler.preempt(False)
        raise LinuxError(Errno.EAGAIN) from None


def release(process: "Process", t: Thread) -> None:
    """What a dying thread, or one that execs, leaves: its id, and its memory with robust futexes and the word of its id.

    The word is cleared only if somebody else uses the memory (Linux 2.6.28, mm_release).
    """
    process.futexes.release(t)
    process.tids.mark(t, alive=False)
    address, t.clear_child_tid = t.clear_child_tid, 0
    shared = process.vfork_pipe >= 0 or any(other.alive and other is not t for other in process.threads)
    if address and shared:
        with suppress(LinuxError):
            process.memory.put_u32(address, 0)
            process.futexes.wake_at(address, 1)


def end(t: Thread, status: int) -> None:
    """The thread ends. The last one's end is the process's, with its status (0..255), since Linux 5.19."""
    process = t.process
    release(process, t)
    t.alive, t.context = False, None
    process.signals.drop(t)
    if process.tracer is not None:
        process.tracer.exit(t, status, 0)
    if t is not process.threads[0]:
        process.threads.remove(t)
    alive = len(process.threads) - (not process.threads[0].alive)
    if not alive:
        raise ProcessExit(status)
    process.scheduler.preempt(alive > 1)
    process.host_mask()
    process.attention()


def only(process: "Process", t: Thread) -> None:
    """All threads but this one are gone (fork, exec); it is the leader now, whatever it was."""
    process.scheduler.forget(*process.threads)
    for other in process.threads:
        if other is not t:
            other.alive, other.context = False, None
            if other.fs is not t.fs:
                other.fs.forget()
            if other.errand is not None:
                other.errand.drop()
            process.signals.drop(other)
    process.futexes.queues.clear()
    process.threads = [t]
    t.futexes = ()
    t.tid = process.pid
    process.scheduler.preempt(False)


def find(process: "Process", tid: int) -> Thread | None:
    """The thread of this process with this id, be it a leader that has ended."""
    return next((t for t in process.threads if t.tid == tid), None)
