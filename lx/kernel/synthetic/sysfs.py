"""/sys: as much as programs read to count processors, find page sizes and see whether there is a network.

lscpu, nproc, glibc's sysconf, Go, OpenMP and the JVM count CPUs and caches here; their answers must be those of
/proc/cpuinfo, so both come from lx.kernel.synthetic.cpu. Devices, buses and block devices there are none.

Limits: one memory node; network interfaces besides lo are not described; nothing can be written.
"""


from lx.abi.lean import Mapping
from lx.kernel.synthetic import cpu
from lx.kernel.synthetic.host import host_text
from lx.kernel.synthetic.nodes import Directory, Node, Reader, Table
from lx.kernel.synthetic.tables import files, grow, text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lx.kernel.process import Process


def _line(value: bytes | int) -> Reader:
    return text(b"%b\n" % (value if isinstance(value, bytes) else b"%d" % value))


def _mask(bits: int) -> Reader:
    """A CPU mask as the kernel prints one: 32-bit groups with commas."""
    groups = []
    while True:
        groups.append(b"%08x" % (bits & 0xFFFFFFFF))
        bits >>= 32
        if not bits:
            break
    groups[-1] = b"%x" % int(groups[-1], 16)
    return _line(b",".join(reversed(groups)))


def _huge_pages(p: "Process") -> bytes:
    return host_text("kernel/mm/transparent_hugepage/enabled", b"always madvise [never]\n", "/sys")


def _node_memory(p: "Process") -> bytes:
    lines = host_text("meminfo").splitlines()[:2]
    return b"".join(b"Node 0 %b\n" % line for line in lines)


def _cpu(number: int, total: int) -> dict[str, Reader]:
    own, everything = 1 << number, (1 << total) - 1
    lists = {"thread_siblings": own, "core_cpus": own, "core_siblings": everything, "package_cpus": everything}
    rows: dict[str, Reader] = {"topology/core_id": _line(number), "topology/physical_package_id": _line(0)}
    rows["topology/die_id"] = _line(0)
    for name, bits in lists.items():
        rows[f"topology/{name}"] = _mask(bits)
        rows[f"topology/{name}_list"] = _line(b"%d" % number if bits == own else cpu.cpu_list())
    if number:
        rows["online"] = _line(1)
    for index, (level, kind, ways, sets) in enumerate(cpu.CACHES):
        cache = f"cache/index{index}/"
        rows |= {
            cache + "level": _line(level),
            cache + "type": _line(kind.encode()),
            cache + "size": _line(b"%dK" % (ways * sets * cpu.CLFLUSH_BYTES // 1024)),
            cache + "coherency_line_size": _line(cpu.CLFLUSH_BYTES),
            cache + "ways_of_associativity": _line(ways),
            cache + "number_of_sets": _line(sets),
            cache + "physical_line_partition": _line(1),
            cache + "shared_cpu_map": _mask(own),
            cache + "shared_cpu_list": _line(number),
        }
    return rows


FIXED: Mapping[str, Reader] = {
    "class/net/lo/address": _line(b"00:00:00:00:00:00"),
    "class/net/lo/addr_len": _line(6),
    "class/net/lo/broadcast": _line(b"00:00:00:00:00:00"),
    "class/net/lo/carrier": _line(1),
    "class/net/lo/flags": _line(b"0x9"),
    "class/net/lo/ifindex": _line(1),
    "class/net/lo/iflink": _line(1),
    "class/net/lo/mtu": _line(65536),
    "class/net/lo/operstate": _line(b"unknown"),
    "class/net/lo/tx_queue_len": _line(1000),
    "class/net/lo/type": _line(772),
    "kernel/mm/transparent_hugepage/enabled": _huge_pages,
    "kernel/mm/transparent_hugepage/hpage_pmd_size": _line(2097152),
    "devices/system/cpu/offline": _line(b""),
    "devices/system/cpu/isolated": _line(b""),
    "devices/system/cpu/kernel_max": _line(8191),
    "devices/system/node/online": _line(0),
    "devices/system/node/possible": _line(0),
    "devices/system/node/has_cpu": _line(0),
    "devices/system/node/has_memory": _line(0),
    "devices/system/node/has_normal_memory": _line(0),
    "devices/system/node/node0/distance": _line(10),
    "devices/system/node/node0/meminfo": _node_memory,
}
"""What does not depend on the number of CPUs."""

EMPTY = (b"block", b"bus", b"dev", b"fs/cgroup", b"module", b"class/block", b"class/tty")
"""Directories with nothing in them."""


def sysfs() -> Table:
    """The tree /sys."""
    total = cpu.count()
    rows = dict(FIXED)
    for name in ("online", "possible", "present"):
        rows[f"devices/system/cpu/{name}"] = _line(cpu.cpu_list())
    rows["devices/system/node/node0/cpulist"] = _line(cpu.cpu_list())
    rows["devices/system/node/node0/cpumap"] = _mask((1 << total) - 1)
    for number in range(total):
        rows |= {f"devices/system/cpu/cpu{number}/{name}": reader for name, reader in _cpu(number, total).items()}
    nodes: list[Node] = [Directory(b"/sys/" + name) for name in EMPTY]
    return grow(b"/sys", nodes + files(b"/sys", rows))
