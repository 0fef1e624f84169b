"""What fork and wait cost a bare Python process, in micro's words: bare_fork.py NAME PARAMETER LOOPS VALUES NANOSECONDS."""

import os
import sys
import time


def taken(loops: int) -> int:
    """Nanoseconds of so many forks, exits and waits."""
    started = time.perf_counter_ns()
    for _ in range(loops):
        pid = os.fork()
        if not pid:
            os._exit(0)
        os.waitpid(pid, 0)
    return time.perf_counter_ns() - started


loops, values, wanted = map(int, sys.argv[3:6])
taken(10)
if not loops:
    loops = max(wanted * 20 // taken(20), 1)
print("warmup", loops, taken(loops))
for _ in range(values):
    print("value", loops, taken(loops))
