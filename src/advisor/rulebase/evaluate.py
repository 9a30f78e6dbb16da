"""The reference: rules evaluated in plain Python, slowly and obviously."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import product

from advisor.model.facts import STAGES, Activation, Fact
from advisor.model.quantity import Quantity, Value

from .conclude import produce
from .rule import FactRef, ParameterRef, Pattern, Rule, SameRef, Template, Test

Match = dict[str, Fact]
Parameters = Mapping[str, Quantity]


def evaluate(
    rules: Sequence[Rule],
    facts: Sequence[Fact],
    parameters: Parameters,
    templates: Mapping[str, Template],
) -> list[Activation]:
    """Every activation, by stage, rule code and order of facts."""
    memory = list(facts)
    known = {fact_key(fact) for fact in facts}
    out: list[Activation] = []
    for stage in STAGES:
        fired: list[Activation] = []
        for rule in rules:
            if rule.stage == stage:
                for match in _matches(rule, memory, parameters):
                    made = produce(rule, match, parameters)
                    fired.append(Activation(rule=rule.code, matched=match, produced=made))
        for activation in fired:
            for fact in activation.produced:
                if fact_key(fact) not in known:
                    known.add(fact_key(fact))
                    memory.append(fact)
        out += fired
    return out


def fact_key(fact: Fact) -> tuple[object, ...]:
    """What makes two facts the same: template and values."""
    return (fact.kind, *sorted(fact.values.items()))


def _matches(rule: Rule, memory: Sequence[Fact], parameters: Parameters) -> Iterator[Match]:
    pools = []
    for pattern in rule.when:
        local = [test for test in pattern.tests if not isinstance(test.operand, FactRef)]
        pools.append(
            [
                fact
                for fact in memory
                if fact.kind == pattern.template
                and all(holds(test, fact, {}, parameters) for test in local)
            ]
        )
    for combination in product(*pools):
        match = {p.template: fact for p, fact in zip(rule.when, combination, strict=True)}
        joined = all(
            holds(test, match[pattern.template], match, parameters)
            for pattern in rule.when
            for test in pattern.tests
            if isinstance(test.operand, FactRef)
        )
        if joined and not any(_exists(p, match, memory, parameters) for p in rule.unless):
            yield match


def _exists(pattern: Pattern, match: Match, memory: Sequence[Fact], parameters: Parameters) -> bool:
    return any(
        fact.kind == pattern.template
        and all(holds(test, fact, match, parameters) for test in pattern.tests)
        for fact in memory
    )


def holds(test: Test, fact: Fact, match: Match, parameters: Parameters) -> bool:
    """Whether a fact passes a test; an unknown value passes only ``known: false``."""
    value = fact.values.get(test.attribute)
    if test.op == "known":
        return (value is not None) == test.operand
    if value is None:
        return False
    needed = operand_value(test, fact, match, parameters)
    if test.op == "in":
        return value in needed if isinstance(needed, tuple) else False
    if needed is None or isinstance(needed, tuple):
        return False
    if test.op == "eq":
        return value == needed
    if test.op == "neq":
        return value != needed
    if isinstance(value, str) or isinstance(needed, str):
        return False
    return {
        "lt": value < needed,
        "lte": value <= needed,
        "gt": value > needed,
        "gte": value >= needed,
    }[test.op]


def operand_value(
    test: Test, fact: Fact, match: Match, parameters: Parameters
) -> Value | tuple[Value, ...] | None:
    """What the attribute is compared with."""
    operand = test.operand
    if isinstance(operand, ParameterRef):
        return parameters[operand.parameter].value
    if isinstance(operand, SameRef):
        return fact.values.get(operand.same)
    if isinstance(operand, FactRef):
        return match[operand.alias].values.get(operand.attribute)
    return operand
