"""What the conditions of a rule ask of facts, and how two rules' conditions relate."""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from advisor.model.quantity import Quantity, Value

from ..rule import Attribute, FactRef, ParameterRef, Pattern, Rule, SameRef, Template, Test
from .values import Values, every, passing

Parameters = Mapping[str, Quantity]
Templates = Mapping[str, Template]
Spot = tuple[str, str]
"""A template and one of its attributes."""


@dataclass(frozen=True)
class Conditions:
    """The facts asked for, the values each attribute may have, and the comparisons between
    attributes; of these only what they say of single values is understood."""

    templates: Templates
    facts: frozenset[str]
    values: Mapping[Spot, Values]
    links: frozenset[tuple[str, Test]]

    def attribute(self, spot: Spot) -> Attribute:
        """What the table of facts says of an attribute."""
        return _attribute(self.templates, spot)

    @property
    def key(self) -> Hashable:
        """The same for conditions that are the same but for spelling and order."""
        asked = {spot: v for spot, v in self.values.items() if v != every(self.attribute(spot))}
        return self.facts, frozenset(asked.items()), self.links

    @property
    def asks_nothing(self) -> bool:
        """Whether every fact meets them."""
        return not self.links and all(
            every(self.attribute(spot)) <= values for spot, values in self.values.items()
        )

    def of(self, spot: Spot) -> Values:
        """The values an attribute may have."""
        own = self.values.get(spot)
        return every(self.attribute(spot)) if own is None else own

    def __and__(self, other: Conditions) -> Conditions:
        values = {spot: self.of(spot) & other.of(spot) for spot in {**self.values, **other.values}}
        facts, links = self.facts | other.facts, self.links | other.links
        return Conditions(self.templates, facts, _linked(values, links), links)

    def contradictions(self) -> Iterator[Spot]:
        """The attributes for which no value is left."""
        return (spot for spot, values in self.values.items() if not values)

    @property
    def possible(self) -> bool:
        """Whether some facts meet them; said of some that none meets where attributes are
        compared with one another."""
        return all(self.values.values())

    def implies(self, other: Conditions) -> bool:
        """Whether the same facts always meet the other conditions too."""
        return (
            other.facts <= self.facts
            and other.links <= self.links
            and all(self.of(spot) <= values for spot, values in other.values.items())
        )

    def without(self, spot: Spot) -> Conditions:
        """The same but for what is asked of one attribute."""
        values = {other: own for other, own in self.values.items() if other != spot}
        return Conditions(self.templates, self.facts, values, self.links)


def conditions(
    patterns: Iterable[Pattern], templates: Templates, parameters: Parameters
) -> Conditions:
    """What the patterns ask, all of them together."""
    facts: set[str] = set()
    values: dict[Spot, Values] = {}
    links: set[tuple[str, Test]] = set()

    def narrow(spot: Spot, passes: Values) -> None:
        values[spot] = values[spot] & passes if spot in values else passes

    for pattern in patterns:
        facts.add(pattern.template)
        for test in pattern.tests:
            spot = pattern.template, test.attribute
            operand = resolved(test, parameters)
            if operand is not None:
                narrow(spot, passing(test.op, operand, _attribute(templates, spot)))
                continue
            links.add((pattern.template, test))
            for each in (spot, *_others(pattern.template, test)):
                narrow(each, every(_attribute(templates, each)).known())
    known = frozenset(links)
    return Conditions(templates, frozenset(facts), _linked(values, known), known)


def _attribute(templates: Templates, spot: Spot) -> Attribute:
    template, name = spot
    return templates[template].attributes[name]


def resolved(test: Test, parameters: Parameters) -> Value | tuple[Value, ...] | None:
    """What a test compares with, where that is known before any fact is."""
    operand = test.operand
    if isinstance(operand, FactRef | SameRef):
        return None
    if isinstance(operand, ParameterRef):
        found = parameters.get(operand.parameter)
        value = found.value if found is not None else None
        finite = isinstance(value, int | float) and math.isfinite(value)
        return value if finite else None
    return operand


def _others(template: str, test: Test) -> tuple[Spot, ...]:
    operand = test.operand
    if isinstance(operand, FactRef):
        return ((operand.alias, operand.attribute),)
    if isinstance(operand, SameRef):
        return ((template, operand.same),)
    return ()


def _linked(
    values: dict[Spot, Values], links: frozenset[tuple[str, Test]]
) -> Mapping[Spot, Values]:
    """With equal attributes narrowed to what both may be."""
    equal = [
        ((template, test.attribute), other)
        for template, test in links
        if test.op == "eq"
        for other in _others(template, test)
    ]
    for _ in equal:
        for one, other in equal:
            values[one] = values[other] = values[one] & values[other]
    return values


@dataclass(frozen=True)
class Reading:
    """A rule with its conditions read: those under ``when``, and each fact under ``unless``."""

    rule: Rule
    when: Conditions
    unless: tuple[Conditions, ...]

    def covers(self, other: Reading) -> bool:
        """Whether it fires whenever the other does, on the same facts."""
        return other.when.implies(self.when) and all(
            not absent.possible or any(absent.implies(theirs) for theirs in other.unless)
            for absent in self.unless
        )

    def meets(self, other: Reading) -> bool:
        """Whether both can fire on the same facts."""
        both = self.when & other.when
        absent = (*self.unless, *other.unless)
        return both.possible and not any(both.implies(pattern) for pattern in absent)


def read(rule: Rule, templates: Templates, parameters: Parameters) -> Reading:
    """The rule with its conditions as sets of values."""
    return Reading(
        rule=rule,
        when=conditions(rule.when, templates, parameters),
        unless=tuple(conditions((p,), templates, parameters) for p in rule.unless),
    )
