"""What follows when a rule fires: nodes, derived facts, verdicts."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from advisor.model.facts import Activation, Fact, VerdictKind
from advisor.model.quantity import Quantity, weakest

from .base import RuleBase
from .rule import ParameterRef, Rule
from .say import PLACE, say

Parameters = Mapping[str, Quantity]


class RuleError(Exception):
    """A rule that could not be carried out, with the facts it had matched."""


def node(rule: Rule, matched: Mapping[str, Fact], parameters: Parameters) -> Quantity:
    """The activation as a node: its inputs are what the rule tested or spoke of."""
    inputs: dict[str, Quantity] = {}

    def use(quantity: Quantity | None) -> None:
        if quantity is not None:
            inputs[quantity.id] = quantity

    for pattern in rule.when:
        fact = matched[pattern.template]
        for test in pattern.tests:
            use(fact.nodes.get(test.attribute))
            if isinstance(test.operand, ParameterRef):
                use(parameters[test.operand.parameter])
    spoken = " ".join(filter(None, (rule.entry.say, rule.then.fix, rule.then.check)))
    for alias, name, _ in re.findall(PLACE, spoken):
        use(parameters.get(name) if alias == "parameter" else matched[alias].nodes.get(name))
    if not inputs:
        for fact in matched.values():
            use(next(iter(fact.nodes.values()), None))
    if not inputs:
        names = ", ".join(fact.name for fact in matched.values())
        raise RuleError(f"{rule.code}: nothing it matched ({names}) has a history")
    return Quantity(
        id=f"{rule.code}.{'+'.join(fact.name for fact in matched.values())}",
        kind="rule",
        label=rule.title,
        value=say(rule.entry.say, matched, parameters),
        rule=rule.code,
        formula=rule.entry.because,
        inputs=tuple(inputs.values()),
        cites=tuple(cite.split(".", 1)[1] for cite in rule.cites),
        grade=weakest((q.grade for q in inputs.values()), "derived"),
    )


def produce(rule: Rule, matched: Mapping[str, Fact], parameters: Parameters) -> tuple[Fact, ...]:
    """The fact a deriving rule concludes; every attribute comes from the rule's node."""
    if rule.then.derive is None:
        return ()
    values = {
        name: matched[value["fact"].partition(".")[0]].values[value["fact"].partition(".")[2]]
        if isinstance(value, dict)
        else value
        for name, value in rule.then.set.items()
    }
    origin = node(rule, matched, parameters)
    return (
        Fact(
            kind=rule.then.derive,
            name=origin.id,
            values=values,
            nodes=dict.fromkeys(values, origin),
        ),
    )


@dataclass(frozen=True)
class Verdict:
    """A conclusion about one subject; its words and its node are made when first asked for."""

    source: Rule
    matched: Mapping[str, Fact]
    parameters: Parameters

    @property
    def kind(self) -> VerdictKind:
        then = self.source.then
        return "conclude" if then.conclude else then.verdict or "note"

    @property
    def rule(self) -> str:
        return self.source.code

    @property
    def subject(self) -> str:
        """The name of the fact it is about; ``advice`` for the concluding word."""
        subject = self.source.then.subject
        return self.matched[subject].name if subject else "advice"

    @cached_property
    def node(self) -> Quantity:
        return node(self.source, self.matched, self.parameters)

    @property
    def text(self) -> str:
        return str(self.node.value)

    @property
    def check(self) -> str | None:
        return self._said(self.source.then.check)

    @property
    def fix(self) -> str | None:
        return self._said(self.source.then.fix)

    def _said(self, text: str | None) -> str | None:
        return say(text, self.matched, self.parameters) if text else None


def verdicts(
    activations: Sequence[Activation], rulebase: RuleBase, parameters: Parameters
) -> list[Verdict]:
    """The conclusions in firing order, without those another rule overrides."""
    out: list[Verdict] = []
    overridden: set[tuple[str, str]] = set()
    for activation in activations:
        rule = rulebase.rule(activation.rule)
        if rule.then.derive is None:
            verdict = Verdict(rule, activation.matched, parameters)
            overridden |= {(code, verdict.subject) for code in rule.entry.overrides}
            out.append(verdict)
    return [v for v in out if (v.rule, v.subject) not in overridden]
