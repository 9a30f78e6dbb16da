"""One estimate as a format-neutral document."""

from __future__ import annotations

import json
from typing import Any

from advisor.model.advice import DeviceFit, Range
from advisor.model.estimate import Estimate
from advisor.model.quantity import Node

from .blocks import Code, Items, Section, Table, Text, Tree, clean, number, rate, rates
from .outline import GRADE_WORDS

MEMORY = (
    *("weights_gib", "kv_gib", "compute_gib", "reserve_gib", "headroom_gib"),
    *("max_context_tokens", "max_users"),
)
PLANNED = ("ram_gib", "decode_tok_s", "prefill_tok_s", "aggregate_tok_s", "system_w")
LIMITS = {
    "memory-bandwidth": "memory bandwidth",
    "compute": "arithmetic",
    "link": "the link",
    "cpu": "the processor and system memory",
    "kv-room": "the room for caches",
}
SPLITS = {
    "none": "whole on one device",
    "layer": "layers in turn",
    "tp": "every layer shared (tensor parallel)",
    "exo": "layers in turn",
    "replica": "a copy a machine",
    "pipeline": "layers over the machines, shared inside each",
    "offload": "first layers in system memory",
    "experts-in-ram": "experts in system memory",
}
BAR = 10


def sections(found: dict[str, Any]) -> list[Section]:
    """The estimate in reading order: whether it fits and how fast, then what stands behind it."""
    estimate = Estimate.model_validate_json(json.dumps(found))
    parts = [
        _answer(estimate),
        Section("Mind", [Items(tuple((clean(note), ()) for note in estimate.notes))]),
        _memory(estimate),
        _figures(estimate),
    ]
    return [part for part in parts if part.blocks]


def _answer(estimate: Estimate) -> Section:
    memory, speed, power = estimate.memory, estimate.speed, estimate.power
    context, together = memory.max_context_tokens, speed.aggregate_decode_tok_s
    rows = [("fits", _fits(estimate)), ("speed", _likely(speed.decode_tok_s))]
    if together != speed.decode_tok_s:
        rows.append(("together", f"{_likely(together)}, all requests"))
    if speed.prefill_tok_s is not None:
        rows.append(("reading", f"{rates(speed.prefill_tok_s)} of the prompt"))
    rows.append(("limit", LIMITS[speed.limited_by]))
    if memory.devices:
        longest = f"up to {context:,} tokens a request" if context else "no room beside weights"
        at_once = f"; room for {memory.max_users:,} at once at yours"
        rows.append(("context", longest + (at_once if memory.max_users else "")))
    chosen = f", chosen by rule {estimate.rule}" if estimate.rule else ""
    rows += [
        ("how", f"{SPLITS[estimate.split]}, under {estimate.runtime}{chosen}"),
        ("power", f"{power.decode_w:,.0f} W at the wall decoding, {power.system_w:,.0f} W at most"),
    ]
    title = f"{estimate.model} in {estimate.quant}, cache {estimate.kv}, on {estimate.rig}"
    section = Section(clean(title), [Table(("", ""), tuple((a, clean(b)) for a, b in rows))])
    if estimate.launch is not None:
        lines = [step.command for step in (*estimate.prepare, *estimate.then)]
        lines.insert(len(estimate.prepare), estimate.launch)
        section.blocks.append(Code("\n".join(map(clean, lines))))
    return section


def _fits(estimate: Estimate) -> str:
    room = estimate.memory.headroom_gib
    fullest = " on the fullest device" if len(estimate.memory.devices) > 1 else ""
    if not estimate.memory.devices:
        return f"{estimate.memory.host_gib:.1f} GiB in system memory"
    if estimate.fits:
        beside = f", {estimate.ram_gib:.1f} GiB in system memory"
        return f"yes, {room:.1f} GiB free{fullest}" + (beside if estimate.mode == "offload" else "")
    if room >= 0:
        return "no, it does not start"
    short = f"no, {-room:.1f} GiB short{fullest}"
    if estimate.mode == "no":
        return short
    return f"{short}; it runs with {estimate.ram_gib:.1f} GiB in system memory"


def _likely(speed: Range) -> str:
    return f"{rates(speed)}, most likely {rate(speed.expected)}"


def _memory(estimate: Estimate) -> Section:
    """Memory in all in a sentence, then device by device."""
    memory = estimate.memory
    total = f"Weights {memory.weights_gib:.1f} + cache {memory.kv_gib:.1f} + buffers "
    total += f"{memory.compute_gib:.1f} = {memory.required_gib:.1f} GiB"
    if not memory.devices:
        return Section("Memory", [Text(f"{total}, all of it in system memory.")])
    total += f" of {memory.total_gib:.1f}, of which {memory.reserve_gib:.1f} are kept free"
    if memory.host_gib >= 0.05:
        total += f"; {memory.host_gib:.1f} of it lie in system memory"
    head = ("device", "layers", "weights", "cache", "buffers", "used", "of GiB", "")
    several = len(memory.devices) > 1
    rows = tuple(_row(device, several) for device in memory.devices)
    return Section("Memory", [Text(f"{total}."), Table(head, rows)])


def _row(device: DeviceFit, several: bool) -> tuple[str, ...]:
    share = device.used_gib / device.capacity_gib
    full = min(BAR, round(share * BAR))
    held = (device.weights_gib, device.kv_gib, device.compute_gib, device.used_gib)
    return (
        f"{device.index} {device.device}" if several else device.device,
        str(device.layers),
        *(f"{gib:.1f}" for gib in held),
        f"{device.capacity_gib:.1f}",
        "█" * full + "░" * (BAR - full) + f" {share:.0%}",
    )


def _figures(estimate: Estimate) -> Section:
    """The main figures with formula and grade, what they assume, and where they come from."""
    nodes = {node.id: node for node in estimate.trace}
    shown = []
    for name in (*MEMORY, *PLANNED):
        ids = [id for id in nodes if id.endswith(f".{name}")]
        if ids and (name != "ram_gib" or estimate.ram_gib):
            shown.append(nodes[ids[0] if name in MEMORY else ids[-1]])
    behind: dict[str, Node] = {}
    waiting = [*shown]
    while waiting:
        node = waiting.pop()
        if node.id not in behind:
            behind[node.id] = node
            waiting += [nodes[id] for id in node.inputs]
    section = Section("How the figures come about")
    section.blocks.append(Tree(tuple((0, _line(node)) for node in shown)))
    guessed = [n for n in estimate.trace if n.id in behind and not n.inputs]
    told = [f"{n.label} {number(n.value, n.unit)}" for n in guessed if n.grade == "assumed"]
    if told:
        section.blocks.append(Text(clean(f"Assumed: {'; '.join(told)}.")))
    cites = sorted({cite for node in behind.values() for cite in node.cites} - {"assumption"})
    section.blocks += [
        Text(clean(f"Sources: {', '.join(cites)}.")),
        Text("A range is meant to hold eight of ten measured machines."),
        Text("Every figure with its inputs, grades and sources: `--format json`."),
    ]
    return section


def _line(node: Node) -> str:
    text = f"{node.label}: {number(node.value, node.unit)}"
    if node.formula and node.kind == "calculation":
        text += f" = {node.formula}"
    return clean(f"{text} ({GRADE_WORDS[node.grade]})")
