"""How long a step of decoding takes, part by part.

Every step reads weights and cache from memory (bytes / bandwidth reached), and spends a time on
each layer that does not depend on its size. Layer split takes turns: the times of the devices add.
Tensor parallel divides the bytes and exchanges twice a layer over the link; a pipeline over
machines does so inside each, and the machines take turns. What lies in system memory is read from
there. The constants are fitted on knowledge/measurements/throughput.csv by benchmarks/calibrate.py.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import log2

from advisor.model.catalog import Device
from advisor.model.plan import Plan

from .kv_cache import cache_bytes
from .memory import Memory
from .power_cap import cap_share, duty_of
from .reading import Reads
from .rooms import GIB
from .speed_class import kernel_class, layer_class, speed_class, unpacking

Parameter = Callable[[str], float]
USUAL_LINK_GB_S = 16.0


class Noted:
    """Looks parameters up and keeps the ids of those it was asked for."""

    def __init__(self, parameter: Parameter) -> None:
        self.parameter = parameter
        self.ids: dict[str, None] = {}

    def __call__(self, id: str) -> float:
        self.ids[id] = None
        return self.parameter(id)


@dataclass(frozen=True)
class Part:
    """One part of the time of a step, seconds, with the ids of the parameters behind it."""

    name: str
    seconds: float
    parameters: tuple[str, ...]


@dataclass(frozen=True)
class Step:
    """One step of decoding: a token for each request of the batch on one copy of the model."""

    parts: tuple[Part, ...]

    @property
    def seconds(self) -> float:
        return sum(part.seconds for part in self.parts)

    @property
    def kept_under_cap(self) -> float:
        """The share of the speed that a power cap leaves."""
        lost = sum(part.seconds for part in self.parts if part.name == "cap")
        return 1 - lost / self.seconds


class Stepper:
    """Times the steps of one plan.

    ``ram_gb_s`` is the bandwidth of the system memory; ``kv_bits`` the width of a cached value.
    """

    def __init__(
        self, plan: Plan, held: Memory, reads: Reads, kv_bits: float, ram_gb_s: float
    ) -> None:
        self.plan = plan
        self.held = held
        self.reads = reads
        self.kv_bits = kv_bits
        self.ram_gb_s = ram_gb_s
        self.shared = plan.split in ("tensor", "replica")
        stages = plan.rig.nodes if plan.split == "pipeline" else 1
        together = self.shared or stages > 1
        self.size = len(held.placed) // stages if together else 1
        self.on_devices_gib = sum(placed.weights_gib for placed in held.placed)

    def step(self, cached_tokens: float, batch: int, parameter: Parameter) -> Step:
        """One step for ``batch`` requests that each hold ``cached_tokens``."""
        parts: list[Part] = []

        def add(name: str, seconds: float, noted: Noted) -> None:
            if seconds or name == "read":
                parts.append(Part(name, seconds, tuple(noted.ids)))

        for name, time in (
            ("read", self._read),
            ("layers", self._layers),
            ("batch", self._compute),
            ("exchange", self._exchange),
            ("hops", self._hops),
            ("ram", self._ram),
        ):
            noted = Noted(parameter)
            add(name, time(cached_tokens, batch, noted), noted)
        for name, share in (("ollama", self._kept_by_ollama), ("cap", self._kept_under_cap)):
            noted = Noted(parameter)
            add(name, sum(part.seconds for part in parts) * (1 / share(noted) - 1), noted)
        return Step(tuple(parts))

    def _in_ram_gb(self, batch: int) -> float:
        """What a step reads from system memory, GB."""
        held = self.held.ram_weights_gib * GIB / 1e9
        if self.plan.split == "experts-in-ram":
            return held * self.reads.hit(batch)
        return held * self.reads.share(batch)

    def _cache_gb(self, tokens: float, batch: int) -> float:
        return cache_bytes(self.plan.model, tokens, self.kv_bits, self.size) * batch / 1e9

    def _read(self, tokens: float, batch: int, parameter: Parameter) -> float:
        weights_gb = self.held.weights_gib * GIB / 1e9 * self.reads.share(batch)
        weights_gb -= self._in_ram_gb(batch)
        cache_gb = self._cache_gb(tokens, batch)
        times = []
        for placed in self.held.placed:
            of_weights = placed.weights_gib / self.on_devices_gib if self.on_devices_gib else 0.0
            of_cache = placed.kv_gib / self.held.kv_gib if self.held.kv_gib else 0.0
            if self.shared:
                of_cache = 1 / self.size
            reached = placed.device.bandwidth_gb_s * self._efficiency(placed.device, parameter)
            seconds = weights_gb * of_weights / reached
            if self.plan.model.experts is not None:
                nvidia = placed.device.vendor == "nvidia" and placed.device.form != "machine"
                seconds /= parameter(f"efficiency-moe-{'nvidia' if nvidia else 'other'}")
            rate = unpacking(self.plan, placed.device)
            if rate is not None:
                gweights = weights_gb * of_weights * 8 / self.plan.quant.bits_per_weight
                unpacked = gweights / (parameter(rate) * placed.device.fp16_tflops)
                seconds = max(seconds, unpacked)
            kv_rate = placed.device.bandwidth_gb_s * parameter("efficiency-kv")
            times.append(seconds + cache_gb * of_cache / kv_rate)
        if not times:
            return 0.0
        return max(times) if self.shared else sum(times) / self.size

    def _efficiency(self, device: Device, parameter: Parameter) -> float:
        return parameter(f"efficiency-{speed_class(device)}")

    def _layers(self, tokens: float, batch: int, parameter: Parameter) -> float:
        model = self.plan.model
        micros = parameter(f"layer-us-{layer_class(self.plan)}")
        kind = kernel_class(self.plan)
        if model.experts is not None:
            micros += parameter(f"layer-us-moe-{kind}")
        if any(group.kind == "linear" for group in model.attention):
            micros += parameter(f"layer-us-linear-{kind}")
        return model.layers * micros / 1e6

    def _compute(self, tokens: float, batch: int, parameter: Parameter) -> float:
        """Arithmetic of the requests beyond the first, which hides behind reading."""
        if batch == 1 or not self.held.placed:
            return 0.0
        tflops = sum(placed.device.fp16_tflops for placed in self.held.placed)
        if not self.shared:
            tflops *= self.size / len(self.held.placed)
        kind = "vllm" if layer_class(self.plan) == "vllm" else "other"
        rate = tflops * 1e12 * parameter(f"efficiency-batch-{kind}")
        return 2e9 * self.plan.model.active_params_b * (batch - 1) / rate

    def _exchange(self, tokens: float, batch: int, parameter: Parameter) -> float:
        """Two all-reduces a layer: latency, and 2 (n-1)/n of the activations over the link."""
        size, model = self.size, self.plan.model
        if size == 1:
            return 0.0
        micros = parameter(f"exchange-us-{self.link()}")
        micros += parameter("exchange-us-doubling") * (log2(size) - 1)
        rate = self._link_gb_s() * 1e9
        moved = 2 * (size - 1) / size * model.hidden_size * 2 * batch
        return model.layers * (micros / 1e6 + 2 * moved / (rate * parameter("efficiency-link")))

    def _link_gb_s(self) -> float:
        """One direction between two devices that exchange."""
        rig = self.plan.rig
        if self.plan.split == "pipeline" and rig.nodes > 1:
            inside = rig.members[0].device.link_gb_s if self.link() == "nvlink" else None
            return inside or USUAL_LINK_GB_S
        return rig.link_gb_s.number if rig.link_gb_s else USUAL_LINK_GB_S

    def link(self) -> str:
        """What carries the exchanges. Bridges join pairs: beyond, the way is PCIe."""
        rig, split = self.plan.rig, self.plan.split
        device = rig.members[0].device
        if split == "pipeline" and rig.nodes > 1:
            return "nvlink" if device.fabric == "nvswitch" else "pcie"
        if rig.nodes > 1 and split != "replica":
            return "network"
        joined = rig.link == "nvswitch" or rig.device_count <= (device.link_max_devices or 2)
        return "nvlink" if rig.link in ("nvlink", "nvswitch") and joined else "pcie"

    def _hops(self, tokens: float, batch: int, parameter: Parameter) -> float:
        """From machine to machine, once a step."""
        rig = self.plan.rig
        if rig.nodes == 1 or self.shared:
            return 0.0
        kind = "rdma" if rig.rdma or rig.link == "infiniband" else "tcp"
        return (rig.nodes - 1) * parameter(f"hop-us-{kind}") / 1e6

    def _ram(self, tokens: float, batch: int, parameter: Parameter) -> float:
        in_ram_gb = self._in_ram_gb(batch)
        if not in_ram_gb:
            return 0.0
        if not self.held.placed:
            in_ram_gb += self._cache_gb(tokens, batch)
        return in_ram_gb / (self.ram_gb_s * parameter("ram-efficiency"))

    def _kept_by_ollama(self, parameter: Parameter) -> float:
        return parameter("efficiency-ollama") if self.plan.runtime == "ollama" else 1.0

    def _kept_under_cap(self, parameter: Parameter) -> float:
        """What the power cap leaves of the speed. Devices that take turns are busy in parts."""
        cap_w = self.plan.rig.power_cap_w
        cards = [placed.device for placed in self.held.placed if placed.device.form != "machine"]
        if cap_w is None or not cards:
            return 1.0
        moe = self.plan.model.experts is not None
        duty = duty_of(self.plan, len(cards), parameter)
        return min(cap_share(card, cap_w, duty, moe, parameter) for card in cards)
