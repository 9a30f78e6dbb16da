"""Numbers as people write them: 1,500 · $2000 · 2k · 32k · 850W · 48GB. Nothing ambiguous."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from advisor.errors import visible

Kind = Literal["tokens", "usd", "w", "gb", "tok/s", "count"]

_NUMBER = re.compile(
    r"(?P<currency>\$ ?)?"
    r"(?P<digits>[0-9]{1,3}(?:,[0-9]{3})+|[0-9]{1,15})(?P<fraction>\.[0-9]{1,15})?"
    r"(?P<exponent>[eE]\+?[0-9]{1,2})?"
    r" ?(?P<suffix>[A-Za-z/]*)"
)
_CARD = re.compile(r"(?:(\d+) *[xX×] *)?([A-Za-z0-9][\w.\- ]*)", re.ASCII)
_COUNTED = re.compile(r"[\d.,]+ *[xX×]", re.ASCII)
_SCALE: dict[Kind, dict[str, int]] = {
    "tokens": {"": 1, "k": 1024, "tokens": 1, "tok": 1},
    "usd": {"": 1, "k": 1000, "usd": 1},
    "w": {"": 1, "w": 1, "watts": 1, "kw": 1000},
    "gb": {"": 1, "gb": 1, "tb": 1000},
    "tok/s": {"": 1, "tok/s": 1, "t/s": 1, "tokens/s": 1},
    "count": {"": 1},
}
ACCEPTED: dict[Kind, str] = {
    "tokens": "whole tokens such as 8192, 8,192 or 32k (32,768)",
    "usd": "dollars such as 2500, 2,500, $2500 or 2.5k",
    "w": "watts such as 850, 850W or 1.2kW",
    "gb": "gigabytes such as 64 or 64GB",
    "tok/s": "tokens a second such as 20 or 7.5",
    "count": "a whole number such as 2",
}
"""Per kind of number, the ways of writing it, for messages."""
WHOLE: frozenset[Kind] = frozenset({"tokens", "count"})
"""The kinds that have no fractions."""


class Unclear(ValueError):
    """Not clearly what was asked for; ``str`` says why, ``part`` which entry of a map it is."""

    def __init__(self, why: str, part: str | None = None) -> None:
        super().__init__(why)
        self.part = part


@dataclass(frozen=True)
class Read:
    """A number (an int for whole kinds), and how its text was read where that was not plain."""

    value: float
    reading: str | None = None


def read_number(value: object, kind: Kind) -> Read:
    """``value`` as a number of that kind: ``"32k"`` tokens is 32,768, ``"$2k"`` is 2,000.

    Raises Unclear for anything negative, not finite or open to two readings.
    """
    if isinstance(value, str):
        return _read_text(value, kind)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Unclear("this is not a number")
    if isinstance(value, float) and not math.isfinite(value):
        raise Unclear("this is not a finite number")
    return Read(_checked(value, kind))


def _read_text(text: str, kind: Kind) -> Read:
    written = text.strip(" ")
    match = _NUMBER.fullmatch(written.removeprefix("+"))
    if match is None:
        negative = re.match(r"-\$?[0-9]", written)
        raise Unclear("this is below zero" if negative else "this cannot be read as a number")
    digits, fraction, suffix = match["digits"], match["fraction"] or "", match["suffix"].lower()
    if len(digits) > 1 and digits[0] == "0":
        raise Unclear("this starts with a zero")
    if len(fraction) == 4 and digits != "0" and len(digits) <= 3:
        raise Unclear("this dot can mean a decimal or thousands")
    exponent = match["exponent"] or ""
    if exponent and (suffix or "," in digits or match["currency"]):
        raise Unclear("this mixes two ways of writing a number")
    if match["currency"] and kind != "usd":
        raise Unclear("dollars do not fit here")
    if suffix not in _SCALE[kind]:
        raise Unclear(f"the unit {match['suffix']} does not fit here")
    exact = Decimal(digits.replace(",", "") + fraction + exponent) * _SCALE[kind][suffix]
    number = _checked(int(exact) if exact == int(exact) else float(exact), kind)
    plain = text == digits.replace(",", "") + fraction
    return Read(number, None if plain else f'"{visible(text)}" read as {spelled(number)}')


def _checked(number: float, kind: Kind) -> float:
    if number < 0:
        raise Unclear("this is below zero")
    if kind in WHOLE:
        if number % 1:
            raise Unclear("this is not a whole number")
        return int(number)
    return float(number) if number < 1e15 else number


def spelled(number: float) -> str:
    """``number`` with thousands separated and without an empty fraction: 32,768 · 2.5."""
    return f"{int(number):,}" if number == int(number) else f"{number:,}"


def is_text(value: object) -> bool:
    """Whether ``value`` is text that can be written as UTF-8."""
    return isinstance(value, str) and not re.search("[\ud800-\udfff]", value)


def read_cards(value: object) -> dict[str, int]:
    """Device to count, from a map or from ``2x rtx-3090 + rtx-4090``. Raises Unclear."""
    if value == "none":
        return {}
    if isinstance(value, str):
        pairs = []
        for part in value.split("+"):
            match = _CARD.fullmatch(part.strip(" "))
            if match is None or _COUNTED.match(match[2]):
                shown = f'"{visible(part.strip())}"'
                raise Unclear(f"{shown} is not a count and a device")
            pairs.append((match[2], match[1] or "1"))
    elif isinstance(value, dict):
        pairs = list(value.items())
    else:
        raise Unclear("this is not a map of device to count")
    out: dict[str, int] = {}
    for device, count in pairs:
        try:
            number = int(read_number(count, "count").value)
        except Unclear:
            number = 0
        if number < 1 or not is_text(device) or not device.strip():
            what = f'"{visible(device)}" needs a whole count of at least 1'
            raise Unclear(what, device if isinstance(value, dict) else None)
        out[device] = out.get(device, 0) + number
    return out
