"""A guest process: one host process with one engine, one address space and its threads.

`run` is the life of the process: the engine runs a guest thread and serves its calls through the table; what is not a plain
return comes out here, and then the scheduler says which thread goes on. `failed` is the one return choke point: every exception
of a handler becomes a result here and nowhere else, and a call that must wait parks its thread here. Signals are delivered
only here, between two guest instructions.

fork is the host's fork: the child goes on inside the same handler with its own engine, memory and tables. A lone thread's plain
fork is made by the engine itself, and `settle` does in the child what is to be done there when Python is first needed. A vfork
child is a forked one whose writes are sent back to its suspended parent when it execs or exits, because programs (posix_spawn)
see them; only the thread that called vfork waits for it. exec replaces the image inside the same host process.
"""

from __future__ import annotations

import os
import struct
import time

from lx.abi.errno import Errno, LinuxError
from lx.abi.lean import suppress
from lx.abi.signals import BUS_ADRERR, SEGV_ACCERR, SEGV_MAPERR, SI_KERNEL, SIG_IGN, SaFlags, Signal, signal_name
from lx.cpu.arch import Access, Architecture, Stop
from lx.host import numbers
from lx.kernel import sleep, tasks
from lx.kernel.children import Children
from lx.kernel.futex import ROBUST_HEAD, Futexes
from lx.kernel.limits import Limits
from lx.kernel.marks import Mark
from lx.kernel.memory import AddressSpace, MemoryLimits
from lx.kernel.scheduler import POLLIN, Scheduler
from lx.kernel.signals import SIGCHLD_BIT, Signals, fault_info
from lx.kernel.thread import Thread
from lx.kernel.wait import Park, ProcessExit, ProcessKilled

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NoReturn, Protocol

    from lx.cpu.pure import Engine
    from lx.kernel.aio import Contexts
    from lx.kernel.chance import Chance
    from lx.kernel.children import End
    from lx.kernel.files import FileTable
    from lx.kernel.timers import Timers
    from lx.kernel.vfs import Fs
else:
    Protocol = object

PAGE = 4096
PAGE_FAULT, LAST_VECTOR = 14, 255
"""Numbers of exceptions; those above are ours (lx.cpu.arch.FORBIDDEN_...)."""
WITH_A_SIGNAL = frozenset({Errno.EPIPE, Errno.EFBIG, Errno.EIO})
"""What the host answers together with a signal to this thread (SIGPIPE, SIGXFSZ, SIGTTIN), which is looked for then."""

NO_ROOM = "a segment that ends in the middle of a page is not all in the file, or the stack may not grow (ulimit -s)"
"""What EFAULT means for a program whose headers are in order."""


class Table(Protocol):
    """What the process needs of syscalls.table.Table."""

    adapters: list[Any]
    handlers: list[Any]

    def row_at(self, number: int) -> Any:
        """The row of a number, None if there is no such call."""

    called: Any
    """called(number) is told of a call that is made for the first time."""

    def make_ready(self, calls: bytes) -> None:
        """Import and generate what these calls need, by number."""

    def complete(self) -> None:
        """Import all that is imported when it is first needed."""

    def constants(self) -> dict[int, str]:
        """Number to attribute of Thread, for calls that the engine may answer alone."""

    def direct(self) -> dict[int, str]:
        """Number to what the engine may do by itself on a plain descriptor."""


class Loader(Protocol):
    """What execve needs of the loader and the zone."""

    def prepare(
        self, process: Process, path: bytes, argv: list[bytes], envp: list[bytes], fd: int | None, *, hidden: bool
    ) -> Any:
        """Open and check a program; Linux's error."""

    def install(self, process: Process, program: Any, argv: list[bytes], envp: list[bytes]) -> None:
        """Map it into the empty address space and set the process to its start."""

    def open_at(self, process: Process, dirfd: int, name: bytes, follow: bool) -> tuple[int, bytes]:
        """A descriptor of a program file, and the path by which it is known."""


class Tracer(Protocol):
    """What the process tells a tracer."""

    def enter(self, t: Thread, number: int, args: tuple[int, ...]) -> None:
        """A call begins."""

    def leave(self, t: Thread, number: int, args: tuple[int, ...], result: int | None) -> None:
        """A call ends; None: the handler has set the registers."""

    def signal(self, t: Thread, info: bytes) -> None:
        """A signal is about to be acted on."""

    def exit(self, t: Thread, status: int, signo: int) -> None:
        """The process ends."""


