"""`python -m lx.bench.counted run ...`: lx as usual, for a profiler that has no room for large reservations.

valgrind gives its client less address space than lx reserves (a window of 1 TiB for each part of the guest's), so the windows are
smaller here. And garbage is not collected: whether a collection of everything falls into the calls that are counted, or just
before them, is 5 % of the longest. Nothing else differs.
"""

import gc
import runpy

from lx.kernel import memory

SMALL_WINDOW = 1 << 34

if __name__ == "__main__":
    memory.WINDOW = SMALL_WINDOW
    gc.set_threshold(0)
    runpy.run_module("lx", run_name="__main__", alter_sys=True)
