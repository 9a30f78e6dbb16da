"""An estimate as plain data, in the form of ``estimate --format json``.

Built without validating each row, as batches hold many; a test holds it against the model.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict
from typing import Any

from advisor.knowledge import Knowledge
from advisor.model.advice import Fit
from advisor.model.estimate import EstimatePower
from advisor.model.quantity import Quantity
from advisor.sizing.placement import division

from .estimating import OFFLOADS, Estimated
from .launch import launch_command

FIT = tuple(name for name in Fit.model_fields if name != "devices")
POWER = tuple(EstimatePower.model_fields)
SPLITS = {"tensor": "tp", "cpu-offload": "offload"}
LONGEST_FEW = 1.5  # a narrower cache is worth a word when it holds so many times the context


def report(estimated: Estimated, knowledge: Knowledge) -> dict[str, Any]:
    """Memory, speed, notes and trace of an estimate.

    The memory is that of keeping all of it on the devices, the speed that of how it then runs.
    """
    asked, sized, whole = estimated.asked, estimated.sized, estimated.whole
    plan, figure = sized.plan, sized.numbers
    split = "exo" if plan.runtime == "exo" else SPLITS.get(plan.split, plan.split)

    def between(name: str) -> dict[str, float]:
        return {
            "low": figure[f"{name}_low_tok_s"],
            "expected": figure[f"{name}_tok_s"],
            "high": figure[f"{name}_high_tok_s"],
        }

    return {
        "estimate": 1,
        "id": asked.id,
        "rig": plan.rig.slug,
        "link": plan.rig.link,
        "model": plan.model.slug,
        "quant": plan.quant.slug,
        "kv": plan.kv,
        "split": split,
        "runtime": plan.runtime,
        "fits": estimated.fits,
        "mode": estimated.mode,
        "memory": {
            **{name: whole.numbers[name] for name in FIT},
            "devices": [
                {
                    "device": placed.device.slug,
                    "index": placed.index,
                    "layers": placed.layers,
                    "weights_gib": placed.weights_gib,
                    "kv_gib": placed.kv_gib,
                    "compute_gib": placed.compute_gib,
                    "used_gib": placed.used_gib,
                    "capacity_gib": placed.capacity_gib,
                }
                for placed in whole.placed
            ],
        },
        "speed": {
            "decode_tok_s": between("decode"),
            "prefill_tok_s": between("prefill"),
            "aggregate_decode_tok_s": between("aggregate"),
            "limited_by": sized.limited_by,
        },
        "power": {name: figure[name] for name in POWER},
        "placement": asdict(division(sized)),
        "launch": launch_command(sized, asked.context_tokens, asked.users, knowledge),
        "notes": [
            knowledge.estimate_notes[name].format(**values)
            for name, values in _notes(estimated, knowledge)
        ],
        "trace": trace_rows((*whole.figures.values(), *sized.figures.values())),
    }


def trace_rows(roots: Iterable[Quantity]) -> list[dict[str, Any]]:
    """Every quantity under ``roots`` as plain data, inputs before what uses them, each id once."""
    rows: dict[str, dict[str, Any]] = {}

    def visit(quantity: Quantity) -> None:
        if quantity.id in rows:
            return
        for part in quantity.inputs:
            visit(part)
        rows[quantity.id] = {
            "id": quantity.id,
            "kind": quantity.kind,
            "label": quantity.label,
            "value": quantity.value,
            "unit": quantity.unit,
            "formula": quantity.formula,
            "rule": quantity.rule,
            "inputs": list(dict.fromkeys(part.id for part in quantity.inputs)),
            "cites": list(quantity.cites),
            "grade": quantity.grade,
        }

    for root in roots:
        visit(root)
    return list(rows.values())


def _notes(estimated: Estimated, knowledge: Knowledge) -> Iterator[tuple[str, dict[str, Any]]]:
    """The notes that apply, by name, with what fills them in."""
    asked, sized, whole = estimated.asked, estimated.sized, estimated.whole
    plan, narrow = sized.plan, estimated.narrow
    runtime = knowledge.runtimes[plan.runtime]
    for word, other in estimated.on.stand_ins:
        yield "superseded", {"word": word, "stands_for": other.stands_for}
    short = -whole.numbers["headroom_gib"]
    if short > 0 and whole.plan.rig.members:
        yield "short-by", {"short": f"{short:.1f}"}
    if narrow is not None:
        longest, wider = (one.numbers["max_context_tokens"] for one in (whole, narrow))
        values = {"context": f"{asked.context_tokens:,}", "narrow": narrow.plan.kv}
        values |= {"longest": f"{longest:,.0f}", "longest_narrow": f"{wider:,.0f}"}
        if short > 0 and narrow.numbers["headroom_gib"] >= 0:
            yield "eight-bits", values
        elif short <= 0 and wider > LONGEST_FEW * longest:
            yield "eight-bits-short", values
    if plan.split in OFFLOADS:
        if plan.rig.members and whole is not sized:
            yield "offloaded", {"ram": f"{sized.numbers['ram_gib']:.1f}"}
        if asked.ram_gb_s is None:
            yield "ram-assumed", {"ram_gb_s": f"{knowledge.parameter('ram-gb-s').number:g}"}
    elif short > 0 and plan.rig.members:
        yield "no-way", {}
    if estimated.obstacle is not None:
        yield "no-division", {"why": estimated.obstacle}
    if plan.kv not in runtime.kv_flags:
        accepted = ", ".join(runtime.kv_flags)
        yield "cache-unsupported", {"runtime": runtime.name, "kv": plan.kv, "accepted": accepted}
    if plan.quant.family not in runtime.families:
        yield "format-unsupported", {"runtime": runtime.name, "quant": plan.quant.name}
    if not {device.vendor for device in plan.rig.devices} <= {*runtime.vendors}:
        yield "vendor-unsupported", {"runtime": runtime.name}
    if asked.quant == "auto":
        yield "quant-chosen", {"quant": plan.quant.name, "runtime": runtime.name}
    if asked.link is None and plan.rig.device_count > 1:
        rate = plan.rig.link_gb_s
        speed = f" at {rate.number:g} GB/s" if rate is not None else ""
        yield "link-assumed", {"link": plan.rig.link + speed}
    if asked.context_tokens > plan.model.max_context_tokens:
        yield "beyond-model", {"most": f"{plan.model.max_context_tokens:,}"}
    kept = sized.numbers["kept_under_cap"]
    if asked.power_cap_w is not None and kept < 1:
        yield "power-cap", {"cap": f"{asked.power_cap_w:g}", "kept": f"{100 * kept:.0f}"}
    if plan.model.grade == "assumed":
        yield "assumed-model", {"model": plan.model.name}
