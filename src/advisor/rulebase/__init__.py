"""The rule base: loaded, checked, evaluated in plain Python, and what follows from a firing."""

from .base import RuleBase
from .conclude import RuleError, Verdict, node, produce, verdicts
from .evaluate import evaluate, fact_key
from .load import load_rules
from .misses import Miss, misses, unmet
from .rule import Rule, RuleEntry, View
from .say import shown

__all__ = [
    "Miss",
    "Rule",
    "RuleBase",
    "RuleEntry",
    "RuleError",
    "Verdict",
    "View",
    "evaluate",
    "fact_key",
    "load_rules",
    "misses",
    "node",
    "produce",
    "shown",
    "unmet",
    "verdicts",
]
