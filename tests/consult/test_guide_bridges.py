"""In the guide's view, what is missing between cards that are owned is a bridge, not more cards."""

from advisor import api
from advisor.yamlio import Document

PAIR = {
    "target_model": "llama-3.3-70b",
    "existing_cards": {"rtx-3090": 2},
    "board": "workstation",
    "os": "linux",
}


def by_the_guide(**fields):
    wishes = PAIR | fields
    person = api.profile_from(wishes, "somebody", Document("somebody", wishes))
    return api.consult(person, guide=True)


def test_a_pair_under_vllm_gets_a_bridge_and_no_more_cards():
    advice = by_the_guide(runtime="vllm")
    assert advice.verdict == "add"
    assert advice.recommendation.slug == "2x-rtx-3090-nvlink"
    headline = advice.statements[0]
    assert next(n for n in advice.trace if n.id == headline.node).rule == "GDE075"


def test_a_bridged_pair_is_kept():
    advice = by_the_guide(runtime="vllm", nvlink_bridges=1)
    assert advice.verdict == "keep"
    assert advice.recommendation.slug == "2x-rtx-3090-nvlink"


def test_a_pair_that_llama_cpp_may_run_is_kept_as_it_is():
    advice = by_the_guide()
    assert advice.verdict == "keep"
    assert advice.recommendation.slug == "2x-rtx-3090"
