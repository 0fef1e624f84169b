"""The CPU: one seam behind which Unicorn stands.

An `Engine` runs one guest thread until it traps, faults or is stopped; reads and writes its registers; saves and
restores them; and forgets translations. Which guest pages exist is told to it in ranges (see `map_range`), and
guest memory is touched through it, because only it can do so without a crossing per word.

Two twins have this interface: `lx.cpu._compiled` (Cython) and `lx.cpu.pure` (ctypes). `LX_ENGINE=compiled|pure`
chooses; without either, the compiled one if it was built. The architecture is data: see lx.cpu.arch and lx.cpu.x86_64.
"""

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lx.cpu.arch import Architecture
    from lx.cpu.pure import Engine


def engine_name() -> str:
    """Which twin `make_engine` gives: "compiled" or "pure". ValueError if LX_ENGINE asks for what is not there."""
    asked = os.environ.get("LX_ENGINE", "")
    if asked not in ("", "compiled", "pure"):
        raise ValueError(f"LX_ENGINE={asked}: not an engine; there are compiled and pure")
    if asked == "pure":
        return "pure"
    try:
        from lx.cpu import _compiled  # noqa: F401
    except ImportError:
        if asked == "compiled":
            raise ValueError("LX_ENGINE=compiled: the engine was not built; install with a C compiler") from None
        return "pure"
    return "compiled"


def make_engine(arch: "Architecture", name: str = "") -> "Engine":
    """A fresh CPU of this architecture with no memory. `name` overrides LX_ENGINE."""
    if (name or engine_name()) == "pure":
        from lx.cpu.pure import Engine

        return Engine(arch)
    from lx.cpu._compiled import Engine as Compiled

    engine: Engine = Compiled(arch)
    return engine
