"""When nothing meets every wish: what bends, how little, and whether that really helps."""

from pathlib import Path

import pytest
from consulted import briefly

from advisor import api
from advisor.profiles import profile_from
from advisor.rulebase.load import RuleBase

TINY = {"target_model": "llama-3.3-70b", "budget_usd": 500, "rent_ok": False}
WISHES = {
    "a small budget": TINY,
    "a quiet 405B for little money": {
        "target_model": "llama-3.1-405b",
        "budget_usd": 3000,
        "noise": "quiet",
        "rent_ok": False,
    },
    "several things at once": {
        "target_model": "llama-3.1-405b",
        "quant": "q8_0",
        "budget_usd": 800,
        "context_tokens": 32768,
        "min_tok_s": 30,
        "noise": "silent",
        "power_limit_w": 300,
        "rent_ok": False,
    },
    "a context no card holds": {
        "target_model": "llama-3.3-70b",
        "context_tokens": 131072,
        "budget_usd": 2600,
        "rent_ok": False,
        "vendors": ["nvidia"],
    },
    "FP8 on what is owned": {
        "target_model": "llama-3.3-70b",
        "existing_cards": {"rtx-3090": 2},
        "budget_usd": 0,
        "needs": ["cuda", "fp8"],
        "rent_ok": False,
    },
    "more users than fit": {
        "target_model": "qwen3-32b",
        "existing_cards": {"rtx-3090": 2},
        "budget_usd": 0,
        "users": 200,
        "rent_ok": False,
    },
}


def consult(data, **more):
    return api.consult(profile_from({**data, **more}, "person"))


@pytest.fixture(scope="module")
def advised():
    return {name: consult(data) for name, data in WISHES.items()}


@pytest.mark.parametrize("name", WISHES)
def test_what_bends_yields_the_build_it_names(advised, name):
    advice = advised[name]
    assert advice.verdict == "no-viable-build"
    assert advice.recommendation is None
    assert advice.would_change
    shown = {build.slug: build.relaxed for build in reversed(advice.alternatives)}
    assert set(shown) == {change.then for change in advice.would_change}
    assert advice.alternatives[0].relaxed == tuple(advice.would_change[0].set)
    for change in advice.would_change:
        then = briefly(WISHES[name] | change.set)
        assert then.verdict != "no-viable-build"
        assert then.recommendation.slug == change.then


@pytest.mark.parametrize("name", WISHES)
def test_the_headline_names_the_smallest_bending(advised, name):
    first = advised[name].alternatives[0]
    assert first.title in advised[name].statements[0].text


def test_a_budget_bends_by_no_more_than_it_takes(advised):
    change = next(c for c in advised["a small budget"].would_change if "budget_usd" in c.set)
    asked = change.set["budget_usd"]
    assert consult(TINY, budget_usd=asked - 10).verdict == "no-viable-build"
    assert f"${asked:,.0f} instead of $500" in change.text


def test_users_bend_to_as_many_as_are_served(advised):
    change = next(c for c in advised["more users than fit"].would_change if "users" in c.set)
    served = change.set["users"]
    assert 1 <= served < 200
    more = consult(WISHES["more users than fit"], users=served + 1)
    assert more.verdict == "no-viable-build"


def test_one_wish_is_bent_where_one_is_enough(advised):
    assert all(len(b.relaxed) == 1 for b in advised["a small budget"].alternatives)
    assert all(len(b.relaxed) > 1 for b in advised["several things at once"].alternatives)


def test_the_bent_wish_is_assumed_and_the_stated_one_given(advised):
    nodes = {node.id: node for node in advised["a small budget"].trace}
    assert nodes["profile.budget_usd"].kind == "given"
    assert nodes["profile.budget_usd"].value == 500
    bent = nodes["budget_usd:profile.budget_usd"]
    assert bent.kind == "assumed"
    assert bent.value > 500


def test_somebody_with_a_viable_build_bends_nothing():
    advice = consult(TINY, budget_usd=3500)
    assert advice.recommendation.relaxed == ()
    assert all(build.relaxed == () for build in advice.alternatives)


def test_nothing_to_spend_and_nothing_owned_asks_what_is_there():
    advice = consult({"target_model": "70b", "budget_usd": 0})
    assert advice.verdict == "need-facts"
    assert advice.asks == ("existing_cards",)
    assert not advice.warnings
    assert "please state  existing_cards" in api.render(advice, "text")


def test_a_fault_without_hardware_asks_for_the_hardware():
    advice = consult({"target_model": "70b", "symptoms": ["oom"]})
    assert advice.verdict == "need-facts"
    assert advice.asks == ("existing_cards",)


def test_the_ranking_says_what_decided_and_by_how_much(consulted):
    advice = consulted(Path(__file__).parents[1] / "corpus" / "add-a-3090.yaml").advice
    *before, last = advice.ranking
    assert last.decided
    assert not any(step.decided for step in before)
    assert (last.recommendation, last.runner_up) == ("34 tok/s", "31 tok/s")
    assert any("34 tok/s against 31 tok/s" in s.text for s in advice.statements)
    own, other = advice.recommendation, advice.alternatives[0]
    price = next(step for step in before if step.figure == "price_mid_usd")
    assert price.tolerance == 0.1
    for build, text in ((own, price.recommendation), (other, price.runner_up)):
        assert text == f"${(build.price_usd.low + build.price_usd.high) / 2:,.0f}"


def test_every_asking_rule_asks_for_fields_of_the_profile():
    base: RuleBase = api.rulebase()
    asking = [rule for rule in base.rules if rule.then.conclude == "need-facts"]
    assert asking
    assert all(rule.then.asks for rule in asking)
