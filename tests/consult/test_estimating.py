"""Estimates: the contract's object, agreement with advice, notes, and what is refused."""

import gc
import json
import subprocess
import sys

import pytest
from hypothesis import given as examples
from hypothesis import settings
from hypothesis import strategies as st

from advisor import api
from advisor.consult.estimate_report import Lines, compact
from advisor.errors import InputError
from advisor.model.estimate import LINK_WORDS, Estimate

BASE = {"rig": "2x rtx-3090", "model": "llama-3.3-70b", "quant": "q4_k_m"}
MOE = {"rig": "rtx-3090", "model": "qwen3-235b-a22b", "cpu_experts": True}
RIGS = [
    "rtx-4090",
    "2x rtx-3090",
    "4x rtx-3090",
    "rtx-4090 + rtx-3090",
    "3x rtx-5060-ti-16gb",
    "mac-studio-m3-ultra-256gb",
    "apple-m4-max-64gb",
    "4x mac-mini-m4-pro-64gb",
    "dgx-spark-gb10",
    "8x h100-sxm-80gb",
    "gtx-1080-ti",
    "cpu",
]
MODELS = ["llama-3.3-70b", "qwen3-30b-a3b", "gpt-oss-120b", "gemma-3-27b", "deepseek-r1", "13B"]


def estimate(**stated):
    return api.estimate(BASE | stated)


def refused(**stated):
    with pytest.raises(InputError) as caught:
        estimate(**stated)
    return [str(problem) for problem in caught.value.problems]


@pytest.mark.parametrize(
    ("context", "kv", "fits"), [("8k", "f16", True), ("32k", "f16", False), ("32k", "q8_0", True)]
)
def test_two_3090s_and_a_70b(context, kv, fits):
    found = estimate(context=context, kv=kv)
    memory = found["memory"]
    assert found["fits"] == fits
    assert (memory["headroom_gib"] >= 0) == fits
    assert memory["weights_gib"] * 2**30 / 1e9 == pytest.approx(42.52, rel=0.01)
    assert memory["kv_gib"] == pytest.approx(
        2
        * 80
        * 8
        * 128
        * (2 if kv == "f16" else 34 / 32)
        * (8192 if context == "8k" else 32768)
        / 2**30
    )


def test_what_does_not_fit_at_16_bits_is_offered_at_8():
    (offer,) = [note for note in estimate(context="32k")["notes"] if "q8_0" in note]
    narrow = estimate(context="32k", kv="q8_0")["memory"]["max_context_tokens"]
    wide = estimate(context="32k")["memory"]["max_context_tokens"]
    assert f"{wide:,.0f}" in offer
    assert f"{narrow:,.0f}" in offer
    assert wide < 32768 <= narrow


@settings(max_examples=60, deadline=None)
@examples(
    st.sampled_from(RIGS),
    st.sampled_from(MODELS),
    st.sampled_from(["auto", "q4_k_m", "q8_0", "Q4"]),
    st.sampled_from([512, 8192, 40000]),
    st.sampled_from([1, 3]),
    st.sampled_from(["auto", "layer", "tp", "none"]),
)
def test_every_estimate_has_the_form_and_adds_up(rig, model, quant, context, users, split):
    found = api.estimate(
        {"rig": rig, "model": model, "quant": quant, "context": context, "users": users}
        | {"split": split}
    )
    checked = Estimate.model_validate_json(json.dumps(found))
    memory = checked.memory
    used = sum(row.used_gib for row in memory.devices)
    assert used + memory.host_gib == pytest.approx(memory.required_gib)
    for name in ("kv_gib", "compute_gib", "reserve_gib"):
        if rig != "cpu":
            held = sum(getattr(row, name) for row in memory.devices)
            assert held == pytest.approx(getattr(memory, name))
    if memory.devices:
        assert memory.total_gib == pytest.approx(sum(r.capacity_gib for r in memory.devices))
    for row in memory.devices:
        assert row.used_gib == pytest.approx(row.weights_gib + row.kv_gib + row.compute_gib)
    speed = checked.speed.decode_tok_s
    assert 0 < speed.low < speed.expected < speed.high
    assert checked.fits == (checked.mode == "gpu") or rig == "cpu"
    assert (checked.launch is None) == (checked.mode == "no")
    assert checked.rule is None or split == "auto"
    known: dict[str, set[float]] = {}
    for node in checked.trace:
        known.setdefault(node.id.rpartition(".")[2], set()).add(node.value)
    for name, value in (memory.model_dump() | checked.power.model_dump()).items():
        assert name == "devices" or value in known[name]
    for name in ("decode", "prefill", "aggregate_decode"):
        told = getattr(checked.speed, f"{name}_tok_s").model_dump()
        for end, word in (("_low", "low"), ("", "expected"), ("_high", "high")):
            assert told[word] in known[f"{name.removesuffix('_decode')}{end}_tok_s"]
    assert checked.ram_gib in known["ram_gib"]
    ids = {node.id for node in checked.trace}
    for node in checked.trace:
        assert set(node.inputs) <= ids
        assert node.inputs or node.kind in ("given", "assumed", "knowledge")
        assert node.cites or node.kind != "knowledge"


