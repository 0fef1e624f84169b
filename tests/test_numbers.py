"""The tables of numbers as properties: total, there and back, by name, on this host and on one that wears other numbers.

test_illumos.py has errno, signals, open flags and poll bits, and runs guests in the costume; here are sockets, terminal settings
and mappings.
"""

import mmap
import random
import socket
import struct
import termios
import types
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lx.abi import mman
from lx.abi.ioctl import TERMIO, TERMIOS, TERMIOS2
from lx.abi.socket import OPTIONS, Family, Level, MsgFlags, SocketFlags, SocketType
from lx.abi.termios import FIELDS, WORDS, ControlCharacter
from lx.host import numbers, sockets
from lx.host.terminals import HOST, Settings
from lx.kernel import hostmap

SEEDS = st.integers(0, 2**32)
TABLES: list[type[Any]] = [Family, SocketType, Level, *OPTIONS.values(), mman.MapFlags, mman.Madvise]


def costume(names: list[str], values: list[int], seed: int) -> types.SimpleNamespace:
    """A module that gives the names other numbers, each a different one."""
    shuffled = random.Random(seed).sample(values, len(names))
    return types.SimpleNamespace(**dict(zip(names, shuffled, strict=True)))


@pytest.mark.parametrize("names", TABLES, ids=lambda names: names.__name__)
@given(seed=SEEDS)
def test_every_number_crosses_by_its_name(names: type[Any], seed: int) -> None:
    other = costume([f"P_{member.name}" for member in names], list(range(1000, 1000 + 2 * len(list(names)))), seed)
    table = numbers.by_name(names, other, "P_", linux=False)
    assert set(table) == {int(member) for member in names}
    assert len(set(table.values())) == len(table)
    assert all(table[int(member)] == getattr(other, f"P_{member.name}") for member in names)


@pytest.mark.parametrize("names", TABLES, ids=lambda names: names.__name__)
def test_what_the_host_does_not_name_is_in_no_table_but_linuxs(names: type[Any]) -> None:
    assert numbers.by_name(names, types.SimpleNamespace(), linux=False) == {}
    assert numbers.by_name(names, types.SimpleNamespace(), linux=True) == {int(member): int(member) for member in names}


# ---- sockets


def test_families_go_and_come_back() -> None:
    for family in Family:
        if hasattr(socket, family.name):
            assert sockets.FAMILIES[int(family)] == int(getattr(socket, family.name))
        assert sockets.family_to_linux(sockets.FAMILIES[int(family)]) == family


@given(st.integers(0, 2**16 - 1), st.binary(max_size=120))
def test_an_address_goes_and_comes_back(family: int, rest: bytes) -> None:
    address = struct.pack("=H", family) + rest
    assert sockets.address_to_linux(sockets.address_to_host(address)) == address
    assert sockets.address_to_host(address[:1]) == address[:1]


@given(st.sampled_from(list(SocketType)), st.sets(st.sampled_from(list(SocketFlags))))
def test_types_go_and_come_back(kind: SocketType, flags: set[SocketFlags]) -> None:
    wanted = getattr(socket, kind.name, int(kind)) | sum(int(getattr(socket, f"SOCK_{flag.name}")) for flag in flags)
    assert sockets.type_to_host(int(kind) | sum(map(int, flags))) == wanted
    assert sockets.type_to_linux(sockets.TYPES[int(kind)]) == kind


@given(st.sets(st.sampled_from([flag for flag in MsgFlags if flag != MsgFlags.CMSG_COMPAT])))
def test_message_flags_go_and_come_back(flags: set[MsgFlags]) -> None:
    word = sum(map(int, flags))
    assert sockets.flags_to_linux(sockets.flags_to_host(word)) == word
    for flag in flags:
        assert sockets.flags_to_host(int(flag)) == int(getattr(socket, f"MSG_{flag.name}", flag))


def test_levels_and_options_are_the_hosts_of_the_same_name() -> None:
    for level in Level:
        assert sockets.level_to_linux(sockets.level_to_host(int(level))) == level
        for option in OPTIONS.get(int(level), ()):
            found = sockets.option_to_host(int(level), int(option))
            assert found == (sockets.level_to_host(int(level)), int(getattr(socket, option.name, option)))
        assert sockets.option_to_host(int(level), 9999) is None


# ---- terminals

SIZES = {TERMIO: "=4HB8s", TERMIOS: "=4IB19s", TERMIOS2: "=4IB19s2I"}


