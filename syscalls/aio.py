"""Native asynchronous I/O; lx.kernel.aio says how it is the host's.

What may have to wait at its submission (a pipe, a terminal) is submitted when it is ready: the first request parks the call, a
later one ends it with the number of those before.
"""

import time
from struct import Struct

from lx.abi.aio import IOCB, IOCB_FLAG_RESFD, KEY_AT, KIOCB_KEY, READS, VECTORS
from lx.abi.clocks import NSEC_PER_SEC, TIMESPEC
from lx.abi.errno import Errno, LinuxError
from lx.abi.poll import PollEvents
from lx.abi.word import U64, s64
from lx.host import aio as host
from lx.kernel.aio import Context, Contexts
from lx.kernel.files import Kind
from lx.kernel.thread import Thread
from lx.kernel.wait import Park
from syscalls._masks import masked, read_mask
from syscalls.declare import Restart, syscall
from syscalls.types import Annotated, Long, Ptr, UInt, ULong, struct_in, struct_inout, struct_out

ContextOut = Annotated[int, struct_inout("u64")]
EventsOut = Annotated[int, struct_out("io_events")]
TimespecIn = Annotated[int, struct_in("timespec")]
AIO_SIGSET = Struct("<QQ")
LOOK_EVERY_NS = 1_000_000


def _contexts(t: Thread) -> Contexts:
    if t.process.aio is None:
        t.process.aio = Contexts()
    return t.process.aio


def _context(t: Thread, number: int) -> Context:
    context = _contexts(t).get(number)
    if context is None:
        raise LinuxError(Errno.EINVAL)
    return context


@syscall()
def io_setup(t: Thread, nr_events: UInt, ctx_idp: ContextOut) -> int:
    """Make a context for so many requests at once."""
    if t.memory.u64(ctx_idp) or not nr_events:
        raise LinuxError(Errno.EINVAL)
    context = Context(t.process, nr_events)
    _contexts(t)[context.address] = context
    t.memory.put_u64(ctx_idp, context.address)
    return 0


@syscall()
def io_destroy(t: Thread, ctx_id: ULong) -> int:
    """End a context, and what is under way in it."""
    context = _context(t, ctx_id)
    del _contexts(t)[ctx_id]
    context.close()
    t.memory.unmap(context.address, 4096)
    return 0


@syscall(restart=Restart.RESTART, note="a request on a pipe or terminal waits at its submission until it is ready")
def io_submit(t: Thread, ctx_id: ULong, nr: Long, iocbpp: Ptr) -> int:
    """Begin requests; how many have been begun."""
    context = _context(t, ctx_id)
    if nr < 0:
        raise LinuxError(Errno.EINVAL)
    for i in range(nr):
        try:
            _submit(t, context, t.memory.u64(iocbpp + 8 * i))
        except (LinuxError, OSError, Park):
            if i:
                return i
            raise
    return nr


def _submit(t: Thread, context: Context, address: int) -> None:
    fields = IOCB.unpack(t.memory.read(address, IOCB.size))
    command, fd, size, reserved, flags, resfd = (fields[i] for i in (3, 5, 7, 9, 10, 11))
    if reserved or s64(size) < 0:
        raise LinuxError(Errno.EINVAL)
    kind = t.files.kind(fd)
    if flags & IOCB_FLAG_RESFD:
        t.files.check(resfd)
    t.memory.put_u32(address + KEY_AT, KIOCB_KEY)
    if command in VECTORS or command in VECTORS.values():
        if kind is Kind.SYNTHETIC:
            raise LinuxError(Errno.EINVAL)
        if kind is Kind.STREAM:
            t.wait_fd(fd, PollEvents.IN if command in READS else PollEvents.OUT)
    context.submit(address, fields)


@syscall(restart=Restart.NEVER)
def io_getevents(t: Thread, ctx_id: ULong, min_nr: Long, nr: Long, events: EventsOut, timeout: TimespecIn) -> int:
    """Take the events of requests that are done."""
    return _getevents(t, ctx_id, min_nr, nr, events, _span(t, timeout))


@syscall(restart=Restart.NEVER)
def io_pgetevents(
    t: Thread, ctx_id: ULong, min_nr: Long, nr: Long, events: EventsOut, timeout: TimespecIn, usig: Ptr
) -> int:
    """io_getevents with another mask of signals while it waits. Linux 4.18."""
    span = _span(t, timeout)
    mask = read_mask(t, *t.memory.read_struct(usig, AIO_SIGSET)) if usig else None
    with masked(t, mask):
        return _getevents(t, ctx_id, min_nr, nr, events, span)


def _span(t: Thread, timeout: int) -> int | None:
    if not timeout:
        return None
    seconds, nanoseconds = t.memory.read_struct(timeout, TIMESPEC)
    return max(int(seconds) * NSEC_PER_SEC + int(nanoseconds), 0)


def _getevents(t: Thread, number: int, least: int, most: int, events: int, span: int | None) -> int:
    context = _context(t, number)
    if not 0 <= least <= most:
        raise LinuxError(Errno.EINVAL)
    context.quiet()
    context.collect(most)
    deadline = t.deadline(span)
    over = deadline is not None and time.monotonic_ns() >= deadline
    if len(context.done) >= least or over:
        return _take(t, context, most, events)
    look = deadline if context.watched else min(deadline or 2**63, time.monotonic_ns() + LOOK_EVERY_NS)
    raise Park(((context.bell, PollEvents.IN),), look, on_interrupt=lambda: _take(t, context, most, events) or None)


def _take(t: Thread, context: Context, most: int, events: int) -> int:
    taken = context.done[:most]
    t.memory.write(events, b"".join(taken))
    del context.done[: len(taken)]
    return len(taken)


@syscall()
def io_cancel(t: Thread, ctx_id: ULong, iocb: Ptr, result: Ptr) -> int:
    """Cancel a request: EINPROGRESS if its event will tell so, EINVAL if it cannot be."""
    if t.memory.u32(iocb + KEY_AT & U64) != KIOCB_KEY:
        raise LinuxError(Errno.EINVAL)
    context = _context(t, ctx_id)
    request = context.find(iocb)
    if request is None:
        raise LinuxError(Errno.EINVAL)
    host.cancel(context.number, request.address)
    return 0
