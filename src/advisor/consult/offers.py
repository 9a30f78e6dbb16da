"""What builds cost somebody who owns nothing, and the guide's tables beside today's figures."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from advisor.knowledge import Knowledge
from advisor.model.catalog import BuildTemplate
from advisor.model.plan import Rig
from advisor.model.quantity import Quantity, calculated, trace
from advisor.model.targets import MeasuredRun
from advisor.profiles import profile_from
from advisor.sizing import Owned, PriceResult
from advisor.sizing.price import price

from .build_facts import usd_text
from .profile_facts import ProfileNodes
from .rigs import RigMaker


@dataclass(frozen=True)
class Offer:
    """A build with its bill: the devices alone, and with the machine around them.

    ``system`` is None for modules, whose chassis has no price here.
    """

    rig: Rig
    cards: PriceResult
    system: PriceResult | None


class Offers:
    """Bills of builds for somebody who owns nothing and buys used where there is a market."""

    def __init__(self, knowledge: Knowledge) -> None:
        self.knowledge = knowledge
        self._of: dict[str, Offer] = {}

    @cached_property
    def _maker(self) -> RigMaker:
        profile = profile_from({"target_model": "70B"}, "nobody in particular")
        return RigMaker(profile, ProfileNodes(profile), self.knowledge)

    def rig(self, template: BuildTemplate) -> Rig:
        """A build as a rig of which nothing is owned."""
        return self._maker.rig(template)

    def of(self, template: BuildTemplate) -> Offer:
        """The bill of a build, made once."""
        rig = self.rig(template)
        if rig.slug not in self._of:
            modules = any(device.form == "module" for device in rig.devices)
            self._of[rig.slug] = Offer(
                rig, self._bill(rig, False), None if modules else self._bill(rig, True)
            )
        return self._of[rig.slug]

    def _bill(self, rig: Rig, whole: bool) -> PriceResult:
        what = "system" if whole else "cards"
        anchor = calculated(
            f"offer.{rig.slug}.{what}",
            "the build, " + ("whole machine" if whole else "devices alone"),
            rig.title,
            "",
            "devices x count",
            tuple(self.knowledge.figure(m.device, "memory_gb") for m in rig.members),
        )
        return price(rig, self.knowledge, anchor, owned=Owned(), needs_host=whole, used_ok=True)


def benchmark_entries(knowledge: Knowledge, offers: Offers) -> list[dict[str, Any]]:
    """Every benchmark target with the runs it names, each with its figure and source."""
    runs = knowledge.targets.runs
    out = []
    for target in knowledge.targets.benchmarks.values():
        entry = target.model_dump(mode="json")
        entry["rigs"] = [offers.rig(rig).slug for rig in target.rigs]
        entry["measured"] = [_run_entry(runs[id]) for id in target.measured]
        entry["near"] = [
            {"differs": near.differs, "runs": [_run_entry(runs[id]) for id in near.runs]}
            for near in target.near
        ]
        named = [*target.measured, *(id for near in target.near for id in near.runs)]
        entry["cites"] = list(dict.fromkeys(["guide-2026", *(runs[id].source for id in named)]))
        out.append(entry)
    return out


def _run_entry(run: MeasuredRun) -> dict[str, Any]:
    return {
        "row": run.id,
        "rig": f"{run.count}x {run.hardware}",
        "link": run.link,
        "runtime": run.runtime,
        "model": run.model,
        "quant": run.quant,
        "split": run.split,
        "requests": run.requests,
        "decode_tok_s": run.decode_tok_s,
        "date": run.date,
        "conditions": run.conditions,
        "source": run.source,
    }


def tier_entries(knowledge: Knowledge, offers: Offers) -> list[dict[str, Any]]:
    """Every tier of the guide with what its build of today costs."""
    out = []
    for tier in knowledge.targets.tiers.values():
        offer = offers.of(tier.today)
        entry = tier.model_dump(mode="json", exclude={"today"})
        entry |= {"build": offer.rig.slug, "title": offer.rig.title} | _bills(offer)
        entry["cites"] = ["guide-2026", *_cites(offer)]
        out.append(entry)
    return out


def build_entries(knowledge: Knowledge, offers: Offers) -> list[dict[str, Any]]:
    """Every build of the catalogue: the guide's row where it has one, and today's figures."""
    out = []
    for template in knowledge.builds:
        offer = offers.of(template)
        entry = {"slug": offer.rig.slug} | template.model_dump(mode="json")
        entry["guide"] = [
            {
                "claim": id,
                "figures": knowledge.claims[id].figures,
                "erratum": knowledge.claims[id].erratum,
            }
            for id in template.claims
        ]
        devices = offer.rig.devices
        entry["memory_gib"] = round(sum(device.visible_gib for device in devices), 1)
        entry["devices_w"] = sum(device.tdp_w for device in devices)
        if not template.rental:
            entry |= _bills(offer)
        entry["cites"] = [*template.cites, *_cites(offer)]
        out.append(entry)
    return out


def _bills(offer: Offer) -> dict[str, Any]:
    return {"cards_usd": _bill_entry(offer.cards), "system_usd": _bill_entry(offer.system)}


def _bill_entry(bill: PriceResult | None) -> dict[str, Any] | None:
    if bill is None or not bill.known:
        return None
    return {
        "low": bill.low.number,
        "high": bill.high.number,
        "as_of": bill.as_of,
        "items": [item.model_dump(mode="json", exclude={"owned"}) for item in bill.items],
    }


def _cites(offer: Offer) -> Iterable[str]:
    bills = [bill for bill in (offer.cards, offer.system) if bill is not None]
    roots: Sequence[Quantity] = [end for bill in bills for end in (bill.low, bill.high)]
    return dict.fromkeys(id for node in trace(roots) for id in node.cites)


def bill_text(bill: PriceResult | None) -> str:
    """A bill as one price or a range."""
    if bill is None or not bill.known:
        return "no known price"
    return usd_text(bill.low.number, bill.high.number)
