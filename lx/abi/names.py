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

    class Unmade(Names):
        """The same before anybody has asked for a member: most of them are never asked for one.

        A class ends being this when its members are made, because a metaclass with __getattr__ makes each access slow.
        """

        def __new__(mcls, name, bases, body, **options):
            raw = {key: body.pop(key) for key in [*body] if _names_a_member(key, body[key])}
            cls = type.__new__(mcls, name, bases, body)
            cls._raw = raw
            return cls

        def __getattr__(cls, key):
            if key not in ("_by_value", "__members__") and key not in cls._raw:
                raise AttributeError(f"{cls.__name__} has no {key}")
            members, by_value = {}, {}
            for name, value in cls._raw.items():
                member = by_value.get(value)
                if member is None:
                    member = by_value[value] = cls._make(value)
                    member.name = name
                    member.value = value
                members[name] = member
                setattr(cls, name, member)
            cls.__members__, cls._by_value = members, by_value
            cls.__class__ = Names
            return getattr(cls, key)

    def _names_a_member(key, value):
        if key.startswith("__"):  # Python's own: 3.13 has a number among them
            return False
        return type(value) is int or not (key.startswith("_") or callable(value) or hasattr(value, "__get__"))

    class Enum(metaclass=Unmade):
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

    class _Number(int, Enum):
        @classmethod
        def _make(cls, value):
            return int.__new__(cls, value)

        __repr__ = Enum.__repr__
        __str__ = int.__repr__
        __format__ = int.__format__

    class IntEnum(_Number):
        """Numbers with names."""

    class IntFlag(_Number):
        """Bits with names; any number is one of the class."""

        @classmethod
        def _missing(cls, value):
            made = cls._make(value)
            made.value = value
            return made

        def _listed(member):
            return member > 0 and member & member - 1 == 0

    IntFlag.name = None
