"""`lx run` as its operator meets it: options and their environment twins, statuses, and one line for what cannot be run."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from compared import ENVIRONMENT, OURS, Build, LxRun, lx_command

from lx.cli.run import OPTIONS
from lx.zone.handle import COMMAND

Done = subprocess.CompletedProcess[bytes]


def text(done: Done) -> str:
    assert done.returncode == 0, done.stderr
    return done.stdout.decode()


def one_line(done: Done, status: int) -> str:
    """The line with which lx refused."""
    assert done.returncode == status, (done.returncode, done.stderr)
    assert done.stdout == b""
    assert re.fullmatch(rb"lx: [^\n]+\n", done.stderr), done.stderr
    return done.stderr.decode()


# ---- options, each with its twin

TWINS: dict[str, tuple[Sequence[str], Mapping[str, str], Sequence[str], str]] = {
    "--cwd": (["--cwd", "/usr/bin"], {"LX_CWD": "/usr/bin"}, ["pwd"], "/usr/bin\n"),
    "-E": (["-E", "A=1", "-EB=2 3"], {"LX_SET_ENV": "A=1,B=2 3"}, ["sh", "-c", 'echo "$A $B"'], "1 2 3\n"),
    "-U": (["-U", "HOME", "-UTZ"], {"LX_UNSET_ENV": "HOME,TZ"}, ["sh", "-c", "echo ${HOME-unset} ${TZ-unset}"], "unset unset\n"),
    "--argv0": (["--argv0", "other"], {"LX_ARGV0": "other"}, ["busybox-static"], ""),
    "--kernel-version": (["--kernel-version", "4.19.1-x"], {"LX_RELEASE": "4.19.1-x"}, ["uname", "-r"], "4.19.1-x\n"),
    "--hostname": (["--hostname", "box"], {"LX_HOSTNAME": "box"}, ["uname", "-n"], "box\n"),
}


@pytest.mark.parametrize("name", [name for name in TWINS if name != "--argv0"])
def test_an_option_and_its_environment_twin_do_the_same(name: str, lx_run: LxRun) -> None:
    option, twin, argv, expected = TWINS[name]
    assert text(lx_run(argv, options=option)) == expected
    assert text(lx_run(argv, env=twin)) == expected


def test_argv0(lx_run: LxRun) -> None:
    script = ["sh", "-c", "cat /proc/$$/cmdline | tr '\\0' ' '"]
    assert text(lx_run(script, options=["--argv0=other"])).startswith("other -c")
    assert text(lx_run(script, env={"LX_ARGV0": "other"})).startswith("other -c")


def test_root_and_its_twin(lx_run: LxRun, tmp_path: Path, build: Build) -> None:
    root = tmp_path / "root"
    root.mkdir()
    (root / "show").write_bytes(build("linkage.c", "-static").read_bytes())
    (root / "show").chmod(0o755)
    for done in (lx_run(["/show"], options=["--root", str(root)]), lx_run(["/show"], env={"LX_ROOT": str(root)})):
        assert (done.returncode, done.stderr) == (42, b"")


def test_strict_and_its_twin(lx_run: LxRun) -> None:
    argv = ["perl", "-e", "print syscall(500) == -1 ? 'refused' : 'answered'"]
    plain = lx_run(argv)
    assert plain.stdout == b"refused"
    assert re.fullmatch(rb"lx: perl: unsupported system call 500\((0x\w+(, )?){6}\): ENOSYS\n", plain.stderr)
    assert lx_run(argv, options=["--strict"]).returncode == -signal.SIGSYS
    assert lx_run(argv, env={"LX_STRICT": "1"}).returncode == -signal.SIGSYS
    assert lx_run(argv, env={"LX_STRICT": "0"}).returncode == 0


def test_the_signal_of_strict_says_which_call(lx_run: LxRun, build: Build) -> None:
    done = lx_run([str(build("helpers/sigsys.c", "-static"))], options=["--strict"])
    assert done.stdout == b"signal 31 code 1 errno 38 call 179 arch c000003e, after the call 1\n"


def test_a_mount_point_cannot_be_renamed(lx_run: LxRun) -> None:
    done = lx_run(["busybox", "mv", "/proc", "/proc2"])
    assert done.returncode == 1 and b"Device or resource busy" in done.stderr


def test_strace_to_standard_error_and_to_a_file(lx_run: LxRun, tmp_path: Path) -> None:
    traced = lx_run(["busybox", "echo", "hello"], options=["--strace"])
    assert traced.stdout == b"hello\n"
    assert re.search(rb'^write\(1, "hello\\n", 6\) += 6$', traced.stderr, re.M)
    assert traced.stderr.endswith(b"+++ exited with 0 +++\n")
    for options, env in ((["--strace=trace"], {}), ([], {"LX_DEBUG": "trace"})):
        quiet = lx_run(["busybox", "echo", "hello"], options=options, env=env)
        assert (quiet.stdout, quiet.stderr) == (b"hello\n", b"")
        assert b'write(1, "hello' in (tmp_path / "trace").read_bytes()
        (tmp_path / "trace").unlink()


@pytest.mark.parametrize("name", ["TERM", "ABRT", "HUP", "SEGV", "USR1", "ALRM", "BUS"])
def test_a_trace_and_figures_end_with_the_signal_that_kills(lx_run: LxRun, tmp_path: Path, name: str) -> None:
    """A signal that nobody handles is the host's to act on, but not before these are written."""
    done = lx_run(["sh", "-c", f"kill -0 $$; kill -{name} $$; echo lives"], options=["--strace=trace", "--stats=figures"])
    assert done.returncode == -signal.Signals[f"SIG{name}"] and not done.stdout
    *_, sent, arrived, last = (tmp_path / "trace").read_text().splitlines()
    assert sent.startswith("kill(") and arrived.startswith(f"--- SIG{name} {{si_signo=SIG{name}, si_code=SI_USER")
    assert last == f"+++ killed by SIG{name} +++"
    assert json.loads((tmp_path / "figures").read_text())["calls"]


