"""The guest without a program: `python -m lx.testing.direct STUB` makes the calls that it is told, one trap each.

The process is a real one (engine, address space, table, signals), with the stub's memory in it, but no instruction of the stub
runs: for each call the registers are set to it, the CPU executes one `syscall`, and the `ud2` behind it hands the CPU back. A
handler that a signal enters runs on the way, and a call that is restarted is. What a row does is therefore seen without what a
program around it would add, and the state from which a test starts is exactly what it has set up.

The protocol is the stub's (stub.S): records of a number and six arguments on descriptor 250, results on 251.
"""

import fcntl
import os
import sys
from typing import NoReturn

from lx.abi.errno import Errno, LinuxError
from lx.abi.signals import Signal
from lx.cpu.arch import Stop
from lx.kernel.process import Process
from lx.kernel.wait import ProcessExit, ProcessKilled
from lx.testing.image import ANSWERS, CHECK, CONTROL, END, MAGIC, ONE, RECORD, RESULT, SCRIPT, SERVE, STATUS, UD2_AT
from lx.testing.invariants import broken, own_descriptors
from lx.zone import launch
from lx.zone.config import Config
from lx.zone.live import LiveZone
from syscalls.numbers_x86_64 import NUMBERS
from syscalls.table import Table

FORKS = frozenset(NUMBERS[name] for name in ("fork", "vfork"))
WALL = 0x40000000
Words = tuple[int, ...]


class _Answered(Exception):
    """The call has come back."""


class Direct(Process):
    """A guest process whose calls come from a pipe."""

    _own: frozenset[int] = frozenset()

    def run(self) -> NoReturn:
        """Make calls until the pipe ends: raises ProcessExit or ProcessKilled."""
        while True:
            record = self._record()
            if record[0] == SERVE:
                answer = self._served()
            elif record[0] == CHECK:
                answer = self._checked()
            else:
                answer = self.make(record)
                if answer == 0 and record[0] in FORKS:
                    self._script()
            try:
                os.write(ANSWERS, RESULT.pack(answer))
            except OSError:
                raise ProcessExit(0) from None

    def make(self, record: Words) -> int:
        """One call: its result, -errno for an error."""
        arch, engine = self.arch, self.engine
        for register, word in zip(arch.call_registers, record, strict=True):
            engine.set_register(register, word)
        engine.set_register(arch.pc, ONE)
        try:
            super().run()
        except _Answered:
            word = engine.register(arch.return_registers[0])
            return (word ^ 1 << 63) - (1 << 63)

    def _trap(self, stop: int) -> None:
        if stop == Stop.INVALID and self.engine.register(self.arch.pc) == UD2_AT:
            self.arch.forget_exception(self.engine, self._pristine)
            raise _Answered
        super()._trap(stop)

    def _record(self) -> Words:
        try:
            data = os.read(CONTROL, RECORD.size)
        except OSError:
            data = b""
        if len(data) != RECORD.size:
            raise ProcessExit(0)
        words: Words = RECORD.unpack(data)
        return words

    def _served(self) -> int:
        """Fork: the child goes on reading, its parent waits and tells how it ended."""
        child = self.make((NUMBERS["fork"], 0, 0, 0, 0, 0, 0))
        if child <= 0:
            self._own = own_descriptors(self)
            return child
        while self.make((NUMBERS["wait4"], child, STATUS, WALL, 0, 0, 0)) == -Errno.EINTR:
            pass
        return MAGIC << 48 | self.memory.u32(STATUS)

    def _checked(self) -> int:
        """0 if all that must hold does; else how much does not, told to the operator as a fault of lx."""
        found = broken(self, self._own)
        if found:
            self.zone.operator.say(f"bug in lx: {'; '.join(found)}")
        return len(found)

    def _script(self) -> NoReturn:
        """What the child of a fork does, and its end."""
        at = SCRIPT
        while True:
            try:
                record = RECORD.unpack(self.memory.read(at, RECORD.size))
            except LinuxError:
                raise ProcessKilled(Signal.SIGSEGV, core=True) from None
            if record[0] == END:
                raise ProcessExit(0)
            self.make(record)
            at += RECORD.size


def main(stub: str) -> NoReturn:
    """Become the guest process. stub: the image whose memory it has."""
    operator = fcntl.fcntl(2, fcntl.F_DUPFD_CLOEXEC, 3)
    for old, new in ((0, CONTROL), (1, ANSWERS), (0, 2), (2, 1)):
        os.dup2(old, new)
    here = os.getcwdb()
    zone = LiveZone(Config())
    process = launch.new_process(zone, Direct)
    zone.operator.fd = process.files.own(operator)
    assert isinstance(process.table, Table)
    for number in process.table.numbers.values():
        process.table.adapter(number)  # once for all served children
    launch.enter_directory(process, process.fs.to_guest_path(here))
    launch.start(process, os.fsencode(stub), [os.fsencode(stub)], [])
    launch.live(process)


if __name__ == "__main__":
    main(sys.argv[1])
