"""What advice says of other builds, of the guide's targets and of its tiers, and when it is silent.

Every figure in a sentence is held against the builds of the same advice.
"""

import csv

import pytest
from consulted import briefly as advise

from advisor import api
from advisor.resources import knowledge_dir

TOPICS = tuple(f"STA6{tens}" for tens in (0, 2, 4, 5, 6))
SEVENTY = {"target_model": "llama-3.3-70b", "os": "linux"}
MIX = SEVENTY | {"considering": ["2x rtx-4090"]}
CODER = {
    "target_model": "qwen2.5-coder-32b",
    "workload": "coding",
    "budget_usd": 3500,
    "context_tokens": 16384,
    "noise": "living-room",
    "os": "linux",
    "priorities": ["speed", "simplicity"],
}
HOBBY = {"target_model": "qwen3-32b", "budget_usd": 2000, "vendors": ["nvidia"], "os": "linux"}


def said(advice):
    """The statements of these topics by the code of their rule."""
    rules = {node.id: node.rule or "" for node in advice.trace}
    told = {rules[statement.node]: statement.text for statement in advice.statements}
    return {code: text for code, text in told.items() if code.startswith(TOPICS)}


def beside(advice, slug):
    """The recommended build and the other one named."""
    (other,) = (build for build in advice.alternatives if build.slug == slug)
    return advice.recommendation, other


def middle(build):
    return (build.price_usd.low + build.price_usd.high) / 2


def usd(build):
    low, high = build.price_usd.low, build.price_usd.high
    return f"${low:,.0f}" if low == high else f"${low:,.0f}–${high:,.0f}"


def percent(mine, theirs):
    return f"{100 * mine / theirs:.0f} percent"


def speed(build):
    return build.speed.decode_tok_s.expected


def prefill(build):
    return build.speed.prefill_tok_s.expected


def measured(row):
    path = knowledge_dir() / "measurements" / "throughput.csv"
    with path.open(newline="", encoding="utf-8") as file:
        return next(float(r["decode_tok_s"]) for r in csv.DictReader(file) if r["id"] == row)


class TestComparisons:
    def test_two_3090s_against_two_4090s(self):
        advice = advise(MIX)
        pick, other = beside(advice, "2x-rtx-4090")
        assert pick.slug == "2x-rtx-3090-nvlink"
        text = said(advice)["STA643"]
        assert f"comes to {percent(middle(pick), middle(other))} of the price" in text
        assert f"({usd(pick)} against {usd(other)})" in text
        assert f"decodes at {percent(speed(pick), speed(other))} of their speed" in text
        assert f"reads prompts at {percent(prefill(pick), prefill(other))}" in text

    def test_one_5090_against_one_4090(self):
        advice = advise(CODER)
        pick, other = beside(advice, "1x-rtx-4090")
        assert pick.slug == "1x-rtx-5090"
        text = said(advice)["STA646"]
        assert f"at {speed(other):.0f} tok/s for each request instead of {speed(pick):.0f}" in text
        assert f"for {usd(other)} instead of {usd(pick)}" in text
        assert f"room for {other.fit.max_context_tokens:,} tokens" in text

    def test_cards_against_a_mac(self):
        advice = advise(
            {"target_model": "llama-3.3-70b", "considering": ["mac-studio-m5-max-64gb"]}
        )
        pick, other = beside(advice, "mac-studio-m5-max-64gb")
        text = said(advice)["STA650"]
        assert f"{other.title} ({usd(other)})" in text
        assert f"decodes your model at {percent(speed(pick), speed(other))} of the speed" in text
        watts = f"{other.power.system_w:,.0f} W at the wall against {pick.power.system_w:,.0f} here"
        assert watts in text
        assert f"{other.fit.usable_gib:.0f} GiB of it, and {pick.fit.usable_gib:.0f} GiB" in text

    def test_one_mac_against_a_cluster(self):
        cluster = "4x-mac-mini-m5-pro-64gb-exo"
        advice = advise(
            {
                "target_model": "qwen3-235b-a22b",
                "vendors": ["apple"],
                "considering": [cluster],
                "budget_usd": 12000,
            }
        )
        pick, other = beside(advice, cluster)
        text = said(advice)["STA651"]
        assert f"{percent(speed(pick), speed(other))} of the cluster's speed" in text
        assert f"would cost {usd(other)} where this machine costs {usd(pick)}" in text

    def test_hours_of_rent_that_pay_for_the_modules(self):
        advice = advise(
            SEVENTY
            | {"users": 64, "workload": "serving", "budget_usd": 4000, "priorities": ["speed"]}
        )
        assert advice.recommendation.slug.startswith("rent-4x-h100")
        knowledge = api.knowledge()
        price = knowledge.price("h100-sxm-80gb", "used")
        low = 4 * price.low_usd / (4 * knowledge.parameter("rent-h100-hour-high-usd").number)
        high = 4 * price.high_usd / (4 * knowledge.parameter("rent-h100-hour-low-usd").number)
        text = said(advice)["STA660"]
        assert f"${4 * price.low_usd:,.0f}–${4 * price.high_usd:,.0f} for the modules" in text
        assert f"{low:,.0f} to {high:,.0f} hours" in text

    def test_nothing_is_compared_for_somebody_who_buys_nothing(self):
        advice = advise(SEVENTY | {"existing_cards": {"rtx-3090": 2}, "nvlink_bridges": 1})
        assert advice.recommendation.price_usd.high == 0
        assert not any(code.startswith(("STA64", "STA65")) for code in said(advice))

    def test_an_owner_of_a_mac_is_not_told_of_clusters(self):
        mac = {"existing_cards": {"mac-studio-m2-ultra-192gb": 1}, "vendors": ["apple"]}
        advice = advise({"target_model": "llama-3.3-70b"} | mac)
        assert advice.recommendation.slug == "mac-studio-m2-ultra-192gb"
        assert "STA651" not in said(advice)


