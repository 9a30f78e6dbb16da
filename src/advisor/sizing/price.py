"""What has to be paid, part by part, as a range.

The machine around the cards is priced as whole machines less their cards. The supply is taken out
and put back by its watts; the rest is divided by what its parts cost in published lists, so that a
part somebody owns can be left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from advisor.knowledge import Knowledge
from advisor.model.catalog import Device, PriceEntry
from advisor.model.plan import Rig
from advisor.model.quantity import Quantity, Strict, calculated, known

from .power import supply_w

SHARED = ("board", "processor", "memory", "storage")
REST = "case and cooling"
ENDS = ("low", "high")
NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight")


class PriceItem(Strict):
    """One line of the bill, US dollars; what is owned costs nothing and has no date."""

    what: str
    low: float = 0.0
    high: float = 0.0
    as_of: str = ""
    owned: bool = False


@dataclass(frozen=True)
class Owned:
    """What somebody has beside cards: NVLink bridges, and the nodes of the watts of a supply, the
    kind of a board and the GB of memory, None where not stated."""

    bridges: int = 0
    supply_w: Quantity | None = None
    board: Quantity | None = None
    memory_gb: Quantity | None = None


class PriceResult(Strict):
    """The bill. ``known`` is false when a part has no price; ``market`` is true when every price
    is a street, used or vendor price rather than a launch price. ``as_of`` is the oldest date.
    ``open_ended``: no upper end is known; ``covers``: what it is for, where not what was asked."""

    low: Quantity
    high: Quantity
    items: tuple[PriceItem, ...]
    as_of: str
    known: bool
    market: bool
    buys_used: bool
    bridges_to_buy: int
    added_text: str
    open_ended: bool = False
    covers: Literal["cards", "system"] | None = None


def price(
    rig: Rig,
    knowledge: Knowledge,
    anchor: Quantity,
    *,
    owned: Owned,
    needs_host: bool,
    used_ok: bool,
) -> PriceResult:
    """The bill for what is missing. ``anchor`` is the build's node, the input when nothing is."""
    bill = _Bill(rig, knowledge, anchor, owned, used_ok)
    if not rig.rental:
        for member in rig.members:
            if member.count > member.owned:
                bill.device(member.device, member.count - member.owned)
        for member in rig.members:
            if member.owned:
                bill.there(f"{member.owned}x {member.device.name}")
        bill.bridges()
        if any(m.device.form != "machine" for m in rig.members):
            bill.host(needs_host)
    return bill.result()


