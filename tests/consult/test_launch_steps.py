"""What comes before and after a start, what to see then, and the templates of all of it."""

import re
import shlex
from dataclasses import replace
from pathlib import Path

import pytest
from launched import AWQ, KNOWLEDGE, OLLAMA, VLLM, cards, checks, command, made, option, size

from advisor.consult.launch import filled, launch, verify
from advisor.consult.launch_fields import Host, wired_limit_mb
from advisor.model.quantity import known


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
