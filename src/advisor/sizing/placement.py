"""Which device holds what: the weights that stay on the devices, and the layers of each.

Layer split gives whole layers to devices by free memory; tensor parallel gives equal shares and
is bound by the smallest device; what a card cannot hold of an offloaded plan lies in system memory.
"""

from __future__ import annotations

from advisor.model.plan import Plan

from .rooms import Room


def on_devices(
    plan: Plan, weights_gib: float, kv_gib: float, rooms: list[Room]
) -> tuple[float, float]:
    """Weights on the devices and in system memory, GiB."""
    space = sum(r.usable_gib for r in rooms)
    if plan.split == "cpu-offload":
        layer = weights_gib / plan.model.layers
        fitting = max(0, int((space - kv_gib) / layer))
        if plan.gpu_layers is not None:
            fitting = plan.gpu_layers
        on_gpu = min(plan.model.layers, fitting) * layer
        return on_gpu, weights_gib - on_gpu
    if plan.split == "experts-in-ram":
        model = plan.model
        experts, active = model.experts or 1, model.experts_active or 1
        routed = (model.total_params_b - model.active_params_b) / (1 - active / experts)
        always = max(0.02, 1 - routed / model.total_params_b)
        if plan.gpu_layers is not None:
            on_gpu = weights_gib * (always + (1 - always) * plan.gpu_layers / model.layers)
            return on_gpu, weights_gib - on_gpu
        on_gpu = min(weights_gib, max(weights_gib * always, min(weights_gib, space - kv_gib)))
        return on_gpu, weights_gib - on_gpu
    return weights_gib, 0.0


def shares_of(plan: Plan, total_gib: float, rooms: list[Room]) -> list[tuple[float, int]]:
    """Each device's share of weights and cache, and its layers."""
    layers = plan.model.layers
    if plan.split in ("tensor", "replica"):
        return [(1 / len(rooms), layers) for _ in rooms]
    if len(rooms) == 1:
        return [(1.0, layers)]
    space = sum(max(r.usable_gib, 0.0) for r in rooms)
    if space <= 0:
        return [(1 / len(rooms), layers) for _ in rooms]
    exact = [layers * max(r.usable_gib, 0.0) / space for r in rooms]
    whole = [int(part) for part in exact]
    for _ in range(layers - sum(whole)):
        index = max(range(len(rooms)), key=lambda i: (exact[i] - whole[i], -i))
        whole[index] += 1
    return [(count / layers, count) for count in whole]
