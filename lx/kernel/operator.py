"""The operator's channel: what lx itself has to say, one line at a time, as `lx: what: why`.

It is a descriptor of the emulator's own (standard error at the start), so nothing that a guest does to its descriptors
can silence or redirect it. Each line is one write, so lines of several processes do not mix.
"""

import os

from lx.abi.lean import Callable, suppress

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lx.kernel.process import Process


class Operator:
    """Says lines. first(key) tells whether the zone hears of `key` for the first time."""

    def __init__(self, fd: int, first: Callable[[str], bool], reports: str) -> None:
        self.fd = fd
        self._first = first
        self._reports = reports

    def say(self, line: str) -> None:
        """One line."""
        with suppress(OSError):
            os.write(self.fd, f"lx: {line}\n".encode(errors="replace"))

    def once(self, key: str, line: str) -> None:
        """One line, unless a process of the zone has said something of `key` before."""
        if self._first(key):
            self.say(line)

    def prepare(self) -> None:
        """Import whatever is imported when it is needed: the process is about to lose its privileges, or its view of the host's
        files, and may not be able to read Python's modules after that."""
        import traceback  # noqa: F401
        import zlib  # noqa: F401
        from importlib import import_module
        from pkgutil import walk_packages

        import capstone  # noqa: F401

        import lx.host
        import lx.kernel

        for package in (lx.kernel, lx.host):
            for found in walk_packages(package.__path__, package.__name__ + "."):
                import_module(found.name)

    def bug(self, process: "Process", error: BaseException) -> None:
        """A fault of lx itself: one line, and a report with the registers, the last call and the traceback."""
        import traceback

        engine, arch = process.engine, process.arch
        words = " ".join(f"{word:#x}" for word in engine.call_words()[:7])
        registers = "\n".join(f"{register:4} {engine.register(register):#018x}" for register in arch.general)
        lines = "".join(traceback.format_exception(error))
        path = os.path.join(self._reports, f"lx-bug-{os.getpid()}.txt")
        lines += f"\ninstruction {_instruction(process)}\n"
        text = f"program {process.exe!r} pid {process.pid}\nlast call {words}\nregisters\n{registers}\n\n{lines}"
        try:
            with open(path, "w") as file:
                file.write(text)
            where = f"report in {path}"
        except OSError:
            where = f"report cannot be written, so it is here:\n{text}"
        at = engine.register(arch.pc)
        self.say(f"bug in lx: {error!r} at guest pc {at:#x}, last call {words}; {where}")


def _instruction(process: "Process") -> str:
    """What the guest was about to execute, as far as it can be read."""
    from capstone import Cs  # a tenth of a second: for reports only

    engine, arch = process.engine, process.arch
    at = engine.register(arch.pc)
    try:
        code = engine.read(at, 1)
        with suppress(Exception):
            code = engine.read(at, 15)
    except Exception:
        return "cannot be read"
    found = next(Cs(*arch.capstone).disasm_lite(code, at, 1), None)
    return f"{found[2]} {found[3]}" if found else code.hex()
