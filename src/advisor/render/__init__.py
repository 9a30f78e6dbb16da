"""Advice in four formats with the same content; the bytes are a contract."""

from __future__ import annotations

import json

from advisor.model.advice import Advice

from .html import render_html
from .markdown import render_markdown
from .text import render_text

__all__ = ["render"]


def render(advice: Advice, form: str, *, color: bool = False, width: int = 88) -> str:
    """``advice`` as ``text``, ``markdown``, ``html`` or ``json``. Raises ValueError otherwise."""
    if form == "text":
        return render_text(advice, color, width)
    if form == "markdown":
        return render_markdown(advice)
    if form == "html":
        return render_html(advice)
    if form == "json":
        return json.dumps(advice.model_dump(mode="json"), ensure_ascii=False, indent=2) + "\n"
    raise ValueError(f"there is no format {form}")
