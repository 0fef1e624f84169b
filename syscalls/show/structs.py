"""How strace writes the structures that pointers point at: one function a structure, in one table by name.

A function gets the call (its neighbours tell how many elements there are), the argument's index and its address. It may
fail in any way on what the guest has put there: the caller then prints the address. Structures of the architecture are
reached through it: struct stat's fields are found by packing one.

Only the fields that strace shows without -v are shown; what was left out is written as "...".
"""

from __future__ import annotations

import struct
from types import SimpleNamespace

from lx.abi.fcntl import LockType, Resolve, Whence
from lx.abi.lean import Callable, cache
from lx.abi.poll import PollEvents
from lx.abi.signals import SaFlags, SsFlags, signal_name
from lx.abi.stat import StatxMask
from lx.abi.word import s32
from syscalls.show import events, ipc, sockets
from syscalls.show.words import SHOWN_BYTES, file_mode, flags, octal, open_flags, pointer, quote, signal_set

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from lx.kernel.thread import Thread
    from syscalls.declare import Row

SHOWN_ELEMENTS = 32
INFINITY = 2**64 - 1

CHILD_CODES = ("", "CLD_EXITED", "CLD_KILLED", "CLD_DUMPED", "CLD_TRAPPED", "CLD_STOPPED", "CLD_CONTINUED")
UTIME_NOW, UTIME_OMIT = 0x3FFFFFFF, 0x3FFFFFFE


class Call:
    """One call as it is being shown. `result` is None until there is one."""

    __slots__ = ("args", "result", "row", "t")

    def __init__(self, t: Thread, row: Row, args: tuple[int, ...], result: int | None = None) -> None:
        self.t = t
        self.row = row
        self.args = args
        self.result = result

    def unpack(self, address: int, layout: str) -> tuple[Any, ...]:
        """Fields of guest memory by a struct format."""
        return struct.unpack(layout, self.t.memory.read(address, struct.calcsize(layout)))

    def string(self, address: int, limit: int = SHOWN_BYTES) -> str:
        """A C string of guest memory, quoted, cut at `limit` bytes."""
        text = self.t.memory.cstring(address, limit + 1)
        return quote(text[:limit], len(text) > limit)

    @property
    def failed(self) -> bool:
        """Whether the call has ended with an error."""
        return self.result is not None and self.result < 0


Shower = Callable[[Call, int, int], str]


def timespec(call: Call, index: int, address: int) -> str:
    """struct timespec, also as utimensat reads it."""
    seconds, nanoseconds = call.unpack(address, "<qq")
    if call.row.name == "utimensat" and nanoseconds in (UTIME_NOW, UTIME_OMIT):
        return "UTIME_NOW" if nanoseconds == UTIME_NOW else "UTIME_OMIT"
    return f"{{tv_sec={seconds}, tv_nsec={nanoseconds}}}"


def timeval(call: Call, index: int, address: int) -> str:
    """struct timeval."""
    return "{{tv_sec={}, tv_usec={}}}".format(*call.unpack(address, "<qq"))


def pair(inner: Shower) -> Shower:
    """Two structures of 16 bytes in a row, as the utime family takes them."""
    return lambda call, index, address: f"[{inner(call, index, address)}, {inner(call, index, address + 16)}]"


def interval(inner: Shower) -> Shower:
    """struct itimerval or itimerspec."""

    def show(call: Call, index: int, address: int) -> str:
        return f"{{it_interval={inner(call, index, address)}, it_value={inner(call, index, address + 16)}}}"

    return show


def fields(layout: str, *names: str, more: bool = False) -> Shower:
    """A structure of plain numbers."""

    def show(call: Call, index: int, address: int) -> str:
        texts = [f"{name}={value}" for name, value in zip(names, call.unpack(address, layout), strict=True)]
        return "{" + ", ".join(texts + ["..."] * more) + "}"

    return show


def number(layout: str) -> Shower:
    """A pointer to one number."""
    return lambda call, index, address: "[{}]".format(*call.unpack(address, layout))


def numbers(layout: str, count: Callable[[Call, int], int]) -> Shower:
    """A pointer to several numbers."""

    def show(call: Call, index: int, address: int) -> str:
        n = count(call, index)
        shown = call.unpack(address, f"<{min(n, SHOWN_ELEMENTS)}{layout}")
        return "[" + ", ".join([*map(str, shown), *["..."] * (n > SHOWN_ELEMENTS)]) + "]"

    return show


