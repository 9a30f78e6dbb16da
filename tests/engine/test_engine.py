"""The engine against the evaluator and CLIPS, and what it does when something goes wrong."""

import random
import subprocess
import sys

import pytest

from advisor.engine import Engine, Unsafe
from advisor.engine.session import Session, Unencodable, encoded
from advisor.knowledge import Knowledge
from advisor.model.facts import Fact
from advisor.model.quantity import given
from advisor.resources import rules_dir
from advisor.rulebase import RuleError, evaluate, load_rules
from advisor.rulebase.rule import Attribute, Template

KNOWLEDGE = Knowledge.load()
PARAMETERS = {id: KNOWLEDGE.parameter(id) for id in KNOWLEDGE.parameters}
RULEBASE = load_rules((rules_dir(),))
STAGE_GROUPS = [("derive", "choose"), ("judge",), ("weigh",), ("recommend", "advise")]


def test_random_rules_agree_with_python_and_clips(root):
    """In a process of its own, so that a crash of the engine is a failed test."""
    command = [sys.executable, str(root / "benchmarks" / "engine_campaign.py")]
    done = subprocess.run(
        [*command, "--seed", "11", "--count", "400"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert "agree" in done.stdout


def key(activations):
    return [
        (a.rule, [f.name for f in a.matched.values()], [f.values for f in a.produced])
        for a in activations
    ]


def words_of(template, name):
    """Every word the rules compare that attribute with, so that random facts can meet them."""
    words = {"other"}
    for rule in RULEBASE.rules:
        for pattern in (*rule.when, *rule.unless):
            for test in pattern.tests:
                if pattern.template == template and test.attribute == name:
                    operand = test.operand
                    words |= set(operand if isinstance(operand, tuple) else (operand,))
    return sorted(word for word in words if isinstance(word, str))


def random_fact(chooser, template, number):
    values = {}
    for name, attribute in RULEBASE.templates[template].attributes.items():
        if attribute.optional and chooser.random() < 0.4:
            continue
        values[name] = {
            "int": lambda: chooser.choice([0, 1, 2, 3, 8, 16, 8192, 40000]),
            "float": lambda: chooser.choice([-5.0, -0.1, 0.0, 0.5, 6.9, 7.0, 30.0, 900.0]),
            "str": lambda t=template, n=name: chooser.choice(words_of(t, n)),
            "bool": lambda: chooser.random() < 0.5,
        }[attribute.type]()
    node = given(f"{template}{number}", template, 1)
    return Fact(kind=template, name=f"{template}{number}", values=values, nodes={"x": node})


@pytest.mark.parametrize("stages", STAGE_GROUPS, ids=lambda s: s[-1])
def test_shipped_rules_fire_alike_in_both_engines(stages):
    chooser = random.Random(7)
    rules = [rule for rule in RULEBASE.rules if rule.stage in stages]
    read = {p.template for rule in rules for p in (*rule.when, *rule.unless)}
    base = [name for name in sorted(read) if name != "way"]
    engine = Engine(RULEBASE, PARAMETERS, stages)
    assert engine.name == "durable-rules"
    fired = 0
    try:
        for _ in range(90):
            facts = [
                random_fact(chooser, template, number)
                for template in base
                for number in range(1 if template in ("profile", "model", "situation") else 3)
            ]
            expected = evaluate(rules, facts, PARAMETERS, RULEBASE.templates)
            assert key(engine.run(facts)) == key(expected)
            fired += len(expected)
    finally:
        engine.close()
    assert fired > 50


def one_rule(tmp_path, text):
    (tmp_path / "t").mkdir()
    (tmp_path / "templates.yaml").write_text((rules_dir() / "templates.yaml").read_text())
    (tmp_path / "t" / "TST001-t.yaml").write_text(text)
    return load_rules((tmp_path,))


DERIVING = """
code: TST001
name: t
status: stable
since: "2026-11-24"
stage: derive
title: t
when: {rig: {slug: a}}
then: {derive: way, set: {rig: {fact: rig.link}, split: none, runtime: x, quant: y}}
say: t
because: t
cites: [claim.x]
examples:
  fires: [{name: a, given: {rig.slug: a}}]
  quiet: [{name: b, given: {rig.slug: b}}]
"""


def rig(name="a", **values):
    node = given("n", "n", 1)
    return Fact(kind="rig", name=name, values={"slug": "a", **values}, nodes={"slug": node})


def test_a_failing_conclusion_surfaces_and_frees_the_session(tmp_path):
    rulebase = one_rule(tmp_path, DERIVING.replace("rig.link", "rig.vendor"))
    engine = Engine(rulebase, PARAMETERS, ("derive",))
    try:
        for _ in range(3):
            with pytest.raises(RuleError, match="TST001 on a"):
                engine.run([rig()])
        assert len(engine.run([rig(vendor="nvidia")])) == 1
    finally:
        engine.close()


def test_sessions_do_not_see_each_other_and_leave_nothing(tmp_path):
    rulebase = one_rule(tmp_path, DERIVING.replace("rig.link", "rig.vendor"))
    engine = Engine(rulebase, PARAMETERS, ("derive",))
    try:
        before = key(engine.run([rig(vendor="v")]))
        for number in range(2000):
            engine.run([rig(name=str(number), vendor=str(number))])
        assert engine.run([]) == []
        assert key(engine.run([rig(vendor="v")])) == before
    finally:
        engine.close()


def test_facts_no_rule_reads_are_no_danger():
    engine = Engine(RULEBASE, PARAMETERS, ("derive", "choose"))
    try:
        assert engine.run([random_fact(random.Random(1), "situation", 0)]) == []
    finally:
        engine.close()


@pytest.mark.parametrize(
    ("kind", "value", "text"),
    [
        ("float", 1e22, '"a":1.0e+22'),
        ("float", 5e-324, '"a":5.0e-324'),
        ("float", -0.0, '"a":0.0'),
        ("float", 3, '"a":3.0'),
        ("int", 2**53, '"a":9007199254740992'),
        ("bool", True, '"a":true'),
        ("str", '{"id":"7"', '"a":"{\\"id\\":\\"7\\""'),
    ],
)
def test_values_are_written_as_the_engine_reads_them(kind, value, text):
    template = Template(says="x", attributes={"a": Attribute(type=kind, says="x")})
    assert encoded(Fact(kind="t", name="t", values={"a": value}), ["a"], template) == "," + text


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("float", float("nan")),
        ("float", float("inf")),
        ("int", 2**53 + 1),
        ("int", True),
        ("str", 5),
        ("bool", 1),
        ("str", "x" * 5000),
    ],
)
def test_values_the_engine_would_misread_are_refused(kind, value):
    template = Template(says="x", attributes={"a": Attribute(type=kind, says="x")})
    fact = Fact.model_construct(kind="t", name="t", values={"a": value}, nodes={})
    with pytest.raises(Unencodable):
        encoded(fact, ["a"], template)


def test_the_python_engine_stands_in_where_it_is_asked_for(monkeypatch):
    monkeypatch.setenv("ADVISOR_ENGINE", "python")
    engine = Engine(RULEBASE, PARAMETERS, ("judge",))
    assert engine.name == "python"


def test_a_rule_outside_the_safe_subset_is_refused(tmp_path):
    text = DERIVING.replace("slug: a}}", "slug: a, lanes: {below: {parameter: no-such}}}}", 1)
    with pytest.raises(Unsafe, match="there is no such parameter"):
        Engine(one_rule(tmp_path, text), PARAMETERS, ("derive",))


def test_a_second_session_is_refused_while_one_is_open():
    engine = Engine(RULEBASE, PARAMETERS, ("judge",))
    session = engine._session
    assert isinstance(session, Session)
    try:
        session.begin()
        session.phase(1)
        with pytest.raises(Exception, match="already open"):
            session.begin()
    finally:
        engine.close()
