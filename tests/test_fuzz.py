"""`lx fuzz`: what it finds, keeps, prints and survives. Faults are planted in the emulator by a sitecustomize module."""

import json
import os
import pty
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from lx.cli.fuzz import Usage, calls_of, duration
from lx.testing.database import BadDatabase, Database
from lx.testing.finding import bug_kind, bugs, program_from_json, program_to_json
from lx.testing.generate import NEVER
from lx.testing.processes import descendants
from lx.testing.worker import Settings, program

pytestmark = pytest.mark.one_engine

QUICK = ("--jobs", "1", "--engines", "0", "--seed", "1", "--calls", "umask,getpriority", "--length", "6")
WRONG_UMASK = "plant('umask', lambda original, t, mask: original(t, mask) | 1)"
CRASH = "plant('getpriority', lambda original, t, which, who: 1 // 0)"
PLANT = """
def plant(name, broken):
    from functools import partial
    from syscalls import table
    from syscalls.index import FAMILY_OF
    row = next(row for row in table.rows_of(FAMILY_OF[name]) if row.name == name)
    row.handler = partial(broken, row.handler)
    table.Table.direct = lambda self: {}  # the engine serves no call without its handler

"""
Fuzz = Callable[..., subprocess.CompletedProcess[str]]


def environment(plant: Path | None) -> dict[str, str]:
    path = [str(plant)] if plant else []
    return {**os.environ, "PYTHONPATH": os.pathsep.join([*path, *filter(None, [os.environ.get("PYTHONPATH")])])}


@pytest.fixture
def planted(tmp_path: Path) -> Callable[[str], Path]:
    def make(source: str) -> Path:
        directory = tmp_path / "plant"
        directory.mkdir(exist_ok=True)
        (directory / "sitecustomize.py").write_text(PLANT + source + "\n")
        return directory

    return make


@pytest.fixture
def fuzz(tmp_path: Path) -> Fuzz:
    def run(*words: str | Path, plant: Path | None = None) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-P", "-m", "lx", "fuzz", *map(str, words)]
        return subprocess.run(
            command, capture_output=True, text=True, timeout=120, cwd=tmp_path, env=environment(plant), stdin=subprocess.DEVNULL
        )

    return run


# ---- the command line


@pytest.mark.parametrize(("text", "seconds"), [("90", 90), ("90s", 90), ("10m", 600), ("1.5h", 5400), ("1d", 86400)])
def test_a_time(text: str, seconds: float) -> None:
    assert duration(text) == seconds


def test_a_set_of_calls() -> None:
    assert calls_of("") == ()
    assert calls_of("read,close") == ("close", "read")
    files = calls_of("files")
    assert {"openat", "dup3", "lseek"} <= set(files)
    assert not set(files) & set(NEVER)
    for bad, says in (("opnat", "did you mean"), ("reboot", "does not have"), (next(iter(NEVER)), "never generated")):
        with pytest.raises(Usage, match=says):
            calls_of(bad)


@pytest.mark.parametrize(
    "words",
    [
        ("--time", "soon"),
        ("--calls", "nothing"),
        ("--jobs", "-1"),
        ("--db", "/proc/nowhere"),
        ("--json", "/nowhere/report"),
        ("--known", "/nowhere/known"),
        ("--scheduler", "tcp://127.0.0.1:1"),
    ],
)
def test_a_wrong_command_line_is_one_line_and_status_2(fuzz: Fuzz, words: tuple[str, ...]) -> None:
    done = fuzz("--time", "1s", *words)
    assert done.returncode == 2
    assert re.fullmatch(r"lx: fuzz: .*\n", done.stderr.split("\n", done.stderr.count("\n") - 1)[-1]), done.stderr
    assert "Traceback" not in done.stderr


def test_without_rich_it_says_what_to_install(fuzz: Fuzz, planted: Callable[[str], Path]) -> None:
    done = fuzz("--time", "1s", plant=planted("import sys; sys.modules['rich'] = None"))
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "lx: fuzz: rich is missing: pip install 'lx[testing]'\n"


