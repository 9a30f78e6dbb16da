"""The rule engine: durable-rules behind one adapter, plain Python where it cannot be built."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from advisor.model.facts import Activation, Fact, Stage
from advisor.model.quantity import Quantity
from advisor.rulebase import Rule, RuleBase, RuleError, evaluate, fact_key, produce

from .network import Network, Unsafe, compile_rules

if TYPE_CHECKING:
    from .session import Session

__all__ = ["Engine", "Unsafe", "compile_rules"]


class Engine:
    """Runs the rules of some stages over facts, many times.

    Facts of a stage are all in before its rules fire, and what a stage derives is seen from the
    next stage on. Not for use by two threads at once. ``name`` tells which engine works:
    ``durable-rules``, or ``python`` where the extension is missing or ADVISOR_ENGINE=python asks.
    """

    def __init__(
        self,
        rulebase: RuleBase,
        parameters: Mapping[str, Quantity],
        stages: tuple[Stage, ...],
    ) -> None:
        self.rulebase = rulebase
        self.parameters = parameters
        self.rules = [rule for rule in rulebase.rules if rule.stage in stages]
        self.network: Network = compile_rules(self.rules, rulebase.templates, parameters, stages)
        self.stages = stages
        self._session = self._open()
        self.name = "python" if self._session is None else "durable-rules"

    def _open(self) -> Session | None:
        if os.environ.get("ADVISOR_ENGINE") == "python":
            return None
        try:
            from .session import Session

            return Session(self.network, self.rulebase.templates)
        except ImportError:
            return None

    def close(self) -> None:
        """Free what the extension holds."""
        if self._session is not None:
            self._session.close()

    def run(self, facts: Sequence[Fact]) -> list[Activation]:
        """Every activation by stage, rule code and order of facts.

        Raises RuleError when a conclusion cannot be drawn; the session is freed either way.
        """
        if self._session is None:
            return evaluate(self.rules, facts, self.parameters, self.rulebase.templates)
        self._session.begin()
        try:
            return self._run(self._session, facts)
        finally:
            self._session.end()

    def _run(self, session: Session, facts: Sequence[Fact]) -> list[Activation]:
        numbered: dict[int, Fact] = {}
        derived = {rule.then.derive for rule in self.rules}
        known = {fact_key(fact) for fact in facts if fact.kind in derived}
        for fact in facts:
            number = session.put(fact)
            if number is not None:
                numbered[number] = fact
        out: list[Activation] = []
        for phase in range(1, len(self.stages) + 1):
            session.phase(phase)
            fired = self._fired(session.drain(), numbered)
            for activation in fired:
                for fact in activation.produced:
                    if fact_key(fact) in known:
                        continue
                    known.add(fact_key(fact))
                    number = session.put(fact)
                    if number is not None:
                        numbered[number] = fact
            out += fired
        return out

    def _fired(
        self, matches: Sequence[tuple[str, tuple[int, ...]]], numbered: Mapping[int, Fact]
    ) -> list[Activation]:
        """Matches as activations in order, each rule and facts once."""
        variants = self.network.variants
        unique = {(variants[name].rule.code, ids): variants[name].rule for name, ids in matches}
        return [
            self._activation(rule, [numbered[id] for id in ids])
            for (_, ids), rule in sorted(unique.items(), key=lambda item: item[0])
        ]

    def _activation(self, rule: Rule, facts: Sequence[Fact]) -> Activation:
        matched = {p.template: fact for p, fact in zip(rule.when, facts, strict=True)}
        try:
            made = produce(rule, matched, self.parameters)
        except RuleError:
            raise
        except Exception as error:
            names = ", ".join(fact.name for fact in facts)
            raise RuleError(f"{rule.code} on {names}: {error}") from error
        return Activation(rule=rule.code, matched=matched, produced=made)
