"""What the rules read and what they conclude."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from pydantic import SkipValidation

from .quantity import Quantity, Strict, Value

Stage = Literal["derive", "choose", "judge", "weigh", "diagnose", "recommend", "advise"]
STAGES: tuple[Stage, ...] = (
    *("derive", "choose", "judge", "weigh"),
    *("diagnose", "recommend", "advise"),
)
VerdictKind = Literal["reject", "warn", "prefer", "require", "note", "suspect", "conclude"]
Severity = Literal["high", "medium", "low"]
Likelihood = Literal["likely", "possible", "remote"]


class LazyNodes(Mapping[str, Quantity]):
    """Histories by attribute, made when the first is looked up: few facts are ever explained."""

    def __init__(self, make: Callable[[], dict[str, Quantity]]) -> None:
        self._make = make

    @cached_property
    def _made(self) -> dict[str, Quantity]:
        return self._make()

    def __getitem__(self, name: str) -> Quantity:
        return self._made[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._made)

    def __len__(self) -> int:
        return len(self._made)


class Fact(Strict):
    """One flat record in working memory.

    ``values`` holds every attribute of the template that is known; an optional attribute that is
    unknown is left out. ``nodes`` says where a value came from, for the attributes that have a
    history. ``name`` is unique within the kind (a build slug, ``profile``).
    """

    kind: str
    name: str
    values: dict[str, Value]
    nodes: SkipValidation[Mapping[str, Quantity]] = {}


@dataclass(frozen=True)
class Activation:
    """One firing: the rule's code, the facts matched by alias, and the facts it produced."""

    rule: str
    matched: dict[str, Fact]
    produced: tuple[Fact, ...] = ()
