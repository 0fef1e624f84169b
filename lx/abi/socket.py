"""Sockets: families, types, flags, options and layouts of a 64-bit little-endian guest.

Source: Linux uapi linux/socket.h, asm-generic/socket.h, linux/in.h, linux/in6.h, linux/tcp.h, linux/un.h, linux/netlink.h,
linux/rtnetlink.h, and include/linux/socket.h for the families.
"""

from struct import Struct

from lx.abi.names import IntEnum, IntFlag


class Family(IntEnum):
    """Address families."""

    AF_UNSPEC = 0
    AF_UNIX = 1
    AF_INET = 2
    AF_AX25 = 3
    AF_IPX = 4
    AF_APPLETALK = 5
    AF_INET6 = 10
    AF_KEY = 15
    AF_NETLINK = 16
    AF_PACKET = 17
    AF_RDS = 21
    AF_CAN = 29
    AF_TIPC = 30
    AF_BLUETOOTH = 31
    AF_ALG = 38
    AF_NFC = 39
    AF_VSOCK = 40
    AF_KCM = 41
    AF_QIPCRTR = 42
    AF_SMC = 43
    AF_XDP = 44
    AF_MCTP = 45


AF_MAX = 46


class SocketType(IntEnum):
    """Socket types, without the flags that may stand beside them."""

    SOCK_STREAM = 1
    SOCK_DGRAM = 2
    SOCK_RAW = 3
    SOCK_RDM = 4
    SOCK_SEQPACKET = 5
    SOCK_DCCP = 6
    SOCK_PACKET = 10


SOCK_TYPE_MASK, SOCK_MAX = 0xF, 11


class SocketFlags(IntFlag):
    """accept4's flags, and beside a socket's type."""

    NONBLOCK = 0o4000
    CLOEXEC = 0o2000000


class MsgFlags(IntFlag):
    """Flags of sending and receiving."""

    OOB = 0x1
    PEEK = 0x2
    DONTROUTE = 0x4
    CTRUNC = 0x8
    PROXY = 0x10
    TRUNC = 0x20
    DONTWAIT = 0x40
    EOR = 0x80
    WAITALL = 0x100
    FIN = 0x200
    SYN = 0x400
    CONFIRM = 0x800
    RST = 0x1000
    ERRQUEUE = 0x2000
    NOSIGNAL = 0x4000
    MORE = 0x8000
    WAITFORONE = 0x10000
    BATCH = 0x40000
    ZEROCOPY = 0x4000000
    FASTOPEN = 0x20000000
    CMSG_CLOEXEC = 0x40000000
    CMSG_COMPAT = 0x80000000


class Level(IntEnum):
    """Levels of options and of ancillary data."""

    SOL_IP = 0
    SOL_SOCKET = 1
    SOL_TCP = 6
    SOL_UDP = 17
    SOL_IPV6 = 41
    SOL_ICMPV6 = 58
    SOL_RAW = 255
    SOL_NETLINK = 270


class SocketOption(IntEnum):
    """SOL_SOCKET."""

    SO_DEBUG = 1
    SO_REUSEADDR = 2
    SO_TYPE = 3
    SO_ERROR = 4
    SO_DONTROUTE = 5
    SO_BROADCAST = 6
    SO_SNDBUF = 7
    SO_RCVBUF = 8
    SO_KEEPALIVE = 9
    SO_OOBINLINE = 10
    SO_NO_CHECK = 11
    SO_PRIORITY = 12
    SO_LINGER = 13
    SO_BSDCOMPAT = 14
    SO_REUSEPORT = 15
    SO_PASSCRED = 16
    SO_PEERCRED = 17
    SO_RCVLOWAT = 18
    SO_SNDLOWAT = 19
    SO_RCVTIMEO = 20
    SO_SNDTIMEO = 21
    SO_BINDTODEVICE = 25
    SO_DETACH_FILTER = 27
    SO_PEERNAME = 28
    SO_TIMESTAMP = 29
    SO_ACCEPTCONN = 30
    SO_PEERSEC = 31
    SO_SNDBUFFORCE = 32
    SO_RCVBUFFORCE = 33
    SO_PASSSEC = 34
    SO_TIMESTAMPNS = 35
    SO_MARK = 36
    SO_TIMESTAMPING = 37
    SO_PROTOCOL = 38
    SO_DOMAIN = 39
    SO_RXQ_OVFL = 40
    SO_WIFI_STATUS = 41
    SO_PEEK_OFF = 42
    SO_NOFCS = 43
    SO_LOCK_FILTER = 44
    SO_SELECT_ERR_QUEUE = 45
    SO_BUSY_POLL = 46
    SO_MAX_PACING_RATE = 47
    SO_BPF_EXTENSIONS = 48
    SO_INCOMING_CPU = 49
    SO_MEMINFO = 55
    SO_INCOMING_NAPI_ID = 56
    SO_COOKIE = 57
    SO_PEERGROUPS = 59
    SO_TIMESTAMP_NEW = 63
    SO_TIMESTAMPNS_NEW = 64
    SO_TIMESTAMPING_NEW = 65
    SO_RCVTIMEO_NEW = 66
    SO_SNDTIMEO_NEW = 67
    SO_PREFER_BUSY_POLL = 69
    SO_BUSY_POLL_BUDGET = 70
    SO_BUF_LOCK = 72
    SO_TXREHASH = 74
    SO_RCVMARK = 75


