"""The table: every name once, true numbers and arities, adapters that decode, and nothing generated that is stale."""

import re
import subprocess
import sys
from pathlib import Path
from types import FunctionType, SimpleNamespace
from typing import Annotated, Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from system_calls.tables.x86_64 import syscalls_x86_64

from lx.abi.errno import Errno, LinuxError
from syscalls import generate, index, table, types
from syscalls.declare import Support, syscall

TESTS = Path(__file__).parent
TABLE = table.build()
ROWS = TABLE.rows
IMPLEMENTED = [row for row in ROWS.values() if row.support is not Support.UNSUPPORTED]
WORDS = st.one_of(
    st.integers(0, 2**64 - 1),
    st.sampled_from([0, 1, 2**31 - 1, 2**31, 2**32 - 1, 2**32, 2**63 - 1, 2**63, 2**64 - 1]),
)


def arities() -> dict[str, int]:
    lines = (TESTS / "arity_x86_64.tsv").read_text().splitlines()
    return {name: int(arity) for name, arity, _ in (line.split("\t") for line in lines[3:])}


# ---- names and numbers


def test_numbers_are_those_of_the_package() -> None:
    assert TABLE.numbers == syscalls_x86_64
    assert len(TABLE.numbers) == 373


def test_every_name_has_exactly_one_row() -> None:
    assert table.problems(TABLE) == []
    assert set(ROWS) == set(syscalls_x86_64)


def test_the_list_is_dense_and_its_gaps_are_no_calls() -> None:
    assert len(TABLE.adapters) == max(syscalls_x86_64.values()) + 1
    gaps = set(range(len(TABLE.adapters))) - set(syscalls_x86_64.values())
    assert gaps > set(range(337, 424))
    assert all(TABLE.row_at(number) is None for number in gaps)


@pytest.mark.parametrize("number", [-1, len(TABLE.adapters), 2**31, 0x4000_0000, 2**64 - 1])
def test_numbers_out_of_range_have_no_row_and_a_name_to_report(number: int) -> None:
    assert TABLE.row_at(number) is None
    assert TABLE.name(number) == f"syscall_{number:#x}"


def test_arities_are_the_kernels() -> None:
    known = arities()
    assert set(known) == set(syscalls_x86_64)
    ours = {name: len(row.parameters) for name, row in ROWS.items() if row.module}
    assert {name: (n, known[name]) for name, n in ours.items() if n != known[name]} == {}, "(ours, the kernel's)"


def test_support_is_stated() -> None:
    for row in ROWS.values():
        if row.support is Support.UNSUPPORTED:
            assert row.handler is None and row.reason is not None, row
        else:
            assert row.handler is not None and row.reason is None, row
            assert (row.support is Support.PARTIAL) == bool(row.note), row


def test_every_implemented_row_says_what_it_does_and_notes_are_a_sentence() -> None:
    assert [row for row in IMPLEMENTED if not row.doc] == []
    assert [row for row in ROWS.values() if len(row.note) > 160 or "\n" in row.note] == []


# ---- adapters


def through_adapter(*arguments: Any, word: int, position: int = 0) -> int:
    """What a handler with these argument types gets at `position` for a raw word there."""
    names = [f"p{i}" for i in range(len(arguments))]
    got: dict[str, int] = {}
    scope: dict[str, Any] = {"__name__": __name__}
    scope["record"] = lambda *values: got.update(zip(names, values, strict=True))
    exec(f"def handler(t, {', '.join(names)}):\n    record({', '.join(names)})\n    return 0", scope)
    handler = scope["handler"]
    handler.__annotations__ = dict(zip(names, arguments, strict=True))
    row = syscall("probe")(handler).__lx_row__
    code = table.adapter_code(tuple(parameter.arg.decode for parameter in row.parameters))
    adapter = FunctionType(code, {"handler": handler}, "probe")
    words = [0] * 6
    words[position] = word
    assert adapter(None, *words) == 0
    return got[f"p{position}"]


@given(WORDS)
@example(0xFFFF_FFFF_0000_0005)
def test_int_is_the_low_half_signed(word: int) -> None:
    assert through_adapter(types.Int, word=word) == int.from_bytes((word % 2**32).to_bytes(4, "big"), signed=True)


@given(WORDS)
def test_uint_is_the_low_half(word: int) -> None:
    assert through_adapter(types.Ptr, types.UInt, word=word, position=1) == word % 2**32


@given(WORDS)
def test_long_is_the_word_signed(word: int) -> None:
    assert through_adapter(types.Long, word=word) == int.from_bytes(word.to_bytes(8, "big"), signed=True)


@given(WORDS)
def test_addresses_and_sizes_are_the_word(word: int) -> None:
    assert through_adapter(*[types.Size] * 6, word=word, position=5) == word


def test_typing_annotated_is_as_good_as_ours() -> None:
    assert through_adapter(Annotated[int, types.Arg("int", types.S32)], word=2**32 - 1) == -1


