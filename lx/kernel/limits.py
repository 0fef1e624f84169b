"""Resource limits of a guest process.

A guest process is a host process, so the limits that say what it may ask of the host (CPU time, file size, processes,
signals, priorities) are the host's own: they are set there, inherited there and enforced there. Limits on memory and
on core files speak of the guest's address space and not of the emulator's: they are kept here and asked for by the
address space. RLIMIT_NOFILE is in between: the host's soft limit follows the guest's, so that open(2) fails where it
should; its hard limit is kept here, because the emulator's own descriptors live above the guest's.

fork needs nothing: the host's fork copies both halves. Limits that the host does not know are remembered and echoed.
"""

import resource

from lx.abi.errno import Errno, LinuxError
from lx.abi.lean import Callable, suppress
from lx.abi.resource import RLIM_INFINITY, RLIM_NLIMITS, Resource
from lx.host.linux_only import effective_capabilities
from lx.kernel.memory import MemoryLimits

CAP_SYS_RESOURCE = 1 << 24
NR_OPEN = 1 << 20
"""The most that RLIMIT_NOFILE can be: Linux's default of fs.nr_open."""
HELD_BY_THE_HOST = frozenset(
    {
        Resource.RLIMIT_CPU,
        Resource.RLIMIT_FSIZE,
        Resource.RLIMIT_NPROC,
        Resource.RLIMIT_SIGPENDING,
        Resource.RLIMIT_MSGQUEUE,
        Resource.RLIMIT_NICE,
        Resource.RLIMIT_RTPRIO,
        Resource.RLIMIT_RTTIME,
    }
)
Pair = tuple[int, int]


def _host_number(number: int) -> int | None:
    """The host's number of a Linux limit, by name; None if the host has no such limit."""
    return getattr(resource, Resource(number).name, None)


def _from_host(pair: Pair) -> Pair:
    soft, hard = (RLIM_INFINITY if value == resource.RLIM_INFINITY else value for value in pair)
    return soft, hard


def _to_host(pair: Pair) -> Pair:
    soft, hard = (resource.RLIM_INFINITY if value >> 63 else value for value in pair)
    return soft, hard


def set_host_nofile(soft: int) -> None:
    """Make the host's soft limit of descriptors `soft`, as far as its hard limit goes."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    most = soft if hard == resource.RLIM_INFINITY else min(soft, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


def free_memory() -> None:
    """Lift the host's limits on memory, which now are the guest's and not the emulator's, as far as the host lets us.

    RuntimeError if what remains is too little for the emulator, which reserves address space by the TiB.
    """
    for number in (resource.RLIMIT_AS, resource.RLIMIT_DATA):
        soft, hard = resource.getrlimit(number)
        for value in (resource.RLIM_INFINITY, hard):
            with suppress(OSError, ValueError):
                resource.setrlimit(number, (value, value))
                break
    soft = resource.getrlimit(resource.RLIMIT_AS)[0]
    if soft != resource.RLIM_INFINITY and soft < ADDRESS_SPACE_NEEDED:
        raise RuntimeError(f"address space is limited to {soft >> 10} kB (ulimit -v): the emulator cannot start")


ADDRESS_SPACE_NEEDED = 16 << 40


class Limits:
    """The limits of one process; every value in Linux's units, RLIM_INFINITY for none."""

    __slots__ = ("_kept", "_memory", "_set_nofile")

    def __init__(self, set_nofile: Callable[[int], None] = set_host_nofile) -> None:
        self._set_nofile = set_nofile
        self._kept: dict[int, Pair] = {}
        for number in range(RLIM_NLIMITS):
            host = _host_number(number)
            if host is None:
                self._kept[number] = (RLIM_INFINITY, RLIM_INFINITY)
            elif number not in HELD_BY_THE_HOST:
                self._kept[number] = _from_host(resource.getrlimit(host))
        self._memory = MemoryLimits()
        self._tell_memory()

    def get(self, number: int) -> Pair:
        """(soft, hard) of a limit. EINVAL if there is no such limit."""
        if not 0 <= number < RLIM_NLIMITS:
            raise LinuxError(Errno.EINVAL)
        kept = self._kept.get(number)
        if kept is not None:
            return kept
        host = _host_number(number)
        assert host is not None
        return _from_host(resource.getrlimit(host))

    def soft(self, number: int) -> int:
        """The soft limit."""
        return self.get(number)[0]

    def set(self, number: int, soft: int, hard: int) -> None:
        """Change a limit. EINVAL if soft is above hard, EPERM for raising hard without CAP_SYS_RESOURCE."""
        old = self.get(number)
        if soft > hard:
            raise LinuxError(Errno.EINVAL)
        if number == Resource.RLIMIT_NOFILE and hard > NR_OPEN:
            raise LinuxError(Errno.EPERM)
        if number not in self._kept:
            host = _host_number(number)
            assert host is not None
            try:
                resource.setrlimit(host, _to_host((soft, hard)))
            except ValueError:  # Python's word for the host's EPERM
                raise LinuxError(Errno.EPERM) from None
            return
        if hard > old[1] and not effective_capabilities() & CAP_SYS_RESOURCE:
            raise LinuxError(Errno.EPERM)
        if number == Resource.RLIMIT_NOFILE:
            self._set_nofile(soft)
        self._kept[number] = (soft, hard)
        self._tell_memory()

    def memory(self) -> MemoryLimits:
        """What the address space asks about: the same object every time, kept up to date."""
        return self._memory

    def _tell_memory(self) -> None:
        self._memory.address_space = self._kept[Resource.RLIMIT_AS][0]
        self._memory.data = self._kept[Resource.RLIMIT_DATA][0]
        self._memory.stack = self._kept[Resource.RLIMIT_STACK][0]


def of_another(host_pid: int, number: int, new: Pair | None) -> Pair:
    """(soft, hard) of a limit of another process of the zone, after setting it to `new` unless that is None.

    Only what the host holds can be reached from here: EPERM for the others.
    """
    if not 0 <= number < RLIM_NLIMITS:
        raise LinuxError(Errno.EINVAL)
    if new is not None and new[0] > new[1]:
        raise LinuxError(Errno.EINVAL)
    host = _host_number(number)
    if host is None or number not in HELD_BY_THE_HOST or not hasattr(resource, "prlimit"):
        raise LinuxError(Errno.EPERM)
    if new is None:
        return _from_host(resource.prlimit(host_pid, host))
    return _from_host(resource.prlimit(host_pid, host, _to_host(new)))
