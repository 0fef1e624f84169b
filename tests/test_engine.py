"""Both engines: faults, traps, the register convention of a call, memory access at page edges."""

import ctypes
import mmap
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from lx.abi.errno import Errno, LinuxError
from lx.cpu import make_engine, registers
from lx.cpu.arch import FORBIDDEN_ENTER, FORBIDDEN_PORT, KICK, Access, Stop
from lx.cpu.x86_64 import ARCH, R11, RAX, RBX, RCX, RDI, RIP, RSI, RSP, XMM0, read_fxsave, write_fxsave

CODE, DATA, READONLY, END = 0x40_0000, 0x41_0000, 0x42_0000, 0x43_0000


class Done(BaseException):
    """The test's guest is finished."""


class Machine:
    """An engine with one page of code, sixteen of data, one read-only page, and a table of two calls."""

    def __init__(self, name: str) -> None:
        self.memory = mmap.mmap(-1, END - CODE)
        self.host = ctypes.addressof(ctypes.c_char.from_buffer(self.memory))
        self.engine: Any = make_engine(ARCH, name)
        self.engine.map_range(CODE, CODE + 0x1000, self.host, 5)
        self.engine.map_range(DATA, READONLY, self.host + DATA - CODE, 3)
        self.engine.map_range(READONLY, READONLY + 0x1000, self.host + READONLY - CODE, 1)
        self.seen: list[tuple[int, ...]] = []
        self.pristine = self.engine.save()
        self.engine.set_table([self.record], self.unknown, self.failed, None)

    def record(self, thread: Any, *args: int) -> int:
        """Call 0: remembers its arguments."""
        self.seen.append(args)
        return 42

    def unknown(self, thread: Any, number: int, *args: int) -> int:
        """Every other number ends the test."""
        self.seen.append((number,))
        raise Done

    def failed(self, thread: Any, error: Exception) -> int:
        """No handler of this table fails."""
        raise error

    def run(self, code: bytes) -> Stop | None:
        """Run machine code from a fresh state; None if it ended by an unknown call."""
        self.memory[0 : len(code)] = code
        self.engine.flush_code()
        ARCH.start_registers(self.engine, CODE, READONLY - 64)
        try:
            return Stop(self.engine.run(None))
        except Done:
            return None


@pytest.fixture(params=["compiled", "pure", "pure, by functions"])
def machine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Machine]:
    if request.param == "compiled":
        pytest.importorskip("lx.cpu._compiled", reason="the compiled engine was not built")
    if request.param == "pure, by functions":
        monkeypatch.setattr(registers, "READ_FLAGS", "no_such_function")
    made = Machine(request.param.partition(",")[0])
    if made.engine.__class__.__module__ == "lx.cpu.pure":
        assert isinstance(made.engine._registers, registers.InPlace) == (request.param == "pure")
    yield made


def load(register: int, address: int) -> bytes:
    """mov register (0 rax, 3 rbx), imm64."""
    return b"\x48" + bytes([0xB8 + register]) + address.to_bytes(8, "little")


END_CALL = b"\xb8\xff\xff\x00\x00\x0f\x05"


def test_a_call_gets_six_arguments_and_leaves_rcx_and_r11(machine: Machine) -> None:
    code = b"\xbf\x01\0\0\0\xbe\x02\0\0\0\xba\x03\0\0\0\x41\xba\x04\0\0\0\x41\xb8\x05\0\0\0\x41\xb9\x06\0\0\0"
    code += b"\x31\xc0\x0f\x05"
    assert machine.run(code + b"\x48\x89\xc3" + END_CALL) is None
    assert machine.seen[0] == (1, 2, 3, 4, 5, 6)
    assert machine.engine.register(RBX) == 42
    machine.seen.clear()
    machine.run(b"\x31\xc0\x0f\x05\xeb\xfe"[:4] + b"\xcc")
    assert machine.engine.register(RCX) == CODE + 4
    assert machine.engine.register(R11) & 0x200


