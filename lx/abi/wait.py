"""Waiting for children. Source: Linux uapi linux/wait.h, asm-generic/siginfo.h."""

import struct

from lx.abi.names import IntFlag


class WaitFlags(IntFlag):
    """wait4 and waitid options. Source: linux/wait.h."""

    NOHANG = 1
    UNTRACED = 2
    EXITED = 4
    CONTINUED = 8
    NOWAIT = 0x01000000
    NOTHREAD = 0x20000000
    ALL = 0x40000000
    CLONE = 0x80000000


P_ALL, P_PID, P_PGID, P_PIDFD = 0, 1, 2, 3
CLD_EXITED = 1
ENDS = (1, 2, 3)
"""CLD_EXITED, CLD_KILLED, CLD_DUMPED."""
CHILD_INFO = struct.Struct("<iii4xiIi")
"""siginfo of a child: si_signo, si_errno, si_code, si_pid, si_uid, si_status."""
CHILD_TIMES = struct.Struct("<4xqq")
"""What follows in a signal's: si_utime, si_stime, in ticks of 10 ms."""
