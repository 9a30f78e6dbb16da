"""Plain text for a terminal, wrapped; colour is decoration only."""

from __future__ import annotations

import re
import textwrap
import unicodedata
from collections.abc import Sequence

from .blocks import Block, Code, Items, Section, Table, Text, Tree

BOLD, PLAIN = "\033[1m", "\033[0m"
NARROWEST = 6


def render_text(sections: Sequence[Section], color: bool, width: int) -> str:
    """Sections as text of at most ``width`` columns; commands are never broken."""
    parts = [_section(section, color, width) for section in sections]
    return "\n\n".join(parts) + "\n"


def _section(section: Section, color: bool, width: int) -> str:
    title = section.title.upper()
    head = f"{BOLD}{title}{PLAIN}" if color else title
    blocks = [_block(block, width) for block in section.blocks]
    return "\n".join([head, *blocks])


def _block(block: Block, width: int) -> str:
    if isinstance(block, Text):
        return _wrap(block.text, width, "", "")
    if isinstance(block, Code):
        return "\n".join("  $ " + line for line in block.text.split("\n"))
    if isinstance(block, Items):
        lines = []
        for item, more in block.items:
            lines.append(_wrap(item, width, "- ", "  "))
            lines += [_wrap(text, width, "    ", "    ") for text in more]
        return "\n".join(lines)
    if isinstance(block, Tree):
        return "\n".join(
            _wrap(text, width, "  " * min(depth, 12), "  " * min(depth, 12) + "  ")
            for depth, text in block.lines
        )
    return _table(block, width)


def _wrap(text: str, width: int, first: str, rest: str) -> str:
    return textwrap.fill(
        text,
        width,
        initial_indent=first,
        subsequent_indent=rest,
        break_on_hyphens=False,
    )


def cells(text: str) -> int:
    """Columns a text takes on a terminal."""
    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1
        for c in text
    )


def _words(text: str) -> list[str]:
    """The pieces of a text that a line break should not cut."""
    return re.split(r"\s+|(?<=-)", text)


def _table(table: Table, width: int) -> str:
    rows = [*([table.head] if any(table.head) else []), *table.rows]
    columns = len(table.head)
    sizes = [max(cells(row[i]) for row in rows) for i in range(columns)]
    words = [max(cells(w) for row in rows for w in _words(row[i])) for i in range(columns)]
    while sum(sizes) + 2 * columns > width and max(sizes) > NARROWEST:
        loose = [size if size > word else 0 for size, word in zip(sizes, words, strict=True)]
        wide = loose if any(loose) else sizes
        sizes[wide.index(max(wide))] -= 1
    lines = []
    for row in rows:
        broken = [
            textwrap.wrap(cell, size, break_on_hyphens=True) or [""]
            for cell, size in zip(row, sizes, strict=True)
        ]
        for at in range(max(len(cell) for cell in broken)):
            parts = [
                (cell[at] if at < len(cell) else "")
                + " " * (size - cells(cell[at] if at < len(cell) else ""))
                for cell, size in zip(broken, sizes, strict=True)
            ]
            lines.append(("  " + "  ".join(parts)).rstrip())
    return "\n".join(lines)
