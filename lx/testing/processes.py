"""Ending what a generated program leaves behind.

A program runs in its side's session, and setsid is not generated: whatever it has forked is found by the session's number,
even where its parent is dead and its process group is another. A worker is its descendants' reaper (Linux: a subreaper), so
orphans come to it, and looking at its own children tells in one read of /proc whether a program has left any.

Worker, side and served child each die with the one that has started it (PR_SET_PDEATHSIG), so killing a campaign outright
leaves nothing either.
"""

import ctypes
import os
import signal
import time
from contextlib import suppress
from functools import cache

from lx.abi.prctl import Prctl
from lx.host import linux_only

CLONE_NEWIPC = 0x08000000
"""Linux uapi linux/sched.h."""


def become_reaper() -> None:
    """Orphaned descendants come to this process from now on."""
    linux_only.prctl(Prctl.PR_SET_CHILD_SUBREAPER, 1)


def isolate() -> None:
    """A System V IPC namespace of its own for this process and all that it starts. OSError without the privilege."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWIPC):
        raise OSError(ctypes.get_errno(), "unshare")


@cache
def can_isolate() -> bool:
    """Whether this process may have namespaces; found out in a child."""
    child = os.fork()
    if child == 0:
        try:
            isolate()
        except OSError:
            os._exit(1)
        os._exit(0)
    return os.waitpid(child, 0)[1] == 0


def die_with_parent() -> None:
    """SIGTERM for this process when its parent ends. For a process that is new: its parent may be gone already."""
    linux_only.prctl(Prctl.PR_SET_PDEATHSIG, signal.SIGTERM)


def children(pid: int) -> list[int]:
    """The children of a process, in order; none if it is gone."""
    try:
        with open(f"/proc/{pid}/task/{pid}/children", "rb") as file:
            return [int(word) for word in file.read().split()]
    except OSError:
        return []


def descendants(pid: int) -> list[int]:
    """The children of a process, their children, and so on."""
    found = children(pid)
    for child in found:
        found += children(child)
    return found


def session_members(session: int) -> list[int]:
    """Every process of a session that is not a zombie."""
    found = []
    for name in os.listdir("/proc"):
        if name.isdigit():
            with suppress(OSError), open(f"/proc/{name}/stat", "rb") as file:
                words = file.read().rpartition(b")")[2].split()
                if int(words[3]) == session and words[0] not in (b"Z", b"X"):
                    found.append(int(name))
    return found


def kill(pid: int) -> None:
    """SIGKILL, to a process that may be gone."""
    with suppress(OSError):
        os.kill(pid, signal.SIGKILL)


def end_session(session: int) -> None:
    """Kill a session's processes until there is none: one that forks meanwhile is stopped before it is killed."""
    for _ in range(100):
        members = session_members(session)
        if not members:
            return
        for number in (signal.SIGSTOP, signal.SIGKILL):
            for pid in members:
                with suppress(OSError):
                    os.kill(pid, number)


def see_off(pids: list[int], seconds: float = 2.0) -> None:
    """Wait until these processes, which have been killed, are gone: who has lost its parent is for init to reap."""
    end = time.monotonic() + seconds
    while any(os.path.exists(f"/proc/{pid}") for pid in pids) and time.monotonic() < end:
        time.sleep(0.005)


def end_strays(keep: frozenset[int]) -> int:
    """Kill and reap children of this process that it does not keep, and what they leave in turn: how many there were."""
    count = 0
    while strays := [pid for pid in children(os.getpid()) if pid not in keep]:
        for pid in strays:
            kill(pid)
            with suppress(OSError):
                os.waitpid(pid, 0)
            count += 1
    return count
