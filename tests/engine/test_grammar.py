"""What the engine must be spared is refused, with a message that says how to mend it."""

import math

import pytest

from advisor.engine import Unsafe, compile_rules
from advisor.engine.grammar import OPERATORS, fnv
from advisor.errors import InputError
from advisor.model.quantity import given
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

TYPES = {"whole": "int", "number": "float", "word": "str", "flag": "bool"}
ATTRIBUTES = {name: Attribute(type=kind, says="x") for name, kind in TYPES.items()}
ATTRIBUTES |= {
    f"maybe_{name}": Attribute(type=kind, says="x", optional=True) for name, kind in TYPES.items()
}
TEMPLATES = {
    name: Template(says="x", attributes=ATTRIBUTES) for name in ("one", "two", "three", "made")
}
PARAMETERS = {
    "half": given("half", "half", 0.5),
    "four": given("four", "four", 4.0),
    "word": given("word", "word", "four"),
    "yes": given("yes", "yes", True),
    "nan": given("nan", "nan", math.nan),
    "huge": given("huge", "huge", 10**30),
}


def asked(attribute, op, operand):
    return Test.model_construct(attribute=attribute, op=op, operand=operand)


def rule(when, unless=(), code="TST001", stage="judge", derive=None):
    """``when`` and ``unless`` map templates to tests."""
    return Rule.model_construct(
        entry=RuleEntry.model_construct(
            code=code,
            stage=stage,
            then=Then(derive=derive) if derive else Then(verdict="note", subject="one"),
            examples=Examples.model_construct(fires=(), quiet=()),
        ),
        file=f"rules/test/{code}-test.yaml",
        when=tuple(Pattern.model_construct(template=t, tests=tests) for t, tests in when),
        unless=tuple(Pattern.model_construct(template=t, tests=tests) for t, tests in unless),
    )


def compiled(*rules, templates=TEMPLATES, stages=("derive", "choose", "judge")):
    return compile_rules(rules, templates, PARAMETERS, stages)


def one(*tests):
    return rule([("one", tests)])


JOINED = ("word", "eq", FactRef(alias="one", attribute="word"))

