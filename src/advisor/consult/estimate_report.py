"""An estimate as plain data, in the form of ``estimate --format json``.

Built without validating each row, as batches hold many; tests hold it against the model.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from json.encoder import encode_basestring as text
from typing import Any

from advisor.knowledge import Knowledge
from advisor.model.advice import Fit
from advisor.model.estimate import EstimatePower
from advisor.model.plan import Sized
from advisor.model.quantity import Quantity, calculated
from advisor.sizing.placement import division

from .estimate_notes import longer, notes
from .estimating import MOST_KEPT, Estimated
from .launch import launch

FIT = tuple(name for name in Fit.model_fields if name != "devices")
POWER = tuple(EstimatePower.model_fields)
SPEED = tuple(
    f"{name}{end}_tok_s"
    for name in ("decode", "prefill", "aggregate")
    for end in ("_low", "", "_high")
)
SPLITS = {"tensor": "tp", "cpu-offload": "offload"}


def report(estimated: Estimated, knowledge: Knowledge) -> dict[str, Any]:
    """Memory, speed, notes and trace of an estimate."""
    host = _host(estimated.whole)
    trace = [row(node) for node in _ordered(_roots(estimated, host, knowledge))]
    return {**_head(estimated, host, knowledge), "trace": trace}


class Lines:
    """Writes estimates as lines of JSON, the bytes that ``report`` would come to.

    Knowledge nodes are written once and kept: the rows of a batch share them.
    """

    def __init__(self, knowledge: Knowledge) -> None:
        self.knowledge = knowledge
        self._written: dict[tuple[object, ...], str] = {}

    def line(self, estimated: Estimated) -> bytes:
        """One estimate, with a line feed."""
        host = _host(estimated.whole)
        head = compact(_head(estimated, host, self.knowledge))
        nodes = _ordered(_roots(estimated, host, self.knowledge))
        trace = ",".join(map(self._node, nodes))
        return f'{head[:-1]},"trace":[{trace}]}}\n'.encode()

    def _node(self, node: Quantity) -> str:
        if node.kind != "knowledge":
            return _written(node)
        at = (node.id, node.label, node.value, node.cites, node.grade)
        text = self._written.get(at)
        if text is None:
            if len(self._written) >= MOST_KEPT:
                self._written.clear()
            text = self._written[at] = _written(node)
        return text


def compact(data: object) -> str:
    """JSON without spaces."""
    return json.dumps(data, ensure_ascii=False, separators=(",", ":"))


def _written(node: Quantity) -> str:
    """A node as JSON, as ``compact(row(node))``, which is too slow for batches."""
    value = node.value
    shown = repr(value) if type(value) in (float, int) else compact(value)
    formula = "null" if node.formula is None else text(node.formula)
    rule = "null" if node.rule is None else text(node.rule)
    inputs = ",".join([text(id) for id in dict.fromkeys([part.id for part in node.inputs])])
    cites = ",".join(map(text, node.cites))
    return (
        f'{{"id":{text(node.id)},"kind":"{node.kind}","label":{text(node.label)},"value":{shown},'
        f'"unit":{text(node.unit)},"formula":{formula},"rule":{rule},"inputs":[{inputs}],'
        f'"cites":[{cites}],"grade":"{node.grade}"}}'
    )


def _roots(estimated: Estimated, host: Quantity, knowledge: Knowledge) -> list[Quantity]:
    """The figures of the estimate and of what its notes offer."""
    whole, sized, narrow = estimated.whole, estimated.sized, estimated.narrow
    roots = [*(whole.figures[name] for name in FIT), host]
    roots += [sized.figures[name] for name in (*SPEED, *POWER, "ram_gib")]
    if narrow is not None and longer(estimated, knowledge):
        roots.append(narrow.figures["max_context_tokens"])
    return roots


def _head(estimated: Estimated, host: Quantity, knowledge: Knowledge) -> dict[str, Any]:
    """All but the trace."""
    asked, sized, whole = estimated.asked, estimated.sized, estimated.whole
    plan, figure = sized.plan, sized.numbers
    by_exo = plan.runtime == "exo" and plan.split == "layer"
    divided = division(sized)

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
        "split": "exo" if by_exo else SPLITS.get(plan.split, plan.split),
        "runtime": plan.runtime,
        "rule": estimated.rule,
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
                    "reserve_gib": placed.reserve_gib,
                    "used_gib": placed.used_gib,
                    "capacity_gib": placed.capacity_gib,
                }
                for placed in whole.placed
            ],
            "host_gib": host.value,
        },
        "speed": {
            "decode_tok_s": between("decode"),
            "prefill_tok_s": between("prefill"),
            "aggregate_decode_tok_s": between("aggregate"),
            "limited_by": sized.limited_by,
        },
        "power": {name: float(figure[name]) for name in POWER},
        "tensor_split": divided.tensor_split,
        "gpu_layers": divided.gpu_layers,
        "cpu_moe_layers": divided.cpu_moe_layers,
        "ram_gib": figure["ram_gib"],
        **_launch(estimated, knowledge),
        "notes": notes(estimated, knowledge),
    }


def _launch(estimated: Estimated, knowledge: Knowledge) -> dict[str, Any]:
    """The command to start it and the steps around it; none for what does not run."""
    asked = estimated.asked
    if estimated.mode == "no":
        return {"launch": None, "prepare": [], "then": []}
    made = launch(estimated.sized, asked.context_tokens, asked.users, knowledge)
    return {
        "launch": made.line,
        "prepare": [{"command": step.command, "why": step.why} for step in made.prepare],
        "then": [{"command": step.command, "why": step.why} for step in made.then],
    }


def _host(sized: Sized) -> Quantity:
    """What a plan holds in system memory, GiB: weights, and the cache of layers that lie there."""
    figures, numbers = sized.figures, sized.numbers
    held = numbers["ram_gib"]
    if sized.plan.split == "cpu-offload":
        held += numbers["kv_gib"] - sum(placed.kv_gib for placed in sized.placed)
    return calculated(
        f"{sized.plan.id}.host_gib",
        "weights and cache in system memory",
        max(0.0, held),
        "GiB",
        "weights + cache - what the devices hold",
        (figures["weights_gib"], figures["kv_gib"], figures["ram_gib"]),
    )


def _ordered(roots: Iterable[Quantity]) -> Iterable[Quantity]:
    """Every quantity under ``roots``, inputs before what uses them, each id once."""
    found: dict[str, Quantity] = {}
    for root in roots:
        if root.id not in found:
            _visit(root, found)
    return found.values()


def _visit(quantity: Quantity, found: dict[str, Quantity]) -> None:
    for part in quantity.inputs:
        if part.id not in found:
            _visit(part, found)
    found[quantity.id] = quantity


def row(node: Quantity) -> dict[str, Any]:
    """A node of the trace as plain data."""
    return {
        "id": node.id,
        "kind": node.kind,
        "label": node.label,
        "value": node.value,
        "unit": node.unit,
        "formula": node.formula,
        "rule": node.rule,
        "inputs": list(dict.fromkeys(part.id for part in node.inputs)),
        "cites": list(node.cites),
        "grade": node.grade,
    }
