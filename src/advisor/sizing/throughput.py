"""How fast a plan answers, as a range.

Decoding reads the active weights and the cache once a token, so its bound is bandwidth. Layer split
takes turns: times add. Tensor parallel divides the bytes, loses a share to synchronising, and adds
two exchanges a layer over the link. Offload adds the time system memory takes for its part.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from advisor.knowledge import Knowledge
from advisor.model.catalog import Device
from advisor.model.plan import Plan

from .memory import Memory
from .rooms import GIB

Limit = Literal["memory-bandwidth", "compute", "link", "cpu", "kv-room"]


@dataclass(frozen=True)
class Throughput:
    """Tokens a second: decode and prefill of one request, decode of all together.

    ``parameters`` are those behind the decode speed. ``low`` and ``high`` are the ends of the range
    as shares of the expected; ``range`` is the beginning of the ids of the parameters for them.
    """

    decode_tok_s: float
    prefill_tok_s: float
    aggregate_tok_s: float
    low: float
    high: float
    range: str
    limited_by: Limit
    parameters: tuple[str, ...]


def efficiency_of(device: Device, moe: bool) -> str:
    """The parameter that holds a device's share of its bandwidth."""
    if moe:
        return "efficiency-moe-nvidia" if device.vendor == "nvidia" else "efficiency-moe-other"
    return f"efficiency-{device.vendor}"


def link_of(plan: Plan) -> tuple[str, str]:
    """The parameters for tensor efficiency and exchange latency of the plan's link.

    Where a bridge joins fewer devices than work together, the rest of the way is PCIe.
    """
    link, device = plan.rig.link, plan.rig.members[0].device
    joined = link == "nvswitch" or plan.rig.device_count <= (device.link_max_devices or 2)
    kind = link if link in ("nvlink", "nvswitch") and joined else "pcie"
    if plan.rig.nodes > 1 and plan.split != "replica":
        return "efficiency-tensor-pcie", "link-latency-network-us"
    latency = "link-latency-us" if kind == "pcie" else "link-latency-nvlink-us"
    return f"efficiency-tensor-{kind}", latency


def throughput(
    plan: Plan, memory: Memory, context_tokens: int, users: int, knowledge: Knowledge
) -> Throughput:
    """Expected speed at half the context filled, and the ends of its range."""
    used: dict[str, None] = {}

    def parameter(id: str) -> float:
        used[id] = None
        return knowledge.parameter(id).number

    model = plan.model
    moe = model.experts is not None
    copies = plan.rig.nodes if plan.split == "replica" else 1
    active = memory.weights_gib * model.active_params_b / model.total_params_b
    cache = memory.kv_gib / copies / max(1, -(-users // copies)) / 2
    speeds = [
        p.device.bandwidth_gb_s * 1e9 / GIB * parameter(efficiency_of(p.device, moe))
        for p in memory.placed
    ]
    in_ram = memory.ram_weights_gib / memory.weights_gib
    per_device = [
        (active * (1 - in_ram) + cache) * share / speed
        for share, speed in zip(_time_shares(plan, memory), speeds, strict=True)
    ]
    limited: Limit = "memory-bandwidth"
    exchange = 0.0
    if plan.split in ("tensor", "replica"):
        efficiency, latency = link_of(plan)
        seconds = max(per_device) / parameter(efficiency)
        rate = (plan.rig.link_gb_s.number if plan.rig.link_gb_s else 16.0) * 1e9
        exchange = 2 * model.layers * (parameter(latency) / 1e6 + model.hidden_size * 2 / rate)
        if exchange > seconds:
            limited = "link"
        seconds += exchange
    else:
        seconds = sum(per_device)
        if plan.rig.nodes > 1:
            seconds += plan.rig.nodes * parameter("link-latency-network-us") / 1e6
    if in_ram:
        ram = parameter("ram-gb-s") * 1e9 / GIB * parameter("ram-efficiency")
        slow = active * in_ram / ram
        limited = "cpu" if slow > seconds else limited
        seconds += slow
    behind = tuple(used)
    tflops = sum(p.device.fp16_tflops for p in memory.placed)
    if plan.split not in ("tensor", "replica"):
        tflops /= len(memory.placed)
    flops = 2e9 * model.active_params_b
    prefill = tflops * 1e12 * parameter("efficiency-prefill") / flops
    if in_ram:
        prefill *= max(0.05, 1 - in_ram)
    decode = 1 / seconds
    aggregate, limited = _aggregate(decode, users, copies, memory, prefill, limited, parameter)
    wide = bool(in_ram) or plan.rig.nodes > 1 or len({p.device.vendor for p in memory.placed}) > 1
    spread = "range-wide" if wide else "range"
    return Throughput(
        decode_tok_s=decode,
        prefill_tok_s=prefill,
        aggregate_tok_s=aggregate,
        low=parameter(f"{spread}-low"),
        high=parameter(f"{spread}-high"),
        range=spread,
        limited_by=limited,
        parameters=behind,
    )


def _time_shares(plan: Plan, memory: Memory) -> list[float]:
    if plan.split in ("tensor", "replica"):
        return [1 / len(memory.placed) for _ in memory.placed]
    return [p.layers / plan.model.layers for p in memory.placed]


def _aggregate(
    decode: float,
    users: int,
    copies: int,
    memory: Memory,
    prefill: float,
    limited: Limit,
    parameter: Callable[[str], float],
) -> tuple[float, Limit]:
    """Decode of all users: weights are read once for a batch, until compute or cache room binds."""
    if users == 1:
        return decode, limited
    fitting = max(1, min(users, memory.max_users))
    local = -(-fitting // copies)
    together = decode * (1 + (local - 1) * parameter("efficiency-batch"))
    if together > prefill:
        return prefill * copies, "compute"
    return together * copies, "kv-room" if memory.max_users < users else limited
