"""The commands that start a plan."""

import json
import shlex

import pytest
from launched import (
    AWQ,
    KNOWLEDGE,
    OLLAMA,
    SGLANG,
    VLLM,
    command,
    made,
    option,
    size,
)

from advisor.consult.asked import asked_from
from advisor.consult.launch import launch_command
from advisor.errors import InputError
from advisor.model.quantity import known


def test_equal_cards_need_no_split():
    line = command([("rtx-3090", 2)])
    assert option(line, "-sm") == "layer"
    assert "-ts" not in line
    assert option(line, "-ngl") == "999"


def test_who_asks_for_a_split_by_rows_is_told_what_became_of_it():
    with pytest.raises(InputError) as caught:
        asked_from({"rig": "2x rtx-3090", "model": "8B", "split": "row"}, "command line")
    (problem,) = caught.value.problems
    assert "deprecated" in problem.what
    assert problem.nearest == "tp"


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
    alone = made([("rtx-3090", 2)], model="llama-3.1-8b", split="none", **VLLM)
    assert alone.env == {"CUDA_DEVICE_ORDER": "PCI_BUS_ID", "CUDA_VISIBLE_DEVICES": "0"}
    assert alone.command.startswith("vllm serve")


def test_a_single_card_needs_no_flag_about_cards():
    line = command([("rtx-3090", 1)], model="llama-3.1-8b", split="none")
    assert line.startswith("llama-server")
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
    line = command([("rtx-3090", 4)], *AWQ, "pipeline", **VLLM, nodes=2)
    assert option(line, "--tensor-parallel-size") == "2"
    assert option(line, "--pipeline-parallel-size") == "2"
    assert "PARTITION" not in line


def test_machines_that_differ_are_told_their_layers():
    rig = [("rtx-3090", 2), ("rtx-3060-12gb", 2)]
    sized = size(rig, *AWQ, "pipeline", **VLLM, nodes=2)
    layers = [placed.layers for placed in sized.placed]
    assert layers[0] == layers[1] > layers[2] == layers[3]
    line = launch_command(sized, 8192, 1, KNOWLEDGE)
    assert line.startswith(f"VLLM_PP_LAYER_PARTITION={layers[0]},{layers[2]} vllm serve")


