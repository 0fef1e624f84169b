"""A guest reaches nothing but its zone: no file outside the root, no descriptor or memory of lx, no other process.

For descriptors and processes the table is the list of ways: every implemented call that takes one is tried.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from compared import ENVIRONMENT, Build, LxRun, lx_command
from good_calls import AT, CALLS, NOT_MADE, U64, plain, prepare

from lx.testing import Guest, Side
from lx.testing.generate import rows
from syscalls.numbers_x86_64 import NUMBERS

# ---- files


def test_no_way_leads_out_of_the_root(build: Build, tmp_path: Path) -> None:
    root = tmp_path / "root"
    (root / "in").mkdir(parents=True)
    (tmp_path / "out").mkdir()
    (tmp_path / "secret").write_text("secret\n")
    shutil.copy(build("zone/confined.c", "-static"), root / "confined")
    command, env = lx_command(["/confined"], ENVIRONMENT, ["--root", str(root)])
    given = ["sh", "-c", 'exec 7<out 8<.; exec "$@" </dev/null', "sh", *command]
    done = subprocess.run(given, env=env, cwd=tmp_path, capture_output=True, text=True, timeout=120)
    lines = done.stdout.splitlines()
    assert done.returncode == 0, done.stderr
    assert lines[-1] == "found 0", done.stdout
    assert "a chroot and an fd from before: exit 0" in lines
    assert [line for line in lines if line.endswith(": no")] == []
    assert (tmp_path / "secret").read_text() == "secret\n"
    assert not (tmp_path / "made").exists() and (root / "made").exists()


def test_exe_and_maps_do_not_show_the_emulator(lx_run: LxRun) -> None:
    names = [f"/proc/self/{name}" for name in ("maps", "cmdline", "environ", "smaps", "comm", "stat", "status")]
    done = lx_run(["cat", *names])
    assert done.returncode == 0, done.stderr
    text = done.stdout.decode(errors="replace")
    cat = os.path.realpath("/bin/cat")
    assert cat in text
    assert lx_run(["readlink", "/proc/self/exe"]).stdout.decode().strip() == os.path.realpath("/bin/readlink")
    for trace in ("python", "unicorn", "lx.cpu", "_compiled", "ctypes", "site-packages", "LX_"):
        assert trace not in text, trace


# ---- descriptors


def emulators_descriptors(side: Side) -> list[int]:
    """The descriptors that lx has for itself in the process that now makes the calls."""
    pid = side.getpid()
    ours = sorted(int(name) for name in os.listdir(f"/proc/{pid}/fd"))
    return [fd for fd in ours if fd > 300]


@pytest.fixture(scope="module")
def guest() -> Iterator[Guest]:
    side = Guest(timeout=10.0)
    prepare(side)
    side.serve()
    yield side
    side.finish()


def arguments(name: str) -> list[int]:
    return [AT.get(a, U64 - 1) if isinstance(a, str) else a % U64 for a in CALLS.get(name) or plain(name)]


def takes(*kinds: str) -> list[tuple[str, int]]:
    return [
        (name, index)
        for name, row in sorted(rows().items())
        for index, parameter in enumerate(row.parameters)
        if parameter.arg.kind in kinds and name not in NOT_MADE
    ]


@pytest.mark.parametrize(("name", "index"), takes("fd", "dirfd"))
def test_a_call_does_not_see_a_descriptor_of_lx(name: str, index: int, guest: Guest) -> None:
    """It answers as to a number at which nothing is."""
    args = arguments(name)
    own = emulators_descriptors(guest)
    assert own
    for fd in own:
        args[index] = fd
        answer = guest.raw(NUMBERS[name], *args)
        args[index] = own[0] - 1
        assert answer == guest.raw(NUMBERS[name], *args), fd
    assert emulators_descriptors(guest) == own


def test_lx_keeps_its_descriptors_whatever_a_guest_closes(guest: Guest) -> None:
    own = emulators_descriptors(guest)
    for fd in own:
        assert guest.close(fd) == -9
        assert guest.dup2(1, fd) == guest.dup3(1, fd, 0) == -9
        assert guest.fcntl(1, 0, fd) in (-22, -24)
        assert guest.fcntl(fd, 1, 0) == guest.fcntl(fd, 3, 0) == guest.ioctl(fd, 0x541B, AT["zeros"]) == -9
        assert guest.openat(-100, b"/proc/self/fd/%d" % fd, 0, 0) == -2
        assert guest.readlinkat(-100, b"/proc/self/fdinfo/%d" % fd, AT["zeros"], 8) == -2
        assert guest.openat(-100, b"/dev/fd/%d" % fd, 0, 0) == -2
    assert guest.close_range(400, 2**32 - 1, 0) == 0
    assert guest.close_range(400, 2**32 - 1, 4) == 0
    assert emulators_descriptors(guest) == own


def test_a_listing_shows_the_guests_descriptors_only(lx_run: LxRun) -> None:
    done = lx_run(["sh", "-c", "exec 5</dev/null; ls /proc/self/fd /dev/fd"])
    assert done.stdout.split() == [b"/dev/fd:", b"0", b"1", b"2", b"3", b"5", b"/proc/self/fd:", b"0", b"1", b"2", b"3", b"5"]


# ---- processes


@pytest.fixture(scope="module")
def stranger() -> Iterator["subprocess.Popen[bytes]"]:
    """A process of the host that is not the zone's, of the same user as the guest, a leader of its group and session."""
    code = "import os, time; os.getuid() or os.setresuid(65534, 65534, 65534); print(flush=True); time.sleep(1000)"
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, start_new_session=True)
    assert process.stdout
    process.stdout.readline()
    yield process
    assert process.poll() is None, "somebody has killed it"
    process.kill()
    process.communicate()


