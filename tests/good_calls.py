"""Every implemented call with arguments that are good: files, descriptors and memory in which each comes as far as it can.

`Both` has a side of lx and a native one in equal states; tests spoil one argument and compare.
"""

import os
import shutil
from pathlib import Path

from lx.testing import Guest, Lost, Native, Side
from lx.testing.compare import ANY_POSITIVE
from lx.testing.generate import POINTERS, rows
from lx.testing.image import MAGIC, OUT, POOL
from syscalls.numbers_x86_64 import NUMBERS

NO_ACCESS, READ_ONLY, GONE = 0x2000_0000, 0x2010_0000, 0x2020_0000
"""Pages that may not be touched, that may only be read, and that lie beyond the end of their file."""
U64 = 2**64
AT_FDCWD = -100 % U64
FD, DIRECTORY, READ_END, WRITE_END, OTHER = 3, 4, 5, 6, 7
"""Descriptors that are open: a file, a directory, both ends of a pipe that holds bytes, a second file."""
TEXTS = {"file": b"file", "new": b"new", "dir": b"dir", "link": b"link", "name": b"user.x", "true": b"/bin/true"}
WORDS = {
    "zeros": bytes(64),
    "iovec": (OUT + 0x2000).to_bytes(8, "little") + (8).to_bytes(8, "little"),
    "how": bytes(24),
    "argv": bytes(16),
    "short": bytes(8) + (1000).to_bytes(8, "little"),
    "pollfd": (5).to_bytes(4, "little") + b"\x01\0\0\0",
    "set": b"\x20" + bytes(127),
    "signals": b"\0\x02" + bytes(6),
    "capability": (0x20080522).to_bytes(4, "little") + bytes(4),
    "limit": b"\xff\0\0\0\0\0\0\0" * 2,
    "lock": b"\0\0\0\0" + bytes(28),
    "attributes": (48).to_bytes(4, "little") + bytes(60),
    "value": (OUT + 0x2000).to_bytes(8, "little") + bytes(8),
    "stack": (OUT + 0x2000).to_bytes(8, "little") + bytes(8) + (8192).to_bytes(8, "little"),
    "info": bytes(8) + (-1).to_bytes(4, "little", signed=True) + bytes(116),
    "name args": bytes(64),
}
AT: dict[str, int] = {}
POOL_BYTES = b""
for _name, _bytes in {**{name: text + b"\0" for name, text in TEXTS.items()}, **WORDS}.items():
    AT[_name] = POOL + len(POOL_BYTES)
    POOL_BYTES += _bytes + bytes(-len(_bytes) % 16)
A, B, C = OUT, OUT + 0x400, OUT + 0x800