@cache
def stat_field(pack: Callable[[Any], bytes], name: str) -> tuple[int, int]:
    """(offset, width) of a field in the architecture's struct stat, found by packing one that is zero elsewhere."""
    names = "dev ino nlink mode uid gid rdev size blksize blocks atime_ns mtime_ns ctime_ns"
    zero = dict.fromkeys((f"st_{field}" for field in names.split()), 0)
    width = 4 if name == "st_mode" else 8
    marker = b"\1" * width
    return pack(SimpleNamespace(**zero | {name: int.from_bytes(marker, "little")})).index(marker), width


def stat(call: Call, index: int, address: int) -> str:
    """struct stat: the mode, and the size or the device it stands for."""
    pack = call.t.process.arch.pack_stat

    def field(name: str) -> int:
        offset, width = stat_field(pack, name)
        return int.from_bytes(call.t.memory.read(address + offset, width), "little")

    mode = field("st_mode")
    if mode & 0o170000 in (0o020000, 0o060000):
        device = field("st_rdev")
        major, minor = device >> 8 & 0xFFF | device >> 32 & ~0xFFF, device & 0xFF | device >> 12 & 0xFFFFFF00
        return f"{{st_mode={file_mode(mode)}, st_rdev=makedev({major:#x}, {minor:#x}), ...}}"
    return f"{{st_mode={file_mode(mode)}, st_size={field('st_size')}, ...}}"


def statx(call: Call, index: int, address: int) -> str:
    """struct statx: mask, mode and size. Linux uapi linux/stat.h."""
    mask, mode, size = call.unpack(address, "<I24xH10xQ")
    return f"{{stx_mask={flags(mask, StatxMask)}, stx_mode={file_mode(mode)}, stx_size={size}, ...}}"


def rlimit(call: Call, index: int, address: int) -> str:
    """struct rlimit64."""

    def limit(value: int) -> str:
        if value == INFINITY:
            return "RLIM64_INFINITY"
        return f"{value // 1024}*1024" if value > 1024 and value % 1024 == 0 else str(value)

    soft, hard = call.unpack(address, "<QQ")
    return f"{{rlim_cur={limit(soft)}, rlim_max={limit(hard)}}}"


def rusage(call: Call, index: int, address: int) -> str:
    """struct rusage: the two times."""
    return f"{{ru_utime={timeval(call, index, address)}, ru_stime={timeval(call, index, address + 16)}, ...}}"


def sigaction(call: Call, index: int, address: int) -> str:
    """struct kernel_sigaction. Linux uapi asm/signal.h."""
    handler, bits, restorer, mask = call.unpack(address, "<QQQQ")
    name = {0: "SIG_DFL", 1: "SIG_IGN"}.get(handler) or pointer(handler)
    tail = f", sa_restorer={pointer(restorer)}" if bits & SaFlags.RESTORER else ""
    return f"{{sa_handler={name}, sa_mask={signal_set(mask)}, sa_flags={flags(bits, SaFlags)}{tail}}}"


def stack(call: Call, index: int, address: int) -> str:
    """stack_t."""
    base, bits, size = call.unpack(address, "<Qi4xQ")
    return f"{{ss_sp={pointer(base)}, ss_flags={flags(bits & 0xFFFFFFFF, SsFlags)}, ss_size={size}}}"


def sigset(call: Call, index: int, address: int) -> str:
    """A set of signals, eight bytes."""
    return signal_set(call.t.memory.u64(address))


def siginfo(call: Call, index: int, address: int) -> str:
    """siginfo_t as waitid fills it in."""
    signo, _, code, pid, uid, status = call.unpack(address, "<iii4xiIi")
    text = str(status) if code == 1 else signal_name(status)
    named = CHILD_CODES[code] if 1 <= code < len(CHILD_CODES) else str(code)
    return f"{{si_signo={signal_name(signo)}, si_code={named}, si_pid={pid}, si_uid={uid}, si_status={text}, ...}}"


def wait_status(call: Call, index: int, address: int) -> str:
    """The status that wait4 stores."""
    status = call.t.memory.u32(address)
    if not call.result:
        return pointer(address)
    if status == 0xFFFF:
        return "[{WIFCONTINUED(s)}]"
    low = status & 0x7F
    if low == 0:
        return f"[{{WIFEXITED(s) && WEXITSTATUS(s) == {status >> 8 & 0xFF}}}]"
    if low == 0x7F:
        return f"[{{WIFSTOPPED(s) && WSTOPSIG(s) == {signal_name(status >> 8 & 0xFF)}}}]"
    core = " && WCOREDUMP(s)" if status & 0x80 else ""
    return f"[{{WIFSIGNALED(s) && WTERMSIG(s) == {signal_name(low)}{core}}}]"


