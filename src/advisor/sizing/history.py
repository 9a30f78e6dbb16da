"""Where the numbers of a plan come from: label, formula and inputs of each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from advisor.knowledge import Knowledge
from advisor.model.catalog import Model
from advisor.model.plan import Plan, Rig
from advisor.model.quantity import Quantity, calculated, known

from .decode import Part
from .rooms import fills_share
from .throughput import Throughput


@dataclass(frozen=True)
class Request:
    """What is asked of a plan: tokens a request may hold, and requests at once.

    ``power_cap_w`` is the node of the cap a rig's ``power_cap_w`` was read from. ``prompt_tokens``
    fill the cache while decoding, half the context where None. ``ram_gb_s`` is the bandwidth of the
    system memory, the usual desktop's where None.
    """

    context_tokens: Quantity
    users: Quantity
    power_cap_w: Quantity | None = None
    prompt_tokens: Quantity | None = None
    ram_gb_s: Quantity | None = None


class Histories:
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
        """Note the history of one number. A rig without devices has only the weights to name."""
        figure = calculated(
            f"{self.plan.id}.{name}",
            label,
            self.numbers[name],
            unit,
            formula,
            inputs or (self.weights,),
        )
        self.figures[name] = figure
        return figure

    def parameters(self, *ids: str) -> tuple[Quantity, ...]:
        return tuple(self.knowledge.parameter(id) for id in ids)

    def devices(self, field: str) -> tuple[Quantity, ...]:
        return tuple(self.knowledge.figure(m.device, field) for m in self.plan.rig.members)

    def _summed(self, field: str) -> str:
        """The sum over the devices, written out: 2 x 24 + 1 x 32."""
        members = self.plan.rig.members
        return " + ".join(f"{m.count} x {getattr(m.device, field):g}" for m in members)

    def memory(self) -> None:
        plan, weights, request = self.plan, self.weights, self.request
        visible = self.devices("visible_gib")
        model = plan.model
        shape = known(
            f"{model.slug}.attention",
            f"{model.name}: values cached a token",
            kv_layout(model),
            "",
            model.cites,
            model.grade,
        )
        bits = self.knowledge.parameter(f"kv-bits-{plan.kv}")
        asked = (request.context_tokens, request.users)
        self.figures["weights_gib"] = weights
        kv = self.add(
            "kv_gib",
            f"KV cache for {request.users.value} x {request.context_tokens.value:,} tokens",
            "GiB",
            "values cached a token x bits / 8 x tokens x users / 2^30",
            (*asked, shape, bits),
        )
        formula, buffers = self._buffers()
        compute = self.add("compute_gib", "compute buffers", "GiB", formula, buffers)
        self.add(
            "ram_gib",
            "weights in system memory",
            "GiB",
            "weights - what the devices hold",
            (weights,),
        )
        total = self.add(
            "total_gib",
            "memory of all devices",
            "GiB",
            self._summed("visible_gib") or "no device",
            visible or (weights,),
        )
        reserve = self.add(
            "reserve_gib",
            "kept free by runtime and system",
            "GiB",
            "reserve of each device, summed",
            (*self.parameters(*self._reserves()), total),
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

    def _buffers(self) -> tuple[str, tuple[Quantity, ...]]:
        """Formula and inputs of the compute buffers."""
        plan, request = self.plan, self.request
        if fills_share(plan):
            formula = "(context and graphs + batch x hidden states x hidden size x 2 bytes) x cards"
            width = self.knowledge.figure(plan.model, "hidden_size")
            return formula, (*self.parameters(*VLLM_BUFFERS), width)
        sizes = [self.knowledge.figure(plan.model, f) for f in ("vocab_size", "hidden_size")]
        context = self.parameters(*self._contexts())
        beside = " + driver context" if context else ""
        if plan.runtime == "exllama":
            formula = "chunk x (vocabulary + hidden size) x 2 bytes" + beside
            return formula, (*self.parameters("exllama-chunk-tokens"), *sizes, *context)
        formula = "ubatch x the larger of logits and attention, 4 x (vocabulary + hidden size) or "
        formula += "6 x context + 24 x hidden size bytes" + beside
        if len(plan.rig.devices) > 1:
            formula += ", a device; logits on the last"
        if plan.split == "layer":
            formula += ", four copies of the inputs on each"
        if plan.split == "experts-in-ram":
            formula += " + one matrix of experts"
        batch = self.parameters("ubatch-tokens")
        return formula, (*batch, *sizes, request.context_tokens, *context)

    def _contexts(self) -> tuple[str, ...]:
        """The parameter behind the driver's context on each card, where there is one."""
        own = [m for m in self.plan.rig.members if m.device.vendor != "apple"]
        return ("driver-context-gib",) if own else ()

    def _reserves(self) -> tuple[str, ...]:
        """The parameters behind what runtime and system keep free."""
        if not self.plan.rig.members:
            return ()
        device = self.plan.rig.members[0].device
        if fills_share(self.plan):
            return ("vllm-memory-fraction",)
        if device.vendor == "apple":
            return ("wired-share-small", "wired-share-large", "wired-small-up-to-gb")
        if device.form == "machine":
            return ("reserve-unified-gib",)
        return ("reserve-card-gib",)

    def speed(self) -> None:
        pace = self.pace
        alone = self._parts("", "token", pace.parts)
        middle = self.add(
            "decode_tok_s",
            "decode, one request",
            "tok/s",
            "1000 / the milliseconds of a token",
            alone,
        )
        self._ends("decode", middle)
        prompt = self.add(
            "prefill_tok_s",
            "reading the prompt",
            "tok/s",
            "compute x share reached / operations a token, and the exchanges",
            (
                self.knowledge.figure(self.plan.model, "active_params_b"),
                *self.devices("fp16_tflops"),
                *self.parameters(*pace.prefill_parameters),
            ),
        )
        self._ends("prefill", prompt)
        users, room = self.request.users, self.figures["max_users"]
        steps = (
            (middle,)
            if pace.together == pace.parts
            else self._parts("step_", "step", pace.together)
        )
        together = self.add(
            "aggregate_tok_s",
            "decode, all requests together",
            "tok/s",
            "requests that fit / the time of a step",
            (*steps, users, room),
        )
        self._ends("aggregate", together)
        each = self.add(
            "per_user_tok_s",
            "decode, each of the requests",
            "tok/s",
            "all together / requests",
            (together, users),
        )
        self._ends("per_user", each)

    def _parts(self, prefix: str, of: str, parts: tuple[Part, ...]) -> tuple[Quantity, ...]:
        """The parts of a step's time, milliseconds."""
        made = []
        for part in parts:
            label, formula = PART_WORDS[part.name]
            inputs = (*self._figures_of(part.name), *self.parameters(*part.parameters))
            made.append(
                calculated(
                    f"{self.plan.id}.{prefix}{part.name}_ms",
                    f"{label}, each {of}",
                    part.seconds * 1000,
                    "ms",
                    formula,
                    inputs,
                )
            )
        return tuple(made)

    def _figures_of(self, part: str) -> tuple[Quantity, ...]:
        """The figures, besides parameters, that a part of the time is made from."""
        figures, model, rig = self.figures, self.plan.model, self.plan.rig
        if part == "read":
            fill = self.request.prompt_tokens or self.request.context_tokens
            active = self.knowledge.figure(model, "active_params_b")
            weights = (figures["weights_gib"], figures["kv_gib"], active, fill)
            return (*weights, *self.devices("bandwidth_gb_s"))
        if part == "layers":
            return (self.knowledge.figure(model, "layers"),)
        if part == "exchange":
            fields = ("layers", "hidden_size")
            link = (rig.link_gb_s,) if rig.link_gb_s else ()
            return (*(self.knowledge.figure(model, field) for field in fields), *link)
        if part == "batch":
            active = self.knowledge.figure(model, "active_params_b")
            return (active, self.request.users, *self.devices("fp16_tflops"))
        if part == "ram":
            bandwidth = self.request.ram_gb_s or self.knowledge.parameter("ram-gb-s")
            return (figures["ram_gib"], bandwidth)
        if part == "cap":
            cap = (self.request.power_cap_w,) if self.request.power_cap_w else ()
            return (*cap, *self.devices("tdp_w"))
        return ()

    def _ends(self, name: str, middle: Quantity) -> None:
        kind = self.pace.ranges["aggregate" if name == "per_user" else name]
        for end in ("low", "high"):
            factor = self.knowledge.parameter(f"{kind}-{end}")
            self.add(
                f"{name}_{end}_tok_s",
                f"{middle.label}, {end}",
                "tok/s",
                f"expected x {factor.number:g}",
                (middle, factor),
            )

    def power(self) -> None:
        limits = self.devices("tdp_w")
        formula = self._summed("tdp_w")
        if self.plan.rig.power_cap_w is not None and self.request.power_cap_w is not None:
            limits = (*limits, self.request.power_cap_w)
            formula += ", each card at most its cap"
        gpu = self.add("gpu_w", "power limits", "W", formula, limits)
        host = self.parameters("host-consumer-w", "psu-efficiency")
        wall = self.add(
            "system_w",
            "at the wall under load",
            "W",
            "(cards + host) / supply efficiency",
            (gpu, *host),
        )
        moving = self.parameters(
            "cap-static-share",
            "cap-w-per-gb-s",
            "cap-w-per-gb-s-hbm",
            "cap-share-moe",
            "cap-duty-tensor",
        )
        moved = (gpu, *self.devices("bandwidth_gb_s"), *moving)
        decoding = self.add(
            "decode_w",
            "at the wall while decoding",
            "W",
            "(static share + watts to move the bytes, for the time a card is busy, + host) / "
            "supply efficiency",
            (*moved, *self.parameters("host-decode-w", "psu-efficiency")),
        )
        idle = self.add(
            "idle_w",
            "at the wall doing nothing",
            "W",
            "cards x idle watts + host, or machines x idle watts",
            (gpu, *self.parameters("idle-card-w", "idle-host-w", "idle-machine-w")),
        )
        spikes = self.add(
            "transient_w",
            "load spikes the supply rides out",
            "W",
            "cards x spike factor + host",
            (gpu, *self.parameters("psu-transient-factor", "psu-system-w")),
        )
        self.add(
            "psu_needed_w",
            "supply that rides out load spikes",
            "W",
            "spikes / efficiency, rounded up to one sold",
            (spikes, *self.parameters("psu-efficiency")),
        )
        self.add("heat_btu_h", "heat into the room", "BTU/h", "watts x 3.412", (wall,))
        self.add(
            "usd_per_year",
            "electricity a year",
            "USD",
            "(decoding for the hours a day + idle for the rest) x 365 x price",
            (decoding, idle, *self.parameters("hours-per-day", "electricity-usd-per-kwh")),
        )
        cap = self.add(
            "gentle_cap_w",
            "limit of each card that keeps nearly all speed",
            "W",
            "lowest in steps of 10 W, from half the limit, at which decoding keeps the share asked",
            (*moved, *self.parameters("gentle-cap-keeps")),
        )
        self.add(
            "gentle_cap_saves_w",
            "what that limit takes off the cards",
            "W",
            "limits - limits under the cap",
            (gpu, cap),
        )


