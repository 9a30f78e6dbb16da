"""Advice in four formats with the same content; the bytes are a contract."""

from __future__ import annotations

import json

from advisor.model.advice import Advice

from .document import render_sections
from .outline import outline

__all__ = ["render"]
ASKED_FOR = ("why_not", "what_if")
"""Parts of the advice that are there only when somebody asked."""


def render(advice: Advice, form: str, *, color: bool = False, width: int = 88) -> str:
    """``advice`` as ``text``, ``markdown``, ``html`` or ``json``. Raises ValueError otherwise."""
    if form == "json":
        data = advice.model_dump(mode="json")
        shown = {key: value for key, value in data.items() if key not in ASKED_FOR or value}
        return json.dumps(shown, ensure_ascii=False, indent=2) + "\n"
    return render_sections(outline(advice), form, color=color, width=width)