REFUSED = {
    "no parameter": (
        one(asked("number", "lt", ParameterRef(parameter="fuor"))),
        ["one.number", "there is no such parameter", "fuor", "Did you mean four?"],
    ),
    "parameter of a whole number": (
        one(asked("whole", "lt", ParameterRef(parameter="half"))),
        ["int cannot be compared with this", "half, which is 0.5", "a whole number"],
    ),
    "word as parameter": (
        one(asked("number", "lt", ParameterRef(parameter="word"))),
        ["float cannot be compared", "word, which is four", "a finite number"],
    ),
    "flag as parameter": (
        one(asked("whole", "eq", ParameterRef(parameter="yes"))),
        ["int cannot be compared", "yes, which is true", "a whole number"],
    ),
    "not a number": (
        one(asked("number", "lt", ParameterRef(parameter="nan"))),
        ["float cannot be compared", "nan, which is NaN", "a finite number"],
    ),
    "endless number": (one(asked("number", "lt", math.inf)), ["Infinity", "a finite number"]),
    "huge parameter": (
        one(asked("number", "lt", ParameterRef(parameter="huge"))),
        ["huge, which is 1000", "at most 9,007,199,254,740,992"],
    ),
    "huge number": (
        one(asked("whole", "lt", 2**53 + 1)),
        ["9007199254740993", "at most 9,007,199,254,740,992"],
    ),
    "number for a word": (one(asked("word", "eq", 5)), ["str cannot be compared", "text of"]),
    "word for a number": (one(asked("whole", "eq", "5")), ["int cannot be compared", "found 5"]),
    "fraction for a whole number": (one(asked("whole", "eq", 5.5)), ["found 5.5", "a whole"]),
    "flag for a number": (one(asked("number", "eq", True)), ["found true", "a finite number"]),
    "number for a flag": (one(asked("flag", "eq", 1)), ["bool cannot be", "true or false"]),
    "long text": (one(asked("word", "eq", "x" * 4097)), ["text of at most 4,096 characters"]),
    "wrong word in a list": (one(asked("word", "in", ("a", 5))), ["one.word", "found 5"]),
    "list for one value": (one(asked("word", "eq", ("a", "b"))), ["a list of values under `in`"]),
    "one value for a list": (one(asked("word", "in", "a")), ["a list of values under `in`"]),
    "order of words": (
        one(asked("word", "gt", "a")),
        ["str has no order (found above)", "equals, not, in or not_in"],
    ),
    "order of flags": (one(asked("flag", "lte", True)), ["bool has no order (found at_most)"]),
    "order of words in one fact": (
        one(asked("word", "lt", SameRef(same="maybe_word"))),
        ["str has no order (found below)"],
    ),
    "word and number in one fact": (
        one(asked("word", "eq", SameRef(same="whole"))),
        ["str cannot be compared with int (found whole)", "one type, or two numbers"],
    ),
    "flag and number in one fact": (
        one(asked("number", "eq", SameRef(same="flag"))),
        ["float cannot be compared with bool"],
    ),
    "known of what is always known": (
        one(asked("word", "known", True)),
        ["`known` asks about an attribute that is always known", "marks optional"],
    ),
    "known with a word": (one(asked("maybe_word", "known", "yes")), ["true or false, on"]),
    "in under unless": (
        rule([("one", ())], [("two", (asked("word", "in", ("a", "b")),))]),
        ["two.word", "`in` cannot stand under unless", "`not_in`, which asks for each"],
    ),
    "unknown template": (rule([("oen", ())]), ["no such template", "Did you mean one?"]),
    "unknown attribute": (
        one(asked("wrod", "eq", "a")),
        ["one has no such attribute", "Did you mean word?"],
    ),
    "unknown other attribute": (one(asked("word", "eq", SameRef(same="wrod"))), ["found wrod"]),
    "unknown attribute of a fact before": (
        rule(
            [
                ("one", ()),
                ("two", (asked("word", "eq", FactRef(alias="one", attribute="wrod")),)),
            ]
        ),
        ["one has no such attribute", "wrod"],
    ),
    "first fact compared": (
        rule(
            [("one", (asked("word", "eq", FactRef(alias="two", attribute="word")),)), ("two", ())]
        ),
        ["one before it under when", "found two.word", "this is the first fact"],
    ),
    "later fact": (
        rule(
            [
                ("one", ()),
                ("two", (asked("word", "eq", FactRef(alias="three", attribute="word")),)),
                ("three", ()),
            ]
        ),
        ["one before it under when", "Accepted: one"],
    ),
    "fact under unless": (
        rule(
            [("one", ())],
            [
                ("two", ()),
                ("three", (asked("word", "eq", FactRef(alias="two", attribute="word")),)),
            ],
        ),
        ["three.word", "one before it under when", "Accepted: one"],
    ),
    "facts compared by order": (
        rule(
            [
                ("one", ()),
                ("two", (asked("number", "lt", FactRef(alias="one", attribute="number")),)),
            ]
        ),
        ["facts are compared for equality only (found below)", "as an attribute of its own"],
    ),
    "facts told apart": (
        rule([("one", ()), ("two", (asked("word", "neq", JOINED[2]),))]),
        ["facts are compared for equality only (found not)"],
    ),
    "whole number joined with another": (
        rule(
            [
                ("one", ()),
                ("two", (asked("whole", "eq", FactRef(alias="one", attribute="number")),)),
            ]
        ),
        ["cannot be compared across facts (found one.number)", "one type that are always known"],
    ),
    "unknown joined": (
        rule([("one", ()), ("two", (asked("maybe_word", "eq", JOINED[2]),))]),
        ["cannot be compared across facts"],
    ),
    "too many joins": (
        rule([("one", ()), ("two", (asked(*JOINED),) * 29)]),
        ["two: this fact is compared with others too often (found 29)", "at most 28 times"],
    ),
    "too many facts": (
        rule([("one", ())], [("two", ())] * 15),
        ["so many facts in one rule (found 1 under when, 15 under unless)", "at most 15 in all"],
    ),
    "no fact": (rule([], [("one", ())]), ["found 0 under when", "at least one under when"]),
    "fact twice": (
        rule([("one", ())], [("one", (asked("flag", "eq", True),))]),
        ["one: a rule can speak of a template once only (found 2 times)"],
    ),
    "no code": (rule([("one", ())], code="1-X"), ["code: the engine does not take this name"]),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_the_engine_would_misread_is_refused_in_words(case):
    wrong, says = REFUSED[case]
    with pytest.raises(Unsafe) as caught:
        compiled(wrong)
    message = str(caught.value)
    assert message.startswith(wrong.file)
    for part in says:
        assert part in message


def test_every_problem_of_a_rule_set_is_told_at_once():
    wrong = [one(asked("word", "eq", 5), asked("flag", "eq", 5)), one(asked("wrod", "eq", "a"))]
    wrong[1] = wrong[1].model_copy(update={"file": "rules/test/other.yaml"})
    with pytest.raises(InputError) as caught:
        compiled(*wrong)
    message = str(caught.value)
    assert len(message.splitlines()) == 4
    assert "this code is taken by rules/test/TST001-test.yaml" in message


@pytest.mark.parametrize("part", ["when", "unless"])
@pytest.mark.parametrize("stage", ["derive", "choose"])
def test_a_fact_is_read_only_after_the_stage_that_concludes_it(part, stage):
    maker = rule([("one", ())], stage="choose", derive="made")
    patterns = {"when": [("one", ())], "unless": []}
    patterns[part] = [*patterns[part], ("made", ())]
    reader = rule(**patterns, code="TST002", stage=stage)
    with pytest.raises(Unsafe) as caught:
        compiled(maker, reader)
    message = str(caught.value)
    assert message.startswith("rules/test/TST002-test.yaml: made: TST001 may conclude more")
    assert f"found stage {stage}" in message
    assert "Accepted: a stage after choose." in message
    compiled(maker, rule(**patterns, code="TST002", stage="judge"))


def test_the_values_under_in_count_as_rules():
    wide = one(*(asked("whole", "in", tuple(range(10))) for _ in range(4)))
    with pytest.raises(Unsafe) as caught:
        compiled(wide)
    message = str(caught.value)
    assert "10,000, of them 10,000 for this rule" in message
    assert "at most 4,000; shorten the lists" in message


def test_four_thousand_rules_are_too_many():
    rules = [rule([("one", ())], code=f"T{number}") for number in range(4001)]
    with pytest.raises(Unsafe, match="too many rules for the engine"):
        compiled(*rules)
    assert len(compiled(*rules[:4000]).variants) == 4000


def named(template="one", attribute="word", optional=False):
    attributes = {attribute: Attribute(type="str", says="x", optional=optional)}
    templates = {template: Template(says="x", attributes=attributes)}
    return rule([(template, (asked(attribute, "eq", "a"),))]), templates


@pytest.mark.parametrize("name", ["id", "sid", "tpl", "$s", "$time"])
def test_attributes_the_engine_has_a_use_for_are_refused(name):
    wrong, templates = named(attribute=name)
    with pytest.raises(Unsafe) as caught:
        compiled(wrong, templates=templates)
    assert str(caught.value).startswith("rules/templates.yaml: the engine")
    assert f"found {name}" in str(caught.value)


@pytest.mark.parametrize("name", ["ph", "m", "s", "warm_up", "all", "count", "name", "$lt"])
def test_templates_the_engine_has_a_use_for_are_refused(name):
    wrong, templates = named(template=name)
    with pytest.raises(Unsafe, match=r"the engine .*found") as caught:
        compiled(wrong, templates=templates)
    assert f"found {name}" in str(caught.value)


@pytest.mark.parametrize("name", ["Word", "a-b", "1a", "a b", "ä", "", "x" * 64])
def test_names_are_small_letters_digits_and_underscores(name):
    for wrong, templates in (named(template=name), named(attribute=name)):
        with pytest.raises(Unsafe, match="the engine does not take this name") as caught:
            compiled(wrong, templates=templates)
        assert "a small letter, then small letters, digits and _" in str(caught.value)


def test_the_flag_of_an_unknown_attribute_must_be_short_enough_too():
    wrong, templates = named(attribute="x" * 60, optional=True)
    with pytest.raises(Unsafe, match="found has_xxx"):
        compiled(wrong, templates=templates)
    compiled(*named(attribute="x" * 60)[:1], templates=named(attribute="x" * 60)[1])


def test_an_attribute_is_not_named_like_the_flag_of_another():
    attributes = {
        "word": Attribute(type="str", says="x", optional=True),
        "has_word": Attribute(type="bool", says="x"),
    }
    templates = {"one": Template(says="x", attributes=attributes)}
    wrong = one(asked("word", "eq", "a"), asked("has_word", "eq", True))
    with pytest.raises(Unsafe) as caught:
        compiled(wrong, templates=templates)
    assert "one.has_word: the engine is told with this name whether word is known" in str(
        caught.value
    )
    compiled(one(asked("word", "eq", "a")), templates=templates)


def test_names_with_one_hash_are_refused():
    first, second = "costarring", "liquid"
    assert fnv(first) == fnv(second)
    attributes = {name: Attribute(type="str", says="x") for name in (first, second)}
    templates = {"one": Template(says="x", attributes=attributes)}
    with pytest.raises(Unsafe, match="cannot tell this from costarring") as caught:
        compiled(one(asked(first, "eq", "a"), asked(second, "eq", "a")), templates=templates)
    assert "found liquid" in str(caught.value)
    templates = {name: Template(says="x", attributes={}) for name in (first, second)}
    with pytest.raises(Unsafe, match="cannot tell this from costarring"):
        compiled(rule([(first, ()), (second, ())]), templates=templates)


def test_hashes_are_those_of_the_engine():
    assert fnv("$lt") == 542787579
    assert fnv("id") == 926444256
    assert len({fnv(word) for word in OPERATORS}) == len(OPERATORS)


def test_a_template_has_no_more_attributes_than_the_engine_can_hold():
    attributes = {f"a{n}": Attribute(type="bool", says="x", optional=True) for n in range(126)}
    templates = {"one": Template(says="x", attributes=attributes)}
    tests = [asked(name, "eq", True) for name in attributes]
    with pytest.raises(Unsafe) as caught:
        compiled(one(*tests), templates=templates)
    assert "one: the rules read too many attributes of this template (found 255)" in str(
        caught.value
    )
    compiled(one(*tests[1:]), templates=templates)


def test_what_crowds_the_engine_is_spread_or_refused():
    apart = [rule([("one", (asked("number", "gt", float(n)),))], code=f"T{n}") for n in range(500)]
    assert compiled(*apart[:200]).pending < 40
    with pytest.raises(Unsafe) as caught:
        compiled(
            *(
                one(
                    asked("number", "gt", float(n)), asked("number", "lt", float(n + 1))
                ).model_copy(update={"entry": apart[n].entry})
                for n in range(500)
            ),
            *(
                one(asked("whole", "gt", n), asked("whole", "lt", n + 1)).model_copy(
                    update={"entry": apart[n].entry.model_copy(update={"code": f"U{n}"})}
                )
                for n in range(500)
            ),
        )
    message = str(caught.value)
    assert "too many conditions that may all hold for one fact" in message
    assert "at most 60; split the rule set" in message
    words = [rule([("one", (asked("word", "eq", str(n)),))], code=f"T{n}") for n in range(512)]
    with pytest.raises(Unsafe, match="too many different conditions under one kind of fact"):
        compiled(*words)
