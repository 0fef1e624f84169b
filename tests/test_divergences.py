"""The known divergences: each is one still, is the one that its entry means, and is explained."""

import os
from collections.abc import Iterator

import pytest

from lx.testing import Divergence, Guest, Native, Program, Side, Step, differences
from lx.testing.image import OUT, POOL
from lx.testing.known import BadEntry, Known, find, load
from lx.testing.program import Ref

KNOWN = load()
ENTRY = """
[[divergence]]
call = "dup"
what = "result"
lx = "EBADF"
linux = "success"
reason = "deliberate"
why = "A test."
witness = [["openat", -100, "name", 0x42], ["dup", "$0"], ["read", "$1", "@out+8", 4], ["fork", ["exit_group", 3]]]
"""


@pytest.fixture(scope="module")
def sides() -> Iterator[tuple[Side, Side]]:
    with Guest() as guest, Native() as native:
        yield guest, native


@pytest.mark.parametrize("entry", KNOWN, ids=[entry.name for entry in KNOWN])
def test_an_entry_still_diverges_as_it_says(entry: Known, sides: tuple[Side, Side]) -> None:
    found = differences(entry.witness, *sides)
    assert found, "it agrees now: take the entry out"
    assert entry.covers(found[0], entry.witness), f"it is another divergence now: {found[0]}"


@pytest.mark.parametrize("entry", KNOWN, ids=[entry.name for entry in KNOWN])
def test_an_entry_is_a_sentence(entry: Known) -> None:
    assert entry.why[0].isupper()
    assert entry.why.endswith(".")


def test_no_entry_is_hidden_by_another() -> None:
    names = [entry.name for entry in KNOWN]
    assert len(set(names)) == len(names)


def test_an_entry_is_read(tmp_path: os.PathLike[str]) -> None:
    path = os.path.join(tmp_path, "known.toml")
    with open(path, "w") as file:
        file.write(ENTRY)
    (entry,) = load(path)
    assert entry.witness.steps == (
        Step("openat", (2**64 - 100, POOL, 0x42)),
        Step("dup", (Ref(0),)),
        Step("read", (Ref(1), OUT + 8, 4), (OUT + 8, 128)),
        Step("fork", (), (0, 0), (Step("exit_group", (3,)),)),
    )
    assert entry.witness.pool.startswith(b"name\0")


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('reason = "deliberate"', 'reason = "lazy"', "the reason is none of"),
        ('why = "A test."', "", "why missing"),
        ('"dup", "$0"', '"dupe", "$0"', "dupe: no such call"),
        ('"$1", "@out+8"', '1.5, "@out+8"', "no argument"),
        ("[[divergence]]", "[[divergence]", "known.toml"),
    ],
)
def test_a_wrong_entry_is_named(tmp_path: os.PathLike[str], old: str, new: str, says: str) -> None:
    path = os.path.join(tmp_path, "known.toml")
    with open(path, "w") as file:
        file.write(ENTRY.replace(old, new))
    with pytest.raises(BadEntry, match=says):
        load(path)


def test_what_an_entry_covers() -> None:
    step = Step("memfd_create", (POOL, 4))
    entry = Known("memfd_create", "result", "ENODEV", "*", "deliberate", "A test.", Program((step,)), {"flags": "HUGETLB"})
    made = Program((step, Step("memfd_create", (POOL, 3)), Step("memfd_create", (POOL, 7))), b"")
    hit = Divergence(0, "memfd_create", "result", -19, 0)
    assert find([entry], hit, made) is entry
    assert find([entry], Divergence(2, "memfd_create", "result", -19, -22), made) is entry
    for other in (
        Divergence(1, "memfd_create", "result", -19, 0),
        Divergence(0, "memfd_create", "result", -22, 0),
        Divergence(0, "memfd_create", "end", "exit 0", "blocked"),
        Divergence(0, "dup", "result", -19, 0),
    ):
        assert find([entry], other, made) is None