def test_a_call_inside_the_run(machine: Machine) -> None:
    """Its answer is that of a call outside, and what it raises goes the same way."""
    answers: list[int | BaseException] = [7, -1, KeyError("x"), 2**64 - 2, Done()]

    def handler(thread: Any, *arguments: int) -> int:
        answer = answers[len(machine.seen)]
        machine.seen.append((machine.engine.register(RIP) - CODE, *arguments[:2]))
        if isinstance(answer, BaseException):
            raise answer
        return answer

    def failed(thread: Any, error: Exception) -> int:
        machine.seen[-1] += (type(error).__name__,)
        return 5

    machine.engine.set_table([handler], machine.unknown, failed, None, [(handler, b"iQ")])
    machine.engine.set_direct(0, "inside")
    negative = b"\x48\xc7\xc7\xff\xff\xff\xff"  # mov rdi, -1
    step = b"\x48\x01\xc3\x31\xc0\x0f\x05"  # add rbx, rax; xor eax, eax; syscall
    assert machine.run(negative + step * 5) is None
    assert machine.engine.register(RBX) == 7 - 1 + 5 - 2
    assert machine.engine.register(RCX) == CODE + len(negative) + 4 * len(step)
    assert machine.engine.register(R11) & 0x40
    assert [seen[3:] for seen in machine.seen] == [(), (), ("KeyError",), (), ()]
    assert {seen[1] & 2**64 - 1 for seen in machine.seen} == {2**64 - 1}


@pytest.mark.parametrize("number", [1, 511, 512, 2**31, 2**32 - 1, 0x40000000])
def test_numbers_outside_the_table_are_unknown(machine: Machine, number: int) -> None:
    machine.run(load(0, number) + b"\x0f\x05")
    assert machine.seen == [(number,)]


def test_a_call_number_is_the_lower_half_of_its_register(machine: Machine) -> None:
    machine.run(load(0, 2**63 | 1) + b"\x0f\x05")
    assert machine.seen == [(1,)]


@pytest.mark.parametrize(
    ("code", "address", "access"),
    [
        (load(3, 0x5123) + b"\x48\x8b\x03", 0x5123, Access.READ),
        (load(3, 0x5123) + b"\x48\x89\x03", 0x5123, Access.WRITE),
        (load(3, READONLY + 0x18) + b"\x48\x89\x03", READONLY + 0x18, Access.WRITE),
        (load(3, READONLY + 0xFFC) + b"\x48\x8b\x03", READONLY + 0x1000, Access.READ),
        (load(3, DATA + 0x123) + b"\xff\xe3", DATA + 0x123, Access.FETCH),
        (load(3, 0x7FFF_FFFF_F000) + b"\xff\xe3", 0x7FFF_FFFF_F000, Access.FETCH),
        (load(3, 2**64 - 8) + b"\x48\x8b\x03", 2**64 - 8, Access.READ),
    ],
)
def test_a_fault_tells_exact_address_access_and_program_counter(
    machine: Machine, code: bytes, address: int, access: Access
) -> None:
    assert machine.run(code) == Stop.FAULT
    assert machine.engine.fault_address == address
    assert machine.engine.fault_access == access
    expected = address if access == Access.FETCH else CODE + 10
    assert machine.engine.register(RIP) == expected


def alone(code: str) -> str:
    """What this prints in a Python of its own, with this module's names."""
    code = f"import sys; sys.path.insert(0, {os.path.dirname(__file__)!r})\nfrom test_engine import *\n{code}"
    return subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True, check=True).stdout


def test_the_compiled_engine_translates_accesses_itself() -> None:
    pytest.importorskip("lx.cpu._compiled", reason="the compiled engine was not built")
    run = 'Machine("compiled").run(load(3, DATA) + bytes.fromhex("488b03 488903") + END_CALL)'
    assert alone(f"from lx.cpu import _compiled; {run}; print(_compiled.translated_accesses())") == "2\n"


def test_the_compiled_engine_works_where_unicorn_was_loaded_before() -> None:
    """Then none of Unicorn's functions is replaced by its own."""
    pytest.importorskip("lx.cpu._compiled", reason="the compiled engine was not built")
    code = """
Machine("pure")
machine = Machine("compiled")
print(machine.run(b"\\x90\\xec\\xeb\\xfe"), machine.engine.interrupt == FORBIDDEN_PORT)
print(all(stopped(machine, code) for code in ENDLESS.values()))
print(machine.run(load(3, END) + b"\\x48\\x8b\\x03"), machine.engine.register(RIP) == CODE + 10)
"""
    assert alone(code) == f"{Stop.INTERRUPT} True\nTrue\n{Stop.FAULT} True\n"


def test_after_a_fault_a_new_mapping_is_seen(machine: Machine) -> None:
    code = load(3, END) + b"\x48\x8b\x03" + END_CALL
    assert machine.run(code) == Stop.FAULT
    machine.engine.map_range(END, END + 0x1000, machine.host + 0x2000, 1)
    with pytest.raises(Done):
        machine.engine.run(None)


