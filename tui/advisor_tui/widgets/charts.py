"""Builds beside each other: ranges as horizontal bars with their figures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from textual.content import Content

from advisor.model.advice import Advice, Build
from advisor.render.blocks import clean, rates, to_pay

from .fitted import flowing

WIDEST = 110
SHORTEST_BAR = 8
LEAD = "▸ "


@dataclass(frozen=True)
class Row:
    """One build: its name, what is said of it, and ``low`` to ``high`` where that can be drawn.

    No ``high`` beside a ``low``: nobody knows the upper end.
    """

    name: str
    said: str
    low: float | None
    high: float | None
    leads: bool


def speeds(advice: Advice) -> list[Row]:
    """The speed of one user, of the recommendation and of what else there is."""
    rows = []
    for build, leads in _builds(advice):
        speed = build.speed.decode_tok_s
        low, high = (speed.low, speed.high) if speed else (None, None)
        rows.append(Row(clean(build.slug), rates(speed), low, high, leads))
    return rows


def prices(advice: Advice) -> list[Row]:
    """What has to be paid for each."""
    rows = []
    for build, leads in _builds(advice):
        said, price = to_pay(build), build.price_usd
        rented = build.slug.startswith("rent-")
        if price.high == 0 and not rented:
            said = "$0, owned"
        low, high = (None, None) if rented else (price.low, price.high)
        rows.append(Row(clean(build.slug), said, low, high, leads))
    return rows


def chart(rows: Sequence[Row], width: int) -> Content:
    """A line a row: name, bar, figures; a name too long for its column goes on below."""
    width = min(width, WIDEST)
    said = max((Content(row.said).cell_length for row in rows), default=0)
    longest = max((Content(row.name).cell_length for row in rows), default=0) + len(LEAD)
    names = max(len(LEAD) + 2, min(longest, width - said - SHORTEST_BAR - 4, width * 9 // 20))
    cells = max(SHORTEST_BAR, width - names - said - 4)
    top = max((row.high or row.low or 0.0 for row in rows), default=0.0)
    lines = []
    for row in rows:
        style = "bold" if row.leads else ""
        name, *more = Content.styled(row.name, style).wrap(names - len(LEAD))
        head = Content(LEAD if row.leads else "  ") + name
        head += Content(" " * (names - head.cell_length + 2))
        bar = _bar(row, top, cells)
        bar += Content(" " * (cells - bar.cell_length + 2))
        lines.append(head + bar + Content.styled(row.said, style))
        lines += [Content("  ") + part for part in more]
    return Content("\n").join(lines)


def key(rows: Sequence[Row], width: int) -> Content:
    """What the characters of a chart mean."""
    words = ["░ up to the low end", "█ from the low end to the high end"]
    if any(row.low is not None and row.high is None for row in rows):
        words.append("> the high end is not known")
    if any(row.leads for row in rows):
        words.insert(0, "▸ the recommendation")
    return flowing(map(Content, words), width)


def _builds(advice: Advice) -> list[tuple[Build, bool]]:
    first = [(advice.recommendation, True)] if advice.recommendation else []
    return [*first, *((build, False) for build in advice.alternatives)]


def _bar(row: Row, top: float, cells: int) -> Content:
    if row.low is None or top <= 0 or not (row.high or row.low):
        return Content("")
    start = min(cells - 1, int(row.low / top * cells))
    end = max(start + 1, round((row.high or row.low) / top * cells))
    mark = "█" * (end - start) if row.high is not None else ">"
    return Content.assemble(
        ("░" * start, "$foreground 60%"), (mark, "$primary" if row.leads else "")
    )