CALLS: dict[str, tuple[int | str, ...]] = {
    "access": ("file", 4), "acct": ("file",), "adjtimex": ("zeros",), "capget": ("capability", A),
    "capset": ("capability", "zeros"), "chdir": ("dir",), "chmod": ("file", 0o644), "chown": ("file", -1, -1),
    "chroot": ("dir",), "clock_adjtime": (0, "zeros"), "clock_getres": (0, A), "clock_gettime": (0, A),
    "clock_nanosleep": (1, 0, "zeros", A), "clock_settime": (0, "zeros"), "copy_file_range": (FD, "zeros", OTHER, "argv", 4, 0),
    "creat": ("new", 0o644), "execve": ("new", "argv", "argv"), "execveat": (AT_FDCWD, "new", "argv", "argv", 0),
    "faccessat": (AT_FDCWD, "file", 4), "faccessat2": (AT_FDCWD, "file", 4, 0), "fchmodat": (AT_FDCWD, "file", 0o644),
    "fchmodat2": (AT_FDCWD, "file", 0o644, 0), "fchownat": (AT_FDCWD, "file", -1, -1, 0), "fgetxattr": (FD, "name", A, 64),
    "flistxattr": (FD, A, 64), "fremovexattr": (FD, "name"), "fsetxattr": (FD, "name", "zeros", 8, 0), "fstat": (FD, A),
    "fstatfs": (FD, A), "futex": (A, 128, 1, "zeros", 0, 0), "futimesat": (AT_FDCWD, "file", "zeros"),
    "get_robust_list": (0, A, B), "getcpu": (A, B, 0), "getcwd": (A, 256), "getdents": (DIRECTORY, A, 256),
    "getdents64": (DIRECTORY, A, 256), "getgroups": (64, A), "getitimer": (0, A), "getrandom": (A, 8, 0),
    "getresgid": (A, B, C), "getresuid": (A, B, C), "getrlimit": (7, A), "getrusage": (0, A), "gettimeofday": (A, B),
    "getxattr": ("file", "name", A, 64), "getxattrat": (AT_FDCWD, "file", 0, "name", "value", 16), "lchown": ("file", -1, -1),
    "lgetxattr": ("file", "name", A, 64), "link": ("file", "new"), "linkat": (AT_FDCWD, "file", AT_FDCWD, "new", 0),
    "listxattr": ("file", A, 64), "listxattrat": (AT_FDCWD, "file", 0, A, 64), "llistxattr": ("file", A, 64),
    "lremovexattr": ("file", "name"), "lsetxattr": ("file", "name", "zeros", 8, 0), "lstat": ("file", A),
    "memfd_create": ("file", 0), "mincore": (OUT, 4096, B), "mkdir": ("new", 0o755), "mkdirat": (AT_FDCWD, "new", 0o755),
    "mknod": ("new", 0o644, 0), "mknodat": (AT_FDCWD, "new", 0o644, 0), "nanosleep": ("zeros", A),
    "newfstatat": (AT_FDCWD, "file", A, 0), "open": ("file", 0, 0), "openat": (AT_FDCWD, "file", 0, 0),
    "openat2": (AT_FDCWD, "file", "how", 24), "pipe": (A,), "pipe2": (A, 0), "poll": ("pollfd", 1, 0),
    "pkey_mprotect": (OUT, 8, 3, -1), "ppoll": ("pollfd", 1, "zeros", "signals", 8),
    "pread64": (FD, A, 8, 0), "preadv": (FD, "iovec", 1, 0, 0),
    "preadv2": (FD, "iovec", 1, 0, 0, 0), "prlimit64": (0, 7, "limit", A), "pselect6": (8, "set", "zeros", "zeros", "argv", 0),
    "pwrite64": (FD, "zeros", 8, 0), "pwritev": (FD, "iovec", 1, 0, 0), "pwritev2": (FD, "iovec", 1, 0, 0, 0),
    "read": (FD, A, 8), "readlink": ("link", A, 64), "readlinkat": (AT_FDCWD, "link", A, 64), "readv": (FD, "iovec", 1),
    "removexattr": ("file", "name"), "removexattrat": (AT_FDCWD, "file", 0, "name"), "rename": ("file", "new"),
    "renameat": (AT_FDCWD, "file", AT_FDCWD, "new"), "renameat2": (AT_FDCWD, "file", AT_FDCWD, "new", 0), "rmdir": ("dir",),
    "rt_sigaction": (10, "zeros", A, 8), "rt_sigpending": (A, 8), "rt_sigprocmask": (0, "zeros", A, 8),
    "rt_sigqueueinfo": (0, 10, "info"), "rt_sigsuspend": ("signals", 8), "rt_sigtimedwait": ("signals", A, "zeros", 8),
    "rt_tgsigqueueinfo": (0, 0, 10, "info"), "sched_getaffinity": (0, 128, A), "sched_getattr": (0, A, 48, 0),
    "sched_getparam": (0, A), "sched_rr_get_interval": (0, A), "sched_setaffinity": (0, 8, "set"),
    "sched_setattr": (0, "attributes", 0), "sched_setparam": (0, "zeros"), "sched_setscheduler": (0, 0, "zeros"),
    "select": (8, "set", "zeros", "zeros", "argv"), "sendfile": (OTHER, FD, "zeros", 4), "setdomainname": ("file", 4),
    "setgroups": (1, "zeros"), "sethostname": ("file", 4), "setitimer": (0, "zeros", A), "setrlimit": (7, "limit"),
    "settimeofday": ("zeros", "argv"), "setxattr": ("file", "name", "zeros", 8, 0),
    "setxattrat": (AT_FDCWD, "file", 0, "name", "value", 16), "sigaltstack": ("stack", A),
    "splice": (FD, "zeros", WRITE_END, 0, 4, 0), "stat": ("file", A), "statfs": ("file", A),
    "statx": (AT_FDCWD, "file", 0, 0x7FF, A), "swapoff": ("file",), "swapon": ("file", 0), "symlink": ("file", "new"),
    "symlinkat": ("file", AT_FDCWD, "new"), "sysinfo": (A,), "syslog": (3, A, 8), "time": (A,), "times": (A,),
    "truncate": ("file", 4), "uname": (A,), "unlink": ("file",), "unlinkat": (AT_FDCWD, "file", 0), "utime": ("file", "zeros"),
    "utimensat": (AT_FDCWD, "file", "zeros", 0), "utimes": ("file", "zeros"), "vmsplice": (WRITE_END, "iovec", 1, 0),
    "msgctl": ("=msg", 2, A), "msgrcv": ("=msg", A, 8, 0, 0o4000), "msgsnd": ("=msg", "value", 8, 0o4000),
    "semop": ("=sem", "zeros", 1), "semtimedop": ("=sem", "zeros", 1, "zeros"), "shmat": ("=shm", 0, 0), "shmctl": ("=shm", 2, A),
    "seccomp": (2, 0, "zeros"),
    "process_vm_readv": (0, "iovec", 1, "iovec", 1, 0), "process_vm_writev": (0, "iovec", 1, "iovec", 1, 0),
    "write": (FD, "zeros", 8), "writev": (FD, "iovec", 1),
}  # fmt: skip
"""Arguments that are good: a name stands for the address of what TEXTS and WORDS have under it, "=msg" for a queue's id."""
COMMANDS: dict[str, tuple[str, tuple[int | str, ...], int]] = {
    "fcntl F_GETLK": ("fcntl", (FD, 5, "lock"), 2), "fcntl F_SETLK": ("fcntl", (FD, 6, "lock"), 2),
    "fcntl F_SETLKW": ("fcntl", (FD, 7, "lock"), 2), "fcntl F_OFD_GETLK": ("fcntl", (FD, 36, "lock"), 2),
    "fcntl F_OFD_SETLK": ("fcntl", (FD, 37, "lock"), 2), "fcntl F_GETOWN_EX": ("fcntl", (FD, 16, A), 2),
    "fcntl F_SETOWN_EX": ("fcntl", (FD, 15, "zeros"), 2), "fcntl F_GET_RW_HINT": ("fcntl", (FD, 1035 - 12, A), 2),
    "ioctl FIONREAD": ("ioctl", (READ_END, 0x541B, A), 2), "ioctl FIONBIO": ("ioctl", (READ_END, 0x5421, "zeros"), 2),
    "ioctl FIOASYNC": ("ioctl", (READ_END, 0x5452, "zeros"), 2), "ioctl FS_IOC_GETFLAGS": ("ioctl", (FD, 0x80086601, A), 2),
    "ioctl FS_IOC_SETFLAGS": ("ioctl", (FD, 0x40086602, "zeros"), 2), "ioctl FIGETBSZ": ("ioctl", (FD, 2, A), 2),
    "ioctl TCGETS": ("ioctl", (READ_END, 0x5401, A), 2), "ioctl TIOCGWINSZ": ("ioctl", (FD, 0x5413, A), 2),
    "prctl PR_GET_PDEATHSIG": ("prctl", (2, A), 1), "prctl PR_SET_NAME": ("prctl", (15, "file"), 1),
    "prctl PR_GET_NAME": ("prctl", (16, A), 1), "prctl PR_GET_TSC": ("prctl", (25, A), 1),
    "prctl PR_GET_UNALIGN": ("prctl", (5, A), 1), "prctl PR_GET_TID_ADDRESS": ("prctl", (40, A), 1),
    "prctl PR_GET_CHILD_SUBREAPER": ("prctl", (37, A), 1), "arch_prctl ARCH_GET_FS": ("arch_prctl", (0x1003, A), 1),
    "arch_prctl ARCH_GET_GS": ("arch_prctl", (0x1004, A), 1),
}  # fmt: skip
"""Pointers behind commands: (call, good arguments, which is the pointer)."""
NOT_MADE = {
    **dict.fromkeys(("clone", "clone3", "vfork", "fork"), "a child would run away with the stub: tests/guests/badpointers.c"),
    **dict.fromkeys(("wait4", "waitid"), "without a child it looks at nothing: tests/guests/badpointers.c"),
    **dict.fromkeys(("rt_sigreturn", "exit", "exit_group", "pause"), "does not come back"),
    "rseq": "refused: glibc goes on without it",
}
PLAIN = {"path": "file", "text": "name", "fd": FD, "dirfd": AT_FDCWD, "size": 8, "struct": "zeros", "struct-inout": "zeros",
         "buffer": "zeros", "ptr": A}  # fmt: skip


