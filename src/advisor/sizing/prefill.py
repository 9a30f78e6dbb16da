"""How fast a plan reads a prompt.

A token costs 2 operations an active parameter and 4 x layers x hidden size x half the prompt for
attention; dense compute is reached in part. Tensor parallel adds the compute of the devices and
sends every token's activations over the link twice a layer. GeForce cards halve the rate with
32-bit sums that the table lists; llama.cpp's 8-bit kernels are not halved.
"""

from __future__ import annotations

from advisor.model.plan import Plan

from .decode import Parameter, Stepper
from .memory import Memory
from .speed_class import layer_class, speed_class


def prefill_tok_s(
    plan: Plan, held: Memory, stepper: Stepper, prompt_tokens: float, parameter: Parameter
) -> float:
    """Tokens a second of one prompt on one copy of the model."""
    model = plan.model
    flops = 2e9 * model.active_params_b + 2 * model.layers * model.hidden_size * prompt_tokens
    kind = "vllm" if layer_class(plan) == "vllm" else None
    if not held.placed:
        return parameter("processor-alone-tflops") * 1e12 / flops
    seconds = []
    for placed in held.placed:
        reached = parameter(f"efficiency-prefill-{kind or speed_class(placed.device)}")
        if model.experts is not None:
            reached *= parameter("efficiency-prefill-moe")
        if kind is None and placed.device.vendor == "nvidia" and placed.device.kind == "consumer":
            reached *= parameter("prefill-geforce-factor")
        part = placed.layers / model.layers / stepper.size
        seconds.append(flops * part / (placed.device.fp16_tflops * 1e12 * reached))
    total = max(seconds) if stepper.shared else sum(seconds) / stepper.size
    if stepper.size > 1:
        rate = (plan.rig.link_gb_s.number if plan.rig.link_gb_s else 16.0) * 1e9
        moved = 2 * (stepper.size - 1) / stepper.size * model.hidden_size * 2
        total += 2 * model.layers * moved / (rate * parameter("efficiency-link"))
    in_ram = held.ram_weights_gib / held.weights_gib
    if in_ram:
        total += flops * in_ram / (parameter("processor-tflops") * 1e12)
    return 1 / total
