"""What happens around a run: streams that are closed or full, limits, several runs at once, signals from a terminal.

Where the machine can be asked, the same is done natively.
"""

import os
import pty
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from compared import ENVIRONMENT, TIMEOUT, LxRun, lx_command

Done = subprocess.CompletedProcess[bytes]


def both(shell: str, argv: list[str], cwd: Path, env: dict[str, str] | None = None) -> tuple[Done, Done]:
    """The command behind `shell` (which ends in "$@"), run natively and under lx."""
    command, lx_env = lx_command(argv, {**ENVIRONMENT, **(env or {})})
    results = []
    for words, environment in ((argv, {**ENVIRONMENT, **(env or {})}), (command, lx_env)):
        done = subprocess.run(
            ["bash", "-c", shell, "bash", *words], env=environment, cwd=cwd, capture_output=True, timeout=TIMEOUT
        )
        results.append(done)
    return results[0], results[1]


STREAMS = {
    "stdin closed": ('exec "$@" <&-', ["cat"]),
    "stdin closed, not wanted": ('exec "$@" <&-', ["busybox", "echo", "hello"]),
    "stdout closed": ('exec "$@" >&-', ["echo", "hello"]),
    "stderr closed": ('exec "$@" 2>&-', ["ls", "/nope"]),
    "all closed": ('exec "$@" <&- >&- 2>&-', ["sh", "-c", "echo x; exit 3"]),
    "stdout full": ('exec "$@" >/dev/full', ["echo", "hello"]),
    "stdout full, buffered": ('exec "$@" >/dev/full', ["seq", "100000"]),
    "stdout a pipe that nobody reads": ('"$@" | true; exit ${PIPESTATUS[0]}', ["yes"]),
    "a descriptor that lx was given": ('exec "$@" 9</etc/passwd', ["sh", "-c", "head -c 4 <&9; echo; ls /proc/self/fd"]),
    "file size limit": ('ulimit -f 4; exec "$@"', ["dd", "if=/dev/zero", "of=big", "bs=1024", "count=100"]),
    "file size limit of nothing": ('ulimit -f 0; exec "$@"', ["busybox", "echo", "hello"]),
    "few descriptors": ('ulimit -n 64; exec "$@"', ["sh", "-c", "ulimit -n; exec 9>&1; echo hello >&9"]),
    "very few descriptors": ('ulimit -n 24; exec "$@"', ["sh", "-c", "exec 6>&1; echo hello >&6"]),
    "a soft limit of memory": ('ulimit -Sv 400000; exec "$@"', ["perl", "-e", 'my $x = "x" x 500_000_000; print length $x']),
    "a soft limit of the stack": ('ulimit -Ss 256; exec "$@"', ["sh", "-c", "ulimit -s; echo hello"]),
    "SIGHUP and SIGINT ignored": ("trap '' HUP INT; exec \"$@\"", ["sh", "-c", "kill -HUP $$; kill -INT $$; echo alive"]),
    "umask": ('umask 077; exec "$@"', ["sh", "-c", "umask; echo >made; stat -c %a made; rm made"]),
    "nice": ('exec nice -n 5 "$@"', ["nice"]),
}


@pytest.mark.parametrize("name", STREAMS)
def test_streams_and_limits_are_as_without_lx(name: str, tmp_path: Path) -> None:
    shell, argv = STREAMS[name]
    native, ours = both(shell, argv, tmp_path)
    assert (ours.stdout, ours.stderr, ours.returncode) == (native.stdout, native.stderr, native.returncode)


def test_a_hard_limit_of_memory_is_one_line(tmp_path: Path) -> None:
    _, ours = both('ulimit -v 2000000; exec "$@"', ["true"], tmp_path)
    assert ours.returncode in (0, 126)
    if ours.returncode:
        assert ours.stderr.startswith(b"lx: address space is limited") and ours.stderr.count(b"\n") == 1


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """A directory on a full file system."""
    top = tmp_path / "small"
    top.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(top)]
    if os.getuid() or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("mounting a small tmpfs needs root")
    try:
        yield top
    finally:
        subprocess.run(["umount", str(top)], check=True)


