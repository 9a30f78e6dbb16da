"""One estimate as a format-neutral document."""

from __future__ import annotations

import json
from typing import Any

from advisor.model.estimate import Estimate

from .blocks import Code, Section, Table, Text, Tree, clean, rates
from .outline import fit_section, speed_section, tree

MEMORY = ("weights_gib", "kv_gib", "headroom_gib", "max_context_tokens")
SPEED = ("decode_tok_s", "prefill_tok_s")
MODES = {
    "gpu": "wholly on the devices",
    "offload": "partly in system memory",
    "no": "it does not run like this",
}


def sections(found: dict[str, Any]) -> list[Section]:
    """The estimate in reading order: whether it fits and how fast, then what stands behind it."""
    estimate = Estimate.model_validate_json(json.dumps(found))
    parts = [
        _answer(estimate),
        _notes(estimate),
        fit_section(estimate.memory),
        speed_section(estimate.speed),
        Section("How to run it", [Code(clean(estimate.launch))] if estimate.launch else []),
        _figures(estimate),
    ]
    return [part for part in parts if part.blocks]


def _answer(estimate: Estimate) -> Section:
    memory, speed = estimate.memory, estimate.speed
    fits = "yes" if estimate.fits else "no"
    rows = [
        ("fits", f"{fits}; {memory.headroom_gib:+.1f} GiB on the fullest device"),
        ("runs", MODES[estimate.mode]),
        ("speed", f"{rates(speed.decode_tok_s)}, limited by {speed.limited_by}"),
        ("context", f"up to {memory.max_context_tokens:,} tokens a request"),
        ("requests", f"up to {memory.max_users:,} at once at the context asked for"),
        ("how", f"split {estimate.split}, {estimate.runtime}, link {estimate.link}"),
    ]
    title = f"{estimate.model} in {estimate.quant}, cache {estimate.kv}, on {estimate.rig}"
    return Section(clean(title), [Table(("", ""), tuple((a, clean(b)) for a, b in rows))])


def _notes(estimate: Estimate) -> Section:
    return Section("Mind", [Text(clean(note)) for note in estimate.notes])


def _figures(estimate: Estimate) -> Section:
    nodes = {node.id: node for node in estimate.trace}
    seen: set[str] = set()
    lines: list[tuple[int, str]] = []
    for name in (*MEMORY, *SPEED):
        roots = [id for id in nodes if id.endswith(f".{name}")]
        root = next(iter(roots if name in MEMORY else reversed(roots)), None)
        if root is not None:
            lines += tree(nodes[root], nodes, seen, 0)
    return Section("How the figures come about", [Tree(tuple(lines))] if lines else [])
