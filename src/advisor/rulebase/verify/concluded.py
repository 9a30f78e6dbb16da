"""Derived facts and values that rules ask for but none concludes (K306)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import get_args

from advisor.errors import Problem, nearest, shown
from advisor.model.quantity import Value

from ..base import RuleBase
from ..finding import finding
from ..rule import Pattern, Rule, Test, View

Made = dict[str, dict[str, set[Value] | None]]
"""For every derived template some rule concludes, the values its attributes are set to; None where
one is copied from another fact and may be anything."""


def unconcluded(rulebase: RuleBase) -> Iterator[Problem]:
    """The conditions that ask for what no rule concludes in any view the asking rule serves."""
    views: tuple[View, ...] = get_args(View)
    made = {view: _made(rulebase.seen(view)) for view in views}
    derived = {name for name, template in rulebase.templates.items() if template.derived}
    for rule in rulebase.rules:
        sets = [made[view] for view in views if rule.serves(view)]
        for part, patterns in (("when", rule.when), ("unless", rule.unless)):
            for pattern in patterns:
                if pattern.template in derived:
                    yield from _asked(rule, part, pattern, sets)


def _made(rulebase: RuleBase) -> Made:
    made: Made = {}
    for rule in rulebase.rules:
        if rule.then.derive is None:
            continue
        own = made.setdefault(rule.then.derive, {})
        for name, value in rule.then.set.items():
            values = own.setdefault(name, set())
            if isinstance(value, dict):
                own[name] = None
            elif values is not None:
                values.add(value)
    return made


def _asked(rule: Rule, part: str, pattern: Pattern, sets: list[Made]) -> Iterator[Problem]:
    name = pattern.template
    if not any(name in made for made in sets):
        what = f"no rule concludes a {name}"
        yield finding(rule, (part, name), "K306", what, accepted=f"a rule that derives {name}")
        return
    for test in pattern.tests:
        possible = [made[name].get(test.attribute, set()) for made in sets if name in made]
        known = {value for values in possible if values is not None for value in values}
        if any(values is None for values in possible):
            continue
        for value in _literals(test):
            if value not in known:
                words = [shown(each) for each in sorted(known, key=str)]
                yield finding(
                    rule,
                    (part, name, test.attribute),
                    "K306",
                    f"no rule concludes a {name} with this {test.attribute}",
                    found=shown(value),
                    accepted=", ".join(words),
                    nearest=nearest(shown(value), words),
                )


def _literals(test: Test) -> tuple[Value, ...]:
    """The values an attribute is held against one by one."""
    if isinstance(test.operand, tuple):
        return test.operand
    literal = test.op == "eq" and isinstance(test.operand, int | float | str)
    return (test.operand,) if literal else ()  # type: ignore[return-value]
