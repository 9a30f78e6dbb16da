"""What is said of conditions agrees with trying out every fact around their bounds."""

from itertools import product

from hypothesis import given, settings
from hypothesis import strategies as st

from advisor.model.facts import Fact
from advisor.model.quantity import known
from advisor.rulebase.evaluate import holds
from advisor.rulebase.rule import (
    Attribute,
    FactRef,
    ParameterRef,
    Pattern,
    SameRef,
    Template,
    Test,
)
from advisor.rulebase.verify.conditions import Reading, conditions
from advisor.rulebase.verify.values import passing

WHOLE = (-1, 0, 1, 2, 3)
MEASURED = (-0.5, 0.0, 0.5, 1.0, 1.5, 2.0, 2.5)
DOMAINS = {
    "n": WHOLE,
    "m": WHOLE,
    "x": MEASURED,
    "w": ("a", "b", "other"),
    "f": (False, True),
    "o": (None, *WHOLE),
}
BOUNDS = {"n": (0, 1, 2), "m": (0, 1, 2), "x": (0, 0.5, 1.0, 2), "w": ("a", "b"), "o": (0, 1, 2)}
TYPES = {"n": "int", "m": "int", "x": "float", "w": "str", "f": "bool", "o": "int"}
TEMPLATES = {
    name: Template(
        says=name,
        attributes={
            key: Attribute(type=kind, optional=key == "o", says=key) for key, kind in TYPES.items()
        },
    )
    for name in ("one", "two", "absent")
}
PARAMETERS = {
    f"p{value}": known(f"parameter.p{value}", "p", value, "", ("s",), "assumed")
    for value in (0, 1.0, 1.5, 2)
}
PLAIN = {"n": 0, "m": 0, "x": 0.0, "w": "a", "f": False, "o": 0}


@st.composite
def comparisons(draw, joined=()):
    """One test of one attribute; ``joined`` are templates it may be compared with."""
    name = draw(st.sampled_from(sorted(DOMAINS)))
    kinds = ["eq", "neq", "in"]
    if TYPES[name] in ("int", "float"):
        kinds += ["lt", "lte", "gt", "gte", "parameter"]
    if name == "o":
        kinds.append("known")
    if name == "n":
        kinds.append("same")
        kinds += ["fact"] * bool(joined)
    kind = draw(st.sampled_from(kinds))
    values = st.sampled_from(BOUNDS.get(name, DOMAINS[name]))
    if kind == "in":
        operand = tuple(draw(st.lists(values, min_size=1, max_size=2)))
        return Test(attribute=name, op="in", operand=operand)
    if kind == "known":
        return Test(attribute=name, op="known", operand=draw(st.booleans()))
    if kind == "same":
        op = draw(st.sampled_from(["eq", "neq", "lt", "gte"]))
        return Test(attribute=name, op=op, operand=SameRef(same=draw(st.sampled_from("mo"))))
    if kind == "fact":
        return Test(attribute=name, op="eq", operand=FactRef(alias=joined[0], attribute="m"))
    if kind == "parameter":
        op = draw(st.sampled_from(["lt", "lte", "gt", "gte", "eq", "neq"]))
        operand = ParameterRef(parameter=draw(st.sampled_from(sorted(PARAMETERS))))
        return Test(attribute=name, op=op, operand=operand)
    return Test(attribute=name, op=kind, operand=draw(values))


@st.composite
def patterns(draw, template, joined=()):
    """What one fact must satisfy: up to three tests."""
    tests = draw(st.lists(comparisons(joined), max_size=3))
    return Pattern(template=template, tests=tuple(tests))


@st.composite
def rules(draw):
    """The facts under when and under unless."""
    when = [draw(patterns("one"))]
    if draw(st.booleans()):
        when.append(draw(patterns("two", ("one",))))
    unless = [draw(patterns("absent", ("one",)))] if draw(st.booleans()) else []
    return when, unless


def asked(*some):
    """The attributes that the patterns read, by template."""
    out = {}
    for pattern in some:
        for test in pattern.tests:
            out.setdefault(pattern.template, set()).add(test.attribute)
            if isinstance(test.operand, SameRef):
                out[pattern.template].add(test.operand.same)
            if isinstance(test.operand, FactRef):
                out.setdefault(test.operand.alias, set()).add(test.operand.attribute)
    return out


