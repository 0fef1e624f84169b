"""futex and its younger relatives: waiting on words of memory, waking those who do, owning a word.

What a futex is, and its queues, are lx.kernel.futex. A wait enters the queue on its first run and parks; it is run again when
its time is over; who wakes it says its answer. Of memory that processes share the host's futexes are used, and what waits there
is an errand (lx.kernel.errand).

Which of its waits are restarted after a handler is a matter of the command: a timed WAIT is not, WAIT without a timeout under
SA_RESTART, one for ownership always.
"""

from struct import Struct
from time import CLOCK_MONOTONIC, CLOCK_REALTIME, clock_gettime_ns, monotonic_ns

from lx.abi.clocks import TIMESPEC, Clock, timespec_to_ns, timespec_valid
from lx.abi.errno import Errno, LinuxError
from lx.abi.futex import ANY_BIT, OWNER_DIED, SIZE_MASK, SIZE_U32, WAITERS, WAITV_MAX, Futex2Flags, FutexFlags, FutexOp
from lx.abi.lean import Callable, partial, suppress
from lx.abi.word import s32
from lx.host import futex as host_futex
from lx.kernel import errand
from lx.kernel.futex import Waiter
from lx.kernel.thread import Thread
from lx.kernel.wait import Park
from syscalls.declare import Restart, syscall
from syscalls.types import Annotated, Int, Ptr, UInt, ULong, flags_of, struct_in

OpBits = Annotated[int, flags_of(FutexFlags)]
Bits2 = Annotated[int, flags_of(Futex2Flags)]
TimespecIn = Annotated[int, struct_in("timespec")]
WAITV = Struct("<QQII")
"""struct futex_waitv: val, uaddr, flags, reserved."""
TIMED = (FutexOp.WAIT, FutexOp.WAIT_BITSET, FutexOp.LOCK_PI, FutexOp.LOCK_PI2, FutexOp.WAIT_REQUEUE_PI)
WITH_A_CLOCK = (FutexOp.WAIT_BITSET, FutexOp.WAIT_REQUEUE_PI, FutexOp.LOCK_PI2)
RESTART_BLOCK, ALWAYS = "restart_block", "always"
SPAN = 50_000_000
"""Nanoseconds after which who waits for an owner looks again whether he has been killed."""
NOTE = (
    "nobody inherits a priority; shared WAKE and CMP_REQUEUE may wake who waits in WAIT_REQUEUE_PI; "
    "of an owner killed from outside the zone only waiters learn"
)
PRIVATE = int(FutexFlags.PRIVATE_FLAG)
SIGN = 1 << 31
Action = Callable[[Thread, int, int, int, int, int, int], int]


class Kind:
    """What one value of futex's second argument means. any_bit: it is its command's brother with a bitset, for all bits."""

    __slots__ = ("absolute", "act", "any_bit", "clock", "on_host", "timed")

    def __init__(self, act: Action, on_host: Action, *, any_bit: bool, timed: bool, absolute: bool, clock: int) -> None:
        self.act = act
        self.any_bit = any_bit
        self.on_host = on_host
        self.timed = timed
        self.absolute = absolute
        self.clock = clock


@syscall(restart=Restart.RESTART, note=NOTE, direct="wake")
def futex(t: Thread, uaddr: Ptr, op: OpBits, val: UInt, timeout: TimespecIn, uaddr2: Ptr, val3: UInt) -> int:
    """Wait on a word, wake those who do, or own it."""
    kind = KINDS.get(op)
    if kind is None:
        raise _no_such(t, op, timeout)
    if kind.timed and timeout:
        span = _span(t, timeout)
        if kind.absolute:
            span = max(span - clock_gettime_ns(kind.clock), 0)
        timeout = t.deadline(span) or 0
    if kind.any_bit:
        val3 = ANY_BIT
    if op & PRIVATE:
        return kind.act(t, uaddr, op, val, timeout, uaddr2, val3)
    _check_values(op, val, timeout, val3)
    host = t.process.futexes.host(uaddr)
    if not host:
        return kind.act(t, uaddr, op, val, timeout, uaddr2, val3)
    return kind.on_host(t, uaddr, host, val, timeout, uaddr2, val3)


