"""The sides: a guest without a program (`Guest`), the stub under lx (`StubGuest`) and on the machine (`Native`).

Each is a process that is told through a pipe what to call.

    with Native() as side:
        fd = side.openat(-100, b"x", 0o102, 0o644)      # bytes are put into memory, numbers are passed on
        side.pwrite64(fd, b"abc", 3, 0)

A side is confined: a session, a directory and (for root) an IPC namespace of its own, no core files, limits on CPU time, memory,
file size and descriptors, an unprivileged user where it was started as root, and a time limit on every answer. A call that does
not answer in time loses the side (`Lost`); the caller starts another. It ends with the thread that has made it.

A side can serve (`serve`): its stub forks a child that executes calls from then on, until `end_served`, so that programs
start from the same state without starting a process of the host for each.
"""

import os
import select
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
from collections.abc import Callable
from types import TracebackType

from lx.abi.errno import Errno
from lx.abi.prctl import Prctl
from lx.testing import processes
from lx.testing.image import (
    ANSWERS,
    CHECK,
    CONTROL,
    END,
    GUARD,
    MAGIC,
    RECORD,
    RESULT,
    SCRATCH,
    SCRATCH_SIZE,
    SCRIPT,
    SERVE,
    image,
)
from lx.zone.handle import COMMAND
from syscalls.numbers_x86_64 import NUMBERS

NOBODY = 65534
EMULATORS = ("LX_ENGINE", "PYTHONPATH")
"""Variables that steer the emulator itself; the guest does not see them."""
START_TIMEOUT = 30.0
LIMITS = ((0, 600), (1, 1 << 22), (4, 0), (6, 500), (7, 256), (9, 1 << 30))
"""RLIMIT_CPU s, RLIMIT_FSIZE bytes, RLIMIT_CORE, RLIMIT_NPROC of the unprivileged user, RLIMIT_NOFILE, RLIMIT_AS bytes."""


class Lost(Exception):
    """The side has not answered in time, or is gone."""


class Blocked(Lost):
    """It has not answered in time; it may still be there."""


