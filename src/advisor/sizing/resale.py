"""What devices would fetch if they were sold."""

from __future__ import annotations

from collections.abc import Sequence

from advisor.knowledge import Knowledge
from advisor.model.catalog import Device
from advisor.model.quantity import Quantity, Strict, calculated

from .price import listed, plural, price_ends, spelled

Lot = Sequence[tuple[Device, int]]


class Resale(Strict):
    """The devices that have a used price, in words, and what they fetch together; ``each`` says it
    of one of every kind. ``as_of`` is the oldest date."""

    text: str
    each: str
    low: Quantity
    high: Quantity
    as_of: str
    complete: bool


def resale(lot: Lot, knowledge: Knowledge, anchor: Quantity) -> Resale | None:
    """What a lot fetches by the used prices of the market; None where none of it has one."""
    priced = [
        (device, count, entry)
        for device, count in lot
        if (entry := knowledge.price(device.slug, "used")) is not None and entry.basis != "msrp"
    ]
    if not priced:
        return None
    ends = [(price_ends(entry), count) for _, count, entry in priced]
    low, high = (
        calculated(
            f"{anchor.id}.resale_{end}_usd",
            f"if sold used, {end}",
            sum(nodes[at].number * count for nodes, count in ends),
            "USD",
            " + ".join(f"{count} x {nodes[at].label}" for nodes, count in ends),
            (*(nodes[at] for nodes, _ in ends), anchor),
        )
        for at, end in enumerate(("low", "high"))
    )
    return Resale(
        text=listed([f"{spelled(count)} {plural(device, count)}" for device, count, _ in priced]),
        each=listed([f"{d.name} ${e.low_usd:,.0f}–${e.high_usd:,.0f}" for d, _, e in priced]),
        low=low,
        high=high,
        as_of=min(entry.as_of for _, _, entry in priced),
        complete=len(priced) == len(lot),
    )
