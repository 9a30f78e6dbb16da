"""Sizing a plan: the arithmetic of the other modules, turned into quantities with a history."""

from __future__ import annotations

from dataclasses import dataclass

from advisor.knowledge import Knowledge
from advisor.model.catalog import Model, Quant
from advisor.model.plan import Plan, Rig, Sized
from advisor.model.quantity import Quantity, calculated, known, weakest

from .memory import GIB, VLLM_LIKE, Memory, memory
from .power import watts
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
        made = _Figures(plan, self.knowledge)
        made.memory(held, weights, request)
        made.speed(speed, held)
        made.power()
        return Sized(
            plan=plan, figures=made.figures, placed=held.placed, limited_by=speed.limited_by
        )


class _Figures:
    """The quantities of one plan, by name."""

    def __init__(self, plan: Plan, knowledge: Knowledge) -> None:
        self.plan = plan
        self.knowledge = knowledge
        self.figures: dict[str, Quantity] = {}

    def add(
        self,
        name: str,
        label: str,
        value: float,
        unit: str,
        formula: str,
        inputs: tuple[Quantity, ...],
    ) -> Quantity:
        """Note one figure."""
        id = f"{self.plan.id}.{name}"
        figure = Quantity.model_construct(
            id=id,
            kind="calculation",
            label=label,
            value=value,
            unit=unit,
            formula=formula,
            rule=None,
            inputs=inputs,
            cites=(),
            grade=weakest((q.grade for q in inputs), "derived"),
        )
        self.figures[name] = figure
        return figure

    def parameters(self, *ids: str) -> tuple[Quantity, ...]:
        return tuple(self.knowledge.parameter(id) for id in ids)

    def devices(self, field: str) -> tuple[Quantity, ...]:
        return tuple(self.knowledge.figure(m.device, field) for m in self.plan.rig.members)

    def memory(self, held: Memory, weights: Quantity, request: Request) -> None:
        plan = self.plan
        visible = self.devices("visible_gib")
        shape = self.knowledge.figure(plan.model, "kv_heads")
        bits = self.knowledge.parameter(f"kv-bits-{plan.kv}")
        asked = (request.context_tokens, request.users)
        self.figures["weights_gib"] = weights
        kv = self.add(
            "kv_gib",
            f"KV cache for {request.users.value} x {request.context_tokens.value:,} tokens",
            held.kv_gib,
            "GiB",
            kv_formula(plan.model),
            (*asked, shape, bits),
        )
        sized = self.parameters(*self._room_parameters())
        compute = self.add(
            "compute_gib",
            "compute buffers",
            held.compute_gib,
            "GiB",
            "activations a card x cards"
            if plan.runtime in VLLM_LIKE
            else "ubatch x (vocabulary + hidden size) x 4 bytes x devices",
            (*sized, self.knowledge.figure(plan.model, "vocab_size")),
        )
        self.add(
            "ram_gib",
            "weights in system memory",
            held.ram_weights_gib,
            "GiB",
            "weights - what the devices hold",
            (weights,),
        )
        total = self.add(
            "total_gib", "memory of all devices", held.total_gib, "GiB", "sum", visible
        )
        reserve = self.add(
            "reserve_gib",
            "kept free by runtime and system",
            held.reserve_gib,
            "GiB",
            "reserve of each device, summed",
            (*sized, total),
        )
        self.add(
            "required_gib",
            "needed in all",
            held.weights_gib + held.kv_gib + held.compute_gib,
            "GiB",
            "weights + KV cache + compute buffers",
            (weights, kv, compute),
        )
        usable = self.add(
            "usable_gib",
            "usable for weights and KV cache",
            held.usable_gib,
            "GiB",
            "memory - reserve - compute buffers",
            (total, reserve, compute),
        )
        inputs = (usable, weights, kv)
        self.add(
            "headroom_gib",
            "room left on the fullest device",
            held.headroom_gib,
            "GiB",
            "smallest of usable - share of weights and KV cache, over the devices",
            inputs,
        )
        self.add(
            "full_kv_headroom_gib",
            "the same with a 16-bit KV cache",
            held.full_kv_headroom_gib,
            "GiB",
            "as headroom, cache at 16 bits",
            inputs,
        )
        self.add(
            "max_context_tokens",
            "longest context that fits",
            held.max_context_tokens,
            "tokens",
            "largest context whose cache fits beside the weights",
            inputs,
        )
        self.add(
            "max_users",
            "users that fit at this context",
            held.max_users,
            "",
            "cache room / cache of one user",
            inputs,
        )
        share = self.knowledge.parameter(self._guide_share())
        gigabytes = self.devices("memory_gb")
        self.add(
            "guide_effective_gb",
            "effective memory by the guide's rule of thumb",
            sum(m.device.memory_gb * m.count for m in plan.rig.members) * share.number,
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

    def _guide_share(self) -> str:
        rig = self.plan.rig
        if rig.nodes > 1:
            return "guide-effective-cluster"
        if rig.members[0].device.vendor == "apple":
            return "guide-effective-apple"
        return "guide-effective-mixed" if len(rig.members) > 1 else "guide-effective-symmetric"

    def speed(self, speed: Throughput, held: Memory) -> None:
        figures = self.figures
        parameters = self.parameters(*speed.parameters)
        low, high = speed.low, speed.high
        bandwidth = self.devices("bandwidth_gb_s")
        link = (self.plan.rig.link_gb_s,) if self.plan.rig.link_gb_s else ()
        active = self.knowledge.figure(self.plan.model, "active_params_b")
        base = (figures["weights_gib"], figures["kv_gib"], active, *bandwidth, *link, *parameters)
        middle = self.add(
            "decode_tok_s",
            "decode, one request",
            speed.decode_tok_s,
            "tok/s",
            DECODE_FORMULA[self.plan.split],
            base,
        )
        ends = (("low", low), ("high", high))
        self._ends("decode", middle, ends)
        prompt = self.add(
            "prefill_tok_s",
            "reading the prompt",
            speed.prefill_tok_s,
            "tok/s",
            "compute x share reached / (2 x active parameters)",
            (active, *self.devices("fp16_tflops"), *self.parameters("efficiency-prefill")),
        )
        self._ends("prefill", prompt, ends)
        together = self.add(
            "aggregate_tok_s",
            "decode, all requests together",
            speed.aggregate_tok_s,
            "tok/s",
            "smallest of bandwidth, compute and cache room",
            (middle, prompt, figures["max_users"]),
        )
        self._ends("aggregate", together, ends)

    def _ends(self, name: str, middle: Quantity, ends: tuple[tuple[str, float], ...]) -> None:
        for end, factor in ends:
            wide = "-wide" if factor not in self._narrow() else ""
            self.add(
                f"{name}_{end}_tok_s",
                f"{middle.label}, {end}",
                middle.number * factor,
                "tok/s",
                f"expected x {factor:g}",
                (middle, *self.parameters(f"range{wide}-{end}")),
            )

    def _narrow(self) -> tuple[float, ...]:
        return tuple(q.number for q in self.parameters("range-low", "range-high"))

    def power(self) -> None:
        need = watts(self.plan.rig, self.knowledge)
        limits = self.devices("tdp_w")
        gpu = self.add("gpu_w", "power limits", need.gpu_w, "W", "sum of limits or caps", limits)
        host = self.parameters("host-consumer-w", "psu-efficiency")
        wall = self.add(
            "system_w",
            "at the wall under load",
            need.system_w,
            "W",
            "(cards + host) / supply efficiency",
            (gpu, *host),
        )
        sized = self.parameters("psu-transient-factor", "psu-system-w", "psu-efficiency")
        self.add(
            "psu_needed_w",
            "supply that rides out load spikes",
            need.psu_needed_w,
            "W",
            "(cards x spike factor + host) / efficiency, rounded up to one sold",
            (gpu, *sized),
        )
        self.add(
            "heat_btu_h", "heat into the room", need.heat_btu_h, "BTU/h", "watts x 3.412", (wall,)
        )
        self.add(
            "usd_per_year",
            "electricity a year",
            need.usd_per_year,
            "USD",
            "kW x hours a day x 365 x price",
            (wall, *self.parameters("hours-per-day", "electricity-usd-per-kwh")),
        )


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
