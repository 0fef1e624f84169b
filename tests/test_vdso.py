"""The vDSO's page is what its source says, and does without the host's clock where that does not work."""

import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
from elftools.elf.elffile import ELFFile

import loader.vdso as vdso
from lx.cpu import make_engine
from lx.cpu.x86_64 import ARCH, RAX, RDI, RIP, RSI, RSP
from lx.host import vdso as host_vdso
from lx.kernel.memory import AddressSpace, MemoryLimits

HERE = Path(vdso.__file__).parent
SOURCE = Path(__file__).parent.parent / "loader" / "vdso_x86_64.S"
NAMES = ("clock_gettime", "gettimeofday", "time", "clock_getres", "getcpu")
CLOCK_GETTIME, MONOTONIC = 228, 1


@pytest.fixture(params=["compiled", "pure"])
def engine(request: pytest.FixtureRequest) -> Any:
    if request.param == "compiled":
        pytest.importorskip("lx.cpu._compiled", reason="the compiled engine was not built")
    return make_engine(ARCH, request.param)


def call(engine: Any, function: int, stack: int) -> int:
    """Run a function of the vDSO on CLOCK_MONOTONIC up to the first system call; that call's number."""
    engine.write_registers((RIP, RSP, RDI, RSI), (function, stack, MONOTONIC, stack + 64))
    engine.step_to_call()
    return int(engine.register(RAX))


def mapped(engine: Any, host: Any) -> tuple[AddressSpace, int, int]:
    """An address space with a vDSO: it, the address of clock_gettime, and a stack whose return address is code that calls -1."""
    memory = AddressSpace(engine, ARCH.task_size, MemoryLimits)
    base = vdso.map_vdso(memory, ARCH, host)
    with open(HERE / "vdso_x86_64.bin", "rb") as file:
        symbol = _symbols(file)
    stack = memory.find_free(8192)
    code = b"\xb8\xff\xff\xff\xff\x0f\x05".ljust(4096)
    memory.map_anonymous(stack, 4096, 3)
    shown = [(stack + 4096, stack + 8192, memory.keep(b"x", code))]
    memory.map_host_pages([(stack + 4096, stack + 8192, 5, b"", shown)])
    memory.write(stack + 2048, (stack + 4096).to_bytes(8, "little"))
    return memory, base + symbol["__vdso_clock_gettime"], stack + 2048


def _symbols(file: Any) -> dict[str, int]:
    dynamic = next(segment for segment in ELFFile(file).iter_segments() if segment["p_type"] == "PT_DYNAMIC")
    return {symbol.name: symbol["st_value"] for symbol in dynamic.iter_symbols()}


def test_the_page_is_its_source_assembled(tmp_path: Path) -> None:
    subprocess.run(["as", "-o", tmp_path / "vdso.o", SOURCE], check=True)
    subprocess.run(["objcopy", "-O", "binary", "-j", ".text", tmp_path / "vdso.o", tmp_path / "vdso.bin"], check=True)
    assert (tmp_path / "vdso.bin").read_bytes() == (HERE / "vdso_x86_64.bin").read_bytes()


def test_every_name_is_there_twice_and_leads_to_the_same_function() -> None:
    with open(HERE / "vdso_x86_64.bin", "rb") as file:
        symbols = _symbols(file)
    assert {"", "LINUX_2.6", *NAMES, *(f"__vdso_{name}" for name in NAMES)} == set(symbols)
    assert all(symbols[name] == symbols[f"__vdso_{name}"] for name in NAMES)


def test_the_clock_is_the_hosts(engine: Any) -> None:
    host = vdso.host_clock(engine, ARCH)
    if host is None:
        pytest.skip("the host has no vDSO that reads a counter")
    memory, function, stack = mapped(engine, host)
    for _ in range(1000):
        before = time.monotonic_ns()
        assert call(engine, function, stack) == 0xFFFFFFFF
        now = memory.u64(stack + 64) * 10**9 + memory.u64(stack + 72)
        assert before <= now <= time.monotonic_ns()


def test_without_the_hosts_clock_the_functions_make_the_call(engine: Any) -> None:
    _, function, stack = mapped(engine, None)
    assert call(engine, function, stack) == CLOCK_GETTIME


def test_code_that_this_cpu_cannot_run_is_not_used(engine: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    host = host_vdso.find(ARCH.name)
    if host is None:
        pytest.skip("the host has no vDSO")
    host.functions[0] = host.code[0]
    monkeypatch.setattr(host_vdso, "find", lambda machine: host)
    assert vdso.host_clock(engine, ARCH) is None
    test_without_the_hosts_clock_the_functions_make_the_call(engine)


def test_a_host_of_another_machine_lends_nothing() -> None:
    assert host_vdso.find("riscv64") is None