def iovec(call: Call, index: int, address: int) -> str:
    """An array of struct iovec with what is in the buffers; as much of it as the call moved, if it has moved any."""
    left = call.result if call.result is not None else INFINITY
    texts = []
    count = s32(call.args[index + 1])
    for i in range(min(count, SHOWN_ELEMENTS)):
        base, length = call.unpack(address + 16 * i, "<QQ")
        n = min(length, left)
        left -= n
        data = call.t.memory.read(base, min(n, SHOWN_BYTES))
        texts.append(f"{{iov_base={quote(data, n > SHOWN_BYTES)}, iov_len={length}}}")
    return "[" + ", ".join(texts + ["..."] * (count > SHOWN_ELEMENTS)) + "]"


def pollfd(call: Call, index: int, address: int) -> str:
    """An array of struct pollfd, as it is asked."""
    count = call.args[index + 1] & 0xFFFFFFFF
    texts = []
    for i in range(min(count, SHOWN_ELEMENTS)):
        fd, events, _ = call.unpack(address + 8 * i, "<ihh")
        texts.append(f"{{fd={fd}, events={flags(events & 0xFFFF, PollEvents)}}}")
    return "[" + ", ".join(texts + ["..."] * (count > SHOWN_ELEMENTS)) + "]"


def pollfd_ready(call: Call, index: int) -> str:
    """The entries of a pollfd array that have something to report."""
    texts = []
    for i in range(min(call.args[index + 1] & 0xFFFFFFFF, 1024)):
        fd, _, revents = call.unpack(call.args[index] + 8 * i, "<ihh")
        if revents:
            texts.append(f"{{fd={fd}, revents={flags(revents & 0xFFFF, PollEvents)}}}")
    return "[" + ", ".join(texts) + "]"


