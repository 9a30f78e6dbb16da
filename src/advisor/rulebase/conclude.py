"""What follows when a rule fires: nodes, derived facts, verdicts."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from advisor.model.facts import Activation, Fact, Verdict
from advisor.model.quantity import Quantity, weakest

from .load import RuleBase
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


def verdicts(
    activations: Sequence[Activation], rulebase: RuleBase, parameters: Parameters
) -> list[Verdict]:
    """The conclusions in firing order, without those another rule overrides."""
    by_code = {rule.code: rule for rule in rulebase.rules}
    out: list[Verdict] = []
    overridden: set[tuple[str, str]] = set()
    for activation in activations:
        rule = by_code[activation.rule]
        if rule.then.derive is not None:
            continue
        verdict = _verdict(rule, activation.matched, parameters)
        overridden |= {(code, verdict.subject) for code in rule.entry.overrides}
        out.append(verdict)
    return [v for v in out if (v.rule, v.subject) not in overridden]


def _verdict(rule: Rule, matched: Mapping[str, Fact], parameters: Parameters) -> Verdict:
    then = rule.then
    origin = node(rule, matched, parameters)
    return Verdict(
        kind="conclude" if then.conclude else then.verdict or "note",
        rule=rule.code,
        subject=matched[then.subject].name if then.subject else "advice",
        text=str(origin.value),
        node=origin,
        id=then.id,
        severity=then.severity,
        check=say(then.check, matched, parameters) if then.check else None,
        fix=say(then.fix, matched, parameters) if then.fix else None,
        word=then.conclude,
        first=then.first,
    )
