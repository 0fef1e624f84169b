"""Native asynchronous I/O. Source: Linux uapi linux/aio_abi.h."""

from struct import Struct

from lx.abi.names import IntEnum

IOCB = Struct("<QIiHhIQQqQII")
"""aio_data, aio_key, aio_rw_flags, aio_lio_opcode, aio_reqprio, aio_fildes, aio_buf, aio_nbytes, aio_offset, aio_reserved2,
aio_flags, aio_resfd."""
IO_EVENT = Struct("<QQqq")
"""data, obj, res, res2."""
IOCB_FLAG_RESFD = 1
KEY_AT, KIOCB_KEY = 8, 0


class IocbCommand(IntEnum):
    """aio_lio_opcode."""

    PREAD = 0
    PWRITE = 1
    FSYNC = 2
    FDSYNC = 3
    POLL = 5
    NOOP = 6
    PREADV = 7
    PWRITEV = 8


READS = (IocbCommand.PREAD, IocbCommand.PREADV)
VECTORS = {IocbCommand.PREAD: IocbCommand.PREADV, IocbCommand.PWRITE: IocbCommand.PWRITEV}
