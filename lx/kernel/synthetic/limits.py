"""/proc/PID/limits. Names, order and units: Linux fs/proc/base.c, lnames."""


from lx.abi.resource import RLIM_INFINITY

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lx.kernel.process import Process

NAMES: tuple[tuple[bytes, bytes], ...] = (
    (b"Max cpu time", b"seconds"),
    (b"Max file size", b"bytes"),
    (b"Max data size", b"bytes"),
    (b"Max stack size", b"bytes"),
    (b"Max core file size", b"bytes"),
    (b"Max resident set", b"bytes"),
    (b"Max processes", b"processes"),
    (b"Max open files", b"files"),
    (b"Max locked memory", b"bytes"),
    (b"Max address space", b"bytes"),
    (b"Max file locks", b"locks"),
    (b"Max pending signals", b"signals"),
    (b"Max msgqueue size", b"bytes"),
    (b"Max nice priority", b""),
    (b"Max realtime priority", b""),
    (b"Max realtime timeout", b"us"),
)
"""By RLIMIT_* number, from 0: name and unit."""


def _value(limit: int) -> bytes:
    return b"unlimited" if limit == RLIM_INFINITY else b"%d" % limit


def limits(p: "Process") -> bytes:
    """The text of /proc/PID/limits."""
    rows = [b"%-25b %-20b %-20b %-10b\n" % (b"Limit", b"Soft Limit", b"Hard Limit", b"Units")]
    for resource, (name, unit) in enumerate(NAMES):
        soft, hard = p.limits.get(resource)
        unit = unit and unit.ljust(10)
        rows.append(b"%-25b %-20b %-20b %b\n" % (name, _value(soft), _value(hard), unit))
    return b"".join(rows)
