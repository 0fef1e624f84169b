"""Inline SVG: bars of ratios on a log scale, stacked bars, curves. Text and colours come from the page's style sheet.

A ratio's bar starts at 1, the kernel's own speed, and goes right for slower and left for faster; on a log scale no other start
means anything. Columns have one colour each throughout the page (class c-NAME).
"""

import math
from collections.abc import Sequence
from html import escape

WIDTH = 900
LABELS = 300
RIGHT = 80
BAR, GAP, ROW_GAP = 11, 2, 10
TOP, BOTTOM = 8, 26
SERIES = ("native", "lx", "lx-pure", "qemu-user", "qiling", "runsc", "blink")


def css_class(column: str) -> str:
    """The class that has the column's colour."""
    return f"c-{column}" if column in SERIES else "c-other"


def text(x: float, y: float, words: str, kind: str = "", anchor: str = "start") -> str:
    """A line of text; kind: a class."""
    return f'<text x="{x:.1f}" y="{y:.1f}" class="{kind}" text-anchor="{anchor}">{escape(words)}</text>'


def rect(x: float, y: float, width: float, height: float, kind: str, tip: str) -> str:
    """A bar with a tool tip."""
    return (
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{max(width, 1):.1f}" height="{height:.1f}" class="{kind}" rx="1.5">'
        f"<title>{escape(tip)}</title></rect>"
    )


def line(x1: float, y1: float, x2: float, y2: float, kind: str) -> str:
    """A straight line."""
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" class="{kind}"/>'


def svg(height: float, parts: Sequence[str], label: str, width: float = WIDTH) -> str:
    """A picture that scales with the page."""
    body = "\n".join(parts)
    return f'<svg viewBox="0 0 {width:.0f} {height:.0f}" role="img" aria-label="{escape(label)}">\n{body}\n</svg>'


class Log:
    """A log axis from low to high over pixels [start, end)."""

    def __init__(self, low: float, high: float, start: float, end: float) -> None:
        self.first = math.floor(math.log10(low) + 1e-9)
        self.last = max(math.ceil(math.log10(high) - 1e-9), self.first + 1)
        self.start, self.end = start, end

    def __call__(self, value: float) -> float:
        at = min(max(math.log10(value), self.first), self.last)
        return self.start + (at - self.first) / (self.last - self.first) * (self.end - self.start)

    def decades(self) -> list[float]:
        """The powers of ten on the axis."""
        return [10.0**n for n in range(self.first, self.last + 1)]


