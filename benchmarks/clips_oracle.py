"""The rules once more, for CLIPS: a third engine to hold the other two against."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import clips

from advisor.model.facts import STAGES, Fact, Stage
from advisor.model.quantity import Quantity, Value
from advisor.rulebase import RuleBase, produce
from advisor.rulebase.rule import FactRef, ParameterRef, Pattern, Rule, SameRef, Test

NUMBERS = ("int", "float")
OPS = {"lt": "<", "lte": "<=", "gt": ">", "gte": ">="}
MISSING = "missing-value"

Match = tuple[str, tuple[str, ...]]


class Oracle:
    """The rules of some stages, compiled once for CLIPS."""

    def __init__(
        self,
        rulebase: RuleBase,
        parameters: Mapping[str, Quantity],
        stages: Sequence[Stage] = STAGES,
    ) -> None:
        self.rulebase = rulebase
        self.parameters = parameters
        self.found: set[Match] = set()
        self.environments = {
            stage: self._environment([rule for rule in rulebase.rules if rule.stage == stage])
            for stage in sorted(stages, key=STAGES.index)
        }

    def activations(self, facts: Sequence[Fact]) -> set[Match]:
        """Every activation as rule code and fact names, which must be unique by kind."""
        known = list(facts)
        out: set[Match] = set()
        for environment in self.environments.values():
            found = self._run(environment, known)
            places = {(fact.kind, fact.name): place for place, fact in enumerate(known)}
            ordered = []
            for code, names in found:
                templates = [pattern.template for pattern in self.rulebase.rule(code).when]
                ordered.append((code, [places[at] for at in zip(templates, names, strict=True)]))
            for code, matched in sorted(ordered):
                match = {known[place].kind: known[place] for place in matched}
                for made in produce(self.rulebase.rule(code), match, self.parameters):
                    if not any(f.kind == made.kind and f.values == made.values for f in known):
                        known.append(made)
            out |= found
        return out

    def _run(self, environment: clips.Environment, facts: Sequence[Fact]) -> set[Match]:
        environment.reset()
        self.found.clear()
        for fact in facts:
            slots = " ".join(
                f"({name} {_literal(fact.values.get(name), attribute.type)})"
                for name, attribute in self.rulebase.templates[fact.kind].attributes.items()
            )
            environment.assert_string(f"({fact.kind} (fact-name {_text(fact.name)}) {slots})")
        environment.run()
        return set(self.found)

    def _environment(self, rules: Sequence[Rule]) -> clips.Environment:
        environment = clips.Environment()
        for router in environment.routers():
            router.deactivate()  # CLIPS would ask it about every character it reads
        found = self.found  # not self: CLIPS holds the function for as long as the environment

        def fired(code: str, *names: str) -> None:
            found.add((str(code), tuple(str(name) for name in names)))

        environment.define_function(fired, "fired")
        for name, template in self.rulebase.templates.items():
            slots = " ".join(f"(slot {attribute})" for attribute in template.attributes)
            environment.build(f"(deftemplate {name} (slot fact-name) {slots})")
        for rule in rules:
            environment.build(self._rule(rule))
        return environment

    def _rule(self, rule: Rule) -> str:
        conditions = [self._pattern(p, p.template) for p in rule.when]
        conditions += [f"(not {self._pattern(p, f'no-{p.template}')})" for p in rule.unless]
        names = " ".join(f"?{p.template}-fact-name" for p in rule.when)
        then = f"(fired {_text(rule.code)} {names})"
        return f"(defrule {rule.code} {' '.join(conditions)} => {then})"

    def _pattern(self, pattern: Pattern, prefix: str) -> str:
        """The test stands on the last slot, so that every variable is bound before it."""
        names = ["fact-name", *self.rulebase.templates[pattern.template].attributes]
        slots = [f"({name} ?{prefix}-{name}" for name in names]
        if pattern.tests:
            tests = " ".join(self._test(pattern.template, test, prefix) for test in pattern.tests)
            slots[-1] += f"&:(and TRUE {tests})"
        return f"({pattern.template} {' '.join(slot + ')' for slot in slots)})"

    def _test(self, template: str, test: Test, prefix: str) -> str:
        kind = self.rulebase.templates[template].attributes[test.attribute].type
        variable = f"?{prefix}-{test.attribute}"
        operand = test.operand
        if test.op == "known":
            return f"({'neq' if operand else 'eq'} {variable} {MISSING})"
        if isinstance(operand, tuple):
            options = " ".join(_compared("eq", variable, _literal(v, kind), kind) for v in operand)
            return f"(and (neq {variable} {MISSING}) (or FALSE {options}))"
        if isinstance(operand, ParameterRef):
            other = _literal(self.parameters[operand.parameter].value, "float")
        elif isinstance(operand, SameRef):
            other = f"?{prefix}-{operand.same}"
        elif isinstance(operand, FactRef):
            other = f"?{operand.alias}-{operand.attribute}"
        else:
            other = _literal(operand, kind)
        compared = _compared(test.op, variable, other, kind)
        return f"(and (neq {variable} {MISSING}) (neq {other} {MISSING}) {compared})"


def _compared(op: str, one: str, other: str, kind: str) -> str:
    if op in OPS:
        return f"({OPS[op]} {one} {other})"
    words = {"eq": "=", "neq": "<>"} if kind in NUMBERS else {"eq": "eq", "neq": "neq"}
    return f"({words[op]} {one} {other})"


def _literal(value: Value | None, kind: str) -> str:
    if value is None:
        return MISSING
    if kind == "bool":
        return "TRUE" if value else "FALSE"
    if kind == "str":
        return _text(str(value))
    if kind == "float":
        text = repr(float(value) + 0.0)
        return text if "." in text else text.replace("e", ".0e")
    return str(value)


def _text(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
