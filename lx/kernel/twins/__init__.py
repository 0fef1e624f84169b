"""Twins: what stands in for Linux's event descriptors on a host that lacks them.

The guest's descriptor is a FIFO, so that dup, fork, exec and close are the host's own, and poll and epoll mostly too: it holds a
byte while there is something to be read (lx.kernel.twins.fifo). Two say themselves when they are ready, because no host
descriptor could: an epoll set looks at what it holds, a signalfd at the signals of the thread that asks. poll, select and sets of
ours look through them (lx.kernel.readiness).

A room for each: counter (eventfd), timer (timerfd), epoll with item and edges, signals (signalfd), pidfd with handing, inotify
with watches, comparison and witness. What some have to know of their process's own calls they hear (lx.kernel.twins.hearing).

Each says its limits. Limits of all: sent through a socket a twin is only a FIFO, in /proc/PID/fd too; the FIFO's name stays until
the zone ends.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lx.kernel.process import Process


def prepare(p: "Process") -> None:
    """Have all that twins need, before it may be out of reach."""
    from lx.kernel.twins import counter, epoll, handing, inotify, pidfd, signals, timer  # noqa: F401

    p.zone.fifos(p.files.own)
