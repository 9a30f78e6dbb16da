"""Faults a rule has by itself: parameters that do not exist, conditions that cannot hold."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from advisor.errors import Problem, nearest, shown
from advisor.model.quantity import Quantity

from ..finding import Place, finding
from ..rule import ParameterRef, Rule
from ..say import PLACE
from .conditions import Conditions, Reading

ALWAYS_THERE = ("profile", "model")
"""The templates every consultation has a fact of, at every stage."""


def unnamed(rules: Sequence[Rule], parameters: Mapping[str, Quantity]) -> Iterator[Problem]:
    """Parameters that conditions and sentences name but that do not exist."""
    for rule in rules:
        for at, name in (*_compared(rule), *_spoken(rule)):
            if name not in parameters:
                yield finding(
                    rule,
                    at,
                    "K202",
                    "there is no such parameter",
                    found=name,
                    accepted="an id of knowledge/parameters",
                    nearest=nearest(name, parameters),
                )


def _compared(rule: Rule) -> Iterator[tuple[Place, str]]:
    for part, patterns in (("when", rule.when), ("unless", rule.unless)):
        for pattern in patterns:
            for test in pattern.tests:
                if isinstance(test.operand, ParameterRef):
                    yield (part, pattern.template, test.attribute), test.operand.parameter


def _spoken(rule: Rule) -> Iterator[tuple[Place, str]]:
    texts: tuple[tuple[Place, str | None], ...] = (
        (("say",), rule.entry.say),
        (("then", "check"), rule.then.check),
        (("then", "fix"), rule.then.fix),
    )
    for at, text in texts:
        for alias, name, _ in re.findall(PLACE, text or ""):
            if alias == "parameter":
                yield at, name


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
