"""How fast a plan answers, as a range: decode of one request, prefill, decode of all together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from advisor.knowledge import Knowledge
from advisor.model.plan import Plan

from .decode import Noted, Part, Step, Stepper
from .memory import Memory
from .prefill import prefill_tok_s
from .reading import reads_of

Limit = Literal["memory-bandwidth", "compute", "link", "cpu", "kv-room"]
LIMITS: dict[str, Limit] = {
    "read": "memory-bandwidth",
    "layers": "compute",
    "batch": "compute",
    "exchange": "link",
    "hops": "link",
    "ram": "cpu",
}

NEARLY_ALL = 0.95  # a cap that leaves so much of the speed makes no kind of plan of its own


@dataclass(frozen=True)
class Throughput:
    """Tokens a second, with the parts of a step's time for one request and for all together.

    ``ranges`` holds, for each figure, the beginning of the ids of the two parameters that hold the
    ends of its range as shares of the expected; ``prefill_parameters`` those behind the prefill.
    """

    decode_tok_s: float
    prefill_tok_s: float
    aggregate_tok_s: float
    parts: tuple[Part, ...]
    together: tuple[Part, ...]
    prefill_parameters: tuple[str, ...]
    ranges: dict[str, str]
    limited_by: Limit
    kept_under_cap: float


def throughput(
    plan: Plan,
    held: Memory,
    cached_tokens: float,
    users: int,
    ram_gb_s: float,
    knowledge: Knowledge,
) -> Throughput:
    """Expected speed with ``cached_tokens`` in the cache of each request, and its range."""

    def parameter(id: str) -> float:
        return knowledge.parameter(id).number

    bits = parameter(f"kv-bits-{plan.kv}")
    stepper = Stepper(plan, held, reads_of(plan.model, plan.quant, plan.runtime), bits, ram_gb_s)
    alone = stepper.step(cached_tokens, 1, parameter)
    copies = plan.rig.nodes if plan.split == "replica" else 1
    served = max(1, min(users, held.max_users))
    local = -(-served // copies)
    together = alone if local == 1 else stepper.step(cached_tokens, local, parameter)
    decode = range_of(plan, held, alone)
    many = decode if users == 1 else "range-batch"
    noted = Noted(parameter)
    return Throughput(
        decode_tok_s=1 / alone.seconds,
        prefill_tok_s=prefill_tok_s(plan, held, stepper, cached_tokens, noted),
        aggregate_tok_s=served / together.seconds,
        parts=alone.parts,
        together=together.parts,
        prefill_parameters=tuple(noted.ids),
        kept_under_cap=alone.kept_under_cap,
        ranges={"decode": decode, "prefill": "range-prefill", "aggregate": many},
        limited_by="kv-room" if served < users else _limit(together),
    )


def _limit(step: Step) -> Limit:
    """What the largest part of the time goes to."""
    largest = max((p for p in step.parts if p.name in LIMITS), key=lambda part: part.seconds)
    return LIMITS[largest.name]


def range_of(plan: Plan, held: Memory, step: Step) -> str:
    """The kind of plan whose measured errors give the range."""
    if held.ram_weights_gib:
        return "range-offload"
    if plan.rig.nodes > 1:
        return "range-cluster"
    if step.kept_under_cap < NEARLY_ALL:
        return "range-capped"
    if plan.model.experts is not None:
        return "range-moe"
    if plan.split in ("tensor", "replica") and len(held.placed) > 1:
        return "range-tensor"
    if any(placed.device.hbm for placed in held.placed):
        return "range-hbm"
    whole = all(placed.device.form == "machine" for placed in held.placed)
    return "range-unified" if whole else "range"
