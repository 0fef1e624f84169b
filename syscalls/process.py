"""Processes: fork and its relatives, exec, wait, exit.

A guest process is a host process (lx.kernel.process), so fork and wait are the host's, translated in pid and status words only;
a process's children are of its zone, and the host knows whose child a pid is. Exit signals and what a wait looks for beyond that:
lx.kernel.children.
clone makes a thread (lx.kernel.tasks) where memory, descriptors and handlers are all shared, as they must be in one host process;
its root, working directory and umask may be its own, which the host's process has while it has the CPU. A new process shares at
most these (lx.kernel.vfs.common). What lies between (memory or descriptors shared by processes, descriptors of one thread, root
and directory shared with processes by some threads) is refused with ENOSYS, said to the operator.
"""

import os
import struct

from lx.abi.errno import Errno, LinuxError
from lx.abi.fcntl import AT_FDCWD
from lx.abi.lean import suppress
from lx.abi.names import IntFlag
from lx.abi.resource import RUSAGE, rusage_values
from lx.abi.signals import Signal
from lx.abi.wait import CHILD_INFO, ENDS, P_ALL, P_PGID, P_PID, P_PIDFD, WaitFlags
from lx.host import calls
from lx.kernel import tasks
from lx.kernel.children import selection
from lx.kernel.thread import Thread
from lx.kernel.wait import Park, ProcessExit
from syscalls.declare import Restart, syscall
from syscalls.types import Annotated, DirFd, Int, Path, PathPtr, Pid, Ptr, ULong, flags_of, struct_in, struct_out

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from lx.kernel.vfs.fs import Fs


class CloneFlags(IntFlag):
    """clone flags. Source: linux/sched.h."""

    NEWTIME = 0x80
    VM = 0x100
    FS = 0x200
    FILES = 0x400
    SIGHAND = 0x800
    PIDFD = 0x1000
    PTRACE = 0x2000
    VFORK = 0x4000
    PARENT = 0x8000
    THREAD = 0x10000
    NEWNS = 0x20000
    SYSVSEM = 0x40000
    SETTLS = 0x80000
    PARENT_SETTID = 0x100000
    CHILD_CLEARTID = 0x200000
    DETACHED = 0x400000
    UNTRACED = 0x800000
    CHILD_SETTID = 0x1000000
    NEWCGROUP = 0x2000000
    NEWUTS = 0x4000000
    NEWIPC = 0x8000000
    NEWUSER = 0x10000000
    NEWPID = 0x20000000
    NEWNET = 0x40000000
    IO = 0x80000000
    CLEAR_SIGHAND = 0x100000000
    INTO_CGROUP = 0x200000000


CloneBits = Annotated[int, flags_of(CloneFlags, "{a}")]
WaitBits = Annotated[int, flags_of(WaitFlags)]
StatusOut = Annotated[int, struct_out("wait-status")]
RusageOut = Annotated[int, struct_out("rusage")]
InfoOut = Annotated[int, struct_out("siginfo")]
CloneArgsIn = Annotated[int, struct_in("clone_args")]
Argv = Annotated[int, struct_in("argv")]

SIGNAL_MASK = 0xFF
OF_A_WAIT4 = WaitFlags.UNTRACED | WaitFlags.CONTINUED
OF_A_WAITID = WaitFlags.UNTRACED | WaitFlags.CONTINUED | WaitFlags.EXITED | WaitFlags.NOWAIT
"""What the host is told of what a wait is for: there all children are SIGCHLD's, and of one thread."""
NAMESPACES = (
    CloneFlags.NEWTIME
    | CloneFlags.NEWNS
    | CloneFlags.NEWCGROUP
    | CloneFlags.NEWUTS
    | CloneFlags.NEWIPC
    | CloneFlags.NEWUSER
    | CloneFlags.NEWPID
    | CloneFlags.NEWNET
)
OF_A_THREAD = CloneFlags.VM | CloneFlags.FILES | CloneFlags.SIGHAND | CloneFlags.THREAD
FOR_A_THREAD = (
    OF_A_THREAD
    | CloneFlags.FS
    | CloneFlags.SYSVSEM
    | CloneFlags.SETTLS
    | CloneFlags.PARENT_SETTID
    | CloneFlags.CHILD_CLEARTID
    | CloneFlags.CHILD_SETTID
    | CloneFlags.DETACHED
    | CloneFlags.UNTRACED
    | CloneFlags.PTRACE
    | CloneFlags.PARENT
    | CloneFlags.IO
)
FOR_A_PROCESS = (
    CloneFlags.VM
    | CloneFlags.VFORK
    | CloneFlags.SETTLS
    | CloneFlags.PARENT_SETTID
    | CloneFlags.CHILD_CLEARTID
    | CloneFlags.CHILD_SETTID
    | CloneFlags.DETACHED
    | CloneFlags.UNTRACED
    | CloneFlags.PTRACE
    | CloneFlags.CLEAR_SIGHAND
    | CloneFlags.IO
    | CloneFlags.PIDFD
    | CloneFlags.SYSVSEM
    | CloneFlags.PARENT
    | CloneFlags.FS
)
FOR_THE_HOST = CloneFlags.PARENT | CloneFlags.FS | CloneFlags.SYSVSEM | CloneFlags.IO
"""What of it the host has to know."""
CLEARS_SHARED = CloneFlags.SIGHAND | CloneFlags.CLEAR_SIGHAND
PIDFD_AND_TID = CloneFlags.PIDFD | CloneFlags.PARENT_SETTID
PID_NAMESPACES_MOST = 32
PID_MOST = 4194304
INT_MAX = (1 << 31) - 1
LEGACY_FLAGS = (1 << 32) - 1
CLONE_BITS = 34
CLONE_ARGS = struct.Struct("<11Q")
CLONE_ARGS_SIZES = (64, 80, 88)


