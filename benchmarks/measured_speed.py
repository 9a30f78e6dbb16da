"""The measured runs of knowledge/measurements/throughput.csv as plans that can be timed."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass

from advisor.knowledge import Knowledge
from advisor.model.advice import Link
from advisor.model.catalog import Device, Model, Quant
from advisor.model.plan import KvType, Member, Plan, Rig, Split
from advisor.model.quantity import given
from advisor.resources import knowledge_dir

# Words of the table that are no names of the catalogue.
DEVICES = {
    "a40": "a40-pcie",
    "m1-max-32core": "apple-m1-max-64gb",
    "m2-ultra-76core": "apple-m2-ultra-192gb",
    "m3-max-40core": "apple-m3-max-64gb",
    "gb10-spark": "dgx-spark-gb10",
    "m4-pro": "apple-m4-pro-64gb",
}
MODELS = {
    "Qwen3-VL-32B": "qwen3-32b",
    "Kimi-K2.5-1T-A32B": "kimi-k2",
    "GLM-5.2-753B": "glm-5",
    "Ternary-Bonsai-8B": "qwen3-8b",
    "Mistral-Small-3.1-24B": "mistral-small-3.2-24b",
    "DeepSeek-V3/R1-671B": "deepseek-r1",
}
QUANTS = {
    "EXL2-4bit": "exl2-4.0bpw",
    "4bit-gguf": "q4_0",
    "FP16": "f16",
    "AutoRound-INT4": "gptq-int4",
    "INT8-W8A8": "int8",
    "fp8-dynamic": "fp8",
    "Q2_K_XL": "q2_k",
    "Q3_K_XL": "q3_k_l",
    "Q4_K_XL": "q4_k_m",
    "F16-nonexpert+MXFP4": "mxfp4",
    "IQ3_K": "iq3_s",
    "IQ6_K": "q6_k",
    "INT4-official": "gptq-int4",
    "4-bit": "mlx-4bit",
}
RUNTIMES = {
    "llama.cpp": "llama.cpp",
    "ik_llama.cpp": "llama.cpp",
    "llama.cpp-vulkan": "llama.cpp",
    "llama.cpp-rocm": "llama.cpp",
    "llama.cpp-rpc": "llama.cpp",
    "ollama": "ollama",
    "vllm": "vllm",
    "sglang": "sglang",
    "mlx-lm": "mlx",
    "exo/mlx": "exo",
    "exllamav2": "exllama",
    "exllamav3": "exllama",
    "ktransformers": "ktransformers",
}
# Bandwidth of the system memory of the hosts the notes describe, GB/s: channels x transfers x 8
# bytes. Where the notes give no memory it is that of the usual board for the processor. A program
# that does not place the weights by socket has the memory of one.
RAM_GB_S = {
    "T485": 83.2,
    "T486": 83.2,
    "T487": 83.2,
    "T488": 256.0,
    "T489": 256.0,
    **{f"T{number}": 576.0 for number in range(490, 499)},
    "T505": 614.4,
    "T506": 307.2,
    "T507": 307.2,
    "T508": 614.4,
    "T509": 614.4,
    "T510": 614.4,
    "T511": 921.6,
    **{f"T{number}": 51.2 for number in range(597, 603)},
}
# Layers, or layers whose experts, the notes place on the devices.
GPU_LAYERS = {
    **{"T597": 0, "T598": 8, "T599": 16, "T600": 24, "T601": 32, "T602": 40},
    **{"T485": 34, "T486": 34, "T487": 12, "T488": 14, "T489": 13, "T495": 16, "T496": 34},
    **{"T497": 6, "T498": 15},
    **{f"T{number}": 0 for number in range(505, 511)},
}
SUPERSEDED = {
    "mlc-llm-perf-bench": "vLLM of 2023, before it captured its steps as graphs",
    "0.0.43": "ExLlamaV3 before 1.0, which the same machine ran as well",
}


@dataclass(frozen=True)
class Run:
    """One measured run: the plan, what filled the cache, requests at once, and the speed.

    ``plain_attention`` tells that it ran without flash attention, ``released_widths`` that a GGUF
    file kept the 16 bits of the tensors that are no experts.
    """

    id: str
    source: str
    kind: str
    plan: Plan
    cached_tokens: float
    users: int
    ram_gb_s: float
    decode_tok_s: float
    prefill_tok_s: float | None
    plain_attention: bool
    released_widths: bool
    aggregate: bool


@dataclass(frozen=True)
class Left:
    """A run that is not used, and why."""

    id: str
    source: str
    why: str


def rows() -> list[dict[str, str]]:
    """The table as it stands."""
    path = knowledge_dir() / "measurements" / "throughput.csv"
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def runs(knowledge: Knowledge) -> tuple[list[Run], list[Left]]:
    """Every row as a run, or the reason why it is none."""
    used, left = [], []
    for row in rows():
        why = _unusable(row)
        if why is None:
            used.append(_run(row, knowledge))
        else:
            left.append(Left(row["id"], row["source_id"], why))
    return used, left


def _unusable(row: dict[str, str]) -> str | None:
    if row["spec_decode"] not in ("", "none"):
        return "speculative decoding"
    if row["reliability"] == "low":
        return "low reliability"
    if row["runtime"] not in RUNTIMES:
        return f"{row['runtime']} is not a runtime we plan"
    if row["split"].startswith("row"):
        return "row split, which we do not plan"
    if ":" in row["split"]:
        return "layers shared out by hand, which the estimate does itself"
    if row["split"].startswith(("graph", "uneven")) or row["split"] == "tensor":
        return f"split {row['split']}, which we do not plan for this runtime"
    if row["runtime"] == "vllm" and row["source_id"] in SUPERSEDED:
        return SUPERSEDED[row["source_id"]]
    if row["runtime_version_or_date"].startswith("0.0.43"):
        return SUPERSEDED["0.0.43"]
    if row["hardware"] == "m1-7core" or row["model"] in ("dots.llm1",):
        return "not in the catalogue"
    return None


def _run(row: dict[str, str], knowledge: Knowledge) -> Run:
    model = knowledge.find_model(MODELS.get(row["model"], row["model"]))
    quant = knowledge.find_quant(QUANTS.get(row["quant"], row["quant"]))
    plan = _plan(row, model, quant, knowledge)
    context = row["context_or_prompt_tokens"]
    stated = float(context) if context.isdigit() else 500.0
    averaged = row["source_id"] == "xiongjiedai-benchmarks"  # generated from an empty cache
    concurrency = row["concurrency"]
    return Run(
        id=row["id"],
        source=row["source_id"],
        kind=_kind(row, plan),
        plan=plan,
        cached_tokens=stated / 2 if averaged else stated + 128,
        users=int(concurrency) if concurrency else 1,
        ram_gb_s=RAM_GB_S.get(row["id"], 70.0),
        decode_tok_s=float(row["decode_for_model"] or row["decode_tok_s"]),
        prefill_tok_s=_prefill(row),
        plain_attention=averaged,
        released_widths=row["quant"].startswith("F16-nonexpert"),
        aggregate=row["metric_kind"] == "aggregate",
    )


def _plan(row: dict[str, str], model: Model, quant: Quant, knowledge: Knowledge) -> Plan:
    count = int(row["count"])
    names = row["hardware"].split("+")
    if row["split"] == "cpu":
        members: tuple[Member, ...] = ()
    elif len(names) > 1:
        members = tuple(Member(device=_device(name, knowledge), count=1) for name in names)
    else:
        members = (Member(device=_device(names[0], knowledge), count=count),)
    whole = bool(members) and members[0].device.form == "machine"
    link, rate = _link(row["interconnect"], count)
    rig = Rig(
        slug=row["id"],
        title=row["id"],
        members=members,
        link=link,
        link_gb_s=given(f"{row['id']}.link", "link", rate, "GB/s") if rate else None,
        nodes=count if whole else 1,
        power_cap_w=cap_w(row),
    )
    return Plan(
        id=row["id"],
        rig=rig,
        model=model,
        quant=quant,
        kv=_kv(row),
        split=_split(row, rig),
        runtime=RUNTIMES[row["runtime"]],
        gpu_layers=GPU_LAYERS.get(row["id"]),
    )


def _prefill(row: dict[str, str]) -> float | None:
    """Tokens a second of reading a prompt, but where the source's figure is flagged or the prompt
    is too short to tell."""
    if not row["prefill_tok_s"] or "12-token" in row["notes"]:
        return None
    if row["split"] == "cpu":
        return None
    if "F16 pp figures are anomalous" in row["notes"]:
        return None
    return float(row["prefill_tok_s"])


def cap_w(row: dict[str, str]) -> float | None:
    """Watts a card may draw, from its column or the note of a sweep."""
    swept = re.search(r"POWER SWEEP (\d+) W per card", row["notes"])
    stated = row["power_cap_w"] or (swept[1] if swept else "")
    return float(stated) if stated else None


def _device(name: str, knowledge: Knowledge) -> Device:
    return knowledge.find_device(DEVICES.get(name, name))


def _split(row: dict[str, str], rig: Rig) -> Split:
    if row["split"] == "expert-offload":
        return "experts-in-ram"
    if row["split"] in ("cpu-offload", "cpu"):
        return "cpu-offload"
    if row["split"] == "tp":
        return "tensor"
    return "layer" if rig.device_count > 1 else "none"


def _kv(row: dict[str, str]) -> KvType:
    return "q8_0" if "kv-q8" in row["notes"] else "f16"


def _link(words: str, count: int) -> tuple[Link, float | None]:
    """The link and GB/s one way. A slot not told is PCIe 4.0 x16, halved between consumer cards."""
    if words.startswith("nvlink"):
        return "nvlink", 56.2
    if words.startswith("pcie3"):
        return "pcie", 15.75
    if words.startswith("pcie5"):
        return "pcie", 63.0
    if words.startswith("pcie"):
        return "pcie", 31.5
    if words.startswith(("ethernet", "thunderbolt/")):
        return "ethernet", 1.25
    return ("pcie", 31.5) if count > 1 else ("none", None)


def _kind(row: dict[str, str], plan: Plan) -> str:
    """The kind of plan, as the page on accuracy groups them."""
    if plan.split in ("experts-in-ram", "cpu-offload"):
        return "part or all in system memory"
    if plan.rig.nodes > 1:
        return "several machines"
    vendor = plan.rig.members[0].device.vendor
    unified = plan.rig.members[0].device.form == "machine"
    moe = "mixture of experts" if plan.model.experts else "dense"
    where = "Mac" if vendor == "apple" else "other machine with one pool" if unified else None
    if where:
        return f"{where}, {moe}"
    ways = {"none": "one card", "layer": "layer split", "tensor": "tensor parallel"}
    return f"{ways[plan.split]}, {moe}"


def single(every: list[Run]) -> Iterator[Run]:
    """The runs of one request."""
    return (run for run in every if run.users == 1 and not run.aggregate)
