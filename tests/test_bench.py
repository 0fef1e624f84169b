"""The benchmark suite: what it makes of peers that misbehave, what it writes, what its gate says. No figure is asserted."""

import json
import os
import re
import shutil
import stat
import subprocess
import sys
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import pytest

pytest.importorskip("pyperf", reason="lx[bench] is not installed")

from lx.bench import breakdown, counts, measure, page, peers, programs, result, rows, suite, svg, text
from lx.bench.measure import Measured, Plan, Problem, Run, Sample
from lx.bench.peers import Peer
from lx.cpu import engine_name

pytestmark = pytest.mark.one_engine

SHORT = Plan(rounds=2, values=1, value_ns=100_000, limit=20.0)
GETPID = rows.Row("null getpid", "null_getpid", "getpid", "null calls")
DARK_WORDS = ("http://", "https://", "<script", "<link", "@import", "url(")


@pytest.fixture(scope="session")
def micro(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The measured program."""
    if shutil.which(os.environ.get("CC", "cc")) is None:
        pytest.skip("no C compiler")
    return measure.build(tmp_path_factory.mktemp("micro"), suite.GUESTS.glob("*.c"))


@pytest.fixture
def fake(tmp_path: Path) -> Callable[[str], Peer]:
    """`fake(script)`: a peer that runs a shell script instead of the program."""

    def make(script: str, name: str = "fake") -> Peer:
        path = tmp_path / name
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
        return Peer(name, (str(path),))

    return make


def row_of(micro: Path, *columns: Peer, plan: Plan = SHORT) -> Measured:
    return measure.measure_row(GETPID, "micro", columns, micro, plan)


@pytest.mark.parametrize("row", rows.MICRO, ids=lambda row: row.name)
def test_every_operation_runs_natively(micro: Path, row: rows.Row) -> None:
    measured = measure.measure_row(row, "micro", [Peer("native")], micro, Plan(1, 1, 10_000))
    assert measured.columns["native"].problem == ""
    assert measured.columns["native"].median > 0


def test_scale_rows_name_operations_that_exist(micro: Path) -> None:
    for row in {row.op: row for row in rows.SCALE}.values():
        assert measure.measure_row(row, "scale", [Peer("native")], micro, Plan(1, 1, 10_000)).columns["native"].problem == ""


def test_names_are_unique() -> None:
    names = [row.name for row in (*rows.MICRO, *rows.SCALE)] + [program.name for program in programs.PROGRAMS]
    assert len(names) == len(set(names))


def test_lx_is_measured_beside_native(micro: Path) -> None:
    measured = row_of(micro, *peers.find([]))
    assert {name: sample.problem for name, sample in measured.columns.items()} == {"native": "", "lx": ""}
    assert len(measured.columns["lx"].runs) == 2
    assert measured.ratio("lx", "native") is not None


def test_a_call_that_is_not_there_is_unsupported(micro: Path, fake: Callable[[str], Peer]) -> None:
    sample = row_of(micro, fake("echo 'unsupported: epoll_create1(0): Function not implemented'; exit 77")).columns["fake"]
    assert sample.problem.startswith("unsupported: epoll_create1")
    assert sample.runs == []


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("kill -SEGV $$", "crashed: SIGSEGV"),
        ("exit 139", "crashed: SIGSEGV"),
        ("echo 'no such thing' >&2; exit 3", "failed: status 3: no such thing"),
        ("exit 0", "nonsense: 0 values instead of 1"),
        ("echo 'value ten 5'", "nonsense: it printed 'value ten 5'"),
        ("echo 'value 10 0'", "nonsense: its clock stands still"),
        ("echo 'value 10 -4'", "nonsense: its clock stands still"),
        ("echo 'value 0 4'", "nonsense: it printed 'value 0 4'"),
        ("echo 'value 10 99000000000'", "nonsense: 99 s inside"),
        ("echo 'failed: read: result 0'", "failed: read: result 0"),
        ("head -c 100000 /dev/urandom", "nonsense: it printed"),
    ],
)
def test_what_misbehaves_is_named_and_the_others_go_on(micro: Path, fake: Callable[[str], Peer], script: str, said: str) -> None:
    measured = row_of(micro, fake(script), Peer("native"))
    assert measured.columns["fake"].problem.startswith(said)
    assert measured.columns["fake"].runs == []
    assert len(measured.columns["native"].runs) == 2


def test_what_hangs_is_killed_with_its_children(micro: Path, fake: Callable[[str], Peer], tmp_path: Path) -> None:
    measured = row_of(micro, fake(f"sleep 60 & echo $! > {tmp_path}/child; sleep 60"), plan=Plan(2, 1, 1000, limit=0.5))
    assert measured.columns["fake"].problem.startswith("hung")
    child = int((tmp_path / "child").read_text())
    with pytest.raises(ProcessLookupError):
        for _ in range(200):
            os.kill(child, 0)
            if "State:\tZ" in Path(f"/proc/{child}/status").read_text():
                raise ProcessLookupError


def test_what_is_absent_is_named(micro: Path) -> None:
    measured = row_of(micro, Peer("gone", absent="it is not here"), Peer("native"))
    assert measured.columns["gone"].problem == "absent: it is not here"
    assert row_of(micro, Peer("gone", ("/no/such/program",))).columns["gone"].problem.startswith("cannot be started")


def test_a_peer_without_a_clock_is_timed_by_its_wall_time(micro: Path) -> None:
    sample = row_of(micro, Peer("slow", by_wall=True), plan=Plan(1, 1, 100_000)).columns["slow"]
    assert sample.problem or 0 < sample.median < 1e-3


def test_unknown_peers_are_refused() -> None:
    with pytest.raises(ValueError, match="bochs: no such peer; there are native, lx"):
        peers.find(["bochs"])


def test_ratios_are_taken_round_by_round() -> None:
    measured = Measured("micro", "x", "x", "")
    measured.columns = {
        "lx": Sample([Run([2.0]), Run([20.0]), Run([4.0])]),
        "native": Sample([Run([1.0]), Run([10.0]), Run([2.0])]),
        "bad": Sample(problem="crashed: SIGBUS"),
    }
    assert measured.ratio("lx", "native") == (2.0, 0.0)
    assert measured.ratio("lx", "bad") is None
    assert text.cell(measured.columns["lx"], "second").endswith("~")
    assert text.cell(measured.columns["bad"], "second") == "crashed"


def test_an_interrupted_run_keeps_what_it_has(monkeypatch: pytest.MonkeyPatch, micro: Path, tmp_path: Path) -> None:
    seen: list[str] = []

    def interrupted(row: rows.Row, *_: object) -> Measured:
        if len(seen) == 2:
            raise KeyboardInterrupt
        measured = Measured("micro", row.name, row.title, row.group)
        measured.columns["native"] = Sample([Run([1e-6])])
        return measured

    monkeypatch.setattr(measure, "measure_row", interrupted)
    monkeypatch.setattr(measure, "build", lambda *_: micro)
    found = result.Result("lx bench")
    suite.run(found, ("micro",), [Peer("native")], SHORT, lambda row: seen.append(row.name))
    assert [row.name for row in found.rows] == seen == ["null getpid", "null gettid"]
    assert found.interrupted
    result.save(found, tmp_path / "kept.json")
    assert result.load(tmp_path / "kept.json").interrupted


@pytest.fixture
def sample_result() -> result.Result:
    """A result with everything in it, awkward names included."""
    found = result.Result("lx bench --suite all")
    found.describe([Peer("native", version="Linux"), Peer("blink", absent="blink is not on PATH")])
    for name, title, x in (("null <getpid>", "a & b", None), ("scale 10", "others", 10), ("scale 1000", "others", 1000)):
        measured = Measured("scale" if x else "micro", name, title, "curve" if x else "g", x=x, targets=(("native", 0.5),))
        measured.columns = {
            "native": Sample([Run([1e-7, 1.1e-7], 100, [(1, 2e-7)]), Run([1.05e-7])]),
            "lx": Sample([Run([2e-7]), Run([4e-7])]),
            "qiling": Sample(problem="crashed: SIGSEGV: <oops>"),
        }
        found.rows.append(measured)
    part = {"name": "exit & entry", "seconds": 5e-8}
    found.breakdown = {
        "paths": [{"title": "a path", "total": 1e-7, "parts": [part, part]}],
        "strategies": [{"name": "one", "seconds": 1e-8}, {"name": "two", "problem": "absent: Python.h"}],
    }
    found.counts = {"kind": "CPython", "rows": {"null getpid": 1870.0}}
    return found


def test_the_file_is_read_by_pyperf_and_by_us(sample_result: result.Result, tmp_path: Path) -> None:
    import pyperf

    path = tmp_path / "result.json"
    result.save(sample_result, path)
    read = pyperf.BenchmarkSuite.load(str(path))
    assert read.get_benchmark("null <getpid> [lx]").get_values() == (2e-7, 4e-7)
    again = result.load(path)
    assert [row.columns["lx"].rounds() for row in again.rows] == [row.columns["lx"].rounds() for row in sample_result.rows]
    assert again.rows[0].columns["qiling"].problem == "crashed: SIGSEGV: <oops>"
    assert text.markdown(again) == text.markdown(sample_result)
    command = [sys.executable, "-m", "pyperf", "compare_to", path, path]
    assert subprocess.run(command, capture_output=True, check=False).returncode == 0


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"lx": {"format": 99}}', "\0"])
def test_a_file_that_is_no_result_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "x.json").write_text(content)
    with pytest.raises(ValueError, match=r"x\.json: not "):
        result.load(tmp_path / "x.json")


class Checker(HTMLParser):
    """Every element that is opened is closed, in order."""

    VOID = frozenset({"meta", "br"})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_startendtag(self, tag: str, attrs: object) -> None:
        """<line ... />: nothing is left open."""


def test_the_page_is_whole_and_needs_no_network(sample_result: result.Result) -> None:
    html = page.html(sample_result)
    checker = Checker()
    checker.feed(html)
    assert checker.open == []
    assert not [word for word in DARK_WORDS if word in html]
    assert "<oops>" not in html
    assert "prefers-color-scheme: dark" in html
    for words in ("a &amp; b", "not on PATH", "exit &amp; entry", "lx bench --suite all", "1,870"):
        assert words in html


def test_pictures_with_nothing_or_with_one_point() -> None:
    assert svg.curves({}, "x", "y") == ""
    assert svg.value_bars([("a", None, "absent")], "y") == ""
    assert "polyline" in svg.curves({"lx": [(10.0, 5.0)]}, "x", "y")


def test_the_page_says_why_a_curve_grows() -> None:
    measured = Measured("scale", "c 10", "things", "c", x=10, why="each is looked at")
    measured.columns["native"] = Sample([Run([1e-6])])
    curves = result.Result("lx bench", rows=[measured])
    assert "Its growth: each is looked at.\n" in text.markdown(curves)


def test_the_markdown_names_ratio_and_target(sample_result: result.Result) -> None:
    words = text.markdown(sample_result)
    assert re.search(r"\| a & b \| .* \| 0\.5x native: not reached \|", words)
    assert "blink: absent: blink is not on PATH" in words


def test_the_breakdown_adds_up() -> None:
    found = breakdown.measure(quick=True)
    for path in found["paths"]:
        assert sum(part["seconds"] for part in path["parts"]) >= path["total"] * 0.99
    assert [s for s in found["strategies"] if "seconds" in s]


def test_a_rival_takes_the_programs_place(micro: Path) -> None:
    (row,) = [row for row in rows.MICRO if row.name == "fork+wait"]
    measured = measure.measure_row(row, "micro", [Peer("native")], micro, Plan(1, 1, 100_000))
    assert measured.columns["CPython"].problem == ""
    assert text.line(measured, ["native"]).count("CPython") == 1


def test_a_bound_may_be_a_size() -> None:
    measured = Measured("programs", "true.peak", "peak", "", "byte", targets=(("", 45e6),))
    measured.columns["lx"] = Sample([Run([46e6])])
    assert text.target(measured) == "45 MB: not reached"


# ---- the gate


def test_the_gate_fails_above_five_percent_only() -> None:
    verdicts = counts.compare(
        {"same": 100.0, "better": 100.0, "worse": 100.0}, {"same": 104.9, "better": 50, "worse": 105.1, "new": 7}
    )
    assert [verdict.name for verdict in verdicts if verdict.red] == ["worse"]
    assert "TOO MANY" in str(verdicts[2])


def test_a_row_that_is_no_longer_counted_is_red() -> None:
    assert [verdict.name for verdict in counts.compare({"gone": 5.0}, {}) if verdict.red] == ["gone"]


@pytest.mark.parametrize("content", ["", "[]", '{"CPython": 5}'])
def test_a_broken_baseline_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "baseline.json").write_text(content)
    with pytest.raises(ValueError, match="baseline"):
        counts.read_baseline(tmp_path / "baseline.json")


def test_the_committed_baseline_has_every_row() -> None:
    known = counts.read_baseline(Path(__file__).parent.parent / "bench" / "baseline.json")
    for kind, counted in known.items():
        assert set(counted) == {row.name for row in counts.HOT}, kind


def test_without_valgrind_there_is_a_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: None)
    with pytest.raises(Problem, match="valgrind is not on PATH"):
        counts.count()


def test_a_stack_begins_at_the_engines_run() -> None:
    name = "reg_read_x86_64'uc_reg_read'__pyx_f_2lx_3cpu_9_compiled_on_syscall'0x0000'"
    name += "__pyx_pw_2lx_3cpu_9_compiled_6Engine_59run'2'main"
    assert counts.frames(name) == "run;guest code;on_syscall;uc_reg_read;reg_read"


@pytest.mark.debian
def test_instructions_of_a_call(need: Callable[..., None]) -> None:
    need("valgrind")
    if engine_name() == "pure":
        pytest.skip("the bounds are the compiled engine's")
    counted = counts.count(
        (counts.Counted("getpid", "null_getpid", loops=200), counts.Counted("getpgid", "null_getpgid", loops=200))
    )
    assert 100 < counted["getpid"] < counted["getpgid"] < 50_000


def bench(*words: str, cwd: Path) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-P", "-m", "lx", "bench", *words]
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd, timeout=120, check=False)


def test_the_command_end_to_end(tmp_path: Path) -> None:
    done = bench(
        "--quick", "--only", "null getp", "--against", "native,blink", "--json", "r.json", "--html", "r.html", cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    assert "null getpid" in done.stdout
    assert json.loads((tmp_path / "r.json").read_text())["lx"]["rows"][0]["name"] == "null getpid"
    assert stat.S_IMODE((tmp_path / "r.html").stat().st_mode) & 0o400
    again = bench("--from", "r.json", "--markdown", "r.md", cwd=tmp_path)
    assert again.returncode == 0
    assert "getpgid, through a Python handler" in (tmp_path / "r.md").read_text()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--against", "bochs"), "lx: bench: bochs: no such peer"),
        (("--rounds", "0"), "lx: bench: --rounds 0: at least 1"),
        (("--from", "missing.json"), "missing.json"),
    ],
)
def test_what_is_wrong_is_one_line(tmp_path: Path, words: tuple[str, ...], said: str) -> None:
    done = bench(*words, cwd=tmp_path)
    assert done.returncode == 1
    assert said in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_gate_without_a_baseline_for_this_python_says_so(tmp_path: Path) -> None:
    done = bench("--gate", "--baseline", "none.json", cwd=tmp_path)
    assert done.returncode == 0
    assert "gate: not judged: none.json has no counts for CPython" in done.stdout


def program_rows(tmp_path: Path, script: str, *columns: Peer) -> list[Measured]:
    launcher = measure.build(tmp_path, [suite.HERE / "launch.c"], "launch")
    idle = ["/bin/sh", "-c", ":"]
    program = rows.Program("p", "a program", "sh", lambda _: ["/bin/sh", "-c", script], idle=lambda _: idle)
    return measure.measure_program(program, columns, Plan(rounds=1), tmp_path, launcher)


def test_a_program_is_measured_four_ways(tmp_path: Path) -> None:
    wall, net, cpu, peak = program_rows(tmp_path, "i=0; while [ $i -lt 9999 ]; do i=$((i+1)); done", Peer("native"))
    assert (wall.name, net.name, cpu.name, peak.name) == ("p", "p.net", "p.cpu", "p.peak")
    assert net.columns["native"].problem or net.columns["native"].median < wall.columns["native"].median
    assert 0 < cpu.columns["native"].median <= wall.columns["native"].median * 1.1
    assert 2e5 < peak.columns["native"].median < 2e7


def test_a_short_program_is_run_several_times_in_its_turn(tmp_path: Path) -> None:
    for script, least, most in (("echo > once", 2, measure.MOST_IN_A_TURN), ("sleep 0.5", 1, 1)):
        for row in program_rows(tmp_path, f"[ ! -e once ] && {script}", Peer("native")):
            assert row.columns["native"].problem or least <= len(row.columns["native"].runs[0].values) <= most


def test_a_server_is_measured_with_its_load(tmp_path: Path) -> None:
    def load(idle: bool) -> list[str]:
        pause = 0 if idle else 0.3
        return ["/bin/sh", "-c", f"until [ -p fifo ]; do sleep 0.01; done; sleep {pause}; echo end > fifo; sleep 99"]

    launcher = measure.build(tmp_path, [suite.HERE / "launch.c"], "launch")
    words = ["/bin/sh", "-c", "mkfifo fifo; read word < fifo; echo $word"]
    program = rows.Program("p", "a server", "sh", lambda _: words, idle=lambda _: words, load=load)
    net = measure.measure_program(program, [Peer("native")], Plan(rounds=1), tmp_path, launcher)[1]
    assert 0.1 < net.columns["native"].median < 1


@pytest.mark.parametrize(("script", "said"), [("exit 3", "failed: status 3"), ("kill -9 $$", "crashed: SIGKILL")])
def test_a_program_that_fails_has_no_figures(tmp_path: Path, script: str, said: str) -> None:
    for row in program_rows(tmp_path, script, Peer("native")):
        assert row.columns["native"].problem.startswith(said)


def test_a_program_whose_output_differs_is_nonsense(tmp_path: Path) -> None:
    wrong = Peer("wrong", ("/bin/sh", "-c", "echo something else", "sh"))
    assert program_rows(tmp_path, "echo right", Peer("native"), wrong)[0].columns["wrong"].problem.startswith("nonsense")
