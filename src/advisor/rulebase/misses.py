"""What would have to be different for a rule not to have fired."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from advisor.model.facts import Fact
from advisor.model.quantity import Quantity, Value

from .evaluate import holds, operand_value
from .rule import Pattern, Rule, Template, Test
from .say import shown

OPPOSITE = {
    "lt": "at least",
    "lte": "above",
    "gt": "at most",
    "gte": "below",
    "eq": "other than",
    "neq": "",
    "in": "none of",
}
ORDERED = ("lt", "lte", "gt", "gte")


@dataclass(frozen=True)
class Miss:
    """One condition that spoke against a fact: what it is, and what it would have to be.

    ``distance`` is how far a number is off, as a share of what is needed; 1 for words.
    """

    text: str
    actual: str
    needed: str
    distance: float


def misses(
    rule: Rule,
    matched: Mapping[str, Fact],
    parameters: Mapping[str, Quantity],
    templates: Mapping[str, Template],
) -> list[Miss]:
    """The conditions of a rule that fired, each with its opposite.

    A rule that compares numbers turns on these; one that does not, on what it asks of its subject.
    """
    tests = [(pattern, test) for pattern in rule.when for test in pattern.tests]
    turning = [(p, t) for p, t in tests if t.op in ORDERED]
    turning = turning or [(p, t) for p, t in tests if p.template == rule.then.subject]
    return [_miss(pattern, test, matched, parameters, templates) for pattern, test in turning]


def unmet(
    rule: Rule, facts: Mapping[str, Fact], parameters: Mapping[str, Quantity]
) -> list[tuple[Pattern, Test]]:
    """The conditions of a rule that do not hold on one fact of each kind."""
    return [
        (pattern, test)
        for pattern in rule.when
        for test in pattern.tests
        if not holds(test, facts[pattern.template], dict(facts), parameters)
    ]


def _miss(
    pattern: Pattern,
    test: Test,
    matched: Mapping[str, Fact],
    parameters: Mapping[str, Quantity],
    templates: Mapping[str, Template],
) -> Miss:
    fact = matched[pattern.template]
    name, actual = test.attribute, fact.values.get(test.attribute)
    needed = operand_value(test, fact, dict(matched), parameters)
    attributes = templates[pattern.template].attributes
    figure = attributes[name].above
    if figure is not None and isinstance(actual, float) and isinstance(needed, int | float):
        name, (actual, needed) = figure, _undone(actual, needed, fact.values[figure])
    attribute = attributes[name]
    return Miss(
        text=attribute.label,
        actual="unknown" if actual is None else _with_unit(name, actual, attribute.unit),
        needed=_opposite(test, name, needed, attribute.unit),
        distance=_distance(actual, needed),
    )


def _undone(gap: float, allowed: float, figure: Value) -> tuple[float, float]:
    """A figure and its limit instead of the distance between them and the distance allowed."""
    return float(figure), float(figure) - gap + allowed


def _opposite(test: Test, name: str, operand: Value | tuple[Value, ...] | None, unit: str) -> str:
    if test.op == "known":
        return "unknown" if operand else "known"
    if isinstance(operand, bool):
        return shown(name, operand if test.op == "neq" else not operand)
    values = operand if isinstance(operand, tuple) else (operand,)
    words = ", ".join(_with_unit(name, v, unit) for v in values if v is not None)
    return f"{OPPOSITE[test.op]} {words}".strip()


def _with_unit(name: str, value: Value, unit: str) -> str:
    bare = unit in ("", "USD") or isinstance(value, str | bool)
    return shown(name, value) if bare else f"{shown(name, value)} {unit}"


def _distance(actual: Value | None, needed: object) -> float:
    if isinstance(actual, str | bool | None) or not isinstance(needed, int | float):
        return 1.0
    return abs(actual - needed) / (abs(needed) or abs(actual) or 1.0)