class Ended(Exception):
    """The served child has ended: its wait status."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class Side:
    """A stub and its directory. Not to be made: Guest or Native."""

    kind = ""

    def __init__(self, *, timeout: float = 2.0, directory: str | None = None, engine: str = "") -> None:
        self.timeout = timeout
        self.engine = engine
        self.owned = directory is None
        self.directory = directory or tempfile.mkdtemp(prefix="lx-side-")
        self.program = os.path.join(self.directory, "stub")
        if not os.path.exists(self.program):
            with open(self.program, "wb") as file:
                file.write(image())
            os.chmod(self.program, 0o755)
            os.chmod(self.directory, 0o755)
        self.work = os.path.join(self.directory, "work")
        self._errors_seen = 0
        self._errors = open(os.path.join(self.directory, "errors"), "ab")
        self.clean()
        self._start()

    def _command(self) -> list[str]:
        raise NotImplementedError

    def _emulator(self) -> dict[str, str]:
        variables = {name: os.environ[name] for name in EMULATORS if name in os.environ}
        return {**variables, "LX_ENGINE": self.engine} if self.engine else variables

    def _start(self) -> None:
        self._next = SCRATCH
        self.process = subprocess.Popen(
            self._command(),
            cwd=self.work,
            env={"PATH": "/usr/bin:/bin", **self._emulator()},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            start_new_session=True,
            preexec_fn=processes.isolate if processes.can_isolate() else None,
            bufsize=0,
        )
        assert self.process.stdin and self.process.stdout
        self._to, self._from = self.process.stdin.fileno(), self.process.stdout.fileno()
        patience, self.timeout = self.timeout, START_TIMEOUT
        self._confine()
        self.timeout = patience

    def _confine(self) -> None:
        for fd in (0, 1, 2):
            self.call("close", fd)
        for resource, value in LIMITS:
            self.prlimit64(0, resource, RESULT.pack(value) * 2, 0)
        if os.getuid() == 0:
            self.call("setgroups", 0, 0)
            self.call("setresgid", NOBODY, NOBODY, NOBODY)
            self.call("setresuid", NOBODY, NOBODY, NOBODY)
        self.call("umask", 0o022)
        self.call("munmap", GUARD, 4096)
        self._warm()
        self._die_with_parent()

    def _warm(self) -> None:
        """Do once what is done after each program: under lx, a served child finds it imported and translated."""
        fd = self.openat(-100, b"/proc/self/maps", 0, 0)
        self.read(fd, SCRATCH, 4096)
        self.lseek(fd, 0, os.SEEK_CUR)
        self.fcntl(fd, 3, 0)
        self.close(fd)
        self.poke(SCRATCH, bytes(4096))

    def _die_with_parent(self) -> None:
        self.raw(NUMBERS["prctl"], Prctl.PR_SET_PDEATHSIG, signal.SIGKILL)

    # ---- calls

    def __getattr__(self, name: str) -> Callable[..., int]:
        if name not in NUMBERS:
            raise AttributeError(f"{name}: no such system call")
        return lambda *args: self.call(name, *args)

    def call(self, name: str, *args: int | bytes) -> int:
        """Make a call: its result, -errno for an error. bytes are put into memory, a NUL after them."""
        self._next = SCRATCH
        return self.raw(NUMBERS[name], *[self.put(a) if isinstance(a, bytes) else a for a in args])

    def raw(self, number: int, *args: int) -> int:
        """Make a call by number. Lost if it does not answer in time, Ended if it ends the served child."""
        self._send(RECORD.pack(*(value & 2**64 - 1 for value in (number, *args, *[0] * (6 - len(args))))))
        return self._answer()

    def put(self, data: bytes) -> int:
        """Put bytes and a NUL into scratch memory, where they stay until the next call: their address."""
        if len(data) > SCRATCH_SIZE - 16:
            raise ValueError("too long")
        address = self._next if self._next + len(data) < SCRATCH + SCRATCH_SIZE - 16 else SCRATCH
        self._next = address + len(data) + 16 & -16
        self.poke(address, data + b"\0")
        return address

    def poke(self, address: int, data: bytes) -> None:
        """Write guest memory."""
        while data:
            part, data = data[:4096], data[4096:]
            self._send(RECORD.pack(NUMBERS["read"], CONTROL, address, len(part), 0, 0, 0) + part)
            if self._answer() != len(part):
                raise Lost("memory cannot be written")
            address += len(part)

    def peek(self, address: int, size: int) -> bytes:
        """Read guest memory. Lost where there is none."""
        self._send(RECORD.pack(NUMBERS["write"], ANSWERS, address, size, 0, 0, 0))
        data = self._receive(size)
        if self._answer() != size:
            raise Lost("memory cannot be read")
        return data

    def script(self, calls: list[tuple[str, tuple[int, ...]]]) -> None:
        """What the child of the next fork does."""
        records = [RECORD.pack(NUMBERS[n], *(v & 2**64 - 1 for v in (*a, *[0] * (6 - len(a))))) for n, a in calls]
        self.poke(SCRIPT, b"".join(records) + RECORD.pack(END, *[0] * 6))

    def hello(self) -> int:
        """Have the process become the stub anew, which answers from then on: 0, or -errno if it cannot."""
        path, second, argv = SCRATCH, SCRATCH + 0x400, SCRATCH + 0x408
        pointers = struct.pack("<8x3Q", path, second, 0)
        self.poke(SCRATCH, os.fsencode(self.program).ljust(second - path, b"\0") + pointers)
        return self.raw(NUMBERS["execve"], path, argv, 0)

    def settle(self, child: int) -> None:
        """Wait until the child of a fork has ended, and leave it to be waited for: what it had open is closed by then."""
        while child > 0 and self.raw(NUMBERS["waitid"], os.P_PID, child, 0, os.WEXITED | os.WNOWAIT, 0) == -Errno.EINTR:
            pass

    # ---- serving

    def serve(self) -> None:
        """Fork: the child makes the calls from now on."""
        self._send(RECORD.pack(SERVE, *[0] * 6))
        answer = self._answer()
        if answer != 0:
            raise Lost(f"fork answered {answer}")
        self._die_with_parent()

    def end_served(self) -> int:
        """End the served child: its wait status. It may have ended already."""
        try:
            answer = self.raw(NUMBERS["exit_group"], 0)
        except Ended as ended:
            return ended.status
        raise Lost(f"exit_group answered {answer}")

    def kill_served(self) -> bool:
        """Kill the served child, which does not answer. False: it cannot be told apart, or its parent does not answer either."""
        served = processes.children(self.process.pid)
        if len(served) != 1:
            return False
        processes.kill(served[0])
        try:
            while True:
                self._answer()
        except Ended:
            return True
        except Lost:
            return False

    # ---- the pipe

    def _send(self, data: bytes) -> None:
        try:
            os.write(self._to, data)
        except OSError as error:
            raise Lost(str(error)) from None

    def _receive(self, size: int) -> bytes:
        data = b""
        while len(data) < size:
            if not select.select([self._from], [], [], self.timeout)[0]:
                raise Blocked("no answer in time")
            part = os.read(self._from, size - len(data))
            if not part:
                raise Lost("gone")
            data += part
        return data

    def _answer(self) -> int:
        value: int = RESULT.unpack(self._receive(8))[0]
        if value >> 48 == MAGIC:
            raise Ended(value & 0xFFFFFFFF)
        return value

    # ---- the end

    def clean(self) -> None:
        """Empty the working directory, which stays the same one: the stub is in it."""
        os.makedirs(self.work, exist_ok=True)
        os.chmod(self.work, 0o777)
        for base, directories, _ in os.walk(self.work):
            for name in directories:
                path = os.path.join(base, name)
                if not os.path.islink(path):
                    os.chmod(path, 0o700)
        for entry in os.scandir(self.work):
            if entry.is_dir(follow_symlinks=False):
                shutil.rmtree(entry.path, ignore_errors=True)
            else:
                os.unlink(entry.path)

    def restart(self) -> None:
        """Another stub, after a Lost."""
        self.stop()
        self.clean()
        self._start()

    def stop(self) -> None:
        """End the stub and all that it has started."""
        processes.end_session(self.process.pid)
        for stream in (self.process.stdin, self.process.stdout):
            if stream:
                stream.close()
        self.process.wait()

    def errors(self) -> bytes:
        """What the side has said on standard error."""
        with open(os.path.join(self.directory, "errors"), "rb") as file:
            return file.read()

    def new_errors(self) -> bytes:
        """What it has said since this was asked last."""
        if os.fstat(self._errors.fileno()).st_size == self._errors_seen:
            return b""
        new = self.errors()[self._errors_seen :]
        self._errors_seen += len(new)
        return new

    def finish(self) -> None:
        """End the side and remove its directory."""
        self.stop()
        if self.owned:
            self.clean()
            shutil.rmtree(self.directory, ignore_errors=True)
        self._errors.close()

    def __enter__(self) -> "Side":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.finish()


class Guest(Side):
    """The calls alone under lx: one trap each, no program around them (lx.testing.direct)."""

    kind = "guest"

    def _command(self) -> list[str]:
        return [sys.executable, "-P", "-m", "lx.testing.direct", self.program]

    def check(self) -> int:
        """How many invariants of the process do not hold (lx.testing.invariants); `errors` says which."""
        return self.raw(CHECK)


class StubGuest(Side):
    """The stub under lx: its own instructions set the registers and make the calls."""

    kind = "stub"

    def _command(self) -> list[str]:
        return [*COMMAND, "run", *self.options(), self.program]

    def options(self) -> list[str]:
        """Further options of `lx run`."""
        return [word for name in self._emulator() for word in ("-U", name)]


class Native(Side):
    """The stub on the machine, as on a CPU without protection keys: the guest's has none."""

    kind = "linux"

    def _command(self) -> list[str]:
        return [self.program]

    def _confine(self) -> None:
        super()._confine()
        while self.call("pkey_alloc", 0, 0) > 0:
            pass
