"""What lx needs of functools, contextlib, operator and collections, without importing them.

The four bring in each other and reprlib, and make forty classes: a third of what starting Python costs, and each `lx run`
would pay it. C has the hard part of most (the modules with an underscore); the rest is a few lines.

To mypy these are the library's own. What differs: `cache` takes positional arguments only, and the block of a
`contextmanager` may not raise StopIteration.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections import deque as deque
    from collections.abc import Callable as Callable
    from collections.abc import Iterable as Iterable
    from collections.abc import Iterator as Iterator
    from collections.abc import Mapping as Mapping
    from collections.abc import Sequence as Sequence
    from contextlib import contextmanager as contextmanager
    from contextlib import suppress as suppress
    from functools import cache as cache
    from functools import partial as partial
    from operator import attrgetter as attrgetter
    from operator import call as call
    from operator import itemgetter as itemgetter
else:
    from _collections import deque as deque
    from _collections_abc import Callable as Callable
    from _collections_abc import Iterable as Iterable
    from _collections_abc import Iterator as Iterator
    from _collections_abc import Mapping as Mapping
    from _collections_abc import Sequence as Sequence
    from _functools import partial as partial
    from _operator import attrgetter as attrgetter
    from _operator import call as call
    from _operator import itemgetter as itemgetter

    class suppress:
        """A block that ends quietly when one of these errors is raised in it."""

        __slots__ = ("errors",)

        def __init__(self, *errors):
            self.errors = errors

        def __enter__(self):
            return None

        def __exit__(self, kind, error, trace):
            return kind is not None and issubclass(kind, self.errors)

    class _Block:
        __slots__ = ("generator",)

        def __init__(self, generator):
            self.generator = generator

        def __enter__(self):
            return next(self.generator)

        def __exit__(self, kind, error, trace):
            try:
                if error is None:
                    next(self.generator)
                else:
                    self.generator.throw(error)
            except StopIteration:
                return True
            except BaseException as raised:
                if raised is error:
                    error.__traceback__ = trace
                    return False
                raise
            self.generator.close()
            raise RuntimeError("a context manager's generator goes on")

    def contextmanager(function):
        """A function that makes a generator, as a context manager: what it does before, and after, its one yield."""
        return lambda *values, **named: _Block(function(*values, **named))

    def cache(function):
        """The function, called once for each set of arguments."""
        known = {}

        def cached(*values):
            try:
                return known[values]
            except KeyError:
                found = known[values] = function(*values)
                return found

        cached.cache_clear = known.clear
        return cached
