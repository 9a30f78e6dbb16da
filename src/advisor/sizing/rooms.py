"""What each device offers a plan, and what the runtime takes of it first.

llama.cpp: a compute buffer of ubatch x (vocabulary + hidden size) x 4 bytes on every device, with
1 GiB left free (llama.cpp ``--fit-target``). With flash attention the measured buffer of
Llama-3-8B is 258.5 MiB at 512 tokens; the formula gives 258.5. vLLM fills a share of the card and
keeps activations inside it. macOS wires two thirds to three quarters of the memory.
"""

from __future__ import annotations

from dataclasses import dataclass

from advisor.knowledge import Knowledge
from advisor.model.catalog import Device
from advisor.model.plan import Plan

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
