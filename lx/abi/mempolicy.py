"""Memory policies. Source: Linux uapi linux/mempolicy.h."""

from lx.abi.names import IntEnum, IntFlag


class Policy(IntEnum):
    """The modes."""

    MPOL_DEFAULT = 0
    MPOL_PREFERRED = 1
    MPOL_BIND = 2
    MPOL_INTERLEAVE = 3
    MPOL_LOCAL = 4
    MPOL_PREFERRED_MANY = 5
    MPOL_WEIGHTED_INTERLEAVE = 6


class PolicyBits(IntFlag):
    """Flags beside a mode."""

    MPOL_F_NUMA_BALANCING = 1 << 13
    MPOL_F_RELATIVE_NODES = 1 << 14
    MPOL_F_STATIC_NODES = 1 << 15


class QueryFlags(IntFlag):
    """get_mempolicy's."""

    MPOL_F_NODE = 1
    MPOL_F_ADDR = 2
    MPOL_F_MEMS_ALLOWED = 4


class MbindFlags(IntFlag):
    """mbind's."""

    MPOL_MF_STRICT = 1
    MPOL_MF_MOVE = 2
    MPOL_MF_MOVE_ALL = 4


class MoveFlags(IntFlag):
    """move_pages'."""

    MPOL_MF_MOVE = 2
    MPOL_MF_MOVE_ALL = 4