def plain(name: str) -> tuple[int | str, ...]:
    """Arguments for a call that nobody has thought about."""
    return tuple(PLAIN.get(p.arg.kind, 0) for p in rows()[name].parameters)


def pointers(name: str) -> list[int]:
    return [i for i, p in enumerate(rows()[name].parameters) if p.arg.kind in POINTERS]


def prepare(side: Side) -> None:
    """Files, descriptors and memory."""
    lay_files(side)
    fds = [side.openat(AT_FDCWD, b"/dev/null", 2, 0) for _ in range(3)]
    fds += [side.openat(AT_FDCWD, b"file", 2, 0), side.openat(AT_FDCWD, b"dir", 0o200000, 0), side.pipe(A)]
    fds.append(side.openat(AT_FDCWD, b"other", 2, 0))
    assert fds == [0, 1, 2, FD, DIRECTORY, 0, OTHER], fds
    assert side.write(WRITE_END, b"bytes in a pipe", 15) == 15
    for address, prot in ((NO_ACCESS, 0), (READ_ONLY, 1)):
        assert side.mmap(address, 4096, prot, 0x100022, -1, 0) == address
    assert side.mmap(GONE, 4096, 3, 0x100001, OTHER, 4096) == GONE
    side.poke(POOL, POOL_BYTES)


