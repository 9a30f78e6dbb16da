"""The rule engine: durable-rules behind one adapter, plain Python where it cannot be built."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from advisor.errors import InputError, Problem
from advisor.model.facts import Activation, Fact, Stage
from advisor.model.quantity import Quantity
from advisor.rulebase import Rule, RuleBase, RuleError, evaluate, fact_key, produce

from .grammar import Unsafe
from .network import compile_rules
from .values import EngineError

if TYPE_CHECKING:
    from .session import Match, Session

__all__ = ["Engine", "EngineError", "MakeEngine", "Unsafe", "compile_rules"]

CHOICE = "ADVISOR_ENGINE"
DURABLE, PYTHON = "durable-rules", "python"


class Engine:
    """Runs the rules of some stages over facts, many times.

    Facts of a stage are all in before its rules fire, and what a stage derives is seen from the
    next stage on. Not for use by two threads at once. ``name`` tells which engine works:
    ``durable-rules``, or ``python`` where the extension cannot be had or ADVISOR_ENGINE asks.
    """

    def __init__(
        self,
        rulebase: RuleBase,
        parameters: Mapping[str, Quantity],
        stages: tuple[Stage, ...],
    ) -> None:
        self.rulebase = rulebase
        self.parameters = parameters
        self.stages = stages
        self.rules = [rule for rule in rulebase.rules if rule.stage in stages]
        self.network = compile_rules(self.rules, rulebase.templates, parameters, stages)
        self._aliases = [[pattern.template for pattern in rule.when] for rule in self.rules]
        self._derived = {rule.then.derive for rule in self.rules}
        self._session = self._open()
        self.name = PYTHON if self._session is None else DURABLE

    def _open(self) -> Session | None:
        """The extension at work, or None where Python stands in for it."""
        choice = os.environ.get(CHOICE) or None
        if choice not in (None, DURABLE, PYTHON):
            what, accepted = "there is no such engine", f"{DURABLE} or {PYTHON}"
            raise InputError(Problem(file=CHOICE, what=what, found=choice, accepted=accepted))
        if choice == PYTHON:
            return None
        from .session import Session

        try:
            return Session(self.network, self.rulebase.templates)
        except ImportError as error:
            if choice is None and _never_built(error):
                return None
            raise InputError(
                Problem(
                    file="durable-rules",
                    what="the rule engine cannot be loaded",
                    found=str(error),
                    accepted=f"a working installation, or {CHOICE}={PYTHON}, which is slower and "
                    "gives the same advice",
                )
            ) from error

    def close(self) -> None:
        """Free what the extension holds."""
        if self._session is not None:
            self._session.close()

    def run(self, facts: Sequence[Fact]) -> list[Activation]:
        """Every activation by stage, rule and order of facts.

        Raises RuleError when a conclusion cannot be drawn and EngineError for a fact the engine
        must not be given; the session is freed either way.
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

        def put(fact: Fact) -> None:
            number = session.put(fact)
            if number is not None:
                numbered[number] = fact

        known = {fact_key(fact) for fact in facts if fact.kind in self._derived}
        for fact in facts:
            put(fact)
        out: list[Activation] = []
        for phase in range(1, len(self.stages) + 1):
            fired = self._fired(session.phase(phase), numbered)
            for activation in fired:
                for fact in activation.produced:
                    if fact_key(fact) not in known:
                        known.add(fact_key(fact))
                        put(fact)
            out += fired
        return out

    def _fired(self, matches: Sequence[Match], numbered: Mapping[int, Fact]) -> list[Activation]:
        """Matches as activations in order; a rule fires once for the same facts."""
        variants = self.network.variants
        unique = sorted({(variants[name].order, ids) for name, ids in matches})
        out = []
        for order, ids in unique:
            rule, aliases = self.rules[order], self._aliases[order]
            matched = {alias: numbered[id] for alias, id in zip(aliases, ids, strict=True)}
            out.append(self._activation(rule, matched))
        return out

    def _activation(self, rule: Rule, matched: dict[str, Fact]) -> Activation:
        try:
            made = produce(rule, matched, self.parameters)
        except RuleError:
            raise
        except Exception as error:
            names = ", ".join(fact.name for fact in matched.values())
            raise RuleError(f"{rule.code} on {names}: {error}") from error
        return Activation(rule=rule.code, matched=matched, produced=made)


MakeEngine = Callable[[RuleBase, Mapping[str, Quantity], tuple[Stage, ...]], Engine]


def _never_built(error: ImportError) -> bool:
    """Whether the extension is absent, or was built for Python 3.13 without the define it needs."""
    absent = isinstance(error, ModuleNotFoundError) and error.name == "durable_rules_engine"
    return absent or "PyEval_CallObject" in str(error)
