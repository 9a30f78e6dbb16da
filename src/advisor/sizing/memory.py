"""What each device holds, and whether it holds it.

llama.cpp: weights, cache and a compute buffer of ubatch x (vocabulary + hidden size) x 4 bytes on
every device, with 1 GiB left free (llama.cpp ``--fit-target``). With flash attention the measured
buffer of Llama-3-8B is 258.5 MiB at 512 tokens; the formula gives 258.5. vLLM fills a share of the
card and keeps activations inside it. macOS wires two thirds to three quarters of the memory.
"""

from __future__ import annotations

from dataclasses import dataclass

from advisor.knowledge import Knowledge
from advisor.model.catalog import Device
from advisor.model.plan import Placed, Plan

from .kv_cache import cache_bytes, longest_context

GIB = 2**30
VLLM_LIKE = ("vllm", "sglang", "ray-serve")


@dataclass(frozen=True)
class Room:
    """One device: capacity for the plan and what the runtime takes first, GiB."""

    capacity_gib: float
    reserve_gib: float
    compute_gib: float

    @property
    def usable_gib(self) -> float:
        """What weights and cache may fill."""
        return self.capacity_gib - self.reserve_gib - self.compute_gib


@dataclass(frozen=True)
class Memory:
    """Memory of a plan, GiB; ``headroom_gib`` is that of the fullest device."""

    placed: tuple[Placed, ...]
    weights_gib: float
    kv_gib: float
    compute_gib: float
    reserve_gib: float
    usable_gib: float
    total_gib: float
    headroom_gib: float
    full_kv_headroom_gib: float
    max_context_tokens: int
    max_users: int
    ram_weights_gib: float


def room(device: Device, plan: Plan, knowledge: Knowledge) -> Room:
    """What the runtime leaves of one device."""

    def parameter(id: str) -> float:
        return knowledge.parameter(id).number

    capacity = device.visible_gib
    if plan.runtime in VLLM_LIKE and device.form != "machine":
        reserve = capacity * (1 - parameter("vllm-memory-fraction"))
        return Room(capacity, reserve, parameter("vllm-activation-gib"))
    compute = (
        parameter("ubatch-tokens") * (plan.model.vocab_size + plan.model.hidden_size) * 4 / GIB
    )
    if device.vendor == "apple":
        small = device.memory_gb <= parameter("wired-small-up-to-gb")
        share = parameter("wired-share-small" if small else "wired-share-large")
        return Room(capacity, capacity * (1 - share), compute)
    reserve = parameter(
        "reserve-unified-gib" if device.form == "machine" else "reserve-llamacpp-gib"
    )
    return Room(capacity, reserve, compute)


def memory(
    plan: Plan, weights_gib: float, context_tokens: int, users: int, knowledge: Knowledge
) -> Memory:
    """Place the plan on its devices.

    Layer split gives whole layers to devices by free memory; tensor parallel gives equal shares and
    is bound by the smallest device; a replica is one machine's share; what a card cannot hold of an
    offloaded plan lies in system memory.
    """
    devices = plan.rig.devices
    if plan.split == "replica":
        devices = devices[: len(devices) // plan.rig.nodes]
    rooms = [room(device, plan, knowledge) for device in devices]
    size = len(devices) if plan.split in ("tensor", "replica") else 1
    copies = plan.rig.nodes if plan.split == "replica" else 1
    local_users = -(-users // copies)

    def kv_at(tokens: int, kv: str, people: int = local_users) -> float:
        bits = knowledge.parameter(f"kv-bits-{kv}").number
        return cache_bytes(plan.model, tokens, bits, size) * people / GIB

    kv = kv_at(context_tokens, plan.kv)
    on_gpu, in_ram = _on_gpu(plan, weights_gib, kv, rooms)
    shares = _shares(plan, on_gpu + kv, rooms)
    placed = tuple(
        Placed(
            device=device,
            index=index,
            layers=layers,
            weights_gib=on_gpu * share,
            kv_gib=kv * share,
            compute_gib=space.compute_gib,
            reserve_gib=space.reserve_gib,
            used_gib=(on_gpu + kv) * share + space.compute_gib,
            capacity_gib=space.capacity_gib,
        )
        for index, (device, space, (share, layers)) in enumerate(
            zip(devices, rooms, shares, strict=True)
        )
    )

    def headroom(total: float) -> float:
        return min(
            space.usable_gib - total * share
            for space, (share, _) in zip(rooms, shares, strict=True)
            if share > 0
        )

    by_device = [
        space.usable_gib / share
        for space, (share, _) in zip(rooms, shares, strict=True)
        if share > 0
    ]
    most = min(by_device)
    bits = knowledge.parameter(f"kv-bits-{plan.kv}").number
    cache_room = max(0.0, (most - on_gpu) * GIB)
    one_user = kv_at(context_tokens, plan.kv, 1)
    return Memory(
        placed=placed,
        weights_gib=weights_gib,
        kv_gib=kv * copies,
        compute_gib=sum(r.compute_gib for r in rooms) * copies,
        reserve_gib=sum(r.reserve_gib for r in rooms) * copies,
        usable_gib=sum(r.usable_gib for r in rooms) * copies,
        total_gib=sum(r.capacity_gib for r in rooms) * copies,
        headroom_gib=headroom(on_gpu + kv),
        full_kv_headroom_gib=headroom(on_gpu + kv_at(context_tokens, "f16")),
        max_context_tokens=longest_context(plan.model, cache_room / local_users, bits, size),
        max_users=min(100_000, int(cache_room / GIB / one_user) * copies if one_user else 100_000),
        ram_weights_gib=in_ram,
    )


def _on_gpu(
    plan: Plan, weights_gib: float, kv_gib: float, rooms: list[Room]
) -> tuple[float, float]:
    """Weights on the devices and in system memory, GiB."""
    space = sum(r.usable_gib for r in rooms)
    if plan.split == "cpu-offload":
        layer = weights_gib / plan.model.layers
        fitting = max(0, int((space - kv_gib) / layer))
        on_gpu = min(plan.model.layers, fitting) * layer
        return on_gpu, weights_gib - on_gpu
    if plan.split == "experts-in-ram":
        model = plan.model
        experts, active = model.experts or 1, model.experts_active or 1
        routed = (model.total_params_b - model.active_params_b) / (1 - active / experts)
        always = max(0.02, 1 - routed / model.total_params_b)
        on_gpu = min(weights_gib, max(weights_gib * always, min(weights_gib, space - kv_gib)))
        return on_gpu, weights_gib - on_gpu
    return weights_gib, 0.0


def _shares(plan: Plan, total_gib: float, rooms: list[Room]) -> list[tuple[float, int]]:
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
