"""What zonecfg would say of a zone."""

NAME_MAX = 64
"""Bytes of a host name, or of a release (__NEW_UTS_LEN)."""


def is_release(text: str) -> bool:
    """MAJOR.MINOR..., MAJOR 2 or more; the rest is the vendor's. At most 64 bytes."""
    major, dot, rest = text.partition(".")
    minor = rest.partition(".")[0].partition("-")[0]
    return major.isdigit() and int(major) >= 2 and bool(dot) and minor.isdigit() and len(text) <= NAME_MAX


class Config:
    """The settings of one zone; see `lx run --help`. A plain class because every run pays for its import."""

    __slots__ = ("chaos", "hostname", "kernel_build", "kernel_version", "restart_all", "root", "seed", "strict")

    def __init__(
        self,
        root: str = "/",
        hostname: str = "",
        kernel_version: str = "5.10.0",
        seed: int | None = None,
        strict: bool = False,
        *,
        chaos: bool = False,
        restart_all: bool = False,
    ) -> None:
        self.root = root
        """Host directory that is the guest's `/`."""
        self.hostname = hostname
        """Empty: the host's own."""
        self.kernel_version = kernel_version
        self.kernel_build = "#1 SMP lx"
        self.seed = seed
        """None: addresses and random bytes are random. A number: the layout is fixed, bytes and the order of threads repeat."""
        self.strict = strict
        """Unsupported calls raise SIGSYS."""
        self.chaos = chaos
        """Threads are given the CPU in unlikely orders; there is a seed then."""
        self.restart_all = restart_all
        """Each call that a signal may restart is restarted once."""
