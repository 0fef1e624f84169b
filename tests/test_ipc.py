"""Shared objects of a zone: nobody else's are seen, nobody else sees them, and none is left when the zone has ended."""

import ctypes
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from compared import ENVIRONMENT, Build, LxRun, lx_command

import lx
from lx.host import mqueues
from lx.kernel.ipc.table import Table

KEY = 0x1C000000 | os.getpid()
SEEN = ["shmget(n, 0, 0) >= 0 = 1", "semget(n, 0, 0) >= 0 = 1", "msgget(n, 0) >= 0 = 1"]
NOT_SEEN = [line.replace("= 1", "= 0") for line in SEEN]
REFUSED = [f"{call} = Invalid argument" for call in ("shmctl(n, IPC_STAT, &d)", "(long)shmat(n, NULL, 0)")]


def left(ids: list[str]) -> set[tuple[str, int]]:
    """Which of the objects that `make` has named (shared memory, semaphores, messages) the host still has."""
    found = set()
    for kind, ident in zip(("shm", "sem", "msg"), map(int, ids), strict=True):
        lines = Path(f"/proc/sysvipc/{kind}").read_text().splitlines()[1:]
        if any(int(line.split()[1]) == ident for line in lines):
            found.add((kind, ident))
    return found


@pytest.fixture
def program(build: Build) -> str:
    return str(build("zone/ipc.c", "-static"))


@pytest.fixture
def host_segment() -> Iterator[int]:
    """A segment of the host's under KEY."""
    libc = ctypes.CDLL(None)
    ident = libc.shmget(KEY, 4096, 0o1666)
    yield ident
    libc.shmctl(ident, 0, None)


def test_a_zone_does_not_reach_the_hosts_objects(program: str, host_segment: int, lx_run: LxRun) -> None:
    assert host_segment >= 0
    assert lx_run([program, "see", hex(KEY)]).stdout.decode().splitlines() == NOT_SEEN
    done = lx_run([program, "id", str(host_segment)]).stdout.decode().splitlines()
    assert done == [*REFUSED, "shmctl(n, IPC_RMID, NULL) = Invalid argument"]
    assert lx_run([program, "list"]).stdout == b"ids:\n"
    assert left([str(host_segment), "-1", "-1"])


def test_processes_of_a_zone_meet_by_key_and_other_zones_do_not(program: str, lx_run: LxRun) -> None:
    with lx.Zone() as zone, lx.Zone() as other:

        def step(where: lx.Zone, *words: str) -> list[str]:
            return lx_run([program, *words], options=["--zone", where.runtime_dir]).stdout.decode().splitlines()

        made = step(zone, "make", hex(KEY))[0].split()
        assert len(left(made)) == 3
        assert step(zone, "see", hex(KEY)) == SEEN
        assert step(other, "see", hex(KEY)) == NOT_SEEN
        assert step(zone, "list") == ["ids:", made[0]]
        assert step(other, "list") == ["ids:"]
        theirs = step(other, "make", hex(KEY))[0].split()
        assert all(a != b for a, b in zip(made, theirs, strict=True))
    assert not left(made) | left(theirs)


def test_objects_go_with_the_last_process_of_their_zone(program: str, lx_run: LxRun) -> None:
    done = lx_run(["/bin/sh", "-c", f"{program} make {KEY:#x}; ({program} see {KEY:#x}; exec sleep 1) & {program} list"])
    assert done.stdout.decode().count(">= 0 = 1") == 3
    assert not left(done.stdout.decode().splitlines()[0].split())


def test_a_killed_zones_objects_are_swept_up(program: str, tmp_path: Path) -> None:
    runtime = tmp_path / "runtime"
    runtime.mkdir(mode=0o700)
    command, env = lx_command([program, "make", hex(KEY), "wait"], ENVIRONMENT)
    env["LX_RUNTIME_DIR"] = str(runtime)
    with subprocess.Popen(command, env=env, stdout=subprocess.PIPE) as killed:
        assert killed.stdout
        made = killed.stdout.readline().decode().split()
        killed.send_signal(signal.SIGKILL)
    assert len(left(made)) == 3
    again, env2 = lx_command(["/bin/true"], ENVIRONMENT)
    env2["LX_RUNTIME_DIR"] = str(runtime)
    assert subprocess.run(again, env=env2, timeout=60).returncode == 0
    assert not left(made)


def test_message_queues_are_the_zones_and_go_with_it(program: str, lx_run: LxRun) -> None:
    name = b"lx-host-%d" % os.getpid()
    os.close(mqueues.open_queue(name, os.O_RDWR | os.O_CREAT, 0o666, None))
    try:
        with lx.Zone() as zone:
            found = lx_run([program, "queue", b"/" + name], options=["--zone", zone.runtime_dir]).stdout.decode().splitlines()
            assert found[0] == "mq_open(argv[2], O_RDWR) >= 0 = 0"
            assert found[1].endswith(": ok")
            table = Table(f"{zone.runtime_dir}/ipc", lambda fd: fd)
            theirs = table.queue_name(name)
            table.close()
            os.close(mqueues.open_queue(theirs, os.O_RDWR, 0, None))
        with pytest.raises(FileNotFoundError):
            mqueues.open_queue(theirs, os.O_RDWR, 0, None)
    finally:
        mqueues.unlink(name)
