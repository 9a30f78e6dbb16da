"""Speed: what must hold whatever the constants, and what was measured."""

import sys
from math import isclose
from pathlib import Path

import pytest
from hypothesis import given as examples
from hypothesis import strategies as st

from advisor.knowledge import Knowledge
from advisor.model.plan import Member, Plan, Rig
from advisor.model.quantity import given
from advisor.sizing import Request, Sizer
from advisor.sizing.power_cap import cap_share
from advisor.sizing.reading import reads_of

KNOWLEDGE = Knowledge.load()
SIZER = Sizer(KNOWLEDGE)
CARDS = ("rtx-3090", "rtx-4090", "rtx-5090", "rtx-a6000", "r9700", "tesla-p40", "a100-pcie-80gb")


def speed(
    devices,
    model="llama-3.3-70b",
    quant="q4_k_m",
    split="layer",
    runtime="llama.cpp",
    context=8192,
    users=1,
    kv="f16",
    gpu_layers=None,
    prompt=None,
    ram=None,
    rate=31.5,
    **more,
):
    members = tuple(Member(device=KNOWLEDGE.find_device(d), count=n) for d, n in devices.items())
    link = given("link", "link", rate, "GB/s")
    more.setdefault("link", "pcie")
    plan = Plan(
        id="plan",
        rig=Rig(slug="rig", title="rig", members=members, link_gb_s=link, **more),
        model=KNOWLEDGE.find_model(model),
        quant=KNOWLEDGE.find_quant(quant),
        kv=kv,
        split=split,
        runtime=runtime,
        gpu_layers=gpu_layers,
    )
    request = Request(
        given("context", "context", context),
        given("users", "users", users),
        prompt_tokens=None if prompt is None else given("prompt", "prompt", prompt),
        ram_gb_s=None if ram is None else given("ram", "ram", ram, "GB/s"),
    )
    return SIZER.size(plan, request).numbers


def decode(devices, **more):
    return speed(devices, **more)["decode_tok_s"]


@pytest.mark.parametrize("card", CARDS)
def test_no_card_reads_faster_than_its_memory(card):
    numbers = speed({card: 1}, model="llama-3.1-8b", split="none", prompt=0)
    device = KNOWLEDGE.find_device(card)
    read_gb = numbers["weights_gib"] * 2**30 / 1e9 * 0.9  # the table of embeddings is not read
    assert numbers["decode_tok_s"] < device.bandwidth_gb_s / read_gb


@examples(st.integers(0, 8000), st.integers(1, 8000))
def test_a_fuller_cache_is_slower(tokens, more):
    assert decode({"rtx-3090": 2}, prompt=tokens + more) < decode({"rtx-3090": 2}, prompt=tokens)


@examples(st.sampled_from(CARDS), st.integers(1, 3))
def test_layer_split_over_more_equal_cards_is_no_faster(card, doublings):
    few, many = {card: 2}, {card: 2 ** (1 + doublings)}
    assert decode(many) <= decode(few) * (1 + 1e-9)


def test_the_link_matters_to_tensor_parallel_alone():
    for split, matters in (("tensor", True), ("layer", False)):
        runtime = "vllm" if split == "tensor" else "llama.cpp"
        quant = "awq-int4" if split == "tensor" else "q4_k_m"
        plan = {"split": split, "runtime": runtime, "quant": quant}
        over = {link: decode({"rtx-3090": 2}, link=link, **plan) for link in ("nvlink", "pcie")}
        assert (over["nvlink"] > over["pcie"]) == matters


def test_machines_of_a_cluster_wait_for_each_other():
    alone = decode({"mac-mini-m4-pro-64gb": 1}, model="qwen3-32b", split="none")
    four = {"mac-mini-m4-pro-64gb": 4}
    stack = decode(four, model="qwen3-32b", nodes=4, link="ethernet")
    direct = decode(four, model="qwen3-32b", nodes=4, link="thunderbolt", rdma=True)
    assert stack < direct < alone * (1 + 1e-9)


@examples(st.integers(0, 79), st.floats(20, 900))
def test_every_layer_more_on_the_card_and_faster_memory_help(layers, ram):
    def on_card(count, bandwidth):
        plan = {"split": "cpu-offload", "gpu_layers": count, "ram": bandwidth}
        return decode({"rtx-5090": 1}, **plan)

    assert on_card(layers + 1, ram) > on_card(layers, ram)
    assert on_card(layers, ram * 1.5) > on_card(layers, ram)


@examples(st.floats(100, 450), st.floats(0.1, 1.0), st.booleans())
def test_a_cap_never_helps_and_a_higher_one_never_hurts(cap, duty, moe):
    card = KNOWLEDGE.find_device("rtx-3090")

    def share(watts):
        return cap_share(card, watts, duty, moe, lambda id: KNOWLEDGE.parameter(id).number)

    assert 0 < share(cap) <= share(cap + 10) <= 1
    assert share(card.tdp_w) == 1


