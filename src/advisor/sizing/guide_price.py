"""What has to be paid by the guide's prices: of a whole build, or of its part that is missing."""

from __future__ import annotations

from typing import Literal

from advisor.knowledge.guide import GuideKnowledge
from advisor.model.catalog import Device
from advisor.model.guide import GuideBuild, ToldRange
from advisor.model.plan import Rig
from advisor.model.quantity import Quantity, calculated

from .price import Owned, PriceItem, PriceResult, listed, spelled

AS_OF = "2026"
Usd = tuple[Quantity, Quantity | None]


def guide_price(
    rig: Rig, knowledge: GuideKnowledge, anchor: Quantity, owned: Owned, needs_host: bool
) -> PriceResult:
    """The guide's price; not ``known`` where it gives none. ``anchor`` is the build's node."""
    bill = _Bill(rig, knowledge, anchor)
    bridges = max(0, rig.device_count // 2 - owned.bridges) if rig.link == "nvlink" else 0
    if not rig.rental:
        bill.fill(bridges, needs_host)
    return bill.result(0 if rig.rental else bridges)


class _Bill:
    def __init__(self, rig: Rig, knowledge: GuideKnowledge, anchor: Quantity) -> None:
        self.rig = rig
        self.knowledge = knowledge
        self.book = knowledge.guide
        self.anchor = anchor
        self.prices: list[Usd] = []
        self.items: list[PriceItem] = []
        self.words: list[str] = []
        self.known = True
        self.used = False
        self.covers: Literal["cards", "system"] | None = None

    def fill(self, bridges: int, needs_host: bool) -> None:
        """Note what is owned and what is missing."""
        missing = [(m.device, m.count - m.owned) for m in self.rig.members if m.count > m.owned]
        for member in self.rig.members:
            if member.owned:
                what = f"{member.owned}x {member.device.name}"
                self.items.append(PriceItem(what=what, owned=True))
        for device, count in missing:
            self._name(device, count)
        if bridges:
            how_many = "an" if bridges == 1 else spelled(bridges)
            self.words.append(f"{how_many} NVLink bridge{'s' if bridges > 1 else ''}")
        build = self.book.build(self.rig.slug)
        if build is not None and sum(n for _, n in missing) == self.rig.device_count:
            self._whole(build, missing, needs_host)
        elif missing:
            self._parts(missing)
        else:
            self.known = bridges == 0

    def _name(self, device: Device, count: int) -> None:
        told = self.book.device(device.slug)
        used = told is not None and told.used
        self.used = self.used or used
        plural = device.name + ("s" if count > 1 and not device.name.endswith("B") else "")
        self.words.append(f"{spelled(count)} {'used ' if used else ''}{plural}")

    def _whole(
        self, build: GuideBuild, missing: list[tuple[Device, int]], needs_host: bool
    ) -> None:
        """A build of the guide's, bought whole: its tier's price, that of its cards alone, or that
        of its parts."""
        told = build.system_usd if needs_host and build.system_usd else build.cards_usd
        told = told or build.system_usd
        ratio = build.usd_of
        of = self.book.build(ratio.build) if ratio else None
        words = listed(self.words)
        if told is not None:
            whole = told is build.system_usd
            self.covers = "system" if whole else "cards"
            what = words if whole else f"{words}, alone"
            self._put(what, self._told(f"{build.slug}.{self.covers}", told), 1)
        elif ratio is not None and of is not None and of.cards_usd is not None:
            self.covers = "cards"
            self._put(f"{words}, alone", self._told(f"{of.slug}.cards", of.cards_usd), ratio.low)
        else:
            self._parts(missing)

    def _parts(self, missing: list[tuple[Device, int]]) -> None:
        for device, count in missing:
            self._part(device, count)

    def _part(self, device: Device, count: int) -> None:
        """Devices added to owned ones, at their share of the smallest build made of them alone."""
        for build in self.book.builds:
            if list(build.devices) == [device.slug] and build.cards_usd is not None:
                share = count / build.devices[device.slug]
                self.covers = "cards"
                self._put(
                    f"{count}x {device.name}",
                    self._told(f"{build.slug}.cards", build.cards_usd),
                    share,
                )
                return
        self.known = False

    def _told(self, what: str, told: ToldRange) -> Usd:
        def end(word: str, usd: float) -> Quantity:
            slug, _, covers = what.rpartition(".")
            label = f"the guide's price of {slug}, {covers}, {word}"
            return self.knowledge.told(
                f"{what}_{word}_usd", label, usd, "USD", told.claims, "editorial-estimate"
            )

        return end("low", told.low), None if told.high is None else end("high", told.high)

    def _put(self, what: str, usd: Usd, times: float) -> None:
        low, high = usd
        scaled = low if times == 1 else self._times(low, times)
        end = high if high is None or times == 1 else self._times(high, times)
        self.prices.append((scaled, end))
        most = scaled.number if end is None else end.number
        self.items.append(PriceItem(what=what, low=scaled.number, high=most, as_of=AS_OF))

    def _times(self, usd: Quantity, times: float) -> Quantity:
        return calculated(
            f"{self.anchor.id}.{usd.id}",
            f"{usd.label}, x {times:g}",
            usd.number * times,
            "USD",
            f"price x {times:g}",
            (usd,),
        )

    def result(self, bridges: int) -> PriceResult:
        ends = [(low, low if high is None else high) for low, high in self.prices]
        return PriceResult(
            low=self._total("low", [low for low, _ in ends]),
            high=self._total("high", [high for _, high in ends]),
            items=tuple(self.items),
            as_of=AS_OF if self.prices else "",
            known=self.known,
            market=True,
            buys_used=self.used,
            bridges_to_buy=bridges,
            added_text=listed(self.words) or "nothing",
            open_ended=any(high is None for _, high in self.prices),
            covers=self.covers,
        )

    def _total(self, end: str, parts: list[Quantity]) -> Quantity:
        return calculated(
            f"{self.anchor.id}.price_{end}_usd",
            f"to pay, {end}",
            sum(part.number for part in parts),
            "USD",
            " + ".join(part.label for part in parts) or "nothing to buy",
            tuple(parts) or (self.anchor,),
        )
