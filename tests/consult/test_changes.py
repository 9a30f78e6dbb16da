"""The nearest changes that flip the advice."""

from pathlib import Path

import pytest
from consulted import briefly

from advisor import api

CORPUS = Path(__file__).parents[1] / "corpus"


def stated(name):
    person = api.read_profile(CORPUS / f"{name}.yaml")
    return {field: value for field, value in person.to_dict().items() if field in person.given}


def answer(advice):
    return advice.recommendation.slug if advice.recommendation else advice.verdict, advice.verdict


@pytest.mark.parametrize("name", ["add-a-3090", "quiet-120b-mac", "moe-120b-small-card"])
def test_every_change_told_flips_the_advice_to_what_it_says(name, consulted):
    advice = consulted(CORPUS / f"{name}.yaml").advice
    assert advice.would_change
    for change in advice.would_change:
        other = briefly(stated(name) | change.set)
        assert answer(other)[0] == change.then
        assert answer(other) != answer(advice)


@pytest.mark.parametrize(
    ("name", "field", "step"),
    [("add-a-3090", "budget_usd", 10), ("add-a-3090", "power_limit_w", 10)],
)
def test_a_number_is_taken_back_to_where_the_advice_turns(name, field, step, consulted):
    data, advice = stated(name), consulted(CORPUS / f"{name}.yaml").advice
    (change,) = [c for c in advice.would_change if field in c.set]
    nearer = change.set[field] + (step if change.set[field] < data[field] else -step)
    assert answer(briefly(data | {field: nearer}))[0] == answer(advice)[0]
