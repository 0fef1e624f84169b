"""Memory placement: a zone has one memory node, number 0, whatever the machine has.

Policies are checked as Linux checks them, remembered with the thread or the mapping, and told again; there is nothing that they
could change.
"""

import os
from bisect import bisect_right

from lx.abi.capability import Cap
from lx.abi.errno import Errno, LinuxError
from lx.abi.lean import Callable
from lx.abi.mempolicy import MbindFlags, MoveFlags, Policy, PolicyBits, QueryFlags
from lx.abi.mman import Prot
from lx.host import linux_only
from lx.kernel.memory import PAGE, page_up
from lx.kernel.synthetic.processes import regions_of
from lx.kernel.thread import Thread
from syscalls.declare import syscall
from syscalls.types import U64, Annotated, Int, Pid, Ptr, ULong, flags_of, struct_out

ModeOut = Annotated[int, struct_out("int")]
MbindBits = Annotated[int, flags_of(MbindFlags)]
QueryBits = Annotated[int, flags_of(QueryFlags, U64)]
MoveBits = Annotated[int, flags_of(MoveFlags)]
NODE0 = 1
MAX_NODES = 1024
MASK_BITS_MOST = PAGE * 8
NOT_BOUND: tuple[int, ...] = (Policy.MPOL_DEFAULT, Policy.MPOL_LOCAL)
SEVERAL: tuple[int, ...] = (Policy.MPOL_BIND, Policy.MPOL_PREFERRED_MANY)
MODES = len(Policy)


