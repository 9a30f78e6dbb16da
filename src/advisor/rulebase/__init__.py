"""The rule base: loaded, checked, evaluated in plain Python, and what follows from a firing."""

from .conclude import RuleError, Verdict, node, produce, verdicts
from .evaluate import conditions, evaluate, fact_key
from .load import RuleBase, load_rules
from .rule import Rule, RuleEntry

__all__ = [
    "Rule",
    "RuleBase",
    "RuleEntry",
    "RuleError",
    "Verdict",
    "conditions",
    "evaluate",
    "fact_key",
    "load_rules",
    "node",
    "produce",
    "verdicts",
]
