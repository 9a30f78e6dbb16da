"""What advice tells of watts and dollars, and that every figure of it stands in the trace."""

import json

import pytest
from consulted import brief, briefly

from advisor.cli import run

PAIR = {"target_model": "llama-3.3-70b", "existing_cards": {"rtx-3090": 2}, "nvlink_bridges": 1}
NEW = {"target_model": "qwen3-32b", "considering": ["1x rtx-3090"], "vendors": ["nvidia"]}


def advise(base, **fields):
    return briefly(base | fields)


def node(advice, ending):
    found = [n for n in advice.trace if n.id.startswith(advice.recommendation.slug + ":")]
    return next(n for n in found if n.id.endswith(ending))


def test_the_circuit_is_told_by_how_much_of_its_continuous_load_is_taken():
    advice = advise(PAIR, circuit="120V 15A")
    power = advice.recommendation.power
    assert power.circuit_w == 120 * 15 * 0.8
    assert power.circuit_share == pytest.approx(power.system_w / 1440)
    share = node(advice, ".circuit_share")
    assert share.value == power.circuit_share
    assert "profile.circuit_w" in share.inputs


def test_no_circuit_stated_is_no_share():
    power = advise(PAIR).recommendation.power
    assert (power.circuit, power.circuit_w, power.circuit_share) == (None, None, None)


def test_a_circuit_holds_after_the_cap_that_is_named():
    four = {"target_model": "llama-3.3-70b", "existing_cards": {"rtx-3090": 4}, "psu_w": 2400}
    free = advise(four, circuit="120V 15A").recommendation.power
    capped = advise(four, circuit="120V 15A", gpu_power_cap_w=free.gentle_cap_w)
    assert free.circuit_share > 1 >= capped.recommendation.power.circuit_share
    assert capped.recommendation.power.gentle_cap_saves_w == 0
    assert free.gpu_w - capped.recommendation.power.gpu_w == free.gentle_cap_saves_w


def test_the_cap_is_told_with_watts_saved_and_speed_lost():
    advice = advise(PAIR)
    power = advice.recommendation.power
    rules = {n.id: n.rule for n in advice.trace}
    (said,) = [s.text for s in advice.statements if rules[s.node] == "STA503"]
    assert f"{power.gentle_cap_w:.0f} W on each" in said
    assert f"{power.gentle_cap_saves_w:.0f} W off" in said
    assert f"about {power.gentle_cap_loses_percent:.0f} percent" in said
    assert node(advice, ".gentle_cap_saves_w").value == power.gentle_cap_saves_w


@pytest.mark.parametrize(
    ("part", "line"),
    [
        ({"psu_w": 1200}, "supply of 1,200 W"),
        ({"board": "consumer"}, "consumer board"),
        ({"system_ram_gb": 64}, "64 GB of memory"),
    ],
)
def test_an_owned_part_stands_in_the_bill_at_nothing(part, line):
    bare, owning = (advise(NEW, **fields).recommendation for fields in ({}, part))
    assert bare.slug == owning.slug
    owned = [item for item in owning.price_usd.items if item.owned]
    assert [(item.what, item.low, item.high) for item in owned] == [(line, 0, 0)]
    assert owning.price_usd.low < bare.price_usd.low
    assert owning.price_usd.high < bare.price_usd.high


def test_every_price_tells_its_age_and_the_sum_that_of_the_oldest():
    price = advise(NEW).recommendation.price_usd
    assert price.low == sum(item.low for item in price.items)
    assert price.high == sum(item.high for item in price.items)
    assert all(item.as_of and item.age_days > 0 for item in price.items)
    assert price.age_days == max(item.age_days for item in price.items)
    assert price.as_of == min(item.as_of for item in price.items)


def test_the_tariff_of_an_overlay_is_in_the_bill(tmp_path, capfd):
    entry = {
        "id": "electricity-usd-per-kwh",
        "label": "price of a kilowatt hour",
        "unit": "USD",
        "values": [
            {
                "from": "2026-11-25",
                "value": 0.34,
                "grade": "assumed",
                "sources": [{"id": "assumption"}],
            }
        ],
        "review_by": "2027-11-25",
    }
    (tmp_path / "parameters.yaml").write_text(json.dumps([entry]))
    profile = tmp_path / "me.json"
    profile.write_text(json.dumps(PAIR))
    command = ["advise", str(profile), "--format", "json"]
    costs = []
    for more in ([], ["--knowledge", str(tmp_path)]):
        with brief():
            assert run([*command, *more]) == 0
        costs.append(json.loads(capfd.readouterr().out)["recommendation"]["power"]["usd_per_year"])
    assert costs[1] == pytest.approx(2 * costs[0])
