"""Sizing against published sizes, measured speeds and the arithmetic of the architecture."""

import pytest
from hypothesis import given as examples
from hypothesis import strategies as st

from advisor.knowledge import Knowledge
from advisor.model.plan import Member, Plan, Rig
from advisor.model.quantity import given, known
from advisor.sizing import Request, Sizer
from advisor.sizing.kv_cache import cache_bytes, longest_context

KNOWLEDGE = Knowledge.load()
SIZER = Sizer(KNOWLEDGE)
NVLINK = known("nvlink", "NVLink", 56.25, "GB/s", ("nvidia-ga102-whitepaper",), "vendor-spec")


def size(devices, model="llama-3.3-70b", quant="q4_k_m", kv="f16", split="layer", **more):
    members = tuple(
        Member(device=KNOWLEDGE.find_device(slug), count=count) for slug, count in devices.items()
    )
    context, users = more.pop("context", 8192), more.pop("users", 1)
    runtime = more.pop("runtime", "llama.cpp")
    rig = Rig(slug="rig", title="rig", members=members, link=more.pop("link", "pcie"), **more)
    plan = Plan(
        id="plan",
        rig=rig,
        model=KNOWLEDGE.find_model(model),
        quant=KNOWLEDGE.find_quant(quant),
        kv=kv,
        split=split,
        runtime=runtime,
    )
    request = Request(given("c", "c", context), given("u", "u", users))
    return SIZER.size(plan, request)


def figure(sized, name):
    return sized.figures[name].number


def test_a_published_file_is_taken_at_its_size():
    weights = figure(size({"rtx-3090": 2}), "weights_gib")
    assert weights * 2**30 / 1e9 == pytest.approx(42.52, rel=1e-6)


@pytest.mark.parametrize(
    ("context", "kv", "fits"),
    [(8192, "f16", True), (32768, "f16", False), (32768, "q8_0", True)],
)
def test_two_3090s_hold_a_70b_at_8k_but_32k_only_with_an_8_bit_cache(context, kv, fits):
    sized = size({"rtx-3090": 2}, context=context, kv=kv)
    assert (figure(sized, "headroom_gib") >= 0) == fits


def test_vllm_at_its_default_share_leaves_about_13k_tokens():
    sized = size(
        {"rtx-3090": 2},
        quant="awq-int4",
        split="tensor",
        runtime="vllm",
        link="nvlink",
        link_gb_s=NVLINK,
    )
    assert figure(sized, "max_context_tokens") == pytest.approx(13_000, rel=0.1)


MEASURED = [
    ({"rtx-3090": 2}, "layer", 16.29),
    ({"rtx-4090": 2}, "layer", 19.06),
    ({"rtx-3090": 4}, "layer", 16.89),
    ({"rtx-a6000": 1}, "none", 14.58),
    ({"rtx-6000-ada": 1}, "none", 18.36),
    ({"l40s": 1}, "none", 15.31),
]


@pytest.mark.parametrize(("devices", "split", "tok_s"), MEASURED)
def test_measured_70b_speeds_lie_in_the_range(devices, split, tok_s):
    sized = size(devices, split=split, context=1024)
    assert figure(sized, "decode_low_tok_s") <= tok_s <= figure(sized, "decode_high_tok_s")
    assert figure(sized, "decode_tok_s") == pytest.approx(tok_s, rel=0.2)


def test_the_rows_of_the_devices_add_up():
    sized = size({"rtx-4090": 1, "rtx-3090": 1})
    weights = sum(p.weights_gib for p in sized.placed) + figure(sized, "ram_gib")
    assert weights == pytest.approx(figure(sized, "weights_gib"))
    assert sum(p.layers for p in sized.placed) == 80
    for placed in sized.placed:
        parts = placed.weights_gib + placed.kv_gib + placed.compute_gib
        assert placed.used_gib == pytest.approx(parts)


MODELS = st.sampled_from(sorted(KNOWLEDGE.models))
TOKENS = st.integers(1, 200_000)


@examples(MODELS, TOKENS, TOKENS)
def test_a_longer_context_never_takes_less(model, one, other):
    low, high = sorted((one, other))
    entry = KNOWLEDGE.models[model]
    assert cache_bytes(entry, low, 16) <= cache_bytes(entry, high, 16)


@examples(MODELS, st.integers(2**20, 2**38))
def test_the_longest_context_is_the_longest(model, room):
    entry = KNOWLEDGE.models[model]
    longest = longest_context(entry, room, 16)
    if longest:
        assert cache_bytes(entry, longest, 16) <= room
    if longest < 10_485_760:
        assert cache_bytes(entry, longest + 1, 16) > room


def test_a_card_more_never_lowers_the_headroom():
    rooms = [figure(size({"rtx-3090": n}), "headroom_gib") for n in (2, 3, 4)]
    assert rooms == sorted(rooms)


def test_power_follows_the_rule_for_spikes_and_a_cap():
    two = size({"rtx-3090": 2})
    assert figure(two, "psu_needed_w") == 1350  # (700 x 1.35 + 250) / 0.9 = 1328, next sold
    assert figure(two, "system_w") == pytest.approx((700 + 200) / 0.9)
    capped = size({"rtx-3090": 2}, power_cap_w=250.0)
    assert figure(capped, "psu_needed_w") == 1200


def test_every_figure_has_a_history_down_to_sources():
    def leaves(node):
        if not node.inputs:
            yield node
        for part in node.inputs:
            yield from leaves(part)

    for name, quantity in size({"rtx-3090": 2}).figures.items():
        for leaf in leaves(quantity):
            assert leaf.kind in ("given", "assumed", "knowledge"), name
            assert leaf.kind != "knowledge" or leaf.cites


def test_two_bridged_pairs_exchange_over_pcie():
    plans = {
        link: size({"rtx-3090": 4}, split="tensor", runtime="vllm", quant="awq-int4", link=link)
        for link in ("nvlink", "pcie")
    }
    speeds = {link: figure(sized, "decode_tok_s") for link, sized in plans.items()}
    pair = {
        link: figure(
            size({"rtx-3090": 2}, split="tensor", runtime="vllm", quant="awq-int4", link=link),
            "decode_tok_s",
        )
        for link in ("nvlink", "pcie")
    }
    assert speeds["nvlink"] == pytest.approx(speeds["pcie"], rel=0.02)
    assert pair["nvlink"] > 1.05 * pair["pcie"]
