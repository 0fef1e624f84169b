"""seccomp and classic BPF. Source: Linux uapi linux/seccomp.h, linux/filter.h, linux/bpf_common.h, linux/audit.h."""

from struct import Struct

from lx.abi.names import IntEnum, IntFlag


class SeccompOperation(IntEnum):
    """seccomp's operations."""

    SECCOMP_SET_MODE_STRICT = 0
    SECCOMP_SET_MODE_FILTER = 1
    SECCOMP_GET_ACTION_AVAIL = 2
    SECCOMP_GET_NOTIF_SIZES = 3


class FilterFlags(IntFlag):
    """SECCOMP_SET_MODE_FILTER's flags."""

    SECCOMP_FILTER_FLAG_TSYNC = 1
    SECCOMP_FILTER_FLAG_LOG = 2
    SECCOMP_FILTER_FLAG_SPEC_ALLOW = 4
    SECCOMP_FILTER_FLAG_NEW_LISTENER = 8
    SECCOMP_FILTER_FLAG_TSYNC_ESRCH = 16
    SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV = 32


class Verdict(IntEnum):
    """What a filter returns, without its data."""

    KILL_THREAD = 0
    TRAP = 0x30000
    ERRNO = 0x50000
    USER_NOTIF = 0x7FC00000
    TRACE = 0x7FF00000
    LOG = 0x7FFC0000
    ALLOW = 0x7FFF0000
    KILL_PROCESS = 0x80000000


MODE_NONE, MODE_STRICT, MODE_FILTER = 0, 1, 2
SYS_SECCOMP = 1
MAX_INSTRUCTIONS, MAX_TOTAL = 4096, 32768
SECCOMP_DATA = Struct("<iIQ6Q")
"""nr, arch, instruction_pointer, args."""
SOCK_FPROG = Struct("<H6xQ")
SOCK_FILTER = Struct("<HBBI")
"""code, jt, jf, k."""
NOTIF_SIZES = Struct("<3H")
SIGSYS_INFO = Struct("<iii4xQiI")
"""si_signo, si_errno, si_code; si_call_addr, si_syscall, si_arch."""
