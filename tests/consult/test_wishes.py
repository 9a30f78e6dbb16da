"""What single fields of the profile do to the advice."""

import pytest
from consulted import briefly

from advisor import api
from advisor.errors import InputError
from advisor.profiles import profile_from

PAIR = {"target_model": "llama-3.3-70b", "existing_cards": {"rtx-3090": 2}, "nvlink_bridges": 1}


def advise(**fields):
    return briefly(PAIR | fields)


def said(advice, rule):
    nodes = {node.id: node for node in advice.trace}
    return [s.text for s in advice.statements if nodes[s.node].rule == rule]


def test_a_later_model_that_fits_is_said_to_fit():
    (text,) = said(advise(later_model="qwen3-32b"), "STA421")
    assert "Qwen3-32B" in text


def test_a_later_model_that_does_not_fit_is_said_to_miss_by_its_gap():
    advice = advise(later_model="qwen3-235b-a22b")
    (text,) = said(advice, "STA422")
    node = next(node for node in advice.trace if node.id == "later.headroom_gib")
    assert f"{-node.value:.1f} GiB short" in text
    assert said(advice, "STA421") == []


def test_no_later_model_is_not_spoken_of():
    advice = advise()
    assert [said(advice, rule) for rule in ("STA421", "STA422", "STA423")] == [[], [], []]


def test_an_unknown_later_model_is_refused_by_its_own_field():
    with pytest.raises(InputError, match=r"later_model.*nosuchmodel"):
        advise(later_model="nosuchmodel")


def test_a_machine_that_was_never_sold_is_read_openly():
    advice = briefly(
        {"target_model": "llama-3.3-70b", "existing_cards": {"mac-studio-m3-ultra-192gb": 1}}
    )
    assert advice.recommendation.slug == "mac-studio-m2-ultra-192gb"
    assert any("never sold" in reading for reading in advice.readings)
    assert advice.dissent[0].erratum == "B1"


def test_a_power_cap_lowers_watts_and_is_in_their_history():
    free, capped = advise(), advise(gpu_power_cap_w=250)
    assert free.recommendation.power.gpu_w == 700
    assert capped.recommendation.power.gpu_w == 500
    nodes = {node.id: node for node in capped.trace}
    gpu = next(node for node in capped.trace if node.id.endswith(".gpu_w"))
    assert "profile.gpu_power_cap_w" in gpu.inputs
    assert nodes["profile.gpu_power_cap_w"].kind == "given"


@pytest.mark.parametrize(
    ("sockets", "rule"), [((), "WRN007"), ((0, 1), "WRN031"), ((1, 1), "WRN032")]
)
def test_where_the_cards_sit_decides_what_is_warned_of(sockets, rule):
    advice = advise(cpu_sockets=2, gpu_sockets=list(sockets), board="server")
    assert [w.rule for w in advice.warnings if w.id == "numa-placement"] == [rule]


def test_stated_slots_are_the_lanes_of_the_link():
    advice = advise(pcie="3.0 x4/x4", nvlink_bridges=0, considering=["2x rtx-3090"])
    nodes = {node.id: node for node in advice.trace}
    lanes = next(n for n in advice.trace if n.label == "lanes of the narrowest GPU slot")
    assert lanes.value == 4
    assert nodes["profile.pcie"].id in lanes.inputs
    assert "pcie-lane-starvation" in [w.id for w in advice.warnings]


@pytest.mark.parametrize("pcie", ["1.0 x1/x1", "2.0 x16/x4", "6.0 x16/x16"])
def test_slots_of_every_generation_are_sized(pcie):
    assert advise(pcie=pcie, nvlink_bridges=0, considering=["2x gtx-580"]).statements


def test_a_thousand_cards_are_a_bill_and_not_a_crash():
    many = {"existing_cards": {"rtx-3090": 1024}, "nvlink_bridges": 0, "budget_usd": 100_000}
    assert api.consult(profile_from(PAIR | many, "test")).verdict
