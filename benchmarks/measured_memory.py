"""How far the sizing is off what was measured in memory.

    python benchmarks/measured_memory.py [--rows]

Prints, by kind of rig, the number of measurements, the median and the mean absolute error and the
worst of them; with --rows every one. Then come the measurements that no plan can express, each with
the reason. A measurement is the total over the devices of one run, beside system memory. Where it
is a sum of the buffers a runtime logs, the driver context is taken off the estimate; where it comes
from a monitor, it stays. Runs without flash attention are sized without it.
"""

from __future__ import annotations

import argparse
import csv
import re
from collections.abc import Iterable
from pathlib import Path
from statistics import mean, median
from typing import NamedTuple

from advisor.knowledge import Knowledge, Unknown
from advisor.model.catalog import Model, Quant
from advisor.model.plan import KvType, Member, Plan, Rig, Split
from advisor.sizing import Sizer
from advisor.sizing.kv_cache import cache_bytes
from advisor.sizing.memory import Memory, memory
from advisor.sizing.rooms import occupied_gib

MEASURED = Path(__file__).parents[1] / "knowledge" / "measurements" / "memory.csv"
Measurement = dict[str, str]


class Row(NamedTuple):
    """One measurement beside its estimate, GiB over all devices. ``note`` says what was taken."""

    id: str
    kind: str
    what: str
    predicted_gib: float
    measured_gib: float
    note: str

    @property
    def error(self) -> float:
        return self.predicted_gib / self.measured_gib - 1


class Left(NamedTuple):
    """A measurement that no plan expresses."""

    id: str
    what: str
    reason: str


class Inexpressible(Exception):
    """Why a measurement cannot be compared."""


QUANTS = {
    "AutoRound-INT4": "gptq-int4",
    "Q4_K_XL": "q4_k_m",
    "Q3_K_XL": "q3_k_m",
    "Q6_K_XL": "q6_k",
    "MXFP4 (F16 file)": "mxfp4",
    "Q4_0 (mainline Vulkan)": "q4_0",
    "Q4_K_M (35B-A3B)": "q4_k_m",
    "Q2_K (35B-A3B)": "q2_k",
    "Q6_K (llama.cpp)": "q6_k",
    "Q4_K_M (mainline)": "q4_k_m",
    "Q4_K_M+MTP": "q4_k_m",
}
MODELS = {"DeepSeek-V3/R1-671B": "deepseek-v3", "Llama-3.1-405B (Tulu-3)": "llama-3.1-405b"}
KV: dict[str, KvType] = {
    "f16": "f16",
    "default": "f16",
    "q8_0": "q8_0",
    "q8": "q8_0",
    "q4_0": "q4_0",
    "fp8": "fp8",
    "q8_0 MLA": "q8_0",
    "f16 MLA": "f16",
}
RUNTIMES = {"exllamav3": "exllama", "vllm": "vllm", "llama.cpp": "llama.cpp"}
FOREIGN = {
    "row": "rows of every matrix split over the cards",
    "layer 2 GPU + CPU": "which layers stay on the cards was chosen by hand",
}
ROWS_OF_THEIR_OWN = {
    "M055": "that build keeps the whole context in the windowed layers",
    "M057": "keys and values in different formats",
}
TENSOR_RUNS = ("tp2", "tp4")
SUM_OF_ALL = "h100-pcie-80gb"  # sums over devices that are not named: one large enough for any
USUAL_CONTEXT = 4096


def compared(knowledge: Knowledge | None = None) -> tuple[list[Row], list[Left]]:
    """Every measurement, either with its estimate or with the reason why it has none."""
    knowledge = knowledge or Knowledge.load()
    rows: list[Row] = []
    left: list[Left] = []
    for run in _runs():
        first = run[0]
        ids = first["id"] + (f"-{run[-1]['id']}" if len(run) > 1 else "")
        what = f"{first['model']} {first['quant']} on {first['device']}, {first['context']}"
        try:
            rows.append(_row(ids, what, run, knowledge))
        except Inexpressible as reason:
            left.append(Left(ids, what, str(reason)))
    return rows, left