def facts_of(template, names):
    """Every fact that differs in these attributes."""
    names = sorted(names)
    for values in product(*(DOMAINS[name] for name in names)):
        own = PLAIN | dict(zip(names, values, strict=True))
        kept = {name: value for name, value in own.items() if value is not None}
        yield Fact.model_construct(kind=template, name=template, values=kept, nodes={})


def passes(pattern, fact, match):
    return all(holds(test, fact, match, PARAMETERS) for test in pattern.tests)


def fires(rule, match, absent):
    """Whether a rule fires on facts, of which ``absent`` may be none."""
    when, unless = rule
    return all(passes(pattern, match[pattern.template], match) for pattern in when) and not any(
        absent is not None and passes(pattern, absent, match) for pattern in unless
    )


def memories(*some_rules):
    """Every working memory that matters to the rules, with one fact a template or, under unless,
    perhaps none."""
    every = [pattern for when, unless in some_rules for pattern in (*when, *unless)]
    names = asked(*every)
    pools = [tuple(facts_of(template, names.get(template, ()))) for template in ("one", "two")]
    without = [None, *facts_of("absent", names.get("absent", ()))]
    for one, two, absent in product(*pools, without):
        yield {"one": one, "two": two}, absent


def reading(rule):
    when, unless = rule
    return Reading(
        rule=None,
        when=conditions(when, TEMPLATES, PARAMETERS),
        unless=tuple(conditions((pattern,), TEMPLATES, PARAMETERS) for pattern in unless),
    )


@given(comparisons())
@settings(max_examples=300)
def test_the_values_that_pass_are_those_that_do(test):
    asks = conditions((Pattern(template="one", tests=(test,)),), TEMPLATES, PARAMETERS)
    if asks.links:
        return
    attribute = TEMPLATES["one"].attributes[test.attribute]
    for value in DOMAINS[test.attribute]:
        fact = next(
            fact
            for fact in facts_of("one", {test.attribute})
            if fact.values.get(test.attribute) == value
        )
        alone = (
            passing("known", False, attribute) if value is None else passing("eq", value, attribute)
        )
        assert (alone <= asks.of(("one", test.attribute))) == holds(test, fact, {}, PARAMETERS)


@given(patterns("one"), patterns("one"))
@settings(max_examples=300)
def test_one_fact_is_judged_as_by_trying_every_value(first, second):
    a, b = (conditions((pattern,), TEMPLATES, PARAMETERS) for pattern in (first, second))
    facts = list(facts_of("one", asked(first, second).get("one", ())))
    in_a = {i for i, fact in enumerate(facts) if passes(first, fact, {})}
    in_b = {i for i, fact in enumerate(facts) if passes(second, fact, {})}
    if a.links or b.links:
        assert a.possible or not in_a
        assert (a & b).possible or not in_a & in_b
        assert not a.implies(b) or in_a <= in_b
    else:
        assert a.possible == bool(in_a)
        assert (a & b).possible == bool(in_a & in_b)
        assert not a.possible or a.implies(b) == (in_a <= in_b)
    assert b.asks_nothing <= (len(in_b) == len(facts))


def small(*some_rules):
    names = asked(*(p for when, unless in some_rules for p in (*when, *unless)))
    return sum(map(len, names.values())) <= 5


@given(rules().filter(small), rules().filter(small))
@settings(max_examples=150)
def test_rules_are_never_said_to_cover_or_to_miss_each_other_wrongly(first, second):
    if not small(first, second):
        return
    a, b = reading(first), reading(second)
    tried = [(fires(first, *memory), fires(second, *memory)) for memory in memories(first, second)]
    if a.covers(b):
        assert all(one for one, other in tried if other)
    if not a.meets(b):
        assert not any(one and other for one, other in tried)
    if not a.when.possible:
        assert not any(one for one, _ in tried)


@given(patterns("one"), patterns("one"))
@settings(max_examples=200)
def test_conditions_that_are_the_same_have_one_key(first, second):
    a, b = (conditions((pattern,), TEMPLATES, PARAMETERS) for pattern in (first, second))
    if a.possible and b.possible:
        assert (a.key == b.key) == (a.implies(b) and b.implies(a))