def test_a_full_disk_is_the_programs_enospc(small: Path) -> None:
    argv = ["sh", "-c", "dd if=/dev/zero of=f bs=1000 count=1000 2>&1 | grep -v copied; stat -c %s f; cp f g; echo $?; rm -f f g"]
    native, ours = both('exec "$@"', argv, small)
    assert b"No space left" in native.stdout + native.stderr
    assert (ours.stdout, ours.stderr, ours.returncode) == (native.stdout, native.stderr, native.returncode)


def test_a_full_runtime_directory_is_one_line_or_nothing(small: Path) -> None:
    (small / "runtime").mkdir(mode=0o700)
    with suppress(OSError), open(small / "filler", "wb") as file:
        while True:
            file.write(bytes(4096))
    command, env = lx_command(["sh", "-c", "busybox true; echo done"], ENVIRONMENT)
    done = subprocess.run(command, env={**env, "LX_RUNTIME_DIR": str(small / "runtime")}, capture_output=True, timeout=TIMEOUT)
    assert b"Traceback" not in done.stderr and done.stderr.count(b"\n") <= 1
    assert (done.returncode, done.stdout) == (0, b"done\n") or (done.returncode == 126 and done.stderr.startswith(b"lx: "))


def test_a_trace_that_cannot_be_written_does_not_disturb_the_program(lx_run: LxRun) -> None:
    for option in ("--strace=/dev/full", "--stats=/dev/full"):
        done = lx_run(["busybox", "echo", "hello"], options=[option])
        assert (done.returncode, done.stdout) == (0, b"hello\n")


def test_a_huge_sparse_file(tmp_path: Path) -> None:
    script = "truncate -s 5T f && stat -c %s f && echo end | dd of=f bs=1 seek=5000000000000 conv=notrunc status=none"
    script += " && tail -c +5000000000001 f | head -c 4"
    native, ours = both('exec "$@"', ["sh", "-c", script], tmp_path)
    assert (ours.stdout, ours.stderr, ours.returncode) == (native.stdout, native.stderr, native.returncode)


# ---- several runs


def start(argv: list[str], tmp_path: Path, **how: object) -> "subprocess.Popen[bytes]":
    command, env = lx_command(argv, ENVIRONMENT)
    env["LX_RUNTIME_DIR"] = str(tmp_path / "runtime")
    (tmp_path / "runtime").mkdir(mode=0o700, exist_ok=True)
    streams = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, **how}
    return subprocess.Popen(command, env=env, cwd=tmp_path, **streams)  # type: ignore[call-overload, no-any-return]


def first_line(process: "subprocess.Popen[bytes]") -> bytes:
    assert process.stdout
    return process.stdout.readline()


def test_one_of_two_runs_is_killed_and_the_other_goes_on(tmp_path: Path) -> None:
    script = ["sh", "-c", "sleep 1000 & echo $!; read line; kill $!; echo got $line"]
    killed, other = (start(script, tmp_path) for _ in range(2))
    orphan = int(first_line(killed))
    first_line(other)
    killed.kill()
    assert killed.wait(10) == -signal.SIGKILL
    out, _ = other.communicate(b"word\n", 30)
    assert (out, other.returncode) == (b"got word\n", 0)
    os.kill(orphan, signal.SIGKILL)
    for stream in (killed.stdin, killed.stdout):
        assert stream
        stream.close()
    while not gone(orphan):
        time.sleep(0.01)
    last = start(["busybox", "true"], tmp_path)
    last.communicate(timeout=30)
    assert list((tmp_path / "runtime").iterdir()) == []


