"""Scheduling: policies, sched_attr, I/O priorities, memory policies.

Source: Linux uapi linux/sched.h, linux/sched/types.h, linux/ioprio.h, linux/mempolicy.h.
"""

from struct import Struct

from lx.abi.names import IntEnum, IntFlag


class Policy(IntEnum):
    """Scheduling policies; 4 was SCHED_ISO."""

    SCHED_OTHER = 0
    SCHED_FIFO = 1
    SCHED_RR = 2
    SCHED_BATCH = 3
    SCHED_IDLE = 5
    SCHED_DEADLINE = 6
    SCHED_EXT = 7


REALTIME = (Policy.SCHED_FIFO, Policy.SCHED_RR)
RESET_ON_FORK = 0x40000000
PRIORITY_MIN, PRIORITY_MAX = 1, 99
NICE_MIN, NICE_MAX = -20, 19
RR_TIMESLICE_NS = 100_000_000


class SchedFlags(IntFlag):
    """sched_attr.sched_flags."""

    RESET_ON_FORK = 0x01
    RECLAIM = 0x02
    DL_OVERRUN = 0x04
    KEEP_POLICY = 0x08
    KEEP_PARAMS = 0x10
    UTIL_CLAMP_MIN = 0x20
    UTIL_CLAMP_MAX = 0x40


SCHED_FLAGS_ALL = 0x7F
SCHED_ATTR = Struct("<IIQiIQQQII")
"""size, policy, flags, nice, priority, runtime, deadline, period, util_min, util_max."""
SCHED_ATTR_SIZE_VER0, SCHED_ATTR_SIZE_VER1 = 48, 56


class IoprioWhich(IntEnum):
    """What ioprio_get's second argument names."""

    IOPRIO_WHO_PROCESS = 1
    IOPRIO_WHO_PGRP = 2
    IOPRIO_WHO_USER = 3


class IoprioClass(IntEnum):
    """I/O scheduling classes, at bit 13 of an I/O priority."""

    NONE = 0
    RT = 1
    BE = 2
    IDLE = 3


IOPRIO_CLASS_SHIFT = 13
IOPRIO_LEVEL_MASK = 7


class MemPolicy(IntEnum):
    """Memory policies."""

    MPOL_DEFAULT = 0
    MPOL_PREFERRED = 1
    MPOL_BIND = 2
    MPOL_INTERLEAVE = 3
    MPOL_LOCAL = 4
    MPOL_PREFERRED_MANY = 5
    MPOL_WEIGHTED_INTERLEAVE = 6


class MemPolicyFlags(IntFlag):
    """Flags above the mode."""

    STATIC_NODES = 0x8000
    RELATIVE_NODES = 0x4000
    NUMA_BALANCING = 0x2000


class GetMemPolicy(IntFlag):
    """get_mempolicy's flags."""

    MPOL_F_NODE = 1
    MPOL_F_ADDR = 2
    MPOL_F_MEMS_ALLOWED = 4


class BindFlags(IntFlag):
    """mbind's flags."""

    MPOL_MF_STRICT = 1
    MPOL_MF_MOVE = 2
    MPOL_MF_MOVE_ALL = 4
