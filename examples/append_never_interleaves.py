"""O_APPEND writes of two processes never interleave: under lx and on the machine."""

from hypothesis import given, settings
from hypothesis import strategies as st

from lx.testing import Guest, Native
from lx.testing.image import OUT


@settings(max_examples=25, deadline=None)
@given(size=st.integers(1, 4096), times=st.integers(1, 30))
def never_interleaved(side, size, times):
    fd = side.open(b"log", 0o3101, 0o644)  # O_WRONLY | O_CREAT | O_TRUNC | O_APPEND
    side.poke(OUT, b"c" * size + b"p" * size)
    side.script([("write", (fd, OUT, size))] * times)  # what the child does
    side.fork()
    assert all(side.write(fd, OUT + size, size) == size for _ in range(times))
    side.wait4(-1, 0, 0, 0)
    side.close(fd)
    written = open(f"{side.work}/log").read()
    pieces = [written[at : at + size] for at in range(0, len(written), size)]
    assert sorted(pieces) == ["c" * size] * times + ["p" * size] * times


for kind in (Guest, Native):
    with kind() as side:
        never_interleaved(side)
        print(f"{kind.__name__}: never interleaved")
