"""Named numbers: enum's IntEnum, IntFlag and Enum as far as lx uses them, at a tenth of their cost.

Every `lx run` defines some nine hundred names of constants before the guest's first instruction; enum takes 8 us for each (and
its import 2 ms), and its flags answer `|`, `&` and `~` by Python code at every call. Here a member is an int with a name,
and what is computed from members is a plain int: `word & ~KNOWN` finds every strange bit, named or not.

To mypy these are enum's own classes. What differs: nothing is immutable, and a combination of flags has no name.
Iterating over flags gives single bits only, as enum does.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from enum import Enum as Enum
    from enum import IntEnum as IntEnum
    from enum import IntFlag as IntFlag
else:

    class Names(type):
        """The class of classes of named values."""

        def __new__(mcls, name, bases, body):
            return Unmade(name, bases, body) if bases and bases[0] in ROOTS else type.__new__(mcls, name, bases, body)

        def __call__(cls, value):
            member = cls._by_value.get(value)
            return cls._missing(value) if member is None else member

        def __iter__(cls):
            return iter([member for member in cls._by_value.values() if cls._listed(member)])

        def __len__(cls):
            return sum(1 for _ in cls)

        def __contains__(cls, value):
            return value in cls._by_value

        def __getitem__(cls, name):
            return cls.__members__[name]

    class Unmade:
        """What a class statement leaves until somebody asks for a member: most are never asked, and making a class is dear.

        It stays in the class's place afterwards, and has the members itself.
        """

        def __init__(self, name, bases, body):
            self.__bases__ = bases  # so that issubclass takes it for a class
            self.__doc__ = body.get("__doc__")
            self._statement = name, bases, body

        def __getattr__(self, key):
            if key == "_class":
                made = self._class = _made(*self._statement)
                vars(self).update(made.__members__)
                return made
            return getattr(self._class, key)

        def __call__(self, value):
            return self._class(value)

        def __iter__(self):
            return iter(self._class)

        def __len__(self):
            return len(self._class)

        def __contains__(self, value):
            return value in self._class

        def __getitem__(self, name):
            return self._class[name]

        def __instancecheck__(self, value):
            return isinstance(value, self._class)

        def __or__(self, other):
            return self._class | other

        def __ror__(self, other):
            return other | self._class

    def _made(name, bases, body):
        values = {key: body.pop(key) for key in [*body] if _names_a_member(key, body[key])}
        cls = type.__new__(Names, name, bases, body)
        make, members, by_value = cls._make, {}, {}
        for key, value in values.items():
            member = by_value.get(value)
            if member is None:
                member = by_value[value] = make(value)
                member.name = key
                member.value = value
            members[key] = member
        for key, member in members.items():
            setattr(cls, key, member)
        cls.__members__, cls._by_value = members, by_value
        return cls

    def _names_a_member(key, value):
        if key.startswith("__"):  # Python's own: 3.13 has a number among them
            return False
        return type(value) is int or not (key.startswith("_") or callable(value) or hasattr(value, "__get__"))

    ROOTS = []

    class Enum(metaclass=Names):
        """A few values with names."""

        @classmethod
        def _make(cls, value):
            return object.__new__(cls)

        @classmethod
        def _missing(cls, value):
            raise ValueError(f"{value!r} is not a valid {cls.__name__}")

        def _listed(member):
            return True

        def __repr__(self):
            return f"<{type(self).__name__}.{self.name}: {self.value!r}>"

        __str__ = __repr__

    class IntEnum(int, metaclass=Names):
        """Numbers with names."""

        _make = classmethod(int.__new__)
        _missing = Enum.__dict__["_missing"]
        _listed = Enum._listed
        __repr__ = Enum.__repr__
        __str__ = int.__repr__
        __format__ = int.__format__

    class IntFlag(int, metaclass=Names):
        """Bits with names; any number is one of the class."""

        name = None
        _make = classmethod(int.__new__)
        __repr__ = Enum.__repr__
        __str__ = int.__repr__
        __format__ = int.__format__

        @classmethod
        def _missing(cls, value):
            made = cls._make(value)
            made.value = value
            return made

        def _listed(member):
            return member > 0 and member & member - 1 == 0

    ROOTS += [Enum, IntEnum, IntFlag]
