"""The two ways to look at a person's case: by the evidence, or by the guide alone."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

from advisor.knowledge import Knowledge
from advisor.model.advice import Check, Launch
from advisor.model.catalog import Model, Quant
from advisor.model.plan import Plan, Rig, Sized
from advisor.model.profile import Profile
from advisor.model.quantity import Node, Quantity
from advisor.rulebase import View
from advisor.sizing import Owned, PriceResult, Request, Sizer

from .build_facts import BuildFacts
from .launch import launch, verify
from .launch_fields import Host
from .profile_facts import ProfileNodes, circuit_node


class Sizes(Protocol):
    """What turns plans into figures."""

    def weights_gib(self, model: Model, quant: Quant) -> Quantity: ...

    def price(
        self, rig: Rig, anchor: Quantity, *, owned: Owned, needs_host: bool, used_ok: bool
    ) -> PriceResult: ...

    def size(self, plan: Plan, request: Request) -> Sized: ...


@dataclass(frozen=True)
class Way:
    """How a view sizes, states facts and tells what to start and check.

    ``circuit`` tells what the wall circuit carries. ``errata_of`` names the errata
    that bear on the figures behind the advice, where these are not those of the rules that spoke.
    """

    name: View
    sizer: Callable[[Knowledge], Sizes]
    facts: type[BuildFacts]
    launch: Callable[[Sized, int, int, Knowledge, Host], Launch]
    verify: Callable[[Sized, int, int, Knowledge, Host], tuple[Check, ...]]
    circuit: Callable[[Profile, ProfileNodes, Knowledge], Quantity | None] = circuit_node
    errata_of: Callable[[Iterable[Node], Knowledge], tuple[str, ...]] | None = None


EVIDENCE = Way("evidence", Sizer, BuildFacts, launch, verify)
