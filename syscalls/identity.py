"""Who a process is: pids, user and group ids, groups, sessions, capabilities.

A guest process is a host process and so are its credentials: the host checks and changes them, and what the guest may then
do to files and processes follows by itself. Pids are translated by the zone, which knows its own processes only; to the guest
the others do not exist (ESRCH). A process group or session keeps its leader's number after the leader is gone,
so those numbers pass as they are unless the leader lives in the zone.

Capabilities are the host's too. As in a user namespace, some that a process has do not reach out of the zone: the clock, swap,
accounting and the kernel's log answer EPERM whoever asks.
"""

import os

from lx.abi.capability import CAP_DATA, CAP_HEADER, VERSION_3, WORDS, Cap
from lx.abi.errno import Errno, LinuxError
from lx.abi.prctl import SUID_DUMP_DISABLE
from lx.host import credentials, linux_only
from lx.kernel.thread import Thread
from syscalls.declare import syscall
from syscalls.types import Annotated, Gid, Int, Pid, Uid, struct_in, struct_inout, struct_out

IdOut = Annotated[int, struct_out("u32")]
GidsIn = Annotated[int, struct_in("gids")]
GidsOut = Annotated[int, struct_out("gids")]
CapHeader = Annotated[int, struct_inout("cap_header")]
CapDataIn = Annotated[int, struct_in("cap_data")]
CapDataOut = Annotated[int, struct_out("cap_data")]

NGROUPS_MAX = 65536
INVALID_ID = 0xFFFFFFFF
U32 = 0xFFFFFFFF


# ---- processes


@syscall(constant="pid")
def getpid(t: Thread) -> int:
    """The process's pid."""
    return t.pid


@syscall(constant="tid")
def gettid(t: Thread) -> int:
    """The thread's id."""
    return t.tid


@syscall(direct="parent")
def getppid(t: Thread) -> int:
    """The parent's pid; 0 if it is outside the zone."""
    return t.process.ppid


def _host_pid(t: Thread, pid: int) -> int:
    if pid == 0:
        return 0
    if pid < 0:
        raise LinuxError(Errno.ESRCH)
    host: int = t.zone.host_pid(pid)
    return host


@syscall(direct="inside")
def getpgrp(t: Thread) -> int:
    """The caller's process group."""
    group: int = t.zone.guest_pid(os.getpgid(0))
    return group


@syscall(direct="inside")
def getpgid(t: Thread, pid: Pid) -> int:
    """A process's group."""
    group: int = t.zone.guest_pid(os.getpgid(_host_pid(t, pid)))
    return group


@syscall(direct="inside")
def getsid(t: Thread, pid: Pid) -> int:
    """A process's session."""
    session: int = t.zone.guest_pid(os.getsid(_host_pid(t, pid)))
    return session


@syscall(note="a child that has run execve can still be moved (Linux: EACCES)")
def setpgid(t: Thread, pid: Pid, pgid: Pid) -> int:
    """Put a process into a group, or make it the leader of a new one."""
    if pgid < 0 or (pid < 0 and not pgid):
        raise LinuxError(Errno.EINVAL)
    host = _host_pid(t, pid)
    group = host
    if pgid not in (0, pid):
        try:
            group = int(t.zone.host_pid_or_group(pgid))
        except LinuxError:
            raise LinuxError(Errno.EPERM) from None
    os.setpgid(host, group)
    return 0


@syscall()
def setsid(t: Thread) -> int:
    """Begin a session with the caller as its leader."""
    os.setsid()
    return t.pid


# ---- user and group ids


@syscall(constant="uid")
def getuid(t: Thread) -> int:
    """The real user id."""
    return os.getuid()


@syscall(constant="euid")
def geteuid(t: Thread) -> int:
    """The effective user id."""
    return os.geteuid()


@syscall(constant="gid")
def getgid(t: Thread) -> int:
    """The real group id."""
    return os.getgid()


@syscall(constant="egid")
def getegid(t: Thread) -> int:
    """The effective group id."""
    return os.getegid()


def _changed(t: Thread, before: tuple[int, int]) -> int:
    """After a change of ids: the engine's copies, and a process that changed its effective ones is not dumpable."""
    t.process.refresh_constants()
    if before != (os.geteuid(), os.getegid()):
        t.process.dumpable = SUID_DUMP_DISABLE
    return 0


def _effective(t: Thread) -> tuple[int, int]:
    """The effective ids before a change. What is only imported or opened when needed may be out of reach after it: now, then."""
    if os.geteuid() == 0:
        t.process.table.complete()
        t.process.zone.operator.prepare()
        t.process.zone.ipc(t.process.files.own)
        if not linux_only.EVENTS:
            from lx.kernel import twins

            twins.prepare(t.process)
    return os.geteuid(), os.getegid()


@syscall()
def setuid(t: Thread, uid: Uid) -> int:
    """Set the user id; all three for the privileged."""
    before = _effective(t)
    credentials.setuid(uid)
    return _changed(t, before)


@syscall()
def setgid(t: Thread, gid: Gid) -> int:
    """Set the group id; all three for the privileged."""
    before = _effective(t)
    credentials.setgid(gid)
    return _changed(t, before)


