"""Signals: numbers, action flags, codes, siginfo. Source: Linux uapi asm-generic/signal.h, siginfo.h; signal(7)."""

import struct

from lx.abi.names import IntEnum, IntFlag


class Signal(IntEnum):
    """The classic signals; 32 to 64 are the real-time ones."""

    SIGHUP = 1
    SIGINT = 2
    SIGQUIT = 3
    SIGILL = 4
    SIGTRAP = 5
    SIGABRT = 6
    SIGBUS = 7
    SIGFPE = 8
    SIGKILL = 9
    SIGUSR1 = 10
    SIGSEGV = 11
    SIGUSR2 = 12
    SIGPIPE = 13
    SIGALRM = 14
    SIGTERM = 15
    SIGSTKFLT = 16
    SIGCHLD = 17
    SIGCONT = 18
    SIGSTOP = 19
    SIGTSTP = 20
    SIGTTIN = 21
    SIGTTOU = 22
    SIGURG = 23
    SIGXCPU = 24
    SIGXFSZ = 25
    SIGVTALRM = 26
    SIGPROF = 27
    SIGWINCH = 28
    SIGIO = 29
    SIGPWR = 30
    SIGSYS = 31


SIGRTMIN, NSIG = 32, 64
SIG_DFL, SIG_IGN = 0, 1
SIG_BLOCK, SIG_UNBLOCK, SIG_SETMASK = 0, 1, 2


class SaFlags(IntFlag):
    """sigaction's sa_flags."""

    NOCLDSTOP = 1
    NOCLDWAIT = 2
    SIGINFO = 4
    UNSUPPORTED = 0x400
    EXPOSE_TAGBITS = 0x800
    RESTORER = 0x04000000
    ONSTACK = 0x08000000
    RESTART = 0x10000000
    NODEFER = 0x40000000
    RESETHAND = 0x80000000


class SsFlags(IntFlag):
    """sigaltstack's ss_flags."""

    ONSTACK = 1
    DISABLE = 2
    AUTODISARM = 0x80000000


IGNORED_BY_DEFAULT = frozenset({Signal.SIGCHLD, Signal.SIGCONT, Signal.SIGURG, Signal.SIGWINCH})
STOPS_BY_DEFAULT = frozenset({Signal.SIGSTOP, Signal.SIGTSTP, Signal.SIGTTIN, Signal.SIGTTOU})
DUMPS_BY_DEFAULT = frozenset(
    {
        Signal.SIGQUIT,
        Signal.SIGILL,
        Signal.SIGTRAP,
        Signal.SIGABRT,
        Signal.SIGBUS,
        Signal.SIGFPE,
        Signal.SIGSEGV,
        Signal.SIGXCPU,
        Signal.SIGXFSZ,
        Signal.SIGSYS,
    }
)
UNBLOCKABLE = 1 << Signal.SIGKILL - 1 | 1 << Signal.SIGSTOP - 1

SI_USER, SI_KERNEL, SI_TIMER, SI_TKILL = 0, 0x80, -2, -6
SEGV_MAPERR, SEGV_ACCERR = 1, 2
BUS_ADRALN, BUS_ADRERR = 1, 2
SIGINFO_SIZE = 128
MINSIGSTKSZ = 2048
"""The least that sigaltstack takes, however small a frame is (asm-generic/signal.h)."""
SIGACTION = struct.Struct("<QQQQ")
"""struct kernel_sigaction: handler, flags, restorer, mask."""
STACK = struct.Struct("<Qi4xQ")
"""stack_t: ss_sp, ss_flags, ss_size."""
SIGINFO_HEAD = struct.Struct("<iii4x")
FAULT_INFO = struct.Struct("<iii4xQ")
USER_INFO = struct.Struct("<iii4xiI")


def bit(signo: int) -> int:
    """The signal's bit in a mask."""
    return 1 << signo - 1


def signal_name(signo: int) -> str:
    """SIGINT, SIGRT_3 and the like."""
    try:
        return Signal(signo).name
    except ValueError:
        return f"SIGRT_{signo - SIGRTMIN}" if SIGRTMIN <= signo <= NSIG else str(signo)