@syscall(direct="fork")
def fork(t: Thread) -> int:
    """Create a child process."""
    return t.process.fork()


@syscall()
def vfork(t: Thread) -> int:
    """Create a child process and wait until it execs or exits; what it writes is seen by the parent then."""
    return t.process.fork(vfork=True)


@syscall(note="threads share all but perhaps CLONE_FS, processes that at most; no namespaces, no threads' pidfds", direct="clone")
def clone(t: Thread, flags: CloneBits, stack: Ptr, parent_tid: Ptr, child_tid: Ptr, tls: ULong) -> int:
    """Create a thread or a child process."""
    flags &= LEGACY_FLAGS
    if flags & CloneFlags.PIDFD and flags & CloneFlags.PARENT_SETTID:
        raise LinuxError(Errno.EINVAL)
    return _clone(t, flags & ~SIGNAL_MASK, flags & SIGNAL_MASK, stack, parent_tid, child_tid, tls, pidfd=parent_tid)


@syscall(note="as clone; set_tid is refused, and no descriptor of a cgroup can be had")
def clone3(t: Thread, args: CloneArgsIn, size: ULong) -> int:
    """Create a thread or a child process, arguments in a structure. Linux 5.3."""
    if size > 4096:
        raise LinuxError(Errno.E2BIG)
    if size < CLONE_ARGS_SIZES[0]:
        raise LinuxError(Errno.EINVAL)
    raw = t.memory.read(args, size)
    if any(raw[CLONE_ARGS.size :]):
        raise LinuxError(Errno.E2BIG)
    values = CLONE_ARGS.unpack(raw[: CLONE_ARGS.size].ljust(CLONE_ARGS.size, b"\0"))
    flags, pidfd, child_tid, parent_tid, signo, stack, stack_size, tls, set_tid, set_tid_size, cgroup = values
    if signo > 64 or bool(set_tid) != bool(set_tid_size) or set_tid_size > PID_NAMESPACES_MOST:
        raise LinuxError(Errno.EINVAL)
    if flags & CloneFlags.INTO_CGROUP and (cgroup > INT_MAX or size < CLONE_ARGS.size):
        raise LinuxError(Errno.EINVAL)
    tids = struct.unpack(f"<{set_tid_size}i", t.memory.read(set_tid, 4 * set_tid_size))
    if flags >> CLONE_BITS or flags & (CloneFlags.DETACHED | SIGNAL_MASK & ~CloneFlags.NEWTIME):
        raise LinuxError(Errno.EINVAL)
    if flags & CLEARS_SHARED == CLEARS_SHARED:
        raise LinuxError(Errno.EINVAL)
    if bool(stack) != bool(stack_size) or stack + stack_size > t.memory.task_size:
        raise LinuxError(Errno.EINVAL)
    if (flags & (CloneFlags.THREAD | CloneFlags.PARENT)) and signo:
        raise LinuxError(Errno.EINVAL)
    if flags & PIDFD_AND_TID == PIDFD_AND_TID and pidfd == parent_tid:
        raise LinuxError(Errno.EINVAL)
    return _clone(t, flags, signo, stack + stack_size, parent_tid, child_tid, tls, pidfd=pidfd, tids=tids)


