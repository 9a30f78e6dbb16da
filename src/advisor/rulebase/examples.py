"""Runs the examples that stand in the rule files."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from advisor.model.facts import Fact
from advisor.model.quantity import Quantity, Value, given

from .base import RuleBase
from .conclude import node
from .evaluate import evaluate
from .rule import Example, Rule, Template

Parameters = Mapping[str, Quantity]
BLANK: dict[str, Value] = {"int": 0, "float": 0.0, "str": "", "bool": False}


def check(rulebase: RuleBase, parameters: Parameters) -> list[str]:
    """What differs from the examples; empty when every rule does as they say."""
    out: list[str] = []
    for rule in rulebase.rules:
        for example in rule.entry.examples.fires:
            out += _fires(rule, example, rulebase.templates, parameters)
        for example in rule.entry.examples.quiet:
            if _run(rule, example, rulebase.templates, parameters):
                out.append(f"{rule.file}: quiet example '{example.name}' fires")
            out += _complete(rule, example, rulebase.templates)
    return out


def facts_of(rule: Rule, example: Example, templates: Mapping[str, Template]) -> list[Fact]:
    """The example's facts: what it gives, and blanks for what it leaves out."""
    values: dict[str, dict[str, Value]] = {p.template: {} for p in rule.when}
    for key, value in example.given.items():
        template, _, name = key.partition(".")
        values.setdefault(template, {})[name] = value
    out = []
    for template, own in values.items():
        attributes = templates[template].attributes
        blank = {n: BLANK[a.type] for n, a in attributes.items() if not a.optional}
        filled: dict[str, Value] = {
            name: float(value)
            if attributes[name].type == "float" and not isinstance(value, str | bool)
            else value
            for name, value in (blank | own).items()
        }
        nodes = {name: given(f"{template}.{name}", name, v) for name, v in filled.items()}
        out.append(Fact(kind=template, name=template, values=filled, nodes=nodes))
    return out


def _run(
    rule: Rule, example: Example, templates: Mapping[str, Template], parameters: Parameters
) -> list[Any]:
    facts = facts_of(rule, example, templates)
    return evaluate([rule], facts, parameters, templates)


def _fires(
    rule: Rule, example: Example, templates: Mapping[str, Template], parameters: Parameters
) -> list[str]:
    out = _complete(rule, example, templates)
    activations = _run(rule, example, templates, parameters)
    if len(activations) != 1:
        out.append(f"{rule.file}: example '{example.name}' does not fire")
        return out
    text = str(node(rule, activations[0].matched, parameters).value)
    wanted = example.expect.get("text")
    if wanted and wanted not in text:
        out.append(f"{rule.file}: example '{example.name}' says {text!r}, not {wanted!r}")
    return out


def _complete(rule: Rule, example: Example, templates: Mapping[str, Template]) -> list[str]:
    """Attributes the rule tests must be given, unless unknown is the point."""
    return [
        f"{rule.file}: example '{example.name}' does not give {pattern.template}.{test.attribute}"
        for pattern in rule.when
        for test in pattern.tests
        if not templates[pattern.template].attributes[test.attribute].optional
        and f"{pattern.template}.{test.attribute}" not in example.given
    ]