ODD_RIGS = ["3-nodes-1x-mac-mini-m4-pro-64gb-ray-serve", "2-nodes-2x-rtx-4090-ray-serve"]


@settings(max_examples=150, deadline=None)
@examples(
    st.fixed_dictionaries(
        {
            "rig": st.sampled_from([*RIGS, *ODD_RIGS, "rx-7900-xtx", "arc-b580", "2x b200"]),
            "model": st.sampled_from([*MODELS, "glm-5", "235B-A22B"]),
        },
        optional={
            "quant": st.sampled_from(sorted(api.knowledge().quants)),
            "context": st.sampled_from([1, 4096, 10_485_760]),
            "prompt_tokens": st.sampled_from([0, 1]),
            "users": st.sampled_from([1, 9, 100_000]),
            "kv": st.sampled_from(["f16", "q8_0", "q4_0", "fp8"]),
            "split": st.sampled_from(["auto", "layer", "tp", "none", "exo"]),
            "runtime": st.sampled_from(sorted(api.knowledge().runtimes)),
            "link": st.sampled_from(LINK_WORDS),
            "gpu_layers": st.sampled_from([0, 1, 40, 999]),
            "cpu_experts": st.booleans(),
            "power_cap_w": st.sampled_from([1, 200, 10_000]),
            "ram_gb_s": st.sampled_from([1, 90]),
        },
    )
)
def test_whatever_is_asked_together_is_figured(data):
    found = Estimate.model_validate_json(compact(api.estimate(data)))
    speed = found.speed.decode_tok_s
    assert 0 < speed.low < speed.expected < speed.high
    assert not (found.fits and found.mode == "no")


@pytest.mark.parametrize("rig", RIGS)
@pytest.mark.parametrize(
    "more", [{}, {"users": 3, "context": 40000, "id": ["ü", 0.1, None]}, {"power_cap_w": 150}]
)
def test_a_line_of_a_batch_is_the_estimate_and_its_model_byte_for_byte(rig, more):
    data = {"rig": rig, "model": "qwen3-30b-a3b"} | more
    knowledge, estimator = api.knowledge(), api.estimator()
    for lines in (Lines(knowledge),) * 2:
        line = lines.line(api.sized(estimator, data, ("x", 1)))
        assert line.decode() == compact(api.estimate(data)) + "\n"
    model = Estimate.model_validate_json(line)
    assert line.decode() == compact(model.model_dump(mode="json")) + "\n"


def test_nothing_of_an_estimate_is_left_behind():
    estimator, lines = api.estimator(), Lines(api.knowledge())

    def once(context):
        lines.line(api.sized(estimator, BASE | {"context": context}, ("x", 1)))

    once(1000)
    gc.collect()
    gc.disable()
    try:
        before = len(gc.get_objects())
        for context in range(2000, 2100):
            once(context)
        assert len(gc.get_objects()) - before < 500
    finally:
        gc.enable()