def lay_files(side: Side) -> None:
    """The files that the calls name, as they are at the start."""
    work = Path(side.work)
    for name, content in (("file", b"0123456789" * 20), ("other", b"other file")):
        (work / name).write_bytes(content)
        (work / name).chmod(0o666)
        os.chown(work / name, 65534, 65534) if os.getuid() == 0 else None
    (work / "dir").mkdir(exist_ok=True)
    (work / "link").is_symlink() or (work / "link").symlink_to("file")
    new = work / "new"
    shutil.rmtree(new) if new.is_dir() and not new.is_symlink() else new.unlink(missing_ok=True)


def make_ids(side: Side) -> dict[str, int]:
    """A queue, a set of semaphores and a segment of shared memory."""
    return {"=msg": side.msgget(0, 0o600), "=sem": side.semget(0, 1, 0o600), "=shm": side.shmget(0, 4096, 0o600)}


class Both:
    """Two sides in equal states."""

    def __init__(self) -> None:
        self.sides: tuple[Side, Side] = (Guest(timeout=10.0), Native(timeout=10.0))
        self.served: set[Side] = set()
        self.ids: dict[Side, dict[str, int]] = {}
        for side in self.sides:
            prepare(side)
            self.ids[side] = make_ids(side)

    def fresh(self) -> None:
        """The calls that follow are made by a new child, with new files."""
        for side in self.sides:
            try:
                if side in self.served:
                    side.end_served()
                lay_files(side)
            except Lost:
                self.again(side)
            side.serve()
            self.served.add(side)

    def again(self, side: Side) -> None:
        """Another side in the place of one that is lost, as it was at the start."""
        side.restart()
        prepare(side)
        if side is self.sides[0]:  # its zone has ended, and all that was in it
            self.ids[side] = make_ids(side)

    def call(self, side: Side, name: str, args: tuple[int, ...]) -> object:
        """What a call answers; how the process ended if it did not come back."""
        try:
            result = side.raw(NUMBERS[name], *args)
            if result >> 48 == MAGIC:
                side.serve()
                return f"ended with {result & 0xFFFF:#x}"
        except Lost as lost:
            self.again(side)
            side.serve()
            return f"lost: {lost}"
        return "success" if result >= 0 and (name in ANY_POSITIVE) else result

    def words(self, side: Side, args: tuple[int | str, ...]) -> tuple[int, ...]:
        """The arguments as numbers."""
        return tuple((AT | self.ids[side])[a] if isinstance(a, str) else a % U64 for a in args)

    def agree(self, name: str, args: tuple[int | str, ...]) -> object:
        """Make a call on both sides, which must answer the same: the answer."""
        ours, kernels = (self.call(side, name, self.words(side, args)) for side in self.sides)
        assert ours == kernels, f"{name}{args}: lx {ours}, Linux {kernels}"
        return kernels

    def close(self) -> None:
        said = self.sides[0].errors().decode(errors="replace")
        for side in self.sides:
            ids = self.ids[side]
            removed = side.msgctl(ids["=msg"], 0, 0), side.semctl(ids["=sem"], 0, 0, 0), side.shmctl(ids["=shm"], 0, 0)
            assert removed == (0, 0, 0), (side.kind, removed)
            side.finish()
        assert "Traceback" not in said and "bug in lx" not in said, said