def test_a_path_is_read_from_memory() -> None:
    memory = SimpleNamespace(path=lambda address: b"/etc" if address == 7 else b"")
    code = table.adapter_code((types.S32, "t.memory.path({a})"))
    adapter = FunctionType(code, {"handler": lambda t, fd, path: path})
    assert adapter(SimpleNamespace(memory=memory), 1, 7, 0, 0, 0, 0) == b"/etc"


def test_a_parameter_without_an_argument_type_is_an_error() -> None:
    def handler(t: Any, fd: int) -> int:
        return fd

    with pytest.raises(TypeError, match="parameter fd has no argument type"):
        syscall()(handler)


def test_a_slot_replaces_itself_by_the_adapter_on_its_first_call() -> None:
    fresh = table.build()
    number = fresh.numbers["fanotify_init"]
    t = SimpleNamespace(process=SimpleNamespace(report_unsupported=lambda row, args: None))
    first = fresh.adapters[number]
    with pytest.raises(LinuxError):
        first(t, 1, 2, 3, 4, 5, 6)
    assert fresh.adapters[number] is not first


@pytest.mark.parametrize("number", [syscalls_x86_64["bpf"], syscalls_x86_64["fanotify_init"], 400])
def test_what_is_not_there_is_reported_with_its_arguments_and_answers_enosys(number: int) -> None:
    said: list[tuple[str, tuple[int, ...]]] = []
    t = SimpleNamespace(process=SimpleNamespace(report_unsupported=lambda row, args: said.append((row.name, args))))
    for _ in range(2):
        with pytest.raises(LinuxError) as answered:
            TABLE.adapters[number](t, 1, 2, 3, 4, 5, 6)
        assert answered.value.errno == Errno.ENOSYS
    row = TABLE.row_at(number)
    words = (1, 2, 3, 4, 5, 6)[: len(row.parameters) if row else 6]
    assert said == [(TABLE.name(number), words)] * 2


def test_a_row_the_index_does_not_know_is_found_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index, "FAMILY_OF", {})
    assert table.build().row("brk").support is not Support.UNSUPPORTED


def test_every_slot_becomes_an_adapter_of_its_rows_name() -> None:
    fresh = table.build()
    for name, number in fresh.numbers.items():
        adapter = fresh.adapter(number)
        if ROWS[name].handler is not None:
            assert getattr(adapter, "__name__", "") == name


# ---- start-up


def test_building_the_table_imports_no_family_and_nothing_slow() -> None:
    code = "import sys; from syscalls.table import build; build(); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert not {"typing", "dataclasses", "inspect", "re", "system_calls"} & loaded
    assert not {f"syscalls.{family}" for family in (*table.families(), "unsupported")} & loaded


# ---- what is generated


@pytest.mark.parametrize("path", [path for path in generate.outputs() if path.suffix == ".py"], ids=str)
def test_generated_files_are_fresh(path: Path) -> None:
    expected = generate.outputs()[path]()
    assert path.read_text("utf-8") == expected, "stale: run python -m syscalls.generate"


def test_the_page_in_the_source_tree_is_fresh() -> None:
    page = TESTS.parent / "docs" / "syscalls.md"
    assert page.read_text("utf-8") == generate.page(), "stale: run python -m syscalls.generate"


# ---- every row has a test

WRAPPERS = {
    "newfstatat": "fstatat",
    "pread64": "pread",
    "pwrite64": "pwrite",
    "getdents64": "readdir",
    "rt_sigaction": "sigaction",
    "rt_sigprocmask": "sigprocmask",
    "rt_sigpending": "sigpending",
    "rt_sigsuspend": "sigsuspend",
    "rt_sigtimedwait": "sigtimedwait",
    "rt_sigqueueinfo": "sigqueue",
    "exit_group": "exit",
    "pselect6": "pselect",
    "prlimit64": "prlimit",
    "fadvise64": "posix_fadvise",
}
"""Calls that C programs know by another name."""
NO_EVIDENCE = {"test_table.py", "test_show.py", "show.c"}
"""These name calls without testing what they do."""


def test_every_implemented_row_is_named_by_a_test() -> None:
    """By its name, or by that of the C function that makes the call, as a word in a source of tests, C comments aside."""
    words: set[str] = set()
    for path in TESTS.rglob("*"):
        if path.suffix in (".c", ".S", ".s", ".py") and path.name not in NO_EVIDENCE:
            text = re.sub(r"/\*.*?\*/", "", path.read_text("utf-8", "replace"), flags=re.S)
            words.update(re.findall(r"\w+", text))
    untested = [
        row.name
        for row in IMPLEMENTED
        if not words & {row.name, f"SYS_{row.name}", f"__NR_{row.name}", WRAPPERS.get(row.name, row.name)}
    ]
    assert untested == []
