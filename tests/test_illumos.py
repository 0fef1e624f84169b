"""No raw number leaks: the guests of files, processes and signals run on a host that wears illumos' numbers (illumos.py).

What a guest prints is still Linux's, because every number crosses by name (lx/host/numbers.py).
"""

import errno
import os
import re
import sys
from pathlib import Path

import pytest
from compared import ENVIRONMENT, Build, observe
from illumos import ALIASES, ERRNO, ILLUMOS_ERRNO, REAL_ERRNO, SIGNAL_IN, SIGNAL_OUT, flags_in, flags_out
from test_guests import directive

from lx.abi.errno import Errno
from lx.abi.fcntl import OpenFlags
from lx.abi.poll import PollEvents
from lx.abi.signals import NSIG, Signal
from lx.host import numbers

FILES = "atcalls closedfds copying directories dupfcntl iovecs locks openat2 opening pipes renaming seeking stats xattrs"
PROCESSES = "cloning death execerrors execing forking identity vforking waiting"
SIGNALS = "itimer polling queuedinfo segv sigaltstack sigbasic sigframe sigjump sigmask sigrestart"
GUESTS = [name for name in f"{FILES} {PROCESSES} {SIGNALS}".split() if (Path(__file__).parent / "guests" / f"{name}.c").exists()]


def without_lost(text: bytes) -> bytes:
    """The host has 32 real-time signals for Linux's 33: the last is refused."""
    return re.sub(rb"^signal 64: .*\n", b"", text, flags=re.M)


@pytest.mark.parametrize("guest", GUESTS)
def test_a_guest_on_illumos_numbers_sees_linux(guest: str, build: Build, tmp_path: Path) -> None:
    source = f"{guest}.c"
    program = [str(build(source, "-static", *directive(source, "cflags"))), *directive(source, "args")]
    native = observe(program, ENVIRONMENT, tmp_path, {}, b"")
    costume = [sys.executable, "-P", str(Path(__file__).with_name("illumos.py")), "run"]
    ours = {name: os.environ[name] for name in ("LX_ENGINE", "PYTHONPATH") if name in os.environ}
    hidden = [word for name in ours for word in ("-U", name)]
    dressed = observe([*costume, *hidden, *program], {**ENVIRONMENT, **ours}, tmp_path, {}, b"")
    assert without_lost(dressed.stdout) == without_lost(native.stdout), dressed.stderr.decode(errors="replace")[-2000:]
    assert dressed.shell_status == native.shell_status
    assert dressed.tree == native.tree


# ---- the tables themselves


@pytest.mark.parametrize("name", [n for n in sorted(Errno.__members__) if hasattr(errno, n)])
def test_every_errno_crosses_by_name(name: str) -> None:
    assert numbers.errno_to_linux(getattr(errno, name)) == Errno[name]


def test_an_errno_without_a_name_is_eio() -> None:
    assert numbers.errno_to_linux(100_000) == Errno.EIO


def test_signals_go_and_come_back() -> None:
    for number in range(1, NSIG + 1):
        host = numbers.signal_to_host(number)
        assert not host or numbers.signal_to_linux(host) == number
    assert all(numbers.signal_to_host(member) for member in Signal)
    assert numbers.mask_to_linux(numbers.mask_to_host(2**64 - 1)) == 2**64 - 1


def test_open_flags_go_and_come_back() -> None:
    for flag in OpenFlags:
        if flag.name in ("LARGEFILE", "CREAT", "EXCL", "NOCTTY", "TRUNC", "SYNC_BIT", "TMPFILE_BIT"):
            continue
        assert numbers.open_flags_to_linux(numbers.open_flags_to_host(int(flag))) & int(flag) == int(flag), flag


def test_the_costume_is_no_identity_and_loses_nothing() -> None:
    for name, real in REAL_ERRNO.items():
        if name in ILLUMOS_ERRNO and name not in ALIASES:
            assert ERRNO[real] == ILLUMOS_ERRNO[name]
    assert all(SIGNAL_IN[SIGNAL_OUT[number]] == number for number in range(1, 64) if number in SIGNAL_OUT)
    assert SIGNAL_OUT[17] == 18
    assert ERRNO[errno.ELOOP] == 90
    for flags in (os.O_CREAT | os.O_EXCL | os.O_RDWR, os.O_APPEND | os.O_WRONLY, os.O_NONBLOCK, os.O_SYNC, os.O_DIRECTORY):
        assert flags_out(flags) != flags
        assert flags_in(flags_out(flags)) == flags


def test_poll_bits_have_hosts_names() -> None:
    import select

    for member in PollEvents:
        host = getattr(select, f"POLL{member.name}", None)
        assert host is None or host == int(member)