class IpOption(IntEnum):
    """SOL_IP: what a program sets of its own socket."""

    IP_TOS = 1
    IP_TTL = 2
    IP_HDRINCL = 3
    IP_OPTIONS = 4
    IP_RECVOPTS = 6
    IP_RETOPTS = 7
    IP_PKTINFO = 8
    IP_MTU_DISCOVER = 10
    IP_RECVERR = 11
    IP_RECVTTL = 12
    IP_RECVTOS = 13
    IP_MTU = 14
    IP_FREEBIND = 15
    IP_PASSSEC = 18
    IP_TRANSPARENT = 19
    IP_RECVORIGDSTADDR = 20
    IP_MINTTL = 21
    IP_NODEFRAG = 22
    IP_CHECKSUM = 23
    IP_BIND_ADDRESS_NO_PORT = 24
    IP_RECVFRAGSIZE = 25
    IP_RECVERR_RFC4884 = 26
    IP_MULTICAST_IF = 32
    IP_MULTICAST_TTL = 33
    IP_MULTICAST_LOOP = 34
    IP_ADD_MEMBERSHIP = 35
    IP_DROP_MEMBERSHIP = 36
    IP_UNBLOCK_SOURCE = 37
    IP_BLOCK_SOURCE = 38
    IP_ADD_SOURCE_MEMBERSHIP = 39
    IP_DROP_SOURCE_MEMBERSHIP = 40
    IP_MSFILTER = 41
    MCAST_JOIN_GROUP = 42
    MCAST_LEAVE_GROUP = 45
    IP_MULTICAST_ALL = 49
    IP_UNICAST_IF = 50
    IP_LOCAL_PORT_RANGE = 51
    IP_PROTOCOL = 52


class TcpOption(IntEnum):
    """SOL_TCP."""

    TCP_NODELAY = 1
    TCP_MAXSEG = 2
    TCP_CORK = 3
    TCP_KEEPIDLE = 4
    TCP_KEEPINTVL = 5
    TCP_KEEPCNT = 6
    TCP_SYNCNT = 7
    TCP_LINGER2 = 8
    TCP_DEFER_ACCEPT = 9
    TCP_WINDOW_CLAMP = 10
    TCP_INFO = 11
    TCP_QUICKACK = 12
    TCP_CONGESTION = 13
    TCP_THIN_LINEAR_TIMEOUTS = 16
    TCP_THIN_DUPACK = 17
    TCP_USER_TIMEOUT = 18
    TCP_FASTOPEN = 23
    TCP_TIMESTAMP = 24
    TCP_NOTSENT_LOWAT = 25
    TCP_CC_INFO = 26
    TCP_SAVE_SYN = 27
    TCP_SAVED_SYN = 28
    TCP_FASTOPEN_CONNECT = 30
    TCP_FASTOPEN_KEY = 33
    TCP_FASTOPEN_NO_COOKIE = 34
    TCP_INQ = 36
    TCP_TX_DELAY = 37


class UdpOption(IntEnum):
    """SOL_UDP."""

    UDP_CORK = 1
    UDP_NO_CHECK6_TX = 101
    UDP_NO_CHECK6_RX = 102
    UDP_SEGMENT = 103
    UDP_GRO = 104