def number(value: float) -> str:
    """Three digits, never an exponent."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def short(value: float) -> str:
    """A number on an axis."""
    if value >= 1e6:
        return f"{value / 1e6:g}M"
    return f"{value / 1000:g}k" if value >= 1000 else f"{value:g}"


def ratio_bars(rows: "Sequence[tuple[str, Sequence[tuple[str, float | None, str]]]]", label: str) -> str:
    """Rows of (title, bars); a bar is (column, ratio to native or None, figure or the reason for None)."""
    ratios = [ratio for _, bars in rows for _, ratio, _ in bars if ratio]
    axis = Log(min([0.5, *ratios]), max([10.0, *ratios]), LABELS, WIDTH - RIGHT)
    height = TOP + sum(max(len(bars), 1) * (BAR + GAP) + ROW_GAP for _, bars in rows)
    parts = [line(axis(d), TOP, axis(d), height, "one" if d == 1 else "grid") for d in axis.decades()]
    parts += [text(axis(d), height + 16, f"{short(d)}x", "axis", "middle") for d in axis.decades()]
    y = float(TOP)
    for title, bars in rows:
        parts.append(text(LABELS - 10, y + len(bars) * (BAR + GAP) / 2 + 4, title, "label", "end"))
        for column, ratio, shown in bars:
            if ratio is None:
                parts.append(text(axis(1) + 4, y + BAR - 2, f"{column}: {shown}", "problem"))
            else:
                a, b = sorted((axis(1), axis(ratio)))
                parts.append(rect(a, y, b - a, BAR, css_class(column), f"{title}, {column}: {shown}, {ratio:.2f}x native"))
                parts.append(text(max(b, axis(1)) + 4, y + BAR - 2, f"{number(ratio)}x", "value"))
            y += BAR + GAP
        y += ROW_GAP if bars else BAR + GAP + ROW_GAP
    return svg(height + BOTTOM, parts, label)


def value_bars(rows: "Sequence[tuple[str, float | None, str]]", label: str) -> str:
    """One bar a row on a log scale: (title, nanoseconds or None, figure or reason)."""
    values = [value for _, value, _ in rows if value]
    if not values:
        return ""
    axis = Log(min(values), max(values), LABELS + 60, WIDTH - RIGHT)
    height = TOP + len(rows) * 22
    parts = [line(axis(d), TOP, axis(d), height, "grid") for d in axis.decades()]
    parts += [text(axis(d), height + 16, f"{short(d)} ns", "axis", "middle") for d in axis.decades()]
    for i, (title, value, shown) in enumerate(rows):
        y = TOP + i * 22 + 2
        parts.append(text(LABELS + 50, y + 12, title, "label", "end"))
        if value:
            parts.append(rect(axis.start, y, axis(value) - axis.start, 15, "c-lx", f"{title}: {shown}"))
            parts.append(text(axis(value) + 4, y + 12, shown, "value"))
        else:
            parts.append(text(axis.start + 4, y + 12, shown, "problem"))
    return svg(height + BOTTOM, parts, label)


def stacked(rows: "Sequence[tuple[str, float, Sequence[tuple[str, float]]]]", label: str) -> str:
    """Stacked bars: (title, whole, parts), each with a legend of its parts below."""
    parts: list[str] = []
    y = float(TOP)
    for title, whole, pieces in rows:
        parts.append(text(0, y + 12, f"{title}: {whole:.0f} ns", "label"))
        y += 20
        x = 0.0
        total = sum(size for _, size in pieces) or 1
        for i, (name, size) in enumerate(pieces):
            width = size / total * (WIDTH - 4)
            parts.append(rect(x, y, width, 22, f"p{i % 7}", f"{name}: {size:.0f} ns, {size / total:.0%}"))
            x += width
        y += 38
        for i, (name, size) in enumerate(pieces):
            column, row = i % 2, i // 2
            parts.append(rect(column * WIDTH / 2, y + row * 18 - 9, 10, 10, f"p{i % 7}", name))
            parts.append(text(column * WIDTH / 2 + 16, y + row * 18, f"{name}: {size:.0f} ns ({size / total:.0%})", "value"))
        y += (len(pieces) + 1) // 2 * 18 + 18
    return svg(y, parts, label)


def curves(series: "dict[str, list[tuple[float, float]]]", x_title: str, label: str) -> str:
    """Lines of (x, nanoseconds) by column, both axes logarithmic."""
    width, height, left, bottom = 430, 260, 62, 40
    points = [point for line_ in series.values() for point in line_]
    if not points:
        return ""
    x_axis = Log(min(x for x, _ in points), max(x for x, _ in points), left, width - 12)
    y_axis = Log(min(y for _, y in points), max(y for _, y in points), height - bottom, 10)
    parts = [line(left, y_axis(d), width - 12, y_axis(d), "grid") for d in y_axis.decades()]
    parts += [text(left - 6, y_axis(d) + 4, nanoseconds(d), "axis", "end") for d in y_axis.decades()]
    parts += [line(x_axis(d), 10, x_axis(d), height - bottom, "grid") for d in x_axis.decades()]
    parts += [text(x_axis(d), height - bottom + 16, short(d), "axis", "middle") for d in x_axis.decades()]
    parts.append(text((left + width) / 2, height - 6, x_title, "axis", "middle"))
    for column, line_ in series.items():
        path = " ".join(f"{x_axis(x):.1f},{y_axis(y):.1f}" for x, y in line_)
        parts.append(f'<polyline points="{path}" class="line {css_class(column)}"/>')
        for x, y in line_:
            tip = escape(f"{column}: {nanoseconds(y)} at {short(x)} {x_title}")
            at = f'cx="{x_axis(x):.1f}" cy="{y_axis(y):.1f}"'
            parts.append(f'<circle {at} r="3" class="{css_class(column)}"><title>{tip}</title></circle>')
    return svg(height, parts, label, width)


def nanoseconds(value: float) -> str:
    """A time on an axis."""
    for size, name in ((1e9, "s"), (1e6, "ms"), (1e3, "us")):
        if value >= size:
            return f"{value / size:.3g} {name}"
    return f"{value:.3g} ns"