class _Bill:
    def __init__(
        self, rig: Rig, knowledge: Knowledge, anchor: Quantity, owned: Owned, used_ok: bool
    ) -> None:
        self.rig = rig
        self.knowledge = knowledge
        self.anchor = anchor
        self.owned = owned
        self.used_ok = used_ok
        self.lows: list[tuple[Quantity, float]] = []
        self.highs: list[tuple[Quantity, float]] = []
        self.left_out: list[Quantity] = []
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
        how_many = spelled(count)
        second_hand = entry is not None and entry.condition == "used"
        self.words.append(f"{how_many} {'used ' if second_hand else ''}{plural(device, count)}")
        if entry is None:
            self.known = False
            return
        self.used = self.used or second_hand
        self.part(entry, count, f"{count}x {device.name}, {entry.condition}")

    def there(self, what: str) -> None:
        """A part that is owned."""
        self.items.append(PriceItem(what=what, owned=True))

    def bridges(self) -> None:
        """One bridge a pair, less those owned."""
        if self.rig.link != "nvlink":
            return
        needed = self.rig.device_count // 2
        used = min(needed, self.owned.bridges)
        if used:
            self.there(f"{used}x NVLink bridge")
        self.bridges_to_buy = needed - used
        if self.bridges_to_buy:
            count = self.bridges_to_buy
            device = self.rig.members[0].device.slug
            entry = self.knowledge.price(f"nvlink-bridge-{device.removeprefix('rtx-')}", "used")
            if entry is None:
                self.known = False
            else:
                self.part(entry, count, f"{count}x NVLink bridge, used")
            how_many = "an" if count == 1 else spelled(count)
            self.words.append(f"{how_many} NVLink bridge{'s' if count > 1 else ''}")

    def host(self, needed: bool) -> None:
        """The machine around the cards, part by part; what is owned serves one of the machines."""
        supply = supply_w(self.rig, self.knowledge)
        here = self._here(supply)
        for what, node in here.values():
            self.there(what)
            if needed:
                self.left_out.append(node)
        if needed:
            for part, text, nodes, as_of in self._parts(supply):
                self._put(text, nodes, self.rig.nodes - (part in here), as_of)

    def _parts(self, supply: float) -> Iterator[tuple[str, str, list[Quantity], str]]:
        """Each part of one machine: its name, in words, both ends of its price, and their date."""
        known = self.knowledge.parameter
        cards = self.rig.device_count // self.rig.nodes
        size, list_of = str(cards) if cards <= 2 else "many", "1" if cards == 1 else "more"
        hosts = [known(f"host-{size}-{end}-usd") for end in ENDS]
        per_w = [known(f"supply-usd-per-w-{end}") for end in ENDS]
        included = known("host-supply-w")
        usd = [float(round(supply * rate.number)) for rate in per_w]
        text = f"supply of {supply:,.0f} W"
        nodes = self._ends("supply", text, usd, "watts x price of a watt", per_w)
        yield "supply", text, nodes, self._date(per_w)
        rest = [h.number - included.number * w.number for h, w in zip(hosts, per_w, strict=True)]
        taken = [0.0, 0.0]
        origin = "(the machine around the cards - the supply in it)"
        as_of = self._date(hosts)
        for part in SHARED:
            share = known(f"host-share-{list_of}-{part}")
            usd = [float(round(left * share.number)) for left in rest]
            taken = [sum(pair) for pair in zip(taken, usd, strict=True)]
            formula = f"{origin} x share"
            yield (
                part,
                part,
                self._ends(part, part, usd, formula, hosts, per_w, included, share),
                as_of,
            )
        usd = [float(round(left)) - gone for left, gone in zip(rest, taken, strict=True)]
        formula = f"{origin} - its other parts"
        yield "case", REST, self._ends("case", REST, usd, formula, hosts, per_w, included), as_of

    def _put(self, text: str, nodes: list[Quantity], count: int, as_of: str) -> None:
        """A part to buy for ``count`` machines."""
        if not count:
            return
        low, high = nodes
        self.lows.append((low, count))
        self.highs.append((high, count))
        self.dates.append(as_of)
        what = f"{count}x {text}" if self.rig.nodes > 1 else text
        self.items.append(
            PriceItem(what=what, low=low.number * count, high=high.number * count, as_of=as_of)
        )

    def _date(self, nodes: list[Quantity]) -> str:
        """The oldest date of what the figures were taken from."""
        return min(self.knowledge.sources[id].date for node in nodes for id in node.cites)

    def _here(self, supply: float) -> dict[str, tuple[str, Quantity]]:
        """The parts of a machine that are owned and do, in words, with what the person said."""
        owned, found = self.owned, {}
        if owned.supply_w is not None and owned.supply_w.number >= supply:
            found["supply"] = f"supply of {owned.supply_w.number:,.0f} W", owned.supply_w
        if owned.board is not None:
            found["board"] = f"{owned.board.value} board", owned.board
        if owned.memory_gb is not None:
            found["memory"] = f"{owned.memory_gb.number:,.0f} GB of memory", owned.memory_gb
        return found

    def _ends(
        self,
        part: str,
        label: str,
        usd: list[float],
        formula: str,
        *inputs: Quantity | list[Quantity],
    ) -> list[Quantity]:
        """The low and the high price of a part; of a pair of inputs each takes its own."""
        return [
            calculated(
                f"{self.anchor.id}.{part}_{end}_usd",
                f"{label}, {end}",
                usd[at],
                "USD",
                formula,
                tuple(q[at] if isinstance(q, list) else q for q in inputs),
            )
            for at, end in enumerate(ENDS)
        ]

    def part(self, entry: PriceEntry, count: int, what: str) -> None:
        for node, side in zip(price_ends(entry), (self.lows, self.highs), strict=True):
            side.append((node, count))
        self.items.append(
            PriceItem(
                what=what,
                low=entry.low_usd * count,
                high=entry.high_usd * count,
                as_of=entry.as_of,
            )
        )
        self.dates.append(entry.as_of)
        self.market = self.market and entry.basis in ("market", "list")

    def result(self) -> PriceResult:
        return PriceResult(
            low=self._total("low", self.lows),
            high=self._total("high", self.highs),
            items=tuple(self.items),
            as_of=min(self.dates, default=""),
            known=self.known,
            market=self.market,
            buys_used=self.used,
            bridges_to_buy=self.bridges_to_buy,
            added_text=listed(self.words) or "nothing",
        )

    def _total(self, end: str, parts: list[tuple[Quantity, float]]) -> Quantity:
        formula = " + ".join(f"{count:g} x {node.label}" for node, count in parts)
        if self.left_out:
            formula += "; owned: " + ", ".join(node.label for node in self.left_out)
        return calculated(
            f"{self.anchor.id}.price_{end}_usd",
            f"to pay, {end}",
            sum(node.number * count for node, count in parts),
            "USD",
            formula or "nothing to buy",
            (*(node for node, _ in parts), *self.left_out) or (self.anchor,),
        )


def price_ends(entry: PriceEntry) -> tuple[Quantity, Quantity]:
    """The low and the high end of a price as nodes."""
    low, high = (
        known(
            f"price.{entry.part}.{entry.condition}.{end}",
            f"{entry.part}, {entry.condition}, {end}, {entry.as_of}",
            usd,
            "USD",
            entry.cites,
            entry.grade,
        )
        for end, usd in zip(ENDS, (entry.low_usd, entry.high_usd), strict=True)
    )
    return low, high


def plural(device: Device, count: int) -> str:
    """The name of so many devices."""
    return device.name + ("s" if count > 1 and not device.name.endswith("B") else "")


def spelled(count: int) -> str:
    """Small numbers as words."""
    return NUMBERS[count] if count < len(NUMBERS) else f"{count:,}"


def listed(words: list[str]) -> str:
    """Words as people list them."""
    if len(words) < 3:
        return " and ".join(words)
    return ", ".join(words[:-1]) + " and " + words[-1]
