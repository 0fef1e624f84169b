"""/proc/PID/stat, statm and status: the three forms of a process's figures.

Identity, memory, threads and signal masks are the guest's; times, faults, priorities, user ids and capabilities are
the host's, for the guest process is that host process. Of another process of the zone the memory figures are the
host's too and so contain its emulator; addresses and signal masks of it are zero.
"""

import os

from lx.abi.lean import Callable
from lx.abi.resource import Resource
from lx.abi.signals import SIG_DFL, SIG_IGN, Signal, bit
from lx.kernel.memory import EXEC, PAGE, WRITE
from lx.kernel.synthetic import cpu
from lx.kernel.synthetic.memorymap import Sizes, sizes
from lx.kernel.synthetic.subject import Subject

TYPE_CHECKING = False
if TYPE_CHECKING:
    pass

STATES = {
    b"R": b"R (running)",
    b"S": b"S (sleeping)",
    b"D": b"D (disk sleep)",
    b"T": b"T (stopped)",
    b"t": b"t (tracing stop)",
    b"Z": b"Z (zombie)",
    b"X": b"X (dead)",
    b"I": b"I (idle)",
}
"""Linux fs/proc/array.c, task_state_array."""

(PPID, PGRP, SESSION, TPGID, THREADS, VSIZE, RSSLIM) = (1, 2, 3, 5, 17, 20, 22)
START_CODE, SIGNAL, WCHAN, EXIT_SIGNAL, RT_PRIORITY, START_DATA, EXIT_CODE = 23, 28, 32, 35, 37, 42, 49
"""Positions in /proc/PID/stat, counted from the state (its third field). proc(5)."""


def stat(s: Subject) -> bytes:
    """The one line of /proc/PID/stat."""
    fields = s.host_stat()
    end = s.asker.zone.end_of(s.host_pid, int(fields[PPID]))
    fields[PPID] = b"%d" % s.guest_pid(int(fields[PPID]))
    for place in (PGRP, SESSION, TPGID):
        if int(fields[place]) > 0:
            fields[place] = b"%d" % s.asker.zone.guest_pid(int(fields[place]))
    fields[THREADS] = b"%d" % s.threads
    fields[START_CODE:WCHAN] = [b"0"] * (WCHAN - START_CODE)
    fields[START_DATA:EXIT_CODE] = [b"0"] * (EXIT_CODE - START_DATA)
    fields[EXIT_SIGNAL] = b"%d" % (Signal.SIGCHLD if end is None else end[0])
    if s.own:
        _own_stat(s, fields)
    return b"%d (%b) %b\n" % (s.tid, s.comm, b" ".join(fields))