def test_an_estimate_and_an_advice_say_the_same_of_the_same_plan():
    profile = api.profile_from(
        {
            "target_model": "llama-3.3-70b",
            "existing_cards": {"rtx-3090": 2},
            "nvlink_bridges": 1,
            "budget_usd": 0,
        },
        "owner",
    )
    build = api.consult(profile).recommendation
    split = "tp" if build.split == "tensor" else build.split
    found = api.estimate(
        {
            "rig": "2x rtx-3090",
            "link": build.link,
            "model": "llama-3.3-70b",
            "quant": build.quant,
            "kv": build.kv,
            "split": split,
            "runtime": build.runtime,
        }
    )
    assert found["memory"]["headroom_gib"] == pytest.approx(build.fit.headroom_gib)
    assert found["speed"]["decode_tok_s"]["expected"] == pytest.approx(
        build.speed.decode_tok_s.expected
    )


@pytest.mark.parametrize(
    ("stated", "split", "runtime", "mode"),
    [
        ({}, "layer", "llama.cpp", "gpu"),
        ({"quant": "awq-int4", "link": "nvlink"}, "tp", "vllm", "gpu"),
        ({"rig": "rtx-3090"}, "offload", "llama.cpp", "offload"),
        ({"rig": "rtx-3090", "gpu_layers": 20}, "offload", "llama.cpp", "offload"),
        (MOE, "experts-in-ram", "llama.cpp", "offload"),
        ({"rig": "mac-studio-m3-ultra-256gb", "quant": "mlx-4bit"}, "none", "mlx", "gpu"),
        ({"rig": "4x mac-mini-m4-pro-64gb", "split": "exo", "quant": "auto"}, "exo", "exo", "gpu"),
        ({"rig": "rtx-4090", "quant": "awq-int4", "runtime": "vllm"}, "none", "vllm", "no"),
        ({"rig": "cpu"}, "offload", "llama.cpp", "offload"),
        ({"quant": "exl3-4.0bpw", "runtime": "exllama"}, "tp", "exllama", "gpu"),
    ],
)  # fmt: skip
def test_what_is_left_open_is_chosen(stated, split, runtime, mode):
    found = estimate(**stated)
    assert (found["split"], found["runtime"], found["mode"]) == (split, runtime, mode)


def test_a_cap_is_told_with_what_it_costs():
    free, capped = (
        estimate(rig="rtx-3090", model="8B"),
        estimate(rig="rtx-3090", model="8B", power_cap_w=200),
    )
    assert capped["speed"]["decode_tok_s"]["expected"] < free["speed"]["decode_tok_s"]["expected"]
    assert any(note.startswith("Capped at 200 W") for note in capped["notes"])


@pytest.mark.parametrize(
    ("stated", "told"),
    [
        (
            {"rig": "3x rtx-3090", "split": "tp", "runtime": "vllm", "quant": "awq-int4"},
            "Tensor parallelism does not start: 64 attention heads do not divide by 3 devices.",
        ),
        ({"runtime": "mlx"}, "MLX does not run on 2× GeForce RTX 3090, so it does not start"),
        ({"runtime": "exllama"}, "ExLlama (TabbyAPI) does not load Q4_K_M"),
        (
            {"rig": "gtx-1080-ti", "runtime": "vllm", "quant": "awq-int4", "model": "8B"},
            "vLLM needs compute capability 7.0, and GeForce GTX 1080 Ti has 6.1",
        ),
        ({"rig": "cpu", "runtime": "vllm"}, "vLLM keeps no part of a model in system memory"),
        ({"rig": "r9700", "quant": "exl3-4.0bpw"}, "ExLlama (TabbyAPI) does not run on"),
        ({"gpu_layers": 9, "runtime": "sglang", "quant": "fp8"}, "SGLang keeps no part"),
    ],
)  # fmt: skip
def test_what_does_not_start_is_told_and_still_figured(stated, told):
    found = estimate(**stated)
    assert (found["fits"], found["mode"], found["launch"]) == (False, "no", None)
    assert any(note.startswith(told) for note in found["notes"])
    assert found["speed"]["decode_tok_s"]["expected"] > 0