def _nodes(t: Thread, address: int, maxnode: int) -> int:
    """A mask of nodes; `maxnode` is one more than its bits. EINVAL, EFAULT."""
    bits = maxnode - 1 & 2**64 - 1
    if not bits or not address:
        return 0
    if bits > MASK_BITS_MOST:
        raise LinuxError(Errno.EINVAL)
    mask = int.from_bytes(t.memory.read(address, (bits + 63) // 64 * 8), "little") & (1 << bits) - 1
    if mask >> MAX_NODES:
        raise LinuxError(Errno.EINVAL)
    return mask


def _split(mode: int) -> tuple[int, int]:
    """(policy, its flags). EINVAL."""
    bits = mode & (PolicyBits.MPOL_F_STATIC_NODES | PolicyBits.MPOL_F_RELATIVE_NODES | PolicyBits.MPOL_F_NUMA_BALANCING)
    policy = mode & ~bits
    both = PolicyBits.MPOL_F_STATIC_NODES | PolicyBits.MPOL_F_RELATIVE_NODES
    if not 0 <= policy < MODES or bits & both == both:
        raise LinuxError(Errno.EINVAL)
    if bits & PolicyBits.MPOL_F_NUMA_BALANCING and policy not in SEVERAL:
        raise LinuxError(Errno.EINVAL)
    return policy, bits


def _policy(policy: int, bits: int, nodes: int) -> tuple[int, int]:
    """(mode as it is told again, nodes) of a policy that can be set. EINVAL."""
    if policy == Policy.MPOL_PREFERRED and not nodes:
        if bits & ~PolicyBits.MPOL_F_NUMA_BALANCING:
            raise LinuxError(Errno.EINVAL)
        return int(Policy.MPOL_LOCAL), 0
    if policy in NOT_BOUND:
        if nodes or (policy == Policy.MPOL_LOCAL and bits):
            raise LinuxError(Errno.EINVAL)
        return policy, 0
    if not nodes or (not bits & PolicyBits.MPOL_F_RELATIVE_NODES and not nodes & NODE0):
        raise LinuxError(Errno.EINVAL)
    return policy | bits, nodes if bits else nodes & NODE0


@syscall(note="remembered and echoed: there is one node")
def set_mempolicy(t: Thread, mode: Int, nodemask: Ptr, maxnode: ULong) -> int:
    """Set the thread's memory policy."""
    policy, bits = _split(mode)
    found = _policy(policy, bits, _nodes(t, nodemask, maxnode))
    t.attributes.memory_policy, t.attributes.memory_policy_nodes = found
    return 0


@syscall(note="one node is what a guest sees")
def get_mempolicy(t: Thread, mode: ModeOut, nodemask: Ptr, maxnode: ULong, addr: Ptr, flags: QueryBits) -> int:
    """The memory policy of the thread or of an address, or the nodes that may be used."""
    if nodemask and not maxnode:
        raise LinuxError(Errno.EINVAL)
    policy, nodes = _query(t, addr, flags)
    if mode:
        t.memory.put_u32(mode, policy)
    if nodemask:
        _put_nodes(t, nodemask, maxnode, nodes)
    return 0


def _query(t: Thread, addr: int, flags: int) -> tuple[int, int]:
    about, node = flags & QueryFlags.MPOL_F_ADDR, flags & QueryFlags.MPOL_F_NODE
    if flags & ~(QueryFlags.MPOL_F_NODE | QueryFlags.MPOL_F_ADDR | QueryFlags.MPOL_F_MEMS_ALLOWED):
        raise LinuxError(Errno.EINVAL)
    if flags & QueryFlags.MPOL_F_MEMS_ALLOWED:
        if about or node:
            raise LinuxError(Errno.EINVAL)
        return 0, NODE0
    policy, nodes = t.attributes.memory_policy, t.attributes.memory_policy_nodes
    if about:
        vma = t.memory.find(addr)
        if vma is None:
            raise LinuxError(Errno.EFAULT)
        policy, nodes = vma.policy or (policy, nodes)
    elif addr:
        raise LinuxError(Errno.EINVAL)
    if node:
        if not about and policy & 0xFF not in (Policy.MPOL_INTERLEAVE, Policy.MPOL_WEIGHTED_INTERLEAVE):
            raise LinuxError(Errno.EINVAL)
        if about:
            _touch(t, addr)
        return 0, nodes
    return policy, nodes


def _touch(t: Thread, address: int) -> None:
    """The page is read, to see where it is. EFAULT."""
    vma = t.memory.find(address)
    if vma is None or not vma.prot & Prot.READ:
        raise LinuxError(Errno.EFAULT)
    t.memory.read(address, 1)


def _put_nodes(t: Thread, address: int, maxnode: int, nodes: int) -> None:
    size = (maxnode - 1 + 63 & 2**64 - 1) // 64 * 8
    if size > 8:
        if size > PAGE:
            raise LinuxError(Errno.EINVAL)
        t.memory.write(address + 8, bytes(size - 8))
    t.memory.write(address, nodes.to_bytes(8, "little")[: min(size, 8)])


def _range(start: int, length: int) -> int:
    """The end of a range of pages; its start if there is nothing in it. EINVAL."""
    if start % PAGE:
        raise LinuxError(Errno.EINVAL)
    end = start + (page_up(length) & 2**64 - 1)
    if end >> 64:
        raise LinuxError(Errno.EINVAL)
    return end


def _no_nice() -> bool:
    return not linux_only.effective_capabilities() >> Cap.SYS_NICE & 1


@syscall(note="remembered and echoed: there is one node")
def mbind(t: Thread, addr: Ptr, length: ULong, mode: Int, nodemask: Ptr, maxnode: ULong, flags: MbindBits) -> int:
    """Set the memory policy of a range."""
    policy, bits = _split(mode)
    nodes = _nodes(t, nodemask, maxnode)
    if flags & ~(MbindFlags.MPOL_MF_STRICT | MbindFlags.MPOL_MF_MOVE | MbindFlags.MPOL_MF_MOVE_ALL):
        raise LinuxError(Errno.EINVAL)
    if flags & MbindFlags.MPOL_MF_MOVE_ALL and _no_nice():
        raise LinuxError(Errno.EPERM)
    end = _range(addr, length)
    if end == addr:
        return 0
    found = _policy(policy, bits, nodes)
    default = policy == Policy.MPOL_DEFAULT
    if not (t.memory.overlapping(addr, end) if default else t.memory.covered(addr, end)):
        raise LinuxError(Errno.EFAULT)
    t.memory.change(addr, end, policy=None if default else found)
    return 0


@syscall(note="checked: there is one node")
def set_mempolicy_home_node(t: Thread, addr: Ptr, length: ULong, home_node: ULong, flags: ULong) -> int:
    """Prefer a node for a range that is bound to several. Linux 5.17."""
    if addr % PAGE or flags or home_node:
        raise LinuxError(Errno.EINVAL)
    end = _range(addr, length)
    if end == addr:
        return 0
    found = [vma for vma in t.memory.overlapping(addr, end) if vma.policy]
    if not found:
        raise LinuxError(Errno.ENOENT)
    if not all(vma.policy and vma.policy[0] & 0xFF in SEVERAL for vma in found):
        raise LinuxError(Errno.EOPNOTSUPP)
    return 0


@syscall(note="checked: there is one node, so nothing moves")
def migrate_pages(t: Thread, pid: Pid, maxnode: ULong, old_nodes: Ptr, new_nodes: Ptr) -> int:
    """Move a process's pages to other nodes; how many could not be moved."""
    _nodes(t, old_nodes, maxnode)
    new = _nodes(t, new_nodes, maxnode)
    if pid not in (0, t.pid):
        t.zone.host_pid(pid)
    if new & ~NODE0 and _no_nice():
        raise LinuxError(Errno.EPERM)
    if not new & NODE0:
        raise LinuxError(Errno.EINVAL)
    return 0


@syscall(note="all pages are on the one node; EPERM for a process that cannot be asked (process_vm_readv)")
def move_pages(t: Thread, pid: Pid, count: ULong, pages: Ptr, nodes: Ptr, status: Ptr, flags: MoveBits) -> int:
    """Move pages, or tell on which node each is."""
    if flags & ~(MoveFlags.MPOL_MF_MOVE | MoveFlags.MPOL_MF_MOVE_ALL):
        raise LinuxError(Errno.EINVAL)
    if flags & MoveFlags.MPOL_MF_MOVE_ALL and _no_nice():
        raise LinuxError(Errno.EPERM)
    host_pid = os.getpid() if pid == 0 or t.process.thread_of(pid) is not None else int(t.zone.host_pid(pid))
    regions = t.memory.regions() if host_pid == os.getpid() else regions_of(t, host_pid)
    check = _wanted(t, nodes) if nodes else None
    for i in range(count):
        address = t.memory.u64(pages + 8 * i)
        if check is not None:
            check(i)
        t.memory.put_u32(status + 4 * i, _node_of(host_pid, regions, address) & 0xFFFFFFFF)
    return 0


def _wanted(t: Thread, nodes: int) -> Callable[[int], None]:
    def check(i: int) -> None:
        node = t.memory.u32(nodes + 4 * i)
        if node:
            raise LinuxError(Errno.ENODEV)

    return check


def _node_of(host_pid: int, regions: list[tuple[int, int, int, int]], address: int) -> int:
    """0, or an error: EFAULT without a mapping, ENOENT without a page."""
    i = bisect_right(regions, (address, 1 << 64)) - 1
    if i < 0 or address >= regions[i][1]:
        return -Errno.EFAULT
    start, _, host, _ = regions[i]
    return min(linux_only.page_node(host_pid, host + address - start), 0)
