"""Sizing a plan: the arithmetic of the other modules, turned into quantities with a history."""

from __future__ import annotations

from advisor.knowledge import Knowledge
from advisor.model.catalog import Model, Quant
from advisor.model.plan import Plan, Rig, Sized
from advisor.model.quantity import Quantity

from .history import Request, guide_share
from .memory import Fitting, Memory
from .power import watts
from .price import Owned, PriceResult, price
from .speed_history import PlanHistories
from .throughput import Throughput, throughput
from .weights import weights_node

MOST_KEPT = 10_000  # plans remembered between requests


class Sizer:
    """Sizes plans over one knowledge base; repeated figures are made once."""

    def __init__(self, knowledge: Knowledge) -> None:
        self.knowledge = knowledge
        self._weights: dict[tuple[str, str], Quantity] = {}
        self._plans: dict[int, tuple[Fitting, dict[str, float]]] = {}

    def weights_gib(self, model: Model, quant: Quant) -> Quantity:
        """Weights in memory: the size of a file where there is one, else by class of tensor."""
        at = (model.slug, quant.slug)
        node = self._weights.get(at)
        if node is None:
            node = self._weights[at] = weights_node(model, quant, self.knowledge)
        return node

    def price(
        self, rig: Rig, anchor: Quantity, *, owned: Owned, needs_host: bool, used_ok: bool
    ) -> PriceResult:
        """The bill for what is missing of a rig."""
        return price(
            rig,
            self.knowledge,
            anchor,
            owned=owned,
            needs_host=needs_host,
            used_ok=used_ok,
        )

    def size(self, plan: Plan, request: Request) -> Sized:
        """Every figure of a plan, with formula, inputs and sources."""
        weights = self.weights_gib(plan.model, plan.quant)
        context, users = int(request.context_tokens.number), int(request.users.number)
        fitting, still = self._unasked(plan, weights)
        held = fitting.memory(context, users)
        cached = request.prompt_tokens.number if request.prompt_tokens else context / 2
        ram = request.ram_gb_s or self.knowledge.parameter("ram-gb-s")
        speed = throughput(plan, held, cached, users, ram.number, self.knowledge)
        numbers = _numbers(held, speed, self.knowledge) | still
        numbers |= {
            f"per_user{end}_tok_s": numbers[f"aggregate{end}_tok_s"] / users
            for end in ("", "_low", "_high")
        }
        made = PlanHistories(plan, numbers, weights, request, speed, self.knowledge)
        return Sized(
            plan=plan,
            numbers=numbers,
            placed=held.placed,
            limited_by=speed.limited_by,
            explain=made.all,
        )

    def _unasked(self, plan: Plan, weights: Quantity) -> tuple[Fitting, dict[str, float]]:
        """What does not depend on the request: the fitting of a plan, and its numbers of power and
        of the guide's rule. Found again for the same object."""
        found = self._plans.get(id(plan))
        if found is None:
            if len(self._plans) >= MOST_KEPT:
                self._plans.clear()
            fitting = Fitting(plan, weights.number, self.knowledge, True)
            numbers = vars(watts(plan, self.knowledge)) | {
                "guide_effective_gb": self._guide_gb(plan.rig)
            }
            # The fitting keeps its plan, so that no other plan takes its id.
            found = self._plans[id(plan)] = fitting, numbers
        return found

    def _guide_gb(self, rig: Rig) -> float:
        """Memory by the guide's rule of thumb, GB."""
        share = self.knowledge.parameter(guide_share(rig)).number
        return sum(m.device.memory_gb * m.count for m in rig.members) * share


def _numbers(held: Memory, speed: Throughput, knowledge: Knowledge) -> dict[str, float]:
    """The values of every figure that depends on the request, by name."""
    means = {
        "decode": speed.decode_tok_s,
        "prefill": speed.prefill_tok_s,
        "aggregate": speed.aggregate_tok_s,
    }

    def end(name: str, end: str) -> float:
        return knowledge.parameter(f"{speed.ranges[name]}-{end}").number

    return {
        "weights_gib": held.weights_gib,
        "kv_gib": held.kv_gib,
        "compute_gib": held.compute_gib,
        "ram_gib": held.ram_weights_gib + held.ram_embedding_gib,
        "total_gib": held.total_gib,
        "reserve_gib": held.reserve_gib,
        "required_gib": held.weights_gib + held.kv_gib + held.compute_gib,
        "usable_gib": held.usable_gib,
        "headroom_gib": held.headroom_gib,
        "full_kv_headroom_gib": held.full_kv_headroom_gib,
        "max_context_tokens": held.max_context_tokens,
        "max_users": held.max_users,
        **{f"{name}_tok_s": mean for name, mean in means.items()},
        **{f"{name}_low_tok_s": mean * end(name, "low") for name, mean in means.items()},
        **{f"{name}_high_tok_s": mean * end(name, "high") for name, mean in means.items()},
        "kept_under_cap": speed.kept_under_cap,
    }
