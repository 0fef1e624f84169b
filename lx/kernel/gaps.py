"""The free ranges of an address space, by size: where mmap finds the highest one that fits.

Linux keeps its VMAs in a tree augmented with gap sizes. Here each gap stands in one sorted list and in the list of its
size class (its length's power of two), so that the highest fitting gap is found by looking at the top of those of 47
short lists that are not empty, whether there are ten mappings or fifty thousand.
"""

from bisect import bisect_left, bisect_right, insort


class Gaps:
    """Disjoint free ranges of [low, high), all page aligned."""

    __slots__ = ("classes", "ends", "filled", "starts")

    def __init__(self, low: int, high: int) -> None:
        self.starts: list[int] = []
        self.ends: dict[int, int] = {}
        self.classes: list[list[int]] = [[] for _ in range(65)]
        self.filled = 0
        """A bit for each class that has a gap."""
        self._add(low, high)

    def _add(self, start: int, end: int) -> None:
        if start < end:
            insort(self.starts, start)
            self.ends[start] = end
            self._classify(start, (end - start).bit_length())

    def _drop(self, start: int) -> int:
        end = self.ends.pop(start)
        del self.starts[bisect_left(self.starts, start)]
        self._declassify(start, (end - start).bit_length())
        return end

    def _classify(self, start: int, size: int) -> None:
        insort(self.classes[size], start)
        self.filled |= 1 << size

    def _declassify(self, start: int, size: int) -> None:
        same = self.classes[size]
        del same[bisect_left(same, start)]
        if not same:
            self.filled ^= 1 << size

    def _resize(self, start: int, end: int, to: int) -> None:
        """The gap at `start` ends elsewhere than it did."""
        self.ends[start] = to
        before, after = (end - start).bit_length(), (to - start).bit_length()
        if before != after:
            self._declassify(start, before)
            self._classify(start, after)

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
            self._resize(gap, gap_end, start)
        self._add(end, gap_end)

    def release(self, start: int, end: int) -> None:
        """Give [start, end) back, which is occupied, and join it with its neighbours."""
        i = bisect_right(self.starts, start) - 1
        if end in self.ends:
            end = self._drop(end)
        if i >= 0 and self.ends[self.starts[i]] == start:
            self._resize(self.starts[i], start, end)
        else:
            self._add(start, end)

    def highest(self, length: int, low: int, high: int) -> int | None:
        """The highest address in [low, high) at which `length` bytes are free."""
        best = -1
        filled = self.filled >> length.bit_length() << length.bit_length()
        while filled:
            size = filled.bit_length() - 1
            filled ^= 1 << size
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
