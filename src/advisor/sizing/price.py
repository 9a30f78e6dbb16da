"""What has to be paid, part by part, as a range."""

from __future__ import annotations

from typing import Literal

from advisor.knowledge import Knowledge
from advisor.model.catalog import Device, PriceEntry
from advisor.model.plan import Rig
from advisor.model.quantity import Quantity, Strict, calculated, known

NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight")


class PriceItem(Strict):
    """One line of the bill, US dollars."""

    what: str
    low: float
    high: float


class PriceResult(Strict):
    """The bill. ``known`` is false when a part has no price; ``market`` is true when every price
    is a street, used or vendor price rather than a launch price. ``as_of`` is the oldest date."""

    low: Quantity
    high: Quantity
    items: tuple[PriceItem, ...]
    as_of: str
    known: bool
    market: bool
    buys_used: bool
    bridges_to_buy: int
    added_text: str


def price(
    rig: Rig,
    knowledge: Knowledge,
    anchor: Quantity,
    *,
    bridges_owned: int,
    needs_host: bool,
    used_ok: bool,
) -> PriceResult:
    """The bill for what is missing. ``anchor`` is the build's node, the input when nothing is."""
    bill = _Bill(rig, knowledge, used_ok)
    if not rig.rental:
        for member in rig.members:
            if member.count > member.owned:
                bill.device(member.device, member.count - member.owned)
        bill.bridges(bridges_owned)
        if needs_host and any(m.device.form != "machine" for m in rig.members):
            bill.host()
    return bill.result(anchor)


class _Bill:
    def __init__(self, rig: Rig, knowledge: Knowledge, used_ok: bool) -> None:
        self.rig = rig
        self.knowledge = knowledge
        self.used_ok = used_ok
        self.lows: list[tuple[Quantity, float]] = []
        self.highs: list[tuple[Quantity, float]] = []
        self.items: list[PriceItem] = []
        self.dates: list[str] = []
        self.words: list[str] = []
        self.known = True
        self.market = True
        self.used = False
        self.bridges_to_buy = 0

    def device(self, device: Device, count: int) -> None:
        """Cards or machines to buy: used where that is fine and there is a market, else new."""
        used = self.knowledge.price(device.slug, "used") if self.used_ok else None
        entry = used if used and used.basis != "msrp" else None
        entry = entry or (None if device.withdrawn else self.knowledge.price(device.slug, "new"))
        how_many = _spelled(count)
        second_hand = entry is not None and entry.condition == "used"
        plural = device.name + ("s" if count > 1 and not device.name.endswith("B") else "")
        self.words.append(f"{how_many} {'used ' if second_hand else ''}{plural}")
        if entry is None:
            self.known = False
            return
        self.used = self.used or second_hand
        self.part(entry, count, f"{count}x {device.name}, {entry.condition}")

    def bridges(self, owned: int) -> None:
        """One bridge a pair, less those owned."""
        if self.rig.link != "nvlink":
            return
        self.bridges_to_buy = max(0, self.rig.device_count // 2 - owned)
        if self.bridges_to_buy:
            count = self.bridges_to_buy
            device = self.rig.members[0].device.slug
            entry = self.knowledge.price(f"nvlink-bridge-{device.removeprefix('rtx-')}", "used")
            if entry is None:
                self.known = False
            else:
                self.part(entry, count, f"{count}x NVLink bridge, used")
            how_many = "an" if count == 1 else _spelled(count)
            self.words.append(f"{how_many} NVLink bridge{'s' if count > 1 else ''}")

    def host(self) -> None:
        """The machine around the cards, from complete systems less their cards."""
        cards = self.rig.device_count // self.rig.nodes
        size = str(cards) if cards <= 2 else "many"
        low = self.knowledge.parameter(f"host-{size}-low-usd")
        high = self.knowledge.parameter(f"host-{size}-high-usd")
        nodes = self.rig.nodes
        self.lows.append((low, nodes))
        self.highs.append((high, nodes))
        self.items.append(
            PriceItem(
                what="the rest of the machine (board, processor, memory, supply, case)",
                low=low.number * nodes,
                high=high.number * nodes,
            )
        )

    def part(self, entry: PriceEntry, count: int, what: str) -> None:
        name = f"price.{entry.part}.{entry.condition}"
        ends: tuple[tuple[Literal["low", "high"], float, list[tuple[Quantity, float]]], ...] = (
            ("low", entry.low_usd, self.lows),
            ("high", entry.high_usd, self.highs),
        )
        for end, usd, side in ends:
            label = f"{entry.part}, {entry.condition}, {end}, {entry.as_of}"
            node = known(f"{name}.{end}", label, usd, "USD", entry.cites, entry.grade)
            side.append((node, count))
        self.items.append(
            PriceItem(what=what, low=entry.low_usd * count, high=entry.high_usd * count)
        )
        self.dates.append(entry.as_of)
        self.market = self.market and entry.basis in ("market", "list")

    def result(self, anchor: Quantity) -> PriceResult:
        return PriceResult(
            low=self._total("low", self.lows, anchor),
            high=self._total("high", self.highs, anchor),
            items=tuple(self.items),
            as_of=min(self.dates, default=""),
            known=self.known,
            market=self.market,
            buys_used=self.used,
            bridges_to_buy=self.bridges_to_buy,
            added_text=_listed(self.words) or "nothing",
        )

    def _total(self, end: str, parts: list[tuple[Quantity, float]], anchor: Quantity) -> Quantity:
        formula = " + ".join(f"{count:g} x {node.label}" for node, count in parts)
        return calculated(
            f"{anchor.id}.price_{end}_usd",
            f"to pay, {end}",
            sum(node.number * count for node, count in parts),
            "USD",
            formula or "nothing to buy",
            tuple(node for node, _ in parts) or (anchor,),
        )


def _spelled(count: int) -> str:
    """Small numbers as words."""
    return NUMBERS[count] if count < len(NUMBERS) else f"{count:,}"


def _listed(words: list[str]) -> str:
    if len(words) < 3:
        return " and ".join(words)
    return ", ".join(words[:-1]) + " and " + words[-1]
