"""Sizing a plan: the arithmetic of the other modules, turned into quantities with a history."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from advisor.knowledge import Knowledge
from advisor.model.catalog import Model, Quant
from advisor.model.plan import Plan, Rig, Sized
from advisor.model.quantity import Quantity, calculated, known

from .memory import GIB, VLLM_LIKE, Memory, memory
from .power import Watts, watts
from .price import PriceResult, price
from .throughput import Throughput, throughput


@dataclass(frozen=True)
class Request:
    """What is asked of a plan: tokens a request may hold, and requests at once."""

    context_tokens: Quantity
    users: Quantity


class Sizer:
    """Sizes plans over one knowledge base; repeated figures are made once."""

    def __init__(self, knowledge: Knowledge) -> None:
        self.knowledge = knowledge
        self._weights: dict[tuple[str, str], Quantity] = {}

    def weights_gib(self, model: Model, quant: Quant) -> Quantity:
        """Weights in memory: the published file's size where there is one, else
        parameters x bits a weight / 8."""
        at = (model.slug, quant.slug)
        node = self._weights.get(at)
        if node is None:
            node = self._weights[at] = self._weights_of(model, quant)
        return node

    def _weights_of(self, model: Model, quant: Quant) -> Quantity:
        id = f"{model.slug}.{quant.slug}"
        size = self.knowledge.file_sizes.get((model.slug, quant.slug))
        if size is not None and model.grade != "assumed":
            file = known(
                f"{id}.size_gb",
                f"{model.name} in {quant.name}: file size",
                size.size_gb,
                "GB",
                size.cites,
                size.grade,
            )
            return calculated(
                f"{id}.weights_gib",
                f"weights of {model.name} in {quant.name}",
                size.size_gb * 1e9 / GIB,
                "GiB",
                "file size x 10^9 / 2^30",
                (file,),
            )
        parameters = self.knowledge.figure(model, "total_params_b")
        bits = self.knowledge.figure(quant, "bits_per_weight")
        return calculated(
            f"{id}.weights_gib",
            f"weights of {model.name} in {quant.name}",
            parameters.number * 1e9 * bits.number / 8 / GIB,
            "GiB",
            "parameters x bits a weight / 8 / 2^30",
            (parameters, bits),
        )

    def price(
        self, rig: Rig, anchor: Quantity, *, bridges_owned: int, needs_host: bool, used_ok: bool
    ) -> PriceResult:
        """The bill for what is missing of a rig."""
        return price(
            rig,
            self.knowledge,
            anchor,
            bridges_owned=bridges_owned,
            needs_host=needs_host,
            used_ok=used_ok,
        )

    def size(self, plan: Plan, request: Request) -> Sized:
        """Every figure of a plan, with formula, inputs and sources."""
        weights = self.weights_gib(plan.model, plan.quant)
        context, users = int(request.context_tokens.number), int(request.users.number)
        held = memory(plan, weights.number, context, users, self.knowledge)
        speed = throughput(plan, held, context, users, self.knowledge)
        need = watts(plan.rig, self.knowledge)
        numbers = _numbers(held, speed, need) | {"guide_effective_gb": self._guide_gb(plan.rig)}
        made = _Figures(plan, numbers, weights, request, speed, self.knowledge)
        return Sized(
            plan=plan,
            numbers=numbers,
            placed=held.placed,
            limited_by=speed.limited_by,
            explain=made.all,
        )

    def _guide_gb(self, rig: Rig) -> float:
        """Memory by the guide's rule of thumb, GB."""
        share = self.knowledge.parameter(guide_share(rig)).number
        return sum(m.device.memory_gb * m.count for m in rig.members) * share


def _numbers(held: Memory, speed: Throughput, need: Watts) -> dict[str, float]:
    """The values of every figure, by name."""
    means = {
        "decode": speed.decode_tok_s,
        "prefill": speed.prefill_tok_s,
        "aggregate": speed.aggregate_tok_s,
    }
    ranges = {"": 1.0, "_low": speed.low, "_high": speed.high}
    return {
        "weights_gib": held.weights_gib,
        "kv_gib": held.kv_gib,
        "compute_gib": held.compute_gib,
        "ram_gib": held.ram_weights_gib,
        "total_gib": held.total_gib,
        "reserve_gib": held.reserve_gib,
        "required_gib": held.weights_gib + held.kv_gib + held.compute_gib,
        "usable_gib": held.usable_gib,
        "headroom_gib": held.headroom_gib,
        "full_kv_headroom_gib": held.full_kv_headroom_gib,
        "max_context_tokens": held.max_context_tokens,
        "max_users": held.max_users,
        **{
            f"{name}{end}_tok_s": mean * factor
            for name, mean in means.items()
            for end, factor in ranges.items()
        },
        "gpu_w": need.gpu_w,
        "system_w": need.system_w,
        "psu_needed_w": need.psu_needed_w,
        "heat_btu_h": need.heat_btu_h,
        "usd_per_year": need.usd_per_year,
    }


