"""/proc: each text has the form of the real kernel's, and the guest's facts in it."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from synthetic_world import EXE, PAGE, Guest

from lx.abi.errno import Errno, LinuxError
from lx.kernel.synthetic.nodes import File, Link, MagicLink
from lx.kernel.synthetic.roster import Roster


@pytest.fixture
def guest(tmp_path: Path) -> Guest:
    return Guest(str(tmp_path))


def real(name: str) -> bytes:
    return Path("/proc/" + name).read_bytes()


def form(line: bytes) -> bytes:
    """A line's form: numbers and words by class, columns kept."""
    return re.sub(rb"[0-9]+", b"0", line)


def labels(text: bytes) -> list[bytes]:
    return [line.partition(b":")[0] for line in text.splitlines() if b":" in line]


# ---- about oneself


def test_cmdline_environ_auxv_comm_are_the_guests(guest: Guest) -> None:
    assert guest.read("/proc/self/cmdline") == b"hello\0\0a b\0"
    assert guest.read("/proc/self/environ") == b"A=1\0B=\0"
    assert guest.read("/proc/self/auxv") == guest.p.auxv
    assert guest.read("/proc/self/comm") == b"hello\n"


def test_writing_comm_renames_and_cuts_at_15_bytes(guest: Guest) -> None:
    node = guest.node("/proc/self/comm")
    assert isinstance(node, File) and node.writable
    node.write(guest.p, b"a-name-that-is-too-long")
    assert guest.read("/proc/self/comm") == b"a-name-that-is-\n"
    record = guest.p.zone.roster.find(guest.p.pid)
    assert record is not None and record.comm == b"a-name-that-is-"


def test_stat_has_the_real_ones_fields(guest: Guest) -> None:
    ours, theirs = guest.read("/proc/self/stat"), real("self/stat")
    assert ours.endswith(b"\n") and ours.startswith(b"%d (hello) R " % os.getpid())
    fields = ours.rpartition(b") ")[2].split()
    assert len(fields) == len(theirs.rpartition(b") ")[2].split())
    assert all(re.fullmatch(rb"-?\d+", field) for field in fields[1:])
    assert int(fields[20]) == guest.p.memory.total
    assert int(fields[23]) == guest.p.memory.list[0].start
    assert int(fields[17]) == 1
    assert (int(fields[29]), int(fields[30]), int(fields[31])) == (1 << 9, 1 << 12, 1 << 1)


def test_remembered_scheduling_and_personality_are_shown(guest: Guest) -> None:
    attributes = guest.p.thread.attributes
    attributes.policy, attributes.priority, attributes.personality, attributes.no_new_privs = 1, 7, 0x40000, True
    assert guest.read("/proc/self/stat").rpartition(b") ")[2].split()[37:39] == [b"7", b"1"]
    assert guest.read("/proc/self/personality") == b"00040000\n"
    assert b"\nNoNewPrivs:\t1\n" in guest.read("/proc/self/status")


def test_stat_survives_a_name_with_parentheses(guest: Guest) -> None:
    guest.p.thread.comm = b"a) (b"
    assert guest.read("/proc/self/stat").partition(b" R ")[0] == b"%d (a) (b)" % os.getpid()


def test_statm_adds_up(guest: Guest) -> None:
    size, resident, shared, text, lib, data, dirty = map(int, guest.read("/proc/self/statm").split())
    assert len(real("self/statm").split()) == 7
    assert size == guest.p.memory.total // PAGE
    assert 3 <= resident <= size and shared <= resident
    assert (text, lib, data, dirty) == (4, 0, 18 + 10, 0)


def test_status_has_real_labels_in_the_real_order_and_form(guest: Guest) -> None:
    ours, theirs = guest.read("/proc/self/status"), real("self/status")
    names, known = labels(ours), labels(theirs)
    assert [name for name in names if name in known] == [name for name in known if name in names]
    assert set(known) - set(names) <= {
        b"Kthread",
        b"untag_mask",
        b"SpeculationIndirectBranch",
        b"x86_Thread_features",
        b"x86_Thread_features_locked",
    }
    values, others = (dict(line.split(b":", 1) for line in text.splitlines()) for text in (ours, theirs))
    for name in names:
        if name in others and name.startswith(
            (b"Vm", b"Rss", b"Sig", b"Shd", b"Cap", b"Uid", b"Gid", b"Umask", b"State")
        ):
            shape = re.sub(rb"[0-9a-f]", b"0", values[name]), re.sub(rb"[0-9a-f]", b"0", others[name])
            if name.startswith((b"Vm", b"Rss")):
                assert all(re.fullmatch(rb"\t( *\d{1,8}|\d{9,}) kB", text) and len(text) >= 12 for text in shape), name
            elif name not in (b"SigQ", b"State"):
                assert shape[0] == shape[1], name