def test_cards_that_take_turns_bear_a_cap_that_slows_one_alone():
    # measured: one 3090 at 220 W decodes Gemma 4 12B in Q8_0 at 34.5 tok/s, two at 52.5
    plan = {"model": "gemma-4-12b", "quant": "q8_0", "power_cap_w": 220.0}
    one = decode({"rtx-3090": 1}, split="none", **plan)
    two = decode({"rtx-3090": 2}, **plan)
    assert two / one == pytest.approx(52.5 / 34.5, rel=0.15)


@examples(st.integers(1, 200))
def test_a_batch_reads_more_experts_but_never_more_than_there_are(batch):
    model, quant = KNOWLEDGE.find_model("qwen3-30b-a3b"), KNOWLEDGE.find_quant("q4_k_m")
    reads = reads_of(model, quant, "llama.cpp")
    assert reads.share(batch) < reads.share(batch + 1) <= reads.always + reads.routed <= 1
    assert reads.hit(1) == pytest.approx(8 / 128)


def test_a_dense_model_is_read_but_for_its_input_table():
    model, quant = KNOWLEDGE.find_model("llama-3.1-8b"), KNOWLEDGE.find_quant("f16")
    table = 128256 * 4096 / 8.03e9
    assert reads_of(model, quant, "llama.cpp").share() == pytest.approx(1 - table, abs=1e-3)


@examples(st.integers(2, 64))
def test_many_requests_together_get_more_and_each_of_them_less(users):
    one = speed({"rtx-5090": 1}, model="llama-3.1-8b", split="none", context=2048)
    many = speed({"rtx-5090": 1}, model="llama-3.1-8b", split="none", context=2048, users=users)
    assert many["aggregate_tok_s"] > one["aggregate_tok_s"]
    assert many["per_user_tok_s"] < one["per_user_tok_s"]
    assert isclose(many["per_user_tok_s"] * users, many["aggregate_tok_s"])


@pytest.mark.parametrize("figure", ["decode", "prefill", "aggregate"])
def test_the_expected_lies_in_its_range(figure):
    for users in (1, 8):
        numbers = speed({"rtx-3090": 2}, users=users, model="qwen3-32b")
        middle = numbers[f"{figure}_tok_s"]
        assert numbers[f"{figure}_low_tok_s"] < middle < numbers[f"{figure}_high_tok_s"]


def test_the_parts_of_a_token_add_up():
    rig = {"rtx-5090": 1}
    numbers = speed(rig, model="gpt-oss-120b", quant="mxfp4", split="experts-in-ram", ram=80)
    members = (Member(device=KNOWLEDGE.find_device("rtx-5090"), count=1),)
    plan = Plan(
        id="plan",
        rig=Rig(slug="rig", title="rig", members=members, link="pcie"),
        model=KNOWLEDGE.find_model("gpt-oss-120b"),
        quant=KNOWLEDGE.find_quant("mxfp4"),
        kv="f16",
        split="experts-in-ram",
        runtime="llama.cpp",
    )
    ram = given("ram", "ram", 80, "GB/s")
    request = Request(given("c", "c", 8192), given("u", "u", 1), ram_gb_s=ram)
    decoding = SIZER.size(plan, request).figures["decode_tok_s"]
    parts = [node for node in decoding.inputs if node.unit == "ms"]
    assert {node.id.rpartition(".")[2] for node in parts} == {"read_ms", "layers_ms", "ram_ms"}
    assert numbers["decode_tok_s"] == pytest.approx(1000 / sum(node.number for node in parts))


@pytest.fixture(scope="module")
def calibration():
    sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))
    import accuracy
    import calibrate
    import measured_speed

    yield accuracy, calibrate, measured_speed
    sys.path.pop(0)


def test_the_page_on_accuracy_tells_of_the_constants_in_force(calibration):
    accuracy, calibrate, measured_speed = calibration
    used, _ = measured_speed.runs(KNOWLEDGE)
    every = [calibrate.timed(run, SIZER) for run in used]
    alone = [t for t in every if t.run.users == 1 and not t.run.aggregate]
    shipped = accuracy.shipped_rows(calibrate.as_shipped(alone, {}, KNOWLEDGE))
    page = accuracy.PAGE.read_text(encoding="utf-8")
    told = [line for line in page.splitlines() if line.startswith("|") and line.count("|") == 9]
    cells = {
        row[0]: (row[1], row[-1]) for row in ([c.strip() for c in t[1:-1].split("|")] for t in told)
    }
    assert {kind: cells[kind] for kind in shipped} == shipped
    for row in accuracy.memory_rows(KNOWLEDGE):
        assert "| " + " | ".join(row) + " |" in page


def test_decode_is_within_14_percent_on_average_and_ranges_hold_eight_of_ten(calibration):
    accuracy = calibration[0]
    page = accuracy.PAGE.read_text(encoding="utf-8")
    whole = next(line for line in page.splitlines() if line.startswith("| all | 3"))
    _, _, _, error, _, _, inside, _ = (cell.strip() for cell in whole[1:-1].split("|"))
    assert float(error.removesuffix(" %")) <= 14.0
    assert 75 <= float(inside.removesuffix(" %")) <= 85