def _check_values(op: int, val: int, timeout: int, val3: int) -> None:
    """EINVAL for what is wrong wherever the word is."""
    command = op & ~int(FutexFlags.PRIVATE_FLAG | FutexFlags.CLOCK_REALTIME)
    if command in (FutexOp.WAIT_BITSET, FutexOp.WAKE_BITSET) and not val3:
        raise LinuxError(Errno.EINVAL)
    requeues = command in (FutexOp.REQUEUE, FutexOp.CMP_REQUEUE, FutexOp.CMP_REQUEUE_PI)
    if requeues and (s32(val) < 0 or s32(timeout & 0xFFFFFFFF) < 0):
        raise LinuxError(Errno.EINVAL)


def _no_such(t: Thread, op: int, timeout: int) -> LinuxError:
    """ENOSYS, after a bad timeout of a command that has one; the operator is told of a command that there is not."""
    command = op & ~int(FutexFlags.PRIVATE_FLAG | FutexFlags.CLOCK_REALTIME)
    if command not in COMMANDS:
        return t.unsupported("futex operation", op, Errno.ENOSYS)
    if timeout and command in TIMED:
        _span(t, timeout)
    return LinuxError(Errno.ENOSYS)


def _span(t: Thread, timeout: int) -> int:
    """A timespec in nanoseconds. EFAULT, EINVAL."""
    wanted = t.memory.read_struct(timeout, TIMESPEC)
    if not timespec_valid(*wanted):
        raise LinuxError(Errno.EINVAL)
    return timespec_to_ns(*wanted)


def _key(t: Thread, uaddr: int, op: int) -> int:
    return t.process.futexes.key(uaddr, private=bool(op & PRIVATE))


# ---- waiting


def _sleep(t: Thread, waiters: tuple[Waiter, ...], until: int, contract: str = "", answer: int | None = None) -> Park:
    """The Park until one of these is woken; who wakes it says the answer. ETIMEDOUT. On the first run the queues are entered.

    answer: what an interrupted wait answers instead of EINTR, once it waits for ownership. until 0: for ever.
    """
    futexes = t.process.futexes
    if not t.futexes:
        futexes.queue(t, waiters)
    elif t.expired():
        futexes.leave(t)
        raise LinuxError(Errno.ETIMEDOUT)

    def leave() -> int | None:
        return answer if futexes.leave(t) else None

    return Park(deadline=until or None, on_interrupt=leave, contract=contract)


def _expect(t: Thread, uaddr: int, val: int) -> None:
    if t.memory.u32(uaddr) != val:
        raise LinuxError(Errno.EAGAIN)


def _wait(t: Thread, uaddr: int, op: int, val: int, until: int, uaddr2: int, bitset: int) -> int:
    if t.futexes:
        raise _sleep(t, (), until, RESTART_BLOCK if until else "")
    if not bitset:
        raise LinuxError(Errno.EINVAL)
    key = t.process.futexes.key(uaddr, private=bool(op & PRIVATE))
    if t.memory.u32(uaddr) != val:
        raise LinuxError(Errno.EAGAIN)
    raise _sleep(t, (Waiter(t, key, uaddr, bitset),), until, RESTART_BLOCK if until else "")


# ---- waking


def _wake(t: Thread, uaddr: int, op: int, val: int, timeout: int, uaddr2: int, bitset: int) -> int:
    if not bitset:
        raise LinuxError(Errno.EINVAL)
    futexes = t.process.futexes
    return futexes.wake(futexes.key(uaddr, private=bool(op & PRIVATE)), val if 0 < val < SIGN else 1, bitset)


def _requeue(t: Thread, uaddr: int, op: int, val: int, timeout: int, uaddr2: int, val3: int) -> int:
    wake, move = s32(val), s32(timeout & 0xFFFFFFFF)
    if wake < 0 or move < 0:
        raise LinuxError(Errno.EINVAL)
    key, target = _key(t, uaddr, op), _key(t, uaddr2, op)
    if op & ~int(FutexFlags.PRIVATE_FLAG) == FutexOp.CMP_REQUEUE:
        _expect(t, uaddr, val3)
    if not op & PRIVATE and t.process.futexes.host(uaddr2):
        return t.process.futexes.wake(key, wake + move)
    return t.process.futexes.requeue(key, target, uaddr2, wake, move)


