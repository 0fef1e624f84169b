"""strace's view of the table: `show_call` for one call, `Tracer` for a run."""

from syscalls.show.call import show_call
from syscalls.show.tracer import Tracer

__all__ = ["Tracer", "show_call"]
