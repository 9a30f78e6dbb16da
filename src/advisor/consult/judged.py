"""A plan with its figures, its fact and what the rules said about it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from advisor.model.facts import Fact
from advisor.model.plan import Sized
from advisor.rulebase import Verdict
from advisor.sizing import PriceResult


@dataclass(frozen=True)
class Judged:
    """One sized plan under judgement; ``way`` holds the rules that proposed it."""

    sized: Sized
    price: PriceResult
    fact: Fact
    verdicts: tuple[Verdict, ...] = ()

    @cached_property
    def said_by(self) -> frozenset[str]:
        """The codes of the rules behind the verdicts."""
        return frozenset(verdict.rule for verdict in self.verdicts)

    @property
    def slug(self) -> str:
        """The build's name; several plans may share it."""
        return self.sized.plan.rig.slug