def _signed12(word: int) -> int:
    return (word & 0xFFF ^ 0x800) - 0x800


OPERATIONS: tuple[Callable[[int, int], int], ...] = (
    lambda old, arg: arg,
    lambda old, arg: old + arg,
    lambda old, arg: old | arg,
    lambda old, arg: old & ~arg,
    lambda old, arg: old ^ arg,
)
COMPARISONS: tuple[Callable[[int, int], bool], ...] = (
    lambda old, arg: old == arg,
    lambda old, arg: old != arg,
    lambda old, arg: old < arg,
    lambda old, arg: old <= arg,
    lambda old, arg: old > arg,
    lambda old, arg: old >= arg,
)


def _wake_op(t: Thread, uaddr: int, op: int, val: int, timeout: int, uaddr2: int, code: int) -> int:
    """Change the second word; wake at the first, and at the second if its old value compares so."""
    for address in (uaddr, uaddr2):
        _key(t, address, op)
    also = _operate(t, uaddr2, code)
    woken = _wake_some(t, uaddr, op, s32(val))
    return woken + _wake_some(t, uaddr2, op, s32(timeout & 0xFFFFFFFF)) if also else woken


def _wake_some(t: Thread, uaddr: int, op: int, count: int) -> int:
    futexes = t.process.futexes
    host = 0 if op & PRIVATE else futexes.host(uaddr)
    if host:
        return host_futex.call(host, host_futex.WAKE, count)
    return futexes.wake(_key(t, uaddr, op), max(count, 1))


def _operate(t: Thread, uaddr: int, code: int) -> bool:
    """Change a word as WAKE_OP's code says; whether its old value compares as that says."""
    number, comparison = code >> 28 & 7, code >> 24 & 15
    argument = _signed12(code >> 12)
    if code >> 31:
        argument = 1 << (argument & 31)
    if number >= len(OPERATIONS):
        raise LinuxError(Errno.ENOSYS)
    old = t.memory.u32(uaddr)
    while (seen := t.engine.compare_swap(uaddr, old, OPERATIONS[number](s32(old), argument) & 0xFFFFFFFF)) != old:
        old = seen
    if comparison >= len(COMPARISONS):
        raise LinuxError(Errno.ENOSYS)
    return COMPARISONS[comparison](s32(old), _signed12(code))


# ---- owning


def _lock(t: Thread, uaddr: int, op: int, val: int, until: int, uaddr2: int, val3: int) -> int:
    if t.futexes:
        raise _sleep(t, (), until, ALWAYS)
    key = _key(t, uaddr, op)
    if t.process.futexes.take(t, key, uaddr):
        return 0
    raise _sleep(t, (Waiter(t, key, uaddr, pi=True),), until, ALWAYS)


def _try_lock(t: Thread, uaddr: int, op: int, val: int, timeout: int, uaddr2: int, val3: int) -> int:
    if not t.process.futexes.take(t, _key(t, uaddr, op), uaddr):
        raise LinuxError(Errno.EAGAIN)
    return 0


def _unlock(t: Thread, uaddr: int, op: int, val: int, timeout: int, uaddr2: int, val3: int) -> int:
    t.process.futexes.unlock(t, _key(t, uaddr, op), uaddr)
    return 0


def _wait_requeue(t: Thread, uaddr: int, op: int, val: int, until: int, uaddr2: int, val3: int) -> int:
    if uaddr == uaddr2:
        raise LinuxError(Errno.EINVAL)
    if t.futexes:
        raise _sleep(t, (), until, ALWAYS, -Errno.EAGAIN)
    target = _key(t, uaddr2, op)
    waiter = Waiter(t, _key(t, uaddr, op), uaddr)
    _expect(t, uaddr, val)
    waiter.target = target
    raise _sleep(t, (waiter,), until, ALWAYS, -Errno.EAGAIN)


def _cmp_requeue_pi(t: Thread, uaddr: int, op: int, val: int, timeout: int, uaddr2: int, val3: int) -> int:
    move = s32(timeout & 0xFFFFFFFF)
    if uaddr == uaddr2 or val != 1 or move < 0:
        raise LinuxError(Errno.EINVAL)
    key, target = _key(t, uaddr, op), _key(t, uaddr2, op)
    _expect(t, uaddr, val3)
    return t.process.futexes.requeue_pi(key, target, uaddr2, move)


