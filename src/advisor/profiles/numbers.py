"""Numbers as people write them: 1,500 · $2000 · 2k · 32k · 850W · 48GB. Nothing ambiguous."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Literal

Kind = Literal["tokens", "usd", "w", "gb", "tok/s", "count"]

_NUMBER = re.compile(
    r"(?P<currency>\$?)\s*"
    r"(?P<digits>[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)(?P<fraction>\.[0-9]+)?\s*"
    r"(?P<suffix>[A-Za-z/]*)"
)
_SCALE: dict[Kind, dict[str, float]] = {
    "tokens": {"": 1, "k": 1024, "m": 1024**2, "tokens": 1, "tok": 1},
    "usd": {"": 1, "k": 1000, "m": 1_000_000, "usd": 1},
    "w": {"": 1, "w": 1, "kw": 1000},
    "gb": {"": 1, "gb": 1, "tb": 1000},
    "tok/s": {"": 1, "tok/s": 1, "t/s": 1},
    "count": {"": 1},
}
ACCEPTED: dict[Kind, str] = {
    "tokens": "whole tokens such as 8192, 8,192 or 32k",
    "usd": "dollars such as 2500, 2,500, $2500 or 2.5k",
    "w": "watts such as 850, 850W or 1.2kW",
    "gb": "gigabytes such as 64 or 64GB",
    "tok/s": "tokens a second such as 20 or 7.5",
    "count": "a whole number such as 2",
}
WHOLE: frozenset[Kind] = frozenset({"tokens", "count"})


@dataclass(frozen=True)
class Read:
    """A number, and how its text was read where that was not plain."""

    value: float
    reading: str | None


def read_number(value: object, kind: Kind) -> Read | None:
    """``value`` as a number of that kind, or None when it is not clearly one."""
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, int | float):
        number = float(value)
        if not math.isfinite(number) or number < 0 or (kind in WHOLE and number % 1):
            return None
        return Read(number, None)
    if not isinstance(value, str):
        return None
    match = _NUMBER.fullmatch(value.strip())
    if match is None:
        return None
    digits = match["digits"].replace(",", "")
    suffix = match["suffix"].lower()
    if (len(digits) > 1 and digits[0] == "0") or len(digits) > 15:
        return None
    if suffix not in _SCALE[kind] or (match["currency"] and kind != "usd"):
        return None
    number = float(digits + (match["fraction"] or "")) * _SCALE[kind][suffix]
    if kind in WHOLE and number % 1:
        return None
    plain = value.strip() == digits + (match["fraction"] or "")
    return Read(number, None if plain else f'"{value}" read as {number:,.10g}')
