"""Changes to Unicorn's own code, in memory: how they are made, and stops that are exact (lx.cpu.locked has the others).

At the start of a block and after each store translated code calls a helper that asks whether the run is to stop. A refused
store must stop there; but a stop from outside (a signal, a tick) would be taken there too, and go back to the start of an
instruction whose store has been done: `inc (mem)` and `xchg` then happen twice (a counter under a mutex showed one too many in a
few runs of a hundred). `make_stops_exact` makes a copy of the function that generates the question, which says that a store
asks, and has the generators of stores jump to it; the helper then answers by the error that a refused store leaves behind.
The copy lies where the generators of atomic minimum and maximum are, which x86 does not have. An engine whose blocks do not ask
at all after a store (lx.cpu._compiled) needs none of it.

A library that does not look as expected is left alone, and the answer is False.
"""

import ctypes
from mmap import PROT_EXEC, PROT_READ, PROT_WRITE

Patch = tuple[int, bytes]
"""Where, and the code that comes there."""

HELPER, GENERATOR, STORES = "helper_check_exit_request", "check_exit_request", ("tcg_gen_qemu_st_i32", "tcg_gen_qemu_st_i64")
CAVE = "tcg_gen_atomic_fetch_smin_i32"
HELPER_ASKS = bytes.fromhex("4c8b87b8010000 418b80408a0000 85c0 7904 85f6 740a c3 660f1f840000000000")
"""mov 0x1b8(%rdi), %r8; mov 0x8a40(%r8), %eax (icount_decr); test %eax, %eax; jns ret; test %esi, %esi; je stop; ret."""
HELPER_ASKS_WHO = bytes.fromhex("4c8b87b8010000 418b80408a0000 85c0 790d 85f6 740a 83bf9005000000 7501 c3")
"""... test %esi, %esi; je stop; cmpl $0, 0x590(%rdi) (uc->invalid_error); jne stop; ret."""
GENERATOR_SIZE = 161
CALL, LOAD, JUMP = b"\xe8", b"\x48\x8b\x35", b"\xe9"
RELATIVE = ((0x24, CALL), (0x31, CALL), (0x55, CALL), (0x5A, LOAD), (0x7D, CALL), (0x88, CALL), (0x9C, JUMP))
"""Where the generator has instructions with a relative address, and how they begin."""
SAYS_AT, SAYS_NO, SAYS_YES = 0x29, bytes.fromhex("31f6 4889ef 4989c5"), bytes.fromhex("6a01 5e 555f 4989c5")
"""xor %esi, %esi; mov %rbp, %rdi; mov %rax, %r13. push $1; pop %rsi; push %rbp; pop %rdi; mov %rax, %r13."""
JUMP_WITHIN = 0x60


CPU_AT, STOP_AT, STATE_AFTER = slice(3, 7), slice(10, 14), 16
"""In that code: where uc_struct has its CPU, where that has icount_decr, and how far behind this its state begins."""


class UnknownCode(Exception):
    """The library is not the one we know."""


def make_stops_exact(library: ctypes.CDLL, arch: str) -> bool:
    """Have a stop from outside be taken at the start of a block only."""
    try:
        helper, generator, cave, *stores = (address_of(library, name, arch) for name in (HELPER, GENERATOR, CAVE, *STORES))
    except UnknownCode:
        return False
    if ctypes.string_at(helper, len(HELPER_ASKS)) == HELPER_ASKS_WHO:
        return True
    copy = bytearray(ctypes.string_at(generator, GENERATOR_SIZE))
    jumps = [_last_jump(store) for store in stores]
    if len({target for _, target in jumps}) != 1:
        return False
    if ctypes.string_at(helper, len(HELPER_ASKS)) != HELPER_ASKS or not _relocate(copy, generator - cave):
        return False
    done = replace((cave, bytes(copy))) and replace((helper, HELPER_ASKS_WHO))
    return done and all(replace((jump + 1, relative(cave - jump - 5))) for jump, _ in jumps)


def place_of_state(library: ctypes.CDLL, arch: str, uc: ctypes.c_void_p) -> int:
    """Where Unicorn keeps the registers of this CPU. UnknownCode."""
    code = ctypes.string_at(address_of(library, HELPER, arch), len(HELPER_ASKS))
    if code not in (HELPER_ASKS, HELPER_ASKS_WHO):
        raise UnknownCode
    cpu_at, stop_at = (int.from_bytes(code[where], "little") for where in (CPU_AT, STOP_AT))
    assert uc.value is not None
    return ctypes.c_uint64.from_address(uc.value + cpu_at).value + stop_at + STATE_AFTER


def relative(distance: int) -> bytes:
    """A distance as instructions have it."""
    return distance.to_bytes(4, "little", signed=True)


def _relocate(code: bytearray, distance: int) -> bool:
    """Make of the generator's code, moved down by so much, one that says yes; False if it is not the code we know."""
    if code[SAYS_AT : SAYS_AT + len(SAYS_NO)] != SAYS_NO:
        return False
    code[SAYS_AT : SAYS_AT + len(SAYS_YES)] = SAYS_YES
    for at, begins in RELATIVE:
        if code[at : at + len(begins)] != begins:
            return False
        place = slice(at + len(begins), at + len(begins) + 4)
        code[place] = relative(int.from_bytes(code[place], "little", signed=True) + distance)
    return True


def _last_jump(function: int) -> tuple[int, int]:
    """Where a function jumps away at its end, and where to."""
    code = ctypes.string_at(function, JUMP_WITHIN)
    at = code.find(b"\xe9")
    return function + at, function + at + 5 + int.from_bytes(code[at + 1 : at + 5], "little", signed=True)


def address_of(library: ctypes.CDLL, name: str, arch: str) -> int:
    """Where one of the library's functions for this architecture is. UnknownCode."""
    try:
        return ctypes.cast(getattr(library, f"{name}_{arch}"), ctypes.c_void_p).value or 0
    except AttributeError:
        raise UnknownCode from None


def replace(patch: Patch) -> bool:
    """Write code over code; whether the host lets us."""
    address, code = patch
    mprotect = ctypes.CDLL(None).mprotect
    mprotect.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)
    page = address & -4096
    if mprotect(page, 8192, PROT_READ | PROT_WRITE | PROT_EXEC):
        return False
    ctypes.memmove(address, code, len(code))
    return not mprotect(page, 8192, PROT_READ | PROT_EXEC)
