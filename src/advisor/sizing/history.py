"""Where the numbers of a plan come from: label, formula and inputs of each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from advisor.knowledge import Knowledge
from advisor.model.catalog import Model
from advisor.model.plan import Plan, Rig
from advisor.model.quantity import Quantity, calculated, known

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
    """The history of a plan's memory: label, formula and inputs of each number."""

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

    def summed(self, field: str) -> str:
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
            self.summed("visible_gib") or "no device",
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
