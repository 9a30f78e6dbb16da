"""Why not this build, and what if that were different."""

import json

import pytest
from consulted import CORPUS, brief

from advisor import api
from advisor.errors import InputError
from advisor.profiles import profile_from

EXAMPLE = next(path for path in CORPUS if path.stem == "add-a-3090")


def ask(build):
    with brief():
        advice = api.consult(api.read_profile(EXAMPLE, ()), (), build)
    assert advice.why_not is not None
    return advice, advice.why_not


def test_a_rejected_build_names_each_rule_with_figure_and_limit_nearest_first():
    advice, why = ask("2x rtx-4090")
    assert why.build == "2x-rtx-4090"
    shown = [(c.rule, c.actual, c.needed) for c in why.conditions]
    assert shown == [
        ("PWR001", "1,222 W", "at most 1,200 W"),
        ("BUD001", "$2,800", "at most $2,500"),
    ]
    assert {c.node for c in why.conditions} <= {node.id for node in advice.trace}


def test_a_build_ranked_lower_is_held_against_the_step_that_dropped_it():
    advice, why = ask("2x-rtx-3090")
    (condition,) = why.conditions
    assert condition.text == "the speed of one stream"
    assert "at least" in condition.needed
    assert advice.recommendation.title in condition.needed
    assert condition.node in {node.id for node in advice.trace}


def test_a_build_nobody_had_in_mind_is_judged_too():
    _, why = ask("3x rtx-4090")
    assert {c.rule for c in why.conditions} >= {"BUD001", "SLT001"}


def test_the_recommendation_has_nothing_against_it():
    _, why = ask("2x-rtx-3090-nvlink")
    assert why.conditions == ()


def test_an_unknown_build_is_refused_with_the_nearest():
    with pytest.raises(InputError, match=r"--why-not.*rtx-9090.*Did you mean"):
        ask("2x rtx-9090")


@pytest.mark.parametrize("path", CORPUS, ids=lambda path: path.stem)
def test_every_rejected_build_of_the_corpus_has_conditions_of_its_own_rules(path, consulted):
    for contrasted in consulted(path).contrasts.values():
        conditions = contrasted.why.conditions
        if contrasted.rejected_by is None:
            assert len(conditions) == (not contrasted.first)
        else:
            assert {condition.rule for condition in conditions} == contrasted.rejected_by
            assert all(c.actual != c.needed for c in conditions)


def test_what_if_shows_the_other_advice_and_what_changed():
    person = profile_from({"target_model": "llama-3.3-70b", "existing_cards": "2x rtx-3090"}, "p")
    advice = api.what_if(api.consult(person), person, ["target_model=qwen3-32b", "users=4"])
    other = advice.what_if
    assert other.set == {"target_model": "qwen3-32b", "users": 4}
    assert other.advice == api.consult(
        profile_from(
            {"target_model": "qwen3-32b", "users": 4, "existing_cards": {"rtx-3090": 2}}, "p"
        )
    )
    assert any(change.startswith("longest context:") for change in other.changes)
    assert "What if target_model = qwen3-32b, users = 4" in api.render(advice, "markdown").replace(
        "\\", ""
    )


def test_the_parts_are_there_only_when_asked_for():
    person = api.read_profile(EXAMPLE, ())
    with brief():
        plain, asked = (
            json.loads(api.render(api.consult(person, (), build), "json"))
            for build in (None, "1x-rtx-4090")
        )
    assert {"why_not", "what_if"}.isdisjoint(plain)
    assert set(asked) - set(plain) == {"why_not"}
    assert {key: asked[key] for key in ("verdict", "recommendation", "rejected")} == {
        key: plain[key] for key in ("verdict", "recommendation", "rejected")
    }
