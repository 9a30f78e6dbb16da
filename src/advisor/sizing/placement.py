"""Which device holds what of a plan, and what lies in system memory.

Layer split gives whole layers to devices (layer_split); tensor parallel gives equal shares and is
bound by the smallest device; a pipeline does both. Under offload llama.cpp keeps the last layers
and the output on the devices (``-ngl``), or everything but the experts of the first layers
(``--n-cpu-moe``); caches lie where their layers lie.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from advisor.model.catalog import Model
from advisor.model.plan import Plan, Sized

from .layer_split import (
    Layers,
    Stage,
    by_free_memory,
    divided,
    evenly,
    in_order,
    last_used,
    most_layers,
    roomiest,
    slots,
)
from .reading import reads_of
from .rooms import VLLM_LIKE, Room
from .weights import classes, hosted_gib

TOLD = ("llama.cpp", *VLLM_LIKE, "exllama")
"""Runtimes that take a split of the layers from the command line or a file."""
VOCABULARY_PADDING = 64  # of vLLM and SGLang


class Share(NamedTuple):
    """What one device holds, GiB."""

    layers: int
    weights_gib: float
    kv_gib: float

    @property
    def load_gib(self) -> float:
        return self.weights_gib + self.kv_gib


@dataclass(frozen=True)
class Division:
    """How a sized plan divides the model, as the numbers that runtimes take.

    ``tensor_split``: layers of each device, the output counted as one, where the runtime's own
    split differs; ``stages``: layers of each stage of a pipeline, likewise; ``main_gpu``: the only
    device of several that is used; ``gpu_layers``: layers on devices under cpu-offload, the output
    counted as one; ``cpu_moe_layers``: the first layers, whose experts lie in system memory.
    """

    tensor_split: tuple[int, ...] | None = None
    stages: tuple[int, ...] | None = None
    main_gpu: int | None = None
    gpu_layers: int | None = None
    cpu_moe_layers: int | None = None


def place(
    plan: Plan,
    weights_gib: float,
    kv_gib: float,
    rooms: Sequence[Room],
    margin_gib: float | None = None,
) -> list[Share]:
    """What each device holds; the rest lies in system memory.

    ``weights_gib`` is without the embedding in system memory. Where devices are unlike, faster ones
    take more layers as long as they keep ``margin_gib`` free; None: by memory alone.
    """
    model, count = plan.model, len(rooms)
    if plan.split in ("tensor", "replica"):
        return [Share(model.layers, weights_gib / count, kv_gib / count) for _ in rooms]
    if plan.split == "pipeline":
        return _pipeline(plan, weights_gib, kv_gib, rooms)
    stages = _stages(plan, rooms)
    output_gib = _output_gib(plan, weights_gib)
    if plan.split == "experts-in-ram":
        return _without_experts(plan, weights_gib, kv_gib, stages)
    layer = (weights_gib - output_gib) / model.layers, kv_gib / model.layers
    margin = margin_gib if plan.runtime in TOLD else None
    if plan.split == "cpu-offload":
        placed = _gpu_slots(plan, sum(layer), output_gib, stages)
        if not placed:
            return [Share(0, 0.0, 0.0) for _ in rooms]
        load = Layers(placed - 1, sum(layer), output_gib)
        margin = None
    else:
        load = Layers(model.layers, sum(layer), output_gib)
    counts: Sequence[int]
    if plan.split == "none" and count > 1:
        best = max(range(count), key=lambda i: (_fits(stages[i], load), stages[i].speed_gb_s, -i))
        counts = [load.count if i == best else 0 for i in range(count)]
    elif count == 1:
        counts = [load.count]
    else:
        own = by_free_memory(tuple(stage.free_gib for stage in stages), load.count)
        counts = divided(stages, load, own, margin) if plan.runtime in TOLD else own
    return _shares(counts, *layer, output_gib)


def division(sized: Sized) -> Division:
    """How a sized plan divides the model."""
    plan, placed = sized.plan, sized.placed
    counts = [device.layers for device in placed]
    used = sum(1 for device in placed if device.weights_gib > 0)
    if plan.split == "pipeline":
        per_stage = counts[:: len(counts) // plan.rig.nodes]
        own = per_stage == evenly(len(per_stage), plan.model.layers)
        return Division(stages=None if own else tuple(per_stage))
    if plan.split in ("tensor", "replica") or not placed:
        return Division(gpu_layers=0 if plan.split == "cpu-offload" else None)
    gpu_layers = sum(counts) + bool(used) if plan.split == "cpu-offload" else None
    moe_layers = _cpu_moe_layers(sized) if plan.split == "experts-in-ram" else None
    main_gpu = last_used(counts) if used == 1 < len(placed) else None
    split = None
    if used > 1 and plan.runtime in TOLD:
        free = tuple(device.capacity_gib - device.reserve_gib for device in placed)
        if tuple(counts) != by_free_memory(free, sum(counts)):
            split = tuple(slots(counts))
    return Division(
        tensor_split=split,
        main_gpu=main_gpu,
        gpu_layers=gpu_layers,
        cpu_moe_layers=moe_layers,
    )


def tensor_obstacle(model: Model, size: int) -> str | None:
    """Why ``size`` devices cannot share every layer under vLLM or SGLang; None: they can.

    Each takes whole attention heads; KV heads are divided, or copied where there are fewer than
    devices; the vocabulary is padded to a multiple of 64 and divided.
    """
    if model.heads % size:
        return f"{model.heads} attention heads do not divide by {size} devices"
    for group in model.attention:
        if group.kind == "gqa" and group.kv_heads % size and size % group.kv_heads:
            return f"{group.kv_heads} heads of keys and values do not divide by {size} devices"
    padded = -(-model.vocab_size // VOCABULARY_PADDING) * VOCABULARY_PADDING
    if padded % size:
        return f"a vocabulary of {padded:,} (padded) does not divide by {size} devices"
    return None


def _stages(plan: Plan, rooms: Sequence[Room]) -> list[Stage]:
    return [
        Stage(room.usable_gib, room.capacity_gib - room.reserve_gib, device.bandwidth_gb_s)
        for room, device in zip(rooms, plan.rig.devices, strict=True)
    ]


def _fits(stage: Stage, load: Layers) -> float:
    """Whether a stage holds all of it, and where not, how nearly."""
    return min(0.0, stage.usable_gib - load.count * load.layer_gib - load.output_gib)


def _output_gib(plan: Plan, weights_gib: float) -> float:
    """The output tensor, which lies with the last layer."""
    found = (part.gib for part in classes(plan.model, plan.quant) if "output" in part.name)
    return min(next(found, 0.0), weights_gib / 2)


def _shares(
    counts: Sequence[int], weights_gib: float, kv_gib: float, output_gib: float
) -> list[Share]:
    """Shares of devices with so many layers of so many GiB."""
    holder = last_used(counts)
    return [
        Share(count, count * weights_gib + (output_gib if i == holder else 0.0), count * kv_gib)
        for i, count in enumerate(counts)
    ]


def _pipeline(plan: Plan, weights_gib: float, kv_gib: float, rooms: Sequence[Room]) -> list[Share]:
    """Layers by machine, every layer shared among the devices of a machine."""
    nodes, layers = plan.rig.nodes, plan.model.layers
    size = len(rooms) // nodes
    bandwidths = [device.bandwidth_gb_s for device in plan.rig.devices]
    stages = []
    for first in range(0, size * nodes, size):
        usable = size * min(room.usable_gib for room in rooms[first : first + size])
        stages.append(Stage(usable, usable, size * min(bandwidths[first : first + size])))
    output_gib = _output_gib(plan, weights_gib)
    layer = (weights_gib - output_gib) / layers, kv_gib / layers
    counts = divided(stages, Layers(layers, sum(layer), output_gib), evenly(nodes, layers), None)
    return [
        Share(share.layers, share.weights_gib / size, share.kv_gib / size)
        for share in _shares(counts, *layer, output_gib)
        for _ in range(size)
    ]


def _gpu_slots(plan: Plan, layer_gib: float, output_gib: float, stages: Sequence[Stage]) -> int:
    """Layers on the devices, the output counted as one more: as stated, or as many as fit."""
    if plan.gpu_layers is not None:
        return min(plan.gpu_layers, plan.model.layers + 1)
    fitting = most_layers(stages, layer_gib, output_gib)
    return min(fitting, plan.model.layers) + 1 if fitting else 0


def _experts_gib(plan: Plan, weights_gib: float) -> float:
    """The routed experts of all layers."""
    return weights_gib * reads_of(plan.model, plan.quant, plan.runtime).routed


def _without_experts(
    plan: Plan, weights_gib: float, kv_gib: float, stages: Sequence[Stage]
) -> list[Share]:
    """All layers on the devices, without the experts of as few of the first as it takes."""
    layers = plan.model.layers
    hosted = min(hosted_gib(plan), weights_gib)
    experts_gib = min(weights_gib, _experts_gib(plan, weights_gib + hosted))
    output_gib = min(_output_gib(plan, weights_gib), weights_gib - experts_gib)
    light = (weights_gib - experts_gib - output_gib) / layers
    expert, kv = experts_gib / layers, kv_gib / layers
    usable = [stage.usable_gib for stage in stages]

    def counts_with(without: int) -> list[int] | None:
        sizes = [light + kv + (expert if i >= without else 0.0) for i in range(layers)]
        return in_order(usable, sizes, output_gib)

    if plan.gpu_layers is None:
        low, without = -1, layers
        while without - low > 1:
            middle = (low + without) // 2
            low, without = (low, middle) if counts_with(middle) else (middle, without)
    else:
        without = layers - min(plan.gpu_layers, layers)
    counts = counts_with(without)
    if counts is None:
        whole = light + kv + expert * (layers - without) / layers
        counts = roomiest(stages, Layers(layers, whole, output_gib))
    shares, first = [], 0
    for share in _shares(counts, light, kv, output_gib):
        heavy = max(0, first + share.layers - max(first, without))
        shares.append(Share(share.layers, share.weights_gib + heavy * expert, share.kv_gib))
        first += share.layers
    return shares


def _cpu_moe_layers(sized: Sized) -> int:
    """Of how many layers the experts lie in system memory."""
    plan, weights_gib = sized.plan, sized.numbers["weights_gib"]
    layer = _experts_gib(plan, weights_gib) / plan.model.layers
    held = sum(device.weights_gib for device in sized.placed)
    return round((weights_gib - min(hosted_gib(plan), weights_gib) - held) / layer)
