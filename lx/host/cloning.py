"""fork with more of clone(2) than the C library's has: further flags, of the host.

The C library and Python must be afterwards as they are after their own fork. The library keeps the thread's id in a word, which
the kernel writes anew (CLONE_CHILD_SETTID) and says where it is. Python must be told in the child before it runs a single
instruction of Python code: its eval loop would hand its lock to a thread that only the parent has, if that asked for it, and wait
for ever. So the clone and what tells Python follow upon each other in C, in one chain of iterators.

Limit: the allocator's locks are not taken before, as the C library's fork does where there are several host threads. Ours
allocate only while they have Python's lock, which is the caller's here, but for the moment in which one of them ends.
"""

import ctypes
import errno
import os

from lx.abi.lean import call
from lx.host.libc import failure
from lx.host.linux_only import PRESENT

CLONE3 = 435
PR_GET_TID_ADDRESS = 40
CLONE_PARENT, CLONE_PARENT_SETTID, CLONE_CHILD_CLEARTID, CLONE_CHILD_SETTID = 0x8000, 0x100000, 0x200000, 0x1000000
SIGCHLD = 17
"""Source of the numbers: Linux uapi linux/sched.h, linux/prctl.h, asm-generic/unistd.h and signal.h."""

_python = ctypes.PyDLL(None, use_errno=True)


class _CloneArgs(ctypes.Structure):
    _fields_ = tuple(
        (name, ctypes.c_uint64)
        for name in ("flags", "pidfd", "child_tid", "parent_tid", "exit_signal", "stack", "stack_size", "tls")
    )


def _tid_address() -> int:
    address = ctypes.c_uint64()
    if not PRESENT or _python.prctl(PR_GET_TID_ADDRESS, ctypes.byref(address), 0, 0, 0):
        raise failure(errno.ENOSYS)
    return address.value


def clone(flags: int) -> int:
    """fork(2) with further flags, none of which shares memory or descriptors: the child's pid, or 0 in it. OSError."""
    tid, me, born = _tid_address(), os.getpid(), ctypes.c_int()
    flags |= CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID | CLONE_CHILD_SETTID
    signo = 0 if flags & CLONE_PARENT else SIGCHLD
    args = _CloneArgs(flags=flags, child_tid=tid, parent_tid=ctypes.addressof(born), exit_signal=signo)
    make = _python.syscall
    make.restype = ctypes.c_long
    pids = map(make, [ctypes.c_long(CLONE3)], [ctypes.byref(args)], [ctypes.c_long(ctypes.sizeof(args))])
    after = map({0: _python.PyOS_AfterFork_Child}.get, pids, [_python.PyOS_AfterFork_Parent])
    _python.PyOS_BeforeFork()
    next(map(call, after))
    if os.getpid() == me and not born.value:
        raise failure(ctypes.get_errno())
    return born.value
