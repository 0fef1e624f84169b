"""Signals of one process: dispositions, delivery, and what the host does of it.

Host signals are the guest's signals. A signal whose guest action is the default or to be ignored has that action on the host
too, so the host stops, continues and kills without us (but for a process that shares memory or is traced: `die_here`); one with
a handler is caught by the engine, which queues its siginfo and stops the CPU. The host's mask is what all threads block, so
that pending signals stay pending where kill(2) put them, but for SIGCHLD: it is always caught and never blocked on the host,
because waiting for children sleeps in poll, and others ask by it; blocked, it waits in our own queue. So does SIGBUS, ignored
or blocked, where the engine must have it (a mapped file that is truncated while it is read from). What a signalfd reads has to
be pending on the host: once a signal has been in the set of one, it is handed back to the host whenever all threads block it,
SIGCHLD too. What a twin of signalfd reads (lx.kernel.twins.signals) waits in our queue.

A signal for the process is for the first thread, the leader before others, that does not block it. One for a thread (tgkill, a
fault) never touches the host unless it comes from another process and is for the leader; other threads get letters
(lx.kernel.letters). What a process's own tgkill of signal KICK brings from the host is for one of our helpers.

Faults of the guest CPU are never host signals: they are made here with Linux's si_code and si_addr and cannot be blocked.
"""

import os
from _signal import SIG_IGN as HOST_IGNORED
from _signal import getsignal

from lx.abi.errno import LinuxError
from lx.abi.record import dataclass, replace
from lx.abi.signals import (
    DUMPS_BY_DEFAULT,
    FAULT_INFO,
    IGNORED_BY_DEFAULT,
    NSIG,
    SI_KERNEL,
    SI_TIMER,
    SI_TKILL,
    SI_USER,
    SIG_DFL,
    SIG_IGN,
    SIGINFO_HEAD,
    SIGINFO_SIZE,
    SIGRTMIN,
    STOPS_BY_DEFAULT,
    UNBLOCKABLE,
    USER_INFO,
    SaFlags,
    Signal,
    SsFlags,
    bit,
)
from lx.abi.wait import CLD_EXITED, ENDS
from lx.cpu.arch import KICK
from lx.kernel.wait import ProcessKilled

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lx.kernel.process import Process
    from lx.kernel.thread import Thread


PYTHONS_OWN = (Signal.SIGPIPE, Signal.SIGXFSZ)
SIGCHLD = int(Signal.SIGCHLD)
SIGCHLD_BIT = 1 << SIGCHLD - 1
OF_TERMINALS = (Signal.SIGTTIN, Signal.SIGTTOU)
"""Who makes a call of a terminal in the background is the first to look for the signal that this sends to its group."""
GLIBCS_OWN = (32, 33)
OF_THE_CPU = frozenset({Signal.SIGSEGV, Signal.SIGBUS, Signal.SIGILL, Signal.SIGFPE, Signal.SIGTRAP, Signal.SIGSYS})
"""What the emulator dies of if it is itself at fault, and would not if it were caught (abort sees to it that it does)."""
SPARES = IGNORED_BY_DEFAULT | STOPS_BY_DEFAULT
"""Whose default action kills nobody."""
LEFT_TO_HOST = OF_THE_CPU | SPARES | {Signal.SIGKILL, *GLIBCS_OWN, KICK}


@dataclass(frozen=True, slots=True)
class Action:
    """What a signal does: handler address (or SIG_DFL, SIG_IGN), flags, restorer address, mask during the handler."""

    handler: int = SIG_DFL
    flags: int = 0
    restorer: int = 0
    mask: int = 0


DEFAULT = Action()


@dataclass(frozen=True, slots=True)
class Pending:
    """A signal on its way: its siginfo, and whether the thread caused it and can neither block nor ignore it."""

    signo: int
    info: bytes
    forced: bool = False


QUESTION = -73
"""The si_code of a question: see lx.kernel.synthetic.asking."""