# ---- finding


def test_a_planted_fault_is_found_shrunk_printed_and_remembered(
    fuzz: Fuzz, planted: Callable[[str], Path], tmp_path: Path, need: Callable[..., None]
) -> None:
    need("gcc")
    plant = planted(WRONG_UMASK)
    words = (*QUICK, "--programs", "100", "--db", tmp_path / "db", "--json", tmp_path / "json", "--html", tmp_path / "html")
    done = fuzz(*words, plant=plant)
    assert done.returncode == 1, done.stderr
    report = json.loads((tmp_path / "json").read_text())
    found = {one["call"]: one for one in report["divergences"]}["umask"]
    assert (found["what"], found["lx"], found["linux"], found["new"], found["minimal"]) == ("result", "19", "18", True, True)
    assert [step["call"] for step in found["program"]["steps"]] == ["umask"]
    assert report["programs"] == 100
    assert report["calls"] > 100
    assert report["seed"] == 1
    assert "umask: result: lx 19, Linux 18" in done.stdout
    assert [path.stem for path in (tmp_path / "db/findings").iterdir()] == [one["id"] for one in report["divergences"]]

    page = (tmp_path / "html").read_text()
    assert "<code>umask</code> result" in page
    assert not re.search(r"""src=|href="[^#]|url\(|@import|https?:""", page)

    replayed = subprocess.run(
        [sys.executable, "-c", found["python"]], capture_output=True, text=True, timeout=60, env=environment(plant), check=True
    )
    assert re.search(r"^umask +19 +18 +<- differs$", replayed.stdout, re.M)
    (tmp_path / "shown.c").write_text(found["c"])
    subprocess.run(["gcc", "-Wall", "-Wextra", "-Werror", "-o", tmp_path / "shown", tmp_path / "shown.c"], check=True)
    shown = subprocess.run([tmp_path / "shown"], capture_output=True, text=True, timeout=60, check=True)
    assert "umask = 18\n" in shown.stdout

    again = fuzz(*words, plant=plant)
    more = json.loads((tmp_path / "json").read_text())
    assert again.returncode == 0, again.stdout
    assert (more["programs"], more["run"]["programs"], more["new"]) == (200, 100, 0)
    assert more["calls"] > report["calls"]
    assert {one["id"] for one in more["divergences"]} == {one["id"] for one in report["divergences"]}
    assert "found before" in again.stdout


def test_a_known_divergence_is_counted_and_is_nothing_new(fuzz: Fuzz, planted: Callable[[str], Path], tmp_path: Path) -> None:
    (tmp_path / "known.toml").write_text(
        '[[divergence]]\ncall = "umask"\nwhat = "result"\nlx = "success"\nlinux = "success"\nreason = "deliberate"\n'
        'why = "A test."\nwitness = [["umask", 0]]\n'
    )
    words = (*QUICK, "--programs", "100", "--known", "known.toml", "--json", "-")
    done = fuzz(*words, plant=planted(WRONG_UMASK))
    report = json.loads(done.stdout)
    assert "umask" not in [one["call"] for one in report["divergences"]]
    known = report["known"][0]
    assert (known["name"], known["reason"], known["why"]) == ("umask result: lx success, Linux success", "deliberate", "A test.")
    assert known["seen"] > 5


def test_a_fault_of_the_emulator_is_a_finding_with_its_report(fuzz: Fuzz, planted: Callable[[str], Path]) -> None:
    done = fuzz(*QUICK, "--programs", "100", "--json", "-", plant=planted(CRASH))
    assert done.returncode == 1
    crashes = [one for one in json.loads(done.stdout)["divergences"] if one["kind"] == "crash"]
    assert [one["call"] for one in crashes] == ["getpriority"]
    assert "ZeroDivisionError" in crashes[0]["key"]
    assert "Traceback (most recent call last)" in crashes[0]["report"]


