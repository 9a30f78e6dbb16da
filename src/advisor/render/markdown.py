"""Markdown with one sentence a line, for reviews."""

from __future__ import annotations

import re
from collections.abc import Sequence

from .blocks import Block, Code, Items, Section, Table, Text, Tree

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
            lines.append(f"- {escaped(item)}")
            lines += [f"  - {escaped(text)}" for text in more]
        return "\n".join(lines)
    if isinstance(block, Tree):
        return "\n".join(f"{'  ' * depth}- {escaped(text)}" for depth, text in block.lines)
    return _table(block)


def _table(table: Table) -> str:
    rows = [table.head, tuple("---" for _ in table.head), *table.rows]
    return "\n".join(
        "| " + " | ".join(cell if cell == "---" else escaped(cell) for cell in row) + " |"
        for row in rows
    )
