"""What each device offers a plan, and what the runtime takes of it first.

llama.cpp reserves its compute buffer for the worst batch of ubatch tokens. With flash attention,
its default, that is the larger of the logits on the device with the output, ubatch x (vocabulary +
hidden size) x 4 bytes, and of the attention mask with about six hidden states, ubatch x (6 x
context + 24 x hidden size). Logged: 495.00 MiB for Qwen3.5-27B at 131,072 tokens (formula 495.00),
654.78 at 200,192 (646.5), 258.5 for Llama-3-8B (258.5). Without flash attention the scores take
ubatch x 4 x context x heads (Llama-3-8B at 8,192 tokens: 560 MiB, formula 560). With all layers on
several devices, prompts pass through them as a pipeline: four copies of the inputs stay allocated
on each (640 MiB, formula 640). With experts in system memory one matrix of experts is copied in.
Servers built since the summer of 2026 set less aside for logits (85 MiB in all for Qwen3-4B at
8,192 tokens, where the formula gives 302), so with short contexts the estimate is on the safe side.

Beside its buffers a driver context lies on every card. vLLM fills a share of the card and keeps
activations inside it, about 16 hidden states a token of a batch; ExLlama computes the logits of
2,048 tokens in 16 bits. macOS wires two thirds to three quarters of the memory.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from advisor.knowledge import Knowledge
from advisor.model.catalog import Device
from advisor.model.plan import Placed, Plan

from .weights import GIB as GIB
from .weights import output_on_device

VLLM_LIKE = ("vllm", "sglang", "ray-serve")
COPIES = 4  # inputs of batches on their way through llama.cpp's pipeline


class Room(NamedTuple):
    """One device: capacity for the plan and what the runtime takes first, GiB."""

    capacity_gib: float
    reserve_gib: float
    compute_gib: float

    @property
    def usable_gib(self) -> float:
        """What weights and cache may fill."""
        return self.capacity_gib - self.reserve_gib - self.compute_gib


@dataclass(frozen=True)
class Load:
    """What the compute buffers depend on beside the plan.

    ``weights_gib`` is the whole model; ``window_slack_bytes`` is what windowed layers keep beyond
    their window, over all devices; ``flash_attention`` is llama.cpp's default.
    """

    context_tokens: int
    weights_gib: float = 0.0
    window_slack_bytes: float = 0.0
    flash_attention: bool = True


def fills_share(plan: Plan) -> bool:
    """Whether the runtime takes a fixed share of every device, whatever the model."""
    members = plan.rig.members
    return plan.runtime in VLLM_LIKE and bool(members) and members[0].device.form != "machine"


def rooms_of(devices: Sequence[Device], plan: Plan, load: Load, knowledge: Knowledge) -> list[Room]:
    """What the runtime leaves of each device, in order; the last one holds the output."""
    made: dict[tuple[str, bool], Room] = {}
    rooms = []
    for index, device in enumerate(devices):
        last = index == len(devices) - 1
        at = (device.slug, last)
        if at not in made:
            buffer = _buffer_bytes(plan, load, len(devices), last, knowledge) / GIB
            made[at] = _room(device, plan, buffer, knowledge)
        rooms.append(made[at])
    return rooms


def occupied_gib(placed: Placed, plan: Plan) -> float:
    """What a monitor shows as used: vLLM fills its share of the card, whatever the model needs."""
    if fills_share(plan):
        return placed.capacity_gib - placed.reserve_gib
    return placed.used_gib


def _room(device: Device, plan: Plan, buffer_gib: float, knowledge: Knowledge) -> Room:
    def parameter(id: str) -> float:
        return knowledge.parameter(id).number

    capacity = device.visible_gib
    if plan.runtime in VLLM_LIKE and device.form != "machine":
        reserve = capacity * (1 - parameter("vllm-memory-fraction"))
        large = capacity >= parameter("vllm-large-from-gib") and "a100" not in device.slug
        batch = parameter("vllm-batch-tokens-large" if large else "vllm-batch-tokens")
        states = parameter("vllm-hidden-states") * 2 * plan.model.hidden_size
        return Room(capacity, reserve, parameter("vllm-base-gib") + batch * states / GIB)
    if device.vendor == "apple":
        small = device.memory_gb <= parameter("wired-small-up-to-gb")
        share = parameter("wired-share-small" if small else "wired-share-large")
        return Room(capacity, capacity * (1 - share), buffer_gib)
    reserve = parameter("reserve-unified-gib" if device.form == "machine" else "reserve-card-gib")
    return Room(capacity, reserve, buffer_gib + parameter("driver-context-gib"))


def _buffer_bytes(plan: Plan, load: Load, devices: int, last: bool, knowledge: Knowledge) -> float:
    """Compute buffer of one device, bytes."""
    model, context = plan.model, load.context_tokens
    vocabulary, hidden = model.vocab_size, model.hidden_size
    if plan.runtime == "exllama":
        return knowledge.parameter("exllama-chunk-tokens").number * (vocabulary + hidden) * 2
    pipelined = plan.split == "layer" and devices > 1
    inputs = COPIES * 4 * (context + hidden) if pipelined else 0
    if load.flash_attention:
        attention = (2 if pipelined else 6) * context + 24 * hidden
    else:
        attention = (0 if pipelined else 4) * context + 4 * context * model.heads + 16 * hidden
    output = output_on_device(plan) and (last or plan.split in ("tensor", "replica"))
    logits = 4 * (vocabulary + hidden) if output else 0
    a_token = inputs + max(attention, logits)
    experts = _expert_matrix_bytes(plan, load) if plan.split == "experts-in-ram" else 0.0
    ubatch = knowledge.parameter("ubatch-tokens").number
    return max(ubatch * a_token, ubatch * attention + experts) + load.window_slack_bytes / devices


def _expert_matrix_bytes(plan: Plan, load: Load) -> float:
    """One of the three matrices of all experts of a layer."""
    model = plan.model
    routed = 1 - model.active_params_b / model.total_params_b
    return load.weights_gib * GIB * routed / model.layers / 3
