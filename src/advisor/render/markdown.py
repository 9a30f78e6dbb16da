"""Markdown with one sentence a line, for reviews."""

from __future__ import annotations

import re
from collections.abc import Sequence

from .blocks import Block, Code, Items, Link, Section, Table, Text, Tree

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|])")
_CODE = re.compile(r"(`[^`\n]+`)")
_SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[A-Z“(])")


def render_markdown(sections: Sequence[Section]) -> str:
    """Sections as Markdown."""
    parts = []
    for level, section in enumerate(sections):
        parts.append(f"{'#' if level == 0 else '##'} {escaped(section.title)}")
        parts += [_block(block) for block in section.blocks]
    return "\n\n".join(parts) + "\n"


def escaped(text: str) -> str:
    """Text without Markdown meaning, but for commands between backticks."""
    parts = _CODE.split(text)
    return "".join(p if at % 2 else _SPECIAL.sub(r"\\\1", p) for at, p in enumerate(parts))


def sentences(text: str) -> str:
    """One sentence a line."""
    return "\n".join(_SENTENCE.split(escaped(text)))


def _block(block: Block) -> str:
    if isinstance(block, Text):
        return sentences(block.text)
    if isinstance(block, Code):
        return f"```console\n{block.text.replace('```', '` ` `')}\n```"
    if isinstance(block, Items):
        lines = []
        for item, more in block.items:
            lines.append(_item(item, "- "))
            lines += [_item(text, "  - ") for text in more]
        return "\n".join(lines)
    if isinstance(block, Tree):
        return "\n".join(f"{'  ' * depth}- {escaped(text)}" for depth, text in block.lines)
    return _table(block)


def _item(text: str, mark: str) -> str:
    return mark + sentences(text).replace("\n", "\n" + " " * len(mark))


def _table(table: Table) -> str:
    lines = [_row(table.head), _row(tuple("---" for _ in table.head))]
    return "\n".join(lines + [_row(row) for row in table.rows])


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(map(_cell, cells))} |"


def _cell(text: str) -> str:
    return f"[{escaped(text)}]({text.target})" if isinstance(text, Link) else escaped(text)
