"""Sections in any of the formats for people."""

from __future__ import annotations

from collections.abc import Sequence

from .blocks import Section
from .html import render_html
from .markdown import render_markdown
from .text import render_text


def render_sections(
    sections: Sequence[Section], form: str, *, color: bool = False, width: int = 88
) -> str:
    """The sections as ``text``, ``markdown`` or ``html``. Raises ValueError otherwise."""
    if form == "text":
        return render_text(sections, color, width)
    if form == "markdown":
        return render_markdown(sections)
    if form == "html":
        return render_html(sections)
    raise ValueError(f"there is no format {form}")