@pytest.mark.parametrize(
    ("stated", "mode", "told"),
    [
        ({"rig": "rtx-3090", "split": "layer"}, "no", "With --split auto the rest would go"),
        ({"rig": "apple-m4-max-36gb"}, "no", "There is no way to put the rest"),
        ({"rig": "rtx-3090"}, "offload", "The speed is that of keeping 18."),
        ({"kv": "fp8"}, "gpu", "llama.cpp has no fp8 cache; it takes f16, q8_0, q4_0."),
        ({"split": "tp"}, "gpu", "Tensor parallelism is experimental in llama.cpp"),
        ({"split": "tp", "kv": "q8_0"}, "no", "llama.cpp divides a model that way with"),
        ({"users": 4, "split": "layer"}, "no", "4 requests do not fit at once, only 2"),
        ({"rig": "r9700", "model": "8B"}, "gpu", "No measured run stands behind part of the speed"),
        ({"rig": "cpu"}, "offload", "The range is wide"),
        ({"cpu_experts": True}, "gpu", "Llama-3.3-70B is no mixture of experts"),
        ({"quant": None, "model": "gpt-oss-20b"}, "gpu", "The format is not stated; taken is MX"),
        ({"quant": "auto"}, "gpu", "The format is not stated; taken is AWQ-int4-g128, the usual"),
        ({"context": "200k"}, "offload", "The model was made for 131,072 tokens at most."),
        ({"model": "70B"}, "gpu", "a 70B dense model"),
        ({"rig": "mac-studio-m3-ultra-192gb"}, "gpu", "mac-studio-m3-ultra-192gb was never sold"),
        ({}, "gpu", "Not stated, so taken: context 8,192 tokens, users 1, kv f16."),
        ({"context": 8192, "kv": "f16"}, "gpu", "Not stated, so taken: users 1."),
        ({"prompt_tokens": "16k"}, "gpu", "Not stated, so taken: context 16,384 tokens, users 1"),
    ],
)  # fmt: skip
def test_what_a_person_should_know_is_told(stated, mode, told):
    found = estimate(**stated)
    assert found["mode"] == mode
    assert any(note.startswith(told) for note in found["notes"]), found["notes"]


def test_nothing_is_called_assumed_that_was_stated():
    notes = estimate(link="pcie4x8", context=8192, users=1, kv="f16")["notes"]
    assert notes == []


@pytest.mark.parametrize(
    ("rig", "link", "gets", "told"),
    [
        ("2x rtx-3090", "nvlink", "nvlink", None),
        ("2x rtx-3090", "pcie3x4", "pcie", None),
        ("2x rtx-3090", "pcie5x16", "pcie", "The cards take less than pcie5x16"),
        ("2x rtx-4090", "nvlink", "pcie", "There is no nvlink between these"),
        ("2x-rtx-4090-nvlink", None, "pcie", "There is no nvlink between these devices"),
        ("3x rtx-3090", "nvlink", "pcie", "There is no nvlink"),
        ("rtx-4090 + rtx-3090", "nvlink", "pcie", "There is no nvlink"),
        ("4x rtx-3090", "nvswitch", "pcie", "There is no nvswitch"),
        ("8x h100-sxm-80gb", "nvlink", "nvlink", None),
        ("8x h100-sxm-80gb", "nvswitch", "nvswitch", None),
        ("4x rtx-3090", "10gbe", "ethernet", None),
        ("4x mac-mini-m4-pro-64gb", "rdma-thunderbolt5", "thunderbolt", None),
        ("4x mac-mini-m4-pro-64gb", "unified", "thunderbolt", "There is no unified"),
        ("2x dgx-spark-gb10", "infiniband", "infiniband", None),
        ("mac-studio-m3-ultra-256gb", "unified", "unified", None),
        ("rtx-4090", "pcie4x16", "none", None),
    ],
)  # fmt: skip
def test_a_stated_link_is_taken_where_the_devices_have_it(rig, link, gets, told):
    found = estimate(rig=rig, link=link)
    assert found["link"] == gets
    notes = [n for n in found["notes"] if n.startswith(("There is no", "The cards take"))]
    assert len(notes) == (told is not None)
    assert all(note.startswith(told) and "taken is" in note for note in notes)


