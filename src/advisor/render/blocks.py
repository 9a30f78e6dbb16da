"""What a document is made of, and how figures are written in it."""

from __future__ import annotations

from dataclasses import dataclass, field

from advisor.errors import visible
from advisor.model.advice import Build, Fit, Range

NOT_STATED = {
    "min_tok_s": "no minimum",
    "budget_usd": "no limit",
    "power_limit_w": "no limit",
    "pcie": "usual for the board",
    "later_model": "none",
    "runtime": "any",
    "gpu_power_cap_w": "no cap",
}
"""What it means that nobody stated a field which has no default value."""


@dataclass(frozen=True)
class Text:
    """One sentence or a few."""

    text: str


@dataclass(frozen=True)
class Code:
    """A command, letter for letter."""

    text: str


@dataclass(frozen=True)
class Items:
    """A list; an item's own list follows it."""

    items: tuple[tuple[str, tuple[str, ...]], ...]


class Link(str):
    """A cell of a table that leads to another page where the format has pages."""

    target: str

    def __new__(cls, text: str, target: str) -> Link:
        link = super().__new__(cls, text)
        link.target = target
        return link


@dataclass(frozen=True)
class Table:
    """Rows of equal length under a head."""

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Tree:
    """Lines with their depth."""

    lines: tuple[tuple[int, str], ...]


Block = Text | Code | Items | Table | Tree


@dataclass
class Section:
    """A heading and what stands under it."""

    title: str
    blocks: list[Block] = field(default_factory=list)


def clean(text: str) -> str:
    """Text that cannot act on a terminal: control characters are written out."""
    return "\n".join(visible(line, 100_000) for line in text.split("\n"))


def usd(low: float | None, high: float | None) -> str:
    """A price range; without an upper end, or unknown."""
    if low is None:
        return "no price known"
    if high is None:
        return f"${low:,.0f} or more"
    if high <= 0:
        return "$0"
    return f"${low:,.0f}" if low == high else f"${low:,.0f}–${high:,.0f}"


def to_pay(build: Build) -> str:
    """What a build costs in one phrase."""
    if build.slug.startswith("rent-"):
        return "rent by the hour"
    return usd(build.price_usd.low, build.price_usd.high)


def rate(value: float) -> str:
    """Tokens a second, one decimal under ten."""
    return f"{value:.1f}" if value < 10 else f"{value:,.0f}"


def rates(speed: Range | None) -> str:
    """A speed range."""
    if speed is None:
        return "not told"
    return f"{rate(speed.low)}–{rate(speed.high)} tok/s"


def room(fit: Fit) -> list[tuple[str, str]]:
    """What fits, and how much more would."""
    if fit.kv_gib is None:
        gigabytes = fit.weights_gib * 2**30 / 1e9
        return [("fits", f"weights {gigabytes:.0f} of {fit.guide_effective_gb:.0f} GB effective")]
    return [
        (
            "fits",
            f"weights {fit.weights_gib:.1f} + KV cache {fit.kv_gib:.1f} GiB of "
            f"{fit.usable_gib:.1f} usable; {fit.headroom_gib:.1f} GiB free on the fullest",
        ),
        (
            "context",
            f"up to {fit.max_context_tokens:,} tokens a request; at yours, room for "
            f"{fit.max_users:,} at once",
        ),
    ]


def watts(build: Build) -> str:
    """What a build draws."""
    power = build.power
    if power.system_w is not None:
        return f"{power.system_w:,.0f} W at the wall"
    return "watts not told" if power.gpu_w is None else f"{power.gpu_w:,.0f} W for the cards"


def figure(value: float | None) -> str:
    """A whole number, where it is told."""
    return "not told" if value is None else f"{value:,.0f}"


def number(value: object, unit: str) -> str:
    """A node's value with its unit."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str):
        return clean(value)
    amount = float(str(value))
    if unit == "USD":
        return f"${amount:,.2f}" if abs(amount) < 10 else f"${amount:,.0f}"
    if amount == int(amount) or unit in ("W", "tokens", "BTU/h"):
        text = f"{amount:,.0f}"
    else:
        text = f"{amount:,.1f}" if abs(amount) >= 10 else f"{amount:.3g}"
    return f"{text} {unit}".rstrip()


def plain(field: str, value: object) -> str:
    """A profile field's value as the person would say it."""
    if value is None:
        return NOT_STATED.get(field, "unknown")
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.10g}"
    if isinstance(value, list | tuple):
        return ", ".join(str(item) for item in value) or "none"
    if isinstance(value, dict):
        return ", ".join(f"{count}x {name}" for name, count in value.items()) or "none"
    return "empty" if value == "" else str(value)
