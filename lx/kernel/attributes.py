"""What a thread has told the kernel of itself and is told again when it asks.

These words decide nothing here, or are read by somebody else (the loader looks at the personality). What the host can hold
truly (capabilities, securebits, the parent-death signal) is held there and not here. Real-time classes and
memory policies are remembered and echoed, not obeyed: a guest's threads share one host thread, and a zone has one memory
node. fork copies all of this by being the host's fork; exec keeps it.
"""

from lx.abi.prctl import PR_MCE_KILL_DEFAULT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lx.kernel.seccomp import Filter


class Attributes:
    """The remembered attributes of one thread."""

    __slots__ = (
        "machine_check_kill",
        "memory_policy",
        "memory_policy_nodes",
        "no_new_privs",
        "personality",
        "policy",
        "priority",
        "reset_on_fork",
        "seccomp_filters",
        "seccomp_mode",
        "thp_disabled",
        "timer_slack",
    )

    def __init__(self) -> None:
        self.personality = 0
        self.no_new_privs = False
        self.timer_slack = 50_000
        """Nanoseconds."""
        self.thp_disabled = False
        self.machine_check_kill = PR_MCE_KILL_DEFAULT
        self.policy: int | None = None
        """A real-time policy that was granted and is not obeyed; None: whatever the host says."""
        self.priority = 0
        self.reset_on_fork = False
        self.seccomp_mode = 0
        self.seccomp_filters: tuple[Filter, ...] = ()
        """The newest first."""
        self.memory_policy = 0
        self.memory_policy_nodes = 0

    def cloned(self) -> "Attributes":
        """Those of a new thread."""
        new = Attributes()
        for name in self.__slots__:
            setattr(new, name, getattr(self, name))
        new.forked()
        return new

    def forked(self) -> None:
        """In a child: what SCHED_RESET_ON_FORK takes back."""
        if self.reset_on_fork:
            self.policy, self.priority, self.reset_on_fork = None, 0, False

