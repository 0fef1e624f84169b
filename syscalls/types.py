"""The argument types of rows: each says how a raw word is decoded, shown and generated.

A handler annotates its parameters with these names and nothing else:

    def openat(t: Thread, dirfd: DirFd, path: Path, flags: OpenFlags, mode: Mode) -> int

`decode` is a Python expression over the raw word `{a}` (0 to 2**64 - 1) and the thread `t`; the table builder pastes
it into the row's generated adapter, so that decoding costs no call unless it has to touch guest memory. `kind` is the
key by which syscalls.show prints a value and lx.testing makes one. Where Linux checks another argument before it reads
a string, the row takes `PathPtr` and reads the path itself.

Importing `typing` and `dataclasses` costs more (10 and 17 ms) than starting Python does, and every `lx run` would pay
it; so this module and declare.py do without. A family imports `Annotated` from here: to mypy it is typing's own.
"""

from lx.abi.names import IntEnum, IntFlag

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Annotated as Annotated
else:

    class Annotated:
        """typing.Annotated as far as a row needs it: a type that carries its metadata."""

        __slots__ = ("__metadata__", "__origin__")

        def __class_getitem__(cls, parts):
            alias = object.__new__(cls)
            alias.__origin__, *metadata = parts
            alias.__metadata__ = tuple(metadata)
            return alias

        def __repr__(self):
            return f"Annotated[{self.__origin__.__name__}, {', '.join(map(repr, self.__metadata__))}]"


S32 = "({a} & 0xffffffff ^ 0x80000000) - 0x80000000"
U32 = "{a} & 0xffffffff"
S64 = "({a} ^ 0x8000000000000000) - 0x8000000000000000"
U64 = "{a}"
LETTERS = {S32: b"i", U32: b"I", S64: b"q", U64: b"Q"}
"""What an engine may do by itself, in struct's letters."""


class Arg:
    """How one argument is decoded, shown and generated.

    `kind` names it; `decode` is the adapter's expression; `struct` names the layout a pointer points at and `out`
    says that the call writes it; `flags` is the set of names for a word of bits, or an IntEnum's for a command.
    """

    __slots__ = ("decode", "flags", "kind", "out", "struct")

    def __init__(
        self,
        kind: str,
        decode: str = U64,
        struct: str = "",
        out: bool = False,
        flags: type[IntFlag] | type[IntEnum] | None = None,
    ) -> None:
        self.kind = kind
        self.decode = decode
        self.struct = struct
        self.out = out
        self.flags = flags

    def __repr__(self) -> str:
        names = f", flags={self.flags.__name__}" if self.flags else ""
        return f"Arg({self.kind!r}, {self.decode!r}, {self.struct!r}, {self.out}{names})"


Fd = Annotated[int, Arg("fd", S32)]
DirFd = Annotated[int, Arg("dirfd", S32)]
Int = Annotated[int, Arg("int", S32)]
UInt = Annotated[int, Arg("uint", U32)]
Long = Annotated[int, Arg("long", S64)]
ULong = Annotated[int, Arg("ulong")]
Size = Annotated[int, Arg("size")]
Offset = Annotated[int, Arg("offset", S64)]
Mode = Annotated[int, Arg("mode", U32)]
Pid = Annotated[int, Arg("pid", S32)]
Uid = Annotated[int, Arg("uid", U32)]
Gid = Annotated[int, Arg("gid", U32)]
Signal = Annotated[int, Arg("signal", S32)]
ClockId = Annotated[int, Arg("clockid", S32)]

Ptr = Annotated[int, Arg("ptr")]
"""An address of no declared content."""
BufferIn = Annotated[int, Arg("buffer")]
"""Address of bytes that the call reads."""
BufferOut = Annotated[int, Arg("buffer", out=True)]
"""Address of bytes that the call writes."""
Path = Annotated[bytes, Arg("path", "t.memory.path({a})")]
"""A path, already read: ENAMETOOLONG beyond 4095 bytes, EFAULT for a bad address. May be empty."""
PathPtr = Annotated[int, Arg("path")]
"""Address of a path that the handler reads itself with t.memory.path()."""
Text = Annotated[int, Arg("text")]
"""Address of a C string that is not a path."""
Argv = Annotated[int, Arg("argv")]
"""Address of a NULL-terminated array of strings, shown whole."""
Envp = Annotated[int, Arg("envp")]
"""Address of a NULL-terminated array of strings, shown as their number."""


def struct_in(name: str) -> Arg:
    """A pointer to a structure that the call reads. Use: Annotated[int, struct_in("timespec")]."""
    return Arg("struct", struct=name)


def struct_out(name: str) -> Arg:
    """A pointer to a structure that the call fills in."""
    return Arg("struct", struct=name, out=True)


def struct_inout(name: str) -> Arg:
    """A pointer to a structure that the call reads and then writes."""
    return Arg("struct-inout", struct=name, out=True)


def flags_of(names: type[IntFlag], decode: str = U32) -> Arg:
    """A word of bits with names. Use: Annotated[int, flags_of(MapFlags)]."""
    return Arg("flags", decode, flags=names)


def one_of(names: type[IntEnum], decode: str = S32) -> Arg:
    """A word that is one of several named values. Use: Annotated[int, one_of(Whence)]."""
    return Arg("enum", decode, flags=names)