def gone(pid: int) -> bool:
    """Whether a process that is not our child has ended (a zombie of nobody's counts)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


# ---- a terminal


class Terminal:
    """A session leader with a terminal of its own: bash with job control, which starts what we type."""

    def __init__(self, command: list[str], env: dict[str, str]) -> None:
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.execvpe(command[0], command, env)
        self.seen = b""

    def type(self, text: bytes) -> None:
        os.write(self.fd, text)

    def insist(self, key: bytes, wanted: bytes) -> None:
        """Type a key until its signal shows: perl keeps one that comes just before it reads until the read has ended."""
        for _ in range(10):
            self.type(key)
            with suppress(AssertionError):
                self.until(wanted, 3.0)
                return
        raise AssertionError(self.seen)

    def until(self, wanted: bytes, timeout: float = 60.0) -> bytes:
        """What the terminal shows up to and with `wanted`."""
        end = time.monotonic() + timeout
        while wanted not in self.seen:
            import select

            assert select.select([self.fd], [], [], max(end - time.monotonic(), 0))[0], self.seen
            self.seen += os.read(self.fd, 4096)
        shown, _, self.seen = self.seen.partition(wanted)
        return shown

    def close(self) -> None:
        with suppress(OSError):
            os.close(self.fd)
        with suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Callable[[list[str]], Terminal]]:
    """bash on a terminal; `run` stands for the program under lx, or the program itself."""
    made = []

    def open_terminal(argv: list[str]) -> Terminal:
        quoted = " ".join(f"'{word}'" for word in argv)
        script = f'PS1="> "; run() {{ {quoted} "$@"; }}'
        (tmp_path / "rc").write_text(script + "\n")
        _, env = lx_command(["true"], ENVIRONMENT)
        made.append(Terminal(["bash", "--norc", "--noprofile", "-i"], {**env, "PS1": "> ", "TERM": "dumb"}))
        made[-1].until(b"> ")
        made[-1].type(b". " + os.fsencode(tmp_path / "rc") + b"; echo re''ady\n")
        made[-1].until(b"ready\r\n")
        return made[-1]

    yield open_terminal
    for each in made:
        each.close()


SIDES = {"natively": [], "under lx": lx_command([], ENVIRONMENT)[0]}


@pytest.mark.parametrize("side", SIDES)
def test_ctrl_c_and_ctrl_z(side: str, terminal: Callable[[list[str]], Terminal]) -> None:
    sh = terminal([*SIDES[side], "perl", "-e", '$| = 1; print "up\\n"; sleep 1 while 1'])
    sh.type(b"run\n")
    sh.until(b"up\r\n")
    sh.type(b"\x03")
    sh.type(b"echo status $?\n")
    assert b"130" in sh.until(b"status 130\r\n") + b"130"
    sh.type(b"run\n")
    sh.until(b"up\r\n")
    sh.type(b"\x1a")
    sh.until(b"Stopped")
    sh.type(b"jobs; kill -CONT %1; sleep 0.2; jobs; kill %1; wait %1; echo status $?\n")
    shown = sh.until(b"status 143\r\n")
    assert b"Running" in shown


@pytest.mark.parametrize("side", SIDES)
def test_a_program_that_catches_both(side: str, terminal: Callable[[list[str]], Terminal]) -> None:
    code = '$| = 1; $SIG{INT} = sub { print "int\\n" }; $SIG{TSTP} = sub { print "tstp\\n" }; print "up\\n";'
    code += ' while (<STDIN>) { print "line $_"; }'
    sh = terminal([*SIDES[side], "perl", "-e", code])
    sh.type(b"run\n")
    sh.until(b"up\r\n")
    for key, said in ((b"\x03", b"int\r\n"), (b"\x1a", b"tstp\r\n")):
        sh.insist(key, said)
    sh.type(b"word\n")
    sh.until(b"line word\r\n")
    sh.type(b"\x04")
    sh.type(b"echo status $?\n")
    sh.until(b"status 0\r\n")


@pytest.mark.parametrize("side", SIDES)
def test_a_shell_with_jobs_on_a_terminal(side: str, terminal: Callable[[list[str]], Terminal]) -> None:
    sh = terminal([*SIDES[side], "bash", "--norc", "--noprofile", "-i"])
    sh.type(b"run\n")
    sh.until(b"$ ") if side == "never" else None
    sh.type(b"PS1='inner '; sleep 100\n")
    time.sleep(1.5)
    sh.type(b"\x1a")
    sh.until(b"Stopped")
    sh.type(b"bg; jobs; kill %1; wait; echo in''ner done; exit 7\n")
    shown = sh.until(b"inner done\r\n")
    assert b"sleep 100 &" in shown
    sh.type(b"echo status $?\n")
    sh.until(b"status 7\r\n")