def test_a_trace_ends_with_a_signal_from_outside(tmp_path: Path) -> None:
    command, env = lx_command(["sh", "-c", "echo up; read line"], ENVIRONMENT, ["--strace=trace"])
    with subprocess.Popen(command, env=env, cwd=tmp_path, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None and child.stdout.readline() == b"up\n"
        time.sleep(0.5)
        child.terminate()
        assert child.wait(30) == -signal.SIGTERM
    *_, call, _, last = (tmp_path / "trace").read_text().splitlines()
    assert call.startswith("read(0, ") and last == "+++ killed by SIGTERM +++"


def test_lx_runs_lx(lx_run: LxRun) -> None:
    """Whose own descriptors are no more the outer one's than any guest's."""
    there = [f"-E{name}={os.environ[name]}" for name in OURS if name in os.environ]
    done = lx_run([*COMMAND, "run", "--hostname=inner", "busybox", "hostname"], options=there)
    assert (done.stdout, done.stderr, done.returncode) == (b"inner\n", b"", 0)


def test_stats_for_people_and_as_json(lx_run: LxRun, tmp_path: Path) -> None:
    shown = lx_run(["busybox", "true"], options=["--stats"]).stderr.decode()
    head = r"lx: \S+ \(pid \d+\): [\d.]+ ms, \d+ calls taking [\d.]+ ms, \d+ fills, \d+ flushes\ncall +calls +total us"
    assert re.match(head, shown)
    lx_run(["sh", "-c", "busybox true; :"], options=["--stats=figures"])
    reports = [json.loads(line) for line in (tmp_path / "figures").read_text().splitlines()]
    assert len(reports) == 2
    for report in reports:
        assert report["calls"] == sum(entry["calls"] for entry in report["by_call"]) <= report["traps"] + 1
        assert report["calls_ns"] == sum(entry["ns"] for entry in report["by_call"])
        assert report["fills"] > 0
    assert lx_run(["busybox", "true"], env={"LX_STATS": "figures"}).stderr == b""


def test_a_seed_repeats_a_run(lx_run: LxRun, tmp_path: Path) -> None:
    """Everything but pids: addresses, AT_RANDOM, getrandom, the calls and their results."""
    code = "import os; print(id(os), os.urandom(8).hex(), hash('x'), open('/proc/self/maps').read())"
    seen = []
    for seed in ("7", "7", "8"):
        done = lx_run(["/usr/bin/python3", "-E", "-s", "-c", code], options=["--seed", seed, "--strace=trace"])
        calls = [line for line in (tmp_path / "trace").read_text().splitlines() if not re.search(r"tid|stat|time|sysinfo", line)]
        seen.append((text(done), calls))
    assert seen[0] == seen[1]
    assert seen[0] != seen[2]
    assert text(lx_run(["/usr/bin/python3", "-c", code], env={"LX_SEED": "7"})) != text(lx_run(["/usr/bin/python3", "-c", code]))


def test_without_a_seed_addresses_differ(lx_run: LxRun) -> None:
    layouts = {text(lx_run(["cat", "/proc/self/maps"])) for _ in range(3)}
    assert len(layouts) == 3


def test_every_option_is_in_the_help_which_fits_40_columns() -> None:
    done = subprocess.run(
        [sys.executable, "-P", "-m", "lx", "run", "--help"], capture_output=True, text=True, env={**os.environ, "COLUMNS": "40"}
    )
    assert done.returncode == 0
    for name, _, _, twin, _ in OPTIONS:
        assert f"  {name}" in done.stdout
        assert f"[{twin}]" in done.stdout
    lines = done.stdout.splitlines()[1:]
    assert max(map(len, lines)) <= 40
    assert all(not line.startswith("      ") or len(line) > 6 for line in lines)


# ---- statuses


def test_the_status_is_the_programs_own(lx_run: LxRun) -> None:
    for status in (0, 1, 2, 126, 127, 255):
        done = lx_run(["sh", "-c", f"exit {status}"])
        assert (done.returncode, done.stderr) == (status, b"")


def test_a_job_stops_as_a_whole_though_its_parent_waits_in_vfork(build: Build, lx_run: LxRun) -> None:
    """Natively the child stops and the parent cannot: a race of a microsecond with ^Z there, of milliseconds here."""
    done = lx_run([build("helpers/stopped_vfork.c")])
    assert text(done) == "stopped: 1\nits own program\nended: 0\n"


@pytest.mark.parametrize("number", [1, 2, 3, 6, 9, 11, 13, 14, 15, 24, 25, 31, 34, 64])
def test_a_signal_that_ends_the_program_ends_lx(number: int, lx_run: LxRun) -> None:
    """A shell says 128+n of it."""
    argv = ["perl", "-e", f"kill {number}, $$"]
    assert lx_run(argv).returncode == -number
    command, env = lx_command(argv, ENVIRONMENT)
    shell = subprocess.run(["sh", "-c", '"$@"; exit $?', "sh", *command], env=env, capture_output=True)
    assert shell.returncode == 128 + number


# ---- what cannot be run


def make(path: Path, content: bytes, mode: int = 0o755) -> None:
    path.write_bytes(content)
    path.chmod(mode)


ELF = Path("/bin/true").read_bytes()
REFUSED: dict[str, tuple[bytes | None, int, int, str]] = {
    "text": (b"hello\n", 0o755, 126, "not an executable"),
    "empty": (b"", 0o755, 126, "not an executable"),
    "cut": (ELF[:60], 0o755, 126, "not an executable"),
    "cut further on": (ELF[:200], 0o755, 126, "not an executable"),
    "other class": (ELF[:4] + b"\x01" + ELF[5:18] + b"\x03" + ELF[19:], 0o755, 126, "not an executable"),
    "other machine": (ELF[:18] + b"\xb7" + ELF[19:], 0o755, 126, "not an executable"),
    "no permission": (ELF, 0o644, 126, "permission denied"),
    "interpreter missing": (b"#!/no/such/interpreter\n", 0o755, 127, "interpreter is not there"),
    "ELF interpreter missing": (ELF.replace(b"/lib64/ld-linux", b"/lib64/no-linux"), 0o755, 127, "interpreter is not there"),
    "loop": (b"#!./loop\n", 0o755, 126, "lead to each other"),
    "broken interpreter": (b"#!./text\n", 0o755, 126, "not an executable"),
    "missing": (None, 0, 127, "not found"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_run_is_one_line_and_126_or_127(name: str, lx_run: LxRun, tmp_path: Path) -> None:
    content, mode, status, why = REFUSED[name]
    make(tmp_path / "text", b"hello\n")
    if content is not None:
        make(tmp_path / name, content, mode)
    assert why in one_line(lx_run([f"./{name}"]), status)


def test_directories_and_odd_names_are_refused(lx_run: LxRun, tmp_path: Path) -> None:
    assert "permission denied" in one_line(lx_run(["/usr"]), 126)
    assert "permission denied" in one_line(lx_run(["/dev/null"]), 126)
    assert "not a directory" in one_line(lx_run(["/etc/passwd/x"]), 127)
    assert "not found" in one_line(lx_run([""]), 127)
    assert "not found on PATH" in one_line(lx_run(["no-such-program"]), 127)
    assert "file name too long" in one_line(lx_run(["./" + "x" * 300]), 126)


USAGE = {
    (): "which program",
    ("--bogus", "true"): "no such option",
    ("--strac", "true"): "did you mean --strace",
    ("--cwd",): "value is missing",
    ("--strict=yes", "true"): "takes no value",
    ("-E", "X", "true"): "VAR=VALUE",
    ("--seed", "many", "true"): "not a number",
    ("--kernel-version", "linux", "true"): "not a release",
    ("--kernel-version", "1.2.3", "true"): "not a release",
    ("--hostname", "x" * 65, "true"): "longer than 64",
}


@pytest.mark.parametrize("words", USAGE)
def test_a_wrong_command_line_is_one_line_and_2(words: tuple[str, ...], lx_run: LxRun) -> None:
    assert USAGE[words] in one_line(lx_run([], options=words), 2)


def test_a_place_that_is_not_there_is_one_line_and_126(lx_run: LxRun, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for options, why in (
        (["--root", "/no/such"], "not a directory"),
        (["--root", "file"], "not a directory"),
        (["--cwd", "/no/such"], "no such file"),
        (["--cwd", "/etc/passwd"], "not a directory"),
        (["--strace=/no/such/file"], "no such file"),
        (["--stats=/no/such/file"], "no such file"),
        (["--zone", "/no/such"], "no such file"),
    ):
        assert why in one_line(lx_run(["true"], options=options), 126)
    assert "LX_RUNTIME_DIR" in one_line(lx_run(["true"], env={"LX_RUNTIME_DIR": "/usr"}), 126) or os.getuid()
    assert "LX_ENGINE=bogus" in one_line(lx_run(["true"], env={"LX_ENGINE": "bogus"}), 126)


def test_an_unknown_command_is_one_line() -> None:
    for words in (["bogus"], ["run", "--bogus"], ["syscalls", "--bogus"], ["syscalls", "no_such_call"]):
        done = subprocess.run([sys.executable, "-P", "-m", "lx", *words], capture_output=True)
        assert done.returncode in (1, 2)
        assert re.fullmatch(rb"lx: [^\n]+\n", done.stderr), done.stderr
