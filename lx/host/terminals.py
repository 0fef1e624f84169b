"""Terminal settings in the host's numbers and in Linux's, by the names that Python's termios module has.

What has no name on the host has no meaning there and is left out; on a Linux host every bit has Linux's, named or not. The
layout of the structures is Linux's on both sides.
"""

import struct
import termios

from lx.abi.ioctl import TERMIO
from lx.abi.termios import FIELDS, WORDS, ControlCharacter
from lx.host.numbers import LINUX

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

Row = tuple[int, int, int, int]
"""Linux's mask and value, and the host's."""


class Settings:
    """The translation for a host whose numbers a module names; linux: it has Linux's where it has no name."""

    def __init__(self, module: "Any", *, linux: bool) -> None:
        def number(name: str, own: int) -> int | None:
            found: int | None = getattr(module, name, own if linux else None)
            return found

        self.linux = linux
        self.rows: list[list[Row]] = [[], [], [], []]
        for rows, flags in zip(self.rows, WORDS, strict=True):
            for flag in flags:
                host = number(str(flag.name), int(flag))
                if host:
                    rows.append((int(flag), int(flag), host, host))
        for word, field, values in FIELDS:
            mask = number(field.name, int(field))
            for name, own in values.items():
                host = number(name, own)
                if mask and host is not None:
                    self.rows[word].append((int(field), own, mask, host))
        found = {int(name): number(name.name, int(name)) for name in ControlCharacter}
        self.places = [(own, host) for own, host in found.items() if host is not None]

    def to_host(self, data: bytes) -> bytearray:
        """struct termio, termios or termios2 in the host's numbers."""
        return self._turned(data, self.rows, self.places)

    def to_linux(self, data: bytes) -> bytearray:
        """The same in Linux's."""
        back = [[(h_mask, h_value, mask, value) for mask, value, h_mask, h_value in rows] for rows in self.rows]
        return self._turned(data, back, [(host, own) for own, host in self.places])

    def _turned(self, data: bytes, table: list[list[Row]], places: list[tuple[int, int]]) -> bytearray:
        head = struct.Struct("=4H" if len(data) == TERMIO else "=4I")
        most = (1 << head.size * 2) - 1
        words = [self._word(word, rows) & most for word, rows in zip(head.unpack_from(data), table, strict=True)]
        result, first = bytearray(data), head.size + 1
        head.pack_into(result, 0, *words)
        for before, after in places:
            if max(before, after) < (8 if len(data) == TERMIO else 19):
                result[first + after] = data[first + before]
        return result

    def _word(self, word: int, rows: list[Row]) -> int:
        turned, named = 0, 0
        for mask, value, other_mask, other in rows:
            named |= mask
            if word & mask == value:
                turned = turned & ~other_mask | other
        return turned | (word & ~named if self.linux else 0)


HOST = Settings(termios, linux=LINUX)
