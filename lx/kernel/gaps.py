"""The free ranges of an address space, by size: where mmap finds the highest one that fits.

Linux keeps its VMAs in a tree augmented with gap sizes. Here each gap stands in one sorted list and in the list of its
size class (its length's power of two), so that the highest fitting gap is found by looking at the top of at most 47
short lists, whether there are ten mappings or fifty thousand.
"""

from bisect import bisect_left, bisect_right, insort


class Gaps:
    """Disjoint free ranges of [low, high), all page aligned."""

    __slots__ = ("classes", "ends", "starts")

    def __init__(self, low: int, high: int) -> None:
        self.starts: list[int] = []
        self.ends: dict[int, int] = {}
        self.classes: list[list[int]] = [[] for _ in range(65)]
        self._add(low, high)

    def _add(self, start: int, end: int) -> None:
        if start < end:
            insort(self.starts, start)
            self.ends[start] = end
            insort(self.classes[(end - start).bit_length()], start)

    def _drop(self, start: int) -> int:
        end = self.ends.pop(start)
        del self.starts[bisect_left(self.starts, start)]
        same = self.classes[(end - start).bit_length()]
        del same[bisect_left(same, start)]
        return end

    def is_free(self, start: int, end: int) -> bool:
        """Nothing of [start, end) is occupied."""
        i = bisect_right(self.starts, start) - 1
        return i >= 0 and self.ends[self.starts[i]] >= end

    def occupy(self, start: int, end: int) -> None:
        """Take [start, end), which is free."""
        gap = self.starts[bisect_right(self.starts, start) - 1]
        if gap == start:
            gap_end = self._drop(gap)
        else:
            gap_end = self.ends[gap]
            self._shorten(gap, gap_end, start)
        self._add(end, gap_end)

    def _shorten(self, start: int, end: int, to: int) -> None:
        self.ends[start] = to
        before, after = (end - start).bit_length(), (to - start).bit_length()
        if before != after:
            same = self.classes[before]
            del same[bisect_left(same, start)]
            insort(self.classes[after], start)

    def release(self, start: int, end: int) -> None:
        """Give [start, end) back, which is occupied, and join it with its neighbours."""
        i = bisect_right(self.starts, start) - 1
        if i >= 0 and self.ends[self.starts[i]] == start:
            start = self.starts[i]
            self._drop(start)
        if end in self.ends:
            end = self._drop(end)
        self._add(start, end)

    def highest(self, length: int, low: int, high: int) -> int | None:
        """The highest address in [low, high) at which `length` bytes are free."""
        best = -1
        for size in range(length.bit_length(), 65):
            for start in reversed(self.classes[size]):
                top = min(self.ends[start], high)
                if top <= best:
                    break
                if top - length >= max(start, low):
                    best = max(best, top - length)
                    break
        return best if best >= 0 else None

    def lowest(self, length: int, low: int, high: int) -> int | None:
        """The lowest address in [low, high) at which `length` bytes are free."""
        for start in self.starts[max(bisect_right(self.starts, low) - 1, 0) :]:
            at = max(start, low)
            if at + length > high:
                return None
            if at + length <= self.ends[start]:
                return at
        return None