NOBODY_HAS_IT = 4194303
WHICH: dict[str, tuple[int, ...]] = {"getpriority": (0, 1), "setpriority": (0, 1), "ioprio_get": (1, 2), "ioprio_set": (1, 2)}


@pytest.mark.parametrize(("name", "index"), takes("pid"))
def test_a_call_does_not_see_a_process_of_the_host(
    name: str, index: int, guest: Guest, stranger: "subprocess.Popen[bytes]"
) -> None:
    """It answers as to a pid that nobody has."""
    args = arguments(name)
    signals = [i for i, parameter in enumerate(rows()[name].parameters) if parameter.arg.kind == "signal"]
    for pid in (stranger.pid, os.getpid(), 1):
        for which in WHICH.get(name, (args[0],)):
            args[0] = which
            for signal in signals:
                args[signal] = 9 if pid == stranger.pid else 0
            args[index] = pid
            answer = guest.raw(NUMBERS[name], *args)
            args[index] = NOBODY_HAS_IT
            assert answer == guest.raw(NUMBERS[name], *args) < 0, (pid, which)


def test_groups_and_everybody_are_the_zones(guest: Guest, stranger: "subprocess.Popen[bytes]") -> None:
    assert guest.kill(-stranger.pid, 9) == -3
    assert guest.kill(-os.getpgid(0), 0) == -3
    assert guest.kill(-1, 0) in (0, -3)
    assert guest.setpgid(0, stranger.pid) == -1
    for command, argument in ((8, stranger.pid), (8, -stranger.pid)):
        assert guest.fcntl(3, command, argument) == -3
    before = os.getpriority(os.PRIO_PROCESS, stranger.pid)
    guest.setpriority(2, 65534, 19)
    assert os.getpriority(os.PRIO_PROCESS, stranger.pid) == before
    for name in (b"/proc/%d" % stranger.pid, b"/proc/%d/mem" % stranger.pid, b"/proc/1", b"/proc/%d/fd" % os.getpid()):
        assert guest.openat(-100, name, 0, 0) == -2
    for name in ("ptrace", "kcmp", "pidfd_open", "process_madvise", "migrate_pages"):
        assert guest.raw(NUMBERS[name], stranger.pid, 0, 0, 0, 0, 0) < 0, name
    assert guest.raw(NUMBERS["ptrace"], 16, stranger.pid, 0, 0) < 0
