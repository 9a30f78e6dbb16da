"""The parameters a rule names, and whether they are there."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence

from advisor.errors import Problem, nearest

from .finding import Place, finding
from .rule import ParameterRef, Rule
from .say import PLACE


def named(rule: Rule) -> Iterator[tuple[Place, str]]:
    """Where and which parameters its conditions compare with, then its sentences speak of."""
    for part, patterns in (("when", rule.when), ("unless", rule.unless)):
        for pattern in patterns:
            for test in pattern.tests:
                if isinstance(test.operand, ParameterRef):
                    yield (part, pattern.template, test.attribute), test.operand.parameter
    texts: tuple[tuple[Place, str | None], ...] = (
        (("say",), rule.entry.say),
        (("then", "fix"), rule.then.fix),
        (("then", "check"), rule.then.check),
    )
    for at, text in texts:
        for alias, name, _ in re.findall(PLACE, text or ""):
            if alias == "parameter":
                yield at, name


def unnamed(rules: Sequence[Rule], parameters: Collection[str]) -> Iterator[Problem]:
    """Findings K202: parameters that conditions and sentences name but that do not exist."""
    for rule in rules:
        for at, name in named(rule):
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
