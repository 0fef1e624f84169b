"""strace's view: what each kind of argument looks like, and that nothing a guest passes can break it."""

import os
import struct
from enum import IntFlag
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lx.abi.errno import Errno, LinuxError
from lx.abi.events import EpollOp
from lx.cpu.x86_64 import pack_stat
from syscalls import table, unsupported
from syscalls.declare import Parameter, Row
from syscalls.show import Tracer, show_call
from syscalls.show.words import quote
from syscalls.types import (
    Argv,
    BufferIn,
    BufferOut,
    DirFd,
    Envp,
    Fd,
    Int,
    Mode,
    PathPtr,
    Ptr,
    Signal,
    Size,
    flags_of,
    one_of,
    struct_in,
    struct_out,
)

BASE, LENGTH = 0x10000, 0x2000


class Memory:
    """One readable region."""

    def __init__(self) -> None:
        self.data = bytearray(LENGTH)

    def read(self, address: int, length: int) -> bytes:
        if address < BASE or address + length > BASE + LENGTH:
            raise LinuxError(Errno.EFAULT)
        return bytes(self.data[address - BASE : address - BASE + length])

    def cstring(self, address: int, limit: int) -> bytes:
        return self.read(address, min(limit, BASE + LENGTH - address)).split(b"\0")[0]

    def u32(self, address: int) -> int:
        return int.from_bytes(self.read(address, 4), "little")

    def u64(self, address: int) -> int:
        return int.from_bytes(self.read(address, 8), "little")

    def put(self, data: bytes, offset: int = 0) -> int:
        self.data[offset : offset + len(data)] = data
        return BASE + offset


@pytest.fixture
def memory() -> Memory:
    return Memory()


def thread(memory: Memory, tid: int = 7) -> Any:
    arch = SimpleNamespace(pack_stat=pack_stat)
    process = SimpleNamespace(arch=arch, report_unsupported=lambda row, args: None)
    return SimpleNamespace(memory=memory, tid=tid, process=process, interrupted=None)


def row(name: str, *arguments: Any, result: str = "int") -> Row:
    """A row of these argument types; the handler is never called."""
    args = [getattr(argument, "__metadata__", (argument,))[0] for argument in arguments]
    return Row(name, row, tuple(Parameter(f"p{i}", arg) for i, arg in enumerate(args)), result=result)  # type: ignore[arg-type]


def line(memory: Memory, shown: Row, *args: int, result: int | None = 0) -> str:
    call, _, outcome = show_call(thread(memory), shown, args, "after", result).rpartition(" = ")
    return f"{call.rstrip()} = {outcome}"


class Colours(IntFlag):
    NONE = 0
    RED = 1
    GREEN = 2
    YELLOW = 3
    BLUE = 4


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"plain", '"plain"'),
        (b'a\n\t\r\v\f"\\', r'"a\n\t\r\v\f\"\\"'),
        (b"\x00", r'"\0"'),
        (b"\x001", r'"\0001"'),
        (b"\x019", r'"\19"'),
        (b"\x7f\xff", r'"\177\377"'),
        (b"", '""'),
    ],
)
def test_strings_are_c_literals_with_straces_escapes(data: bytes, text: str) -> None:
    assert quote(data) == text


def test_a_buffer_is_cut_at_32_bytes(memory: Memory) -> None:
    at = memory.put(b"x" * 40)
    write = row("write", Fd, BufferIn, Size)
    assert line(memory, write, 1, at, 40, result=40) == f'write(1, "{"x" * 32}"..., 40) = 40'
    assert line(memory, write, 1, at, 32, result=32) == f'write(1, "{"x" * 32}", 32) = 32'


def test_what_a_call_writes_is_shown_as_far_as_it_wrote(memory: Memory) -> None:
    at = memory.put(b"hello, world")
    read = row("read", Fd, BufferOut, Size)
    assert line(memory, read, 0, at, 4096, result=5) == 'read(0, "hello", 4096) = 5'
    assert line(memory, read, 0, at, 4096, result=0) == 'read(0, "", 4096) = 0'
    assert line(memory, read, 0, at, 4096, result=-9) == f"read(0, {at:#x}, 4096) = -1 EBADF (Bad file descriptor)"


def test_a_pointer_that_cannot_be_read_is_its_address(memory: Memory) -> None:
    write = row("write", Fd, BufferIn, Size)
    assert line(memory, write, 1, 5, 6, result=-14) == "write(1, 0x5, 6) = -1 EFAULT (Bad address)"
    assert line(memory, write, 1, 0, 6, result=-14) == "write(1, NULL, 6) = -1 EFAULT (Bad address)"


