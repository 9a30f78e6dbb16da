"""The guide's own view of a person's case: its figures, its words for them, and its errata."""

from __future__ import annotations

from collections.abc import Iterable
from typing import cast

from advisor.knowledge import Knowledge
from advisor.knowledge.guide import GuideKnowledge
from advisor.model.advice import Check, Launch
from advisor.model.facts import Fact
from advisor.model.guide import GuideBook
from advisor.model.plan import Rig, Sized
from advisor.model.quantity import Node, Quantity
from advisor.sizing import PriceResult
from advisor.sizing.guide import GuideSizer

from .build_facts import BuildFacts
from .launch_fields import Host, file_name, own_file
from .profile_facts import NOISE
from .ways import Sizes, Way

UNTOLD = "not told"


class GuideFacts(BuildFacts):
    """The ``build`` template as far as the guide fills it in."""

    def _unwished(self, sized: Sized, price: PriceResult) -> Fact:
        fact = super()._unwished(sized, price)
        told = _book(self.knowledge).build(sized.plan.rig.slug)
        fact.values["in_guide"] = told is not None
        return fact

    def _noise(self, rig: Rig, sized: Sized) -> str:
        told = _book(self.knowledge).build(rig.slug)
        return told.noise.value if told and told.noise else UNTOLD

    def _over_noise(self, noise: str) -> int:
        """A build of whose noise the guide says nothing is not held against the wish."""
        return super()._over_noise(noise) if noise in NOISE else 0

    def _price_text(self, price: PriceResult) -> str:
        if not price.known:
            return "a price the guide does not give"
        if price.open_ended:
            return f"${price.low.number:,.0f} or more"
        return super()._price_text(price)

    def _gaps(self, rig: Rig) -> dict[str, tuple[str, Quantity]]:
        gaps = super()._gaps(rig)
        if "over_power_w" in gaps:
            gaps["guide_over_power_w"] = "gpu_w", gaps.pop("over_power_w")[1]
        return gaps


def launch(
    sized: Sized, context_tokens: int, users: int, knowledge: Knowledge, host: Host
) -> Launch:
    """How to start the plan, with the flags the guide names."""
    rig, plan = sized.plan.rig, sized.plan
    devices = tuple(device.slug for device in rig.devices)
    command = next(
        told.command
        for told in _book(knowledge).commands
        if (told.runtime, told.split) == (plan.runtime, plan.split)
        and told.devices in ((), devices)
    )
    fields = {
        "model": own_file(sized, knowledge) or f"{file_name(sized)}.gguf",
        "repo": file_name(sized),
        "count": rig.device_count,
        "nodes": rig.nodes,
        "per_node": rig.device_count // rig.nodes,
        "ratios": ",".join("1" for _ in devices),
    }
    for name, value in fields.items():
        command = command.replace("{" + name + "}", str(value))
    return Launch(command=command, env={}, notes=())


def verify(
    sized: Sized, context_tokens: int, users: int, knowledge: Knowledge, host: Host
) -> tuple[Check, ...]:
    """What the guide says to run after building."""
    return tuple(
        Check(command=told.command, expect=told.expect)
        for told in _book(knowledge).checks
        if told.link == sized.plan.rig.link
    )


def errata_of(nodes: Iterable[Node], knowledge: Knowledge) -> tuple[str, ...]:
    """The errata that touch the claims the nodes cite, in order of appearance."""
    cited = dict.fromkeys(id for node in nodes for id in node.cites)
    touching = [(erratum.id, id) for erratum in knowledge.errata.values() for id in erratum.claims]
    touching += [(c.erratum, c.id) for c in knowledge.claims.values() if c.erratum]
    return tuple(dict.fromkeys(e for id in cited for e, claim in touching if claim == id))


def _book(knowledge: Knowledge) -> GuideBook:
    return cast(GuideKnowledge, knowledge).guide


def _sizer(knowledge: Knowledge) -> Sizes:
    return GuideSizer(cast(GuideKnowledge, knowledge))


GUIDE = Way(
    "guide", _sizer, GuideFacts, launch, verify, circuit=lambda *_: None, errata_of=errata_of
)
