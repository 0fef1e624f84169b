"""The machine as the guest sees it: names, personality, the current CPU; and what no zone may do to it.

Names are the zone's. Setting one needs root in the zone and changes the zone's, not the host's. Swap, accounting, the
kernel's log and hanging up terminals belong to the host: EPERM even for the zone's root, as for the root of a user
namespace.

Per-thread words for the C library: the address to clear at exit and the robust list are the thread's; rseq is not there, which
glibc accepts silently (it then asks getcpu).
"""

import os

from lx.abi.errno import Errno, LinuxError
from lx.abi.utsname import NEW_UTS_LEN, PER_LINUX32, PER_MASK, UTSNAME, Personality, release_2_6
from lx.host import linux_only
from lx.kernel.thread import Thread
from syscalls.declare import syscall
from syscalls.types import Annotated, BufferIn, BufferOut, Int, Pid, Ptr, Size, Text, UInt, flags_of, struct_out

UtsnameOut = Annotated[int, struct_out("utsname")]
IntOut = Annotated[int, struct_out("u32")]
LongOut = Annotated[int, struct_out("u64")]
PersonalityBits = Annotated[int, flags_of(Personality)]

ASK_PERSONALITY = 0xFFFFFFFF
ROBUST_LIST_HEAD_SIZE = 24
SWAP_FLAGS_VALID = 0x1FFFF


# ---- names


def _field(name: str) -> bytes:
    return os.fsencode(name)[:NEW_UTS_LEN]


@syscall()
def uname(t: Thread, buf: UtsnameOut) -> int:
    """Name and release of the system, as the zone and the personality have it."""
    names = t.zone.uname
    personality = t.attributes.personality
    release = release_2_6(names.release) if personality & Personality.UNAME26 else names.release
    machine = "i686" if personality & PER_MASK == PER_LINUX32 else names.machine
    fields = (names.sysname, names.nodename, release, names.version, machine, names.domainname)
    t.memory.write_struct(buf, UTSNAME, *map(_field, fields))
    return 0


def _new_name(t: Thread, address: int, length: int) -> str:
    if os.geteuid() != 0:
        raise LinuxError(Errno.EPERM)
    if not 0 <= length <= NEW_UTS_LEN:
        raise LinuxError(Errno.EINVAL)
    return os.fsdecode(t.memory.read(address, length).partition(b"\0")[0])


@syscall()
def sethostname(t: Thread, name: BufferIn, length: Int) -> int:
    """Set the zone's host name."""
    t.zone.hostname = _new_name(t, name, length)
    return 0


@syscall()
def setdomainname(t: Thread, name: BufferIn, length: Int) -> int:
    """Set the zone's NIS domain name."""
    t.zone.domainname = _new_name(t, name, length)
    return 0


@syscall(note="UNAME26, PER_LINUX32, STICKY_TIMEOUTS and, at exec, ADDR_NO_RANDOMIZE are obeyed; others are remembered")
def personality(t: Thread, persona: PersonalityBits) -> int:
    """Set the execution domain; the one before."""
    old = t.attributes.personality
    if persona != ASK_PERSONALITY:
        t.attributes.personality = persona
    return old


@syscall(note="one memory node")
def getcpu(t: Thread, cpu: IntOut, node: IntOut, unused: Ptr) -> int:
    """The CPU and memory node that the caller runs on."""
    if cpu:
        t.memory.put_u32(cpu, linux_only.cpu())
    if node:
        t.memory.put_u32(node, 0)
    return 0


# ---- the thread's words


@syscall()
def set_tid_address(t: Thread, address: Ptr) -> int:
    """Where to store 0 when the thread ends; the thread's id."""
    t.clear_child_tid = address
    return t.tid


@syscall(direct="robust")
def set_robust_list(t: Thread, head: Ptr, length: Size) -> int:
    """Where the list of held robust futexes is."""
    if length != ROBUST_LIST_HEAD_SIZE:
        raise LinuxError(Errno.EINVAL)
    t.robust_list = (head, length)
    return 0


@syscall(note="of the process's own threads; EPERM for other processes")
def get_robust_list(t: Thread, pid: Pid, head: LongOut, length: LongOut) -> int:
    """Where a thread's list of held robust futexes is."""
    whose = t.process.thread_of(pid) if pid else t
    if whose is None:
        if pid < 0:
            raise LinuxError(Errno.ESRCH)
        t.zone.host_pid(pid)
        raise LinuxError(Errno.EPERM)
    t.memory.put_u64(length, ROBUST_LIST_HEAD_SIZE)
    t.memory.put_u64(head, whose.robust_list[0])
    return 0


@syscall(note="ENOSYS, without a word to the operator: C libraries go on without it")
def rseq(t: Thread, area: Ptr, length: UInt, flags: Int, signature: UInt) -> int:
    """Register restartable sequences."""
    raise LinuxError(Errno.ENOSYS)


# ---- what belongs to the host


@syscall(note="always EPERM: the kernel's log belongs to the host")
def syslog(t: Thread, action: Int, buf: BufferOut, length: Int) -> int:
    """Read and control the kernel's log."""
    raise LinuxError(Errno.EPERM)


@syscall(note="always EPERM")
def vhangup(t: Thread) -> int:
    """Hang up the controlling terminal."""
    raise LinuxError(Errno.EPERM)


@syscall(note="always EPERM: accounting belongs to the host")
def acct(t: Thread, filename: Text) -> int:
    """Switch process accounting."""
    raise LinuxError(Errno.EPERM)


@syscall(note="always EPERM: swap belongs to the host")
def swapon(t: Thread, path: Text, flags: UInt) -> int:
    """Start swapping to a file."""
    if flags & ~SWAP_FLAGS_VALID:
        raise LinuxError(Errno.EINVAL)
    raise LinuxError(Errno.EPERM)


@syscall()
def restart_syscall(t: Thread) -> int:
    """Go on with an interrupted wait; called by the kernel's own means only, and there is none: EINTR."""
    raise LinuxError(Errno.EINTR)


@syscall(note="always EPERM: swap belongs to the host")
def swapoff(t: Thread, path: Text) -> int:
    """Stop swapping to a file."""
    raise LinuxError(Errno.EPERM)
