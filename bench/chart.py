"""A bar chart of figures as SVG: readable at a glance, on light and dark pages alike.  [core]

One group of bars for each figure, one bar for each system that has a value; figures of different units stand
in panels of their own, each with its own scale. A limit is a mark on our bar.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from xml.sax.saxutils import escape

from bench.figures import Figure

OURS = "warmline"
WIDTH = 900
LETTER = 7.2
"Width of a character, about."
ROOM = 150
"For values behind the longest bar."
BAR, ROW, TITLE, GAP = 14, 21, 24, 10
MOST = 12
"Figures in a chart; with more of them nobody sees what counts."
OUR_COLOUR, PEER_COLOURS, LIMIT_COLOUR = "#0f766e", ("#94a3b8", "#cbd5e1", "#b4a58f", "#d6c7b0"), "#b91c1c"
UNITS = {"ms": "milliseconds", "%": "per cent", "x": "times", "MB": "megabytes", "kB": "kilobytes"}
_NUMBER = re.compile(r"([<>]=)\s*([\d.]+)(?![\d.]|\s*x)")


def charted(figures: Sequence[Figure]) -> list[Figure]:
    """What deserves a bar: a value with a peer or a limit to stand beside; no p95 where there is a p50.

    Of many such figures only those with a limit do: the table has the rest.
    """
    names = {figure.name for figure in figures}
    limited = {figure.name for figure in figures if figure.limit}
    compared = limited | {figure.name for figure in figures if figure.system != OURS}
    if len(compared) > MOST:
        compared = limited or compared
    return [
        figure
        for figure in figures
        if figure.value is not None
        and figure.name in compared
        and not (figure.name.endswith("p95") and figure.name.replace("p95", "p50") in names)
    ]


def limit_of(figure: Figure) -> float | None:
    """The limit as a value on the figure's scale; None if there is none, or it is a share of a peer's."""
    found = _NUMBER.search(figure.limit)
    return float(found.group(2)) if found else None


@dataclass(slots=True)
class _Drawing:
    """Shapes from top to bottom, and how far down they reach."""

    left: float
    "Where bars begin."
    shapes: list[str] = field(default_factory=list)
    y: float = 16

    def text(self, x: float, y: float, words: str, style: str = "") -> None:
        self.shapes.append(f'<text x="{x:.1f}" y="{y:.1f}" {style}>{escape(words)}</text>')

    def bar(self, y: float, width: float, colour: str) -> None:
        place = f'x="{self.left:.1f}" y="{y:.1f}" width="{width:.1f}" height="{BAR}"'
        self.shapes.append(f'<rect {place} rx="2" fill="{colour}"/>')

    def mark(self, x: float, y: float) -> None:
        self.shapes.append(
            f'<path d="M{x:.1f} {y - 3:.1f}v{BAR + 6}" stroke="{LIMIT_COLOUR}" stroke-width="2"/>'
        )


def svg(title: str, figures: Sequence[Figure]) -> str:
    """The chart, or an empty string when there is nothing to compare."""
    shown = charted(figures)
    if not shown:
        return ""
    systems = [name for name in dict.fromkeys(figure.system for figure in shown) if name != OURS]
    colours = {name: PEER_COLOURS[place % len(PEER_COLOURS)] for place, name in enumerate(systems)}
    drawing = _Drawing(24 + LETTER * max(len(figure.system) for figure in shown))
    for unit in dict.fromkeys(figure.unit for figure in shown):
        _panel(
            drawing, unit, [figure for figure in shown if figure.unit == unit], colours | {OURS: OUR_COLOUR}
        )
    height = drawing.y + 8
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:.0f}" role="img" '
            f'font-family="system-ui, sans-serif" font-size="13" fill="#1e293b">',
            f"<title>{escape(title)}</title>",
            f'<rect width="{WIDTH}" height="{height:.0f}" fill="#ffffff"/>',
            *drawing.shapes,
            "</svg>\n",
        ]
    )


def _panel(drawing: _Drawing, unit: str, figures: Sequence[Figure], colours: dict[str, str]) -> None:
    values = [figure.value or 0 for figure in figures] + [limit_of(figure) or 0 for figure in figures]
    scale = (WIDTH - drawing.left - ROOM) / (max(values) or 1)
    drawing.text(drawing.left, drawing.y + 4, UNITS.get(unit, unit), 'font-size="12" fill="#64748b"')
    drawing.y += GAP
    for name in dict.fromkeys(figure.name for figure in figures):
        drawing.y += TITLE
        drawing.text(16, drawing.y, name[:1].upper() + name[1:], 'font-weight="600"')
        drawing.y += GAP
        for figure in sorted((f for f in figures if f.name == name), key=lambda f: f.system != OURS):
            _row(drawing, figure, scale, colours[figure.system])
    drawing.y += TITLE


def _row(drawing: _Drawing, figure: Figure, scale: float, colour: str) -> None:
    value, limit = figure.value or 0, limit_of(figure)
    drawing.bar(drawing.y, max(1.5, value * scale), colour)
    base = drawing.y + BAR - 3
    drawing.text(drawing.left - 8, base, figure.system, 'text-anchor="end"')
    end = max(value, limit or 0) * scale
    words = f"{value:,.4g} {figure.unit}" if value < 10_000 else f"{value:,.0f} {figure.unit}"
    if limit is not None:
        drawing.mark(drawing.left + limit * scale, drawing.y)
        words += f"  (limit {limit:g})"
    drawing.text(drawing.left + end + 8, base, words)
    drawing.y += ROW
