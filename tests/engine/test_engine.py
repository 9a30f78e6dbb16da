"""How the engine is run: sessions, limits, and what happens when something goes wrong."""

import builtins
import subprocess
import sys
import textwrap

import pytest

from advisor.engine import Engine, EngineError, network
from advisor.engine import session as session_module
from advisor.errors import InputError
from advisor.model.facts import Fact
from advisor.model.quantity import given
from advisor.rulebase import RuleBase, RuleError, evaluate
from advisor.rulebase.rule import (
    Attribute,
    Examples,
    FactRef,
    Pattern,
    Rule,
    RuleEntry,
    Template,
    Test,
    Then,
)

STAGES = ("derive", "choose", "judge")


def template(derived=False, **types):
    attributes = {name: Attribute(type=kind, says="x") for name, kind in types.items()}
    return Template(says="x", derived=derived, attributes=attributes)


TEMPLATES = {
    "card": template(slug="str", slots="int"),
    "board": template(slug="str", slots="int"),
    "unread": template(slug="str"),
    "way": template(derived=True, slug="str"),
}


def pattern(kind, *tests):
    tests = tuple(Test(attribute=a, op=op, operand=operand) for a, op, operand in tests)
    return Pattern(template=kind, tests=tests)


def rule(code, stage, when, unless=(), derive=None):
    then = Then(verdict="note", subject=when[0].template)
    if derive:
        then = Then(derive=derive, set={"slug": {"fact": f"{when[0].template}.slug"}})
    entry = RuleEntry.model_construct(
        code=code,
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
        entry=entry, file=f"rules/test/{code}.yaml", when=tuple(when), unless=tuple(unless)
    )


RULES = (
    rule("WAY001", "derive", [pattern("card", ("slots", "gt", 0))], derive="way"),
    rule(
        "FIT001",
        "judge",
        [pattern("card"), pattern("way", ("slug", "eq", FactRef(alias="card", attribute="slug")))],
    ),
    rule("FIT002", "judge", [pattern("card")], [pattern("board")]),
    rule("FIT003", "judge", [pattern("card", ("slug", "in", ("a", "b", "a")))]),
)


def fact(kind, name, **values):
    return Fact(kind=kind, name=name, values=values, nodes={"slug": given(name, name, name)})


def card(name, slots=1, **values):
    return fact("card", name, **{"slug": name, "slots": slots} | values)


@pytest.fixture
def make():
    engines = []

    def engine(*rules, stages=STAGES):
        rulebase = RuleBase.model_construct(templates=TEMPLATES, rules=rules or RULES)
        engines.append(Engine(rulebase, {}, stages))
        return engines[-1]

    yield engine
    for one in engines:
        one.close()


def fired(activations):
    return [(a.rule, *(f.name for f in a.matched.values())) for a in activations]


def test_rules_fire_stage_by_stage_in_order(make):
    engine = make()
    assert engine.name == "durable-rules"
    facts = [card("b"), card("a"), card("c", slots=0)]
    assert fired(engine.run(facts)) == [
        ("WAY001", "b"),
        ("WAY001", "a"),
        ("FIT001", "b", "WAY001.b"),
        ("FIT001", "a", "WAY001.a"),
        ("FIT002", "b"),
        ("FIT002", "a"),
        ("FIT002", "c"),
        ("FIT003", "b"),
        ("FIT003", "a"),
    ]
    assert fired(engine.run([card("c"), fact("board", "x", slug="x", slots=1)])) == [
        ("WAY001", "c"),
        ("FIT001", "c", "WAY001.c"),
    ]


def test_a_second_proof_makes_no_second_fact(make):
    twice = [card("a"), card("again", slug="a")]
    activations = make().run(twice)
    assert [len(a.produced) for a in activations[:2]] == [1, 1]
    assert [a for a in fired(activations) if a[0] == "FIT001"] == [
        ("FIT001", "a", "WAY001.a"),
        ("FIT001", "again", "WAY001.a"),
    ]
    known = [fact("way", "known", slug="a"), *twice]
    assert ("FIT001", "a", "known") in fired(make().run(known))
    assert len(fired(make().run(known))) == len(activations)


def test_sessions_do_not_see_each_other(make):
    engine = make()
    before = fired(engine.run([card("a")]))
    for number in range(2000):
        engine.run([card(str(number))])
    assert engine.run([]) == []
    assert fired(engine.run([card("a")])) == before


def test_facts_no_rule_reads_are_no_danger(make):
    engine = make()
    for _ in range(50):
        assert engine.run([fact("unread", "x", slug="x")]) == []
    alone = rule("FIT004", "judge", [pattern("card", ("slug", "eq", "never"))])
    engine = make(alone)
    for _ in range(50):
        assert engine.run([card("a")]) == []


