"""The rules once more, for CLIPS: a third engine to hold the other two against."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product

import clips

from advisor.model.facts import STAGES, Fact
from advisor.model.quantity import Quantity, Value
from advisor.rulebase import RuleBase, produce
from advisor.rulebase.rule import FactRef, ParameterRef, Pattern, Rule, SameRef, Template, Test

OPS = {"eq": "eq", "neq": "neq", "lt": "<", "lte": "<=", "gt": ">", "gte": ">="}
MISSING = "missing-value"


def activations(
    rulebase: RuleBase, facts: Sequence[Fact], parameters: Mapping[str, Quantity]
) -> set[tuple[str, tuple[str, ...]]]:
    """Every activation as rule code and fact names."""
    known = list(facts)
    out: set[tuple[str, tuple[str, ...]]] = set()
    for stage in STAGES:
        rules = [rule for rule in rulebase.rules if rule.stage == stage]
        for code, names in sorted(_stage(rules, rulebase.templates, known, parameters)):
            out.add((code, names))
            by_name = {fact.name: fact for fact in known}
            rule = next(rule for rule in rules if rule.code == code)
            match = {p.template: by_name[n] for p, n in zip(rule.when, names, strict=True)}
            for made in produce(rule, match, parameters):
                if not any(f.kind == made.kind and f.values == made.values for f in known):
                    known.append(made)
    return out


def _stage(
    rules: Sequence[Rule],
    templates: Mapping[str, Template],
    facts: Sequence[Fact],
    parameters: Mapping[str, Quantity],
) -> set[tuple[str, tuple[str, ...]]]:
    environment = clips.Environment()
    found: set[tuple[str, tuple[str, ...]]] = set()

    def fired(code: str, *names: str) -> None:
        found.add((str(code), tuple(str(name) for name in names)))

    environment.define_function(fired, "fired")
    for name, template in templates.items():
        slots = " ".join(f"(slot {attribute})" for attribute in template.attributes)
        environment.build(f"(deftemplate {name} (slot fact-name) {slots})")
    for rule in rules:
        for number, patterns in enumerate(_variants(rule)):
            environment.build(_rule(rule, number, patterns, templates, parameters))
    for fact in facts:
        slots = " ".join(
            f"({attribute} {_literal(fact.values.get(attribute), its.type)})"
            for attribute, its in templates[fact.kind].attributes.items()
        )
        environment.assert_string(f"({fact.kind} (fact-name {_text(fact.name)}) {slots})")
    environment.run()
    return found


def _variants(rule: Rule) -> list[tuple[Pattern, ...]]:
    choices = [
        [(p, t, value) for value in test.operand]
        for p, pattern in enumerate(rule.when)
        for t, test in enumerate(pattern.tests)
        if test.op == "in" and isinstance(test.operand, tuple)
    ]
    out = []
    for chosen in product(*choices):
        narrowed = {(p, t): value for p, t, value in chosen}
        out.append(
            tuple(
                Pattern(
                    template=pattern.template,
                    tests=tuple(
                        test.model_copy(update={"op": "eq", "operand": narrowed[(p, t)]})
                        if (p, t) in narrowed
                        else test
                        for t, test in enumerate(pattern.tests)
                    ),
                )
                for p, pattern in enumerate(rule.when)
            )
        )
    return out


def _rule(
    rule: Rule,
    number: int,
    when: Sequence[Pattern],
    templates: Mapping[str, Template],
    parameters: Mapping[str, Quantity],
) -> str:
    conditions = [_pattern(p, templates, parameters, True) for p in when]
    conditions += [f"(not {_pattern(p, templates, parameters, False)})" for p in rule.unless]
    names = " ".join(f"?{p.template}-name" for p in when)
    return (
        f"(defrule {rule.code}-{number} {' '.join(conditions)} "
        f"=> (fired {_text(rule.code)} {names}))"
    )


def _pattern(
    pattern: Pattern,
    templates: Mapping[str, Template],
    parameters: Mapping[str, Quantity],
    positive: bool,
) -> str:
    alias = pattern.template
    kinds = templates[alias].attributes
    prefix = alias if positive else f"no-{alias}"
    slots = "".join(f"({name} ?{prefix}-{name})" for name in kinds)
    tests = [_test(test, prefix, kinds[test.attribute].type, parameters) for test in pattern.tests]
    condition = f"(and {' '.join(tests)})" if len(tests) > 1 else "".join(tests)
    constraint = f"&:{condition}" if tests else ""
    # The last slot carries the test, so that every variable is bound before it.
    last = list(kinds)[-1]
    slots = slots.replace(f"({last} ?{prefix}-{last})", f"({last} ?{prefix}-{last}{constraint})")
    return f"({alias} (fact-name ?{prefix}-name) {slots})"


def _test(test: Test, prefix: str, kind: str, parameters: Mapping[str, Quantity]) -> str:
    variable = f"?{prefix}-{test.attribute}"
    if test.op == "known":
        return f"({'neq' if test.operand else 'eq'} {variable} {MISSING})"
    operand = test.operand
    if isinstance(operand, ParameterRef):
        other = _literal(parameters[operand.parameter].value, kind)
    elif isinstance(operand, SameRef):
        other = f"?{prefix}-{operand.same}"
    elif isinstance(operand, FactRef):
        other = f"?{operand.alias}-{operand.attribute}"
    else:
        other = _literal(operand, kind)  # type: ignore[arg-type]
    compared = f"({OPS[test.op]} {variable} {other})"
    return f"(and (neq {variable} {MISSING}) {compared})"


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
