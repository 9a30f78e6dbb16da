"""The commands that start a plan, what comes before and after, and what to see then."""

import json
import re
import shlex
from dataclasses import replace
from pathlib import Path

import pytest

from advisor.consult.asked import asked_from
from advisor.consult.launch import filled, launch, launch_command, verify
from advisor.consult.launch_fields import Host, wired_limit_mb
from advisor.errors import InputError
from advisor.knowledge import Knowledge
from advisor.model.plan import Member, Plan, Rig
from advisor.model.quantity import given, known
from advisor.sizing import Request, Sizer

KNOWLEDGE = Knowledge.load()
SIZER = Sizer(KNOWLEDGE)
VLLM = {"runtime": "vllm"}
SGLANG = {"runtime": "sglang"}
OLLAMA = {"runtime": "ollama"}
AWQ = ("llama-3.3-70b", "awq-int4")
ON_TWO = {"rtx-3090": 2}


def size(devices, model="llama-3.3-70b", quant="q4_k_m", split="layer", users=1, **more):
    members = tuple(
        Member(device=KNOWLEDGE.find_device(slug), count=count) for slug, count in devices
    )
    rig = Rig(
        slug="rig",
        title="rig",
        members=members,
        link=more.pop("link", "pcie"),
        link_gb_s=more.pop("link_gb_s", None),
        nodes=more.pop("nodes", 1),
        power_cap_w=more.pop("cap", None),
        rental=more.pop("rental", False),
        rdma=more.pop("rdma", False),
    )
    plan = Plan(
        id="plan",
        rig=rig,
        model=more.pop("found", None) or KNOWLEDGE.find_model(model),
        quant=KNOWLEDGE.find_quant(quant),
        kv=more.pop("kv", "f16"),
        split=split,
        runtime=more.pop("runtime", "llama.cpp"),
        gpu_layers=more.pop("gpu_layers", None),
    )
    context = more.pop("context", 8192)
    return SIZER.size(plan, Request(given("c", "c", context), given("u", "u", users)))


def command(*args, **more):
    return launch_command(size(*args, **more), 8192, more.get("users", 1), KNOWLEDGE)


def made(*args, host=None, **more):
    return launch(size(*args, **more), 8192, more.get("users", 1), KNOWLEDGE, host or Host())


def checks(*args, host=None, **more):
    sized = size(*args, **more)
    return verify(sized, 8192, more.get("users", 1), KNOWLEDGE, host or Host())


def cards(**counts):
    return tuple(
        KNOWLEDGE.find_device(slug.replace("_", "-"))
        for slug, count in counts.items()
        for _ in range(count)
    )


def option(line, name):
    words = shlex.split(line)
    return words[words.index(name) + 1] if name in words else None


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


def test_a_stated_cap_is_set_first():
    nvidia = made([("rtx-3090", 2)], *AWQ, "tensor", **VLLM, cap=250.0)
    assert nvidia.prepare[0].command == "sudo nvidia-smi -pl 250"
    windows = made([("rtx-3090", 2)], cap=250.0, host=Host(windows=True))
    assert windows.prepare[0].command == "nvidia-smi -pl 250"
    amd = made([("rx-7900-xtx", 2)], cap=250.0)
    assert amd.prepare[0].command == "sudo rocm-smi --setpoweroverdrive 250"
    intel = made([("arc-pro-b60", 2)], cap=100.0)
    assert intel.prepare[0].command == "sudo xpu-smi config -d 0 --powerlimit 100"
    for untouched in ({"cap": 400.0}, {}, {"cap": 250.0, "rental": True}):
        assert made([("rtx-3090", 2)], **untouched).prepare == ()


def test_cards_on_one_processor_are_bound_to_it():
    host = Host(cards=cards(rtx_3090=4), sockets=(0, 1, 1, 0), bound=True)
    pair = made([("rtx-3090", 2)], *AWQ, "tensor", **VLLM, host=host)
    assert pair.env["CUDA_VISIBLE_DEVICES"] == "0,3"
    assert pair.env["CUDA_DEVICE_ORDER"] == "PCI_BUS_ID"
    assert pair.command.startswith("numactl --cpunodebind=0 --membind=0 vllm serve")
    everywhere = made([("rtx-3090", 4)], *AWQ, "tensor", **VLLM, host=host)
    assert everywhere.command.startswith("vllm serve")
    assert everywhere.env == {}
    for other in (
        replace(host, windows=True),
        replace(host, bound=False),
        replace(host, sockets=()),
    ):
        line = made([("rtx-3090", 2)], *AWQ, "tensor", **VLLM, host=other)
        assert "numactl" not in line.command


