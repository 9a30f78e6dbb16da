"""What a rule asks of its facts, in words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from advisor.model.facts import Fact
from advisor.model.quantity import Quantity, Value
from advisor.rulebase.evaluate import operand_value
from advisor.rulebase.rule import FactRef, ParameterRef, Pattern, SameRef, Template, Test

COMPARED = {
    "eq": "",
    "neq": "other than ",
    "lt": "below ",
    "lte": "at most ",
    "gt": "above ",
    "gte": "at least ",
    "in": "",
}
UNITS = {"10^9": "billion", "share": ""}


def amount(value: Value, unit: str = "") -> str:
    """A value as it stands in a rule: every digit that was written, none that was not."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str):
        return f"`{value}`" if value else "empty"
    figure = f"{value:,.10g}"
    if unit == "USD":
        return f"-${figure[1:]}" if figure.startswith("-") else f"${figure}"
    return f"{figure} {UNITS.get(unit, unit)}".rstrip()


def any_of(words: Iterable[str]) -> str:
    """Alternatives in a row."""
    *most, last = words
    return f"{', '.join(most)} or {last}" if most else last


@dataclass(frozen=True)
class Conditions:
    """Puts conditions into words; ``parameters`` are the figures they may name."""

    templates: Mapping[str, Template]
    parameters: Mapping[str, Quantity]

    def kind(self, template: str) -> str:
        """A template by its name and what it is."""
        return f"`{template}`: {self.templates[template].says}"

    def attribute(self, template: str, name: str) -> str:
        """An attribute by what it is and its name."""
        return f"{self.templates[template].attributes[name].label} (`{name}`)"

    def of(self, pattern: Pattern) -> tuple[str, ...]:
        """What is asked of one fact, an attribute a line."""
        asked: dict[str, list[str]] = {}
        for test in pattern.tests:
            asked.setdefault(test.attribute, []).append(self.asked(pattern.template, test))
        lines = (
            f"{self.attribute(pattern.template, name)}: {' and '.join(words)}"
            for name, words in asked.items()
        )
        return tuple(lines) or ("whatever it holds",)

    def asked(self, template: str, test: Test) -> str:
        """What an attribute must be."""
        unit = self.templates[template].attributes[test.attribute].unit
        operand = test.operand
        if test.op == "known":
            return "known" if operand else "unknown"
        if isinstance(operand, ParameterRef):
            figure = self.parameters[operand.parameter]
            words = f"{amount(figure.value, figure.unit)} (`{operand.parameter}`)"
        elif isinstance(operand, FactRef):
            told = self.templates[operand.alias].attributes[operand.attribute].label
            words = f"the same as `{operand.alias}`, {told} (`{operand.attribute}`)"
        elif isinstance(operand, SameRef):
            words = self.attribute(template, operand.same)
        elif isinstance(operand, tuple):
            words = any_of(amount(value, unit) for value in operand)
        else:
            words = amount(operand, unit)
        return COMPARED[test.op] + words

    def missed(self, template: str, test: Test, matched: Mapping[str, Fact]) -> str:
        """A condition that does not hold: what it asks, what is there, and how far off that is."""
        fact = matched[template]
        unit = self.templates[template].attributes[test.attribute].unit
        actual = fact.values.get(test.attribute)
        found = "unknown" if actual is None else amount(actual, unit)
        needed = operand_value(test, fact, dict(matched), self.parameters)
        needs = self.asked(template, test)
        text = f"{self.attribute(template, test.attribute)} is {found}; it must be {needs}"
        if isinstance(actual, str | bool | None) or isinstance(needed, str | bool | tuple | None):
            return text
        gap = abs(actual - needed)
        return f"{text}: {amount(gap, unit)} off" if gap else f"{text}: exactly at the limit"
