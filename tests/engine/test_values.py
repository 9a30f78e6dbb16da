"""How values are written for the engine, and which it must not be given."""

import math

import pytest

from advisor.engine import EngineError
from advisor.engine.values import Encoder
from advisor.model.facts import Fact
from advisor.rulebase.rule import Attribute, Template


def encoded(kind, value, optional=False):
    attribute = Attribute(type=kind, says="x", optional=optional)
    template = Template(says="x", attributes={"a": attribute})
    values = {} if value is None else {"a": value}
    return Encoder(template, ["a"])(Fact.model_construct(kind="t", name="f", values=values))


@pytest.mark.parametrize(
    ("kind", "value", "text"),
    [
        ("float", 1e22, '"a":1.0e+22'),
        ("float", 1.5e-9, '"a":1.5e-09'),
        ("float", 5e-324, '"a":5.0e-324'),
        ("float", -0.0, '"a":0.0'),
        ("float", 3, '"a":3.0'),
        ("float", -(2**53), '"a":-9007199254740992.0'),
        ("int", 2**53, '"a":9007199254740992'),
        ("bool", True, '"a":true'),
        ("str", "", '"a":""'),
        ("str", '{"id":"7"', '"a":"{\\"id\\":\\"7\\""'),
        ("str", "ü\ud800\0", '"a":"\\u00fc\\ud800\\u0000"'),
        ("str", "x" * 4096, f'"a":"{"x" * 4096}"'),
    ],
)
def test_values_are_written_as_the_engine_reads_them(kind, value, text):
    assert encoded(kind, value) == "," + text


@pytest.mark.parametrize(
    ("kind", "value", "says"),
    [
        ("float", math.nan, "nan, not a finite number"),
        ("float", math.inf, "inf, not a finite number"),
        ("float", 2**53 + 1, "9007199254740993, not a finite number"),
        ("float", True, "True, not a finite number"),
        ("float", "1", "'1', not a finite number"),
        ("int", 2**53 + 1, "9007199254740993, not a whole number"),
        ("int", True, "True, not a whole number"),
        ("int", 1.0, "1.0, not a whole number"),
        ("str", 5, "5, not text"),
        ("str", "x" * 4097, "not text of at most 4,096 characters"),
        ("bool", 1, "1, not true or false"),
        ("bool", None, "'missing', not true or false"),
        ("str", None, "'missing', not text"),
    ],
)
def test_values_the_engine_would_misread_are_refused(kind, value, says):
    with pytest.raises(EngineError) as caught:
        encoded(kind, value)
    assert str(caught.value).startswith("t f: a is ")
    assert says in str(caught.value)


@pytest.mark.parametrize(
    ("kind", "value", "blank"),
    [("int", 4, "0"), ("float", 0.5, "0.0"), ("str", "x", '""'), ("bool", True, "false")],
)
def test_what_may_be_unknown_carries_a_flag(kind, value, blank):
    assert encoded(kind, None, optional=True) == f',"has_a":false,"a":{blank}'
    known = encoded(kind, value, optional=True)
    assert known.startswith(',"has_a":true,"a":')
    assert known.endswith(encoded(kind, value).removeprefix(',"a":'))
