"""Random rules over random facts: durable-rules against the Python evaluator and CLIPS.

    python benchmarks/engine_campaign.py --seed 1 --count 20000    rules of every kind
    python benchmarks/engine_campaign.py --count 300 --rules 300   large rule sets
    python benchmarks/engine_campaign.py --power                   are the safety measures needed?
    python benchmarks/engine_campaign.py --memory                  20,000 sessions in one process

The first two print how many rule sets, runs and activations were compared, and stop at the first
difference. ``--power`` does away with one safety measure at a time, in a process of its own, and
says how the campaign noticed: by a difference, an error or a crash. The tests run a slice of each.
"""

from __future__ import annotations

import argparse
import os
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import engine_power
from clips_oracle import Oracle

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
NUMBERS = ("int", "float")
POOLS: dict[str, list[Value]] = {
    "int": [0, 1, -1, 2, 5, 7, 2**53, -(2**53)],
    "float": [0.0, -0.0, 1.0, 2.5, 5.0, 1e-9, 1e22, 5e-324, 0.1, -3.75, 7],
    "str": [
        "",
        "a",
        "5",
        "true",
        '{"id":"7"',
        "},{",
        'quo"te',
        "back\\slash",
        "ünï",
        "a b!",
        "\x01\n",
    ],
    "bool": [True, False],
}
SAME_HASH = ("40189", "797186")
ORDERED = ("lt", "lte", "gt", "gte")
PARAMETERS: dict[str, Quantity] = {"limit": given("parameter.limit", "limit", 2.0)}
DARES = ("join of int and float", "early stage", "fact twice")
RUNS = 4


class Maker:
    """Makes rule bases and facts from one seed.

    Few values of each type, so that facts meet rules and each other. One in eight dares one thing
    the engine must be spared, to be refused; ``--power`` needs those.
    """

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.dares = self.random.choice(DARES) if self.random.random() < 0.125 else None
        self.pools = {t: self.random.sample(pool, min(4, len(pool))) for t, pool in POOLS.items()}
        if self.random.random() < 0.25:
            self.pools["str"] = [*SAME_HASH, *self.pools["str"][:1]]
            self.pools["float"] = [0.0, -0.0, *self.pools["float"][:1]]
        if self.dares == "join of int and float":
            self.pools |= {"int": [1, 5], "float": [1.0, 5.0]}

    def templates(self, count: int) -> dict[str, Template]:
        out = {}
        for number in range(count):
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
        return self.random.choice(self.pools[kind])

    def comparable(self, one: Attribute, other: Attribute) -> bool:
        """Whether two facts may be joined on these."""
        if self.dares == "join of int and float" and {one.type, other.type} == {*NUMBERS}:
            return True
        return one.type == other.type and not one.optional and not other.optional

    def test(
        self, template: str, templates: dict[str, Template], before: Sequence[str], negated: bool
    ) -> Test:
        name = self.random.choice(sorted(templates[template].attributes))
        attribute = templates[template].attributes[name]
        roll = self.random.random()
        if attribute.optional and roll < 0.2:
            return Test(attribute=name, op="known", operand=self.random.random() < 0.5)
        if before and roll < 0.5:
            choices = [
                (alias, other)
                for alias in before
                for other, its in templates[alias].attributes.items()
                if self.comparable(attribute, its)
            ]
            if choices:
                alias, other = self.random.choice(choices)
                return Test(attribute=name, op="eq", operand=FactRef(alias=alias, attribute=other))
        if roll < 0.6:
            same = [
                other
                for other, its in templates[template].attributes.items()
                if other != name
                and (its.type == attribute.type or {its.type, attribute.type} == {*NUMBERS})
            ]
            if same:
                op = self.op(attribute.type)
                return Test(attribute=name, op=op, operand=SameRef(same=self.random.choice(same)))
        if roll < 0.7 and not negated:
            options = tuple(self.value(attribute.type) for _ in range(3))
            return Test(attribute=name, op="in", operand=options)
        if roll < 0.75 and attribute.type in NUMBERS:
            op = self.op(attribute.type)
            return Test(attribute=name, op=op, operand=ParameterRef(parameter="limit"))
        return Test(attribute=name, op=self.op(attribute.type), operand=self.value(attribute.type))

    def op(self, kind: str) -> Any:
        return self.random.choice(("eq", "neq", *(ORDERED if kind in NUMBERS else ())))

    def rule(self, number: int, templates: dict[str, Template]) -> Rule:
        stage = self.random.choice(STAGES[:3])
        at = STAGES.index(stage) + (self.dares == "early stage")
        readable = [
            name
            for name, template in templates.items()
            if not template.derived
            or (name == "made0" and at >= 1)
            or (name == "made1" and at >= 2)
        ]
        chosen = self.random.sample(readable, self.random.randint(1, min(4, len(readable))))
        positives = self.random.randint(max(1, len(chosen) - 2), len(chosen))
        when, unless = chosen[:positives], chosen[positives:]
        if self.dares == "fact twice" and self.random.random() < 0.3:
            unless.append(when[0])

        def patterns(names: Sequence[str], negated: bool) -> tuple[Pattern, ...]:
            out = []
            for i, name in enumerate(names):
                before = when if negated else names[:i]
                tests = [
                    self.test(name, templates, before, negated)
                    for _ in range(self.random.randint(0, 3))
                ]
                out.append(Pattern(template=name, tests=tuple(tests)))
            return tuple(out)

        entry = RuleEntry.model_construct(
            code=f"R{number:03d}",
            stage=stage,
            title="x",
            say="x",
            because="x",
            cites=("claim.x",),
            overrides=(),
            then=self.then(stage, when, templates),
            examples=Examples.model_construct(fires=(), quiet=()),
        )
        return Rule.model_construct(
            entry=entry,
            file="campaign",
            when=patterns(when, False),
            unless=patterns(unless, True),
        )

    def then(self, stage: str, when: Sequence[str], templates: dict[str, Template]) -> Then:
        made = {"derive": "made0", "choose": "made1"}.get(stage)
        if made is None or self.random.random() < 0.4:
            return Then(verdict="note", subject=when[0])
        copies = [
            {"fact": f"{template}.{name}"}
            for template in when
            for name, attribute in templates[template].attributes.items()
            if attribute.type == "int" and not attribute.optional
        ]
        value = self.random.choice([self.random.randint(0, 3), *copies])
        return Then(derive=made, set={f"d{made[-1]}n": value})

    def rulebase(self, most_rules: int) -> RuleBase:
        large = most_rules >= 60
        templates = self.templates(
            self.random.randint(8, 10) if large else self.random.randint(2, 4)
        )
        fewest = most_rules // 5 if large else 1
        rules = [self.rule(n, templates) for n in range(self.random.randint(fewest, most_rules))]
        ordered = sorted(rules, key=lambda r: (STAGES.index(r.stage), r.code))
        return RuleBase.model_construct(templates=templates, rules=tuple(ordered))

    def facts(self, templates: dict[str, Template]) -> list[Fact]:
        out = []
        for name, template in templates.items():
            if template.derived:
                continue
            for number in range(self.random.randint(0, 5)):
                values = {
                    attribute: self.value(its.type)
                    for attribute, its in template.attributes.items()
                    if not its.optional or self.random.random() < 0.6
                }
                nodes = {"x": given(f"{name}{number}", "x", 1)}
                out.append(Fact(kind=name, name=f"{name}{number}", values=values, nodes=nodes))
        self.random.shuffle(out)
        return out