def _clone(
    t: Thread,
    flags: int,
    signo: int,
    stack: int,
    parent_tid: int,
    child_tid: int,
    tls: int,
    *,
    pidfd: int,
    tids: tuple[int, ...] = (),
) -> int:
    """pidfd: where the number of one is stored, with CLONE_PIDFD. tids: the ids that the child is to have."""
    if flags & CloneFlags.PIDFD and flags & CloneFlags.DETACHED:
        raise LinuxError(Errno.EINVAL)
    if flags & CloneFlags.FS and flags & (CloneFlags.NEWNS | CloneFlags.NEWUSER):
        raise LinuxError(Errno.EINVAL)
    if flags & CloneFlags.THREAD and not flags & CloneFlags.SIGHAND:
        raise LinuxError(Errno.EINVAL)
    if flags & CloneFlags.SIGHAND and not flags & CloneFlags.VM:
        raise LinuxError(Errno.EINVAL)
    if flags & CloneFlags.THREAD and flags & (CloneFlags.NEWUSER | CloneFlags.NEWPID):
        raise LinuxError(Errno.EINVAL)
    if flags & NAMESPACES:
        raise t.unsupported("clone flags (namespaces)", flags & NAMESPACES, Errno.EPERM)
    if flags & CloneFlags.SETTLS and tls >= t.memory.task_size:
        raise LinuxError(Errno.EPERM)
    if tids:
        raise _not_this_id(t, tids)
    if flags & CloneFlags.PIDFD and not flags & CloneFlags.THREAD:
        _check_room(t, pidfd)
    if flags & CloneFlags.INTO_CGROUP:  # no descriptor of a cgroup can be had
        raise LinuxError(Errno.EBADF)
    if flags & CloneFlags.THREAD:
        return _clone_thread(t, flags, stack, parent_tid, child_tid, tls)
    if flags & ~FOR_A_PROCESS or (flags & CloneFlags.VM and not flags & CloneFlags.VFORK):
        raise t.unsupported("clone flags", flags, Errno.ENOSYS)
    if flags & CloneFlags.FS and any(other.alive and other.fs is not t.fs for other in t.process.threads):
        raise t.unsupported("clone flags of a process whose threads do not share theirs", CloneFlags.FS, Errno.ENOSYS)
    pid = t.process.fork(
        vfork=bool(flags & CloneFlags.VFORK),
        shared=bool(flags & CloneFlags.VM),
        signo=signo,
        sibling=bool(flags & CloneFlags.PARENT),
        common_fs=bool(flags & CloneFlags.FS),
        flags=flags & FOR_THE_HOST,
    )
    if pid == 0:
        _in_child(t, flags, stack, child_tid, tls)
        return 0
    if flags & CloneFlags.PIDFD:
        from syscalls.events import process_descriptor

        with suppress(LinuxError, ProcessLookupError):
            t.memory.put_u32(pidfd, process_descriptor(t, t.zone.host_pid(pid)))
    if flags & CloneFlags.PARENT_SETTID:
        with suppress(LinuxError):
            t.memory.put_u32(parent_tid, pid)
    return pid


def _not_this_id(t: Thread, tids: tuple[int, ...]) -> LinuxError:
    """Why a child cannot have an id of its parent's choice: the ids are the host's. EINVAL for what is none."""
    if len(tids) > 1 or not 0 < tids[0] <= PID_MOST:
        return LinuxError(Errno.EINVAL)
    return t.unsupported("clone3 set_tid", tids[0], Errno.EPERM)


def _check_room(t: Thread, pidfd: int) -> None:
    """That a descriptor can be had and its number stored. EMFILE, EFAULT."""
    os.close(os.open("/", os.O_RDONLY))
    t.memory.writable(pidfd, 4)


def _in_child(t: Thread, flags: int, stack: int, child_tid: int, tls: int) -> None:
    if stack:
        t.engine.set_register(t.process.arch.sp, stack)
    if flags & CloneFlags.SETTLS:
        t.fs_base = tls
    t.clear_child_tid = child_tid if flags & CloneFlags.CHILD_CLEARTID else 0
    if flags & CloneFlags.CHILD_SETTID:
        with suppress(LinuxError):
            t.memory.put_u32(child_tid, t.tid)
    if flags & CloneFlags.CLEAR_SIGHAND:
        t.process.signals.exec_reset()