def test_paths_descriptors_modes_and_flags(memory: Memory) -> None:
    at = memory.put(b"/etc/passwd\0")
    openat = row("openat", DirFd, PathPtr, Int, Mode)
    here = -100 % 2**64
    assert line(memory, openat, here, at, 0o2000000, 0, result=3) == (
        'openat(AT_FDCWD, "/etc/passwd", O_RDONLY|O_CLOEXEC) = 3'
    )
    assert line(memory, openat, 5, at, 0o1101, 0o644, result=3) == (
        'openat(5, "/etc/passwd", O_WRONLY|O_CREAT|O_TRUNC, 0644) = 3'
    )
    assert line(memory, row("umask", Mode), 0o22, result=0o77) == "umask(022) = 077"


@pytest.mark.parametrize(
    ("value", "text"), [(0, "NONE"), (1, "RED"), (3, "YELLOW"), (6, "GREEN|BLUE"), (0x13, "YELLOW|0x10"), (8, "0x8")]
)
def test_declared_flags_by_name_and_the_rest_in_hexadecimal(memory: Memory, value: int, text: str) -> None:
    assert line(memory, row("paint", flags_of(Colours)), value) == f"paint({text}) = 0"


def test_signals_by_name(memory: Memory) -> None:
    kill = row("kill", Int, Signal)
    assert line(memory, kill, 1, 15) == "kill(1, SIGTERM) = 0"
    assert line(memory, kill, 1, 34) == "kill(1, SIGRT_2) = 0"
    assert line(memory, kill, 1, 99, result=-22) == "kill(1, 99) = -1 EINVAL (Invalid argument)"
    mask = memory.put((1 << 1 | 1 << 16).to_bytes(8, "little"))
    procmask = row("rt_sigprocmask", Int, struct_in("sigset"), struct_out("sigset"), Size)
    assert line(memory, procmask, 0, mask, 0, 8) == "rt_sigprocmask(SIG_BLOCK, [INT CHLD], NULL, 8) = 0"
    memory.put((2**64 - 1 ^ 1 << 8).to_bytes(8, "little"))
    assert line(memory, procmask, 2, 0, mask, 8) == "rt_sigprocmask(SIG_SETMASK, NULL, ~[KILL], 8) = 0"


def test_stat_is_found_through_the_architecture(memory: Memory) -> None:
    names = ("dev", "ino", "nlink", "uid", "gid", "blksize", "blocks", "atime_ns", "mtime_ns", "ctime_ns")
    facts = dict.fromkeys((f"st_{name}" for name in names), 0)
    fstat = row("fstat", Fd, struct_out("stat"))
    at = memory.put(pack_stat(SimpleNamespace(**facts, st_mode=0o100644, st_size=1221, st_rdev=0)))
    assert line(memory, fstat, 0, at) == "fstat(0, {st_mode=S_IFREG|0644, st_size=1221, ...}) = 0"
    memory.put(pack_stat(SimpleNamespace(**facts, st_mode=0o020666, st_size=0, st_rdev=0x103)))
    assert line(memory, fstat, 0, at) == "fstat(0, {st_mode=S_IFCHR|0666, st_rdev=makedev(0x1, 0x3), ...}) = 0"


def test_arrays_of_strings(memory: Memory) -> None:
    words = memory.put(b"true\0x y\0")
    array = memory.put(struct.pack("<QQQ", words, words + 5, 0), 64)
    path = memory.put(b"/bin/true\0", 128)
    execve = row("execve", PathPtr, Argv, Envp)
    assert line(memory, execve, path, array, array + 8) == (
        f'execve("/bin/true", ["true", "x y"], {array + 8:#x} /* 1 var */) = 0'
    )


def test_polls_tell_what_was_ready(memory: Memory) -> None:
    fds = memory.put(struct.pack("<ihhihh", 5, 1, 0, 6, 4, 4))
    poll = row("poll", struct_in("pollfd"), Int, Int)
    assert line(memory, poll, fds, 2, 0, result=1) == (
        "poll([{fd=5, events=POLLIN}, {fd=6, events=POLLOUT}], 2, 0) = 1 ([{fd=6, revents=POLLOUT}])"
    )
    assert line(memory, poll, fds, 1, 1, result=0).endswith("= 0 (Timeout)")