@pytest.mark.parametrize(
    ("code", "trap", "pc"),
    [
        (b"\x90\x31\xc9\x48\xf7\xf1", 0, 3),
        (b"\x90\xcc", 3, 2),
        (b"\x90\xf4", 13, 1),
        (b"\x90\xfa", 13, 1),
        (b"\x90\x0f\x20\xc0", 13, 1),
        (b"\x90\x0f\x30", 13, 1),
        (b"\x90\xcd\x80", 128, 3),
        (b"\x90\x0f\x34", FORBIDDEN_ENTER, 3),
    ],
)
def test_traps_are_told_by_number_again_and_again(machine: Machine, code: bytes, trap: int, pc: int) -> None:
    for _ in range(4):
        assert machine.run(code) == Stop.INTERRUPT
        assert machine.engine.interrupt == trap
        assert machine.engine.register(RIP) == CODE + pc
        ARCH.forget_exception(machine.engine, machine.pristine)


PORTS = {"in al, dx": "ec", "in ax, dx": "66ed", "in eax, 7": "e507", "out dx, al": "ee", "out 7, ax": "66e707", "outsb": "6e"}


@pytest.mark.parametrize("name", PORTS)
def test_a_port_is_forbidden(machine: Machine, name: str) -> None:
    """The compiled engine's fault is the instruction's own; Unicorn by itself goes on for a while."""
    store = b"\xff\x03"  # incl (rbx)
    code = load(3, DATA) + load(6, DATA) + store
    exact = type(machine.engine).__module__ == "lx.cpu._compiled"
    for turn in range(1, 4):
        assert machine.run(code + bytes.fromhex(PORTS[name]) + store + b"\xeb\xfe") == Stop.INTERRUPT
        assert machine.engine.interrupt == (ARCH.protection_number if exact else FORBIDDEN_PORT)
        if exact:
            assert machine.engine.register(RIP) == CODE + len(code)
            assert machine.memory[DATA - CODE] == turn
        ARCH.forget_exception(machine.engine, machine.pristine)


def test_an_undefined_instruction(machine: Machine) -> None:
    assert machine.run(b"\x90\x0f\x0b") == Stop.INVALID
    assert machine.engine.register(RIP) == CODE + 1


def test_user_mode_selectors(machine: Machine) -> None:
    machine.run(b"\x8c\xcb\x8c\xd1" + END_CALL)
    assert machine.engine.register(RBX) & 0xFFFF == 0x33


def test_memory_is_refused_at_exactly_the_bad_byte(machine: Machine) -> None:
    engine = machine.engine
    engine.write(DATA, b"abc\0")
    assert engine.cstring(DATA, 100) == b"abc"
    assert engine.read(READONLY + 0xFFE, 2) == b"\0\0"
    for call in (
        lambda: engine.read(READONLY + 0xFFE, 3),
        lambda: engine.write(READONLY, b"x"),
        lambda: engine.u64(READONLY + 0xFF9),
        lambda: engine.put_u32(2**64 - 2, 1),
        lambda: engine.read(2**64 - 1, 2),
        lambda: engine.read(DATA, 2**63),
        lambda: engine.writable(READONLY, 1),
        lambda: engine.readable(0, 1),
    ):
        with pytest.raises(LinuxError) as caught:
            call()
        assert caught.value.errno == Errno.EFAULT
    assert sum(map(len, engine.readable(READONLY + 0xF00, 0x200))) == 0x100
    assert engine.readable(0, 0) == []


def test_views_are_the_memory_itself(machine: Machine) -> None:
    (view,) = machine.engine.writable(DATA + 8, 4)
    view[:] = b"wxyz"
    assert machine.engine.read(DATA + 8, 4) == b"wxyz"


def test_writes_to_executable_memory_are_executed(machine: Machine) -> None:
    engine = machine.engine
    engine.map_range(DATA, DATA + 0x1000, machine.host + DATA - CODE, 7)
    engine.write(DATA, b"\xb8\x01\0\0\0\xc3")
    code = load(3, DATA) + b"\xff\xd3" + END_CALL
    machine.run(code)
    engine.write(DATA, b"\x31\xc0\x0f\x05\xc3")
    machine.run(code)
    assert (0,) * 6 in [seen for seen in machine.seen if len(seen) == 6] or len(machine.seen) == 3