def _clone_thread(t: Thread, flags: int, stack: int, parent_tid: int, child_tid: int, tls: int) -> int:
    if flags & (CloneFlags.CLEAR_SIGHAND | CloneFlags.PIDFD):
        raise LinuxError(Errno.EINVAL)
    if flags & ~FOR_A_THREAD or flags & OF_A_THREAD != OF_A_THREAD:
        raise t.unsupported("clone flags of a thread", flags, Errno.ENOSYS)
    if t.fs.common and not flags & CloneFlags.FS:
        raise t.unsupported("clone flags of a thread in a process that shares its working directory", flags, Errno.ENOSYS)
    fs = t.fs if flags & CloneFlags.FS else _own_fs(t)
    child = tasks.create(t, stack, tls if flags & CloneFlags.SETTLS else None)
    child.fs = fs
    child.clear_child_tid = child_tid if flags & CloneFlags.CHILD_CLEARTID else 0
    for flag, address in ((CloneFlags.PARENT_SETTID, parent_tid), (CloneFlags.CHILD_SETTID, child_tid)):
        if flags & flag:
            with suppress(LinuxError):
                t.memory.put_u32(address, child.tid)
    return child.tid


def _own_fs(t: Thread) -> "Fs":
    """A copy of the thread's root, working directory and umask, for a thread that is not running. ENOMEM."""
    fs = t.fs.copied()
    try:
        fs.leave()
    except OSError:
        raise LinuxError(Errno.ENOMEM) from None
    return fs


# ---- exec


def _strings(t: Thread, address: int) -> list[bytes]:
    """A NULL-terminated array of strings, as argv. EFAULT, E2BIG."""
    strings: list[bytes] = []
    size = 0
    while address:
        pointer = t.memory.u64(address)
        if not pointer:
            break
        text = t.memory.cstring(pointer, MAX_ARG_STRLEN)
        size += len(text) + 9
        if len(text) == MAX_ARG_STRLEN or size > MAX_ARGS:
            raise LinuxError(Errno.E2BIG)
        strings.append(text)
        address += 8
    return strings


MAX_ARG_STRLEN = 32 * 4096
MAX_ARGS = 6 << 20


@syscall(note="set-user-ID and set-group-ID bits are not obeyed, as on a file system that is mounted nosuid")
def execve(t: Thread, path: Path, argv: Argv, envp: Argv) -> None:
    """Replace the program."""
    if not path:
        raise LinuxError(Errno.ENOENT)
    _exec(t, AT_FDCWD, path, True, argv, envp)


def _exec(t: Thread, dirfd: int, name: bytes, follow: bool, argv: int, envp: int) -> None:
    """The file is looked for before the strings are read, as Linux does."""
    fd, shown = t.process.load.open_at(t.process, dirfd, name, follow)
    try:
        strings = _strings(t, argv), _strings(t, envp)
    except LinuxError:
        os.close(fd)
        raise
    hidden = shown is not name and not os.get_inheritable(dirfd)
    t.process.exec(shown, *strings, fd, hidden=hidden)


AT_SYMLINK_NOFOLLOW, AT_EMPTY_PATH = 0x100, 0x1000


@syscall(note="as execve")
def execveat(t: Thread, dirfd: DirFd, path: PathPtr, argv: Argv, envp: Argv, flags: Int) -> None:
    """Replace the program, named relative to a descriptor. Linux 3.19."""
    name = t.memory.path(path)
    if not name and not flags & AT_EMPTY_PATH:
        raise LinuxError(Errno.ENOENT)
    if flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH):
        raise LinuxError(Errno.EINVAL)
    _exec(t, dirfd, name, not flags & AT_SYMLINK_NOFOLLOW, argv, envp)


# ---- exit


@syscall("exit", direct="exit")
def exit_(t: Thread, status: Int) -> None:
    """End the thread, and with the last one the process."""
    tasks.end(t, status & 0xFF)


@syscall(direct="exit")
def exit_group(t: Thread, status: Int) -> int:
    """End the process."""
    raise ProcessExit(status & 0xFF)


# ---- wait


@syscall(restart=Restart.RESTART, direct="wait")
def wait4(t: Thread, pid: Pid, status: StatusOut, options: WaitBits, rusage: RusageOut) -> int:
    """Wait for a child to end, stop or go on."""
    if options & ~(
        WaitFlags.NOHANG
        | WaitFlags.UNTRACED
        | WaitFlags.CONTINUED
        | WaitFlags.NOTHREAD
        | WaitFlags.ALL
        | WaitFlags.CLONE
    ):
        raise LinuxError(Errno.EINVAL)
    if pid == -(1 << 31):
        raise LinuxError(Errno.ESRCH)
    found, word, used = _look_for(t, pid, options)
    if found == 0:
        if options & WaitFlags.NOHANG:
            return 0
        raise Park(child=True)
    guest = int(t.zone.guest_pid(found))
    _reaped(t, found, word)
    if status:
        t.memory.put_u32(status, _status_word(t, word))
    if rusage:
        t.memory.write(rusage, RUSAGE.pack(*rusage_values(used)))
    return guest