def test_only_the_cards_of_the_plan_are_shown_to_it():
    """Unlike cards are numbered the fastest first."""
    host = Host(cards=cards(rtx_3090=1, rtx_4090=1))
    second = made([("rtx-3090", 1)], "llama-3.1-8b", split="none", host=host)
    assert second.env["CUDA_VISIBLE_DEVICES"] == "1"
    assert second.env["CUDA_DEVICE_ORDER"] == "FASTEST_FIRST"
    both = made([("rtx-3090", 1), ("rtx-4090", 1)], host=host)
    assert both.env["CUDA_VISIBLE_DEVICES"] == "1,0"
    (looked,) = both.prepare
    assert "GeForce RTX 3090, then GeForce RTX 4090" in looked.why
    turned = made([("rtx-4090", 1), ("rtx-3090", 1)], host=host)
    assert "CUDA_VISIBLE_DEVICES" not in turned.env
    elsewhere = made([("rtx-5090", 1)], "llama-3.1-8b", split="none", host=host)
    assert elsewhere.env == {}
    amd = Host(cards=cards(rx_7900_xtx=2))
    one = made([("rx-7900-xtx", 1)], "llama-3.1-8b", split="none", host=amd)
    assert one.env == {"ROCR_VISIBLE_DEVICES": "0"}


def test_a_mac_is_given_more_memory_only_where_the_plan_needs_it():
    mac = [("mac-studio-m1-max-64gb", 1)]
    more = {"runtime": "mlx", "link": "unified"}
    roomy = size(mac, "llama-3.3-70b", "mlx-4bit", "none", **more)
    assert wired_limit_mb(roomy, KNOWLEDGE) is None
    tight = size(mac, "llama-3.3-70b", "mlx-4bit", "none", context=45000, **more)
    limit = wired_limit_mb(tight, KNOWLEDGE)
    assert tight.numbers["headroom_gib"] < 0
    assert limit / 1024 == pytest.approx(tight.placed[0].used_gib, abs=0.01)
    step = launch(tight, 45000, 1, KNOWLEDGE).prepare[0]
    assert step.command == f"sudo sysctl iogpu.wired_limit_mb={limit}"
    assert "restart" in step.why
    hopeless = size(mac, "llama-3.3-70b", "mlx-4bit", "none", context=200000, **more)
    assert wired_limit_mb(hopeless, KNOWLEDGE) is None


def test_the_benchmark_is_split_as_the_server():
    mixed = [("rtx-5090", 1), ("rtx-3090", 1)]
    bench = next(c for c in checks(mixed) if "llama-bench" in c.command)
    assert option(bench.command, "-ts") == option(command(mixed), "-ts").replace(",", "/")
    assert option(bench.command, "-d") == "4096"
    one = checks([("rtx-3090", 1), ("rtx-4090", 1)], model="llama-3.1-8b")
    bench = next(c for c in one if "llama-bench" in c.command)
    assert (option(bench.command, "-sm"), option(bench.command, "-mg")) == ("none", "1")
    part = checks([("rtx-3090", 1)], split="cpu-offload", gpu_layers=20)
    assert any(option(c.command, "-ngl") == "20" for c in part)


def test_what_to_expect_is_worked_out():
    sized = size([("rtx-3090", 2)], *AWQ, "tensor", **VLLM, users=4)
    seen = verify(sized, 8192, 4, KNOWLEDGE)
    memory = next(c.expect for c in seen if "memory.used" in c.command)
    assert f"{round(24 * 0.9 * 1024, -2):,.0f} MiB" in memory
    bench = next(c for c in seen if c.command.startswith("vllm bench serve"))
    at_once = min(4, int(sized.numbers["max_users"]))
    assert option(bench.command, "--max-concurrency") == str(at_once)
    slowest = 1000 * at_once / sized.numbers["aggregate_low_tok_s"]
    assert f"to {slowest:,.1f} ms" in bench.expect
    part = checks([("rtx-3090", 1)], split="cpu-offload", gpu_layers=30, **OLLAMA)
    share = next(c.expect for c in part if c.command == "ollama ps")
    assert re.search(r"says (\d+)%/(\d+)% CPU/GPU", share)
    whole = checks([("rtx-3090", 2)], **OLLAMA)
    assert "100% GPU" in next(c.expect for c in whole if c.command == "ollama ps")