def kv_buffers(knowledge: Knowledge | None = None) -> list[tuple[str, float, float]]:
    """Id, estimate and measurement in MiB of every whole cache that was logged in one format."""
    knowledge = knowledge or Knowledge.load()
    out = []
    for run in _runs():
        first, logged = run[0], [row["kv_buffer_mib"] for row in run]
        if first["id"] in ROWS_OF_THEIR_OWN or first["kv_type"] not in KV or not all(logged):
            continue
        try:
            model = _model(first, knowledge)
        except Inexpressible:
            continue
        bits = knowledge.parameter(f"kv-bits-{KV[first['kv_type']]}").number
        estimate = cache_bytes(model, int(first["context"]), bits) / 2**20
        out.append((first["id"], estimate, sum(map(float, logged))))
    return out


def _runs() -> list[list[Measurement]]:
    """Measurements of one run belong together: devices of one rig, in the order of the file."""
    runs: list[list[Measurement]] = []
    with MEASURED.open(newline="") as file:
        for row in csv.DictReader(file):
            last = runs[-1] if runs else []
            if last and _goes_on(last, row):
                last.append(row)
            else:
                runs.append([row])
    return runs


def _goes_on(run: list[Measurement], row: Measurement) -> bool:
    """Whether ``row`` is the next device of the run: same run, next number."""
    same = all(
        row[name] == run[0][name]
        for name in ("model", "quant", "context", "kv_type", "split", "source")
    )
    number = re.search(r"(?:CUDA|node)(\d)", row["device"])
    before = re.search(r"(?:CUDA|node)(\d)", run[-1]["device"])
    return bool(same and number and before and int(number[1]) == int(before[1]) + 1)


def _row(ids: str, what: str, run: list[Measurement], knowledge: Knowledge) -> Row:
    first = run[0]
    if first["id"] in ROWS_OF_THEIR_OWN:
        raise Inexpressible(ROWS_OF_THEIR_OWN[first["id"]])
    reason = next((why for word, why in FOREIGN.items() if first["split"].startswith(word)), None)
    if reason:
        raise Inexpressible(reason)
    if first["split"] == "layer-rpc":
        return _weights_row(ids, what, run, knowledge)
    plan = _plan(run, knowledge)
    held = _sized(run, knowledge)
    measured = sum(float(row["total_used_mib"]) for row in run) / 1024
    predicted = sum(occupied_gib(placed, plan) for placed in held.placed)
    notes = []
    if first["compute_buffer_mib"]:
        cards = sum(placed.device.vendor != "apple" for placed in held.placed)
        predicted -= cards * knowledge.parameter("driver-context-gib").number
    if "(per card)" in first["device"]:
        predicted /= len(held.placed)
    if plan.split == "experts-in-ram":
        notes.append("sized with the card filled; filled by hand when measured")
    if first["context"] == "default":
        notes.append(f"context not stated: {USUAL_CONTEXT:,} tokens taken")
    if "_XL" in first["quant"]:
        notes.append("Unsloth's own mixture, taken for the usual one")
    return Row(ids, _kind(plan), what, predicted, measured, "; ".join(notes))


def _weights_row(ids: str, what: str, run: list[Measurement], knowledge: Knowledge) -> Row:
    """Machines of which only the weights are known: the whole model, its table in memory too."""
    model, quant = _model(run[0], knowledge), _quant(run[0], knowledge)
    measured = sum(float(row["model_buffer_mib"]) for row in run)
    beside = re.search(r"CPU (?:buffer )?([\d.]+)", run[0]["notes"])
    measured += float(beside[1]) if beside else 0.0
    predicted = Sizer(knowledge).weights_gib(model, quant).number
    return Row(ids, "weights alone", what, predicted, measured / 1024, "weights only")


def _kind(plan: Plan) -> str:
    if plan.split == "cpu-offload":
        return "part of the layers"
    if plan.split == "experts-in-ram":
        return "experts in memory"
    if plan.split == "tensor":
        return "tensor parallel, vLLM"
    if plan.rig.members[0].device.form == "machine":
        return "unified memory"
    return "layer split" if plan.rig.device_count > 1 else "single card"


