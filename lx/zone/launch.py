"""Starting a program in a zone: this host process becomes the guest process.

`Loading` is what the kernel's execve asks of the loader and the zone; `start` puts table, engine, files and zone together
and makes the first exec; `live` runs the guest to its end and ends the host process the same way.
"""

from __future__ import annotations

import fcntl
import gc
import os
import stat

import loader.image as image
from loader import vdso
from lx.abi.errno import Errno, LinuxError
from lx.abi.fcntl import AT_FDCWD
from lx.abi.resource import Resource
from lx.abi.signals import Signal
from lx.cpu import make_engine
from lx.cpu.x86_64 import ARCH
from lx.host.descriptors import written
from lx.kernel.files import FileTable
from lx.kernel.limits import Limits, free_memory
from lx.kernel.process import Process, die
from lx.kernel.synthetic import trees
from lx.kernel.vfs import Fs
from lx.kernel.wait import ProcessExit, ProcessKilled
from lx.zone.live import LiveZone
from syscalls.table import build

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

    from loader.image import Program
    from lx.host.vdso import HostVdso

X_OK = 1
ADDR_NO_RANDOMIZE, READ_IMPLIES_EXEC = 0x0040000, 0x0400000
"""Personalities that exec looks at: the one is kept, the other ends with the old image."""


class Loading:
    """How a process gets a new image. clock: what its vDSO may use of the host's."""

    def __init__(self, clock: HostVdso | None) -> None:
        self.clock = clock

    def prepare(
        self, process: Process, path: bytes, argv: list[bytes], envp: list[bytes], fd: int | None, *, hidden: bool
    ) -> Program:
        """Open and check a program while the old image is intact. Linux's errno."""

        def lookup(name: bytes) -> int:
            if not name:
                raise LinuxError(Errno.ENOENT)
            return self.open_at(process, AT_FDCWD, name, True)[0]

        limit = process.limits.soft(Resource.RLIMIT_STACK)
        return image.prepare(lookup, path, argv, envp, limit, process.arch.elf_machine, fd, hidden=hidden)

    def open_at(self, process: Process, dirfd: int, name: bytes, follow: bool) -> tuple[int, bytes]:
        """An emulator-owned descriptor of a file that may be executed, and the path that execveat shows for it."""
        with process.fs.at(dirfd, name, follow, empty=not name) as place:
            place.access(X_OK, True)
            pin = place.pin()
        try:
            mode = os.fstat(pin).st_mode
            if not stat.S_ISREG(mode):
                raise LinuxError(Errno.ELOOP if stat.S_ISLNK(mode) else Errno.EACCES)
            fd = process.files.own(os.open(f"/proc/self/fd/{pin}", os.O_RDONLY | os.O_CLOEXEC))
        finally:
            os.close(pin)
        if written(fd):
            os.close(fd)
            raise LinuxError(Errno.ETXTBSY)
        if dirfd == AT_FDCWD or name.startswith(b"/"):
            return fd, name
        return fd, b"/dev/fd/%d" % dirfd + (b"/" + name if name else b"")

    def install(self, process: Process, program: Program, argv: list[bytes], envp: list[bytes]) -> None:
        """Map the program into the empty address space and set the process to its start."""
        zone, arch = process.zone, process.arch
        ids = (os.getuid(), os.geteuid(), os.getgid(), os.getegid())
        process.exe = path = self._path_of(process, program.fd)
        process.comm = program.name.rpartition(b"/")[2][:15]
        process.thread.attributes.personality &= ~READ_IMPLIES_EXEC
        process.argv = program.argv
        process.environ = envp
        entry = image.install(
            program,
            process.memory,
            arch,
            envp,
            zone.random,
            randomise=zone.randomise and not process.thread.attributes.personality & ADDR_NO_RANDOMIZE,
            ids=ids,
            path_of=lambda fd: path if fd == program.fd else self._path_of(process, fd),
            stack_limit=process.limits.soft(Resource.RLIMIT_STACK),
            clock=self.clock,
        )
        process.auxv, process.stack_top = entry.auxv, entry.stack_top
        process.dumpable = 1
        arch.start_registers(process.engine, entry.pc, entry.sp)

    @staticmethod
    def _path_of(process: Process, fd: int) -> bytes:
        host = os.readlink(b"/proc/self/fd/%d" % fd)
        try:
            return process.fs.to_guest_path(host)
        except LinuxError:
            return host


def new_process(zone: LiveZone, kind: type[Process] = Process) -> Process:
    """A guest process without a program, in the zone's root. kind: a class of process whose life is another (lx.testing)."""
    files = FileTable()
    fs = Fs(os.fsencode(zone.root), trees(), files)
    zone.registry.hold(files.own)
    limits = Limits()
    free_memory()
    engine = make_engine(ARCH)
    process = kind(zone, ARCH, engine, build(), files, fs, Loading(vdso.host_clock(engine, ARCH)), limits)
    process.strict = zone.config.strict
    process.restart_all = zone.config.restart_all
    if zone.config.seed is not None:
        from random import Random

        from lx.kernel.chance import Chance

        process.chance = Chance(Random(zone.config.seed), chaos=zone.config.chaos)
    fs.process = process
    if zone.config.seed is None and not zone.config.restart_all:
        zone.serve(engine)
        engine.set_forks(process.settle)
    return process


def enter_directory(process: Process, directory: bytes) -> None:
    """Make a guest path the working directory."""
    with process.fs.at(AT_FDCWD, directory) as place:
        process.fs.chdir(place)


def find(process: Process, program: bytes, search: bytes) -> bytes:
    """The guest path of a program: as it is with a slash in it, else looked for along `search`, as execvp does."""
    if b"/" in program or not program:
        return program
    denied = False
    for directory in search.split(b":"):
        path = (directory or b".") + b"/" + program
        try:
            os.close(process.load.open_at(process, AT_FDCWD, path, True)[0])
        except (LinuxError, OSError) as error:
            denied |= error.errno == Errno.EACCES
        else:
            return path
    raise LinuxError(Errno.EACCES if denied else Errno.ENOENT)


def start(process: Process, path: bytes, argv: list[bytes], envp: list[bytes]) -> None:
    """Load the first program. Linux's errno."""
    process.exec(path, argv, envp)


def live(process: Process) -> NoReturn:
    """Run the guest to its end, and end the host process as it ended. A fault of lx kills it with a report."""
    zone = process.zone
    gc.enable()
    gc.freeze()  # what start-up made stays, and no collection need look at it: in a forked child that would copy its pages
    try:
        process.run()
    except (ProcessExit, ProcessKilled) as cause:
        end: ProcessExit | ProcessKilled = cause
    except BaseException as error:
        zone.operator.bug(process, error)
        end = ProcessKilled(Signal.SIGKILL)
    try:
        die(process, end)
    except BaseException as error:
        zone.operator.bug(process, error)
        os._exit(128 + Signal.SIGKILL)


def own_standard_error(files: FileTable) -> int:
    """The operator's descriptor: standard error as it is now, out of the guest's reach; nowhere if it is closed."""
    try:
        return files.own(fcntl.fcntl(2, fcntl.F_DUPFD_CLOEXEC, 3))
    except OSError:
        return files.own(os.open(os.devnull, os.O_WRONLY | os.O_CLOEXEC))