def test_the_link_is_checked_with_its_own_figures():
    bridge = known("x", "RTX 3090: link", 56.25, "GB/s", ("x",), "vendor-spec")
    seen = checks([("rtx-3090", 2)], link="nvlink", link_gb_s=bridge)
    assert any("56.2 GB/s" in c.expect for c in seen if c.command == "nvidia-smi nvlink --status")
    slot = known("x", "PCIe 4.0 x8, one direction", 15.75, "GB/s", ("x",), "derived")
    seen = checks([("rtx-3090", 2)], link_gb_s=slot)
    assert any(c.expect.startswith("PCIe 4.0 x8 or wider") for c in seen)
    assert not any("nvidia-smi" in c.command for c in checks([("rx-7900-xtx", 2)]))
    wire = known("x", "10 Gbit/s", 1.25, "GB/s", ("x",), "derived")
    seen = checks(
        [("rtx-4090", 4)], *AWQ, "pipeline", **VLLM, nodes=2, link="ethernet", link_gb_s=wire
    )
    assert any("near 10 Gbit/s" in c.expect for c in seen)


@pytest.mark.parametrize(
    "name", ["it's {users}.gguf", "a  b $(reboot).gguf", "[x] {gone}`id`.gguf", "; rm -rf *.gguf"]
)
def test_no_name_of_a_file_acts_as_anything_else(name, monkeypatch):
    sized = size([("rtx-3090", 2)])
    own = (Path("/models") / name, sized.plan.quant)
    monkeypatch.setattr(KNOWLEDGE, "weight_file", lambda model: own)
    for runtime in ("llama.cpp", "ollama"):
        sized = size([("rtx-3090", 2)], runtime=runtime)
        started = launch(sized, 8192, 1, KNOWLEDGE)
        lines = [started.line, *(step.command for step in started.then)]
        lines += [check.command for check in verify(sized, 8192, 1, KNOWLEDGE)]
        naming = [line for line in lines if "/models" in line]
        assert naming
        assert all(f"/models/{name}" in shlex.split(line) for line in naming)


def test_a_hostile_hub_name_is_not_a_repository():
    model = KNOWLEDGE.find_model("qwen3-14b")
    for hub_id in ("a/b; reboot", "../x", "a/b/c", "$(id)/x", "-x/y"):
        found = model.model_copy(update={"hub_id": hub_id, "slug": "hostile"})
        line = command([("rtx-4090", 1)], quant="bnb-nf4", split="none", found=found, **VLLM)
        assert re.fullmatch(r"[A-Za-z0-9._-]+", shlex.split(line)[2])


def test_templates():
    fields = {"a": 1, "b": None, "c": "", "d": "[{a}]"}
    assert filled("x {a} [-b {b}] [-c {c}]", fields) == "x 1"
    assert filled("x {b}", fields) is None
    assert filled('x [-b {b}] [[{"k": {a}}]]', fields) == 'x [{"k": 1}]'
    assert filled("x {d} {unknown}", fields) == "x [{a}] {unknown}"