class _Figures:
    """The history of a plan's numbers: label, formula and inputs of each."""

    def __init__(
        self,
        plan: Plan,
        numbers: Mapping[str, float],
        weights: Quantity,
        request: Request,
        pace: Throughput,
        knowledge: Knowledge,
    ) -> None:
        self.plan = plan
        self.numbers = numbers
        self.weights = weights
        self.request = request
        self.pace = pace
        self.knowledge = knowledge
        self.figures: dict[str, Quantity] = {}

    def all(self) -> dict[str, Quantity]:
        """Every figure, by name."""
        self.memory()
        self.speed()
        self.power()
        return self.figures

    def add(
        self, name: str, label: str, unit: str, formula: str, inputs: tuple[Quantity, ...]
    ) -> Quantity:
        """Note the history of one number."""
        figure = calculated(
            f"{self.plan.id}.{name}", label, self.numbers[name], unit, formula, inputs
        )
        self.figures[name] = figure
        return figure

    def parameters(self, *ids: str) -> tuple[Quantity, ...]:
        return tuple(self.knowledge.parameter(id) for id in ids)

    def devices(self, field: str) -> tuple[Quantity, ...]:
        return tuple(self.knowledge.figure(m.device, field) for m in self.plan.rig.members)

    def memory(self) -> None:
        plan, weights, request = self.plan, self.weights, self.request
        visible = self.devices("visible_gib")
        shape = self.knowledge.figure(plan.model, "kv_heads")
        bits = self.knowledge.parameter(f"kv-bits-{plan.kv}")
        asked = (request.context_tokens, request.users)
        self.figures["weights_gib"] = weights
        kv = self.add(
            "kv_gib",
            f"KV cache for {request.users.value} x {request.context_tokens.value:,} tokens",
            "GiB",
            kv_formula(plan.model),
            (*asked, shape, bits),
        )
        sized = self.parameters(*self._room_parameters())
        compute = self.add(
            "compute_gib",
            "compute buffers",
            "GiB",
            "activations a card x cards"
            if plan.runtime in VLLM_LIKE
            else "ubatch x (vocabulary + hidden size) x 4 bytes x devices",
            (*sized, self.knowledge.figure(plan.model, "vocab_size")),
        )
        self.add(
            "ram_gib",
            "weights in system memory",
            "GiB",
            "weights - what the devices hold",
            (weights,),
        )
        total = self.add("total_gib", "memory of all devices", "GiB", "sum", visible)
        reserve = self.add(
            "reserve_gib",
            "kept free by runtime and system",
            "GiB",
            "reserve of each device, summed",
            (*sized, total),
        )
        self.add(
            "required_gib",
            "needed in all",
            "GiB",
            "weights + KV cache + compute buffers",
            (weights, kv, compute),
        )
        usable = self.add(
            "usable_gib",
            "usable for weights and KV cache",
            "GiB",
            "memory - reserve - compute buffers",
            (total, reserve, compute),
        )
        inputs = (usable, weights, kv)
        self.add(
            "headroom_gib",
            "room left on the fullest device",
            "GiB",
            "smallest of usable - share of weights and KV cache, over the devices",
            inputs,
        )
        self.add(
            "full_kv_headroom_gib",
            "the same with a 16-bit KV cache",
            "GiB",
            "as headroom, cache at 16 bits",
            inputs,
        )
        self.add(
            "max_context_tokens",
            "longest context that fits",
            "tokens",
            "largest context whose cache fits beside the weights",
            inputs,
        )
        self.add(
            "max_users",
            "users that fit at this context",
            "",
            "cache room / cache of one user",
            inputs,
        )
        share = self.knowledge.parameter(guide_share(plan.rig))
        gigabytes = self.devices("memory_gb")
        self.add(
            "guide_effective_gb",
            "effective memory by the guide's rule of thumb",
            "GB",
            "total x the guide's share",
            (share, *gigabytes),
        )

    def _room_parameters(self) -> tuple[str, ...]:
        device = self.plan.rig.members[0].device
        if self.plan.runtime in VLLM_LIKE and device.form != "machine":
            return ("vllm-memory-fraction", "vllm-activation-gib")
        if device.vendor == "apple":
            return ("ubatch-tokens", "wired-share-small", "wired-share-large")
        if device.form == "machine":
            return ("ubatch-tokens", "reserve-unified-gib")
        return ("ubatch-tokens", "reserve-llamacpp-gib")

    def speed(self) -> None:
        figures, speed = self.figures, self.pace
        parameters = self.parameters(*speed.parameters)
        bandwidth = self.devices("bandwidth_gb_s")
        link = (self.plan.rig.link_gb_s,) if self.plan.rig.link_gb_s else ()
        active = self.knowledge.figure(self.plan.model, "active_params_b")
        base = (figures["weights_gib"], figures["kv_gib"], active, *bandwidth, *link, *parameters)
        middle = self.add(
            "decode_tok_s",
            "decode, one request",
            "tok/s",
            DECODE_FORMULA[self.plan.split],
            base,
        )
        self._ends("decode", middle)
        prompt = self.add(
            "prefill_tok_s",
            "reading the prompt",
            "tok/s",
            "compute x share reached / (2 x active parameters)",
            (active, *self.devices("fp16_tflops"), *self.parameters("efficiency-prefill")),
        )
        self._ends("prefill", prompt)
        together = self.add(
            "aggregate_tok_s",
            "decode, all requests together",
            "tok/s",
            "smallest of bandwidth, compute and cache room",
            (middle, prompt, figures["max_users"]),
        )
        self._ends("aggregate", together)

    def _ends(self, name: str, middle: Quantity) -> None:
        for end in ("low", "high"):
            factor = self.knowledge.parameter(f"{self.pace.range}-{end}")
            self.add(
                f"{name}_{end}_tok_s",
                f"{middle.label}, {end}",
                "tok/s",
                f"expected x {factor.number:g}",
                (middle, factor),
            )

    def power(self) -> None:
        limits = self.devices("tdp_w")
        gpu = self.add("gpu_w", "power limits", "W", "sum of limits or caps", limits)
        host = self.parameters("host-consumer-w", "psu-efficiency")
        wall = self.add(
            "system_w",
            "at the wall under load",
            "W",
            "(cards + host) / supply efficiency",
            (gpu, *host),
        )
        sized = self.parameters("psu-transient-factor", "psu-system-w", "psu-efficiency")
        self.add(
            "psu_needed_w",
            "supply that rides out load spikes",
            "W",
            "(cards x spike factor + host) / efficiency, rounded up to one sold",
            (gpu, *sized),
        )
        self.add("heat_btu_h", "heat into the room", "BTU/h", "watts x 3.412", (wall,))
        self.add(
            "usd_per_year",
            "electricity a year",
            "USD",
            "kW x hours a day x 365 x price",
            (wall, *self.parameters("hours-per-day", "electricity-usd-per-kwh")),
        )


