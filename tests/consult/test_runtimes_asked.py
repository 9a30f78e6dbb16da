"""Somebody who must use a program gets that program, its command and what to know of it."""

import pytest
from consulted import briefly

from advisor import api


def advise(**fields):
    return briefly({"target_model": "llama-3.3-70b", **fields})


def said(advice, code):
    rules = {node.id: node.rule for node in advice.trace}
    return [s.text for s in advice.statements if rules[s.node] == code]


def test_ollama_asked_for_is_ollama_started():
    advice = advise(existing_cards={"rtx-3090": 2}, runtime="ollama", budget_usd=0)
    build = advice.recommendation
    assert (build.runtime, build.split) == ("ollama", "layer")
    assert build.launch.command == "ollama serve"
    assert build.launch.env["OLLAMA_SCHED_SPREAD"] == "1"
    assert [step.command.split()[0] for step in build.launch.then] == ["printf", "ollama", "ollama"]
    assert said(advice, "STA800")
    assert said(advice, "STA801")


def test_ollama_may_keep_a_long_conversation_at_eight_bits():
    advice = advise(
        existing_cards={"rtx-3090": 2}, runtime="ollama", budget_usd=0, context_tokens=32768
    )
    assert advice.recommendation.kv == "q8_0"
    assert advice.recommendation.launch.env["OLLAMA_KV_CACHE_TYPE"] == "q8_0"


def test_ollama_does_not_promise_experts_in_system_memory():
    advice = advise(
        target_model="gpt-oss-120b",
        existing_cards={"rtx-4060-ti-16gb": 1},
        runtime="ollama",
        system_ram_gb=128,
        budget_usd=0,
        rent_ok=False,
    )
    builds = [advice.recommendation, *advice.alternatives]
    asked = [build for build in builds if build is not None and "runtime" not in build.relaxed]
    assert all(build.split != "experts-in-ram" for build in asked)


@pytest.mark.parametrize("runtime", ["vllm", "sglang"])
@pytest.mark.parametrize(
    ("cards", "count"), [({"rtx-4090": 1, "rtx-3090": 1}, 2), ({"rtx-3090": 3}, 3)]
)
def test_cards_that_cannot_share_a_layer_take_layers_in_turn(runtime, cards, count):
    advice = advise(
        existing_cards=cards,
        runtime=runtime,
        budget_usd=0,
        context_tokens=4096,
        quant="awq-int4",
    )
    builds = [b for b in (advice.recommendation, *advice.alternatives) if b and b.split == "layer"]
    found = [b for b in builds if sum(d.count for d in b.devices) == count]
    assert found
    flag = "--pipeline-parallel-size" if runtime == "vllm" else "--pp-size"
    assert f"{flag} {count}" in found[0].launch.command
    assert found[0].runtime == runtime


def test_nobody_else_is_given_these_ways():
    advice = advise(existing_cards={"rtx-4090": 1, "rtx-3090": 1}, budget_usd=0)
    assert advice.recommendation.runtime == "llama.cpp"
    assert said(advice, "STA711")
    assert not said(advice, "STA802")


def test_a_stated_cap_and_the_sockets_reach_the_launch():
    advice = advise(
        existing_cards={"rtx-3090": 4},
        target_model="qwen3-32b",
        considering=["2x rtx-3090"],
        gpu_power_cap_w=250,
        cpu_sockets=2,
        gpu_sockets="0,0,1,1",
        board="server",
        budget_usd=0,
    )
    builds = [advice.recommendation, *advice.alternatives]
    pair = next(b for b in builds if b.slug == "2x-rtx-3090" and b.split == "tensor")
    assert pair.launch.prepare[0].command == "sudo nvidia-smi -pl 250"
    assert pair.launch.command.startswith("numactl --cpunodebind=0 --membind=0 ")
    assert pair.launch.env["CUDA_VISIBLE_DEVICES"] == "0,1"


def test_settings_are_shown_in_the_words_of_the_shell():
    fields = {"existing_cards": {"rtx-4090": 1, "rtx-3090": 1}, "budget_usd": 0}
    shown = api.render(advise(**fields, os="windows"), "text")
    assert "$env:CUDA_DEVICE_ORDER = 'FASTEST_FIRST'; llama-server" in shown
    assert "CUDA_DEVICE_ORDER=FASTEST_FIRST llama-server" in api.render(
        advise(**fields, os="linux"), "text"
    )