# What each program documents: its own help or reference page, named in `cites` of its entry.
DOCUMENTED = {
    "llama-server": "-m -ngl -sm -mg -ts -c -np -fa -ctk -ctv --n-cpu-moe --fit --list-devices",
    "llama-bench": "-m -ngl -sm -mg -ts -fa -ctk -ctv -ncmoe -d",
    "vllm": "--max-model-len --max-num-seqs --gpu-memory-utilization --quantization --dtype "
    "--kv-cache-dtype --tensor-parallel-size --pipeline-parallel-size "
    "--distributed-executor-backend --model --dataset-name --random-input-len "
    "--random-output-len --num-prompts --max-concurrency",
    "sglang.launch_server": "--model-path --tp --pp-size --nnodes --node-rank --dist-init-addr "
    "--context-length --max-running-requests --mem-fraction-static --dtype --kv-cache-dtype "
    "--kt-gpu-experts-ratio --kt-expert-placement-strategy",
    "sglang.bench_serving": "--backend --dataset-name --random-input-len --random-output-len "
    "--random-range-ratio --num-prompts --max-concurrency",
    "mlx_lm.server": "--model --decode-concurrency --prompt-cache-size",
    "mlx_lm.generate": "--model --prompt --max-tokens",
    "main.py": "--model-name --max-seq-len --cache-size --max-batch-size --cache-mode "
    "--gpu-split --gpu-split-auto --tensor-parallel --tensor-parallel-backend",
    "ollama": "-f --verbose",
    "nvidia-smi": "-pl -m --query-gpu --format --status",
    "rocm-smi": "--setpoweroverdrive --showmeminfo --showuse --showtopo",
    "xpu-smi": "-d --powerlimit",
    "ray": "--head --port --address",
    "serve": "",
    "uv": "",
    "rdma_ctl": "",
    "iperf3": "-c",
    "ib_write_bw": "",
    "powermetrics": "--samplers -n",
    "curl": "-s -X -H -d",
    "printf": "",
    "echo": "",
    "sysctl": "",
}
SETTINGS = {
    *("CUDA_DEVICE_ORDER", "CUDA_VISIBLE_DEVICES", "ROCR_VISIBLE_DEVICES"),
    *("VLLM_PP_LAYER_PARTITION", "SGLANG_PP_LAYER_PARTITION"),
    *("OLLAMA_CONTEXT_LENGTH", "OLLAMA_NUM_PARALLEL", "OLLAMA_FLASH_ATTENTION"),
    *("OLLAMA_KV_CACHE_TYPE", "OLLAMA_SCHED_SPREAD"),
}


def undocumented(line):
    """Flags and settings of a command that its program does not document."""
    words = shlex.split(line)
    while "=" in words[0] or words[0] in ("sudo", "numactl") or words[0].startswith("--"):
        if "=" in words[0] and not words[0].startswith("--"):
            assert words[0].partition("=")[0] in SETTINGS
        words = words[1:]
    if words[:2] == ["python", "-m"]:
        words = words[2:]
    elif words[0] == "python":
        words = words[1:]
    known_flags = DOCUMENTED[words[0]].split()
    flags = [word.partition("=")[0] for word in words[1:] if re.match(r"--?[a-z]", word)]
    return [flag for flag in flags if flag not in known_flags]


@pytest.mark.parametrize("slug", KNOWLEDGE.runtimes)
def test_every_line_is_whole_and_documented(slug):
    runtime = KNOWLEDGE.runtimes[slug]
    device = "mac-studio-m3-ultra-256gb" if runtime.vendors == ("apple",) else "rtx-3090"
    host = Host(cards=cards(rtx_3090=3), sockets=(0, 0, 0), bound=True)
    for split in (*runtime.splits, *runtime.experimental):
        for devices in ([(device, 2)], [(device, 1)], [("rtx-4090", 1), (device, 1)]):
            if device != "rtx-3090" and len(devices) > 1:
                continue
            count = sum(count for _, count in devices)
            nodes = count if split in ("replica", "pipeline") else 1
            model = "gpt-oss-120b" if split == "experts-in-ram" else "llama-3.1-8b"
            for kv in runtime.experimental.get(split, runtime.kv_flags):
                sized = size(
                    devices,
                    model,
                    runtime.default_quant,
                    split,
                    runtime=slug,
                    nodes=nodes,
                    kv=kv,
                    cap=200.0,
                )
                started = launch(sized, 8192, 2, KNOWLEDGE, host)
                seen = verify(sized, 8192, 2, KNOWLEDGE, host)
                steps = (*started.prepare, *started.then)
                lines = [started.line, *(s.command for s in steps), *(c.command for c in seen)]
                for line in lines:
                    assert undocumented(line) == [], line
                assert not re.search(r"[{}\[\]]|None", started.line), started.line
                texts = [s.why for s in steps] + [c.expect for c in seen] + [*started.notes]
                assert not any(re.search(r"[{}\[\]]|None", text) for text in texts), texts
                assert seen
