"""futex(2): commands, flags, and the bits of a word that has an owner. Source: Linux uapi linux/futex.h."""

from lx.abi.names import IntEnum, IntFlag


class FutexOp(IntEnum):
    """The command in futex's second argument."""

    WAIT = 0
    WAKE = 1
    REQUEUE = 3
    CMP_REQUEUE = 4
    WAKE_OP = 5
    LOCK_PI = 6
    UNLOCK_PI = 7
    TRYLOCK_PI = 8
    WAIT_BITSET = 9
    WAKE_BITSET = 10
    WAIT_REQUEUE_PI = 11
    CMP_REQUEUE_PI = 12
    LOCK_PI2 = 13


class FutexFlags(IntFlag):
    """The bits beside it."""

    PRIVATE_FLAG = 128
    CLOCK_REALTIME = 256


class Futex2Flags(IntFlag):
    """The flags of a futex in futex_waitv and its relatives; the low two bits are its size."""

    NUMA = 4
    MPOL = 8
    PRIVATE = 128


SIZE_MASK, SIZE_U32 = 3, 2
WAITV_MAX = 128
ANY_BIT = 0xFFFFFFFF
WAITERS, OWNER_DIED, TID_MASK = 0x80000000, 0x40000000, 0x3FFFFFFF