class TestTargets:
    def test_the_guides_figure_beside_the_nearest_run(self):
        text = said(advise(MIX))["STA600"]
        assert "expects 25–32 tok/s of this build" in text
        assert f"gave {measured('T104'):.0f}–{measured('T017'):.0f} tok/s" in text

    def test_a_build_without_such_a_run_is_said_to_have_none(self):
        text = said(advise(CODER))["STA604"]
        assert "no published run" in text

    def test_a_model_of_another_size_is_not_held_against_it(self):
        pair = {"existing_cards": {"rtx-3090": 2}, "nvlink_bridges": 1}
        long = {"target_model": "qwen3-32b", "quant": "Q4", "users": 4, "context_tokens": 16384}
        advice = advise(long | pair)
        assert advice.recommendation.slug == "2x-rtx-3090-nvlink"
        assert not any(code.startswith("STA60") for code in said(advice))


class TestTiers:
    def test_a_tier_that_costs_more_than_the_guide_says(self):
        advice = advise(MIX)
        build = advice.recommendation
        text = said(advice)["STA621"]
        assert "“power user”, $1,500–$2,500" in text
        assert f"the whole machine to {usd(build)}" in text
        assert f"up to ${build.price_usd.high - 2500:,.0f} more" in text

    def test_a_tier_beyond_the_budget(self):
        advice = advise(HOBBY)
        (tier,) = api.catalog("tiers", "prosumer")
        low, high = (tier["system_usd"][end] for end in ("low", "high"))
        text = said(advice)["STA627"]
        assert f"${low:,.0f}–${high:,.0f} for the whole machine" in text
        assert f"at least ${low - 2000:,.0f} more than you have" in text
        assert f"{advice.recommendation.title} at {usd(advice.recommendation)}" in text

    def test_a_budget_for_the_cards_is_held_against_the_cards(self):
        advice = advise(HOBBY | {"budget_covers": "cards"})
        assert "STA627" not in said(advice)
        assert "It would run your model too" in said(advice)["STA624"]

    @pytest.mark.parametrize(
        "change",
        [
            {"existing_cards": {"rtx-3090": 1}},
            {"vendors": ["amd"]},
            {"budget_usd": None},
        ],
        ids=["owns half of it", "wants another vendor", "names no budget"],
    )
    def test_silent_where_a_tier_is_none_of_their_business(self, change):
        fields = {k: v for k, v in (HOBBY | change).items() if v is not None}
        advice = advise(fields)
        assert advice.recommendation is not None
        assert not any(code in said(advice) for code in ("STA624", "STA625", "STA627"))