@pytest.mark.parametrize(
    ("args", "more", "expected"),
    [
        (
            ([("rtx-3090", 2)], "llama-3.3-70b", "q4_k_m", "layer"),
            {"users": 2, "kv": "q8_0"},
            "llama-server -m Llama-3.3-70B-Instruct-Q4_K_M.gguf -ngl 999 -sm layer -c 16384 -np 2 "
            "-fa on -ctk q8_0 -ctv q8_0",
        ),
        (
            ([("rtx-3090", 2)], "llama-3.3-70b", "q4_k_m", "tensor"),
            {},
            "llama-server -m Llama-3.3-70B-Instruct-Q4_K_M.gguf -ngl 999 -sm tensor --fit off "
            "-c 8192 -np 1 -fa on -ctk f16 -ctv f16",
        ),
        (
            ([("rtx-3090", 2)], *AWQ, "tensor"),
            {**VLLM, "kv": "fp8", "users": 4},
            "vllm serve Llama-3.3-70B-Instruct-AWQ-int4-g128 --tensor-parallel-size 2 "
            "--max-model-len 8192 --max-num-seqs 4 --gpu-memory-utilization 0.9 "
            "--kv-cache-dtype fp8",
        ),
        (
            ([("rtx-3090", 3)], *AWQ, "layer"),
            VLLM,
            "vllm serve Llama-3.3-70B-Instruct-AWQ-int4-g128 --tensor-parallel-size 1 "
            "--pipeline-parallel-size 3 --max-model-len 8192 --max-num-seqs 1 "
            "--gpu-memory-utilization 0.9",
        ),
        (
            ([("rtx-4090", 1)], "qwen3-14b", "bnb-nf4", "none"),
            VLLM,
            "vllm serve Qwen/Qwen3-14B --max-model-len 8192 --max-num-seqs 1 "
            "--gpu-memory-utilization 0.9 --quantization bitsandbytes",
        ),
        (
            ([("rtx-2080-ti", 2)], "qwen3-14b", "awq-int4", "tensor"),
            VLLM,
            "vllm serve Qwen3-14B-AWQ-int4-g128 --tensor-parallel-size 2 --max-model-len 8192 "
            "--max-num-seqs 1 --gpu-memory-utilization 0.9 --dtype half",
        ),
        (
            ([("rtx-4090", 4)], *AWQ, "pipeline"),
            {**SGLANG, "nodes": 2, "link": "ethernet"},
            "python -m sglang.launch_server --model-path Llama-3.3-70B-Instruct-AWQ-int4-g128 "
            "--tp 2 --pp-size 2 --nnodes 2 --node-rank 0 --dist-init-addr FIRST_MACHINE:5000 "
            "--context-length 8192 --max-running-requests 1 --mem-fraction-static 0.858",
        ),
        (
            ([("mac-studio-m3-ultra-256gb", 1)], "llama-3.3-70b", "mlx-4bit", "none"),
            {"runtime": "mlx", "users": 3, "link": "unified"},
            "mlx_lm.server --model Llama-3.3-70B-Instruct-MLX-4bit-g64 --decode-concurrency 3 "
            "--prompt-cache-size 3",
        ),
        (
            ([("rtx-3090", 2)], "llama-3.3-70b", "q4_k_m", "layer"),
            {**OLLAMA, "kv": "q8_0"},
            "OLLAMA_CONTEXT_LENGTH=8192 OLLAMA_NUM_PARALLEL=1 OLLAMA_FLASH_ATTENTION=1 "
            "OLLAMA_KV_CACHE_TYPE=q8_0 OLLAMA_SCHED_SPREAD=1 ollama serve",
        ),
        (
            ([("rtx-3090", 2)], "llama-3.3-70b", "exl3-4.0bpw", "tensor"),
            {"runtime": "exllama", "link": "nvlink"},
            "python main.py --model-name Llama-3.3-70B-Instruct-EXL3-4.0-bits "
            "--tensor-parallel true --tensor-parallel-backend nccl --max-seq-len 8192 "
            "--cache-size 8192 --max-batch-size 1",
        ),
        (
            ([("rtx-4090", 8)], *AWQ, "replica"),
            {"runtime": "ray-serve", "nodes": 4, "link": "ethernet"},
            "serve run serve.yaml",
        ),
    ],
)
def test_the_usual_plans_are_started_so(args, more, expected):
    assert command(*args, **more) == expected


def test_the_share_of_a_card_is_the_one_the_figures_reckon_with():
    sized = size([("rtx-3090", 2)], *AWQ, "tensor", **VLLM)
    share = float(option(launch_command(sized, 8192, 1, KNOWLEDGE), "--gpu-memory-utilization"))
    for placed in sized.placed:
        assert share == pytest.approx(1 - placed.reserve_gib / placed.capacity_gib)
    static = size([("rtx-3090", 2)], *AWQ, "tensor", **SGLANG)
    share = float(option(launch_command(static, 8192, 1, KNOWLEDGE), "--mem-fraction-static"))
    for placed in static.placed:
        room = placed.capacity_gib - placed.reserve_gib - placed.compute_gib
        assert placed.weights_gib + placed.kv_gib <= share * placed.capacity_gib <= room


def test_a_machine_with_one_pool_leaves_its_system_what_the_plan_does_not_need():
    sized = size([("dgx-spark-gb10", 1)], *AWQ, "none", **VLLM, link="unified")
    share = float(option(launch_command(sized, 8192, 1, KNOWLEDGE), "--gpu-memory-utilization"))
    (placed,) = sized.placed
    assert placed.used_gib < share * placed.capacity_gib < placed.used_gib + 1.1