# ---- in memory that processes share: `host` is the word's host address


def _host_wait(t: Thread, uaddr: int, host: int, val: int, until: int, uaddr2: int, bitset: int) -> int:
    if not bitset:
        raise LinuxError(Errno.EINVAL)
    return errand.run(t, partial(_wait_owned, t, uaddr, host, val, bitset), until, RESTART_BLOCK if until else "")


def _wait_owned(t: Thread, uaddr: int, host: int, val: int, bitset: int, until: int | None) -> int:
    """Wait at a word of shared memory until woken, also by the death of an owner whom it names and who was killed."""
    while val & WAITERS and not val & OWNER_DIED:
        if t.process.futexes.bury(uaddr, val):
            return 0
        now = monotonic_ns()
        span = now + SPAN
        try:
            return host_futex.wait(host, val, bitset, min(until or span, span))
        except TimeoutError:
            if until and monotonic_ns() >= until:
                raise
    return host_futex.wait(host, val, bitset, until)


def _host_wake(t: Thread, uaddr: int, host: int, val: int, timeout: int, uaddr2: int, bitset: int) -> int:
    if not bitset:
        raise LinuxError(Errno.EINVAL)
    return host_futex.call(host, host_futex.WAKE_BITSET, s32(val), value3=bitset)


def _host_two(command: int) -> Action:
    """A command with a second word: the host's if that is shared too. If not, who should be moved is woken."""

    def act(t: Thread, uaddr: int, host: int, val: int, timeout: int, uaddr2: int, val3: int) -> int:
        second = t.process.futexes.host(uaddr2)
        if second:
            return host_futex.call(host, command, s32(val), s32(timeout & 0xFFFFFFFF), second, val3)
        if command == FutexOp.WAKE_OP:
            return _wake_op(t, uaddr, int(FutexOp.WAKE_OP), val, timeout, uaddr2, val3)
        if command == FutexOp.CMP_REQUEUE:
            _expect(t, uaddr, val3)
        return host_futex.call(host, host_futex.WAKE, min(s32(val) + (timeout & 0x7FFFFFFF), 0x7FFFFFFF))

    return act


def _host_lock(t: Thread, uaddr: int, host: int, val: int, until: int, uaddr2: int, val3: int) -> int:
    return _host_own(t, uaddr, host, until, waited=t.call_parked)


def _host_own(t: Thread, uaddr: int, host: int, until: int, *, waited: bool) -> int:
    """Become the owner of a word. waited: somebody else may be waiting too."""
    while True:
        word = t.process.futexes.take_shared(t, uaddr, waited=waited) if t.errand is None else 0
        if not word and t.errand is None:
            return 0
        with suppress(BlockingIOError):
            errand.run(t, partial(_wait_owned, t, uaddr, host, word, ANY_BIT), until, ALWAYS)
        waited = True


def _host_try_lock(t: Thread, uaddr: int, host: int, val: int, timeout: int, uaddr2: int, val3: int) -> int:
    if t.process.futexes.take_shared(t, uaddr, waited=False):
        raise LinuxError(Errno.EAGAIN)
    return 0


def _host_unlock(t: Thread, uaddr: int, host: int, val: int, timeout: int, uaddr2: int, val3: int) -> int:
    t.process.futexes.unlock_shared(t, uaddr, host)
    return 0


def _host_wait_requeue(t: Thread, uaddr: int, host: int, val: int, until: int, uaddr2: int, val3: int) -> int:
    """Wait at the first word; whether woken there or, moved by the host, at the second: that is to be owned then."""
    second = _owned_word(t, uaddr, uaddr2)
    progress = t.progress()
    if not progress.done:
        errand.run(t, lambda moment: host_futex.wait(host, val, ANY_BIT, moment), until, ALWAYS)
        progress.done = 1
    return _host_own(t, uaddr2, second, until, waited=True)


def _host_cmp_requeue_pi(t: Thread, uaddr: int, host: int, val: int, timeout: int, uaddr2: int, val3: int) -> int:
    move = s32(timeout & 0xFFFFFFFF)
    if val != 1 or move < 0:
        raise LinuxError(Errno.EINVAL)
    second = _owned_word(t, uaddr, uaddr2)
    moved = host_futex.call(host, host_futex.CMP_REQUEUE, 0, min(move + 1, 0x7FFFFFFF), second, val3)
    if moved:
        t.process.futexes.announce(uaddr2, second)
    return moved


