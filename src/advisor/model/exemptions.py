"""Findings of ``advisor check`` that may stand."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from .catalog import Day
from .quantity import Strict

Exemptable = Literal[
    "K204",
    "K205",
    "K206",
    "K301",
    "K302",
    "K303",
    "K304",
    "K305",
    "K306",
    "K307",
    "K401",
    "K402",
    "K403",
]


class Exemption(Strict):
    """Findings of ``advisor check`` that stand for a reason, until a day.

    ``subjects`` are rule codes, ids, slugs or parts, as the findings name them.
    """

    code: Exemptable
    subjects: tuple[str, ...] = Field(min_length=1)
    reason: str = Field(min_length=20)
    until: Day