def test_what_is_a_fault_of_the_emulator() -> None:
    said = b"lx: frob: unsupported call\nlx: bug in lx: KeyError(5) at guest pc 0x400123, last call 0x1 0x2; report in /tmp/r\n"
    assert len(bugs(said)) == 1
    assert bug_kind(bugs(said)[0]) == "lx: bug in lx: KeyError(N)"
    trace = b"Traceback (most recent call last):\n  File \"x\", line 1, in <module>\nValueError: 12\n"
    assert [bug_kind(text) for text in bugs(trace)] == ["ValueError: N"]


def test_the_engines_are_compared(fuzz: Fuzz, planted: Callable[[str], Path], tmp_path: Path) -> None:
    pytest.importorskip("lx.cpu._compiled", reason="there is one engine")
    only = f"import os\nif os.environ.get('LX_ENGINE') == 'pure': {WRONG_UMASK}"
    done = fuzz(*QUICK, "--engines", "1", "--programs", "100", "--json", "-", plant=planted(only))
    report = json.loads(done.stdout)
    found = [one for one in report["divergences"] if one["kind"] == "engines"]
    assert report["engine_compared"] == 100
    assert [one["call"] for one in found] == ["umask"]


# ---- staying in one piece


@pytest.fixture
def started(tmp_path: Path, planted: Callable[[str], Path]) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    running: list[subprocess.Popen[str]] = []

    def start(*words: str | Path) -> subprocess.Popen[str]:
        command = [sys.executable, "-P", "-m", "lx", "fuzz", *map(str, words)]
        running.append(
            subprocess.Popen(
                command,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                cwd=tmp_path,
                env={**environment(planted(WRONG_UMASK)), "TMPDIR": str(tmp_path)},
            )
        )
        return running[-1]

    yield start
    for process in running:
        with suppress(OSError):
            process.kill()
        process.communicate()


def wait_for(what: Callable[[], Any], seconds: float = 60) -> Any:
    end = time.monotonic() + seconds
    while not (value := what()):
        assert time.monotonic() < end, "not in time"
        time.sleep(0.05)
    return value


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_an_interruption_loses_nothing_and_leaves_nothing(
    started: Callable[..., subprocess.Popen[str]], fuzz: Fuzz, tmp_path: Path, number: int
) -> None:
    findings = tmp_path / "db" / "findings"
    campaign = started(*QUICK, "--time", "5m", "--jobs", "2", "--db", tmp_path / "db")
    wait_for(lambda: findings.is_dir() and list(findings.glob("*.json")))
    wait_for(lambda: len(descendants(campaign.pid)) >= 6)
    family = descendants(campaign.pid)
    campaign.send_signal(number)
    out, err = campaign.communicate(timeout=60)
    found = {path.name for path in findings.glob("*.json")}
    assert found
    if number == signal.SIGKILL:
        assert campaign.returncode == -number
        wait_for(lambda: not any(os.path.exists(f"/proc/{pid}") for pid in family))
    else:
        assert campaign.returncode == 1, err
        assert "umask: result: lx 19, Linux 18" in out
        assert "stopped early" in out
        assert not any(os.path.exists(f"/proc/{pid}") for pid in family)
    again = started(*QUICK, "--programs", "100", "--db", tmp_path / "db")
    out, err = again.communicate(timeout=100)
    assert again.returncode in (0, 1), err
    assert "umask: result: lx 19, Linux 18" in out
    assert not list(tmp_path.glob("lx-fuzz-*"))


def test_two_campaigns_do_not_share_a_directory(
    started: Callable[..., subprocess.Popen[str]], fuzz: Fuzz, tmp_path: Path
) -> None:
    started(*QUICK, "--time", "5m", "--db", tmp_path / "db")
    wait_for(lambda: (tmp_path / "db" / "lock").exists())
    time.sleep(0.2)
    done = fuzz(*QUICK, "--time", "1s", "--db", tmp_path / "db")
    assert done.returncode == 2
    assert done.stderr == f"lx: fuzz: {tmp_path}/db: another campaign is using it\n"