def guide_share(rig: Rig) -> str:
    """The parameter with the guide's share of the total for such a rig."""
    if rig.nodes > 1:
        return "guide-effective-cluster"
    if rig.members[0].device.vendor == "apple":
        return "guide-effective-apple"
    return "guide-effective-mixed" if len(rig.members) > 1 else "guide-effective-symmetric"


def kv_formula(model: Model) -> str:
    """The cache of one token, written out by layer group."""
    parts = []
    for group in model.attention:
        if group.kind == "linear":
            continue
        if group.kind == "mla":
            one = f"{group.layers} layers x ({group.kv_lora_rank} + {group.rope_dim})"
        else:
            two = "" if group.shared_kv else "2 x "
            one = f"{two}{group.layers} layers x {group.kv_heads} KV heads x {group.head_dim}"
        if group.window:
            one += f" (at most {group.window:,} tokens)"
        if group.compression > 1:
            one += f" / {group.compression}"
        parts.append(one)
    return "(" + " + ".join(parts) + ") x bits / 8 x tokens x users"


DECODE_FORMULA = {
    "none": "bandwidth x efficiency / (active weights + half the cache)",
    "layer": "1 / sum over devices of (its share of active weights and cache / its speed)",
    "pipeline": "1 / (sum of the stages' times + one network hop a machine)",
    "tensor": "1 / (bytes a card / (bandwidth x efficiencies) + 2 exchanges a layer)",
    "replica": "as tensor parallel within one machine",
    "experts-in-ram": "1 / (time on the card + active weights in RAM / RAM bandwidth)",
    "cpu-offload": "1 / (time on the cards + weights in RAM / RAM bandwidth)",
}