class Signals:
    """The signal state of a process."""

    def __init__(self, process: "Process") -> None:
        self.process = process
        self.actions: list[Action] = [DEFAULT] * (NSIG + 1)
        self.queue: list[Pending] = []
        """For the process."""
        self.directed = 0
        """How many are for single threads."""
        self.waiting: list[Thread] = []
        """The threads that have `awaited` signals."""
        self.child_event = False
        self.timed = 0
        """Those that timers send to single threads: the host must not act on them for the process."""
        self.described = 0
        """The signals that a signalfd of the host's has been asked for."""
        self.dies_here = False
        """Whether default actions that kill are taken by us."""
        self.kept = 0
        """Those that a twin of signalfd reads: the host gives them to us, blocked and ignored or not."""

    def start(self) -> None:
        """Give the host the dispositions of a new program: what was ignored stays so. Python's own are undone.

        Python ignores SIGPIPE and SIGXFSZ at its start, whatever they were; they are taken to have been the default.
        """
        for signo in range(1, NSIG + 1):
            number = self.process.host.signal_to_host(signo)
            if number and signo not in PYTHONS_OWN and getsignal(number) == HOST_IGNORED:
                self.actions[signo] = Action(SIG_IGN)
        for signo in (Signal.SIGINT, Signal.SIGPIPE, Signal.SIGXFSZ, Signal.SIGBUS, Signal.SIGCHLD):
            self._tell_host(signo)

    def set_action(self, signo: int, action: Action) -> None:
        """sigaction: the signal is valid and not SIGKILL or SIGSTOP."""
        self.actions[signo] = action
        ignored = action.handler == SIG_IGN or (action.handler == SIG_DFL and signo in IGNORED_BY_DEFAULT)
        if ignored:
            self.queue = [pending for pending in self.queue if pending.signo != signo]
            for t in self.process.threads:
                self._keep(t, [pending for pending in t.pending if pending.signo != signo])
        self._tell_host(signo)
        if signo == Signal.SIGTSTP and self.process.vfork_pipe >= 0:
            self.process.host_mask()

    def held_for_vfork(self) -> int:
        """What the host holds back from the child of a vfork until it execs: SIGTSTP, if that stops it.

        ^Z is for a whole group. A child that it stops before its exec leaves a parent that cannot stop: it waits in vfork,
        and a shell that waits for both. Linux has this race, for the microsecond between sigprocmask and execve of a program that
        blocks signals around vfork; here that takes milliseconds.
        """
        return 0 if self.actions[Signal.SIGTSTP].handler else bit(Signal.SIGTSTP)

    def _keep(self, t: "Thread", pending: list[Pending]) -> None:
        self.directed += len(pending) - len(t.pending)
        t.pending = pending

    def forked(self, t: "Thread") -> None:
        """In a child: nothing is pending, and of its threads only the one that forked goes on."""
        self.queue.clear()
        self.directed = 0
        self.child_event = False
        t.pending = []

    def drop(self, t: "Thread") -> None:
        """The thread is gone, and what was pending for it."""
        self._keep(t, [])
        if t.awaited:
            t.awaited = 0
            self.waiting.remove(t)

    @property
    def awaited(self) -> int:
        """The signals that some thread waits for."""
        mask = 0
        for t in self.waiting:
            mask |= t.awaited
        return mask

    def children_are_quiet(self) -> bool:
        """Whether a child's change, of which the host tells, is only looked for by who waits, and a signal for nobody."""
        if self.actions[SIGCHLD].handler != SIG_DFL or self.process.threads[0].mask & SIGCHLD_BIT:
            return False
        if self.process.children.odd or self.awaited & SIGCHLD_BIT:
            return False
        return self.process.children_wake()

    def children_vanish(self) -> bool:
        """Whether nobody has to wait for children that end with SIGCHLD."""
        action = self.actions[SIGCHLD]
        return action.handler == SIG_IGN or bool(action.flags & SaFlags.NOCLDWAIT)

    def children_changed(self) -> None:
        """The process has become one that looks after its children's ends itself, or is not one any more."""
        self._tell_host(SIGCHLD)

    def _tell_host(self, signo: int) -> None:
        if signo == Signal.SIGCHLD:
            self.process.engine.set_quiet_children(self.children_are_quiet())
        action = self.actions[signo]
        engine = self.process.engine
        number = self.process.host.signal_to_host(signo)
        if not number:  # the host has no such signal, and nobody can send it
            return
        flags = action.flags & (SaFlags.NOCLDSTOP | SaFlags.NOCLDWAIT)
        ignored = action.handler == SIG_IGN
        if signo == Signal.SIGCHLD:
            left = self.children_vanish() and not self.process.children.odd
            engine.catch_signal(number, flags & SaFlags.NOCLDSTOP | (SaFlags.NOCLDWAIT if left else 0))
        elif (self.awaited | self.timed | self.kept) & bit(signo):
            engine.catch_signal(number, 0)
        elif ignored:
            engine.ignore_signal(number, flags)
        elif action.handler != SIG_DFL or (self.dies_here and signo not in LEFT_TO_HOST):
            engine.catch_signal(number, flags)
        else:
            engine.default_signal(number, flags)

    def die_here(self) -> None:
        """From now on the host does not kill us by a default action: we do it ourselves, after what is to be done before.

        That is to release robust lists, or to end a trace. But for signals of the CPU: one may be a fault of our own.
        """
        self.dies_here = True
        for signo in range(1, NSIG + 1):
            if self.actions[signo].handler == SIG_DFL and signo not in LEFT_TO_HOST:
                self._tell_host(signo)

    def set_timed(self, mask: int) -> None:
        """Which signals timers send to single threads."""
        changed, self.timed = self.timed ^ mask, mask
        for signo in range(1, NSIG + 1):
            if changed & bit(signo):
                self._tell_host(signo)

    def exec_reset(self) -> None:
        """execve: handlers become the default, ignored signals stay ignored."""
        for signo, action in enumerate(self.actions):
            if action.handler not in (SIG_DFL, SIG_IGN):
                self.actions[signo] = DEFAULT
                self._tell_host(signo)

    # ---- arrival

    def collect(self) -> None:
        """Take over what the engine has caught on the host.

        A timer's signal stays blocked there until then: one that fires without end would leave us no time to come here.
        """
        timed = ended = False
        for info in self.process.engine.drain():
            number, _, code = SIGINFO_HEAD.unpack_from(info)
            signo = self.process.host.signal_to_linux(number)
            if signo != number:
                info = self.process.host.siginfo_to_linux(info)
            leader = self.process.threads[0]
            if signo == Signal.SIGCHLD:
                self._take_letters()
                if code == QUESTION:
                    self._answer(info)
                    continue
                self.child_event = True
                if code in ENDS and self.process.children.odd:
                    ended = True
                    continue
                if self._is_lost(signo, code):
                    continue
            timed |= code == SI_TIMER
            if code == SI_TIMER and self.process.timers is not None:
                self._timed(info)
            elif number == KICK and code == SI_TKILL and USER_INFO.unpack_from(info)[3] == os.getpid():
                continue
            elif code == SI_TKILL and leader.alive:
                self._direct(leader, Pending(signo, info))
            elif code == SI_KERNEL and signo in OF_TERMINALS and not self.process.thread.mask & bit(signo):
                self._direct(self.process.thread, Pending(signo, info))
            else:
                self._pend(signo, info)
        # After drain, which empties the wake pipe: a child's byte in it is gone only if the child is seen here.
        self.child_event |= self.process.engine.take_child()
        if ended:
            self.process.children.look()
        bus = self.process.engine.take_bus()
        if bus is not None:
            self.process.faulted(fault_info(Signal.SIGBUS, 2, bus), 4, 14, bus)
        if timed:
            self.process.host_mask()

    def _is_lost(self, signo: int, code: int) -> bool:
        """Whether a signal for the process is ignored and not even kept pending. code: its si_code."""
        if not self._ignored(signo):
            return False
        blocked = (self.process.threads[0].mask | self.awaited) & bit(signo)
        return not blocked or (signo == SIGCHLD and code > 0 and self.actions[signo].handler == SIG_IGN)

    def of_child(self, signo: int, info: bytes) -> None:
        """A child has ended with this exit signal, or with none (0, or a number that no signal has)."""
        if 0 < signo <= NSIG and not self._is_lost(signo, CLD_EXITED):
            self._pend(signo, info)
            if self.described & bit(signo):
                self.process.host_mask()
            self.process.attention()

    def _take_letters(self) -> None:
        """Other processes may have sent signals to single threads of this one."""
        from lx.kernel.letters import collect

        for tid, info in collect(self.process):
            t = self.process.thread_of(tid)
            if t is not None:
                self.send(t, info)

    def _answer(self, info: bytes) -> None:
        """Another process of the zone wants to know something of us."""
        from lx.kernel.synthetic.asking import answer
        from lx.kernel.synthetic.processes import ANSWERS

        answer(self.process, info, ANSWERS)

    def _timed(self, info: bytes) -> None:
        """A POSIX timer's signal."""
        assert self.process.timers is not None
        found = self.process.timers.arrived(info)
        if found is None:
            return
        tid, pending = found
        if not tid:
            self.queue.append(pending)
            return
        for t in self.process.threads:
            if t.tid == tid and (not self._ignored(pending.signo) or (t.mask | t.awaited) & bit(pending.signo)):
                self._direct(t, pending)

    def force(self, info: bytes) -> None:
        """A signal that the running thread itself caused and that cannot be blocked or ignored."""
        signo = SIGINFO_HEAD.unpack_from(info)[0]
        self.process.thread.pending.insert(0, Pending(signo, info, forced=True))
        self.directed += 1

    def send(self, t: "Thread", info: bytes) -> None:
        """A signal for one thread of this process: queued unless it is ignored, or a classic one that is pending already."""
        signo = SIGINFO_HEAD.unpack_from(info)[0]
        if self._ignored(signo) and not (t.mask | t.awaited) & bit(signo):
            return
        if signo < SIGRTMIN and any(pending.signo == signo for pending in t.pending):
            return
        self._direct(t, Pending(signo, info))
        if self.described & bit(signo):
            self.process.host_mask()
        self.process.attention()
        self.process.scheduler.signalled()

    def taken_at_once(self, signo: int) -> bool:
        """Whether the only thread enters a handler for this signal, or dies of it here, before it goes on: not by the host."""
        handler = self.actions[signo].handler
        ends = handler == SIG_DFL and self.dies_here and signo not in (0, Signal.SIGKILL, *SPARES)
        if not (handler > SIG_IGN or ends) or len(self.process.threads) > 1 or signo == SIGCHLD:
            return False
        t = self.process.thread
        return not (t.mask | t.awaited | self.timed) & bit(signo)

    def to_itself(self, info: bytes) -> None:
        """A signal of the process to itself that the host does not see: `taken_at_once`, or glibc keeps it for itself."""
        self._pend(SIGINFO_HEAD.unpack_from(info)[0], info)
        self.process.attention()

    def _pend(self, signo: int, info: bytes) -> None:
        """For the process, unless it is a classic signal that is pending already."""
        if not self.queue or signo >= SIGRTMIN or all(pending.signo != signo for pending in self.queue):
            self.queue.append(Pending(signo, info))

    def _direct(self, t: "Thread", pending: Pending) -> None:
        t.pending.append(pending)
        self.directed += 1

    def _for(self, t: "Thread", pending: Pending) -> bool:
        """Whether a signal for the process is this thread's: it is the first that does not block it."""
        signal = bit(pending.signo)
        if t.mask & signal:
            return False
        threads = self.process.threads
        return len(threads) == 1 or t is next((other for other in threads if other.alive and not other.mask & signal), t)

    def interrupts(self, t: "Thread") -> bool:
        """Whether a queued signal ends a wait: one with a handler, or a deadly one."""
        return any(
            pending.forced or (not t.mask & bit(pending.signo) and not self._ignored(pending.signo))
            for pending in t.pending
        ) or any(not self._ignored(pending.signo) and self._for(t, pending) for pending in self.queue)

    def _ignored(self, signo: int) -> bool:
        handler = self.actions[signo].handler
        return handler == SIG_IGN or (handler == SIG_DFL and signo in IGNORED_BY_DEFAULT)

    def pending(self, t: "Thread") -> int:
        """The mask of what is pending here for a thread and its process; what the host holds is not in it."""
        mask = 0
        for pending in (*t.pending, *self.queue):
            mask |= bit(pending.signo)
        return mask

    # ---- signalfd

    def describe(self, mask: int) -> None:
        """A signalfd reads these signals from now on."""
        self.described |= mask
        self.process.host_mask()

    def keep(self, mask: int) -> None:
        """A twin of signalfd reads these signals from now on: they wait here."""
        new = mask & ~self.kept
        if not new:
            return
        self.kept |= new
        for signo in range(1, NSIG + 1):
            if new & bit(signo):
                self._tell_host(signo)
        self.process.host_mask()

    def hand_over(self, mask: int) -> None:
        """Let what is queued here, blocked on the host and read by a signalfd pend on the host."""
        from lx.host import calls

        pid, mask = os.getpid(), mask & self.described
        for t in self.process.threads:
            mine = [p for p in t.pending if mask & bit(p.signo) and not p.forced]
            self._keep(t, [p for p in t.pending if p not in mine])
            for p in mine:
                calls.tgsigqueueinfo(pid, pid, self.process.host.signal_to_host(p.signo), p.info)
        theirs = [p for p in self.queue if mask & bit(p.signo)]
        self.queue = [p for p in self.queue if p not in theirs]
        for p in theirs:
            calls.sigqueueinfo(pid, self.process.host.signal_to_host(p.signo), p.info)

    # ---- waiting for signals that are blocked

    def await_signal(self, t: "Thread", mask: int) -> Pending | None:
        """Take the first of these signals that is pending; the host is made to catch them, blocked and ignored or not.

        `stop_awaiting` undoes that.
        """
        if not t.awaited and mask:
            t.awaited = mask
            self.waiting.append(t)
            for signo in range(1, NSIG + 1):
                if mask & bit(signo) and signo != Signal.SIGCHLD:
                    self.process.engine.catch_signal(self.process.host.signal_to_host(signo), 0)
            self.process.host_mask()
            self.collect()
        return self.take(t, mask)

    def take(self, t: "Thread", mask: int) -> Pending | None:
        """Take the first of these signals that is pending for a thread or its process, but for faults of its own."""
        for queue in (t.pending, self.queue):
            arrived = [pending for pending in queue if mask & bit(pending.signo) and not pending.forced]
            if arrived:
                first = min(arrived, key=lambda pending: pending.signo)
                queue.remove(first)
                self.directed -= queue is t.pending
                return first
        return None

    def arrived(self, t: "Thread") -> bool:
        """Whether a signal that the thread awaits has come."""
        return bool(t.awaited) and any(t.awaited & bit(pending.signo) for pending in (*t.pending, *self.queue))

    def stop_awaiting(self, t: "Thread") -> None:
        """Give the host the dispositions and the mask again that the guest has set."""
        mask, t.awaited = t.awaited, 0
        if mask:
            self.waiting.remove(t)
            self.process.host_mask()
            for signo in range(1, NSIG + 1):
                if mask & bit(signo) and signo != Signal.SIGCHLD:
                    self._tell_host(signo)

    # ---- delivery

    def deliver(self, t: "Thread") -> None:
        """Before the guest goes on: enter handlers, or take default actions, for all that is deliverable."""
        while True:
            chosen = self._take(t)
            if chosen is None:
                break
            self._act(t, chosen)
        t.finish_interrupted(None)
        t.restore_mask()

    def _take(self, t: "Thread") -> Pending | None:
        """The next signal to be acted on: what the thread caused itself, then its own, then the process's; low numbers first."""
        mine = t.pending
        if mine:
            ranks = [0 if p.forced else p.signo for p in mine if p.forced or not t.mask & bit(p.signo)]
            if ranks:
                self.directed -= 1
                return mine.pop(next(i for i, p in enumerate(mine) if (0 if p.forced else p.signo) == min(ranks)))
        if not self.queue:
            return None
        theirs = [p for p in self.queue if self._for(t, p)]
        if not theirs:
            return None
        first = theirs[0] if len(theirs) == 1 else min(theirs, key=lambda p: p.signo)
        self.queue.remove(first)
        return first

    def _act(self, t: "Thread", pending: Pending) -> None:
        signo = pending.signo
        action = self.actions[signo]
        if pending.forced and (action.handler == SIG_IGN or t.mask & bit(signo)):
            action = DEFAULT
        if action.handler == SIG_IGN:
            return
        if self.process.tracer is not None:
            self.process.tracer.signal(t, pending.info)
        if action.handler == SIG_DFL:
            self._default(signo)
            return
        self._enter(t, pending, action)

    def _default(self, signo: int) -> None:
        if signo in IGNORED_BY_DEFAULT:
            return
        if signo in STOPS_BY_DEFAULT:
            self.process.stop(signo)
            return
        raise ProcessKilled(signo, signo in DUMPS_BY_DEFAULT)

    def _enter(self, t: "Thread", pending: Pending, action: Action) -> None:
        signo = pending.signo
        t.finish_interrupted(action)
        engine, arch = self.process.engine, self.process.arch
        sp = engine.register(arch.sp)
        on_stack = t.on_altstack(sp)
        stack = 0
        if action.flags & SaFlags.ONSTACK and t.altstack_size and not on_stack:
            stack = t.altstack_sp + t.altstack_size
        saved = t.mask if t.saved_mask is None else t.saved_mask
        t.saved_mask = None
        try:
            if not action.flags & SaFlags.RESTORER:
                raise LinuxError(14)  # type: ignore[arg-type]
            arch.push_frame(
                engine,
                signo=signo,
                info=pending.info,
                handler=action.handler,
                restorer=action.restorer,
                mask=saved,
                stack=stack,
                altstack=(t.altstack_sp, t.altstack_flags, t.altstack_size),
                fault=t.fault,
            )
        except LinuxError:
            raise ProcessKilled(Signal.SIGSEGV, core=True) from None
        if t.altstack_flags & SsFlags.AUTODISARM:
            t.altstack_sp = t.altstack_size = 0
            t.altstack_flags = int(SsFlags.DISABLE)
        mask = t.mask | action.mask
        if not action.flags & SaFlags.NODEFER:
            mask |= bit(signo)
        t.set_mask(mask & ~UNBLOCKABLE)
        if action.flags & SaFlags.RESETHAND:
            self.set_action(signo, replace(action, handler=SIG_DFL))


def fault_info(signo: int, code: int, address: int) -> bytes:
    """siginfo of a CPU fault."""
    return FAULT_INFO.pack(signo, 0, code, address).ljust(SIGINFO_SIZE, b"\0")


def user_info(signo: int, code: int = SI_USER, pid: int = 0, uid: int = 0) -> bytes:
    """siginfo of kill(2) and its relatives."""
    return USER_INFO.pack(signo, 0, code, pid, uid).ljust(SIGINFO_SIZE, b"\0")
