"""The address space against a model of pages, and its invariants after any sequence of edits."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lx.abi.errno import Errno, LinuxError
from lx.cpu import make_engine
from lx.cpu.x86_64 import ARCH
from lx.kernel.gaps import Gaps
from lx.kernel.memory import PAGE, AddressSpace, MemoryLimits, Vma

BASE = 0x10_0000_0000
PAGES = 24


def make_memory() -> AddressSpace:
    return AddressSpace(make_engine(ARCH), ARCH.task_size, MemoryLimits)


page = st.integers(0, PAGES - 1)
length = st.integers(1, 8)
edits = st.lists(
    st.one_of(
        st.tuples(st.just("map"), page, length, st.integers(0, 7)),
        st.tuples(st.just("unmap"), page, length, st.just(0)),
        st.tuples(st.just("protect"), page, length, st.integers(0, 7)),
        st.tuples(st.just("write"), page, length, st.integers(1, 255)),
        st.tuples(st.just("move"), page, length, page),
    ),
    max_size=25,
)


class Model:
    """What Linux says: a dictionary of pages, each (protection, content)."""

    def __init__(self) -> None:
        self.pages: dict[int, tuple[int, int]] = {}

    def map(self, first: int, count: int, prot: int) -> None:
        self.pages.update(dict.fromkeys(range(first, first + count), (prot, 0)))

    def unmap(self, first: int, count: int, _: int) -> None:
        for n in range(first, first + count):
            self.pages.pop(n, None)

    def protect(self, first: int, count: int, prot: int) -> bool:
        for n in range(first, first + count):
            if n not in self.pages:
                return False
            self.pages[n] = (prot, self.pages[n][1])
        return True

    def write(self, first: int, count: int, value: int) -> bool:
        for n in range(first, first + count):
            if n not in self.pages or not self.pages[n][0] & 2:
                return False
            self.pages[n] = (self.pages[n][0], value)
        return True


def check(memory: AddressSpace, model: Model) -> None:
    seen = {}
    end = 0
    for vma in memory.vmas():
        assert vma.start >= end and vma.start < vma.end
        end = vma.end
        for address in range(vma.start, vma.end, PAGE):
            seen[(address - BASE) // PAGE] = vma.prot
    assert seen == {n: prot for n, (prot, _) in model.pages.items()}
    assert memory.total == len(seen) * PAGE
    for before, after in zip(memory.list, memory.list[1:], strict=False):
        assert not before.joins(after)
    assert memory.starts == [vma.start for vma in memory.list]
    published = {
        (address - BASE) // PAGE: prot & 7
        for start, stop, _, prot in memory.engine.ranges_list()
        for address in range(start, stop, PAGE)
    }
    assert published == {n: prot for n, (prot, _) in model.pages.items() if prot}
    for n, (prot, content) in model.pages.items():
        address = BASE + n * PAGE
        assert not memory.gaps.is_free(address, address + PAGE)
        if prot:
            assert memory.read(address, 1)[0] == memory.read(address + PAGE - 1, 1)[0] == content
        else:
            with pytest.raises(LinuxError):
                memory.read(address, 1)


@settings(max_examples=120, deadline=None, derandomize=True)
@given(edits)
def test_edits_do_to_every_page_what_the_model_does(sequence: list[tuple[str, int, int, int]]) -> None:
    memory, model = make_memory(), Model()
    for name, first, count, value in sequence:
        start, size = BASE + first * PAGE, count * PAGE
        if name == "map":
            memory.map(Vma(start, start + size, value))
            model.map(first, count, value)
        elif name == "unmap":
            memory.unmap(start, size)
            model.unmap(first, count, 0)
        elif name == "protect":
            outcome(memory.protect, model.protect(first, count, value), Errno.ENOMEM, start, size, value)
        elif name == "write":
            for n in range(first, first + count):
                done = model.write(n, 1, value)
                outcome(memory.write, done, Errno.EFAULT, BASE + n * PAGE, bytes([value]) * PAGE)
        else:
            move(memory, model, first, count, value)
        check(memory, model)


def outcome(call: Callable[..., Any], succeeds: bool, errno: Errno, *args: Any) -> None:
    if succeeds:
        call(*args)
    else:
        with pytest.raises(LinuxError) as caught:
            call(*args)
        assert caught.value.errno == errno


def move(memory: AddressSpace, model: Model, first: int, count: int, to: int) -> None:
    start, size, target = BASE + first * PAGE, count * PAGE, BASE + (to + PAGES * 2) * PAGE
    vma = memory.find(start)
    if vma is None or start + size > vma.end:
        return
    moved = [model.pages.pop(first + n) for n in range(count)]
    for n, content in enumerate(moved):
        model.pages[to + PAGES * 2 + n] = content
    memory.move(vma, start, size, size, target)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.lists(st.tuples(st.booleans(), st.integers(0, 63), st.integers(1, 9)), max_size=40), st.integers(1, 12))
def test_gaps_are_found_as_a_search_of_all_pages_finds_them(
    steps: list[tuple[bool, int, int]], wanted: int
) -> None:
    gaps = Gaps(0, 64 * PAGE)
    used: set[int] = set()
    for take, first, count in steps:
        span = range(first, min(first + count, 64))
        if take and not used & set(span):
            gaps.occupy(span.start * PAGE, span.stop * PAGE)
            used |= set(span)
        elif not take and set(span) <= used:
            gaps.release(span.start * PAGE, span.stop * PAGE)
            used -= set(span)
    fits = [n for n in range(64 - wanted + 1) if not used & set(range(n, n + wanted))]
    found = gaps.highest(wanted * PAGE, 0, 64 * PAGE)
    assert found == (max(fits) * PAGE if fits else None)
    found = gaps.lowest(wanted * PAGE, 0, 64 * PAGE)
    assert found == (min(fits) * PAGE if fits else None)


def test_adjacent_anonymous_mappings_are_one() -> None:
    memory = make_memory()
    for n in (0, 2, 1):
        memory.map(Vma(BASE + n * PAGE, BASE + (n + 1) * PAGE, 3))
    assert [(vma.start, vma.end) for vma in memory.vmas()] == [(BASE, BASE + 3 * PAGE)]
    assert len(memory.writable(BASE, 3 * PAGE)) == 1
    assert len(memory.engine.ranges_list()) == 1


def test_the_stack_grows_to_its_limit_and_not_into_a_mapping() -> None:
    memory = make_memory()
    top = 0x7FFF_0000_0000
    memory.map_anonymous(top - 4 * PAGE, 4 * PAGE, 3, b"[stack]", grows=True)
    memory.write(top - 100 * PAGE, b"grown")
    assert memory.find(top - 100 * PAGE).start == top - 100 * PAGE  # type: ignore[union-attr]
    memory.read(top - (8 << 20), 1)
    outcome(memory.read, False, Errno.EFAULT, top - (8 << 20) - 1, 1)


def test_brk_moves_and_refuses() -> None:
    memory = make_memory()
    memory.set_brk(BASE)
    assert memory.brk(0) == BASE
    assert memory.brk(BASE + 5000) == BASE + 5000
    memory.write(BASE + 8000, b"x")
    memory.map(Vma(BASE + 0x10000, BASE + 0x11000, 3))
    assert memory.brk(BASE + 0x20000) == BASE + 5000
    assert memory.brk(BASE + 10) == BASE + 10
    outcome(memory.read, False, Errno.EFAULT, BASE + PAGE, 1)


def test_a_mapping_across_a_window_boundary_is_whole() -> None:
    memory = make_memory()
    edge = 1 << 40
    memory.map(Vma(edge - PAGE, edge + PAGE, 3))
    memory.write(edge - 3, b"across")
    assert memory.read(edge - 3, 6) == b"across"
    assert len(memory.readable(edge - 3, 6)) == 2


def test_clear_leaves_nothing() -> None:
    memory = make_memory()
    memory.map(Vma(BASE, BASE + PAGE, 3))
    memory.clear()
    assert list(memory.vmas()) == [] and memory.total == 0 and memory.engine.ranges_list() == []
    assert memory.gaps.is_free(BASE, BASE + PAGE)