def _owned_word(t: Thread, uaddr: int, uaddr2: int) -> int:
    """The host address of the second word of a command that requeues to an owned word. EINVAL if it is the first, EFAULT."""
    if uaddr == uaddr2:
        raise LinuxError(Errno.EINVAL)
    second = t.process.futexes.host(uaddr2)
    if not second:
        raise t.unsupported("futex requeueing from shared memory to an owner in private memory", uaddr2, Errno.ENOSYS)
    return second


COMMANDS: dict[int, tuple[Action, Action]] = {
    FutexOp.WAIT: (_wait, _host_wait),
    FutexOp.WAKE: (_wake, _host_wake),
    FutexOp.REQUEUE: (_requeue, _host_two(FutexOp.REQUEUE)),
    FutexOp.CMP_REQUEUE: (_requeue, _host_two(FutexOp.CMP_REQUEUE)),
    FutexOp.WAKE_OP: (_wake_op, _host_two(FutexOp.WAKE_OP)),
    FutexOp.LOCK_PI: (_lock, _host_lock),
    FutexOp.UNLOCK_PI: (_unlock, _host_unlock),
    FutexOp.TRYLOCK_PI: (_try_lock, _host_try_lock),
    FutexOp.WAIT_BITSET: (_wait, _host_wait),
    FutexOp.WAKE_BITSET: (_wake, _host_wake),
    FutexOp.WAIT_REQUEUE_PI: (_wait_requeue, _host_wait_requeue),
    FutexOp.CMP_REQUEUE_PI: (_cmp_requeue_pi, _host_cmp_requeue_pi),
    FutexOp.LOCK_PI2: (_lock, _host_lock),
}


def _kinds() -> dict[int, Kind]:
    found = {}
    for command, (act, on_host) in COMMANDS.items():
        for private in (0, PRIVATE):
            for real in (0, int(FutexFlags.CLOCK_REALTIME)) if command in WITH_A_CLOCK else (0,):
                clock = CLOCK_REALTIME if real or command == FutexOp.LOCK_PI else CLOCK_MONOTONIC
                found[int(command) | private | real] = Kind(
                    act,
                    on_host,
                    any_bit=command in (FutexOp.WAIT, FutexOp.WAKE),
                    timed=command in TIMED,
                    absolute=command != FutexOp.WAIT,
                    clock=clock,
                )
    return found


KINDS = _kinds()


# ---- futex2


def _until(t: Thread, timeout: int, clock: int) -> int:
    """When a wait ends that is told a moment of one of two clocks; 0: never. EINVAL, EFAULT."""
    if not timeout:
        return 0
    if clock not in (Clock.MONOTONIC, Clock.REALTIME):
        raise LinuxError(Errno.EINVAL)
    host = CLOCK_REALTIME if clock == Clock.REALTIME else CLOCK_MONOTONIC
    return t.deadline(max(_span(t, timeout) - clock_gettime_ns(host), 0)) or 0


def _check(flags: int, value: int) -> None:
    """EINVAL for another size than 32 bits, or a value that does not fit."""
    if flags & ~int(Futex2Flags.PRIVATE | SIZE_MASK) or flags & SIZE_MASK != SIZE_U32 or value >> 32:
        raise LinuxError(Errno.EINVAL)


def _found(t: Thread, uaddr: int, flags: int) -> tuple[int, int]:
    """The key and the host address (0 in private memory) of a futex that has flags of its own."""
    private = bool(flags & Futex2Flags.PRIVATE)
    return t.process.futexes.key(uaddr, private=private), 0 if private else t.process.futexes.host(uaddr)


def _read_waitv(t: Thread, address: int, count: int) -> list[tuple[int, int, int, int]]:
    """(value, address, key, host address) of each futex. EFAULT, EINVAL."""
    entries = list(WAITV.iter_unpack(t.memory.read(address, count * WAITV.size)))
    if any(reserved for *_, reserved in entries):
        raise LinuxError(Errno.EINVAL)
    for value, _, flags, _ in entries:
        _check(flags, value)
    return [(value, uaddr, *_found(t, uaddr, flags)) for value, uaddr, flags, _ in entries]


