"""Twins: what stands in for Linux's event descriptors on a host that lacks them.

The guest's descriptor is a FIFO, so that dup, fork, exec and close are the host's own, and poll and epoll mostly too: it holds a
byte while there is something to be read (lx.kernel.twins.fifo). An epoll set says itself when it is ready, because it looks at
what it holds: poll, select and sets of ours look through it (lx.kernel.readiness).

A room for each: counter (eventfd), timer (timerfd), epoll with item and edges; each says its limits. Limits of all: sent through
a socket a twin is only a FIFO, in /proc/PID/fd too; the FIFO's name stays until the zone ends. There is no twin of signalfd,
inotify and pidfd: a host without them answers ENOSYS.
"""
