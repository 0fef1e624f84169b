"""membarrier's commands. Source: Linux uapi linux/membarrier.h, where each has the prefix MEMBARRIER_CMD_."""

from lx.abi.names import IntEnum


class Membarrier(IntEnum):
    """The commands."""

    QUERY = 0
    GLOBAL = 1
    GLOBAL_EXPEDITED = 2
    REGISTER_GLOBAL_EXPEDITED = 4
    PRIVATE_EXPEDITED = 8
    REGISTER_PRIVATE_EXPEDITED = 16
    PRIVATE_EXPEDITED_SYNC_CORE = 32
    REGISTER_PRIVATE_EXPEDITED_SYNC_CORE = 64
    GET_REGISTRATIONS = 512
