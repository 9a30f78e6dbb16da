"""What the rules read and what they conclude."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from .quantity import Quantity, Strict, Value

Stage = Literal["derive", "choose", "judge", "recommend", "advise"]
STAGES: tuple[Stage, ...] = ("derive", "choose", "judge", "recommend", "advise")
VerdictKind = Literal["reject", "warn", "prefer", "require", "note", "conclude"]
Severity = Literal["high", "medium", "low"]


class Fact(Strict):
    """One flat record in working memory.

    ``values`` holds every attribute of the template that is known; an optional attribute that is
    unknown is left out. ``nodes`` says where a value came from, for the attributes that have a
    history. ``name`` is unique within the kind (a build slug, ``profile``).
    """

    kind: str
    name: str
    values: dict[str, Value]
    nodes: dict[str, Quantity] = {}


@dataclass(frozen=True)
class Activation:
    """One firing: the rule's code, the facts matched by alias, and the facts it produced."""

    rule: str
    matched: dict[str, Fact]
    produced: tuple[Fact, ...] = ()
