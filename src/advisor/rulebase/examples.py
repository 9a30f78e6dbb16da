"""Runs the examples that stand in the rule files."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from advisor.errors import Problem
from advisor.model.facts import Activation, Fact, LazyNodes
from advisor.model.quantity import Quantity, Value, given

from .base import RuleBase
from .conclude import node
from .evaluate import evaluate
from .finding import finding
from .rule import Example, Rule, Template

Parameters = Mapping[str, Quantity]
BLANK: dict[str, Value] = {"int": 0, "float": 0.0, "str": "", "bool": False}


def check(rulebase: RuleBase, parameters: Parameters) -> list[Problem]:
    """Findings K310: what differs from the examples; none when every rule does as they say."""
    out: list[Problem] = []
    for rule in rulebase.rules:
        examples = rule.entry.examples
        for kind, several in (("fires", examples.fires), ("quiet", examples.quiet)):
            for index, example in enumerate(several):
                what = _fault(rule, example, kind, rulebase.templates, parameters)
                if what:
                    at = ("examples", kind, index)
                    out.append(finding(rule, at, "K310", what[0], found=what[1]))
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
        nodes = LazyNodes(partial(_nodes, template, filled))
        out.append(Fact(kind=template, name=template, values=filled, nodes=nodes))
    return out


def _nodes(template: str, values: Mapping[str, Value]) -> dict[str, Quantity]:
    return {name: given(f"{template}.{name}", name, value) for name, value in values.items()}


def fires(
    rule: Rule, example: Example, templates: Mapping[str, Template], parameters: Parameters
) -> list[Activation]:
    """The rule's activations on the facts of an example."""
    return evaluate([rule], facts_of(rule, example, templates), parameters, templates)


def _fault(
    rule: Rule,
    example: Example,
    kind: str,
    templates: Mapping[str, Template],
    parameters: Parameters,
) -> tuple[str, str] | None:
    """What is wrong with an example and what was found, if anything."""
    missing = _left_out(rule, example, templates)
    if missing:
        return (
            f"this example does not give {', '.join(missing)}, which the rule tests",
            example.name,
        )
    activations = fires(rule, example, templates, parameters)
    if kind == "quiet":
        return ("the rule fires on this quiet example", example.name) if activations else None
    if len(activations) != 1:
        return "the rule does not fire on this example", example.name
    text = str(node(rule, activations[0].matched, parameters).value)
    wanted = example.expect.get("text")
    if wanted and wanted not in text:
        return f"the rule does not say {wanted!r} on this example", text
    return None


def _left_out(rule: Rule, example: Example, templates: Mapping[str, Template]) -> list[str]:
    """Attributes the rule tests that the example does not give, unless unknown is the point."""
    tested = ((pattern.template, test.attribute) for pattern in rule.when for test in pattern.tests)
    return [
        f"{template}.{name}"
        for template, name in dict.fromkeys(tested)
        if not templates[template].attributes[name].optional
        and f"{template}.{name}" not in example.given
    ]
