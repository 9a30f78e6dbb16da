"""The guide's targets and tiers, and the builds next in line, as facts about one recommendation."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from advisor.knowledge import Knowledge
from advisor.model.catalog import BuildTemplate, Model
from advisor.model.facts import Fact
from advisor.model.profile import Profile
from advisor.model.quantity import Quantity, Value, calculated, known
from advisor.model.targets import BenchmarkTarget, MeasuredRun, RunsNearby, Tier

from .assemble import ALTERNATIVES
from .judged import Judged
from .offers import Offer, Offers, bill_text
from .profile_facts import ProfileNodes
from .rivals import rivals

GUIDE = ("guide-2026",)


class GuideFacts:
    """Makes the facts of one consultation that only its statements read."""

    def __init__(
        self,
        profile: Profile,
        nodes: ProfileNodes,
        model: Model,
        offers: Offers,
        knowledge: Knowledge,
    ) -> None:
        self.profile = profile
        self.nodes = nodes
        self.model = model
        self.offers = offers
        self.knowledge = knowledge

    def beside(
        self, pick: Judged, order: Sequence[Judged], considered: Collection[str]
    ) -> list[Fact]:
        """What the guide says of the recommended build, and the builds shown after it."""
        facts = [*self._targets(pick), *self._tiers(pick, {build.slug for build in order})]
        if pick.sized.plan.rig.rental:
            facts += self._ownership(pick)
        shown = [b for i, b in enumerate(order) if i <= ALTERNATIVES or b.slug in considered]
        return [*facts, *rivals(pick, shown[1:])]

    def _targets(self, pick: Judged) -> Iterator[Fact]:
        for target in self.knowledge.targets.benchmarks.values():
            if any(self.offers.of(rig).rig.slug == pick.slug for rig in target.rigs):
                yield self._target(target, pick.slug)

    def _target(self, target: BenchmarkTarget, slug: str) -> Fact:
        """A target with the runs whose model comes nearest to the person's."""
        id = f"target.{target.id}"
        runs = self.knowledge.targets.runs
        groups = list(target.near)
        if target.measured:
            groups = [RunsNearby(runs=target.measured, differs="nothing")]
        values: dict[str, Value] = {
            "entry": target.id,
            "build": slug,
            "title": target.title,
            "measured": bool(target.measured),
            "guide_model": target.model.title if target.model else "no model named",
            "guide_text": "no figure",
            "run_text": "no figure",
            "run_model": "no run",
            "run_differs": "nothing is known",
        }
        claim = known(
            id, target.title, target.status, "", (*GUIDE, *target.claims), "editorial-estimate"
        )
        nodes = dict.fromkeys(values, claim)
        if target.model:
            values["guide_model_times"] = self._times(
                target.model.total_params_b, target.model.active_params_b
            )
            nodes["guide_model_times"] = self._likeness(f"{id}.guide", values, "guide", claim)
        if target.expected:
            low, high = target.expected.low_tok_s, target.expected.high_tok_s
            values |= {"guide_low_tok_s": low, "guide_high_tok_s": high}
            values["guide_text"] = _tok_s(low, high)
            cites = (*GUIDE, target.expected.claim)
            for end, number in (("low", low), ("high", high)):
                label = f"{target.title}, {end} end of what the guide expects"
                nodes[f"guide_{end}_tok_s"] = known(
                    f"{id}.guide_{end}", label, number, "tok/s", cites, "editorial-estimate"
                )
        if groups:
            nearest = min(groups, key=lambda g: round(self._run_times(runs[g.runs[0]]), 1))
            self._add_runs(id, [runs[run] for run in nearest.runs], nearest.differs, values, nodes)
        return Fact(kind="target", name=target.id, values=values, nodes=nodes)

    def _add_runs(
        self,
        id: str,
        runs: Sequence[MeasuredRun],
        differs: str,
        values: dict[str, Value],
        nodes: dict[str, Quantity],
    ) -> None:
        speeds = {run: _run_node(run) for run in runs}
        slowest = min(runs, key=lambda run: run.decode_tok_s)
        fastest = max(runs, key=lambda run: run.decode_tok_s)
        values |= {
            "run_low_tok_s": slowest.decode_tok_s,
            "run_high_tok_s": fastest.decode_tok_s,
            "run_text": _tok_s(slowest.decode_tok_s, fastest.decode_tok_s),
            "run_model": f"{runs[0].model} in {runs[0].quant}",
            "run_differs": differs,
            "run_model_times": self._run_times(runs[0]),
        }
        nodes["run_low_tok_s"] = speeds[slowest]
        nodes["run_high_tok_s"] = speeds[fastest]
        text = calculated(
            f"{id}.runs",
            "what was measured",
            values["run_text"],
            "",
            "slowest to fastest of the runs",
            tuple(speeds.values()),
        )
        nodes |= dict.fromkeys(("run_text", "run_model", "run_differs"), text)
        nodes["run_model_times"] = self._likeness(f"{id}.run", values, "run", text)

    def _run_times(self, run: MeasuredRun) -> float:
        return self._times(run.total_params_b, run.active_params_b)

    def _times(self, total_b: float, active_b: float) -> float:
        """How many times the person's model differs in size, by all or by active parameters."""
        pairs = ((self.model.total_params_b, total_b), (self.model.active_params_b, active_b))
        return max(max(mine / other, other / mine) for mine, other in pairs)

    def _likeness(self, id: str, values: dict[str, Value], of: str, origin: Quantity) -> Quantity:
        return calculated(
            f"{id}_model_times",
            "times the model differs in size",
            values[f"{of}_model_times"],
            "",
            "the larger of all and of active parameters, either way round",
            (self.knowledge.figure(self.model, "total_params_b"), origin),
        )

    def _tiers(self, pick: Judged, viable: Collection[str]) -> Iterator[Fact]:
        budget = self.profile.budget_usd
        tiers = list(self.knowledge.targets.tiers.values())
        holding = [tier for tier in tiers if budget is not None and _holds(tier, budget)]
        holding.sort(key=lambda tier: abs(_middle(tier) - (budget or 0.0)))
        for tier in tiers:
            rank = holding.index(tier) + 1 if tier in holding else 0
            yield self._tier(tier, pick, rank, viable)

    def _tier(self, tier: Tier, pick: Judged, rank: int, viable: Collection[str]) -> Fact:
        offer = self.offers.of(tier.today)
        id = f"tier.{tier.id}"
        values: dict[str, Value] = {
            "entry": tier.id,
            "name": tier.name,
            "build": offer.rig.slug,
            "title": offer.rig.title,
            "picked": offer.rig.slug == pick.slug,
            "viable": offer.rig.slug in viable,
            "owned_count": self._owned(tier),
            "guide_build": tier.guide_build,
            "guide_text": _guide_range(tier),
            "budget_rank": rank,
            "cards_text": bill_text(offer.cards),
            "system_text": bill_text(offer.system),
            "as_of": min(filter(None, (b.as_of for b in (offer.cards, offer.system) if b))),
        }
        cites = (*GUIDE, *tier.claims)
        guide = known(
            f"{id}.low",
            f"{tier.name}, from",
            tier.guide_low_usd,
            "USD",
            cites,
            "editorial-estimate",
        )
        nodes = dict.fromkeys(values, guide)
        nodes |= _bill_nodes(id, offer)
        nodes["picked"] = calculated(
            f"{id}.picked",
            "its build is the one",
            values["picked"],
            "",
            "the same build",
            (guide, pick.fact.nodes["slug"]),
        )
        nodes["budget_rank"] = calculated(
            f"{id}.budget_rank",
            "place among the tiers that hold the budget",
            rank,
            "",
            "nearest middle first; 0 where the budget lies outside",
            (guide, self.nodes["budget_usd"]),
        )
        self._add_excess(id, offer, values, nodes)
        if offer.system is not None and tier.guide_high_usd is not None:
            top = known(
                f"{id}.high",
                f"{tier.name}, to",
                tier.guide_high_usd,
                "USD",
                cites,
                "editorial-estimate",
            )
            above = offer.system.high.number - tier.guide_high_usd
            values["above_guide_usd"] = above
            nodes["above_guide_usd"] = calculated(
                f"{id}.above",
                "today's whole machine above the guide's range",
                above,
                "USD",
                "high end today - high end of the guide",
                (offer.system.high, top),
            )
        return Fact(kind="tier", name=tier.id, values=values, nodes=nodes)

    def _add_excess(
        self, id: str, offer: Offer, values: dict[str, Value], nodes: dict[str, Quantity]
    ) -> None:
        """How far the cheapest offer of a tier's build lies above the budget."""
        bill = offer.cards if self.profile.budget_covers == "cards" else offer.system
        if bill is None or not bill.known or self.profile.budget_usd is None:
            return
        values["over_budget_usd"] = over = bill.low.number - self.profile.budget_usd
        nodes["over_budget_usd"] = calculated(
            f"{id}.over_budget",
            "low end of today's price above the budget",
            over,
            "USD",
            "low end today - budget",
            (bill.low, self.nodes["budget_usd"]),
        )

    def _owned(self, tier: Tier) -> int:
        """How many devices of the tier's build the person has."""
        return sum(
            min(count, tier.today.devices.get(self.knowledge.find_device(word).slug, 0))
            for word, count in self.profile.existing_cards.items()
        )

    def _ownership(self, pick: Judged) -> Iterator[Fact]:
        """What buying the rented GPUs would cost, in dollars and in hours of rent."""
        member, *more = pick.sized.plan.rig.members
        short = member.device.slug.partition("-")[0]
        ends = [f"rent-{short}-hour-{end}-usd" for end in ("low", "high")]
        link = member.device.fabric if member.count > 1 else None
        bill = self.offers.of(
            BuildTemplate(devices={member.device.slug: member.count}, link=link)
        ).cards
        if more or not bill.known or any(id not in self.knowledge.parameters for id in ends):
            return
        cheap, dear = (self.knowledge.parameter(id) for id in ends)
        sides = {"low": (bill.low, dear), "high": (bill.high, cheap)}
        values: dict[str, Value] = {"cards_text": bill_text(bill), "as_of": bill.as_of}
        nodes = {"cards_text": bill.low, "as_of": bill.low}
        for end, (usd, rate) in sides.items():
            hours = usd.number / (rate.number * member.count)
            values[f"hours_{end}"] = hours
            nodes[f"hours_{end}"] = calculated(
                f"ownership.hours_{end}",
                f"hours of rent for the price of the modules, {end}",
                hours,
                "h",
                "price / (rent of one an hour x count)",
                (usd, rate),
            )
        yield Fact(kind="ownership", name=member.device.slug, values=values, nodes=nodes)


