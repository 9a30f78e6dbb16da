"""Finds faults of logic in a rule base: rules that cannot fire, add nothing, contradict one another
or leave a gap, and facts nobody concludes. Nothing is consulted; conditions are read as sets of
values."""

from __future__ import annotations

from collections.abc import Mapping

from advisor.errors import Problem
from advisor.model.quantity import Quantity

from ..base import RuleBase
from ..named import unnamed
from .alone import impossible
from .concluded import unconcluded
from .conditions import read
from .gaps import gaps
from .pairs import idle, opposite

__all__ = ["verify"]


def verify(rulebase: RuleBase, parameters: Mapping[str, Quantity]) -> list[Problem]:
    """The faults, by file, line and code."""
    readings = [read(rule, rulebase.templates, parameters) for rule in rulebase.rules]
    able = [reading for reading in readings if reading.when.possible]
    found = [
        *unnamed(rulebase.rules, parameters),
        *impossible(readings),
        *idle(able),
        *opposite(able),
        *gaps(able),
        *unconcluded(rulebase),
    ]
    return sorted(found, key=lambda problem: (problem.file, problem.line or 0, problem.code))
