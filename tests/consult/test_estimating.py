"""Estimates: the contract's object, agreement with advice, notes, and what is refused."""

import json
import subprocess
import sys

import pytest
from hypothesis import given as examples
from hypothesis import settings
from hypothesis import strategies as st

from advisor import api
from advisor.errors import InputError
from advisor.model.estimate import Estimate

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
    for name in ("weights_gib", "kv_gib", "compute_gib"):
        held = sum(getattr(row, name) for row in memory.devices)
        if checked.mode == "gpu" and name != "weights_gib":
            assert held == pytest.approx(getattr(memory, name))
        assert held <= getattr(memory, name) * (1 + 1e-9)
    for row in memory.devices:
        assert row.used_gib == pytest.approx(row.weights_gib + row.kv_gib + row.compute_gib)
    speed = checked.speed.decode_tok_s
    assert 0 < speed.low < speed.expected < speed.high
    assert checked.fits == (checked.mode == "gpu") or rig == "cpu"
    ids = {node.id for node in checked.trace}
    for node in checked.trace:
        assert set(node.inputs) <= ids
        assert node.inputs or node.kind in ("given", "assumed", "knowledge")
        assert node.cites or node.kind != "knowledge"


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


def test_heads_that_do_not_divide_are_told():
    found = estimate(rig="3x rtx-3090", split="tp", runtime="vllm", quant="awq-int4")
    assert (found["fits"], found["mode"]) == (False, "no")
    assert any("64 attention heads do not divide by 3" in note for note in found["notes"])


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