class Process:
    """One guest process. Created once per host process; fork carries it over."""

    def __init__(
        self,
        zone: Any,
        arch: Architecture,
        engine: Engine,
        table: Table,
        files: FileTable,
        fs: Fs,
        load: Loader,
        limits: Limits,
    ) -> None:
        self.zone = zone
        self.arch = arch
        self.engine = engine
        self.table = table
        self.files = files
        self.use(fs)
        self.load = load
        self.host = numbers
        self.pid: int = zone.guest_pid(os.getpid())
        self.limits = limits
        self.memory = AddressSpace(engine, arch.task_size, self._memory_limits)
        self.signals = Signals(self)
        self.children = Children(self)
        self.memory.on_sharing = self._begin_to_share
        self.thread = Thread(self, self.pid)
        self.threads = [self.thread]
        """In the order of their creation, the leader first, be it dead or alive."""
        self.scheduler = Scheduler(self)
        self.chance: Chance | None = None
        self.futexes = Futexes(self)
        self.tids = tasks.Tids(self)
        self.exe = b""
        self.image = 0
        """How many programs it has been before this one."""
        self.argv: list[bytes] = []
        self.environ: list[bytes] = []
        self.auxv = b""
        self.stack_top = 0
        self.dumpable = 1
        self.tracer: Tracer | None = None
        self.strict = False
        self.restart_all = False
        self.stats: Any = None
        self.clock: Any = None
        self.vfork_pipe = -1
        self.host_blocked = 0
        self._never_blocked = numbers.mask_to_linux(engine.never_blocked)
        self._marks = 0
        self._children = -1
        """What `host_mask` has last said of SIGCHLD."""
        self.waits: dict[int, Any] = {}
        self.timers: Timers | None = None
        self.aio: Contexts | None = None
        self.barriers: set[int] = set()
        """membarrier commands that have been registered, and those that may be used for it."""
        self._shared_objects = 0
        self._host_parent = self._known_ppid = -1
        self.total_memory = os.sysconf("SC_PHYS_PAGES") * 4096
        self._pristine = engine.save()
        self._wake_read = self._wake_write = self._wake_owner = -1
        engine.set_table(table.adapters, self._unknown, self.failed, self._traced, table.handlers)
        engine.set_wake(-1, -1)
        table.called = zone.called
        self._constants: dict[str, list[int]] = {}
        for number, attribute in table.constants().items():
            self._constants.setdefault(attribute, []).append(number)
        for number, how in table.direct().items():
            engine.set_direct(number, how)
        engine.set_direct_descriptors(files.direct, files.kinds)
        self.signals.start()
        self.thread.mask = numbers.mask_to_linux(engine.signal_mask()) & ~SIGCHLD_BIT

    # ---- the life of the process

    def run(self) -> NoReturn:
        """Run the guest until it ends: raises ProcessExit or ProcessKilled."""
        engine, turn = self.engine, self.scheduler.turn
        self.refresh_constants()
        while True:
            t = self.thread
            stop = engine.run(t)
            if stop == Stop.FAULT and engine.fault_access == Access.FETCH:
                stop = self._approached()
            if stop == Stop.FAULT:
                self._fault(engine.fault_address, engine.fault_access)
            elif stop != Stop.ATTENTION:
                self._trap(stop)
            self.signals.collect()
            self.signals.deliver(turn(t))

    def _approached(self) -> int:
        """Run up to the instruction that cannot be fetched; the stop there.

        Unicorn fetches a block whole to translate it; if its last page is in the way, none of it has run.
        """
        arch, engine = self.arch, self.engine
        flags = engine.register(arch.flags)
        if engine.register(arch.pc) // PAGE == engine.fault_address // PAGE or flags & arch.step_flag:
            return int(Stop.FAULT)
        engine.set_register(arch.flags, flags | arch.step_flag)
        while (stop := engine.run(self.thread)) == Stop.INTERRUPT and engine.interrupt == arch.step_number:
            arch.forget_exception(engine, self._pristine)
        engine.set_register(arch.flags, engine.register(arch.flags) & ~arch.step_flag)
        return stop

    def _fault(self, address: int, access: int) -> None:
        vma = self.memory.find(address)
        error = 4 | (access == Access.WRITE) << 1 | (access == Access.FETCH) << 4
        if self.engine.bus:
            self.faulted(fault_info(Signal.SIGBUS, BUS_ADRERR, address), error, PAGE_FAULT, address)
        elif self._canonical(address):
            code = SEGV_ACCERR if vma is not None else SEGV_MAPERR
            error |= address >= self.memory.task_size or (vma is not None and vma.prot != 0 and self.memory.is_present(address))
            self.faulted(fault_info(Signal.SIGSEGV, code, address), error, PAGE_FAULT, address)
        else:
            self.faulted(fault_info(Signal.SIGSEGV, SI_KERNEL, 0), 0, self.arch.protection_number)

    def faulted(self, info: bytes, error: int, number: int, address: int | None = None) -> None:
        """A signal for a fault of the running thread, of which all its frames tell from now on. address: of a page fault."""
        t = self.thread
        t.fault = (error, number, t.fault[2] if address is None else address)
        self.signals.force(info)

    def _canonical(self, address: int) -> bool:
        half = self.arch.canonical_bits - 1
        return address >> half in (0, (1 << 64 - half) - 1)

    def _trap(self, stop: int) -> None:
        arch, engine = self.arch, self.engine
        number = engine.interrupt if stop == Stop.INTERRUPT else arch.invalid_number
        error = 0
        trap = arch.traps.get(number)
        if trap is None:
            number, error, trap = arch.protection_number, number << 3 | 2, arch.software_trap
        arch.forget_exception(engine, self._pristine)
        pc = engine.register(arch.pc) - trap.rewind
        engine.set_register(arch.pc, pc)
        shown = number if number <= LAST_VECTOR else arch.protection_number
        self.faulted(fault_info(trap.signal, trap.code, pc if trap.address else 0), error, shown)

    def attention(self) -> None:
        """Have signals looked at before the guest's next instruction."""
        self.engine.stop_run()

    def restart_call(self, number: int) -> None:
        """Set the registers so that the guest makes the interrupted call again."""
        arch, engine = self.arch, self.engine
        engine.set_register(arch.pc, engine.register(arch.pc) - arch.call_size)
        engine.set_register(arch.return_registers[0], number)

    # ---- the return choke point

    def failed(self, t: Thread, error: Exception) -> int | None:
        """What a handler's exception makes the call answer."""
        while True:
            if isinstance(error, LinuxError):
                result: int | None = -error.errno
            elif isinstance(error, Park):
                try:
                    if self.restart_all and self._restarts(t, error):
                        return self._restart(error)
                    result = self._wait(t, error)
                except (LinuxError, OSError, Park) as again:
                    error = again
                    continue
                if t.away:
                    return None
            elif isinstance(error, OSError) and error.errno is not None:
                result = -numbers.errno_to_linux(error.errno)
                if result == -Errno.EINTR:
                    return self._interrupted(t, getattr(error, "contract", ""))
                if -result in WITH_A_SIGNAL:
                    self.attention()
            else:
                raise error
            if t.call_parked:
                t.call_parked = False
                t.call_deadline = None
            return result

    def _wait(self, t: Thread, park: Park) -> int | None:
        """Park the thread. Its call's result if it can go on at once; with t.away set: other threads have the CPU first."""
        if not t.call_parked:
            t.call_parked = True
            if park.deadline is None:
                t.call_deadline = None
        scheduler = self.scheduler
        scheduler.park(t, park)
        while not scheduler.ready:
            scheduler.look(wait=True)
        if scheduler.ready[0] is not t:
            t.away = True
            self.attention()
            return None
        scheduler.ready.popleft()
        return self._again(t)

    def _restarts(self, t: Thread, park: Park) -> bool:
        """Under --restart-all: whether a call that would wait is to be made again, as after a signal without a handler. Once."""
        number, *_, pc = self.engine.call_words()
        contract = park.contract or self.table.row_at(number).restart.name.lower()
        if t.call_parked or park.deaf or t.call_progress.done or contract not in ("restart", "always"):
            return False
        first = t.restarted != (number, pc)
        t.restarted = (number, pc) if first else (0, 0)
        return first

    def _restart(self, park: Park) -> int | None:
        """End the wait, and make the call again unless it has come to a result."""
        try:
            answer = park.on_interrupt() if park.on_interrupt is not None else None
        except InterruptedError:
            answer = None
        if isinstance(answer, int):
            return answer
        self.restart_call(self.engine.call_words()[0])
        return None

    def _again(self, t: Thread) -> int | None:
        """Run a parked call again, or end it if a signal has ended the wait. The thread's registers are in the engine."""
        park, t.park = t.park, None
        if t.answer is not None:
            answer, t.answer = t.answer, None
            return answer
        if park is not None and not park.deaf and self.signals.interrupts(t):
            instead = park.on_interrupt() if park.on_interrupt is not None else None
            return instead if isinstance(instead, int) else self._interrupted(t, park.contract)
        number, *args = self.engine.call_words()[:7]
        result: int | None = self.table.adapters[number](t, *args)
        return result

    def resume(self, t: Thread) -> bool:
        """Go on with the call in which a thread was parked, as its turn has come; False if it is parked again."""
        t.away = False
        words = self.engine.reload_call()
        try:
            result = self._again(t)
        except Exception as error:
            result = self.failed(t, error)
        else:
            t.call_parked = False
            t.call_deadline = None
        if t.away:
            return False
        if self.tracer is not None:
            self.tracer.leave(t, words[0], words[1:7], result)
        if result is not None:
            self.engine.answer_call(result)
        return True

    def _interrupted(self, t: Thread, contract: str = "") -> int:
        number = self.engine.call_words()[0]
        contract = contract or self.table.row_at(number).restart.name.lower()
        t.interrupted = (contract, number)
        t.call_parked = False
        t.call_deadline = None
        self.attention()
        return -Errno.EINTR

    def children_wake(self) -> bool:
        """Whether a child's change wakes us (not while SIGCHLD is ignored, or pends on the host for a signalfd)."""
        if self.host_blocked & SIGCHLD_BIT:
            return False
        action = self.signals.actions[Signal.SIGCHLD]
        return action.handler != SIG_IGN and not action.flags & (SaFlags.NOCLDWAIT | SaFlags.NOCLDSTOP)

    def poll_now(self, fd: int, events: int) -> bool:
        """Whether a host descriptor is ready, in error or hung up."""
        return bool(sleep.poll(((fd, events),), 0)[0])

    def _unknown(self, t: Thread, number: int, *args: int) -> int:
        self.say_unsupported(f"system call {number}", Errno.ENOSYS, args)
        return -Errno.ENOSYS

    def _traced(self, t: Thread, number: int, *args: int) -> int | None:
        adapters = self.table.adapters
        handler = adapters[number] if 0 <= number < len(adapters) else None
        started = time.perf_counter_ns()
        if self.tracer is not None:
            self.tracer.enter(t, number, args)
        try:
            refused = self._refused(t, number, args) if t.attributes.seccomp_mode else None
            if refused is not None:
                result: int | None = refused[0]
            elif handler is None:
                result = self._unknown(t, number, *args)
            else:
                result = handler(t, *args)
        except Exception as error:
            result = self.failed(t, error)
        if self.tracer is not None and not t.away and t.alive:
            self.tracer.leave(t, number, args, result)
        if self.stats is not None:
            self.stats.count(number, time.perf_counter_ns() - started)
        return result

    def _refused(self, t: Thread, number: int, args: tuple[int, ...]) -> tuple[int | None] | None:
        """What a call answers that the thread's seccomp filters do not let through."""
        from lx.kernel.seccomp import refuse

        return refuse(t, number, args)

    # ---- the operator

    def say_unsupported(self, what: str, errno: Errno, args: tuple[int, ...] = ()) -> None:
        """One line to the operator, once for each `what`; under --strict the guest gets SIGSYS."""
        shown = f"({', '.join(f'{arg:#x}' for arg in args)})" if args else ""
        self.zone.operator.once(what, f"{self.comm.decode(errors='replace')}: unsupported {what}{shown}: {errno.name}")
        if self.strict:
            from lx.kernel.seccomp import force_sigsys

            number, *_, pc = self.engine.call_words()
            force_sigsys(self, number, pc, errno)

    def report_unsupported(self, row: Any, args: tuple[int, ...]) -> None:
        """A call that has a row and no handler."""
        self.say_unsupported(f"{row.name}", Errno.ENOSYS, args)

    # ---- facts

    def _memory_limits(self) -> MemoryLimits:
        memory = self.limits.memory()
        memory.total_memory = self.total_memory
        return memory

    @property
    def ppid(self) -> int:
        """The parent's guest pid; 0 if it is outside the zone."""
        parent = os.getppid()
        if parent != self._host_parent:
            self._host_parent = parent
            self._known_ppid = int(self.zone.guest_pid(parent)) if self.zone.has(parent) else 0
            self.engine.set_parent(parent, self._known_ppid)
        return self._known_ppid

    def refresh_constants(self, *changed: str) -> None:
        """Tell the engine the answers that change only when a call changes them (pid, user ids). changed: only these."""
        for attribute in changed or self._constants:
            value = getattr(self.thread, attribute)
            for number in self._constants.get(attribute, ()):
                self.engine.set_constant(number, value)

    def use(self, fs: Fs) -> None:
        """These are the running thread's root and working directory."""
        self.fs = fs
        fs.tell(self.engine)

    def _have_fs_in_common(self) -> None:
        """Other processes are going to have all threads' root and working directory too."""
        from lx.kernel.vfs.common import CommonFs

        self._use_for_all(CommonFs(self.fs))

    def have_own_fs(self) -> None:
        """Root and working directory are this process's alone again; on the host they are so already."""
        common = self.fs
        self._use_for_all(common.copied())
        common.let_go()

    def _use_for_all(self, fs: Fs) -> None:
        for t in self.threads:
            t.fs = fs
        self.use(fs)

    def set_thread(self, t: Thread) -> None:
        """Thread t has the CPU: its registers are in the engine."""
        self.thread = t
        if t.fs is not self.fs:
            if any(other.alive and other.fs is self.fs for other in self.threads):
                self.fs.leave()
            self.use(t.fs)
            self.fs.enter()
        self.refresh_constants("tid")

    @property
    def comm(self) -> bytes:
        """The name of the process is its leader's, at most 15 bytes."""
        return self.threads[0].comm

    @comm.setter
    def comm(self, name: bytes) -> None:
        self.threads[0].comm = name

    def thread_of(self, tid: int) -> Thread | None:
        """The living thread with this id."""
        return next((t for t in self.threads if t.tid == tid and t.alive), None)

    def next_shared(self) -> int:
        """An inode number for a new shared anonymous object."""
        self._shared_objects += 1
        return self._shared_objects

    def host_mask(self) -> None:
        """Block on the host what every thread blocks. SIGCHLD not, because sleeping for children sleeps in poll (see Signals)."""
        leader, awaited = self.threads[0], self.signals.awaited
        mask, kept = leader.mask, leader.mask | awaited
        if len(self.threads) > 1:
            mask = 2**64 - 1
            for t in self.threads:
                if t.alive:
                    mask &= t.mask
                    if not mask:
                        break
        mask &= ~awaited
        described = self.signals.described
        self.host_blocked = mask = mask & (~(SIGCHLD_BIT | self._never_blocked | self.signals.kept) | described)
        held = self.signals.held_for_vfork() if self.vfork_pipe >= 0 else 0
        self.engine.set_signal_mask(numbers.mask_to_host(mask | held))
        children = (kept & SIGCHLD_BIT) << 1 | mask & SIGCHLD_BIT
        if children != self._children:
            self._children = children
            self._mark(Mark.DEAF, bool(mask & SIGCHLD_BIT))
            self.engine.set_quiet_children(self.signals.children_are_quiet())
        if described & mask:
            self.signals.hand_over(mask)
        if self.signals.queue or self.signals.directed:
            self.attention()

    def _mark(self, mark: Mark, on: bool) -> None:
        """Have the zone know of this process."""
        if (self._marks & mark != 0) != on:
            self._marks ^= mark
            self.zone.set_marks(self._marks)

    def _begin_to_share(self) -> None:
        """Who shares memory may hold futexes of its robust lists there, which it must release however it dies."""
        self._mark(Mark.SHARES, on=True)
        self.signals.die_here()

    def stop(self, signo: int) -> None:
        """Stop the process as a default action does."""
        os.kill(os.getpid(), numbers.signal_to_host(Signal.SIGSTOP))

    # ---- fork

    def fork(
        self,
        *,
        vfork: bool = False,
        shared: bool = True,
        signo: int = int(Signal.SIGCHLD),
        sibling: bool = False,
        common_fs: bool = False,
        flags: int = 0,
    ) -> int:
        """The host's fork, of the calling thread alone. Guest pid of the child, or 0 in it.

        A thread that vforks is suspended until the child execs or ends, and sees then what that wrote if the memory is shared.
        signo: by what the child ends, 0 to 255. sibling: it is a child of the caller's parent, and ends as the caller does.
        common_fs: root, working directory and umask are one for both. flags: of the host's clone.
        """
        t = self.thread
        if t.vforked is not None:
            return self._receive_writes(t)
        self._make_ready()
        back = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK) if vfork else (-1, -1)
        end = self.children.next_end(signo, sibling=sibling)
        own_fs = not self.fs.common
        if common_fs and own_fs:
            self._have_fs_in_common()
        branch = self.zone.random.getrandbits(64)
        self.engine.set_signal_mask(2**64 - 1)
        try:
            pid = self._host_clone(flags) if flags else os.fork()
        except OSError:
            self.host_mask()
            if common_fs and own_fs:
                self.have_own_fs()
            if vfork:
                os.close(back[0])
                os.close(back[1])
            raise
        if common_fs:
            self.engine.set_forks(None)
        if pid == 0:
            self.zone.random.seed(branch)
            self.engine.forget_signals()
            self._after_fork(t, back, shared=shared, common_fs=common_fs, end=end)
            return 0
        self.zone.enter(pid)
        self.children.made(t, pid, end, sibling=sibling)
        self.host_mask()
        guest = int(self.zone.guest_pid(pid))
        if vfork:
            os.close(back[1])
            t.vforked = (guest, self.files.own(back[0]), bytearray())
            return self._receive_writes(t)
        return guest

    def _host_clone(self, flags: int) -> int:
        from lx.host.cloning import clone

        return clone(flags)

    def _make_ready(self) -> None:
        """What a process of the zone has needed for a call, this one's children may need: had before the fork, it is had once."""
        calls = self.zone.calls()
        self.table.make_ready(calls)
        self.engine.set_ready(calls)

    def settle(self, child_tid: int, robust_list: int) -> None:
        """In the child of a fork that the engine has made: all that it has put off. Before anything else is done here."""
        self._after_fork(self.thread, (-1, -1))
        self.thread.clear_child_tid = child_tid
        self.thread.robust_list = (robust_list, ROBUST_HEAD.size if robust_list else 0)

    def _after_fork(
        self,
        t: Thread,
        back: tuple[int, int],
        *,
        shared: bool = False,
        common_fs: bool = False,
        end: End | None = None,
    ) -> None:
        self.pid = self.zone.guest_pid(os.getpid())
        self.signals.forked(t)
        for other in self.threads:
            other.errand = None
        tasks.only(self, t)
        self.children.forked(end)
        if self.fs.common and not common_fs:
            self.have_own_fs()
        self.tids.forked()
        t.clear_child_tid = 0
        t.robust_list = (0, 0)
        self._host_parent = -1
        self.zone.enter(os.getpid())
        self.zone.set_marks(self._marks)
        self.engine.set_wake(-1, -1)
        for vma in [vma for vma in self.memory.vmas() if vma.dontfork]:
            self.memory.unmap(vma.start, vma.end - vma.start)
        if self.vfork_pipe >= 0:
            os.close(self.vfork_pipe)
            self.vfork_pipe = -1
            self.engine.watch_writes(None)
        if back[0] >= 0:
            os.close(back[0])
            os.set_blocking(back[1], True)
            self.vfork_pipe = self.files.own(back[1])
            self._before: dict[int, bytes] = {}
            if shared:
                self._watch_writes()
        self.host_mask()
        t.attributes.forked()
        if self.timers is not None:
            self.timers.forked()
        if self.aio is not None:
            self.aio.forked()
        if self.stats is not None:
            self.stats.forked(self)
        self.refresh_constants("pid", "tid")

    def _watch_writes(self) -> None:
        before, read = self._before, self.memory.read

        def remember(page: int) -> None:
            before[page] = read(page, 4096)

        self.engine.watch_writes(remember)

    def end_vfork(self) -> None:
        """A vfork child execs or exits: send what it wrote to the parent and let it go on."""
        if self.vfork_pipe < 0:
            return
        self.engine.watch_writes(None)
        parts = []
        for page, old in self._before.items():
            try:
                new = self.memory.read(page, 4096)
            except LinuxError:
                continue
            parts += [struct.pack("<QI", page + i, len(run)) + run for i, run in _changes(old, new)]
        data = memoryview(b"".join(parts))
        pipe, self.vfork_pipe = self.vfork_pipe, -1
        self._before = {}
        try:
            while data:
                data = data[os.write(pipe, data) :]
        except OSError:
            pass
        os.close(pipe)

    def _receive_writes(self, t: Thread) -> int:
        """After a vfork: wait for the child to let the thread go on, and take over what it wrote. The child's guest pid."""
        assert t.vforked is not None
        guest, pipe, data = t.vforked
        try:
            while part := os.read(pipe, 1 << 16):
                data += part
        except BlockingIOError:
            raise Park(((pipe, POLLIN),), deaf=True) from None
        t.vforked = None
        os.close(pipe)
        at = 0
        while at + 12 <= len(data):
            address, size = struct.unpack_from("<QI", data, at)
            at += 12
            with suppress(LinuxError):
                self.memory.write(address, bytes(data[at : at + size]))
            at += size
        return guest

    # ---- the wake pipe

    @property
    def wake_read(self) -> int:
        """What can be read when a signal has arrived. Made when this process first sleeps: most forked ones never do."""
        if self._wake_owner != self.pid:
            if self._wake_owner >= 0:
                os.close(self._wake_read)
                os.close(self._wake_write)
            read, write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
            self._wake_read, self._wake_write = self.files.own(read), self.files.own(write)
            self._wake_owner = self.pid
            self.engine.set_wake(self._wake_read, self._wake_write)
        return self._wake_read

    def wake_up(self) -> None:
        """Have a process that sleeps look at what it waits for: called by other host threads."""
        self.engine.wake()

    # ---- exec and exit

    def exec(
        self, path: bytes, argv: list[bytes], envp: list[bytes], fd: int | None = None, *, hidden: bool = False
    ) -> None:
        """Replace the image. Linux's error while the old one is intact; after that a failure kills.

        fd: the program, open already, and closed with it. hidden: `path` will not lead to it in the new image.
        """
        program = self.load.prepare(self, path, argv, envp, fd, hidden=hidden)
        try:
            self.children.execed()
            self.end_vfork()
            t = self.thread
            for other in self.threads:
                if other.alive:
                    tasks.release(self, other)
            tasks.only(self, t)
            self.host_mask()
            self.memory.clear()
            self.image += 1
            t.altstack_sp = t.altstack_size = 0
            self.signals.exec_reset()
            if self.timers is not None:
                self.timers.clear()
            if self.aio is not None:
                self.aio.execed()
            self.barriers.clear()
            self.files.exec_close()
            self.load.install(self, program, argv, envp)
        except (LinuxError, OSError) as error:
            why = f" ({NO_ROOM})" if error.errno == Errno.EFAULT else ""
            self.zone.operator.say(f"{path.decode(errors='replace')}: cannot be loaded: {error}{why}")
            raise ProcessKilled(Signal.SIGSEGV) from None
        finally:
            program.close()
        self.zone.publish(self)
        self.refresh_constants()

    def end(self, status: int, signo: int) -> None:
        """The last things a process does, whatever ended it."""
        self.end_vfork()
        for t in self.threads:
            if t.alive:
                tasks.release(self, t)
                if self.tracer is not None:
                    self.tracer.exit(t, status, signo)
        self._mark(Mark.ENDED, on=True)
        if self.stats is not None:
            self.stats.report(self)
        self.zone.close()


def die(process: Process, cause: ProcessExit | ProcessKilled) -> NoReturn:
    """End the host process as the guest process ended."""
    if isinstance(cause, ProcessExit):
        process.end(cause.status, 0)
        os._exit(cause.status)
    process.end(0, cause.signo)
    number = numbers.signal_to_host(cause.signo)
    import resource

    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
    process.engine.reset_signal(number)
    os.kill(os.getpid(), number)
    process.zone.operator.say(f"the host did not end the process by {signal_name(cause.signo)}")
    os._exit(128 + cause.signo)


def _changes(old: bytes, new: bytes) -> list[tuple[int, bytes]]:
    """The runs of 64-byte lines in which two pages differ, cut to the bytes that do."""
    runs: list[tuple[int, bytes]] = []
    for line in range(0, len(old), 64):
        a, b = old[line : line + 64], new[line : line + 64]
        if a != b:
            differ = [i for i in range(64) if a[i] != b[i]]
            for i in differ:
                if runs and runs[-1][0] + len(runs[-1][1]) == line + i:
                    runs[-1] = (runs[-1][0], runs[-1][1] + b[i : i + 1])
                else:
                    runs.append((line + i, b[i : i + 1]))
    return runs
