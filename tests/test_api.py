"""The Python interface: lx.run, Zone and Process."""

import signal
import subprocess
from pathlib import Path

import pytest

import lx


def test_run_gives_output_errors_and_status() -> None:
    done = lx.run(["sh", "-c", "cat; echo bad >&2; exit 3"], input=b"in\n", capture_output=True)
    assert (done.stdout, done.stderr, done.returncode) == (b"in\n", b"bad\n", 3)


def test_a_signal_is_a_negative_returncode_as_in_subprocess() -> None:
    assert lx.run(["sh", "-c", "kill -TERM $$"]).returncode == -signal.SIGTERM


def test_check_and_timeout_raise_what_subprocess_raises() -> None:
    with pytest.raises(subprocess.CalledProcessError):
        lx.run(["false"], check=True)
    with pytest.raises(subprocess.TimeoutExpired, match="'sleep', '100'") as expired:
        lx.run(["sleep", "100"], timeout=1.5)
    assert expired.value.cmd == ["sleep", "100"]


def test_one_word_is_a_program_as_in_subprocess() -> None:
    assert lx.run("true").returncode == 0
    assert lx.run("echo hi", capture_output=True).returncode == 127


@pytest.mark.parametrize(("setting", "value"), [("hostname", "a" * 65), ("kernel_version", "x"), ("seed", "q"), ("root", "/no")])
def test_bad_settings_raise(setting: str, value: str) -> None:
    with pytest.MonkeyPatch.context() as patch, pytest.raises((ValueError, NotADirectoryError)):
        patch.setattr("lx.zone.handle.new_runtime_dir", lambda name: pytest.fail("a directory for a zone that is none"))
        lx.run(["true"], **{setting: value})  # type: ignore[arg-type]


def test_what_the_environment_says_to_the_command_is_nothing_to_the_interface(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LX_ARGV0", "LX_CWD", "LX_SET_ENV", "LX_STRICT", "LX_HOSTNAME", "LX_DEBUG"):
        monkeypatch.setenv(name, "A=/no/such")
    done = lx.run(["sh", "-c", "echo $0 $A; python3 -c 'import os; print(os.environ.get(\"A\"))'"], capture_output=True)
    assert (done.stdout, done.stderr) == (b"sh\nNone\n", b"")


def test_the_environment_is_the_guests_alone() -> None:
    env = {"PATH": "/usr/bin:/bin", "PYTHONHOME": "/nowhere", "PYTHONPATH": "/nowhere"}
    done = lx.run(["env"], env=env, capture_output=True)
    assert dict(line.split("=", 1) for line in done.stdout.decode().splitlines()) == env, done.stderr


def test_settings_reach_the_zone(tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    done = lx.run(["uname", "-nr"], hostname="box", kernel_version="6.1.0", strace=trace, capture_output=True, cwd="/")
    assert done.stdout == b"box 6.1.0\n"
    assert "uname({sysname=" in trace.read_text()


def test_processes_of_a_zone_see_each_other_and_no_other_zone() -> None:
    with lx.Zone(hostname="one") as one, lx.Zone(hostname="two") as two:
        script = ["sh", "-c", "echo up; read line"]
        first = one.spawn(script, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        other = two.spawn(script, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        for process in (first, other):
            assert process.stdout is not None
            process.stdout.readline()
        assert first.pid in one.processes
        assert other.pid not in one.processes
        signal_it = ["sh", "-c", f"kill -USR1 {first.pid} && hostname new; kill -USR1 {other.pid}"]
        done = one.run(signal_it, capture_output=True)
        assert done.returncode == 1
        assert b"No such process" in done.stderr
        assert first.wait(10) == -signal.SIGUSR1
        assert one.hostname == "new"
        assert two.hostname == "two"
        other.communicate(b"\n", 10)
        assert other.returncode == 0


def test_closing_a_zone_ends_its_processes_and_leaves_nothing() -> None:
    zone = lx.Zone()
    process = zone.spawn(["sleep", "1000"], stdout=subprocess.DEVNULL)
    zone.close()
    zone.close()
    process.kill()
    assert process.wait(10) == -signal.SIGKILL
    assert not Path(zone.runtime_dir).exists()
    with pytest.raises(ValueError, match="closed"):
        zone.spawn(["true"])


def test_what_cannot_be_is_said(tmp_path: Path) -> None:
    with pytest.raises(NotADirectoryError):
        lx.Zone(tmp_path / "missing")
    with lx.Zone() as zone, pytest.raises(ValueError, match="program"):
        zone.spawn([])
    assert lx.run(["no-such-program"], capture_output=True).returncode == 127
    with pytest.raises(AttributeError):
        lx.nothing  # noqa: B018


def test_the_plugin_has_a_zone(zone: lx.Zone) -> None:
    assert zone.run(["/bin/echo", "hello"], capture_output=True).stdout == b"hello\n"
