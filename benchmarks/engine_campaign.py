"""Random rules over random facts: durable-rules against the Python evaluator and CLIPS.

    python benchmarks/engine_campaign.py --seed 1 --count 2000

Prints the number of rule sets, runs and activations, and stops at the first difference. The test
suite runs a slice of it in a process of its own, so that a crash of the engine is a failed test.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "src"))

from advisor.engine import Engine, Unsafe
from advisor.model.facts import STAGES, Activation, Fact
from advisor.model.quantity import Quantity, Value, given
from advisor.rulebase import RuleBase, evaluate
from advisor.rulebase.rule import (
    Attribute,
    Examples,
    FactRef,
    ParameterRef,
    Pattern,
    Rule,
    RuleEntry,
    SameRef,
    Template,
    Test,
    Then,
)

TYPES = ("int", "float", "str", "bool")
POOLS: dict[str, list[Value]] = {
    "int": [0, 1, -1, 2, 5, 7, 2**53, -(2**53)],
    "float": [0.0, -0.0, 1.0, 2.5, 5.0, 1e-9, 1e22, 5e-324, 0.1, -3.75],
    "str": ["", "a", "5", "true", '{"id":"7"', "},{", 'quo"te', "back\\slash", "ünï", "a b!", "<"],
    "bool": [True, False],
}
ORDERED = ("lt", "lte", "gt", "gte")


class Maker:
    """Makes rule bases and facts from one seed."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def templates(self) -> dict[str, Template]:
        out = {}
        for number in range(self.random.randint(2, 4)):
            attributes = {
                f"a{number}{letter}": Attribute(
                    type=self.random.choice(TYPES),
                    optional=self.random.random() < 0.25,
                    says="x",
                )
                for letter in "bcdefg"[: self.random.randint(2, 6)]
            }
            out[f"base{number}"] = Template(says="x", attributes=attributes)
        for number in range(2):
            attributes = {f"d{number}n": Attribute(type="int", says="x")}
            out[f"made{number}"] = Template(says="x", derived=True, attributes=attributes)
        return out

    def value(self, kind: str) -> Value:
        return self.random.choice(POOLS[kind])

    def test(
        self, template: str, templates: dict[str, Template], before: Sequence[str], known: bool
    ) -> Test | None:
        name = self.random.choice(sorted(templates[template].attributes))
        attribute = templates[template].attributes[name]
        roll = self.random.random()
        if attribute.optional and roll < 0.3:
            return Test(attribute=name, op="known", operand=self.random.random() < 0.5)
        if before and roll < 0.5 and not attribute.optional:
            choices = [
                (alias, other)
                for alias in before
                for other, its in templates[alias].attributes.items()
                if its.type == attribute.type and not its.optional
            ]
            if choices:
                alias, other = self.random.choice(choices)
                return Test(attribute=name, op="eq", operand=FactRef(alias=alias, attribute=other))
        if roll < 0.6 and not attribute.optional:
            same = [
                other
                for other, its in templates[template].attributes.items()
                if its.type == attribute.type and not its.optional and other != name
            ]
            if same:
                op = self.op(attribute.type)
                return Test(attribute=name, op=op, operand=SameRef(same=self.random.choice(same)))
        if roll < 0.7 and known:
            options = tuple({self.value(attribute.type) for _ in range(3)})
            return Test(attribute=name, op="in", operand=options)
        if roll < 0.75 and attribute.type == "float":
            return Test(attribute=name, op="lt", operand=ParameterRef(parameter="limit"))
        return Test(attribute=name, op=self.op(attribute.type), operand=self.value(attribute.type))

    def op(self, kind: str):  # type: ignore[no-untyped-def]
        ordered = ORDERED if kind in ("int", "float") else ()
        return self.random.choice(("eq", "neq", *ordered))

    def rule(self, number: int, templates: dict[str, Template]) -> Rule:
        stage = self.random.choice(STAGES[:3])
        at = STAGES.index(stage)
        readable = [
            name
            for name, template in templates.items()
            if not template.derived
            or (name == "made0" and at >= 1)
            or (name == "made1" and at >= 2)
        ]
        chosen = self.random.sample(readable, self.random.randint(1, min(3, len(readable))))
        unless_at = self.random.random() < 0.35 and len(chosen) > 1
        positive = chosen[:-1] if unless_at else chosen
        when, unless = [], []
        for i, name in enumerate(positive):
            tests = [
                self.test(name, templates, positive[:i], True)
                for _ in range(self.random.randint(0, 3))
            ]
            when.append(Pattern(template=name, tests=tuple(t for t in tests if t)))
        if unless_at:
            tests = [
                self.test(chosen[-1], templates, positive, False)
                for _ in range(self.random.randint(0, 3))
            ]
            unless.append(Pattern(template=chosen[-1], tests=tuple(t for t in tests if t)))
        made = {"derive": "made0", "choose": "made1"}.get(stage)
        then = Then(verdict="note", subject=positive[0])
        if made and self.random.random() < 0.6:
            then = Then(derive=made, set={f"d{made[-1]}n": self.random.randint(0, 3)})
        entry = RuleEntry.model_construct(
            code=f"R{number:03d}",
            stage=stage,
            title="x",
            say="x",
            because="x",
            cites=("claim.x",),
            overrides=(),
            then=then,
            examples=Examples.model_construct(fires=(), quiet=()),
        )
        return Rule.model_construct(
            entry=entry, file="campaign", when=tuple(when), unless=tuple(unless)
        )

    def rulebase(self) -> RuleBase:
        templates = self.templates()
        rules = [self.rule(n, templates) for n in range(self.random.randint(1, 12))]
        ordered = sorted(rules, key=lambda r: (STAGES.index(r.stage), r.code))
        return RuleBase.model_construct(templates=templates, rules=tuple(ordered))

    def facts(self, templates: dict[str, Template]) -> list[Fact]:
        out = []
        for name, template in templates.items():
            if template.derived:
                continue
            for number in range(self.random.randint(0, 4)):
                values = {
                    attribute: self.value(its.type)
                    for attribute, its in template.attributes.items()
                    if not its.optional or self.random.random() < 0.6
                }
                nodes = {"x": given(f"{name}{number}", "x", 1)}
                out.append(Fact(kind=name, name=f"{name}{number}", values=values, nodes=nodes))
        return out