def test_more_matches_than_the_engine_gives_at_once_all_arrive(make):
    pair = rule("FIT004", "judge", [pattern("card"), pattern("board")])
    facts = [card(str(n)) for n in range(260)]
    facts += [fact("board", str(n), slug="x", slots=1) for n in range(260)]
    assert network.CAP < 260 * 260
    engine = make(pair)
    assert fired(engine.run(facts)) == fired(evaluate(engine.rules, facts, {}, TEMPLATES))


def test_many_rules_may_ask_the_same(make):
    rules = [rule(f"T{n}", "judge", [pattern("card")], [pattern("board")]) for n in range(600)]
    facts = [card("a"), card("b")]
    assert len(make(*rules).run(facts)) == 1200
    assert make(*rules).run([*facts, fact("board", "x", slug="x", slots=1)]) == []


@pytest.mark.parametrize(("first", "second"), [(64, 0), (30, 35)])
def test_the_stack_of_the_engine_is_as_deep_as_is_reckoned(make, monkeypatch, first, second):
    """At 64 waiting conditions it works, at 65 it does not; the rules may have 60."""
    monkeypatch.setattr(network, "BUCKET", 1000)
    monkeypatch.setattr(network, "MOST_PENDING", 1000)

    def crowd(first, second):
        asked = [[("slots", "gt", -n - 1)] for n in range(first)]
        asked += [[("slots", "gt", -first), ("slots", "gte", -n)] for n in range(second)]
        return make(
            *(rule(f"T{n}", "judge", [pattern("card", *tests)]) for n, tests in enumerate(asked))
        )

    just = crowd(first, second)
    assert just.network.pending == 64
    assert len(just.run([card("a")])) == first + second
    over = crowd(first + (not second), second + bool(second))
    assert over.network.pending == 65
    with pytest.raises(Exception, match="error code: 303"):
        over.run([card("a")])
    monkeypatch.undo()
    assert len(crowd(first, second).run([card("a")])) == first + second


@pytest.mark.parametrize(
    "error", [ValueError, KeyError, MemoryError, KeyboardInterrupt, SystemExit, RuleError]
)
def test_whatever_is_raised_on_the_way_frees_the_session(make, monkeypatch, error):
    engine = make()
    expected = fired(engine.run([card("a")]))

    def fails(*_):
        raise error("on purpose")

    surfaces = error if not issubclass(error, Exception) else RuleError
    for _ in range(3):
        with monkeypatch.context() as patch:
            patch.setattr("advisor.engine.produce", fails)
            with pytest.raises(surfaces, match="on purpose"):
                engine.run([card("a"), card("b")])
        assert fired(engine.run([card("a")])) == expected


def test_a_failed_conclusion_names_the_rule_and_the_facts(make, monkeypatch):
    monkeypatch.setattr("advisor.engine.produce", lambda *_: {}["nothing"])
    with pytest.raises(RuleError, match="WAY001 on a: 'nothing'"):
        make().run([card("a")])


def test_a_fact_that_cannot_be_written_frees_the_session(make):
    engine = make()
    for _ in range(3):
        with pytest.raises(EngineError, match="card b: slots is 9007199254740993, not a whole"):
            engine.run([card("a"), card("b", slots=2**53 + 1)])
        assert len(engine.run([card("a")])) == 4


def test_one_session_at_a_time(make):
    engine = make()
    session = engine._session
    session.begin()
    with pytest.raises(EngineError, match="already open"):
        engine.run([card("a")])
    session.end()
    assert engine.run([card("a")])
    engine.close()
    with pytest.raises(EngineError, match="closed"):
        engine.run([card("a")])
    engine.close()


def test_ending_a_session_that_never_held_a_fact_is_no_danger(make):
    session = make()._session
    for _ in range(50):
        session.begin()
        session.end()
    session.begin()
    session._live = True
    session.end()
    session.begin()


def test_firings_and_facts_are_limited(make, monkeypatch):
    engine = make()
    with monkeypatch.context() as patch:
        patch.setattr(session_module, "MOST_FIRINGS", 5)
        with pytest.raises(EngineError, match="too many firings"):
            engine.run([card(str(n)) for n in range(6)])
        patch.setattr(session_module, "MOST_FACTS", 5)
        with pytest.raises(EngineError, match="too many facts"):
            engine.run([card(str(n)) for n in range(6)])
    assert len(engine.run([card("a")])) == 4


