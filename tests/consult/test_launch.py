"""The commands that start a plan."""

import re
import shlex

import pytest

from advisor.consult.launch import launch, launch_command
from advisor.knowledge import Knowledge
from advisor.model.plan import Member, Plan, Rig
from advisor.model.quantity import given
from advisor.sizing import Request, Sizer

KNOWLEDGE = Knowledge.load()
SIZER = Sizer(KNOWLEDGE)
VLLM = {"runtime": "vllm"}


def size(devices, model="llama-3.3-70b", quant="q4_k_m", split="layer", **more):
    members = tuple(
        Member(device=KNOWLEDGE.find_device(slug), count=count) for slug, count in devices
    )
    rig = Rig(slug="rig", title="rig", members=members, link="pcie", nodes=more.pop("nodes", 1))
    plan = Plan(
        id="plan",
        rig=rig,
        model=KNOWLEDGE.find_model(model),
        quant=KNOWLEDGE.find_quant(quant),
        kv=more.pop("kv", "f16"),
        split=split,
        runtime=more.pop("runtime", "llama.cpp"),
        gpu_layers=more.pop("gpu_layers", None),
    )
    return SIZER.size(plan, Request(given("c", "c", 8192), given("u", "u", 1)))


def command(*args, **more):
    return launch_command(size(*args, **more), 8192, 1, KNOWLEDGE)


def option(line, name):
    words = shlex.split(line)
    return words[words.index(name) + 1] if name in words else None


def test_equal_cards_need_no_split():
    line = command([("rtx-3090", 2)])
    assert option(line, "-sm") == "layer"
    assert "-ts" not in line
    assert option(line, "-ngl") == "999"


def test_unlike_cards_get_the_layers_of_the_rows_with_the_output_as_one():
    sized = size([("rtx-5090", 1), ("rtx-3090", 1)])
    numbers = [
        int(n) for n in option(command([("rtx-5090", 1), ("rtx-3090", 1)]), "-ts").split(",")
    ]
    first, second = (placed.layers for placed in sized.placed)
    assert numbers == [first, second + 1]
    assert sum(numbers) == sized.plan.model.layers + 1


def test_one_card_of_several_is_named():
    line = command([("rtx-3090", 1), ("rtx-4090", 1)], model="llama-3.1-8b")
    assert option(line, "-sm") == "none"
    assert option(line, "-mg") == "1"
    assert "-ts" not in line
    alone = command([("rtx-3090", 2)], model="llama-3.1-8b", split="none", runtime="vllm")
    assert alone.startswith("CUDA_VISIBLE_DEVICES=0 vllm serve")


def test_a_single_card_needs_no_flag_about_cards():
    line = command([("rtx-3090", 1)], model="llama-3.1-8b", split="none")
    assert not {"-sm", "-mg", "-ts"} & {*shlex.split(line)}


def test_layers_on_the_card_count_the_output():
    sized = size([("rtx-3090", 1)], split="cpu-offload")
    line = launch_command(sized, 8192, 1, KNOWLEDGE)
    assert option(line, "-ngl") == str(sized.placed[0].layers + 1)
    stated = command([("rtx-3090", 1)], split="cpu-offload", gpu_layers=20)
    assert option(stated, "-ngl") == "20"


def test_experts_in_system_memory_count_in_layers():
    line = command([("rtx-4090", 1)], "gpt-oss-120b", "mxfp4", "experts-in-ram", gpu_layers=12)
    assert option(line, "--n-cpu-moe") == "24"
    none_left = command([("rtx-4090", 1)], "gpt-oss-20b", "mxfp4", "experts-in-ram")
    assert "--n-cpu-moe" not in none_left


def test_several_cards_with_experts_in_system_memory_get_a_split_too():
    sized = size([("rtx-3090", 2)], model="qwen3-235b-a22b", split="experts-in-ram")
    line = launch_command(sized, 8192, 1, KNOWLEDGE)
    first, second = (placed.layers for placed in sized.placed)
    assert option(line, "-ts") == f"{first},{second + 1}"


def test_a_narrow_cache_comes_with_flash_attention():
    line = command([("rtx-3090", 2)], kv="q8_0")
    assert option(line, "-fa") == "on"
    assert option(line, "-ctk") == option(line, "-ctv") == "q8_0"


def test_machines_of_a_pipeline_divide_evenly_without_being_told():
    line = command([("rtx-3090", 4)], "llama-3.3-70b", "awq-int4", "pipeline", **VLLM, nodes=2)
    assert option(line, "--tensor-parallel-size") == "2"
    assert option(line, "--pipeline-parallel-size") == "2"
    assert "PARTITION" not in line


def test_machines_that_differ_are_told_their_layers():
    rig = [("rtx-3090", 2), ("rtx-3060-12gb", 2)]
    sized = size(rig, "llama-3.3-70b", "awq-int4", "pipeline", **VLLM, nodes=2)
    layers = [placed.layers for placed in sized.placed]
    assert layers[0] == layers[1] > layers[2] == layers[3]
    line = launch_command(sized, 8192, 1, KNOWLEDGE)
    assert line.startswith(f"VLLM_PP_LAYER_PARTITION={layers[0]},{layers[2]} vllm serve")


@pytest.mark.parametrize("slug", KNOWLEDGE.runtimes)
def test_no_field_or_bracket_is_left(slug):
    runtime = KNOWLEDGE.runtimes[slug]
    device = "mac-studio-m3-ultra-192gb" if runtime.vendors == ("apple",) else "rtx-3090"
    for split in runtime.splits:
        for cards in ([(device, 2)], [(device, 1)]):
            nodes = cards[0][1] if split in ("replica", "pipeline") else 1
            model = "gpt-oss-120b" if split == "experts-in-ram" else "llama-3.1-8b"
            sized = size(cards, model, runtime.default_quant, split, runtime=slug, nodes=nodes)
            made = launch(sized, 8192, 2, KNOWLEDGE)
            assert not re.search(r"[{}\[\]]|None", made.command), made.command
            assert made.notes == runtime.notes
