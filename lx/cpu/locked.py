"""Locked instructions that are atomic for other processes: changes to Unicorn's own code, in memory.

Unicorn runs one CPU and translates a locked instruction to a load, a computation and a store. Two guest processes that
share memory run on two host CPUs: counters lose increments, mutexes have two owners (3 million locked increments by each of two
processes gave 4.8 million). QEMU's generator has the atomic form too, a helper that has the host do it, chosen by a flag of the
block that Unicorn never sets. `make_atomic` is called when a process first maps shared memory writable, because a helper costs a
call. Ruled out: hooks on locked instructions, and one lock for all shared pages, which stores that are not locked would
have to take. What is changed, all of it or nothing:

* The generators, and the choice for cmpxchg8b and cmpxchg16b, ask for the flag the other way round: a block is atomic unless
  it has the flag.
* A helper that cannot (the page is refused) asks for the instruction to be run alone, and Unicorn would try again for ever. Now
  the next block is this one instruction with the flag: it loads, computes, stores, and faults as it has to.
* The helpers that exchange only load and store; to unlock a mutex is an exchange.
* The helpers refuse an operand that is not aligned; now only one that lies on two pages. That one alone is not atomic.

A library that does not look as expected is left alone, and the answer is False.
"""

import ctypes
from mmap import MAP_PRIVATE, PAGESIZE, PROT_EXEC, PROT_READ, PROT_WRITE, mmap

from lx.cpu.mend import Patch, UnknownCode, address_of, relative, replace

FIRST, LAST, FENCE, AFTER_CHOICES = "tcg_gen_atomic_cmpxchg_i32", "tcg_gen_atomic_xchg_i64", "tcg_gen_mb", "tcg_x86_init"
LENGTH_OF_LAST, LENGTH_OF_FENCE, LENGTH_OF_CHOICES, MOST = 64, 16, 0x12000, 0x2000
GENERATOR_TESTS = (b"\xf6\x45\x66\x08", b"\xf6\x47\x66\x08")
"""testb $8, 0x66(%rbp), (%rdi): bit 19 of the flags in the generator's context."""
CHOICE_TEST = b"\xf6\x40\x1a\x08\x0f\x85"
"""testb $8, 0x1a(%rax); jne: the flag in the block itself."""
FEWEST_TESTS, CHOICES = 30, 2

GIVE_UP, RESUME, LOOP = "cpu_loop_exit_atomic", "cpu_loop_exit_restore", "cpu_exec"
GIVES_UP = bytes.fromhex("4883ec08 c787a081000005000100 e8")
"""sub $8, %rsp; movl $0x10005, 0x81a0(%rdi) (the exception); call RESUME, and three bytes of filling behind it."""
RETRIES = bytes.fromhex("c7471801000800 c787a0810000ffffffff e9")
"""movl $0x80001, 0x18(%rdi) (the next block: one instruction, with the flag); movl $-1, 0x81a0(%rdi); jmp RESUME."""
FILLING = b"\x66\x2e\x0f"
TAKES_NEXT, LENGTH_OF_LOOP = bytes.fromhex("448b4b18 4183f9ff"), 0x400
"""mov 0x18(%rbx), %r9d; cmp $-1, %r9d: where the loop looks what the next block is to be."""

EXCHANGES = {
    "helper_atomic_xchgb": (bytes.fromhex("0fb610 8818 5b 0fb6c2 c3"), bytes.fromhex("8618 0fb6c3 5b c3")),
    "helper_atomic_xchgw_le": (bytes.fromhex("0fb710 668918 5b 0fb7c2 c3"), bytes.fromhex("668718 0fb7c3 5b c3")),
    "helper_atomic_xchgl_le": (bytes.fromhex("448b00 8918 5b 4489c0 c3"), bytes.fromhex("8718 89d8 5b c3")),
    "helper_atomic_xchgq_le": (bytes.fromhex("4c8b00 488918 5b 4c89c0 c3"), bytes.fromhex("488718 4889d8 5b c3")),
}
"""mov (%rax), old; mov %rbx, (%rax); pop %rbx; mov old, %rax; ret, and xchg %rbx, (%rax); mov %rbx, %rax; pop %rbx; ret."""
LENGTH_OF_EXCHANGE = 32
CALL, LOOKUP_CALLER = b"\xe8", "helper_atomic_xchgb"
IN_RDX = bytes.fromhex("8d52ff 4863d2 4885ea 0f85"), bytes.fromhex("8d5415ff 31ea f6c610")
IN_R14 = bytes.fromhex("418d56ff 4863d2 4885ea 0f85"), bytes.fromhex("428d5435ff 31ea f6c610")
IN_R15 = bytes.fromhex("418d57ff 4863d2 4885ea 0f85"), bytes.fromhex("428d543dff 31ea f6c610")
"""lea -1(size), %edx; movslq %edx, %rdx; test %rbp, %rdx (the address); jne. lea -1(%rbp,size), %edx; xor %ebp, %edx;
test $0x10, %dh: whether the addresses of the first and the last byte differ in bit 12."""
ALIGNMENTS = {
    "helper_atomic_cmpxchgl_le": IN_R15,
    "helper_atomic_cmpxchgq_le": IN_R15,
    "helper_atomic_cmpxchgq_le_mmu": IN_RDX,
}
"""Helpers that look up the page of the operand themselves; the others call a function for it, which has the size in r14."""
LENGTH_OF_LOOKUP = 0x100

