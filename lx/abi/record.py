"""Records: dataclasses' `dataclass`, `field` and `replace` as far as lx uses them, at a hundredth of their cost.

Importing dataclasses brings in inspect, ast, dis and tokenize (15 ms, more than starting Python), and each decorated class is
several pieces of source compiled at import. Here a class gets slots, and its `__init__` is compiled when so many have been made
that it pays (compiling costs as much as a hundred fillings by name).

To mypy these are dataclasses' own. What differs: `frozen` is mypy's to check and makes a record hashable; there is no ordering.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dataclasses import dataclass as dataclass
    from dataclasses import field as field
    from dataclasses import replace as replace
else:
    from lx.abi.lean import attrgetter, partial

    OFTEN = 32
    """How many of a kind are filled field by field, before an initialiser is compiled."""

    class field:
        """A default that is made anew for each record."""

        def __init__(self, *, default_factory):
            self.factory = default_factory

    def dataclass(*, frozen=False, slots=False, eq=True, repr=True):
        """Class decorator: the annotated names are the record's fields."""

        def make(cls):
            body = dict(vars(cls))
            names = tuple(body.get("__annotations__", ()))
            defaults = {name: body.pop(name) for name in names if name in body}
            for name in ("__dict__", "__weakref__"):
                body.pop(name, None)
            body |= {"__slots__": names, "__match_args__": names, "_values": _getter(names)}
            body["_places"] = {name: i for i, name in enumerate(names)}
            if eq:
                body |= {"__eq__": _equal, "__hash__": _hash if frozen else None}
            if repr:
                body["__repr__"] = _repr
            made = type(cls)(cls.__name__, cls.__bases__, body)

            made_before = iter(range(OFTEN))

            def first(self, *values, **named):
                if next(made_before, None) is None or not _fill(self, names, defaults, values, named):
                    made.__init__ = _initialiser(names, defaults)
                    made.__init__(self, *values, **named)

            made.__init__ = first
            return made

        return make

    def _fill(record, names, defaults, values, named):
        """What the initialiser would do; whether the arguments are as they should be."""
        given = dict(zip(names, values, strict=False)) | named
        if len(given) != len(values) + len(named):
            return False
        for name in names:
            if name in given:
                value = given.pop(name)
            elif name in defaults:
                value = defaults[name].factory() if type(defaults[name]) is field else defaults[name]
            else:
                return False
            setattr(record, name, value)
        return not given

    def _initialiser(names, defaults):
        known = {"defaults": defaults}
        arguments, lines = ["self"], []
        for name in names:
            default = defaults.get(name)
            if isinstance(default, field):
                known["missing"] = field
                lines.append(f"    self.{name} = defaults[{name!r}].factory() if {name} is missing else {name}")
                arguments.append(f"{name}=missing")
            else:
                lines.append(f"    self.{name} = {name}")
                arguments.append(f"{name}=defaults[{name!r}]" if name in defaults else name)
        exec(f"def __init__({', '.join(arguments)}):\n" + "\n".join(lines or ["    pass"]), known)
        return known["__init__"]

    def _getter(names):
        """A callable that is no function, so it is no method: the values of a record."""
        return attrgetter(*names) if len(names) > 1 else partial(_few, names)

    def _few(names, record):
        return tuple([getattr(record, name) for name in names])

    def _equal(self, other):
        return self._values(self) == other._values(other) if type(self) is type(other) else NotImplemented

    def _hash(self):
        return hash(self._values(self))

    def _repr(self):
        shown = ", ".join(f"{name}={getattr(self, name)!r}" for name in self.__slots__)
        return f"{type(self).__name__}({shown})"

    def replace(record, **changes):
        """A copy with some fields changed."""
        values = list(record._values(record))
        try:
            for name, value in changes.items():
                values[record._places[name]] = value
        except KeyError:
            raise TypeError(f"{type(record).__name__} has not all of {', '.join(changes)}") from None
        return type(record)(*values)
