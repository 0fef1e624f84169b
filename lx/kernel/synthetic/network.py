"""/proc/net: guests use the host's network, so these are the host's tables.

Host paths of Unix sockets outside the zone's root stay outside. A host without a table shows its header, which every
parser accepts as "none".
"""

from lx.abi.errno import LinuxError
from lx.abi.lean import partial
from lx.kernel.synthetic.host import host_text
from lx.kernel.synthetic.nodes import Reader

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lx.kernel.process import Process

_INET = b"  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
_UNIX = b"Num       RefCount Protocol Flags    Type St Inode Path\n"

HOST: dict[str, bytes] = {
    "arp": b"IP address       HW type     Flags       HW address            Mask     Device\n",
    "dev": b"Inter-|   Receive                                                |  Transmit\n"
    b" face |bytes    packets errs drop fifo frame compressed multicast"
    b"|bytes    packets errs drop fifo colls carrier compressed\n",
    "dev_mcast": b"",
    "icmp": b"",
    "if_inet6": b"",
    "igmp": b"Idx\tDevice    : Count Querier\tGroup    Users Timer\tReporter\n",
    "ipv6_route": b"",
    "netlink": b"sk               Eth Pid        Groups   Rmem     Wmem     Dump  Locks    Drops    Inode\n",
    "netstat": b"",
    "packet": b"sk               RefCnt Type Proto  Iface R Rmem   User   Inode\n",
    "protocols": b"",
    "raw": _INET,
    "raw6": _INET,
    "route": b"Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n",
    "snmp": b"",
    "snmp6": b"",
    "sockstat": b"sockets: used 0\n",
    "sockstat6": b"",
    "tcp": _INET,
    "tcp6": _INET,
    "udp": _INET,
    "udp6": _INET,
}
"""The host's table, or this header."""


def unix(p: "Process") -> bytes:
    """The table of Unix sockets, with guest paths."""
    header, *rows = host_text("net/unix", _UNIX).splitlines()
    lines = [header]
    for row in rows:
        columns, slash, rest = row.partition(b" /")
        if slash:
            try:
                columns += b" " + p.fs.to_guest_path(b"/" + rest)
            except LinuxError:
                continue
        lines.append(columns)
    return b"\n".join(lines) + b"\n"


def _host(name: str, otherwise: bytes, p: "Process") -> bytes:
    return host_text(f"net/{name}", otherwise)


READERS: dict[str, Reader] = {name: partial(_host, name, otherwise) for name, otherwise in HOST.items()}
READERS["unix"] = unix
