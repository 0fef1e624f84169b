"""What every test may use: guest programs built from source, programs run natively and under lx, and the two compared.

The kernel under this machine is the oracle: a step runs natively, then under lx, in equal fresh directories with an
equal environment, and everything that can be seen (output, status, file tree) must be equal. lx is always the installed
package of the Python that runs the tests (`python -P -m lx`), never the source tree; the report's header says which.

Guests are compiled once per source, flags and compiler, into a directory that pytest's workers share; a lock file keeps
two workers from building one program twice. LX_ENGINE chooses the engine; lx inherits it and the guest does not.
"""

import contextlib
import fcntl
import hashlib
import importlib
import os
import re
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import entry_points
from pathlib import Path

import pytest
from compared import ENVIRONMENT, GUESTS, TIMEOUT, Build, LxRun, Outcome, lx_command, observe
from programs import Case

with contextlib.suppress(ImportError):  # before the other one loads Unicorn, as in a process that runs a program
    importlib.import_module("lx.cpu._compiled")

PLUGIN = "lx.testing.plugin"
pytest_plugins = () if any(e.value == PLUGIN for e in entry_points(group="pytest11")) else (PLUGIN,)
"""An installed lx brings it; a source tree on PYTHONPATH does not."""
CI = os.environ.get("CI") == "true"


OPERATOR_LINE = re.compile(rb"^lx: .*: unsupported .*\n", re.M)


def without_operator(stderr: bytes) -> bytes:
    """Standard error without what lx tells its operator of calls that it does not have."""
    return OPERATOR_LINE.sub(b"", stderr)


def pytest_report_header() -> list[str]:
    import lx

    return [f"lx: {lx.__file__ or list(lx.__path__)}", f"engine: {os.environ.get('LX_ENGINE', 'as chosen at import')}"]


def pytest_configure(config: pytest.Config) -> None:
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT):
        if signal.getsignal(number) == signal.SIG_IGN:  # as a shell starts a job in the background; programs would inherit it
            signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)
    config.addinivalue_line("markers", "debian: needs a program from a Debian package (.ci/run installs them all)")
    if os.environ.get("LX_TEST_INSTALLED"):
        import lx

        if Path(lx.__file__).resolve().parent.parent == Path(__file__).resolve().parent.parent:
            raise pytest.UsageError(f"the tests must run against the installed package, not {lx.__file__}")


def need(*programs: str) -> None:
    """Skip unless every program is on the guest's PATH; in CI a missing one is a failure."""
    missing = [p for p in programs if shutil.which(p, path=ENVIRONMENT["PATH"]) is None]
    if missing:
        why = f"not installed: {' '.join(missing)}"
        if CI:
            pytest.fail(f"{why}; .ci/run must install it")
        pytest.skip(why)


@pytest.fixture(name="need")
def need_fixture() -> Callable[..., None]:
    """`need("jq", ...)`: skip with the reason where a program is missing."""
    return need


def made_once(key: Sequence[bytes], make: Callable[[Path], None]) -> Path:
    """The directory that `make` fills, for this key: once for all of pytest's workers and runs."""
    cache = Path(tempfile.gettempdir()) / f"lx-guests-{os.getuid()}"
    cache.mkdir(mode=0o700, exist_ok=True)
    if cache.stat().st_uid != os.getuid():
        pytest.fail(f"{cache} belongs to somebody else")
    made = cache / hashlib.sha256(b"\0".join(key)).hexdigest()[:16]
    with open(cache / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.exists():
            with tempfile.TemporaryDirectory(dir=cache) as half:
                make(Path(half) / made.name)
                (Path(half) / made.name).rename(made)
    return made


def compile_in(directory: Path, command: Sequence[str], env: Mapping[str, str] | None = None) -> None:
    """Run a compiler in a directory."""
    done = subprocess.run(command, cwd=directory, env=env, capture_output=True, text=True, timeout=TIMEOUT)
    if done.returncode:
        pytest.fail(f"{' '.join(command)}\n{done.stderr}")


@pytest.fixture(scope="session")
def build() -> Build:
    """`build(source, *flags, compiler="gcc")`: the program made of one C or assembly file of tests/guests."""

    def build_one(source: str | Path, *flags: str, compiler: str = "gcc") -> Path:
        need(compiler)
        path = GUESTS / source
        header = (GUESTS / "guest.h").read_bytes()

        def make(directory: Path) -> None:
            directory.mkdir()
            compile_in(directory, [compiler, "-O1", "-w", "-D_GNU_SOURCE", *flags, "-o", path.stem, str(path)])

        return made_once([path.read_bytes(), header, compiler.encode(), *map(os.fsencode, flags)], make) / path.stem

    return build_one


@pytest.fixture(scope="session")
def brought() -> Callable[[Case], dict[str, str | bytes]]:
    """`brought(case)`: the files that a program's case finds: its own, and what is built of its sources."""

    def files_of(case: Case) -> dict[str, str | bytes]:
        sources = case.source_files()
        if not case.build:
            return {**case.files, **sources}

        def make(directory: Path) -> None:
            directory.mkdir()
            for name, content in sources.items():
                (directory / name).write_bytes(content)
            compile_in(directory, case.build, {**os.environ, "PATH": ENVIRONMENT["PATH"], **case.env})

        made = made_once([*map(os.fsencode, case.build), *sources.values()], make)
        return {**case.files, **{p.name: p.read_bytes() for p in made.iterdir() if p.name not in sources}}

    return files_of


@pytest.fixture
def lx_run(tmp_path: Path) -> LxRun:
    """`lx_run(argv, options=(), stdin=b"", env={}, cwd=None)`: run a program under lx, its streams caught."""

    def run(
        argv: Sequence[str | bytes | Path],
        *,
        options: Sequence[str] = (),
        stdin: bytes = b"",
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        timeout: float = TIMEOUT,
    ) -> subprocess.CompletedProcess[bytes]:
        command, environment = lx_command([os.fsdecode(a) for a in argv], {**ENVIRONMENT, **(env or {})}, options)
        with subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            cwd=cwd or tmp_path, env=environment, start_new_session=True,
        ) as process:  # fmt: skip
            try:
                out, err = process.communicate(stdin, timeout)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                out, err = process.communicate()
                pytest.fail(f"no end after {timeout} s: {argv}\n{out!r}\n{err!r}")
        return subprocess.CompletedProcess(list(argv), process.returncode, out, err)

    return run


@pytest.fixture
def compare(tmp_path: Path) -> Callable[..., Outcome]:
    """`compare(argv, files={}, stdin=b"", stderr=True)`: run natively and under lx; all that can be seen is equal."""

    def both(
        argv: Sequence[str],
        *,
        files: Mapping[str, str | bytes] | None = None,
        stdin: bytes = b"",
        env: Mapping[str, str] | None = None,
        stderr: bool = True,
        tree: bool = True,
    ) -> Outcome:
        environment = {**ENVIRONMENT, **(env or {})}
        native = observe(list(argv), environment, tmp_path, files or {}, stdin)
        command, lx_environment = lx_command(list(argv), environment)
        under_lx = observe(command, lx_environment, tmp_path, files or {}, stdin)
        assert under_lx.stdout == native.stdout, under_lx.stderr.decode(errors="replace")[-2000:]
        if stderr:
            assert without_operator(under_lx.stderr) == native.stderr
        assert under_lx.shell_status == native.shell_status
        if tree:
            assert under_lx.tree == native.tree
        return native

    return both
