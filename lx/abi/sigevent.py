"""struct sigevent: how somebody wants to be told. Source: Linux uapi asm-generic/siginfo.h."""

from struct import Struct

from lx.abi.names import IntEnum, IntFlag

SIGEV_THREAD_ID_BIT = 4


class Notify(IntEnum):
    """sigev_notify."""

    SIGEV_SIGNAL = 0
    SIGEV_NONE = 1
    SIGEV_THREAD = 2
    SIGEV_THREAD_ID = 4


class TimerFlags(IntFlag):
    """timer_settime's flags."""

    TIMER_ABSTIME = 1


SIGEVENT = Struct("<Qiii44x")
"""sigev_value, sigev_signo, sigev_notify, sigev_notify_thread_id."""
ITIMERSPEC = Struct("<qqqq")
"""it_interval, it_value."""
TIMER_INFO = Struct("<iii4xiiQ")
"""siginfo of a timer: si_signo, si_errno, si_code; si_timerid, si_overrun, si_value."""
