"""A rig, a way of running a model on it, and what that comes to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from .advice import Limit, Link
from .catalog import Device, Model, Quant
from .quantity import Quantity, Strict

KvType = Literal["f16", "q8_0", "q4_0", "fp8"]
Split = Literal["none", "layer", "tensor", "replica", "pipeline", "experts-in-ram", "cpu-offload"]


class Member(Strict):
    """``count`` equal devices of a rig, of which ``owned`` are already there."""

    device: Device
    count: int
    owned: int = 0


class Rig(Strict):
    """Hardware before anything runs on it.

    ``link_gb_s`` is one direction between two devices; ``lanes`` the narrowest GPU slot.
    ``nodes`` counts machines, which reach each other's memory directly where ``rdma``;
    ``host_ram_gb`` is 0 where unknown.
    """

    slug: str
    title: str
    members: tuple[Member, ...]
    link: Link
    link_gb_s: Quantity | None = None
    nodes: int = 1
    rdma: bool = False
    lanes: Quantity | None = None
    rental: bool = False
    host_ram_gb: float = 0.0
    power_cap_w: float | None = None

    @property
    def device_count(self) -> int:
        return sum(member.count for member in self.members)

    @cached_property
    def devices(self) -> tuple[Device, ...]:
        """One entry a device, in member order."""
        return tuple(m.device for m in self.members for _ in range(m.count))


class Plan(Strict):
    """One way to run ``model`` on ``rig``. ``id`` is unique within a consultation.

    ``gpu_layers`` fixes how many layers the devices hold under cpu-offload, the output counted as
    one (llama.cpp's -ngl), or of how many the experts under experts-in-ram; None: what fits.
    """

    id: str
    rig: Rig
    model: Model
    quant: Quant
    kv: KvType
    split: Split
    runtime: str
    gpu_layers: int | None = None


@dataclass(frozen=True)
class Placed:
    """One device's share, GiB; the parts add up to ``used_gib``."""

    device: Device
    index: int
    layers: int
    weights_gib: float
    kv_gib: float
    compute_gib: float
    reserve_gib: float
    used_gib: float
    capacity_gib: float


@dataclass(frozen=True)
class Sized:
    """Every figure of a plan, by the names of the ``build`` template in rules/templates.yaml.

    ``numbers`` holds the values; ``figures`` the same values with formula, inputs and sources,
    made by ``explain`` when first asked for.
    """

    plan: Plan
    numbers: Mapping[str, float]
    placed: tuple[Placed, ...]
    limited_by: Limit | None
    explain: Callable[[], dict[str, Quantity]]

    @cached_property
    def figures(self) -> dict[str, Quantity]:
        """The figures with their history."""
        return self.explain()
