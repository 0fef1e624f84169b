"""/proc: the top of the tree, the machine's own files, and the zone's processes.

Figures of the machine (memory, load, times) are the host's, cut to what the guest can see; facts of the kernel come
from the zone. There are no disks, interrupts, modules or kernel log to see, and their files say so in the form their
parsers read.

Limits: memory is the machine's until zones have caps; uptime is the machine's.
"""

import os
import time

from lx.abi.errno import Errno, LinuxError
from lx.kernel.synthetic.host import host_text
from lx.kernel.synthetic.nodes import DT_DIR, Link, Node, Reader, Table
from lx.kernel.synthetic.processes import About, self_link, thread_self_link
from lx.kernel.synthetic.subject import all_pids, exists
from lx.kernel.synthetic.sysctl import parameters
from lx.kernel.synthetic.tables import files, grow, text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lx.kernel.process import Process

DEVICES = b"Character devices:\n  1 mem\n  5 /dev/tty\n  5 /dev/ptmx\n 10 misc\n136 pts\n\nBlock devices:\n"
FILESYSTEMS = b"nodev\tsysfs\nnodev\ttmpfs\nnodev\tproc\nnodev\tdevtmpfs\nnodev\tdevpts\n"


def _host(name: str, otherwise: bytes = b"") -> Reader:
    return lambda p: host_text(name, otherwise)


def _sysvipc(kind: str) -> Reader:
    def read(p: "Process") -> bytes:
        from lx.kernel.ipc.control import sysvipc

        return sysvipc(p, kind)

    return read


def _loadavg(p: "Process") -> bytes:
    pids = all_pids(p)
    loads = b" ".join(b"%.2f" % load for load in os.getloadavg())
    return b"%b 1/%d %d\n" % (loads, len(pids), pids[-1])


def _uptime(p: "Process") -> bytes:
    return host_text("uptime") or b"%.2f 0.00\n" % time.monotonic()


def _version(p: "Process") -> bytes:
    uname = p.zone.uname
    return f"{uname.sysname} version {uname.release} (lx@lx) (lx) {uname.version}\n".encode()


def _meminfo(p: "Process") -> bytes:
    return host_text("meminfo") or b"MemTotal:       %8d kB\n" % (p.total_memory // 1024)


def _stat(p: "Process") -> bytes:
    """The host's counters for the CPUs that the guest has, numbered from 0."""
    from lx.kernel.synthetic import cpu

    total = cpu.count()
    lines, seen = [], 0
    for line in host_text("stat", b"cpu  0 0 0 0 0 0 0 0 0 0\n").splitlines():
        name, _, rest = line.partition(b" ")
        if name.startswith(b"cpu") and name != b"cpu":
            if seen < total:
                lines.append(b"cpu%d %b" % (seen, rest))
                seen += 1
        elif name in (b"intr", b"softirq"):
            lines.append(b"%b %b" % (name, rest.split(b" ")[0]))
        else:
            lines.append(line)
    return b"\n".join(lines) + b"\n"


def _interrupts(p: "Process") -> bytes:
    from lx.kernel.synthetic import cpu

    heads = b"".join(b"CPU%-8d" % number for number in range(cpu.count()))
    return b"           %b\nERR:          0\nMIS:          0\n" % heads


def _cpuinfo(p: "Process") -> bytes:
    from lx.kernel.synthetic import cpu

    return cpu.cpuinfo()


ROWS: dict[str, Reader] = {
    "cgroups": text(b"#subsys_name\thierarchy\tnum_cgroups\tenabled\n"),
    "cmdline": text(b"\n"),
    "cpuinfo": _cpuinfo,
    "devices": text(DEVICES),
    "diskstats": text(b""),
    "filesystems": text(FILESYSTEMS),
    "interrupts": _interrupts,
    "loadavg": _loadavg,
    "meminfo": _meminfo,
    "misc": text(b""),
    "modules": text(b""),
    "partitions": text(b"major minor  #blocks  name\n\n"),
    "stat": _stat,
    "sysvipc/msg": _sysvipc("msg"),
    "sysvipc/sem": _sysvipc("sem"),
    "sysvipc/shm": _sysvipc("shm"),
    "swaps": _host("swaps", b"Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n"),
    "uptime": _uptime,
    "version": _version,
    "vmstat": _host("vmstat"),
}
"""The files at the top of /proc."""


class ProcRoot(Table):
    """/proc itself: the table, and a directory for each process of the zone."""

    __slots__ = ()

    def lookup(self, p: "Process", name: bytes) -> Node:
        """See Directory. A thread's number is there too, though it is not listed."""
        if not name.isdigit():
            return super().lookup(p, name)
        number = int(name)
        if b"%d" % number == name:
            if number != p.pid and any(t.tid == number for t in p.threads):
                return About(b"/proc/" + name, p.pid, number)
            if exists(p, number):
                return About(b"/proc/" + name, number, number)
        raise LinuxError(Errno.ENOENT)

    def names(self, p: "Process") -> list[tuple[bytes, int, int]]:
        """See Directory."""
        processes = [b"%d" % pid for pid in all_pids(p)]
        return super().names(p) + [(name, Node(self.child(name), 0).ino(), DT_DIR) for name in processes]


def procfs() -> Table:
    """The tree /proc."""
    nodes: list[Node] = files(b"/proc", ROWS)
    nodes += [Link(b"/proc/mounts", b"self/mounts"), Link(b"/proc/net", b"self/net"), self_link(), thread_self_link()]
    return grow(b"/proc", nodes + parameters(), ProcRoot)