def test_the_watch_sees_the_first_write_to_each_page(machine: Machine) -> None:
    pages: list[int] = []
    machine.engine.watch_writes(pages.append)
    touch = b"".join(load(3, address) + b"\x48\x89\x03" for address in (DATA + 8, DATA + 16, DATA + 0x2000))
    machine.run(load(3, DATA + 8) + b"\x48\x8b\x03" + touch + END_CALL)
    machine.engine.write(DATA + 0x3000, b"x")
    machine.engine.write(DATA + 0x3001, b"x")
    assert pages == [DATA, DATA + 0x2000, DATA + 0x3000]
    machine.engine.watch_writes(None)


FAR, ROOM = 0x4000_0000, 1 << 30


def ring(order: list[int], jump: bytes, size: int) -> bytes:
    """Blocks that jump to one another for ever: in this order of places, with this opcode and size of displacement."""
    code = bytearray(b"\x90" * 32 * len(order) + b"\x0f\x0b")
    for place, following in zip(order, order[1:] + order[:1], strict=True):
        at = 32 * place + 5
        code[at : at + len(jump) + size] = jump + (32 * following - at - len(jump) - size).to_bytes(size, "little", signed=True)
    return bytes([0x31, 0xC0, 0xE9]) + (32 * order[0]).to_bytes(4, "little") + bytes(code)


RINGS = [[0], [0, 1], [1, 0], [2, 0, 1], [0, 3, 1, 2], [4, 3, 2, 1, 0]]
ENDLESS = {
    **{f"jmp {order}": ring(order, b"\xeb", 1) for order in RINGS[:3]},
    **{f"jmp near {order}": ring(order, b"\xe9", 4) for order in RINGS},
    **{f"je near {order}": ring(order, b"\x0f\x84", 4) for order in RINGS},
    "je": ring([1, 0], b"\x74", 1),
    "xor ecx, ecx; jrcxz": bytes.fromhex("31c9 e3fc"),
    "or rcx, -1; loop": bytes.fromhex("4883c9ff e2fe"),
    "or rcx, -1; a: nop; nop; loop a": bytes.fromhex("4883c9ff 9090 e2fc"),
    "mov esi, FAR; or rcx, -1; rep lodsb": b"\xbe" + FAR.to_bytes(4, "little") + bytes.fromhex("4883c9ff f3ac 0f0b"),
    "call a; jmp to the call; a: ret": bytes.fromhex("e802000000 ebf9 c3"),
    "call a; a: pop rax; jmp to the call": bytes.fromhex("e800000000 58 ebf8"),
    "lea rax, [rip - 7]; jmp rax": bytes.fromhex("488d05f9ffffff ffe0"),
    "lea rax, [rip - 7]; push rax; ret": bytes.fromhex("488d05f9ffffff 50c3"),
}


def stopped(machine: Machine, code: bytes) -> bool:
    """Whether a signal ends this program, in a child."""
    room = mmap.mmap(-1, ROOM, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    machine.engine.map_range(FAR, FAR + ROOM, ctypes.addressof(ctypes.c_char.from_buffer(room)), 3)
    child = os.fork()
    if child == 0:
        signal.signal(signal.SIGVTALRM, signal.SIG_DFL)
        signal.setitimer(signal.ITIMER_VIRTUAL, 5)
        engine = machine.engine
        engine.forget_signals()
        engine.set_wake(*os.pipe2(os.O_NONBLOCK))
        engine.catch_signal(signal.SIGALRM, 0)
        signal.setitimer(signal.ITIMER_REAL, 0.05)
        stop = machine.run(code)
        caught = engine.drain()
        os._exit(stop == Stop.ATTENTION and [one[0] for one in caught] == [signal.SIGALRM])
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 1


@pytest.mark.parametrize("machine", ["pure", "pure, by functions"], indirect=True)
def test_a_stop_that_comes_too_late_is_no_fault(machine: Machine) -> None:
    """A helper says that it wants attention and then stops the CPU; by then the process may have attended, and run on."""
    engine = machine.engine
    late = threading.Timer(0.05, engine._stop, (engine.uc,))
    late.start()
    count = b"\x48\xbb" + (100_000_000).to_bytes(8, "little") + b"\x48\xff\xcb\x75\xfb"  # mov rbx, n; dec rbx; jnz
    assert machine.run(count + END_CALL) is None
    late.join()


@pytest.mark.parametrize("name", ENDLESS)
def test_a_signal_stops_a_program_that_makes_no_calls(machine: Machine, name: str) -> None:
    """Whatever it is that makes it endless: the compiled engine does not ask at each block."""
    assert stopped(machine, ENDLESS[name])


def test_a_helper_gets_no_signal_from_its_first_moment_on(machine: Machine) -> None:
    """But the kick. The pure engine's guest blocks what it catches: a thread that did not yet died of it, and all with it."""
    masks: list[set[int]] = []
    told = threading.Event()

    def help_() -> None:
        masks.append(signal.pthread_sigmask(signal.SIG_BLOCK, []))
        told.set()

    mine = signal.pthread_sigmask(signal.SIG_BLOCK, [])
    machine.engine.start_helper(help_)
    assert told.wait(10) and masks[0] >= signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP, KICK}
    assert KICK not in masks[0] and signal.pthread_sigmask(signal.SIG_BLOCK, []) == mine


