"""Three engines, one answer: durable-rules, the Python evaluator and CLIPS."""

import random
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))

from clips_oracle import Oracle
from engine_campaign import compare
from engine_power import noticed

from advisor import api
from advisor.engine import Engine
from advisor.knowledge import Knowledge
from advisor.model.facts import Fact
from advisor.model.quantity import given
from advisor.resources import rules_dir
from advisor.rulebase import load_rules
from advisor.rulebase.examples import facts_of
from advisor.rulebase.rule import FactRef, ParameterRef, SameRef

ROOT = Path(__file__).parents[2]
KNOWLEDGE = Knowledge.load()
PARAMETERS = {id: KNOWLEDGE.parameter(id) for id in KNOWLEDGE.parameters}
RULEBASE = load_rules((rules_dir(),))
GROUPS = [("derive", "choose"), ("judge",), ("weigh",), ("diagnose",), ("recommend", "advise")]
CORPUS = sorted((ROOT / "tests" / "corpus").glob("*.yaml"))
RANDOM_SETS = 1000
ONE_OF_A_KIND = (
    *("profile", "model", "situation", "pick"),
    *("owned", "machine", "diagnosis"),
)


@cache
def engine_of(stages):
    engine = Engine(RULEBASE, PARAMETERS, stages)
    assert engine.name == "durable-rules"
    return engine


@cache
def oracle_of(stages):
    return Oracle(RULEBASE, PARAMETERS, stages)


def agree(stages, facts, where, clips=True):
    """The rules of the activations that the engines agree on."""
    fired = compare(engine_of(stages), oracle_of(stages) if clips else None, facts, where)
    return [rule for rule, *_ in fired]


def group_of(rule):
    return next(stages for stages in GROUPS if rule.stage in stages)


@pytest.mark.parametrize("rule", RULEBASE.rules, ids=lambda rule: rule.code)
def test_examples_fire_alike(rule):
    for wanted, examples in ((True, rule.entry.examples.fires), (False, rule.entry.examples.quiet)):
        for example in examples:
            facts = facts_of(rule, example, RULEBASE.templates)
            fired = agree(group_of(rule), facts, f"{rule.code}, {example.name}")
            assert (rule.code in fired) == wanted


class Enough(Exception):
    """The advice is made; what would change it need not be looked for."""


def facts_given(path, monkeypatch):
    """What the engine is given until a profile has its advice."""
    given_facts = []
    original = Engine.run

    def run(self, facts):
        given_facts.append((self.stages, list(facts)))
        if "advise" in self.stages:
            raise Enough
        return original(self, facts)

    profile = api.read_profile(path)
    with monkeypatch.context() as patch:
        patch.setattr(Engine, "run", run)
        with pytest.raises(Enough):
            api.consult(profile)
    return given_facts


@pytest.mark.parametrize("path", CORPUS[::3], ids=lambda path: path.stem)
def test_consultations_fire_alike(path, monkeypatch):
    runs = facts_given(path, monkeypatch)
    always = {*GROUPS} - {("diagnose",)}
    assert {stages for stages, _ in runs} >= always
    assert sum(len(agree(stages, facts, path.stem)) for stages, facts in runs)


@cache
def values_of(template, name):
    """Values about those the rules compare an attribute with, so that random facts meet them."""
    kind = RULEBASE.templates[template].attributes[name].type
    if kind == "bool":
        return [True, False]
    out = {"", "other"} if kind == "str" else {0, 1, -1, 40000}
    for rule in RULEBASE.rules:
        for pattern in (*rule.when, *rule.unless):
            for test in pattern.tests:
                if (pattern.template, test.attribute) == (template, name):
                    operand = test.operand
                    if isinstance(operand, ParameterRef):
                        operand = PARAMETERS[operand.parameter].value
                    out |= set(operand if isinstance(operand, tuple) else (operand,))
    if kind == "str":
        return sorted(value for value in out if isinstance(value, str))
    numbers = {value for value in out if isinstance(value, int | float) and value is not True}
    near = sorted(numbers | {n + 1 for n in numbers} | {n - 1 for n in numbers})
    return [int(n) for n in near] if kind == "int" else [float(n) for n in near]


def random_facts(chooser, rules):
    """Facts of every kind the rules read, the first of each so that one of the rules may fire."""
    made = {rule.then.derive for rule in rules}
    read = {p.template for rule in rules for p in (*rule.when, *rule.unless)}
    values = {}
    for template in sorted(read - made):
        for number in range(1 if template in ONE_OF_A_KIND else chooser.randint(1, 3)):
            values[(template, number)] = {
                name: chooser.choice(values_of(template, name))
                for name, attribute in RULEBASE.templates[template].attributes.items()
                if not attribute.optional or chooser.random() < 0.6
            }
    for pattern in chooser.choice(rules).when:
        own = values.get((pattern.template, 0), {})
        for test in pattern.tests:
            if test.op == "in":
                own[test.attribute] = chooser.choice(test.operand)
            elif test.op == "eq" and isinstance(test.operand, FactRef):
                other = values.get((test.operand.alias, 0), {})
                own[test.attribute] = other.get(test.operand.attribute, "other")
            elif test.op == "eq" and not isinstance(test.operand, ParameterRef | SameRef):
                own[test.attribute] = test.operand
    return [
        Fact(
            kind=template,
            name=f"{template}{number}",
            values=own,
            nodes={"x": given(f"{template}{number}", template, 1)},
        )
        for (template, number), own in values.items()
    ]


@pytest.mark.parametrize("stages", GROUPS, ids=lambda s: s[-1])
def test_shipped_rules_fire_alike_on_random_facts(stages):
    chooser = random.Random(7)
    rules = engine_of(stages).rules
    fired = set()
    for number in range(RANDOM_SETS):
        facts = random_facts(chooser, rules)
        fired |= {*agree(stages, facts, f"set {number}", clips=number % 25 == 0)}
    assert len(fired) > 0.9 * len(rules)


def test_random_rules_fire_alike():
    """In a process of its own, so that a crash of the engine is a failed test."""
    command = [sys.executable, str(ROOT / "benchmarks" / "engine_campaign.py")]
    done = subprocess.run(
        [*command, "--seed", "11", "--count", "400", "--clips-every", "8"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert "all agree" in done.stdout


@pytest.mark.parametrize(
    ("measure", "how"),
    [
        ("late-phase", "difference"),
        ("plus-zero", "difference"),
        ("exponent-point", "error code: 204"),
        ("escaped-text", "error code: 204"),
        ("known-flags", "difference"),
        ("join-types", "difference"),
        ("stages", "EngineError"),
        ("fact-once", "difference"),
        ("serial-ids", "answered 2"),
        ("order", "difference"),
    ],
)
def test_the_campaign_notices_a_safety_measure_that_is_gone(measure, how):
    assert how in noticed(measure, seed=23, count=200)
