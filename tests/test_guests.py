"""Small C programs that print what the kernel answered: the answers under lx are the machine's own.

Every file of tests/guests is a case; `/* args: ... */` and `/* cflags: ... */` lines in it say how it is run and built.
"""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from compared import GUESTS, Build
from known import KNOWN

SOURCES = sorted(p.name for p in GUESTS.glob("*.c"))

LINKINGS = {
    "glibc static": ("gcc", "-static"),
    "glibc static-PIE": ("gcc", "-static-pie", "-fPIE"),
    "glibc dynamic PIE": ("gcc", "-pie", "-fPIE"),
    "glibc dynamic, not PIE": ("gcc", "-no-pie"),
    "glibc dynamic, bind now, no relro": ("gcc", "-Wl,-z,now,-z,norelro"),
    "glibc static, executable stack": ("gcc", "-static", "-Wl,-z,execstack"),
    "glibc static, big alignment": ("gcc", "-static", "-Wl,-z,max-page-size=0x200000"),
    "musl static": ("musl-gcc", "-static"),
    "musl static-PIE": ("musl-gcc", "-static-pie", "-fPIE"),
    "musl dynamic": ("musl-gcc",),
}


def directive(source: str, name: str) -> list[str]:
    found = re.search(rf"^/\* {name}: (.*) \*/$", (GUESTS / source).read_text(), re.M)
    return found[1].split() if found else []


def rows(sources: list[str]) -> list[object]:
    """The cases by file name, those with a known difference expected to fail."""
    marks = {s: [pytest.mark.xfail(reason=KNOWN[s], strict=True)] if s in KNOWN else [] for s in sources}
    return [pytest.param(s, marks=marks[s], id=s.removesuffix(".c")) for s in sources]


@pytest.mark.parametrize("source", rows(SOURCES))
def test_the_kernel_answers_as_the_machine_does(source: str, build: Build, compare: Callable[..., object]) -> None:
    program = build(source, "-static", *directive(source, "cflags"))
    compare([str(program), *directive(source, "args")])


@pytest.mark.parametrize("linking", LINKINGS)
def test_a_program_runs_however_it_is_linked(linking: str, build: Build, compare: Callable[..., object]) -> None:
    compiler, *flags = LINKINGS[linking]
    program: Path = build("linkage.c", *flags, compiler=compiler)
    compare([str(program), linking])


SHAPES = ["auxv.c", "sigaltstack.c", "clocks.c", "vforking.c", "identity.c", "procself.c"]


@pytest.mark.parametrize("source", rows(SHAPES))
@pytest.mark.parametrize("linking", ["glibc dynamic PIE", "musl static"])
def test_the_answers_do_not_depend_on_the_libc(
    source: str, linking: str, build: Build, compare: Callable[..., object]
) -> None:
    compiler, *flags = LINKINGS[linking]
    compare([str(build(source, *flags, compiler=compiler)), *directive(source, "args")])