def test_float_state_survives_a_round_trip(machine: Machine) -> None:
    # fld1; fldpi; movq xmm3, rsp
    machine.run(b"\xd9\xe8\xd9\xeb\x66\x48\x0f\x6e\xdc" + END_CALL)
    image = read_fxsave(machine.engine)
    assert image[4] == 0b11000000
    assert image[32:42] == bytes.fromhex("35c26821a2da0fc90040")
    assert image[160 + 48 : 160 + 56] == machine.engine.register(RSP).to_bytes(8, "little")
    ARCH.start_registers(machine.engine, CODE, 0)
    assert read_fxsave(machine.engine) != image
    write_fxsave(machine.engine, image)
    assert read_fxsave(machine.engine) == image
    assert machine.engine.register(RAX) == 0


@pytest.mark.parametrize("step", [0, 4096])
def test_a_budget_counts_blocks_whatever_misses(machine: Machine, step: int) -> None:
    """A page after the other, each a miss, or always the same: the tick comes at the same block, and a run can be repeated."""
    room = mmap.mmap(-1, 1 << 26)
    base = 0x1000_0000
    machine.engine.map_range(base, base + len(room), ctypes.addressof(ctypes.c_char.from_buffer(room)), 3)
    loop = b"\xff\x07\x48\x01\xf7\x48\xff\xc3\xeb\xf6"  # incl (rdi); add rdi, rsi; inc rbx; jmp to the first
    machine.memory[0 : len(loop)] = loop
    machine.engine.flush_code()
    ARCH.start_registers(machine.engine, CODE, READONLY - 64)
    machine.engine.write_registers((RDI, RSI), (base, step))
    machine.engine.set_budget(15_000)
    assert Stop(machine.engine.run(None)) == Stop.ATTENTION
    assert machine.engine.take_tick()
    assert machine.engine.register(RBX) == 15_000 - 1


def test_indirect_jumps_go_where_the_code_of_now_is(machine: Machine) -> None:
    """Whatever was there before: other code, and more flushes of the TLB than the compiled engine can count."""
    call = load(3, CODE + 64) + b"\xff\xd3\xff\xd3" + load(0, 99) + b"\x0f\x05"  # call rbx, twice; an unknown call
    for value in (*range(1, 5), 70):
        for _ in range(70_000 if value == 70 else 1):
            machine.engine.flush_tlb()
        function = b"\x48\x83\xc7" + bytes([value]) + b"\xc3"  # add rdi, value; ret
        assert machine.run(call.ljust(64, b"\x90") + function) is None
        assert machine.engine.register(RDI) == 2 * value
        assert machine.seen[-1] == (99,)


REFUSED_LOADS = {
    "mov rax, [rsi]": "488b06",
    "movzx eax, byte [rsi]": "0fb606",
    "movsxd rax, [rsi]": "486306",
    "add rax, [rsi]": "480306",
    "adc al, [rsi]": "1206",
    "cmp [rsi], rax": "483906",
    "inc qword [rsi]": "48ff06",
    "add [rsi], rax": "480106",
    "lock xadd [rsi], rax": "f0480fc106",
    "lock cmpxchg [rsi], rcx": "f0480fb10e",
    "xchg [rsi], rax": "488706",
    "lodsq": "48ad",
    "movsq": "48a5",
    "scasb from rdi": "4887f7ae",
    "pop rax": "4889f458",
    "ret": "4889f4c3",
    "call [rsi]": "ff16",
    "jmp [rsi]": "ff26",
    "imul rax, [rsi]": "480faf06",
    "div qword [rsi]": "48f736",
    "bt qword [rsi], 5": "480fba2605",
    "cmovz rax, [rsi]": "480f4406",
    "fld qword [rsi]": "dd06",
    "movups xmm0, [rsi]": "0f1006",
    "pshufb xmm0, [rsi]": "660f380006",
    "cvtsi2sd xmm0, [rsi]": "f2480f2a06",
    "popcnt rax, [rsi]": "f3480fb806",
    "movbe-like bswap load": "488b060fc8",
}


