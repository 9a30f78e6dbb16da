"""A plan with its figures, its fact and what the rules said about it."""

from __future__ import annotations

from advisor.model.facts import Fact, Verdict
from advisor.model.plan import Sized
from advisor.model.quantity import Strict
from advisor.sizing import PriceResult


class Judged(Strict):
    """One sized plan under judgement; ``way`` holds the rules that proposed it."""

    sized: Sized
    price: PriceResult
    fact: Fact
    verdicts: tuple[Verdict, ...] = ()

    @property
    def slug(self) -> str:
        """The build's name; several plans may share it."""
        return self.sized.plan.rig.slug
