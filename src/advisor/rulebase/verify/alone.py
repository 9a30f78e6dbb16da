"""Faults a rule has by itself: conditions that cannot hold."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from advisor.errors import Problem, shown

from ..finding import finding
from ..rule import Rule
from .conditions import Conditions, Reading

ALWAYS_THERE = ("profile", "model")
"""The templates every consultation has a fact of, at every stage."""


def impossible(readings: Sequence[Reading]) -> Iterator[Problem]:
    """Conditions no fact can meet, and exceptions that never or always hold."""
    for reading in readings:
        rule = reading.rule
        yield from _contradictions(rule, "when", reading.when, "so the rule never fires")
        for pattern, absent in zip(rule.unless, reading.unless, strict=True):
            name = pattern.template
            yield from _contradictions(rule, "unless", absent, "so this exception never holds")
            if name in ALWAYS_THERE and absent.asks_nothing:
                what = f"there is always such a {name}, so the rule never fires"
                accepted = "an exception that holds for some people only"
                yield finding(rule, ("unless", name), "K301", what, accepted=accepted)


def _contradictions(
    rule: Rule, part: str, conditions: Conditions, consequence: str
) -> Iterator[Problem]:
    written: dict[str, dict[str, Any]] = getattr(rule.entry, part)
    for template, attribute in conditions.contradictions():
        raw = written.get(template, {}).get(attribute)
        yield finding(
            rule,
            (part, template, attribute),
            "K301",
            f"no {template} can meet this, {consequence}",
            found=None if raw is None else shown(raw),
            accepted=f"tests that some value of {attribute} passes together",
        )