class Ip6Option(IntEnum):
    """SOL_IPV6."""

    IPV6_ADDRFORM = 1
    IPV6_2292PKTINFO = 2
    IPV6_2292HOPLIMIT = 8
    IPV6_CHECKSUM = 7
    IPV6_NEXTHOP = 9
    IPV6_FLOWINFO = 11
    IPV6_UNICAST_HOPS = 16
    IPV6_MULTICAST_IF = 17
    IPV6_MULTICAST_HOPS = 18
    IPV6_MULTICAST_LOOP = 19
    IPV6_JOIN_GROUP = 20
    IPV6_LEAVE_GROUP = 21
    IPV6_MTU_DISCOVER = 23
    IPV6_MTU = 24
    IPV6_RECVERR = 25
    IPV6_V6ONLY = 26
    IPV6_JOIN_ANYCAST = 27
    IPV6_LEAVE_ANYCAST = 28
    IPV6_MULTICAST_ALL = 29
    IPV6_AUTOFLOWLABEL = 70
    IPV6_RECVPKTINFO = 49
    IPV6_PKTINFO = 50
    IPV6_RECVHOPLIMIT = 51
    IPV6_HOPLIMIT = 52
    IPV6_RECVTCLASS = 66
    IPV6_TCLASS = 67
    IPV6_UNICAST_IF = 76
    IPV6_FREEBIND = 78


class Icmp6Option(IntEnum):
    """SOL_ICMPV6."""

    ICMPV6_FILTER = 1


class RawOption(IntEnum):
    """SOL_RAW."""

    ICMP_FILTER = 1


class NetlinkOption(IntEnum):
    """SOL_NETLINK."""

    NETLINK_ADD_MEMBERSHIP = 1
    NETLINK_DROP_MEMBERSHIP = 2
    NETLINK_PKTINFO = 3
    NETLINK_BROADCAST_ERROR = 4
    NETLINK_NO_ENOBUFS = 5
    NETLINK_LIST_MEMBERSHIPS = 9
    NETLINK_CAP_ACK = 10
    NETLINK_EXT_ACK = 11
    NETLINK_GET_STRICT_CHK = 12


OPTIONS: dict[int, type[IntEnum]] = {
    Level.SOL_IP: IpOption,
    Level.SOL_SOCKET: SocketOption,
    Level.SOL_TCP: TcpOption,
    Level.SOL_UDP: UdpOption,
    Level.SOL_IPV6: Ip6Option,
    Level.SOL_ICMPV6: Icmp6Option,
    Level.SOL_RAW: RawOption,
    Level.SOL_NETLINK: NetlinkOption,
}
"""The options of each level that programs set and get here."""


class Shut(IntEnum):
    """shutdown."""

    SHUT_RD = 0
    SHUT_WR = 1
    SHUT_RDWR = 2


class Scm(IntEnum):
    """Ancillary data of SOL_SOCKET that lx itself looks at."""

    SCM_RIGHTS = 1
    SCM_CREDENTIALS = 2


NETLINK_ROUTE = 0
NLMSG_HEADER = Struct("<IHHII")
"""length, type, flags, sequence, port id."""
NLMSG_CONTROL = 16
"""Lower types are messages of netlink itself."""
RTM_GET = 2
"""The low two bits of a type: make, remove, get, set."""

FAMILY = Struct("<H")
SUN_PATH, SOCKADDR_UN, SUN_PATH_MAX = 2, 110, 108
"""Offset of a UNIX address's name; sizes of the address and of the name."""
SOCKADDR_MAX = 128
"""sizeof(struct sockaddr_storage)."""
MSGHDR = Struct("<QI4xQQQQI4x")
"""msg_name, msg_namelen, msg_iov, msg_iovlen, msg_control, msg_controllen, msg_flags."""
MSG_NAMELEN, MSG_CONTROLLEN, MSG_FLAGS = 8, 40, 48
MMSGHDR_SIZE, MSG_LEN = 64, 56
"""struct mmsghdr: a msghdr, and the bytes that were moved."""
CMSGHDR = Struct("<Qii")
"""cmsg_len, cmsg_level, cmsg_type."""
CMSG_ALIGN = 8
UCRED = Struct("<iII")
"""pid, uid, gid."""
LINGER = Struct("<ii")
UIO_MAXIOV, SCM_MAX_FD = 1024, 253