def test_unlike_cards_under_exllama_are_filled_as_planned():
    sized = size(
        [("rtx-4090", 1), ("rtx-3090", 1)], "llama-3.3-70b", "exl3-4.0bpw", runtime="exllama"
    )
    words = shlex.split(launch_command(sized, 8192, 1, KNOWLEDGE))
    at = words.index("--gpu-split")
    first, second = float(words[at + 1]), float(words[at + 2])
    assert sized.placed[0].used_gib <= first < sized.placed[0].used_gib + 0.2
    assert sized.placed[1].used_gib <= second < sized.placed[1].capacity_gib
    equal = command([("rtx-3090", 2)], "llama-3.3-70b", "exl3-4.0bpw", runtime="exllama")
    assert "--gpu-split" not in equal


def test_the_cache_of_exllama_comes_in_whole_pages():
    sized = size([("rtx-3090", 2)], "llama-3.3-70b", "exl3-4.0bpw", "none", runtime="exllama")
    assert option(launch_command(sized, 1000, 1, KNOWLEDGE), "--cache-size") == "1024"


def test_replicas_are_described_in_a_file_that_parses():
    started = made(
        [("rtx-4090", 8)],
        *AWQ,
        "replica",
        runtime="ray-serve",
        nodes=4,
        link="ethernet",
        kv="fp8",
        users=10,
    )
    head, worker, written = started.prepare
    assert head.command == "ray start --head --port=6379"
    assert worker.command.startswith("ray start --address=")
    echo, text, sign, name = shlex.split(written.command)
    assert (echo, sign, name) == ("echo", ">", "serve.yaml")
    (model,) = json.loads(text)["applications"][0]["args"]["llm_configs"]
    assert model["deployment_config"] == {"num_replicas": 4}
    assert model["engine_kwargs"] == {
        "tensor_parallel_size": 2,
        "max_model_len": 8192,
        "max_num_seqs": 3,
        "gpu_memory_utilization": 0.9,
        "kv_cache_dtype": "fp8",
    }


def test_part_of_a_model_for_ollama_names_the_layers_of_the_card():
    whole = made([("rtx-3090", 2)], **OLLAMA)
    assert whole.then[0].command.startswith("printf 'FROM %s\\n' ./Llama")
    part = made([("rtx-3090", 1)], split="cpu-offload", gpu_layers=30, **OLLAMA)
    assert "PARAMETER num_gpu 30\\n'" in part.then[0].command
    assert "OLLAMA_SCHED_SPREAD" not in part.env


def test_exo_is_told_how_to_divide_the_model():
    macs = [("mac-mini-m4-pro-64gb", 4)]
    fast = known(
        "parameter.network-thunderbolt5-gb-s", "Thunderbolt 5", 10, "GB/s", ("x",), "derived"
    )
    more = {"runtime": "exo", "nodes": 4, "link": "thunderbolt", "link_gb_s": fast}
    turns = made(macs, "qwen3-235b-a22b", "mlx-4bit", "layer", **more)
    assert [step.command for step in turns.prepare] == ["rdma_ctl enable"]
    body = json.loads(shlex.split(turns.then[0].command)[-1])
    assert body | {"model_id": ""} == {
        "model_id": "",
        "sharding": "Pipeline",
        "instance_meta": "MlxRing",
        "min_nodes": 4,
    }
    shared = made(macs, "qwen3-235b-a22b", "mlx-4bit", "tensor", **more, rdma=True)
    body = json.loads(shlex.split(shared.then[0].command)[-1])
    assert (body["sharding"], body["instance_meta"]) == ("Tensor", "MlxJaccl")
    slow = made(macs, "qwen3-235b-a22b", "mlx-4bit", "layer", **more | {"link_gb_s": None})
    assert slow.prepare == ()
