"""rename is atomic: a name over which files are renamed is always there, with all that is in it."""

from hypothesis import given, settings
from hypothesis import strategies as st

from lx.testing import Guest, Native
from lx.testing.image import OUT, POOL


@settings(max_examples=25, deadline=None)
@given(text=st.binary(min_size=1, max_size=100), times=st.integers(1, 18))
def always_there(side, text, times):
    side.poke(POOL, b"name\0" + text)
    log = side.open(b"log", 0o3101, 0o644)  # O_WRONLY | O_CREAT | O_TRUNC | O_APPEND: descriptor 0
    for i in range(times + 1):
        side.write(fd := side.creat(b"new %d" % i if i else b"name", 0o644), POOL + 5, len(text))
        side.close(fd)
    look = [("open", (POOL, 0, 0)), ("read", (1, OUT, 100)), ("write", (0, OUT, len(text))), ("close", (1,))]
    side.script(look * times)  # what the child does
    side.fork()
    assert all(side.rename(b"new %d" % i, b"name") == 0 for i in range(1, times + 1))
    side.wait4(-1, 0, 0, 0)
    assert side.close(log) == 0 and open(f"{side.work}/log", "rb").read() == text * times


for kind in (Guest, Native):
    with kind() as side:
        always_there(side)
        print(f"{kind.__name__}: always there")