@pytest.mark.parametrize("link", LINK_WORDS)
def test_every_link_goes_with_every_rig(link):
    for rig in RIGS:
        found = api.estimate({"rig": rig, "model": "8B", "link": link})
        assert found["speed"]["decode_tok_s"]["expected"] > 0


def test_slower_lanes_slow_what_is_exchanged_over_them():
    speeds = [
        estimate(quant="awq-int4", split="tp", link=f"pcie3x{lanes}")["speed"]["prefill_tok_s"]
        for lanes in (1, 4, 16)
    ]
    assert speeds[0]["expected"] < speeds[1]["expected"] < speeds[2]["expected"]


def test_machines_over_a_network_hold_a_card_each_unless_said_otherwise():
    one_each = estimate(rig="4x rtx-4090", link="10gbe")["speed"]["decode_tok_s"]["expected"]
    two_each = estimate(rig="2-nodes-2x-rtx-4090", link="10gbe")
    assert two_each["rig"] == "2-nodes-2x-rtx-4090"
    assert one_each < two_each["speed"]["decode_tok_s"]["expected"]


def test_all_layers_on_the_devices_is_no_offload():
    found = estimate(gpu_layers=999)
    assert (found["mode"], found["gpu_layers"], found["split"]) == ("gpu", None, "layer")


def test_layers_in_system_memory_cost_speed_and_are_counted():
    found = [estimate(rig="rtx-3090", gpu_layers=layers) for layers in (10, 40)]
    few, many = ((one["speed"]["decode_tok_s"]["expected"], one["ram_gib"]) for one in found)
    assert few[0] < many[0]
    assert few[1] > many[1] > 0
    assert [one["gpu_layers"] for one in found] == [10, 40]


def test_the_offer_of_a_narrower_cache_has_a_history():
    found = estimate(context="32k")
    nodes = [node for node in found["trace"] if node["id"].endswith("q8_0.max_context_tokens")]
    assert [f"{node['value']:,.0f}" in " ".join(found["notes"]) for node in nodes] == [True]


def test_the_rule_that_chose_is_named():
    found = estimate()
    rule = api.rule(found["rule"])
    assert rule.then.set["split"] == found["split"]
    assert estimate(split="layer")["rule"] is None


@pytest.mark.parametrize(
    ("stated", "message"),
    [
        ({"rig": "2x rtx-309"}, "command line: rig: this device is not in the catalogue"),
        ({"rig": None}, "command line: rig: this field is missing"),
        ({"model": "lama-3.3-70"}, "command line: model: this model is not in the catalogue"),
        ({"quant": "q4_m_k"}, "command line: quant: this format is not in the catalogue"),
        ({"kv": "q8"}, "command line: kv: this word is not accepted (found q8)"),
        ({"kv": ["f16"]}, "command line: kv: this must be text"),
        ({"context": "2.000,00"}, "command line: context: this cannot be read as a number"),
        ({"context": 0}, "command line: context: this is out of range (found 0)"),
        ({"context": True}, "command line: context: this is not a number"),
        ({"users": 1.5}, "command line: users: this is not a whole number"),
        (
            {"context": "1k", "prompt_tokens": 1025},
            "command line: prompt_tokens: this is more than",
        ),
        ({"contxt": 5}, "command line: contxt: there is no such field here"),
        ({"cpu_experts": "yes"}, "command line: cpu_experts: this must be true or false"),
        ({"runtime": "vlm"}, "command line: runtime: this runtime is not in the catalogue"),
        ({"link": "pcie9x9"}, "command line: link: this word is not accepted (found pcie9x9)"),
        ({"rig": "2000x rtx-3090"}, "command line: rig: 1 to 1,024 devices make a build"),
    ],
)
def test_what_is_wrong_is_told_with_field_and_finding(stated, message):
    (told,) = refused(**stated)
    assert told.startswith(message)


def test_an_estimate_loads_neither_the_rule_engine_nor_textual():
    code = (
        "import sys; from advisor.cli import run; "
        "code = run(['estimate', '--rig', '2x rtx-3090', '--model', 'llama-3.3-70b']); "
        "heavy = {'textual', 'durable', 'durable_rules_engine', 'advisor.engine'}; "
        "print(code, sorted(heavy & sys.modules.keys()), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "0 []"