def test_epoll_events_are_shown_as_far_as_there_are_any(memory: Memory) -> None:
    events = memory.put(struct.pack("<IQIQ", 5, 7, 1 << 31 | 1, 2**64 - 1))
    control = row("epoll_ctl", Fd, one_of(EpollOp), Fd, struct_in("epoll_event"))
    added = "epoll_ctl(3, EPOLL_CTL_ADD, 4, {events=EPOLLIN|EPOLLOUT, data={u32=7, u64=7}}) = 0"
    assert line(memory, control, 3, 1, 4, events) == added
    wait = row("epoll_wait", Fd, struct_out("epoll_events"), Int, Int)
    assert line(memory, wait, 3, events, 2, 0, result=0) == "epoll_wait(3, [], 2, 0) = 0"
    second = "{events=EPOLLIN|EPOLLET, data={u32=4294967295, u64=18446744073709551615}}"
    both = "[{events=EPOLLIN|EPOLLOUT, data={u32=7, u64=7}}, " + second + "]"
    assert line(memory, wait, 3, events, 2, 0, result=2) == f"epoll_wait(3, {both}, 2, 0) = 2"


def test_addresses_by_their_family(memory: Memory) -> None:
    at = memory.put(b"\x01\0/run/x\0y")
    connect = row("connect", Fd, struct_in("sockaddr"), Int)
    assert line(memory, connect, 3, at, 11) == 'connect(3, {sa_family=AF_UNIX, sun_path="/run/x"}, 11) = 0'
    memory.put(b"\x01\0\0name")
    assert line(memory, connect, 3, at, 7) == 'connect(3, {sa_family=AF_UNIX, sun_path=@"name"}, 7) = 0'
    memory.put(b"\x02\0\0\x50\x7f\0\0\x01")
    inet = '{sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("127.0.0.1")}'
    assert line(memory, connect, 3, at, 16) == f"connect(3, {inet}, 16) = 0"
    length = memory.put((16).to_bytes(4, "little"), 256)
    accept = row("accept", Fd, struct_out("sockaddr"), struct_out("socklen"))
    assert line(memory, accept, 3, at, length, result=4) == f"accept(3, {inet}, [16]) = 4"


def test_messages_with_what_is_in_them(memory: Memory) -> None:
    data, iov, control = memory.put(b"hello", 256), 512, 1024
    memory.put(struct.pack("<QQ", data, 5), iov)
    memory.put(struct.pack("<QiiI", 20, 1, 1, 7), control)
    at = memory.put(struct.pack("<QI4xQQQQI4x", 0, 0, BASE + iov, 1, BASE + control, 24, 0))
    sendmsg = row("sendmsg", Fd, struct_in("msghdr"), Int)
    rights = "{cmsg_len=20, cmsg_level=SOL_SOCKET, cmsg_type=SCM_RIGHTS, cmsg_data=[7]}"
    shown = f"msg_iov=[{{iov_base=\"hello\", iov_len=5}}], msg_iovlen=1, msg_control=[{rights}], msg_controllen=24, msg_flags=0"
    assert line(memory, sendmsg, 3, at, 0, result=5) == f"sendmsg(3, {{msg_name=NULL, msg_namelen=0, {shown}}}, 0) = 5"


@pytest.mark.parametrize(
    ("status", "text"),
    [
        (3 << 8, "[{WIFEXITED(s) && WEXITSTATUS(s) == 3}]"),
        (9, "[{WIFSIGNALED(s) && WTERMSIG(s) == SIGKILL}]"),
        (11 | 0x80, "[{WIFSIGNALED(s) && WTERMSIG(s) == SIGSEGV && WCOREDUMP(s)}]"),
        (19 << 8 | 0x7F, "[{WIFSTOPPED(s) && WSTOPSIG(s) == SIGSTOP}]"),
        (0xFFFF, "[{WIFCONTINUED(s)}]"),
    ],
)
def test_wait_statuses_are_taken_apart(memory: Memory, status: int, text: str) -> None:
    at = memory.put(status.to_bytes(4, "little"))
    wait4 = row("wait4", Int, struct_out("wait_status"), Int, struct_out("rusage"))
    assert line(memory, wait4, -1 % 2**64, at, 0, 0, result=9) == f"wait4(-1, {text}, 0, NULL) = 9"


def test_results(memory: Memory) -> None:
    assert line(memory, row("brk", Ptr, result="ptr"), 0, result=0x5000) == "brk(NULL) = 0x5000"
    assert line(memory, row("exit_group", Int), 3, result=None) == "exit_group(3) = ?"
    assert line(memory, row("pause"), result=-514) == "pause() = ? ERESTARTNOHAND (To be restarted if no handler)"


def test_the_equals_sign_is_in_column_40(memory: Memory) -> None:
    assert show_call(thread(memory), row("close", Int), (3,), result=0) == "close(3)                                = 0"


