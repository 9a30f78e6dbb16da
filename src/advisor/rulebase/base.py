"""Templates and rules together, and the part of them that serves one view."""

from __future__ import annotations

from functools import cached_property

from advisor.model.quantity import Strict

from .rule import Rule, Template, View


class RuleBase(Strict):
    """Templates and rules, the rules by stage and code."""

    templates: dict[str, Template]
    rules: tuple[Rule, ...]

    @cached_property
    def _by_code(self) -> dict[str, Rule]:
        return {rule.code: rule for rule in self.rules}

    def rule(self, code: str) -> Rule:
        """The rule with that code. Raises KeyError."""
        return self._by_code[code]

    def seen(self, view: View) -> RuleBase:
        """The stable rules that serve a view; in the guide's own they cite it alone."""
        rules = [r for r in self.rules if r.serves(view) and r.entry.status == "stable"]
        if view == "guide":
            rules = [rule.by_the_guide() for rule in rules]
        return RuleBase(templates=self.templates, rules=tuple(rules))