COMPARE_SWAP = bytes.fromhex("89f0 f00fb117 c3")
"""mov %esi, %eax; lock cmpxchg %edx, (%rdi); ret."""


def make_atomic(library: ctypes.CDLL, arch: str) -> bool:
    """Have blocks translated from now on use the atomic forms; arch: the suffix of the library's functions."""
    try:
        return all(replace(patch) for patch in _patches(library, arch))
    except UnknownCode:
        return False


def _patches(library: ctypes.CDLL, arch: str) -> list[Patch]:
    """What is to be changed: nothing if it has been. UnknownCode."""
    give_up, retries = _retrying(library, arch)
    if ctypes.string_at(give_up, len(retries)) == retries:
        return []
    return [
        *_flag_tests(library, arch),
        *[_only(address_of(library, name, arch), LENGTH_OF_EXCHANGE, *codes) for name, codes in EXCHANGES.items()],
        *_alignments(library, arch),
        (give_up, retries),
    ]


def _flag_tests(library: ctypes.CDLL, arch: str) -> list[Patch]:
    first, last, fence, after = (address_of(library, name, arch) for name in (FIRST, LAST, FENCE, AFTER_CHOICES))
    if not 0 < last - first < MOST:
        raise UnknownCode
    places = (first, last + LENGTH_OF_LAST - first), (fence, LENGTH_OF_FENCE)
    found = [at for place in places for code in GENERATOR_TESTS for at in _found(*place, code)]
    choices = _found(after - LENGTH_OF_CHOICES, LENGTH_OF_CHOICES, CHOICE_TEST)
    if len(found) < FEWEST_TESTS or len(choices) != CHOICES:
        raise UnknownCode
    return [_other_way_round(at + 4) for at in [*found, *choices]]


def _found(start: int, length: int, code: bytes) -> list[int]:
    """Where this stands."""
    text = ctypes.string_at(start, length)
    found = []
    at = text.find(code)
    while at >= 0:
        found.append(start + at)
        at = text.find(code, at + 1)
    return found


def _other_way_round(jump: int) -> Patch:
    """A conditional jump, short or long, that is taken when it was not."""
    code = ctypes.string_at(jump, 2)
    if code[0] in (0x74, 0x75):
        return jump, bytes((code[0] ^ 1,))
    if code in (b"\x0f\x84", b"\x0f\x85"):
        return jump + 1, bytes((code[1] ^ 1,))
    raise UnknownCode


def _retrying(library: ctypes.CDLL, arch: str) -> tuple[int, bytes]:
    """Where a helper gives up, and the code that has the instruction run alone."""
    give_up, resume = address_of(library, GIVE_UP, arch), address_of(library, RESUME, arch)
    retries = RETRIES + relative(resume - give_up - len(RETRIES) - 4)
    old = ctypes.string_at(give_up, len(retries))
    known = old.startswith(GIVES_UP) and old.endswith(FILLING)
    if old != retries and not (known and len(_found(address_of(library, LOOP, arch), LENGTH_OF_LOOP, TAKES_NEXT)) == 1):
        raise UnknownCode
    return give_up, retries


def _only(start: int, length: int, old: bytes, new: bytes) -> Patch:
    """The new code for the one place that has the old."""
    found = _found(start, length, old)
    if len(found) != 1:
        raise UnknownCode
    return found[0], new


def _alignments(library: ctypes.CDLL, arch: str) -> list[Patch]:
    caller = address_of(library, LOOKUP_CALLER, arch)
    code = ctypes.string_at(caller, LENGTH_OF_EXCHANGE)
    at = code.find(CALL) + 5
    lookup = caller + at + int.from_bytes(code[at - 4 : at], "little", signed=True)
    places = {lookup: IN_R14} | {address_of(library, name, arch): codes for name, codes in ALIGNMENTS.items()}
    return [_only(start, LENGTH_OF_LOOKUP, *codes) for start, codes in places.items()]


class CompareSwap:
    """Called with (host address, old, value): write the value if the word is `old`, in one step; what it was. For x86-64 hosts.

    OSError if the host refuses memory that may be written and executed.
    """

    def __init__(self) -> None:
        self._page = mmap(-1, PAGESIZE, MAP_PRIVATE, PROT_READ | PROT_WRITE | PROT_EXEC)
        self._page.write(COMPARE_SWAP)
        place = ctypes.addressof(ctypes.c_char.from_buffer(self._page))
        self._call = ctypes.CFUNCTYPE(ctypes.c_uint32, ctypes.c_void_p, ctypes.c_uint32, ctypes.c_uint32)(place)

    def __call__(self, address: int, old: int, value: int) -> int:
        was: int = self._call(address, old, value)
        return was