class Fake:
    """The extension, with one answer changed."""

    def __init__(self, real, **changed):
        self.real, self.changed = real, changed

    def __getattr__(self, name):
        return self.changed.get(name) or getattr(self.real, name)


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"assert_fact": lambda *_: (2, 1)}, "answered 2, 1 to a fact"),
        ({"assert_fact": lambda *_: (0, 2)}, "answered 0, 2 to a fact"),
        ({"start_action_for_state": lambda *_: ("", '{ "zzz":[] }')}, "not compiled"),
        ({"start_action_for_state": lambda *_: ("", '{ "fit002_0":[] }')}, "0 facts do not make"),
        (
            {"start_action_for_state": lambda *_: ("", '{ "fit002_0":[{"ph":{"id":"1",}}] }')},
            "1 facts do not make",
        ),
        (
            {
                "start_action_for_state": lambda *_: (
                    "",
                    '{ "fit002_0":[{"ph":{"id":"0",},"card":{"id":"0",}}] }',
                )
            },
            "do not make whole matches of this phase",
        ),
    ],
)
def test_a_broken_promise_of_the_engine_is_not_passed_over(make, changed, says):
    engine = make(*RULES[2:])
    session = engine._session
    real = session._c
    for _ in range(2):
        session._c = Fake(real, **changed)
        with pytest.raises(EngineError, match=says):
            engine.run([card("a")])
        session._c = real
        assert len(engine.run([card("a")])) == 2


def test_another_error_on_deletion_is_told(make):
    engine = make()

    def fails(*_):
        raise ValueError("Could not delete state, error code: 101")

    real, engine._session._c = engine._session._c, Fake(engine._session._c, delete_state=fails)
    with pytest.raises(ValueError, match="101"):
        engine.run([card("a")])
    with pytest.raises(EngineError, match="already open"):
        engine.run([card("a")])
    engine._session._c = real


def test_a_locale_with_a_decimal_comma_is_refused(make, monkeypatch):
    engine = make()
    with monkeypatch.context() as patch:
        patch.setattr(session_module, "localeconv", lambda: {"decimal_point": ","})
        with pytest.raises(EngineError, match="decimals with a comma"):
            engine.run([card("a")])
        with pytest.raises(EngineError, match="decimals with a comma"):
            make()
    assert engine.run([card("a")])


def test_python_stands_in_where_it_is_asked_for(make, monkeypatch):
    facts = [card("a"), card("b")]
    expected = fired(make().run(facts))
    monkeypatch.setenv("ADVISOR_ENGINE", "python")
    engine = make()
    assert engine.name == "python"
    assert fired(engine.run(facts)) == expected


def test_an_engine_nobody_knows_is_refused(make, monkeypatch):
    monkeypatch.setenv("ADVISOR_ENGINE", "pyhton")
    with pytest.raises(InputError) as caught:
        make()
    assert str(caught.value) == (
        "ADVISOR_ENGINE: there is no such engine (found pyhton). Accepted: durable-rules or python."
    )


EXTENSION = "durable_rules_engine"
MISSING = ModuleNotFoundError(f"No module named '{EXTENSION}'", name=EXTENSION)
OF_313 = ImportError(f"{EXTENSION}.so: undefined symbol: PyEval_CallObject", name=EXTENSION)
BROKEN = ImportError(f"{EXTENSION}.so: wrong ELF class", name=EXTENSION)
ELSEWHERE = ModuleNotFoundError("No module named 'x'", name="x")


@pytest.fixture
def importing(monkeypatch):
    """Makes the import of the extension fail."""
    original = builtins.__import__

    def fail(error):
        def found(name, *rest):
            if name == EXTENSION:
                raise error
            return original(name, *rest)

        monkeypatch.setattr(builtins, "__import__", found)

    return fail


@pytest.mark.parametrize("error", [MISSING, OF_313], ids=["missing", "python 3.13"])
def test_python_stands_in_where_the_engine_was_never_built(make, importing, error):
    importing(error)
    engine = make()
    assert engine.name == "python"
    assert len(engine.run([card("a")])) == 4


@pytest.mark.parametrize(
    ("error", "choice"),
    [(BROKEN, ""), (ELSEWHERE, ""), (MISSING, "durable-rules"), (OF_313, "durable-rules")],
)
def test_an_engine_that_should_load_and_does_not_is_told(
    make, monkeypatch, importing, error, choice
):
    monkeypatch.setenv("ADVISOR_ENGINE", choice)
    importing(error)
    with pytest.raises(InputError) as caught:
        make()
    assert "the rule engine cannot be loaded" in str(caught.value)
    assert "ADVISOR_ENGINE=python" in str(caught.value)


def test_rules_are_checked_for_the_engine_even_where_python_stands_in(make, monkeypatch):
    monkeypatch.setenv("ADVISOR_ENGINE", "python")
    with pytest.raises(InputError, match="text of at most"):
        make(rule("FIT004", "judge", [pattern("card", ("slug", "eq", "x" * 5000))]))


def test_the_engine_is_not_loaded_before_it_is_needed():
    code = """
        import sys, advisor.engine
        assert "durable_rules_engine" not in sys.modules
        assert not [name for name in sys.modules if name.partition(".")[0] == "durable"]
    """
    subprocess.run([sys.executable, "-c", textwrap.dedent(code)], check=True)


def test_closing_frees_the_rule_set_once(make):
    engine = make()
    session, freed = engine._session, []
    handle, real = session._handle, session._c
    session._c = Fake(real, delete_ruleset=freed.append)
    engine.close()
    engine.close()
    assert freed == [handle]
    real.delete_ruleset(handle)