VLLM_BUFFERS = (
    *("vllm-base-gib", "vllm-batch-tokens", "vllm-batch-tokens-large", "vllm-large-from-gib"),
    "vllm-hidden-states",
)


def guide_share(rig: Rig) -> str:
    """The parameter with the guide's share of the total for such a rig."""
    if rig.nodes > 1:
        return "guide-effective-cluster"
    if rig.members and rig.members[0].device.vendor == "apple":
        return "guide-effective-apple"
    return "guide-effective-mixed" if len(rig.members) > 1 else "guide-effective-symmetric"


def kv_layout(model: Model) -> str:
    """The values one token adds to the cache, written out by layer group."""
    parts = []
    for group in model.attention:
        if group.kind == "linear":
            parts.append(f"{group.layers} layers with a fixed state of {group.state_bytes:,} bytes")
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
    return " + ".join(parts)


PART_WORDS = {
    "read": (
        "reading weights and cache",
        "sum over the devices (the largest where they share a layer) of bytes / bandwidth reached",
    ),
    "layers": ("work that does not depend on size", "layers x time a layer"),
    "batch": ("arithmetic of the further requests", "2 x active parameters x requests / compute"),
    "exchange": (
        "exchanges between the devices",
        "layers x (latency of two exchanges + activations / link)",
    ),
    "hops": ("passing on between machines", "machines less one x time of a hop"),
    "ram": (
        "reading system memory",
        "bytes in system memory that a token needs / bandwidth reached",
    ),
    "ollama": ("what Ollama adds", "the time / share it keeps - the time"),
    "cap": ("what the power cap costs", "the time / share kept under the cap - the time"),
}
