"""How much memory a plan takes and leaves, device by device and in all."""

from __future__ import annotations

from dataclasses import dataclass

from advisor.knowledge import Knowledge
from advisor.model.plan import Placed, Plan

from .kv_cache import cache_bytes, longest_context
from .placement import on_devices, shares_of
from .rooms import GIB, room


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


def memory(
    plan: Plan, weights_gib: float, context_tokens: int, users: int, knowledge: Knowledge
) -> Memory:
    """Place the plan on its devices; a replica is one machine's share."""
    devices = plan.rig.devices
    if plan.split == "replica":
        devices = devices[: len(devices) // plan.rig.nodes]
    if not devices:
        return _in_system_memory(plan, weights_gib, context_tokens, users, knowledge)
    rooms = [room(device, plan, knowledge) for device in devices]
    size = len(devices) if plan.split in ("tensor", "replica") else 1
    copies = plan.rig.nodes if plan.split == "replica" else 1
    local_users = -(-users // copies)

    def kv_at(tokens: int, kv: str, people: int = local_users) -> float:
        bits = knowledge.parameter(f"kv-bits-{kv}").number
        return cache_bytes(plan.model, tokens, bits, size) * people / GIB

    kv = kv_at(context_tokens, plan.kv)
    on_gpu, in_ram = on_devices(plan, weights_gib, kv, rooms)
    shares = shares_of(plan, on_gpu + kv, rooms)
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


def _in_system_memory(
    plan: Plan, weights_gib: float, context_tokens: int, users: int, knowledge: Knowledge
) -> Memory:
    """A plan without a device: all of it lies in system memory, whose size is not known."""
    bits = knowledge.parameter(f"kv-bits-{plan.kv}").number
    cache_gib = cache_bytes(plan.model, context_tokens, bits) * users / GIB
    return Memory(
        placed=(),
        weights_gib=weights_gib,
        kv_gib=cache_gib,
        compute_gib=0.0,
        reserve_gib=0.0,
        usable_gib=0.0,
        total_gib=0.0,
        headroom_gib=-weights_gib - cache_gib,
        full_kv_headroom_gib=-weights_gib - cache_gib,
        max_context_tokens=0,
        max_users=users,
        ram_weights_gib=weights_gib,
    )
