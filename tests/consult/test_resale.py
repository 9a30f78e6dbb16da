"""What devices left over would fetch: by used prices of the market, and only by them."""

import pytest
from consulted import brief

from advisor import api
from advisor.knowledge import Knowledge
from advisor.model.quantity import known
from advisor.sizing import resale

KNOWLEDGE = Knowledge.load()
ANCHOR = known("build.any", "the build", "any", "", ("assumption",), "assumed")


def lot(**counts):
    return [(KNOWLEDGE.find_device(slug.replace("_", "-")), n) for slug, n in counts.items()]


def test_a_lot_fetches_the_sum_of_its_used_prices():
    one = KNOWLEDGE.price("rtx-3090", "used")
    other = KNOWLEDGE.price("rtx-4090", "used")
    found = resale(lot(rtx_3090=2, rtx_4090=1), KNOWLEDGE, ANCHOR)
    assert found.low.number == 2 * one.low_usd + other.low_usd
    assert found.high.number == 2 * one.high_usd + other.high_usd
    assert found.text == "two GeForce RTX 3090s and one GeForce RTX 4090"
    assert found.as_of == min(one.as_of, other.as_of)
    assert found.complete


def test_every_price_is_among_the_inputs():
    found = resale(lot(rtx_3090=1, rtx_4090=1), KNOWLEDGE, ANCHOR)
    assert {node.id for node in found.low.inputs} == {
        "price.rtx-3090.used.low",
        "price.rtx-4090.used.low",
        ANCHOR.id,
    }


def test_what_has_no_used_price_is_left_out_and_told():
    assert KNOWLEDGE.price("rtx-4060-ti-16gb", "used") is None
    found = resale(lot(rtx_3090=1, rtx_4060_ti_16gb=1), KNOWLEDGE, ANCHOR)
    assert found.low.number == KNOWLEDGE.price("rtx-3090", "used").low_usd
    assert found.text == "one GeForce RTX 3090"
    assert not found.complete
    assert resale(lot(rtx_4060_ti_16gb=1), KNOWLEDGE, ANCHOR) is None


def said(profile):
    with brief():
        advice = api.consult(profile)
    nodes = {node.id: node for node in advice.trace}
    return {nodes[s.node].rule: (s.text, nodes[s.node]) for s in advice.statements}, nodes


@pytest.fixture
def profile(tmp_path):
    def write(text):
        path = tmp_path / "person.yaml"
        path.write_text(text, encoding="utf-8")
        return api.read_profile(path)

    return write


def test_somebody_with_cards_to_spare_hears_what_they_fetch(profile):
    notes, nodes = said(
        profile(
            "target_model: qwen3-32b\nexisting_cards: {rtx-3090: 1, rtx-3060-12gb: 1}\nos: linux\n"
        )
    )
    price = KNOWLEDGE.price("rtx-3060-12gb", "used")
    text, node = notes["STA731"]
    assert f"${price.low_usd:,.0f} to ${price.high_usd:,.0f}" in text
    assert price.as_of in text
    worth = next(nodes[id] for id in node.inputs if id.endswith("resale_low_usd"))
    assert "price.rtx-3060-12gb.used.low" in worth.inputs
    assert "STA113" not in notes


def test_somebody_who_uses_every_card_does_not(profile):
    notes, _ = said(profile("target_model: llama-3.3-70b\nexisting_cards: {rtx-3090: 2}\n"))
    assert not {"STA730", "STA731", "STA105", "STA113"} & set(notes)


def test_unequal_cards_are_told_what_a_swap_is_worth(profile):
    notes, _ = said(
        profile("target_model: llama-3.3-70b\nexisting_cards: {rtx-4090: 1, rtx-3090: 1}\n")
    )
    text, _ = notes["STA732"]
    for slug in ("rtx-4090", "rtx-3090"):
        price = KNOWLEDGE.price(slug, "used")
        assert f"${price.low_usd:,.0f}–${price.high_usd:,.0f}" in text