def test_status_tells_the_guests_facts(guest: Guest) -> None:
    guest.p.signals.queue.append(SimpleNamespace(signo=10))
    values = dict(line.split(b":\t", 1) for line in guest.read("/proc/self/status").splitlines())
    assert values[b"Name"] == b"hello" and values[b"Umask"] == b"0027"
    assert int(values[b"Pid"]) == int(values[b"Tgid"]) == os.getpid()
    assert (int(values[b"SigBlk"], 16), int(values[b"SigIgn"], 16), int(values[b"SigCgt"], 16)) == (1 << 9, 1 << 12, 2)
    assert int(values[b"SigPnd"], 16) & 1 << 9
    assert values[b"VmSize"].split() == [b"%d" % (guest.p.memory.total // 1024), b"kB"]
    assert 12 <= int(values[b"VmRSS"].split()[0]) <= 64, "three touched pages, not the emulator's"
    assert values[b"PPid"] == b"0", "the parent is outside the zone"


def test_maps_has_the_real_form(guest: Guest) -> None:
    text = guest.read("/proc/self/maps")
    pattern = re.compile(
        rb"[0-9a-f]{8,16}-[0-9a-f]{8,16} [r-][w-][x-][ps] [0-9a-f]{8,} [0-9a-f]{2,3}:[0-9a-f]{2,5} \d+ ( *\S.*)?"
    )
    for line in real("self/maps").splitlines() + text.splitlines():
        assert pattern.fullmatch(line), line
    lines = text.splitlines()
    assert lines[0].endswith(b" " + EXE) and b" r-xp 00001000 fe:03 4711 " in lines[0]
    assert lines[0].index(EXE) == next(line for line in real("self/maps").splitlines() if b"[stack]" in line).index(
        b"[stack]"
    )
    assert lines[2].endswith(b" 00:00 0                          [heap]")
    assert lines[-1] == real("self/maps").splitlines()[-1]
    assert len(lines) == 5


def test_smaps_has_real_fields_and_true_sums(guest: Guest) -> None:
    text = guest.read("/proc/self/smaps")
    known = labels(real("self/smaps"))
    assert set(labels(text)[1:]) - set(known) <= {label for label in labels(text) if b"-" in label}
    sample = next(line for line in real("self/smaps").splitlines() if line.startswith(b"Rss:"))
    heap = text[text.index(b"[heap]") : text.index(b"[stack]")]
    row = next(line for line in heap.splitlines() if line.startswith(b"Rss:"))
    assert row == b"Rss:                  12 kB" and len(row) == len(sample)
    values = {k: int(v.split()[0]) for k, v in (line.split(b":") for line in heap.splitlines() if b" kB" in line)}
    parts = (b"Shared_Clean", b"Shared_Dirty", b"Private_Clean", b"Private_Dirty")
    assert sum(values[part] for part in parts) == values[b"Rss"] == values[b"Anonymous"] == values[b"Pss"]
    rollup = guest.read("/proc/self/smaps_rollup")
    assert rollup.splitlines()[0].endswith(b"[rollup]") and b"Rss:" in rollup


def test_limits_has_the_real_form(guest: Guest) -> None:
    ours, theirs = guest.read("/proc/self/limits").splitlines(), real("self/limits").splitlines()
    assert ours[0] == theirs[0] and len(ours) == len(theirs)
    for mine, other in zip(ours, theirs, strict=True):
        assert mine[:26] == other[:26] and mine[68:] == other[68:]
    assert ours[1].split()[3:6] == [b"1024", b"unlimited", b"seconds"] or ours[1].split()[4] == b"1024"


SMALL_FILES = (
    "io cgroup uid_map gid_map setgroups loginuid sessionid oom_score oom_score_adj personality schedstat wchan"
)


@pytest.mark.parametrize("name", SMALL_FILES.split())
def test_small_files_have_the_real_form(guest: Guest, name: str) -> None:
    ours, theirs = guest.read(f"/proc/self/{name}"), real(f"self/{name}")
    if name == "cgroup":
        assert ours == b"0::/\n"
    else:
        assert re.sub(rb"\d+", b"0", ours) == re.sub(rb"\d+", b"0", theirs)


def test_mounts_parse_and_agree_with_stat(guest: Guest) -> None:
    rows = [line.split(b" ") for line in guest.read("/proc/self/mounts").splitlines()]
    assert all(len(row) == 6 for row in rows)
    points = [row[1] for row in rows]
    assert points[0] == b"/" and {b"/proc", b"/dev", b"/sys", b"/dev/pts"} <= set(points)
    info = [line.partition(b" - ")[0].split(b" ") for line in guest.read("/proc/self/mountinfo").splitlines()]
    devices = {row[4]: row[2] for row in info}
    assert devices[b"/"] == b"%d:%d" % (os.major(os.stat("/").st_dev), os.minor(os.stat("/").st_dev))
    dev = guest.node("/proc").stat(guest.p).st_dev
    assert devices[b"/proc"] == b"%d:%d" % (os.major(dev), os.minor(dev))
    ids = {row[0] for row in info}
    assert all(row[1] in ids for row in info[1:])
    assert len(guest.read("/proc/self/mountstats").splitlines()) == len(rows)


def test_mounts_of_another_root_hide_what_is_outside(guest: Guest, tmp_path: Path) -> None:
    guest.p.zone.root = str(tmp_path)
    points = [line.split()[1] for line in guest.read("/proc/self/mounts").splitlines()]
    assert sorted(points) == [b"/", b"/dev", b"/dev/pts", b"/proc", b"/sys"]


# ---- descriptors and other links


def test_fd_shows_open_descriptors_and_no_others(guest: Guest, tmp_path: Path) -> None:
    path = tmp_path / "file"
    fd = os.open(path, os.O_WRONLY | os.O_CREAT)
    pipe = os.pipe()
    hidden = os.dup2(fd, 150)
    try:
        names = guest.names("/proc/self/fd")
        assert {str(fd), *map(str, pipe)} <= set(names) and str(hidden) not in names
        assert guest.names("/proc/self/fdinfo") == names
        link = guest.node(f"/proc/self/fd/{fd}")
        assert isinstance(link, MagicLink)
        assert link.target(guest.p) == b"/guest" + os.fsencode(path)
        assert link.mode == os.lstat(f"/proc/self/fd/{fd}").st_mode
        assert link.stat(guest.p).st_size == 64
        again = link.jump(guest.p)
        assert os.path.sameopenfile(fd, again)
        os.close(again)
        end = guest.node(f"/proc/self/fd/{pipe[0]}")
        assert isinstance(end, Link) and re.fullmatch(rb"pipe:\[\d+\]", end.target(guest.p))
        assert labels(guest.read(f"/proc/self/fdinfo/{fd}")) == labels(real(f"self/fdinfo/{fd}"))
        with pytest.raises(LinuxError):
            guest.node(f"/proc/self/fd/{hidden}")
    finally:
        for number in (fd, *pipe, hidden):
            os.close(number)


def test_fd_of_a_synthetic_file_leads_to_its_node(guest: Guest) -> None:
    node = guest.node("/proc/self/status")
    guest.p.files.synthetic[0] = node
    link = guest.node("/proc/self/fd/0")
    assert isinstance(link, MagicLink)
    assert link.node(guest.p) is node and link.target(guest.p) == b"/proc/%d/status" % os.getpid()


def test_a_file_in_shm_is_shown_where_the_guest_has_it(guest: Guest) -> None:
    guest.node("/dev/shm")
    fd = os.open(os.path.join(guest.p.zone.runtime_dir, "shm", "x"), os.O_CREAT | os.O_RDWR)
    link = guest.node(f"/proc/self/fd/{fd}")
    assert isinstance(link, Link) and link.target(guest.p) == b"/dev/shm/x"
    os.close(fd)


def test_exe_cwd_and_root_are_the_guests(guest: Guest) -> None:
    texts = {name: guest.node(f"/proc/self/{name}") for name in ("exe", "cwd", "root")}
    assert all(isinstance(node, MagicLink) for node in texts.values())
    assert [node.target(guest.p) for node in texts.values() if isinstance(node, Link)] == [EXE, b"/tmp", b"/"]


def test_self_and_thread_self(guest: Guest) -> None:
    nodes = [guest.node("/proc/self"), guest.node("/proc/thread-self")]
    pid = os.getpid()
    assert [n.target(guest.p) for n in nodes if isinstance(n, Link)] == [b"%d" % pid, b"%d/task/%d" % (pid, pid)]
    guest.p.threads.append(SimpleNamespace(**vars(guest.p.thread) | {"tid": pid + 100_000_000}))
    assert guest.names("/proc/self/task") == [str(pid), str(pid + 100_000_000)]
    assert guest.read(f"/proc/self/task/{pid + 100_000_000}/stat").startswith(b"%d (" % (pid + 100_000_000))
    assert guest.read(f"/proc/{pid + 100_000_000}/status").split(b"\n")[3] == b"Tgid:\t%d" % pid
    assert "task" not in guest.names(f"/proc/self/task/{pid}")


# ---- others


@pytest.fixture
def other(guest: Guest) -> "Iterator[subprocess.Popen[bytes]]":
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    guest.p.zone.roster.publish(child.pid, child.pid, b"/bin/other", b"other", [b"other", b"-x"])
    yield child
    child.kill()
    child.wait()


def test_processes_of_the_zone_are_listed_and_host_processes_are_not(guest: Guest, other: Any) -> None:
    numbers = {name for name in guest.names("/proc") if name.isdigit()}
    assert numbers == {str(os.getpid()), str(other.pid)}
    with pytest.raises(LinuxError):
        guest.node(f"/proc/{os.getppid()}")


def test_what_is_known_of_another_process(guest: Guest, other: Any) -> None:
    base = f"/proc/{other.pid}"
    assert guest.read(f"{base}/cmdline") == b"other\0-x\0"
    assert guest.read(f"{base}/comm") == b"other\n"
    exe = guest.node(f"{base}/exe")
    assert isinstance(exe, Link) and exe.target(guest.p) == b"/bin/other"
    fields = guest.read(f"{base}/stat").rpartition(b") ")[2].split()
    assert len(fields) == len(real("self/stat").rpartition(b") ")[2].split())
    assert int(fields[1]) == os.getpid() and fields[0] in (b"R", b"S", b"D")
    values = dict(line.split(b":\t", 1) for line in guest.read(f"{base}/status").splitlines())
    assert values[b"Name"] == b"other" and int(values[b"PPid"]) == os.getpid()
    assert len(guest.read(f"{base}/statm").split()) == 7


@pytest.mark.parametrize("name", ["maps", "smaps", "environ", "auxv", "limits"])
def test_what_another_process_does_not_answer_is_eacces(guest: Guest, other: Any, name: str) -> None:
    with pytest.raises(LinuxError) as error:
        guest.read(f"/proc/{other.pid}/{name}")
    assert error.value.errno == Errno.EACCES


def test_descriptors_of_a_process_that_does_not_answer_are_eacces(guest: Guest, other: Any) -> None:
    for act in (lambda: guest.names(f"/proc/{other.pid}/fd"), lambda: guest.node(f"/proc/{other.pid}/fd/0")):
        with pytest.raises(LinuxError) as error:
            act()
        assert error.value.errno == Errno.EACCES


def test_a_file_of_a_dead_process_is_esrch_and_its_directory_gone(guest: Guest) -> None:
    child = subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE)
    guest.p.zone.roster.publish(child.pid, child.pid, b"/x", b"x", [b"x"])
    node = guest.node(f"/proc/{child.pid}/status")
    assert isinstance(node, File)
    child.communicate()
    with pytest.raises(LinuxError) as error:
        node.read(guest.p)
    assert error.value.errno == Errno.ESRCH
    with pytest.raises(LinuxError) as error:
        guest.node(f"/proc/{child.pid}")
    assert error.value.errno == Errno.ENOENT


def test_a_node_is_about_the_process_it_was_opened_for(guest: Guest, other: Any) -> None:
    """A descriptor of the parent's /proc/self/maps, read in a forked child, is not about the child."""
    node = guest.node("/proc/self/maps")
    child = SimpleNamespace(**{**vars(guest.p), "pid": other.pid})
    assert isinstance(node, File)
    with pytest.raises(LinuxError) as error:
        node.read(child)
    assert error.value.errno == Errno.EACCES


# ---- the roster


def test_records_carry_any_bytes_and_are_replaced(tmp_path: Path) -> None:
    roster, pid = Roster(str(tmp_path), int), os.getpid()
    argv = [b"\\", b"\\0", b"\\\\0", b"", b"\xff\n", b"end\\"]
    roster.publish(pid, pid, b"/a\\0b", b"old", [])
    roster.publish(pid, pid, b"/a\\0b", b"new", argv)
    record = roster.find(pid)
    assert record is not None
    assert (record.exe, record.comm, list(record.argv)) == (b"/a\\0b", b"new", argv)
    assert os.listdir(tmp_path / "proc") == [str(pid)]


def test_a_very_long_argv_is_cut(tmp_path: Path) -> None:
    roster, pid = Roster(str(tmp_path), int), os.getpid()
    roster.publish(pid, pid, b"/x", b"x", [b"a" * 3000, b"b" * 3000])
    record = roster.find(pid)
    assert record is not None and record.argv[0] == b"a" * 3000 and 0 < len(record.argv[1]) < 3000


def test_a_record_older_than_the_process_of_that_number_is_not_believed(tmp_path: Path) -> None:
    roster = Roster(str(tmp_path), int)
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    try:
        roster.publish(child.pid, child.pid, b"/x", b"x", [])
        assert roster.has(child.pid)
        before = time.time_ns() - 3_600_000_000_000
        os.utime(tmp_path / "proc" / str(child.pid), ns=(before, before), follow_symlinks=False)
        assert not roster.has(child.pid) and roster.pids() == []
    finally:
        child.kill()
        child.wait()


def test_a_forked_child_inherits_its_parents_record_once(tmp_path: Path) -> None:
    roster, pid = Roster(str(tmp_path), int), os.getpid()
    roster.publish(pid, pid, b"/x", b"x", [b"x", b"y"])
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    try:
        roster.inherit(child.pid, child.pid, pid)
        record = roster.find(child.pid)
        assert record is not None and (record.host_pid, record.argv) == (child.pid, (b"x", b"y"))
        roster.publish(child.pid, child.pid, b"/z", b"z", [b"z"])
        roster.inherit(child.pid, child.pid, pid)
        record = roster.find(child.pid)
        assert record is not None and record.exe == b"/z", "a parent that is late does not undo the child's exec"
    finally:
        child.kill()
        child.wait()


def test_a_zombie_is_still_of_the_zone_until_it_is_waited_for(guest: Guest) -> None:
    child = subprocess.Popen([sys.executable, "-c", ""])
    guest.p.zone.roster.publish(child.pid, child.pid, b"/x", b"x", [b"x"])
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert guest.read(f"/proc/{child.pid}/stat").split()[2] == b"Z"
    assert b"Z (zombie)" in guest.read(f"/proc/{child.pid}/status")
    child.wait()
    assert str(child.pid) not in guest.names("/proc")


# ---- the machine


@pytest.mark.parametrize(
    "name", ["meminfo", "vmstat", "swaps", "net/dev", "net/tcp", "net/route", "net/snmp", "net/arp"]
)
def test_files_of_the_machine_are_the_hosts(guest: Guest, name: str) -> None:
    path = f"/proc/self/{name}" if name.startswith("net/") else f"/proc/{name}"
    assert labels(guest.read(path)) == labels(real(name))


@pytest.mark.parametrize("name", ["uptime", "loadavg", "version", "partitions", "cgroups", "interrupts"])
def test_first_lines_have_the_real_form(guest: Guest, name: str) -> None:
    ours, theirs = guest.read(f"/proc/{name}").splitlines()[0], real(name).splitlines()[0]
    if name == "version":
        assert re.match(rb"Linux version \d+\.\d+\.\d+\S* \(.*\) \(.*\) #1 ", ours)
    else:
        assert form(ours).split() == form(theirs).split()


def test_stat_of_the_machine_has_the_real_rows(guest: Guest) -> None:
    rows = {line.split()[0]: len(line.split()) for line in guest.read("/proc/stat").splitlines()}
    known = {line.split()[0]: len(line.split()) for line in real("stat").splitlines()}
    assert set(rows) == set(known)
    assert all(rows[name] == known[name] for name in rows if name not in (b"intr", b"softirq"))


def test_paths_of_unix_sockets_are_guest_paths(guest: Guest, tmp_path: Path) -> None:
    import socket

    with socket.socket(socket.AF_UNIX) as sock:
        sock.bind(str(tmp_path / "s"))
        sock.listen()
        assert b" /guest" + os.fsencode(tmp_path / "s") in guest.read("/proc/self/net/unix")
