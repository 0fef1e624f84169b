"""How `lx run` finds its own modules: importlib takes 50 to 100 us for each, whatever is in it, and a run needs a hundred.

This finder answers for a module of ours whose compiled file is of the source as it is now, by the rule that importlib itself has
(its magic number, the source's time and size). Everything else is left to importlib: packages, what is not compiled, or not
fresh, which it compiles and writes as ever.
"""

import os
import sys
from _frozen_importlib import ModuleSpec
from _frozen_importlib_external import MAGIC_NUMBER
from marshal import loads
from struct import Struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import ModuleType

OURS = ("lx.", "syscalls.", "loader.")
HEAD = Struct("<III")
"""Between the magic number and the code: flags (0: by time and size), the source's time and size. Source: PEP 552."""
CODE = len(MAGIC_NUMBER) + HEAD.size
LARGEST = 1 << 16
"""Bytes that are read at once: more would be memory of its own to the C library. A larger file is importlib's too."""


class Finder:
    """Finder and loader of such a module."""

    @staticmethod
    def find_spec(name: str, path: "Sequence[str] | None" = None, target: "ModuleType | None" = None) -> ModuleSpec | None:
        """The module, with what its compiled file holds; None: ask importlib."""
        if path is None or not name.startswith(OURS):
            return None
        tail = name.rpartition(".")[2]
        source, compiled = f"{path[0]}/{tail}.py", f"{path[0]}/__pycache__/{tail}.{sys.implementation.cache_tag}.pyc"
        try:
            st = os.stat(source)
            fd = os.open(compiled, os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            return None
        try:
            data = os.read(fd, LARGEST)
        finally:
            os.close(fd)
        fresh = MAGIC_NUMBER + HEAD.pack(0, int(st.st_mtime) & 0xFFFFFFFF, st.st_size & 0xFFFFFFFF)
        if len(data) == LARGEST or not data.startswith(fresh):
            return None
        spec = ModuleSpec(name, Finder, origin=source, loader_state=data)  # type: ignore[arg-type]
        spec.has_location = True
        spec.cached = compiled
        return spec

    @staticmethod
    def create_module(spec: ModuleSpec) -> None:
        """As any module is made."""

    @staticmethod
    def exec_module(module: "ModuleType") -> None:
        """Run its code."""
        spec = module.__spec__
        assert spec is not None
        data, spec.loader_state = spec.loader_state, None
        exec(loads(memoryview(data)[CODE:]), vars(module))


def install() -> None:
    """Ask this finder first, where Python keeps compiled files as usual."""
    if sys.implementation.cache_tag and not sys.pycache_prefix and not sys.flags.optimize:
        sys.meta_path.insert(0, Finder)