def _look_for(t: Thread, pid: int, options: int) -> tuple[int, int, "Sequence[float]"]:
    """wait4 of the host, without waiting, on what Linux would wait for."""
    children, bits = t.process.children, options & OF_A_WAIT4 | os.WNOHANG
    if not children.unlike_hosts(options):
        if options & WaitFlags.CLONE and not options & WaitFlags.ALL:
            raise LinuxError(Errno.ECHILD)
        return os.wait4(pid, bits)
    for child in children.matching(t, *selection(pid), options):
        if children.to_be_waited_for(child, options):
            return os.wait4(child, bits)
    return 0, 0, ()


def _reaped(t: Thread, host_pid: int, word: int) -> None:
    if not os.WIFSTOPPED(word) and not os.WIFCONTINUED(word):
        t.process.children.reaped(host_pid)


def _status_word(t: Thread, word: int) -> int:
    """A host wait status in Linux's words."""
    to_linux = t.process.host.signal_to_linux
    if os.WIFEXITED(word):
        return os.WEXITSTATUS(word) << 8
    if os.WIFCONTINUED(word):
        return 0xFFFF
    if os.WIFSTOPPED(word):
        return int(to_linux(os.WSTOPSIG(word))) << 8 | 0x7F
    return int(to_linux(os.WTERMSIG(word))) | (0x80 if os.WCOREDUMP(word) else 0)



@syscall(restart=Restart.RESTART)
def waitid(t: Thread, which: Int, pid: Pid, info: InfoOut, options: WaitBits, rusage: RusageOut) -> int:
    """Wait for a child; what happened is told as siginfo, which is cleared if nothing did, an error included."""
    try:
        return _waitid(t, which, pid, info, options, rusage)
    except (LinuxError, OSError):
        if info:
            t.memory.write(info, CHILD_INFO.pack(0, 0, 0, 0, 0, 0))
        raise


def _waitid(t: Thread, which: int, pid: int, info: int, options: int, rusage: int) -> int:
    if options & ~0xE100000F or not options & (WaitFlags.EXITED | WaitFlags.UNTRACED | WaitFlags.CONTINUED):
        raise LinuxError(Errno.EINVAL)
    if which not in (P_ALL, P_PID, P_PGID, P_PIDFD) or (which == P_PID and pid <= 0) or (which == P_PGID and pid < 0):
        raise LinuxError(Errno.EINVAL)
    if which == P_PIDFD and pid < 0:
        raise LinuxError(Errno.EINVAL)
    child = which, pid
    if which == P_PIDFD:
        t.files.check(pid)
        from syscalls.events import pidfd_twin

        twin = pidfd_twin(t, pid)
        child = (P_PID, twin.child(t.process)) if twin is not None else child
    found = _look_for_id(t, *child, options)
    if found is None:
        if not options & WaitFlags.NOHANG:
            if which == P_PIDFD and not os.get_blocking(pid):
                raise LinuxError(Errno.EAGAIN)
            raise Park(child=True)
        if info:
            t.memory.write(info, CHILD_INFO.pack(0, 0, 0, 0, 0, 0))
        return 0
    raw, used = found
    _, _, code, child, uid, status = CHILD_INFO.unpack_from(raw)
    if not options & WaitFlags.NOWAIT and code in ENDS:
        t.process.children.reaped(child)
    if code != 1:
        status = t.process.host.signal_to_linux(status)
    if rusage:
        t.memory.write(rusage, used)
    if info:
        t.memory.write(info, CHILD_INFO.pack(Signal.SIGCHLD, 0, code, int(t.zone.guest_pid(child)), uid, status))
    return 0


def _look_for_id(t: Thread, which: int, pid: int, options: int) -> tuple[bytes, bytes] | None:
    """waitid of the host, without waiting, on what Linux would wait for."""
    children = t.process.children
    if not children.unlike_hosts(options):
        return calls.waitid(which, pid, options | WaitFlags.NOHANG)
    if which == P_PIDFD:
        from lx.host.events import pidfd_process

        which, pid = P_PID, pidfd_process(pid)
        if not pid:
            raise LinuxError(Errno.EBADF)
    if which == P_PGID:
        pid = pid or os.getpgrp()
    for child in children.matching(t, which, pid, options):
        if children.to_be_waited_for(child, options):
            found = calls.waitid(P_PID, child, options & OF_A_WAITID | WaitFlags.NOHANG)
            if found is not None:
                return found
    return None