@syscall(restart=Restart.RESTART, note="32-bit futexes without NUMA")
def futex_waitv(t: Thread, waiters: Ptr, nr: UInt, flags: UInt, timeout: TimespecIn, clockid: Int) -> int:
    """Wait on several words; the index of the one that was woken. Linux 5.16."""
    if flags or not 1 <= nr <= WAITV_MAX or not waiters:
        raise LinuxError(Errno.EINVAL)
    until = _until(t, timeout, clockid)
    if t.futexes and t.errand is None:
        raise _sleep(t, (), until)
    words = _read_waitv(t, waiters, nr)
    shared = [i for i, (*_, host) in enumerate(words) if host]
    pairs = [(words[i][3], words[i][0]) for i in shared]
    private = [Waiter(t, key, uaddr, answer=i) for i, (_, uaddr, key, host) in enumerate(words) if not host]
    if t.errand is None:
        for waiter in private:
            _expect(t, waiter.address, words[waiter.answer][0])
    if not shared:
        raise _sleep(t, tuple(private), until)
    if private and len(t.process.threads) > 1:
        return _wait_both(t, private, lambda: shared[host_futex.wait_many(pairs, until or None)])
    return shared[errand.run(t, lambda moment: host_futex.wait_many(pairs, moment), until)]


def _wait_both(t: Thread, waiters: list[Waiter], call: Callable[[], int]) -> int:
    """Wait in queues of ours, whose waker says the answer, and in a call of the host, whose outcome is the answer."""
    futexes = t.process.futexes
    if t.errand is None:
        futexes.queue(t, tuple(waiters))
        t.errand = errand.Errand(t.process, call)
    called = t.errand

    def interrupted() -> int:
        t.errand = None
        futexes.leave(t)
        return called.end()

    if not called.done:
        raise Park(ready=called.is_done, on_interrupt=interrupted)
    t.errand = None
    futexes.leave(t)
    return called.outcome()


@syscall(restart=Restart.RESTART, note="32-bit futexes without NUMA")
def futex_wait(t: Thread, uaddr: Ptr, val: ULong, mask: ULong, flags: Bits2, timeout: TimespecIn, clockid: Int) -> int:
    """Wait on a word. Linux 6.7."""
    _check(flags, val | mask)
    until = _until(t, timeout, clockid)
    if not mask:
        raise LinuxError(Errno.EINVAL)
    key, host = _found(t, uaddr, flags)
    if host:
        return errand.run(t, lambda moment: host_futex.wait(host, val, mask, moment), until)
    if t.futexes:
        raise _sleep(t, (), until)
    _expect(t, uaddr, val)
    raise _sleep(t, (Waiter(t, key, uaddr, mask),), until)


@syscall(note="32-bit futexes without NUMA")
def futex_wake(t: Thread, uaddr: Ptr, mask: ULong, nr: Int, flags: Bits2) -> int:
    """Wake those who wait on a word. Linux 6.7."""
    _check(flags, mask)
    if not mask:
        raise LinuxError(Errno.EINVAL)
    key, host = _found(t, uaddr, flags)
    if not nr:
        return 0
    if host:
        return host_futex.call(host, host_futex.WAKE_BITSET, nr, value3=mask)
    return t.process.futexes.wake(key, max(nr, 1), mask)


@syscall(note="32-bit futexes without NUMA; between shared and private memory those to be moved are woken")
def futex_requeue(t: Thread, waiters: Ptr, flags: UInt, nr_wake: Int, nr_requeue: Int) -> int:
    """Wake some who wait on a word and let others wait on another. Linux 6.7."""
    if flags or not waiters:
        raise LinuxError(Errno.EINVAL)
    (value, uaddr, key, host), (_, uaddr2, target, _) = _read_waitv(t, waiters, 2)
    if nr_wake < 0 or nr_requeue < 0:
        raise LinuxError(Errno.EINVAL)
    if host:
        return COMMANDS[FutexOp.CMP_REQUEUE][1](t, uaddr, host, nr_wake, nr_requeue, uaddr2, value)
    _expect(t, uaddr, value)
    return t.process.futexes.requeue(key, target, uaddr2, nr_wake, nr_requeue)