@pytest.mark.parametrize("name", REFUSED_LOADS)
def test_a_refused_load_leaves_everything_as_it_was(machine: Machine, name: str) -> None:
    """The instruction has done nothing: registers, flags, the program counter; nor have those after it."""
    values = {register: 0x1111111111111111 * i for i, register in enumerate(ARCH.general[:15], 1)}
    before = bytes.fromhex("4889f4") if "4889f4" in REFUSED_LOADS[name] else b""
    before = before or (bytes.fromhex("4887f7") if "4887f7" in REFUSED_LOADS[name] else b"")
    instruction = bytes.fromhex(REFUSED_LOADS[name]).removeprefix(before)
    code = before + instruction + b"\x48\xff\xc3" * 4 + b"\xeb\xfe"
    machine.memory[0 : len(code)] = code
    machine.engine.flush_code()
    ARCH.start_registers(machine.engine, CODE, READONLY - 64)
    values[RSI] = 0x5123
    machine.engine.write_registers(tuple(values), tuple(values.values()))
    assert Stop(machine.engine.run(None)) == Stop.FAULT
    after = dict(zip(values, machine.engine.read_registers(tuple(values)), strict=True))
    if before == bytes.fromhex("4887f7"):
        values[RSI], values[RDI] = values[RDI], values[RSI]
    assert after == values and machine.engine.register(RIP) == CODE + len(before)
    assert (machine.engine.fault_address, machine.engine.fault_access) == (0x5123, Access.READ)
    assert machine.engine.read_vectors((XMM0,)) == bytes(16)


REFUSED_STORES = {
    "mov [rdi], rax": "488907",
    "mov [rdi], al": "8807",
    "mov [rdi], ax": "668907",
    "mov dword [rdi], 7": "c70707000000",
    "stosq": "48ab",
    "stosb": "aa",
    "movbe [rdi], rax": "480f38f107",
    "movups [rdi], xmm0": "0f1107",
    "movq [rdi], xmm0": "660fd607",
    "setz [rdi]": "0f9407",
    "push rax": "4889fc50",
    "push [rsp]": "4889fcff3424",
    "call next": "4889fce800000000",
    "add [rdi], rax": "480107",
    "inc byte [rdi]": "fe07",
    "xchg [rdi], rax": "488707",
    "lock xadd [rdi], rax": "f0480fc107",
    "lock cmpxchg [rdi], rcx": "f0480fb10f",
    "sgdt-like: fnstcw [rdi]": "d93f",
    "pop [rdi]": "8f07",
}


@pytest.mark.parametrize("name", REFUSED_STORES)
def test_a_refused_store_leaves_everything_as_it_was(machine: Machine, name: str) -> None:
    """The page may be read and not written. Nothing of the instruction is done, nor of those after it."""
    values = {register: 0x1111111111111111 * i for i, register in enumerate(ARCH.general[:15], 1)}
    before = bytes.fromhex("4889fc") if "4889fc" in REFUSED_STORES[name] else b""
    code = bytes.fromhex(REFUSED_STORES[name]) + b"\x48\xff\xc3" * 4 + b"\x48\x89\x1d\0\0\1\0" + b"\xeb\xfe"
    where = READONLY + 0x120
    machine.memory[0 : len(code)] = code
    content = bytes(machine.memory[READONLY - CODE : READONLY - CODE + 4096])
    machine.engine.flush_code()
    ARCH.start_registers(machine.engine, CODE, READONLY - 64)
    values[RDI] = where
    machine.engine.write_registers(tuple(values), tuple(values.values()))
    assert Stop(machine.engine.run(None)) == Stop.FAULT
    after = dict(zip(values, machine.engine.read_registers(tuple(values)), strict=True))
    assert after == values and machine.engine.register(RIP) == CODE + len(before)
    assert machine.engine.fault_access == Access.WRITE
    assert where - 8 <= machine.engine.fault_address <= where
    assert content == machine.memory[READONLY - CODE : READONLY - CODE + 4096]