@syscall()
def setreuid(t: Thread, ruid: Uid, euid: Uid) -> int:
    """Set real and effective user id; -1 leaves one alone."""
    before = _effective(t)
    credentials.setreuid(ruid, euid)
    return _changed(t, before)


@syscall()
def setregid(t: Thread, rgid: Gid, egid: Gid) -> int:
    """Set real and effective group id; -1 leaves one alone."""
    before = _effective(t)
    credentials.setregid(rgid, egid)
    return _changed(t, before)


@syscall()
def setresuid(t: Thread, ruid: Uid, euid: Uid, suid: Uid) -> int:
    """Set real, effective and saved user id; -1 leaves one alone."""
    before = _effective(t)
    credentials.setresuid(ruid, euid, suid)
    return _changed(t, before)


@syscall()
def setresgid(t: Thread, rgid: Gid, egid: Gid, sgid: Gid) -> int:
    """Set real, effective and saved group id; -1 leaves one alone."""
    before = _effective(t)
    credentials.setresgid(rgid, egid, sgid)
    return _changed(t, before)


def _write_ids(t: Thread, addresses: tuple[int, int, int], ids: tuple[int, int, int]) -> int:
    for address, value in zip(addresses, ids, strict=True):
        t.memory.put_u32(address, value)
    return 0


@syscall()
def getresuid(t: Thread, ruid: IdOut, euid: IdOut, suid: IdOut) -> int:
    """Real, effective and saved user id."""
    return _write_ids(t, (ruid, euid, suid), os.getresuid())


@syscall()
def getresgid(t: Thread, rgid: IdOut, egid: IdOut, sgid: IdOut) -> int:
    """Real, effective and saved group id."""
    return _write_ids(t, (rgid, egid, sgid), os.getresgid())


@syscall()
def setfsuid(t: Thread, uid: Uid) -> int:
    """Set the user id of file accesses; the one before, whether or not it worked."""
    before = linux_only.setfsuid(uid)
    if before != linux_only.setfsuid(INVALID_ID):
        t.process.dumpable = SUID_DUMP_DISABLE
    return before


@syscall()
def setfsgid(t: Thread, gid: Gid) -> int:
    """Set the group id of file accesses; the one before, whether or not it worked."""
    before = linux_only.setfsgid(gid)
    if before != linux_only.setfsgid(INVALID_ID):
        t.process.dumpable = SUID_DUMP_DISABLE
    return before


@syscall()
def getgroups(t: Thread, size: Int, groups: GidsOut) -> int:
    """The supplementary groups; with size 0, how many there are."""
    if size < 0:
        raise LinuxError(Errno.EINVAL)
    own = os.getgroups()
    if size:
        if size < len(own):
            raise LinuxError(Errno.EINVAL)
        t.memory.write(groups, b"".join(gid.to_bytes(4, "little") for gid in own))
    return len(own)


@syscall()
def setgroups(t: Thread, size: Int, groups: GidsIn) -> int:
    """Replace the supplementary groups."""
    if not linux_only.effective_capabilities() >> Cap.SETGID & 1:
        raise LinuxError(Errno.EPERM)
    if not 0 <= size <= NGROUPS_MAX:
        raise LinuxError(Errno.EINVAL)
    words = t.memory.read(groups, 4 * size) if size else b""
    gids = [int.from_bytes(words[i : i + 4], "little") for i in range(0, len(words), 4)]
    if INVALID_ID in gids:
        raise LinuxError(Errno.EINVAL)
    credentials.setgroups(gids)
    return 0


# ---- capabilities


def _version(t: Thread, header: int) -> int:
    """The 32-bit words per set that this header asks for; 0 after writing our version over one that we do not know."""
    version = int(t.memory.u32(header))
    if version not in WORDS:
        t.memory.put_u32(header, VERSION_3)
    return WORDS.get(version, 0)


@syscall()
def capget(t: Thread, header: CapHeader, data: CapDataOut) -> int:
    """A process's capabilities."""
    words = _version(t, header)
    if not words:
        if data:
            raise LinuxError(Errno.EINVAL)
        return 0
    if not data:
        return 0
    _, pid = t.memory.read_struct(header, CAP_HEADER)
    if pid < 0:
        raise LinuxError(Errno.EINVAL)
    sets = linux_only.capabilities(_host_pid(t, pid) if pid != t.pid else 0)
    halves = (CAP_DATA.pack(*(value >> 32 * i & U32 for value in sets)) for i in range(words))
    t.memory.write(data, b"".join(halves))
    return 0


@syscall()
def capset(t: Thread, header: CapHeader, data: CapDataIn) -> int:
    """Set the caller's capabilities."""
    words = _version(t, header)
    if not words:
        raise LinuxError(Errno.EINVAL)
    _, pid = t.memory.read_struct(header, CAP_HEADER)
    if pid not in (0, t.pid):
        raise LinuxError(Errno.EPERM)
    sets = [0, 0, 0]
    for i in range(words):
        for j, half in enumerate(t.memory.read_struct(data + CAP_DATA.size * i, CAP_DATA)):
            sets[j] |= half << 32 * i
    effective, permitted, inheritable = sets
    if linux_only.PRESENT:
        linux_only.set_capabilities(effective, permitted, inheritable)
    elif (effective, permitted, inheritable) != linux_only.capabilities():
        raise LinuxError(Errno.EPERM)
    return 0