def names_of(word: int) -> tuple[list[str], list[tuple[str, dict[str, int]]]]:
    flags = [str(flag.name) for flag in WORDS[word]]
    return flags, [(field.name, values) for at, field, values in FIELDS if at == word]


def other_terminal(seed: int) -> types.SimpleNamespace:
    """A termios module in which bits, fields and places of characters have moved."""
    chance, module = random.Random(seed), types.SimpleNamespace()
    for word in range(4):
        flags, fields = names_of(word)
        bits = chance.sample(range(32), 32)
        for name in flags:
            setattr(module, name, 1 << bits.pop())
        for name, values in fields:
            own = [1 << bits.pop() for _ in range(len(values).bit_length() - (len(values) & len(values) - 1 == 0))]
            codes = [sum(bit for i, bit in enumerate(own) if code >> i & 1) for code in range(1 << len(own))]
            setattr(module, name, sum(own))
            for value, code in zip(values, chance.sample(codes, len(values)), strict=True):
                setattr(module, value, code)
    for name, place in zip(ControlCharacter.__members__, chance.sample(range(19), len(ControlCharacter)), strict=True):
        setattr(module, name, place)
    return module


def settings(chance: random.Random) -> tuple[list[int], list[str]]:
    """Four words made of names, and those names."""
    words, chosen = [], []
    for word in range(4):
        flags, fields = names_of(word)
        mine = [name for name in flags if chance.random() < 0.5]
        value = sum(int(WORDS[word][name]) for name in mine)
        for _, values in fields:
            name = chance.choice(list(values))
            mine.append(name)
            value |= values[name]
        words.append(value)
        chosen += mine
    return words, chosen


@given(seed=SEEDS)
def test_terminal_settings_go_to_another_host_by_name_and_come_back(seed: int) -> None:
    module, chance = other_terminal(seed), random.Random(seed)
    table = Settings(module, linux=False)
    words, chosen = settings(chance)
    characters = bytes(chance.randrange(256) for _ in range(17)) + b"\0\0"
    linux = struct.pack("=4IB19s", *words, 3, characters)
    host = table.to_host(linux)
    *theirs, line, moved = struct.unpack("=4IB19s", host)
    assert line == 3
    assert all(moved[getattr(module, character.name)] == characters[character] for character in ControlCharacter)
    for word in range(4):
        flags, fields = names_of(word)
        wanted = sum(getattr(module, name) for name in flags if name in chosen)
        for _, values in fields:
            wanted |= sum(getattr(module, name) for name in values if name in chosen)
        assert theirs[word] == wanted
    back = struct.unpack("=4IB19s", table.to_linux(bytes(host)))
    assert list(back[:4]) == words
    assert all(back[5][int(character)] == characters[character] for character in ControlCharacter)


@given(seed=SEEDS, size=st.sampled_from(list(SIZES)))
def test_on_linux_terminal_settings_stay_as_they_are(seed: int, size: int) -> None:
    """Whatever the bits are, named or not."""
    data = random.Random(seed).randbytes(struct.calcsize(SIZES[size]))
    data = data.ljust(size, b"\0")
    assert HOST.to_host(data) == data
    assert HOST.to_linux(data) == data


@pytest.mark.parametrize("word", range(4))
def test_this_hosts_names_have_linuxs_numbers_for_terminals(word: int) -> None:
    flags, fields = names_of(word)
    known = [name for name in flags if hasattr(termios, name)]
    assert known
    assert all(getattr(termios, name) & 0xFFFFFFFF == int(WORDS[word][name]) for name in known)
    for _, values in fields:
        assert all(getattr(termios, name, own) == own for name, own in values.items())


# ---- mappings


def test_what_mappings_are_made_with_has_the_hosts_numbers() -> None:
    assert (hostmap.MAP_SHARED, hostmap.MAP_PRIVATE, hostmap.MAP_ANONYMOUS) == (
        mmap.MAP_SHARED,
        mmap.MAP_PRIVATE,
        mmap.MAP_ANONYMOUS,
    )
    for flag in mman.MapFlags:
        assert numbers.MAPPING[int(flag)] == getattr(mmap, f"MAP_{flag.name}", int(flag))
    for advice in mman.Madvise:
        assert numbers.advice()[int(advice)] == getattr(mmap, f"MADV_{advice.name}", int(advice))
    with pytest.raises(OSError, match="Invalid argument"):
        hostmap.madvise(0, 0, 12345)