def test_before_stops_at_what_is_not_there_yet(memory: Memory) -> None:
    read = row("read", Fd, BufferOut, Size)
    assert show_call(thread(memory), read, (3, BASE, 10), "before") == "read(3, "
    assert show_call(thread(memory), row("close", Int), (3,), "before") == "close(3)"


def test_unsupported_calls_and_unknown_numbers(memory: Memory) -> None:
    notify = unsupported.row("fanotify_init")
    assert notify is not None
    assert line(memory, notify, 2, 1, result=-38) == "fanotify_init(2, 1) = -1 ENOSYS (Function not implemented)"
    assert line(memory, unsupported.unknown(400), 1, 2, 3, 4, 5, 6, result=-38).startswith(
        "syscall_0x190(0x1, 0x2, 0x3, 0x4, 0x5, 0x6) = -1 ENOSYS"
    )


ANY_ROW = st.sampled_from(sorted(table.build().rows.values(), key=lambda row: row.name))
ANY_WORD = st.one_of(
    st.integers(0, 2**64 - 1), st.integers(BASE - 8, BASE + LENGTH), st.integers(0, 40), st.just(BASE + LENGTH - 4)
)


@settings(max_examples=600, deadline=None)
@given(ANY_ROW, st.lists(ANY_WORD, min_size=6, max_size=6), st.one_of(st.none(), st.integers(-600, 70)), st.binary())
def test_nothing_a_guest_passes_can_break_it(shown: Row, args: list[int], result: int | None, content: bytes) -> None:
    memory = Memory()
    memory.put(content)
    t = thread(memory)
    assert show_call(t, shown, args, "before").startswith(shown.name)
    text = show_call(t, shown, args, "after", result)
    assert text.startswith(f"{shown.name}(") and " = " in text and "\n" not in text


# ---- the tracer


@pytest.fixture
def pipe() -> Any:
    read, write = os.pipe()
    yield SimpleNamespace(write=write, lines=lambda: os.read(read, 65536).decode().splitlines())
    os.close(read)
    os.close(write)


def test_a_run_as_lines(memory: Memory, pipe: Any) -> None:
    calls = table.build()
    tracer, t = Tracer(pipe.write, calls), thread(memory)
    n = calls.numbers
    tracer.enter(t, n["fanotify_init"], (1, 2, 0, 0, 0, 0))
    tracer.leave(t, n["fanotify_init"], (1, 2, 0, 0, 0, 0), -38)
    tracer.signal(t, struct.pack("<iii4xiIi", 17, 0, 1, 9, 0, 3).ljust(128, b"\0"))
    tracer.signal(t, struct.pack("<iii4xQ", 11, 0, 1, 0).ljust(128, b"\0"))
    tracer.enter(t, n["bpf"], (0, 0, 0, 0, 0, 0))
    tracer.exit(t, 0, 9)
    tracer.exit(t, 3)
    assert pipe.lines() == [
        "fanotify_init(1, 2)                     = -1 ENOSYS (Function not implemented)",
        "--- SIGCHLD {si_signo=SIGCHLD, si_code=CLD_EXITED, si_pid=9, si_uid=0, si_status=3} ---",
        "--- SIGSEGV {si_signo=SIGSEGV, si_code=SEGV_MAPERR, si_addr=NULL} ---",
        "bpf(0, NULL, 0 <unfinished ...>)        = ?",
        "+++ killed by SIGKILL +++",
        "+++ exited with 3 +++",
    ]


def test_lines_carry_pids_once_there_are_two_processes(memory: Memory, pipe: Any) -> None:
    calls = table.build()
    tracer = Tracer(pipe.write, calls)
    fork = calls.numbers["fork"]
    tracer.enter(thread(memory), fork, ())
    tracer.leave(thread(memory), fork, (), 8)
    tracer.exit(thread(memory, 8), 0)
    assert pipe.lines() == ["fork()                                  = 8", "[pid     8] +++ exited with 0 +++"]


def test_an_interrupted_wait_is_shown_as_the_kernel_sees_it(memory: Memory, pipe: Any) -> None:
    calls = table.build()
    tracer, t = Tracer(pipe.write, calls), thread(memory)
    t.interrupted = ("restart", 7)
    tracer.enter(t, calls.numbers["mq_timedsend"], (0,) * 6)
    tracer.leave(t, calls.numbers["mq_timedsend"], (0,) * 6, -4)
    assert pipe.lines()[0].endswith("= ? ERESTARTSYS (To be restarted if SA_RESTART is set)")


def test_a_closed_channel_is_no_error(memory: Memory) -> None:
    Tracer(-1, table.build()).exit(thread(memory), 0)