def fd_set(call: Call, index: int, address: int) -> str:
    """A set of descriptors; the first argument says how far it goes."""
    limit = min(max(s32(call.args[0]), 0), 1024)
    bits = int.from_bytes(call.t.memory.read(address, (limit + 63) // 64 * 8), "little")
    return "[" + " ".join(str(fd) for fd in range(limit) if bits >> fd & 1) + "]"


def utsname(call: Call, index: int, address: int) -> str:
    """struct new_utsname: the first two names."""
    system, node = (part.split(b"\0")[0] for part in call.unpack(address, "65s65s"))
    return f"{{sysname={quote(system)}, nodename={quote(node)}, ...}}"


def sysinfo(call: Call, index: int, address: int) -> str:
    """struct sysinfo, of a 64-bit machine."""
    uptime, *rest = call.unpack(address, "<q3Q6QH6xQQI")
    loads, memory, (procs, total_high, free_high, unit) = rest[:3], rest[3:9], rest[9:]
    names = ("totalram", "freeram", "sharedram", "bufferram", "totalswap", "freeswap")
    middle = ", ".join(f"{name}={value}" for name, value in zip(names, memory, strict=True))
    tail = f"procs={procs}, totalhigh={total_high}, freehigh={free_high}, mem_unit={unit}"
    return f"{{uptime={uptime}, loads=[{', '.join(map(str, loads))}], {middle}, {tail}}}"


def termios(call: Call, index: int, address: int) -> str:
    """struct termios of the kernel: the four words of flags."""
    return "{{c_iflag={:#x}, c_oflag={:#x}, c_cflag={:#x}, c_lflag={:#x}, ...}}".format(*call.unpack(address, "<4I"))


def statfs(call: Call, index: int, address: int) -> str:
    """struct statfs, of a 64-bit machine."""
    kind, size, blocks, free, available, files, free_files = call.unpack(address, "<qqQQQQQ")
    texts = f"f_type={kind:#x}, f_bsize={size}, f_blocks={blocks}, f_bfree={free}, f_bavail={available}"
    return f"{{{texts}, f_files={files}, f_ffree={free_files}, ...}}"


def flock(call: Call, index: int, address: int) -> str:
    """struct flock, of a 64-bit machine."""
    kind, whence, start, length = call.unpack(address, "<hh4xqq")
    head = f"l_type={flags(kind, LockType)}, l_whence={flags(whence, Whence)}"
    return f"{{{head}, l_start={start}, l_len={length}}}"


def clone_args(call: Call, index: int, address: int) -> str:
    """struct clone_args: what is asked for and where the child's stack is."""
    size = min(call.args[index + 1], 64)
    words = call.unpack(address, f"<{size // 8}Q")
    names = ("flags", "pidfd", "child_tid", "parent_tid", "exit_signal", "stack", "stack_size", "tls")
    texts = []
    for name, value in zip(names, words, strict=False):
        if name == "exit_signal":
            texts.append(f"{name}={signal_name(value)}")
        elif value or name in ("flags", "stack", "stack_size"):
            texts.append(f"{name}={value:#x}")
    return "{" + ", ".join(texts) + "}"


def open_how(call: Call, index: int, address: int) -> str:
    """struct open_how."""
    bits, mode, resolve = call.unpack(address, "<QQQ")
    modes = f"mode={octal(mode)}, " * bool(mode)
    return f"{{flags={open_flags(bits)}, {modes}resolve={flags(resolve, Resolve)}}}"


def dirents(call: Call, index: int, address: int) -> str:
    """A buffer of struct linux_dirent64 (or linux_dirent): how many there are."""
    end = address + (call.result or 0)
    position, count = address, 0
    while position < end:
        (length,) = call.unpack(position + 16, "<H")
        position, count = position + max(length, 1), count + 1
    return f"{pointer(address)} /* {count} {'entry' if count == 1 else 'entries'} */"


def strings(call: Call, index: int, address: int) -> str:
    """A NULL-terminated array of strings."""
    texts: list[str] = []
    while at := call.t.memory.u64(address + 8 * len(texts)):
        if len(texts) == SHOWN_ELEMENTS:
            texts.append("...")
            break
        texts.append(call.string(at))
    return "[" + ", ".join(texts) + "]"


def environment(call: Call, index: int, address: int) -> str:
    """A NULL-terminated array of strings: how many there are."""
    count = 0
    while call.t.memory.u64(address + 8 * count):
        count += 1
    return f"{pointer(address)} /* {count} {'var' if count == 1 else 'vars'} */"


def cpu_set(call: Call, index: int, address: int) -> str:
    """A set of CPUs; the argument before it is its size in bytes."""
    size = min(call.args[index - 1] & 0xFFFFFFFF, 128)
    if call.result and call.row.name == "sched_getaffinity":
        size = min(size, call.result)
    bits = int.from_bytes(call.t.memory.read(address, size), "little")
    return "[" + " ".join(str(cpu) for cpu in range(8 * size) if bits >> cpu & 1) + "]"


def group_count(call: Call, index: int) -> int:
    """How many groups getgroups has stored or setgroups is given."""
    return call.result or 0 if call.row.name == "getgroups" else s32(call.args[0])


STRUCTS: dict[str, Shower] = {
    "argv": strings,
    "envp": environment,
    "cachestat": fields("<5Q", "nr_cache", "nr_dirty", "nr_writeback", "nr_evicted", "nr_recently_evicted"),
    "cachestat_range": fields("<2Q", "off", "len"),
    "clone_args": clone_args,
    "cpu_set": cpu_set,
    "cpumask": cpu_set,
    "dirent": dirents,
    "dirent64": dirents,
    "fd_set": fd_set,
    "fdpair": numbers("i", lambda call, index: 2),
    "flock": flock,
    "gids": numbers("I", group_count),
    "int": number("<i"),
    "int[2]": numbers("i", lambda call, index: 2),
    "iovec": iovec,
    "itimerspec": interval(timespec),
    "itimerval": interval(timeval),
    "linux_dirent": dirents,
    "linux_dirent64": dirents,
    "loff_t": number("<q"),
    "long": number("<q"),
    "mq_attr": fields("<4q", "mq_flags", "mq_maxmsg", "mq_msgsize", "mq_curmsgs"),
    "open_how": open_how,
    "pollfd": pollfd,
    "rlimit": rlimit,
    "rlimit64": rlimit,
    "rusage": rusage,
    "sched_param": number("<i"),
    "sigaction": sigaction,
    "siginfo": siginfo,
    "sigset": sigset,
    "sigset_t": sigset,
    "stack": stack,
    "stack_t": stack,
    "stat": stat,
    "statfs": statfs,
    "statx": statx,
    "sysinfo": sysinfo,
    "termios": termios,
    "timespec": timespec,
    "timespec[2]": pair(timespec),
    "timespecs": pair(timespec),
    "timeval": timeval,
    "timeval[2]": pair(timeval),
    "timevals": pair(timeval),
    "timezone": fields("<ii", "tz_minuteswest", "tz_dsttime"),
    "tms": fields("<4q", "tms_utime", "tms_stime", "tms_cutime", "tms_cstime"),
    "u32": number("<I"),
    "u64": number("<Q"),
    "utimbuf": fields("<qq", "actime", "modtime"),
    "utsname": utsname,
    "wait-status": wait_status,
    "wait_status": wait_status,
    **events.STRUCTS,
    **ipc.STRUCTS,
    **sockets.STRUCTS,
    "winsize": fields("<4H", "ws_row", "ws_col", "ws_xpixel", "ws_ypixel"),
}
"""By the name that a parameter's type gives to struct_in, struct_out or struct_inout."""
