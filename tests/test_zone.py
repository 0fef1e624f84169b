"""What only a zone answers: refusals, confinement to the root, names. The machine cannot be asked, so answers are stated."""

import os
import pty
import shutil
import socket
import subprocess
from pathlib import Path

from compared import ENVIRONMENT, Build, LxRun, lx_command

REFUSED = """klogctl(3, b, 64) = Operation not permitted
syscall(SYS_syslog, 10, NULL, 0) = Operation not permitted
syscall(SYS_vhangup) = Operation not permitted
acct("f") = Operation not permitted
swapon("f", 0) = Operation not permitted
swapon("f", 1 << 30) = Invalid argument
swapoff("f") = Operation not permitted
settimeofday(&tv, NULL) = Operation not permitted
clock_settime(CLOCK_REALTIME, &ts) = Operation not permitted
adjtimex(&x) = Operation not permitted
ioctl(0, TIOCSTI, "x") = Input/output error
"""


def test_what_belongs_to_the_host_is_refused_even_to_root(build: Build) -> None:
    """On a terminal, because TIOCSTI would otherwise be refused for want of one."""
    program = build("zone/refusals.c", "-static")
    command, env = lx_command([str(program)], ENVIRONMENT)
    controller, terminal = pty.openpty()
    done = subprocess.run(command, env=env, stdin=terminal, capture_output=True, text=True, timeout=60)
    os.close(controller)
    os.close(terminal)
    names = 'sethostname("inside", 6) = 0\nsetdomainname("zone", 4) = 0\ngethostname(b, 64) = 0\ninside\n'
    expected = REFUSED + names + "getdomainname(b, 64) = 0\nzone\n"
    if os.getuid():
        expected = REFUSED
        done.stdout = "".join(done.stdout.splitlines(True)[: REFUSED.count("\n")])
    assert done.stdout == expected
    assert socket.gethostname() != "inside"


ESCAPES = """
cd /; cat ../../../../etc/hostname; cat /proc/self/root/../../etc/hostname; cat /up/etc/hostname; cat /abs
cat /dev/../../etc/hostname; cat /proc/self/root/../../etc/hostname; cd /tmp; cat /proc/self/cwd/../../../etc/hostname
ls /proc/1/root
"""


def a_root(tmp_path: Path) -> Path:
    """A zone's root with busybox, a host name and links that point out of it."""
    root = tmp_path / "root"
    for directory in ("bin", "etc", "proc", "dev", "tmp"):
        (root / directory).mkdir(parents=True)
    busybox = shutil.which("busybox", path=ENVIRONMENT["PATH"])
    assert busybox
    shutil.copy(busybox, root / "bin" / "busybox")
    for name in ("sh", "cat", "ls", "pwd", "env"):
        (root / "bin" / name).symlink_to("busybox")
    (root / "etc" / "hostname").write_text("inside\n")
    (root / "up").symlink_to("../../../../../..")
    (root / "abs").symlink_to("/etc/hostname")
    return root


def test_no_path_leads_out_of_the_root(need: object, lx_run: LxRun, tmp_path: Path) -> None:
    root = a_root(tmp_path)
    done = lx_run(["/bin/sh", "-c", ESCAPES], options=["--root", str(root)])
    assert done.stdout == b"inside\n" * 7, done.stderr
    assert b"/proc/1" in done.stderr


def test_a_zone_shows_its_own_names_and_processes_only(lx_run: LxRun, tmp_path: Path) -> None:
    root = a_root(tmp_path)
    script = """pwd; busybox hostname; busybox uname -r; cat /proc/self/comm
    ls /proc | busybox grep -c '^[0-9]'; busybox readlink /proc/self/exe"""
    options = ["--root", str(root), "--hostname", "z1", "--kernel-version", "5.10.0"]
    done = lx_run(["/bin/busybox", "sh", "-c", script], options=options)
    lines = done.stdout.decode().splitlines()
    assert lines[:4] == ["/", "z1", "5.10.0", "cat"]
    assert 2 <= int(lines[4]) <= 4
    assert lines[5] == "/bin/busybox"


TOLD = """
A=secret perl -e 'open F, "<", "/etc/passwd"; chdir "/usr"; $| = 1; print "up\\n"; sleep 1000' >told &
p=$!; until grep -q up told; do sleep 0.1; done 2>/dev/null
head -1 /proc/$p/maps | grep -c perl; tr '\\0' '\\n' </proc/$p/environ | grep ^A=; head -c 1 /proc/$p/auxv | od -An -tx1
readlink /proc/$p/cwd /proc/$p/exe /proc/$p/fd/3; head -c 5 /proc/$p/fd/3; ls /proc/$p/fd | wc -l; grep -c pos /proc/$p/fdinfo/3
grep -c Max /proc/$p/limits; cat /proc/$p/personality; grep -c Rss /proc/$p/smaps_rollup; cat /proc/$p/comm; ls /proc/$p/fd/99
kill -STOP $p; cat /proc/$p/maps; kill -9 $p; wait $p
sh -c 'while :; do :; done' & p=$!; sleep 0.5; grep -c vsyscall /proc/$p/maps; kill -9 $p
echo $$ >pid; sh -c 'grep -c vsyscall /proc/$(cat pid)/maps'
"""


def test_what_a_process_of_the_zone_tells_another(lx_run: LxRun) -> None:
    """Natively all is the same but for the stopped process, which the kernel need not ask."""
    done = lx_run(["bash", "-c", TOLD])
    perl = os.path.realpath(shutil.which("perl", path=ENVIRONMENT["PATH"]) or "")
    expected = ["1", "A=secret", " 21", "/usr", perl, "/etc/passwd", "root:4", "1", "16", "00000000", "1", "perl", "1", "1"]
    assert done.stdout.decode().splitlines() == expected, done.stderr
    assert done.stderr.count(b"Permission denied") == 1
    assert done.stderr.count(b"No such file") == 1


def test_two_zones_at_once_do_not_see_each_other(tmp_path: Path) -> None:
    command, env = lx_command(["busybox", "sh", "-c", "echo $$; read line; ls /proc"], ENVIRONMENT)
    zones = [subprocess.Popen(command, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    pids = []
    for zone in zones:
        assert zone.stdout
        pids.append(zone.stdout.readline().strip())
    for i, zone in enumerate(zones):
        out, _ = zone.communicate("go\n", 60)
        seen = out.split()
        assert pids[i] in seen
        assert pids[1 - i] not in seen
        assert zone.returncode == 0


def test_a_killed_zone_leaves_nothing_behind(tmp_path: Path) -> None:
    runtime = tmp_path / "runtime"
    runtime.mkdir(mode=0o700)
    command, env = lx_command(["busybox", "sh", "-c", "echo up; read line"], ENVIRONMENT)
    env["LX_RUNTIME_DIR"] = str(runtime)
    with subprocess.Popen(command, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as killed:
        assert killed.stdout
        killed.stdout.readline()
        killed.kill()
    assert len(list(runtime.iterdir())) == 1
    again, env2 = lx_command(["busybox", "true"], ENVIRONMENT)
    env2["LX_RUNTIME_DIR"] = str(runtime)
    assert subprocess.run(again, env=env2, timeout=60).returncode == 0
    assert list(runtime.iterdir()) == []
