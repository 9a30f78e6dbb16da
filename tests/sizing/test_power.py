"""Power: the curve under a cap against its sweeps, and what a rig draws, needs and costs."""

import json
import sys
from math import isclose

import pytest
from hypothesis import given as examples
from hypothesis import strategies as st

from advisor.knowledge import Knowledge
from advisor.model.plan import Member, Plan, Rig
from advisor.model.quantity import given, trace
from advisor.sizing import Request, Sizer
from advisor.sizing.power import watts
from advisor.sizing.power_cap import cap_share, cap_that_keeps_w, decode_draw_w, gentle_cap_w

KNOWLEDGE = Knowledge.load()
CARDS = st.sampled_from([d for d in KNOWLEDGE.devices.values() if d.form != "machine"])
DUTY = st.floats(0.05, 1.0)


def parameter(id):
    return KNOWLEDGE.parameter(id).number


@pytest.fixture(scope="module")
def fitting(root):
    """The script that fits the curve."""
    sys.path.insert(0, str(root / "benchmarks"))
    import power_cap

    yield power_cap
    sys.path.remove(str(root / "benchmarks"))


def test_the_constants_in_force_are_those_of_the_fit(fitting):
    found = fitting.fit(fitting.points(KNOWLEDGE), KNOWLEDGE)
    assert {name: pytest.approx(parameter(name), rel=0.02) for name in found} == found


def test_every_row_of_a_sweep_is_met_within_8_percent(fitting):
    every = fitting.points(KNOWLEDGE)
    assert len(every) >= 35
    assert {"T340", "T348", "T353", "T609"} <= {point.id for point in every}
    off = {p.id: p.estimate({}, KNOWLEDGE) / p.kept - 1 for p in every}
    assert {id: error for id, error in off.items() if abs(error) > 0.08} == {}


def test_decoding_seldom_draws_the_whole_limit():
    one, rtx_3090, rtx_4090 = 1.0, KNOWLEDGE.devices["rtx-3090"], KNOWLEDGE.devices["rtx-4090"]
    assert decode_draw_w(rtx_3090, one, False, parameter) == pytest.approx(300, rel=0.06)
    assert decode_draw_w(rtx_4090, one, False, parameter) == pytest.approx(275, rel=0.06)
    assert decode_draw_w(rtx_3090, one, True, parameter) < 270


@examples(CARDS, DUTY, st.booleans(), st.floats(0.3, 0.99))
def test_the_cap_that_keeps_a_share_keeps_that_share(card, duty, moe, kept):
    cap = cap_that_keeps_w(card, kept, duty, moe, parameter)
    assert isclose(cap_share(card, cap, duty, moe, parameter), kept, rel_tol=1e-6)


@examples(CARDS, DUTY, st.booleans())
def test_a_gentle_cap_keeps_nearly_all_speed_and_is_no_higher_than_the_limit(card, duty, moe):
    cap = gentle_cap_w(card, duty, moe, parameter)
    assert card.tdp_w / 2 <= cap <= card.tdp_w
    assert cap_share(card, cap, duty, moe, parameter) >= parameter("gentle-cap-keeps")


@examples(CARDS, DUTY, DUTY, st.booleans())
def test_a_card_that_works_less_draws_less(card, duty, other, moe):
    low, high = sorted((duty, other))
    draws = [decode_draw_w(card, d, moe, parameter) for d in (low, high)]
    assert draws[0] <= draws[1] <= card.tdp_w


def plan(devices, model="llama-3.3-70b", split="layer", nodes=1, **more):
    members = tuple(Member(device=KNOWLEDGE.find_device(d), count=n) for d, n in devices.items())
    rig = Rig(slug="rig", title="rig", members=members, link="pcie", nodes=nodes, **more)
    return Plan(
        id="plan",
        rig=rig,
        model=KNOWLEDGE.find_model(model),
        quant=KNOWLEDGE.find_quant("q4_k_m"),
        kv="f16",
        split=split,
        runtime="llama.cpp",
    )


RIGS = st.dictionaries(
    st.sampled_from(("rtx-3090", "rtx-4090", "rtx-5090", "a100-pcie-80gb", "r9700")),
    st.integers(1, 4),
    min_size=1,
    max_size=2,
)


@examples(RIGS, st.sampled_from(("layer", "tensor")), st.none() | st.floats(120, 600))
def test_idle_is_below_decoding_and_decoding_below_the_limit(devices, split, cap):
    found = watts(plan(devices, split=split, power_cap_w=cap), KNOWLEDGE)
    assert 0 < found.idle_w < found.decode_w <= found.system_w
    assert found.gpu_w < found.transient_w <= found.psu_needed_w * parameter("psu-efficiency")
    assert found.heat_btu_h == pytest.approx(3.412 * found.system_w)


