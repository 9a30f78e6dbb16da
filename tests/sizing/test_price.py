"""The bill: its parts add up, what is owned costs nothing and never raises it."""

import pytest
from hypothesis import given as examples
from hypothesis import strategies as st

from advisor.knowledge import Knowledge
from advisor.model.plan import Member, Rig
from advisor.model.quantity import given, trace
from advisor.sizing import Owned, Sizer
from advisor.sizing.power import supply_w

KNOWLEDGE = Knowledge.load()
SIZER = Sizer(KNOWLEDGE)
CARDS = ("rtx-3090", "rtx-4090", "rtx-5090", "rtx-a6000", "tesla-p40", "arc-pro-b70")
ANCHOR = given("build", "the build", "a rig")
COUNTS = st.integers(1, 8)


def rig(card, count, owned=0, link="pcie", nodes=1):
    members = (Member(device=KNOWLEDGE.find_device(card), count=count, owned=owned),)
    return Rig(slug="rig", title="rig", members=members, link=link, nodes=nodes)


def beside(bridges=0, supply=None, board=None, memory=None):
    return Owned(
        bridges=bridges,
        supply_w=given("psu_w", "psu_w", supply, "W") if supply else None,
        board=given("board", "board", board) if board else None,
        memory_gb=given("system_ram_gb", "system_ram_gb", memory, "GB") if memory else None,
    )


def bill(machine, owned=None, needs_host=True, used_ok=True):
    return SIZER.price(
        machine, ANCHOR, owned=owned or Owned(), needs_host=needs_host, used_ok=used_ok
    )


PARTS = st.builds(
    beside,
    bridges=st.integers(0, 4),
    supply=st.none() | st.floats(300, 5000),
    board=st.none() | st.sampled_from(("consumer", "workstation", "server")),
    memory=st.none() | st.floats(8, 1024),
)
RIGS = st.builds(
    lambda card, nodes, each, had, link: rig(
        card, nodes * each, min(had, nodes * each), link, nodes
    ),
    st.sampled_from(CARDS),
    st.integers(1, 3),
    st.integers(1, 6),
    st.integers(0, 4),
    st.sampled_from(("pcie", "nvlink")),
)


@examples(RIGS, PARTS, st.booleans(), st.booleans())
def test_the_lines_of_a_bill_add_up(machine, owned, needs_host, used_ok):
    found = bill(machine, owned, needs_host, used_ok)
    assert sum(item.low for item in found.items) == found.low.number
    assert sum(item.high for item in found.items) == found.high.number
    for item in found.items:
        assert 0 <= item.low <= item.high
        assert (item.low == item.high == 0 and not item.as_of) if item.owned else item.as_of
    dates = [item.as_of for item in found.items if not item.owned]
    assert found.as_of == min(dates, default="")


@examples(RIGS, PARTS, st.booleans())
def test_an_owned_part_never_raises_the_bill(machine, owned, needs_host):
    free, had = bill(machine, None, needs_host), bill(machine, owned, needs_host)
    assert had.low.number <= free.low.number
    assert had.high.number <= free.high.number


@examples(RIGS, PARTS)
def test_the_bill_leads_back_to_dated_prices_and_what_was_said(machine, owned):
    nodes = trace((bill(machine, owned).low, bill(machine, owned).high))
    ends = [node for node in nodes if not node.inputs]
    assert {node.kind for node in ends} <= {"given", "knowledge"}
    assert all(node.cites for node in ends if node.kind == "knowledge")


def test_the_machine_around_the_cards_is_named_part_by_part():
    found = bill(rig("rtx-3090", 2, link="nvlink"))
    assert [item.what for item in found.items] == [
        "2x GeForce RTX 3090, used",
        "1x NVLink bridge, used",
        "supply of 1,350 W",
        "board",
        "processor",
        "memory",
        "storage",
        "case and cooling",
    ]


def test_a_machine_with_two_3090s_costs_what_whole_ones_are_sold_for():
    # the whole machine, cards and a supply of 1,000 W included: 2,000 to 2,800 dollars
    cards = 1200, 1800
    supply = supply_w(rig("rtx-3090", 2), KNOWLEDGE)
    rates = [KNOWLEDGE.parameter(f"supply-usd-per-w-{end}").number for end in ("low", "high")]
    around = [item for item in bill(rig("rtx-3090", 2)).items if "3090" not in item.what]
    for end, whole, taken, rate in zip(("low", "high"), (2000, 2800), cards, rates, strict=True):
        usd = sum(getattr(item, end) for item in around)
        assert usd == pytest.approx(whole - taken + rate * (supply - 1000), abs=2)


def test_a_supply_too_small_is_no_supply():
    machine = rig("rtx-3090", 2)
    enough, short = beside(supply=1350), beside(supply=1000)
    assert [i.owned for i in bill(machine, enough).items if "supply" in i.what] == [True]
    assert [i.owned for i in bill(machine, short).items if "supply" in i.what] == [False]


def test_an_owned_part_serves_one_machine_of_several():
    found = bill(rig("rtx-4090", 4, nodes=2), beside(board="workstation"))
    lines = {item.what: item for item in found.items}
    assert lines["workstation board"].owned
    assert not lines["1x board"].owned
    assert "2x processor" in lines


def test_a_whole_machine_needs_nothing_around_it():
    device = KNOWLEDGE.find_device("mac-studio-m5-ultra-96gb")
    mac = Rig(slug="mac", title="mac", members=(Member(device=device, count=1),), link="unified")
    lines = [item.what for item in bill(mac, beside(supply=1000)).items]
    assert lines == [f"1x {device.name}, new"]


def test_the_shares_of_a_host_leave_something_for_its_case():
    for size in ("1", "more"):
        parts = ("board", "processor", "memory", "storage")
        shares = [KNOWLEDGE.parameter(f"host-share-{size}-{part}").number for part in parts]
        assert 0.8 < sum(shares) < 0.9