def _own_stat(s: Subject, fields: list[bytes]) -> None:
    p = s.asker
    found = sizes(p)
    limit = p.limits.get(Resource.RLIMIT_RSS)[0]
    fields[VSIZE : RSSLIM + 1] = b"%d" % found.total, b"%d" % (found.rss // PAGE), b"%d" % limit
    program = [vma for vma in p.memory.vmas() if vma.file and vma.file.path == p.exe]
    code = [vma for vma in program if vma.prot & EXEC]
    data = [vma for vma in program if vma.prot & WRITE]
    if code:
        fields[START_CODE : START_CODE + 2] = b"%d" % code[0].start, b"%d" % code[-1].end
    fields[START_CODE + 2] = b"%d" % p.stack_top
    if data:
        fields[START_DATA : START_DATA + 2] = b"%d" % data[0].start, b"%d" % data[-1].end
    fields[START_DATA + 2] = b"%d" % p.memory.brk_start
    attributes = s.thread.attributes
    fields[0] = s.state
    if attributes.policy is not None:
        fields[RT_PRIORITY : RT_PRIORITY + 2] = b"%d" % attributes.priority, b"%d" % attributes.policy
    pending, blocked, ignored, caught = _masks(s)
    low = (1 << 31) - 1
    fields[SIGNAL:WCHAN] = [b"%d" % (mask & low) for mask in (pending, blocked, ignored, caught)]


def _masks(s: Subject) -> tuple[int, int, int, int]:
    """Signals pending, blocked, ignored and caught, as Linux masks."""
    p = s.asker
    pending = ignored = caught = 0
    for queued in (*s.thread.pending, *p.signals.queue):
        pending |= bit(queued.signo)
    for signo, action in enumerate(p.signals.actions):
        if action.handler == SIG_IGN:
            ignored |= bit(signo)
        elif action.handler != SIG_DFL:
            caught |= bit(signo)
    return pending, s.thread.mask, ignored, caught


def statm(s: Subject) -> bytes:
    """The one line of /proc/PID/statm: sizes in pages."""
    if not s.own:
        return s.host("statm", b"0 0 0 0 0 0 0\n")
    found = sizes(s.asker)
    values = (
        found.total,
        found.rss,
        found.rss - found.anonymous,
        found.text,
        0,
        found.data + found.stack,
        0,
    )
    return b" ".join(b"%d" % (value // PAGE) for value in values) + b"\n"


class _Status:
    """What the rows of status share: the subject, the host's status of it, and for the asker itself sizes and masks."""

    __slots__ = ("host", "masks", "s", "sizes")

    def __init__(self, s: Subject) -> None:
        self.s = s
        self.host = s.host_status()
        self.sizes: Sizes | None = sizes(s.asker) if s.own else None
        self.masks = _masks(s) if s.own else (0, 0, 0, 0)


Row = Callable[[_Status], bytes | None]


def _host(name: bytes, otherwise: bytes | None = None) -> Row:
    return lambda c: c.host.get(name, otherwise)


def _always(value: bytes) -> Row:
    return lambda c: value


def _kb(name: bytes, of: Callable[[Sizes], int]) -> Row:
    def row(c: _Status) -> bytes | None:
        return b"%8d kB" % (of(c.sizes) // 1024) if c.sizes is not None else _padded(c.host.get(name))

    return row


def _padded(value: bytes | None) -> bytes | None:
    return value.rjust(11) if value is not None else None


def _mask(place: int, host: bytes = b"") -> Row:
    """A signal mask; signals that wait in the host's own mask of that name are added."""
    return lambda c: b"%016x" % (c.masks[place] | int(c.host.get(host, b"0"), 16))


def _pid(c: _Status) -> bytes:
    return b"%d" % c.s.tid


def _state(c: _Status) -> bytes:
    if not c.s.own:
        return c.host.get(b"State", b"S (sleeping)")
    return STATES[c.s.state]


def _ppid(c: _Status) -> bytes:
    return b"%d" % c.s.guest_pid(int(c.host.get(b"PPid", b"0")))


def _group(name: bytes) -> Row:
    def row(c: _Status) -> bytes | None:
        number = c.host.get(name)
        return number and b"%d" % c.s.asker.zone.guest_pid(int(number.split()[-1]))

    return row


def _umask(c: _Status) -> bytes | None:
    return b"%04o" % c.s.asker.fs.umask if c.s.own else c.host.get(b"Umask")


def _name(c: _Status) -> bytes:
    return c.s.comm.replace(b"\\", b"\\\\").replace(b"\n", b"\\n")


def _seccomp(attribute: str) -> Callable[[_Status], bytes]:
    """The mode, or the number of filters; of another process what it would be without any."""

    def show(c: _Status) -> bytes:
        value = getattr(c.s.thread.attributes, attribute, 0) if c.s.own else 0
        return b"%d" % (value if isinstance(value, int) else len(value))

    return show


def _no_new_privs(c: _Status) -> bytes:
    return b"%d" % c.s.thread.attributes.no_new_privs if c.s.own else c.host.get(b"NoNewPrivs", b"0")


def _cpus(c: _Status) -> bytes:
    return b"%x" % ((1 << cpu.count()) - 1)


def _ids(c: _Status, name: bytes, now: int) -> bytes:
    return c.host.get(name, b"\t".join([b"%d" % now] * 4))


STATUS: dict[bytes, Row] = {
    b"Name": _name,
    b"Umask": _umask,
    b"State": _state,
    b"Tgid": lambda c: b"%d" % c.s.pid,
    b"Ngid": _always(b"0"),
    b"Pid": _pid,
    b"PPid": _ppid,
    b"TracerPid": _always(b"0"),
    b"Uid": lambda c: _ids(c, b"Uid", os.getuid()),
    b"Gid": lambda c: _ids(c, b"Gid", os.getgid()),
    b"FDSize": _host(b"FDSize", b"64"),
    b"Groups": lambda c: c.host.get(b"Groups", b"") + b" ",
    b"NStgid": lambda c: b"%d" % c.s.pid,
    b"NSpid": _pid,
    b"NSpgid": _group(b"NSpgid"),
    b"NSsid": _group(b"NSsid"),
    b"VmPeak": _kb(b"VmPeak", lambda z: z.total),
    b"VmSize": _kb(b"VmSize", lambda z: z.total),
    b"VmLck": _kb(b"VmLck", lambda z: z.locked),
    b"VmPin": _kb(b"VmPin", lambda z: 0),
    b"VmHWM": _kb(b"VmHWM", lambda z: z.rss),
    b"VmRSS": _kb(b"VmRSS", lambda z: z.rss),
    b"RssAnon": _kb(b"RssAnon", lambda z: z.anonymous),
    b"RssFile": _kb(b"RssFile", lambda z: z.rss - z.anonymous),
    b"RssShmem": _kb(b"RssShmem", lambda z: 0),
    b"VmData": _kb(b"VmData", lambda z: z.data),
    b"VmStk": _kb(b"VmStk", lambda z: z.stack),
    b"VmExe": _kb(b"VmExe", lambda z: z.text),
    b"VmLib": _kb(b"VmLib", lambda z: z.libraries),
    b"VmPTE": lambda c: _padded(c.host.get(b"VmPTE")),
    b"VmSwap": _kb(b"VmSwap", lambda z: z.swapped),
    b"HugetlbPages": _kb(b"HugetlbPages", lambda z: 0),
    b"CoreDumping": _always(b"0"),
    b"THP_enabled": _host(b"THP_enabled"),
    b"Threads": lambda c: b"%d" % c.s.threads,
    b"SigQ": _host(b"SigQ", b"0/0"),
    b"SigPnd": _mask(0, b"SigPnd"),
    b"ShdPnd": _mask(0, b"ShdPnd"),
    b"SigBlk": _mask(1),
    b"SigIgn": _mask(2),
    b"SigCgt": _mask(3),
    b"CapInh": _host(b"CapInh"),
    b"CapPrm": _host(b"CapPrm"),
    b"CapEff": _host(b"CapEff"),
    b"CapBnd": _host(b"CapBnd"),
    b"CapAmb": _host(b"CapAmb"),
    b"NoNewPrivs": _no_new_privs,
    b"Seccomp": _seccomp("seccomp_mode"),
    b"Seccomp_filters": _seccomp("seccomp_filters"),
    b"Speculation_Store_Bypass": _host(b"Speculation_Store_Bypass"),
    b"Cpus_allowed": _cpus,
    b"Cpus_allowed_list": lambda c: cpu.cpu_list(),
    b"Mems_allowed": _always(b"1"),
    b"Mems_allowed_list": _always(b"0"),
    b"voluntary_ctxt_switches": _host(b"voluntary_ctxt_switches", b"0"),
    b"nonvoluntary_ctxt_switches": _host(b"nonvoluntary_ctxt_switches", b"0"),
}
"""Rows of status in Linux's order; a row that answers None is left out (a zombie has no memory)."""


def status(s: Subject) -> bytes:
    """The text of /proc/PID/status."""
    context = _Status(s)
    rows = ((name, row(context)) for name, row in STATUS.items())
    return b"".join(b"%b:\t%b\n" % (name, value) for name, value in rows if value is not None)