def key(activations: Sequence[Activation]) -> list[tuple[Any, ...]]:
    """Activations as rule code, fact names and what they concluded, in order."""
    return [
        (a.rule, tuple(f.name for f in a.matched.values()), [f.values for f in a.produced])
        for a in activations
    ]


def campaign(
    seed: int, count: int, most_rules: int = 12, clips_every: int = 5, runs: int = RUNS
) -> dict[str, int]:
    """What was compared. Raises AssertionError at the first difference."""
    done = dict.fromkeys(("rule sets", "refused", "runs", "activations", "runs in CLIPS"), 0)
    for number in range(count):
        maker = Maker(seed * 1_000_003 + number)
        rulebase = maker.rulebase(most_rules)
        try:
            engine = Engine(rulebase, PARAMETERS, ("derive", "choose", "judge"))
        except Unsafe:
            done["refused"] += 1
            continue
        done["rule sets"] += 1
        oracle = Oracle(rulebase, PARAMETERS) if clips_every and number % clips_every == 0 else None
        try:
            for _ in range(runs):
                facts = maker.facts(rulebase.templates)
                fired = compare(engine, oracle, facts, f"seed {seed}, rule set {number}")
                done["runs"] += 1
                done["activations"] += len(fired)
                done["runs in CLIPS"] += oracle is not None
        finally:
            engine.close()
    return done


def compare(
    engine: Engine, oracle: Oracle | None, facts: Sequence[Fact], where: str
) -> list[tuple[Any, ...]]:
    """What fires alike in every engine: in the same order in two, as a set in CLIPS.

    Raises AssertionError at a difference.
    """
    rulebase = engine.rulebase
    expected = key(evaluate(engine.rules, facts, engine.parameters, rulebase.templates))
    actual = key(engine.run(facts))
    if actual != expected:
        raise AssertionError(f"{where}: {actual} instead of {expected}")
    if oracle is not None:
        found, wanted = oracle.activations(facts), {match[:2] for match in expected}
        if found != wanted:
            raise AssertionError(f"{where}: CLIPS differs in {found ^ wanted}")
    return expected


def memory(sessions: int) -> None:
    """Prints the process's memory over many sessions. Raises AssertionError when it grows."""
    maker = Maker(2)
    rulebase = maker.rulebase(12)
    engine = Engine(rulebase, PARAMETERS, ("derive", "choose", "judge"))
    pool = [maker.facts(rulebase.templates) for _ in range(50)]
    before = 0
    for number in range(1, sessions + 1):
        engine.run(pool[number % len(pool)])
        if number == sessions // 10:
            before = resident_kb()
    after = resident_kb()
    engine.close()
    print(f"{sessions:,} sessions: {before:,} kB after a tenth of them, {after:,} kB at the end")
    if after > before + 1024:
        raise AssertionError("memory grows")


def resident_kb() -> int:
    """What the process holds in memory; Linux only."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1])
    raise OSError("no VmRSS")


def main() -> None:
    """The command."""
    os.environ["ADVISOR_ENGINE"] = "durable-rules"
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=2000, help="rule sets")
    parser.add_argument("--rules", type=int, default=12, help="most rules in a set")
    parser.add_argument("--clips-every", type=int, default=5, help="0 leaves CLIPS out")
    parser.add_argument("--power", action="store_true")
    parser.add_argument("--without", choices=engine_power.MEASURES, help="one measure of --power")
    parser.add_argument("--memory", action="store_true")
    options = parser.parse_args()
    if options.power:
        engine_power.power(options.seed, options.count)
        return
    if options.memory:
        memory(20_000)
        return
    if options.without:
        engine_power.MEASURES[options.without]()
    done = campaign(options.seed, options.count, options.rules, options.clips_every)
    print(", ".join(f"{count:,} {what}" for what, count in done.items()) + ": all agree")


if __name__ == "__main__":
    main()
