"""A call's registers, as the pure engine reads and answers them.

Unicorn's functions for it cost ctypes 0.7 us a call, more than all else that the engine does for one. The head of Unicorn's CPU
state is an array of registers, so `of` looks for it where the code of one of Unicorn's helpers says that it lies, finds out by
writing which register is which, and then they are words of memory (`InPlace`). A library that does not look as expected is asked
by its functions (`ByFunction`).
"""

import ctypes
from ctypes import c_int, c_uint64, c_void_p
from struct import Struct
from typing import TYPE_CHECKING

from lx.abi.lean import Callable, itemgetter, partial
from lx.cpu import mend

if TYPE_CHECKING:
    from lx.cpu.arch import Architecture

U64 = 2**64 - 1
WORDS = 8
"""Number, six arguments, program counter."""
READ_WORDS, WRITE_ANSWER = Struct(f"={WORDS}Q").unpack_from, Struct("=3Q").pack_into
HEAD = 20
"""Words of the state among which the registers are looked for."""
PATTERN = 0x6C78_0000_5A5A_0000
READ_FLAGS = "helper_read_eflags"


class Registers:
    """The registers of the call that the CPU stands at."""

    read: Callable[[], tuple[int, ...]]
    """Number, six arguments and program counter; the number's upper half is whatever the guest had there."""

    def answer(self, result: int, pc: int) -> None:
        """Set the result, and what a call clobbers: the program counter after it, and the flags."""
        raise NotImplementedError


class ByFunction(Registers):
    """By Unicorn's functions."""

    def __init__(self, library: ctypes.PyDLL, uc: c_void_p, arch: "Architecture") -> None:
        # without argument types, and of ctypes objects alone: ctypes calls a converter for each argument that has a type
        read, write = library["uc_reg_read_batch"], library["uc_reg_write_batch"]
        self._words, self._values, self._flag = (c_uint64 * WORDS)(), (c_uint64 * 3)(), c_uint64()
        ids = (c_int * WORDS)(*arch.call_registers, arch.pc)
        self._fetch = partial(read, uc, ids, pointers(self._words), c_int(WORDS))
        self._store = partial(write, uc, (c_int * 3)(*arch.return_registers), pointers(self._values), c_int(3))
        self._read_flags = partial(library["uc_reg_read"], uc, c_int(arch.flags), ctypes.byref(self._flag))

    def read(self) -> tuple[int, ...]:
        self._fetch()
        return READ_WORDS(self._words)

    def answer(self, result: int, pc: int) -> None:
        self._read_flags()
        WRITE_ANSWER(self._values, 0, result & U64, pc, self._flag.value)
        self._store()


class InPlace(Registers):
    """In Unicorn's memory. places, answers: which of its words are what `read` tells and what an answer sets."""

    def __init__(self, state: memoryview, places: list[int], answers: list[int], flags: Callable[[], int]) -> None:
        self.read = partial(itemgetter(*places), state)
        self._state, self._flags = state, flags
        self._result, self._pc, self._flag = answers

    def answer(self, result: int, pc: int) -> None:
        state = self._state
        state[self._result] = result & U64
        state[self._pc] = pc
        state[self._flag] = self._flags()


def of(library: ctypes.CDLL, fast: ctypes.PyDLL, uc: c_void_p, arch: "Architecture") -> Registers:
    """The quickest way to them that this Unicorn has. fast: the same library, whose calls keep Python's lock."""
    by_function = ByFunction(fast, uc, arch)
    try:
        at = mend.place_of_state(library, arch.name, uc)
        read_flags = fast[f"{READ_FLAGS}_{arch.name}"]
    except (mend.UnknownCode, AttributeError):
        return by_function
    state = memoryview((c_uint64 * HEAD).from_address(at)).cast("B").cast("Q")
    places = [_place_of(state, fast, uc, register) for register in (*arch.call_registers, arch.pc, *arch.return_registers)]
    flags = c_uint64()
    fast.uc_reg_read(uc, arch.flags, ctypes.byref(flags))
    tell_flags = partial(read_flags, c_void_p(at))
    if -1 in places or tell_flags() != flags.value:
        return by_function
    return InPlace(state, places[:WORDS], places[WORDS:], tell_flags)


def _place_of(state: memoryview, library: ctypes.PyDLL, uc: c_void_p, register: int) -> int:
    """The word that a register is; -1 if it is not among them."""
    before, value = c_uint64(), c_uint64(PATTERN + register)
    library.uc_reg_read(uc, register, ctypes.byref(before))
    library.uc_reg_write(uc, register, ctypes.byref(value))
    words = state.tolist()
    library.uc_reg_write(uc, register, ctypes.byref(before))
    return words.index(value.value) if value.value in words else -1


def pointers(words: "ctypes.Array[c_uint64] | ctypes.Array[ctypes.c_char]", size: int = 8) -> "ctypes.Array[c_void_p]":
    """Where each of them is, as Unicorn's batches want it."""
    base, count = ctypes.addressof(words), ctypes.sizeof(words) // size
    return (c_void_p * count)(*[base + size * i for i in range(count)])
