"""A program of calls: data that both sides execute, whose parts can be changed one by one."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Ref:
    """The result of an earlier step, plus an offset."""

    step: int
    offset: int = 0


Value = int | Ref


@dataclass(frozen=True, slots=True)
class Step:
    """One call. out: (address, size) of what is read back and compared; child: what a fork's child does."""

    name: str
    args: tuple[Value, ...] = ()
    out: tuple[int, int] = (0, 0)
    child: "tuple[Step, ...]" = ()

    @property
    def settles(self) -> bool:
        """A fork whose child only ends: it is waited for, so that what the child had open is closed by then."""
        return bool(self.child) and all(made.name == "exit_group" for made in self.child)


@dataclass(frozen=True, slots=True)
class Program:
    """Steps in order. pool: the bytes at image.POOL that their pointers mean."""

    steps: tuple[Step, ...] = ()
    pool: bytes = field(default=b"", repr=False)

    def without(self, index: int) -> "Program":
        """The program less one step; what referred to it becomes -1."""

        def move(value: Value) -> Value:
            if not isinstance(value, Ref) or value.step < index:
                return value
            return 2**64 - 1 if value.step == index else Ref(value.step - 1, value.offset)

        kept = [step for i, step in enumerate(self.steps) if i != index]
        moved = tuple(Step(s.name, tuple(map(move, s.args)), s.out, s.child) for s in kept)
        return Program(moved, self.pool)

    def with_arg(self, index: int, position: int, value: Value) -> "Program":
        """The program with another argument."""
        step = self.steps[index]
        args = (*step.args[:position], value, *step.args[position + 1 :])
        changed = Step(step.name, args, step.out, step.child)
        return Program((*self.steps[:index], changed, *self.steps[index + 1 :]), self.pool)
