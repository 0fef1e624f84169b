"""/proc/sys: the kernel's parameters.

Two tables. What describes the guest's own kernel (its release, its names) is read from the zone. What limits or tunes
something that the host does on the guest's behalf (sockets, pipes, inotify, memory) is the host's value, because that
is the one in force; where the host has no such file the row's own value stands.

Limits: nothing can be set from inside; a write is EPERM, whoever writes. Host names are set with sethostname.
"""

from lx.abi.errno import Errno, LinuxError
from lx.abi.lean import partial
from lx.kernel.synthetic.host import host_text
from lx.kernel.synthetic.nodes import File, Node, Reader
from lx.kernel.synthetic.tables import text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lx.kernel.process import Process


def _uname(field: str) -> Reader:
    def read(p: "Process") -> bytes:
        return str(getattr(p.zone.uname, field)).encode() + b"\n"

    return read


def _uuid(p: "Process") -> bytes:
    raw = bytearray(p.zone.random.randbytes(16))
    raw[6] = raw[6] & 0x0F | 0x40
    raw[8] = raw[8] & 0x3F | 0x80
    digits = raw.hex()
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:])).encode() + b"\n"


ZONE: dict[str, Reader] = {
    "kernel/domainname": _uname("domainname"),
    "kernel/hostname": _uname("nodename"),
    "kernel/osrelease": _uname("release"),
    "kernel/ostype": _uname("sysname"),
    "kernel/version": _uname("version"),
    "kernel/arch": _uname("machine"),
    "kernel/random/uuid": _uuid,
    "kernel/core_pattern": text(b"core\n"),
    "kernel/core_uses_pid": text(b"0\n"),
    "kernel/dmesg_restrict": text(b"1\n"),
    "kernel/kptr_restrict": text(b"1\n"),
    "kernel/printk": text(b"4\t4\t1\t7\n"),
    "kernel/randomize_va_space": text(b"2\n"),
    "kernel/tainted": text(b"0\n"),
    "kernel/perf_event_paranoid": text(b"4\n"),
    "kernel/unprivileged_bpf_disabled": text(b"2\n"),
    "vm/mmap_min_addr": text(b"65536\n"),
    "vm/nr_hugepages": text(b"0\n"),
}
"""Parameters of the guest's own kernel."""