def test_a_worker_that_is_killed_is_replaced_and_told(started: Callable[..., subprocess.Popen[str]], tmp_path: Path) -> None:
    campaign = started(*QUICK, "--programs", "300", "--db", tmp_path / "db", "--json", tmp_path / "json")
    wait_for(lambda: len(descendants(campaign.pid)) >= 3)
    time.sleep(0.5)
    os.kill(descendants(campaign.pid)[0], signal.SIGKILL)
    _, err = campaign.communicate(timeout=100)
    report = json.loads((tmp_path / "json").read_text())
    assert report["programs"] == 300
    assert "lx: fuzz: a worker has ended: killed by signal 9" in err


def test_on_a_terminal_there_is_a_bar(tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    command = [sys.executable, "-P", "-m", "lx", "fuzz", *QUICK, "--programs", "100"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=theirs, cwd=tmp_path, env={**os.environ, "TERM": "xterm"})
    os.close(theirs)
    shown = b""
    with suppress(OSError):
        while data := os.read(ours, 4096):
            shown += data
    os.close(ours)
    process.communicate(timeout=60)
    assert b"calls compared" in shown
    assert "\N{BOX DRAWINGS HEAVY HORIZONTAL}".encode() in shown


def test_a_cluster_of_two_workers(fuzz: Fuzz, planted: Callable[[str], Path], tmp_path: Path) -> None:
    pytest.importorskip("distributed", reason="distributed is not installed: pip install 'lx[cluster]'")
    source = """
import subprocess, sys
from distributed import LocalCluster
if __name__ == "__main__":
    with LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None) as cluster:
        command = [sys.executable, "-P", "-m", "lx", "fuzz", "--scheduler", cluster.scheduler_address, *sys.argv[1:]]
        sys.exit(subprocess.run(command).returncode)
"""
    (tmp_path / "cluster.py").write_text(source)
    words = (*QUICK, "--programs", "400", "--json", str(tmp_path / "json"), "--db", str(tmp_path / "db"))
    done = subprocess.run(
        [sys.executable, tmp_path / "cluster.py", *words],
        capture_output=True, text=True, timeout=180, cwd=tmp_path, env=environment(planted(WRONG_UMASK)),
    )  # fmt: skip
    assert done.returncode == 1, done.stderr
    report = json.loads((tmp_path / "json").read_text())
    assert report["programs"] == 400
    assert "umask" in [one["call"] for one in report["divergences"]]


# ---- the parts


def test_programs_are_the_same_everywhere() -> None:
    settings = Settings(seed=5, calls=("umask",))
    made = [program(settings, index) for index in range(20)]
    assert made == [program(Settings.from_json(json.loads(json.dumps(settings.as_json()))), index) for index in range(20)]
    assert len(set(made)) == 20
    for one in made:
        back = program_from_json(json.loads(json.dumps(program_to_json(one))))
        assert (back.steps, back.pool) == (one.steps, one.pool.rstrip(b"\0"))


def test_chunks_that_were_not_finished_are_run_again(tmp_path: Path) -> None:
    settings = Settings(seed=5)
    database = Database(str(tmp_path / "db"))
    database.begin(settings)
    for chunk in (0, 1, 4, 2, 7):
        database.done(chunk, {"counts": {"calls": 10}})
    del database
    again = Database(str(tmp_path / "db"))
    assert again.seed == 5
    again.begin(settings)
    todo = again.todo()
    assert [next(todo) for _ in range(5)] == [3, 5, 6, 8, 9]
    assert again.totals["counts"] == {"calls": 50}
    again.begin(Settings(seed=6))
    assert next(again.todo()) == 0


def test_a_damaged_directory_is_named(tmp_path: Path) -> None:
    Database(str(tmp_path / "db")).save()
    (tmp_path / "db" / "findings" / "x.json").write_text("{")
    with pytest.raises(BadDatabase, match=r"findings/x\.json"):
        Database(str(tmp_path / "db"))