def _model(row: Measurement, knowledge: Knowledge) -> Model:
    try:
        return knowledge.find_model(MODELS.get(row["model"], row["model"]))
    except Unknown:
        raise Inexpressible("the model is not in the catalogue") from None


def _quant(row: Measurement, knowledge: Knowledge) -> Quant:
    word = QUANTS.get(row["quant"], row["quant"]).lower()
    try:
        return knowledge.find_quant(word)
    except Unknown:
        raise Inexpressible("the format is not in the catalogue") from None


def _plan(run: list[Measurement], knowledge: Knowledge) -> Plan:
    row = run[0]
    if row["model"].startswith("("):
        raise Inexpressible("a limit, not a run; the limits are tested on their own")
    if row["kv_type"] not in KV:
        raise Inexpressible("keys and values in different formats")
    members = _members(run, knowledge)
    part = re.fullmatch(r"(\d+)/\d+ layers", row["split"])
    split: Split = "layer" if sum(m.count for m in members) > 1 else "none"
    if part:
        split = "cpu-offload"
    elif row["split"] in TENSOR_RUNS:
        split = "tensor"
    elif row["split"].startswith("expert-offload"):
        split = "experts-in-ram"
    runtime = next((to for start, to in RUNTIMES.items() if row["runtime"].startswith(start)), None)
    return Plan(
        id="plan",
        rig=Rig(slug="rig", title="rig", members=members, link="pcie"),
        model=_model(row, knowledge),
        quant=_quant(row, knowledge),
        kv=KV[row["kv_type"]],
        split=split,
        runtime=runtime or "llama.cpp",
        gpu_layers=int(part[1]) if part else None,
    )


def _members(run: list[Measurement], knowledge: Knowledge) -> tuple[Member, ...]:
    row = run[0]
    words = [re.split(r"[/ ]", device["device"])[0] for device in run]
    if row["split"] == "any":
        words = [SUM_OF_ALL]
    told = re.search(r" x(\d)", row["device"])
    count = int(row["split"][2:]) if row["split"] in TENSOR_RUNS else int(told[1]) if told else 1
    if len(set(words)) == 1:
        words = words[:1]
    try:
        devices = [knowledge.find_device(word) for word in words]
    except Unknown:
        raise Inexpressible("the device is not named or not in the catalogue") from None
    return tuple(Member(device=device, count=count) for device in devices)


def _sized(run: list[Measurement], knowledge: Knowledge) -> Memory:
    row, plan = run[0], _plan(run, knowledge)
    weights = Sizer(knowledge).weights_gib(plan.model, plan.quant).number
    context = USUAL_CONTEXT if row["context"] == "default" else int(row["context"])
    flash = row["flash_attn"] != "0"
    return memory(plan, weights, context, 1, knowledge, flash_attention=flash)


def report(rows: list[Row], left: list[Left], *, every: bool = False) -> Iterable[str]:
    """The lines of the report."""
    kinds: dict[str, list[Row]] = {}
    for row in rows:
        kinds.setdefault(row.kind, []).append(row)
    yield f"{'kind':24}{'count':>6}{'median':>9}{'mean':>8}"
    for kind, held in [*sorted(kinds.items()), ("all", rows)]:
        errors = [abs(row.error) for row in held]
        yield f"{kind:24}{len(held):6}{median(errors):9.1%}{mean(errors):8.1%}"
    worst = sorted(rows, key=lambda row: -abs(row.error))
    yield ""
    yield "every measurement" if every else "the worst"
    for row in rows if every else worst[:12]:
        figures = f"{row.predicted_gib:8.2f} for {row.measured_gib:8.2f} GiB {row.error:+7.1%}"
        yield f"{row.id:10}{figures}  {row.kind}: {row.what}" + (f" ({row.note})" * bool(row.note))
    yield ""
    yield f"not expressible: {len(left)}"
    for one in left:
        yield f"{one.id:10}{one.what}: {one.reason}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("--rows", action="store_true", help="print every measurement")
    options = parser.parse_args()
    for line in report(*compared(), every=options.rows):
        print(line)


if __name__ == "__main__":
    main()