HOST: dict[str, bytes] = {
    "fs/aio-max-nr": b"65536\n",
    "fs/aio-nr": b"0\n",
    "fs/epoll/max_user_watches": b"1000000\n",
    "fs/file-max": b"9223372036854775807\n",
    "fs/file-nr": b"1024\t0\t9223372036854775807\n",
    "fs/inotify/max_queued_events": b"16384\n",
    "fs/inotify/max_user_instances": b"128\n",
    "fs/inotify/max_user_watches": b"65536\n",
    "fs/lease-break-time": b"45\n",
    "fs/leases-enable": b"1\n",
    "fs/mqueue/msg_default": b"10\n",
    "fs/mqueue/msg_max": b"10\n",
    "fs/mqueue/msgsize_default": b"8192\n",
    "fs/mqueue/msgsize_max": b"8192\n",
    "fs/mqueue/queues_max": b"256\n",
    "fs/nr_open": b"1048576\n",
    "fs/overflowgid": b"65534\n",
    "fs/overflowuid": b"65534\n",
    "fs/pipe-max-size": b"1048576\n",
    "fs/pipe-user-pages-hard": b"0\n",
    "fs/pipe-user-pages-soft": b"16384\n",
    "fs/protected_fifos": b"0\n",
    "fs/protected_hardlinks": b"0\n",
    "fs/protected_regular": b"0\n",
    "fs/protected_symlinks": b"0\n",
    "fs/suid_dumpable": b"0\n",
    "kernel/auto_msgmni": b"0\n",
    "kernel/cap_last_cap": b"40\n",
    "kernel/msgmax": b"8192\n",
    "kernel/msgmnb": b"16384\n",
    "kernel/msgmni": b"32000\n",
    "kernel/ngroups_max": b"65536\n",
    "kernel/overflowgid": b"65534\n",
    "kernel/overflowuid": b"65534\n",
    "kernel/pid_max": b"4194304\n",
    "kernel/pty/max": b"4096\n",
    "kernel/pty/nr": b"0\n",
    "kernel/random/boot_id": b"00000000-0000-4000-8000-000000000000\n",
    "kernel/random/entropy_avail": b"256\n",
    "kernel/random/poolsize": b"256\n",
    "kernel/sched_rr_timeslice_ms": b"100\n",
    "kernel/sched_rt_period_us": b"1000000\n",
    "kernel/sched_rt_runtime_us": b"950000\n",
    "kernel/sem": b"32000\t1024000000\t500\t32000\n",
    "kernel/shm_rmid_forced": b"0\n",
    "kernel/shmall": b"18446744073692774399\n",
    "kernel/shmmax": b"18446744073692774399\n",
    "kernel/shmmni": b"4096\n",
    "kernel/threads-max": b"63448\n",
    "net/core/netdev_max_backlog": b"1000\n",
    "net/core/optmem_max": b"20480\n",
    "net/core/rmem_default": b"212992\n",
    "net/core/rmem_max": b"212992\n",
    "net/core/somaxconn": b"4096\n",
    "net/core/wmem_default": b"212992\n",
    "net/core/wmem_max": b"212992\n",
    "net/ipv4/ip_default_ttl": b"64\n",
    "net/ipv4/ip_forward": b"0\n",
    "net/ipv4/ip_local_port_range": b"32768\t60999\n",
    "net/ipv4/ip_unprivileged_port_start": b"1024\n",
    "net/ipv4/ping_group_range": b"1\t0\n",
    "net/ipv4/tcp_congestion_control": b"cubic\n",
    "net/ipv4/tcp_fin_timeout": b"60\n",
    "net/ipv4/tcp_keepalive_intvl": b"75\n",
    "net/ipv4/tcp_keepalive_probes": b"9\n",
    "net/ipv4/tcp_keepalive_time": b"7200\n",
    "net/ipv4/tcp_max_syn_backlog": b"512\n",
    "net/ipv4/tcp_rmem": b"4096\t131072\t6291456\n",
    "net/ipv4/tcp_sack": b"1\n",
    "net/ipv4/tcp_syncookies": b"1\n",
    "net/ipv4/tcp_timestamps": b"1\n",
    "net/ipv4/tcp_window_scaling": b"1\n",
    "net/ipv4/tcp_wmem": b"4096\t16384\t4194304\n",
    "net/ipv6/conf/all/disable_ipv6": b"0\n",
    "net/ipv6/conf/all/forwarding": b"0\n",
    "net/ipv6/conf/default/disable_ipv6": b"0\n",
    "net/unix/max_dgram_qlen": b"512\n",
    "vm/dirty_background_bytes": b"0\n",
    "vm/dirty_background_ratio": b"10\n",
    "vm/dirty_bytes": b"0\n",
    "vm/dirty_expire_centisecs": b"3000\n",
    "vm/dirty_ratio": b"20\n",
    "vm/dirty_writeback_centisecs": b"500\n",
    "vm/max_map_count": b"65530\n",
    "vm/min_free_kbytes": b"67584\n",
    "vm/overcommit_kbytes": b"0\n",
    "vm/overcommit_memory": b"0\n",
    "vm/overcommit_ratio": b"50\n",
    "vm/page-cluster": b"3\n",
    "vm/swappiness": b"60\n",
    "vm/vfs_cache_pressure": b"100\n",
}
"""Parameters of what the host does: the host's value, or this one (a Linux 5.10 default) where it has none."""


class Parameter(File):
    """One parameter: mode 0644, yet fixed."""

    __slots__ = ()

    @property
    def writable(self) -> bool:
        """See File."""
        return False

    def write(self, p: "Process", data: bytes) -> None:
        """LinuxError(EPERM): parameters are the operator's."""
        raise LinuxError(Errno.EPERM)


def _host(name: str, otherwise: bytes, p: "Process") -> bytes:
    return host_text(f"sys/{name}", otherwise)


def parameters() -> list[Node]:
    """All files of /proc/sys."""
    rows = dict(ZONE)
    rows.update((name, partial(_host, name, otherwise)) for name, otherwise in HOST.items())
    return [Parameter(b"/proc/sys/" + name.encode(), reader, _permissions(name)) for name, reader in rows.items()]


READ_ONLY = {"arch", "osrelease", "ostype", "version", "cap_last_cap", "ngroups_max", "file-nr", "aio-nr", "nr"}


def _permissions(name: str) -> int:
    base = name.rpartition("/")[2]
    return 0o444 if base in READ_ONLY or "/random/" in name else 0o644