PARAMETERS: dict[str, Quantity] = {"limit": given("parameter.limit", "limit", 2.0)}


def key(activations: Sequence[Activation]) -> list[tuple[str, tuple[str, ...]]]:
    """Activations as rule code and fact names, in order."""
    return [(a.rule, tuple(fact.name for fact in a.matched.values())) for a in activations]


def campaign(seed: int, count: int) -> tuple[int, int, int]:
    """Rule sets, runs and activations compared. Raises AssertionError at the first difference."""
    runs = fired = compared = 0
    for number in range(count):
        maker = Maker(seed * 1_000_003 + number)
        rulebase = maker.rulebase()
        try:
            engine = Engine(rulebase, PARAMETERS, ("derive", "choose", "judge"))
        except Unsafe:
            continue
        try:
            for _ in range(4):
                facts = maker.facts(rulebase.templates)
                expected = key(evaluate(rulebase.rules, facts, PARAMETERS, rulebase.templates))
                actual = key(engine.run(facts))
                if actual != expected:
                    raise AssertionError(
                        f"seed {seed}, rule set {number}: {actual} instead of {expected}"
                    )
                if number % 5 == 0:
                    compared += compare_clips(rulebase, facts, expected)
                runs += 1
                fired += len(expected)
        finally:
            engine.close()
    return runs, fired, compared


def compare_clips(
    rulebase: RuleBase, facts: Sequence[Fact], expected: Sequence[tuple[str, tuple[str, ...]]]
) -> int:
    """The same activations as a set out of CLIPS, an engine of its own."""
    from clips_oracle import activations

    found = activations(rulebase, facts, PARAMETERS)
    if found != set(expected):
        raise AssertionError(f"CLIPS: {found ^ set(expected)}")
    return 1


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=2000)
    options = parser.parse_args()
    runs, fired, compared = campaign(options.seed, options.count)
    print(
        f"{options.count} rule sets, {runs} runs, {fired} activations: durable-rules and Python "
        f"agree; {compared} runs compared with CLIPS"
    )


if __name__ == "__main__":
    main()
