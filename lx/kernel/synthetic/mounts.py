"""What is mounted in the zone: mounts, mountinfo, mountstats.

The host's mounts at or below the zone's root, by their place in the zone, and lx's own trees over whatever lies at
/proc, /dev and /sys. Device numbers are those that stat answers, so df and findmnt find the right row for a path.

Limits: the root's own subdirectory on its file system is shown as "/"; mount options are the host's.
"""

import os

from lx.abi.lean import Iterator
from lx.abi.record import dataclass
from lx.kernel.synthetic.host import host_text
from lx.kernel.synthetic.nodes import FILESYSTEMS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lx.kernel.process import Process

ESCAPES = ((b"\\", b"\\134"), (b" ", b"\\040"), (b"\t", b"\\011"), (b"\n", b"\\012"))


@dataclass(frozen=True, slots=True)
class Mount:
    """One mount; texts are escaped as in mountinfo."""

    device: bytes
    point: bytes
    options: bytes
    type: bytes
    source: bytes
    super_options: bytes


def _device(number: int) -> bytes:
    return b"%d:%d" % (os.major(number), os.minor(number))


def _host_mounts() -> Iterator[Mount]:
    for line in host_text("self/mountinfo").splitlines():
        left, _, right = line.partition(b" - ")
        fields, (kind, source, *rest) = left.split(b" "), right.split(b" ")
        yield Mount(fields[2], fields[4], fields[5], kind, source, b" ".join(rest) or b"rw")


def _below(point: bytes, root: bytes) -> bool:
    return point == root or point.startswith(root.rstrip(b"/") + b"/")


def mounts(p: "Process") -> list[Mount]:
    """The zone's mounts, a parent always before its children."""
    root = os.path.realpath(os.fsencode(p.zone.root))
    device = _device(os.stat(root).st_dev)
    for plain, escaped in ESCAPES:
        root = root.replace(plain, escaped)
    top = Mount(device, b"/", b"rw,relatime", b"lofs", b"lx", b"rw")
    inside = []
    for m in _host_mounts():
        if m.device == device and _below(root, m.point):
            top = Mount(device, b"/", m.options, m.type, m.source, m.super_options)
        elif m.point != root and _below(m.point, root):
            point = m.point[len(root.rstrip(b"/")) :]
            if not any(_below(point, b"/" + name) for name in FILESYSTEMS):
                inside.append(Mount(m.device, point, m.options, m.type, m.source, m.super_options))
    found = [top]
    for name, fs in FILESYSTEMS.items():
        found.append(Mount(_device(fs.device), b"/" + name, b"rw,relatime", fs.type, fs.type, b"rw"))
    for point, kind, path in (
        (b"/dev/shm", b"tmpfs", os.path.join(p.zone.runtime_dir, "shm")),
        (b"/dev/pts", b"devpts", "/dev/pts"),
    ):
        if os.path.isdir(path):
            found.append(Mount(_device(os.stat(path).st_dev), point, b"rw,nosuid,noexec,relatime", kind, kind, b"rw"))
    return found + inside


def mounts_text(p: "Process") -> bytes:
    """/proc/PID/mounts: fstab's columns."""
    rows = []
    for m in mounts(p):
        options = list(m.options.split(b","))
        options += [option for option in m.super_options.split(b",") if option not in options and option != b"rw"]
        rows.append(b"%b %b %b %b 0 0\n" % (m.source, m.point, m.type, b",".join(options)))
    return b"".join(rows)


def mountinfo(p: "Process") -> bytes:
    """/proc/PID/mountinfo."""
    rows: list[bytes] = []
    numbers: list[tuple[bytes, int]] = []
    for number, m in enumerate(mounts(p), 20):
        parent = max(((len(point), n) for point, n in numbers if _below(m.point, point)), default=(0, 1))[1]
        numbers.append((m.point, number))
        fields = (number, parent, m.device, m.point, m.options, m.type, m.source, m.super_options)
        rows.append(b"%d %d %b / %b %b - %b %b %b\n" % fields)
    return b"".join(rows)


def mountstats(p: "Process") -> bytes:
    """/proc/PID/mountstats."""
    return b"".join(b"device %b mounted on %b with fstype %b\n" % (m.source, m.point, m.type) for m in mounts(p))