@examples(RIGS, st.sampled_from(("layer", "tensor")))
def test_a_gentle_cap_costs_no_more_speed_than_asked(devices, split):
    found = watts(plan(devices, split=split), KNOWLEDGE)
    assert 0 <= found.gentle_cap_loses_percent <= 100 * (1 - parameter("gentle-cap-keeps")) + 1e-9
    assert 0 <= found.gentle_cap_saves_w < found.gpu_w


def test_cards_in_layer_split_take_turns():
    one, four = (watts(plan({"rtx-3090": n}), KNOWLEDGE) for n in (1, 4))
    assert four.decode_w < 4 * one.decode_w * 0.75
    assert four.gentle_cap_w < one.gentle_cap_w


def test_copies_on_machines_of_their_own_wait_for_nothing():
    one = watts(plan({"rtx-3090": 1}, split="none"), KNOWLEDGE)
    two = watts(plan({"rtx-3090": 2}, split="replica", nodes=2), KNOWLEDGE)
    assert two.decode_w == pytest.approx(2 * one.decode_w)
    assert two.gentle_cap_w == one.gentle_cap_w


def test_one_cap_for_unlike_cards_is_gentle_to_each():
    found = watts(plan({"rtx-4090": 1, "rtx-3090": 1}), KNOWLEDGE)
    for name in ("rtx-4090", "rtx-3090"):
        card = KNOWLEDGE.devices[name]
        kept = cap_share(card, found.gentle_cap_w, 0.5, False, parameter)
        assert kept >= parameter("gentle-cap-keeps")
        assert 100 * (1 - kept) <= found.gentle_cap_loses_percent + 1e-9


def test_a_machine_with_two_3090s_draws_what_was_measured_at_the_wall():
    # without caps 760 W under load and 90 W with no model loaded
    found = watts(plan({"rtx-3090": 2}, split="tensor"), KNOWLEDGE)
    assert found.decode_w < 760 < found.system_w
    assert found.idle_w == pytest.approx(90, abs=25)


def test_a_year_is_paid_by_the_hours_of_use_and_the_hours_of_waiting(tmp_path):
    own = [
        ("electricity-usd-per-kwh", "price of a kilowatt hour", "USD", 0.4),
        ("hours-per-day", "hours a day under load", "h", 8),
    ]
    entries = [
        {
            "id": id,
            "label": label,
            "unit": unit,
            "values": [
                {"from": "2026-12-01", "value": v, "grade": "assumed", "sources": [{"id": "me"}]}
            ],
            "review_by": "2027-12-01",
        }
        for id, label, unit, v in own
    ]
    me = {"id": "me", "title": "My bill", "locator": "my last bill", "date": "2026-12-01"}
    (tmp_path / "parameters.yaml").write_text(json.dumps(entries))
    (tmp_path / "sources.yaml").write_text(json.dumps([me]))
    mine = Knowledge.load((tmp_path,))
    shipped, found = (watts(plan({"rtx-3090": 2}), k) for k in (KNOWLEDGE, mine))
    assert found.decode_w == shipped.decode_w
    a_day = found.decode_w * 8 + found.idle_w * 16
    assert found.usd_per_year == pytest.approx(a_day / 1000 * 365 * 0.4)
    request = Request(given("c", "context", 8192, "tokens"), given("u", "users", 1))
    bill = Sizer(mine).size(plan({"rtx-3090": 2}), request).figures["usd_per_year"]
    assert "x 8 h" in bill.formula
    assert "x $0.4" in bill.formula
    assert "me" in {cite for node in trace((bill,)) for cite in node.cites}


def test_a_processor_alone_draws_what_its_host_does():
    found = watts(plan({}, split="cpu-offload"), KNOWLEDGE)
    assert found.gpu_w == found.transient_w == found.psu_needed_w == found.gentle_cap_w == 0
    assert (
        found.decode_w
        == found.system_w
        == pytest.approx(parameter("host-consumer-w") / parameter("psu-efficiency"))
    )
    assert found.idle_w == parameter("idle-host-w")


def test_a_rented_machine_draws_nothing_here():
    found = watts(plan({"h100-sxm-80gb": 4}, rental=True), KNOWLEDGE)
    assert set(vars(found).values()) == {0}