def _run_node(run: MeasuredRun) -> Quantity:
    label = f"measured: {run.model} in {run.quant} on {run.count}x {run.hardware}, {run.runtime}"
    return known(f"run.{run.id}", label, run.decode_tok_s, "tok/s", (run.source,), "measured")


def _bill_nodes(id: str, offer: Offer) -> dict[str, Quantity]:
    """The prices of today as nodes, which the sentences about them rest on."""
    nodes = {}
    for name, bill in (("cards_text", offer.cards), ("system_text", offer.system)):
        if bill is not None:
            nodes[name] = calculated(
                f"{id}.{name}",
                name.replace("_text", " today"),
                bill_text(bill),
                "USD",
                "low to high",
                (bill.low, bill.high),
            )
    nodes["as_of"] = nodes["cards_text"]
    return nodes


def _guide_range(tier: Tier) -> str:
    if tier.guide_high_usd is None:
        return f"${tier.guide_low_usd:,.0f} and more"
    return f"${tier.guide_low_usd:,.0f}–${tier.guide_high_usd:,.0f}"


def _holds(tier: Tier, budget_usd: float) -> bool:
    return tier.guide_low_usd <= budget_usd <= (tier.guide_high_usd or budget_usd)


def _middle(tier: Tier) -> float:
    return (tier.guide_low_usd + (tier.guide_high_usd or tier.guide_low_usd)) / 2


def _tok_s(low: float, high: float) -> str:
    if f"{low:.0f}" == f"{high:.0f}":
        return f"{low:.0f} tok/s"
    return f"{low:.0f}–{high:.0f} tok/s"
